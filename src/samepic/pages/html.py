"""HTML: elements as values with escaped text, the layout of every page, its policy, and the static files."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from samepic.service.problems import HttpProblem, file_response
from samepic.verdict import Relation, Verdict
from samepic.writing import data_url

_VOID = frozenset(("br", "hr", "img", "input", "link", "meta"))


class Html(str):
    """A string of HTML; only `el` and `join` create one."""

    __slots__ = ()


Child = str | int | float | None | Html | Iterable["Child"]
"""The content of an element: texts and numbers, which are escaped, elements, None, and lists of these."""


def el(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """Return an element: "button.primary" has a class, `for_` is written "for", `aria_label` "aria-label".

    An attribute that is True has no value; one that is False or None is omitted. Raises ValueError for scripts and
    styles that are not files, since the content security policy blocks them.
    """
    kind, *classes = name.split(".")
    if classes:
        attributes["class"] = " ".join(classes)
    start = f"<{kind}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    if kind in _VOID:
        return Html(start)
    content = join(children)
    if kind in ("script", "style") and content:
        raise ValueError(f"{kind}: expected a file, found text in the page")
    return Html(f"{start}{content}</{kind}>")


def join(children: Child) -> Html:
    """Return elements and escaped texts, joined."""
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
        raise ValueError(f"{name}: expected a class or a module, found an attribute that the policy forbids")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The Content-Security-Policy of pages: they load files of this service only, and run no inline scripts or styles."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What is around a page: its `menu` of paths and labels, the CSRF token, and who is signed in ("": no one)."""

    menu: Sequence[tuple[str, str]] = ()
    current: str = ""
    csrf: str = ""
    user: str = ""


def page(
    title: str,
    *content: Child,
    frame: PageFrame,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    status: int = 200,
) -> HTMLResponse:
    """Return a page; `scripts` and `styles` are the static files that it needs besides the common ones."""
    head = _head(title, frame, scripts, ("base.css", "parts.css", *styles))
    main = el("main", content, id="main", tabindex=-1)
    footer = el("footer.foot", el("p", "Served by samepic on this address only. Nothing is sent elsewhere."))
    document = el("html", head, el("body", _header(frame), main, footer), lang="en")
    return HTMLResponse(f"<!doctype html>{document}\n", status, _HEADERS)


def error_page(problem: HttpProblem, frame: PageFrame, back: str) -> HTMLResponse:
    """Return the page for a problem; `back` is the label of the link to the start."""
    titles = {403: "Not allowed", 404: "Not found", 503: "Please try again"}
    title = titles.get(problem.status, "That did not work")
    link = el("p", el("a", back, href="/"))
    content = el("section.plain", el("h1", title), el("p", problem.page_text), link)
    response = page(title, content, frame=frame, status=problem.status)
    response.headers.update(problem.headers)
    return response


def count_text(number: int) -> str:
    """Return a number with narrow spaces between the thousands."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def plural(count: int, noun: str) -> str:
    return f"{count_text(count)} {noun}{'' if count == 1 else 's'}"


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
    """Return the icon as a data URL, so that a page stays complete after its service has ended."""
    return data_url((STATIC / "icon.svg").read_bytes(), "image/svg+xml")


def _header(frame: PageFrame) -> Html:
    items = [
        el("li", el("a", name, href=path, aria_current="page" if path == frame.current else None))
        for path, name in frame.menu
    ]
    button = el("button.quiet", "Sign out", type="submit")
    sign_out = post_form("form.leave", "/ui/leave", frame.csrf, el("span.who", frame.user), button)
    top = el(
        "header.top",
        el("a.brand", el("img", src=_icon(), alt="", width=24, height=24), "samepic", href="/"),
        el("nav", el("ul", items), aria_label="Pages") if items else None,
        sign_out if frame.user else None,
    )
    return join((el("a.skip", "Skip to content", href="#main"), top))


def post_form(name: str, action: str, csrf: str, *children: Child, **attributes: str) -> Html:
    """Return a form, such as "form.act", that is posted with the CSRF token of its page."""
    token = el("input", type="hidden", name="csrf", value=csrf)
    return el(name, token, children, method="post", action=action, **attributes)


def drop_zone(name: str, title: str) -> Html:
    """Return a zone in which a picture can be dropped, chosen or pasted."""
    return el(
        "div.drop",
        el("input", type="file", id=f"file-{name}", name=name, accept="image/*,.heic,.heif,.avif,.tif,.tiff"),
        el(
            "label",
            el("span.shown", aria_hidden="true"),
            el("span.title", title),
            el("span.hint", "Drop a picture here, choose a file, or paste"),
            for_=f"file-{name}",
        ),
        data_drop=name,
    )


_UNRELATED = (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE)


def pair_json(verdict: Verdict, pictures: dict[str, Any]) -> dict[str, Any]:
    """Return a verdict and its view, as view.js shows it: the addresses of `pictures`, and where content differs."""
    view = {
        **pictures,
        "width": verdict.a.width,
        "height": verdict.a.height,
        "boxes": [region.to_dict() for region in verdict.regions],
        "alignable": verdict.transform is not None or verdict.relation not in _UNRELATED,
    }
    return {"verdict": verdict.to_dict(), "view": view}


STATIC = Path(__file__).parent / "static"
"""The folder of the static files."""

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


async def static(request: Request) -> Response:
    file = _files().get(request.path_params["name"])
    if file is None:
        return HttpProblem(404, "not_found", "no such address").response()
    return file_response(request, *file)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Return content and media type of each file by its name; a request never names a path."""
    files = (path for path in STATIC.iterdir() if path.suffix in _TYPES)
    return {path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in files}
