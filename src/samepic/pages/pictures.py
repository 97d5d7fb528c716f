"""The kept pictures by key, page by page, and their removal."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from samepic.errors import StoreKeyError
from samepic.pages.browser import PageRequest, form_fields
from samepic.pages.html import Html, el, page, post_form
from samepic.service.body import query_params
from samepic.service.problems import HttpProblem
from samepic.service.state import Service
from samepic.store.records import ListedPicture, State
from samepic.writing import bytes_text, time_text

_PAGE: Final = 48  # pictures on a page


async def show(service: Service, request: Request, context: PageRequest) -> Response:
    params = query_params(request, ("prefix", "after", "removed"))
    prefix, after = params.get("prefix", ""), params.get("after", "")
    gate = service.gates.gate(context.caller.tenant)
    found = await service.run_light(lambda: list(gate.pictures(prefix, after=after, limit=_PAGE + 1)))
    cards = [el("li", _card(picture, prefix, after, context)) for picture in found[:_PAGE]]
    nothing = f"No key begins with {prefix}." if prefix else "The store is empty."
    links = [
        el("a.button", "First page", href=_address(prefix)) if after else None,
        el("a.button", "Next page", href=_address(prefix, found[_PAGE - 1].key), rel="next")
        if len(found) > _PAGE
        else None,
    ]
    return page(
        "Pictures",
        el("h1", "Pictures"),
        el("p.removed", "The picture was removed.", role="status") if "removed" in params else None,
        _filter(prefix),
        el("ul.kept", cards) if cards else el("p.soft", "No further picture." if after else nothing),
        el("nav.bar", links, aria_label="More pictures") if any(links) else None,
        frame=context.frame,
    )


async def remove(service: Service, request: Request, context: PageRequest) -> Response:
    """Remove a picture for good, and show the page again from which that was asked."""
    fields = form_fields(request)
    key, gate = fields.get("key", ""), service.gates.gate(context.caller.tenant)
    try:
        await service.run_light(lambda: gate.remove(key))
    except StoreKeyError:
        raise HttpProblem.unknown_key(key) from None
    address = _address(fields.get("prefix", ""), fields.get("after", ""), removed="yes")
    return RedirectResponse(address, 303)


def _address(prefix: str, after: str = "", **more: str) -> str:
    query = {"prefix": prefix, "after": after, **more}
    return f"/pictures?{urlencode({name: value for name, value in query.items() if value})}".removesuffix("?")


def _filter(prefix: str) -> Html:
    return el(
        "form.filter",
        el("label", "Keys that begin with", for_="prefix"),
        el("input", type="search", id="prefix", name="prefix", value=prefix, autocomplete="off"),
        el("button", "Show", type="submit"),
        action="/pictures",
    )


def _card(picture: ListedPicture, prefix: str, after: str, context: PageRequest) -> Html:
    address = f"/ui/picture?{urlencode({'key': picture.key})}"
    facts = f"{picture.width} × {picture.height} · {picture.format} · {bytes_text(picture.size)}"
    return el(
        "article.card.near",
        el("div.thumb", el("img", src=address, alt="", loading="lazy")),
        el(
            "div.text",
            el("h2", picture.key),
            el("p.facts", facts),
            el("p.soft.small", time_text(picture.created)[:10]),
            el("p", el("span.chip", "waits for review")) if picture.state is State.HELD else None,
            _removal(picture.key, prefix, after, context) if "remove" in context.caller.rights else None,
        ),
    )


def _removal(key: str, prefix: str, after: str, context: PageRequest) -> Html:
    """Return what asks once more before a picture is removed, without a script."""
    fields = {"key": key, "prefix": prefix, "after": after}
    hidden = [el("input", type="hidden", name=name, value=value) for name, value in fields.items()]
    button = el("button", "Remove for good", type="submit", aria_label=f"Remove {key} for good")
    return el(
        "details",
        el("summary", "Remove", aria_label=f"Remove {key}"),
        el("p.small", "This cannot be undone. The same picture can then be uploaded again."),
        post_form("form", "/pictures", context.frame.csrf, hidden, button),
    )
