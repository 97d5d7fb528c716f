"""Layout: the frame round every page, and the policy that it is served with."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.responses import HTMLResponse

from samepic.web.pages.html import Child, Html, el, join

__all__ = ["POLICY", "Frame", "page"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The Content-Security-Policy of pages: everything comes from here, and nothing is written into them."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What is round a page: the addresses and names in its `menu`, the one that is `here`, the `csrf` word.

    `who` is the name of the token that is signed in, "" where nobody has to.
    """

    menu: Sequence[tuple[str, str]] = ()
    here: str = ""
    csrf: str = ""
    who: str = ""


def page(
    title: str,
    *inside: Child,
    frame: Frame,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    status: int = 200,
) -> HTMLResponse:
    """Return a page with what is `inside`; `scripts` are modules, `styles` sheets of its own among the static files."""
    head = _head(title, frame, scripts, ("base.css", "parts.css", *styles))
    told = el("html", head, el("body", _top(frame), _main(inside), _foot()), lang="en")
    return HTMLResponse(f"<!doctype html>{told}\n", status, _HEADERS)


def _head(title: str, frame: Frame, scripts: Sequence[str], styles: Sequence[str]) -> Html:
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="csrf", content=frame.csrf) if frame.csrf else None,
        el("title", f"{title} · samepic"),
        el("link", rel="icon", href=_icon(), type="image/svg+xml"),
        [el("link", rel="stylesheet", href=f"/ui/static/{name}") for name in styles],
        [el("script", type="module", src=f"/ui/static/{name}") for name in scripts],
    )


@cache
def _icon() -> str:
    """Return the icon as an address that needs no server: a page stays whole after its service has ended."""
    data = files("samepic.web").joinpath("static/icon.svg").read_bytes()
    return f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"


def _top(frame: Frame) -> Html:
    items = [
        el("li", el("a", name, href=path, aria_current="page" if path == frame.here else None))
        for path, name in frame.menu
    ]
    leave = el(
        "form.leave",
        el("input", type="hidden", name="csrf", value=frame.csrf),
        el("span.who", frame.who),
        el("button.quiet", "Sign out", type="submit"),
        method="post",
        action="/ui/leave",
    )
    return join(
        (
            el("a.skip", "Skip to content", href="#main"),
            el(
                "header.top",
                el("a.brand", el("img", src=_icon(), alt="", width=24, height=24), "samepic", href="/"),
                el("nav", el("ul", items), aria_label="Pages") if items else None,
                leave if frame.who else None,
            ),
        )
    )  # fmt: skip


def _main(inside: Child) -> Html:
    return el("main", inside, id="main", tabindex=-1)


def _foot() -> Html:
    return el("footer.foot", el("p", "Served by samepic on this address alone. Nothing is sent elsewhere."))
