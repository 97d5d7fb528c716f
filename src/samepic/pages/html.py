"""HTML as values, escaped where a text enters; the frame round every page, its policy, and the static files."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from samepic.service.problems import HttpProblem

__all__ = ["POLICY", "STATIC", "Child", "Html", "PageFrame", "drop_zone", "el", "join", "page", "static"]

_VOID = frozenset(("br", "hr", "img", "input", "link", "meta"))


class Html(str):
    """A text that is HTML already; only `el` and `join` make one."""

    __slots__ = ()


Child = str | int | float | None | Html | Iterable["Child"]
"""What may stand in an element: texts and numbers, which are escaped, elements, nothing, and lists of these."""


def el(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """Return an element: "button.primary" has a class, `for_` is written "for", `aria_label` "aria-label".

    An attribute that is True stands without a value, one that is False or None is left out. Raises ValueError for a
    script or style in an attribute, and for a script that is not a file: the pages' policy would not run them.
    """
    kind, *classes = name.split(".")
    if classes:
        attributes["class"] = " ".join(classes)
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if kind in _VOID:
        return Html(f"<{kind}{told}>")
    inside = join(children)
    if kind in ("script", "style") and inside:
        raise ValueError(f"{kind}: wanted a file, got a text in the page")
    return Html(f"<{kind}{told}>{inside}</{kind}>")


def join(children: Child) -> Html:
    """Return elements and texts one after the other, the texts escaped."""
    if children is None:
        return Html()
    if isinstance(children, Html):
        return children
    if isinstance(children, (str, int, float)):
        return Html(html.escape(str(children)))
    return Html("".join(join(child) for child in children))


def _attribute(key: str, value: str | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if name == "style" or name.startswith("on"):
        raise ValueError(f"{name}: wanted a class or a module, got an attribute that the policy forbids")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


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
class PageFrame:
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
    frame: PageFrame,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    status: int = 200,
) -> HTMLResponse:
    """Return a page with what is `inside`; `scripts` are modules, `styles` sheets of its own among the static files."""
    head = _head(title, frame, scripts, ("base.css", "parts.css", *styles))
    told = el("html", head, el("body", _top(frame), _main(inside), _foot()), lang="en")
    return HTMLResponse(f"<!doctype html>{told}\n", status, _HEADERS)


def _head(title: str, frame: PageFrame, scripts: Sequence[str], styles: Sequence[str]) -> Html:
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
    data = files("samepic.pages").joinpath("static/icon.svg").read_bytes()
    return f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"


def _top(frame: PageFrame) -> Html:
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


def drop_zone(name: str, title: str) -> Html:
    """Return where a picture can be dropped, chosen or pasted."""
    return el(
        "div.drop",
        el("input", type="file", id=f"file-{name}", name=name, accept="image/*,.heic,.heif,.avif,.tif,.tiff"),
        el(
            "label",
            el("span.shown", aria_hidden="true"),
            el("span.title", title),
            el("span.hint", "Drop it here, choose a file, or paste"),
            for_=f"file-{name}",
        ),
        data_drop=name,
    )


STATIC = Path(__file__).parent / "static"
"""Where they are."""

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


async def static(request: Request) -> Response:
    """Give one file, or 304 where the browser has it."""
    files = _files()
    name = request.path_params["name"]
    if name not in files:
        raise HttpProblem(404, "not_found", "no such address here")
    data, tag = files[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=_TYPES[Path(name).suffix], headers=headers)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Return what there is by name; a request never names a path."""
    found = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _TYPES}
    return {name: (data, f'"{hashlib.sha256(data).hexdigest()[:16]}"') for name, data in found.items()}
