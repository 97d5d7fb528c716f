"""Home: where one begins."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.web.pages.entry import Visit
from samepic.web.pages.html import Html, el
from samepic.web.pages.layout import page
from samepic.web.service import Service

__all__ = ["home"]

_TOLD = {
    "/compare": "Drop two pictures: are they the same, and where do they differ? Lay one over the other, swipe, blink.",
    "/check": "Drop one picture: is it in the store already, and what is nearest to it?",
    "/review": "Uploads that may be copies wait for a person. One pair at a time, with the keyboard.",
    "/status": "How many pictures there are, what was decided of uploads, and whether all is well.",
}


async def home(service: Service, request: Request, visit: Visit) -> Response:
    """Show what there is to do."""
    counts = None
    if "status" in visit.caller.may:
        counts = await service.quick(service.gates.gate(visit.caller.tenant).status)
    cards = [
        el(
            "li",
            el("a.card.way", el("h2", name), el("p", _TOLD.get(path, "")), _waiting(path, counts), href=path),
        )
        for path, name in visit.frame.menu
    ]
    lead = el("p.lead", "Is it the same picture? ", _kept(counts))
    return page("Start", el("h1", "samepic"), lead, el("ul.ways", cards), frame=visit.frame)


def _kept(counts: dict[str, Any] | None) -> str:
    if counts is None:
        return ""
    kept = counts["accepted"] + counts["held"]
    if not kept:
        return "No picture is kept here yet."
    return f"{kept:,} {'picture is' if kept == 1 else 'pictures are'} kept here.".replace(
        ",", "\N{THIN SPACE}"
    )


def _waiting(path: str, counts: dict[str, Any] | None) -> Html | None:
    if path != "/review" or counts is None:
        return None
    held = counts["held"]
    return el("p.count", f"{held} waiting" if held else "nothing waits")
