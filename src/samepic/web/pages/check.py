"""Check: one dropped picture, whether it is in the store, and what is nearest to it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.errors import UnreadableError
from samepic.gate.gate import Gate
from samepic.gate.tell import sentence_of
from samepic.picture import Encoded
from samepic.profiles.pages import PAGES
from samepic.verdict import Decision, Match, Outcome, Relation
from samepic.web.asked import query
from samepic.web.doorway import note
from samepic.web.pages.compare import original_or_proxy, pair_told
from samepic.web.pages.entry import Visit
from samepic.web.pages.html import el
from samepic.web.pages.layout import page
from samepic.web.pages.parts import drop_zone
from samepic.web.problems import Json, Problem, unreadable
from samepic.web.service import Service
from samepic.web.uploads import sent_pictures

__all__ = ["against", "file", "show"]

_EVERYTHING = {
    str(one): "review" for one in Relation if one not in (Relation.DIFFERENT, Relation.UNDECIDABLE)
}
_LADDER = tuple(Relation)


async def show(service: Service, request: Request, visit: Visit) -> Response:
    """Show the page."""
    query(request, ())
    return page(
        "Check",
        el("h1", "Is this picture here already?"),
        el("form.pair.one", drop_zone("file", "A picture"), id="drops"),
        el("div", id="answer", aria_live="polite", role="status"),
        el("div", id="nearest"),
        el("div", id="view", tabindex=-1),
        frame=visit.frame,
        scripts=("check.js",),
    )


async def file(service: Service, request: Request, visit: Visit) -> Response:
    """Tell what the gate would say of a picture, and what kept ones are nearest to it; nothing is changed."""
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("file",), ())
        upload = Encoded("file", sent.files["file"])
        gate = service.gates.gate(visit.caller.tenant)
        told = await service.work(lambda: _checked(service, gate, upload))
    note(request.scope, outcome=told["decision"]["outcome"])
    service.metrics.decided("check", told["decision"]["outcome"])
    return Json(told)


async def against(service: Service, request: Request, visit: Visit) -> Response:
    """Show a picture beside a kept one."""
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("file",), ("key",))
        tenant, key, upload = visit.caller.tenant, sent.said.get("key", ""), sent.files["file"]
        told = await service.work(lambda: _beside(service, tenant, key, upload))
    return Json(told)


def _beside(service: Service, tenant: str, key: str, upload: bytes) -> dict[str, Any]:
    kept, original = original_or_proxy(service, tenant, key)
    workers, profile = service.gates.workers, service.gates.profile
    made = workers.views(kept, upload, profile=profile, visibility=original, names=("kept", "file"))
    return pair_told(made, proxies=not original, profile=profile)


def _checked(service: Service, gate: Gate, upload: Encoded) -> dict[str, Any]:
    """Ask the gate twice: for its decision, and for whatever is like the picture. Raises Problem for no picture."""
    service.gates.workers.noted()
    made = gate.check(upload)
    error = service.gates.workers.noted()
    if made.outcome is Outcome.REFUSED:
        raise _no_picture(made, error)
    like = gate.check(upload, policy=_EVERYTHING).matches
    found = {match.key: match for match in (*like, *made.matches)}
    near = sorted(found.values(), key=lambda match: (_LADDER.index(match.relation), -match.probability))
    return {
        "decision": made.to_dict(),
        "nearest": [told for match in near[: PAGES.nearest] if (told := _near(gate, match)) is not None],
        "more": max(0, len(near) - PAGES.nearest),
        "kept": gate.status()["indexed"],
    }


def _no_picture(made: Decision, error: UnreadableError | None) -> Problem:
    return unreadable(error) if error else Problem(422, "unreadable_picture", made.reason, name="file")


def _near(gate: Gate, match: Match) -> dict[str, Any] | None:
    """Return a match with what is kept of it; None where it was taken out meanwhile."""
    record = gate.get(match.key)
    if record is None:
        return None
    return match.to_dict() | {
        "explanation": sentence_of(match),
        "width": record.width,
        "height": record.height,
        "format": record.format,
        "size": record.size,
    }
