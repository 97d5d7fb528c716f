"""Browsers at the door of every page: sign in and out, who may look, and errors that people can read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from samepic.errors import SamepicError
from samepic.pages.html import Html, PageFrame, el, page
from samepic.service.auth import (
    CSRF,
    BrowserSession,
    Caller,
    Sessions,
    caller_here,
    expect_no_other_site,
    expect_own_page,
)
from samepic.service.body import query, read_whole
from samepic.service.middleware import note
from samepic.service.problems import HttpProblem, problem_of
from samepic.service.settings import Token, identify
from samepic.service.state import Service

__all__ = [
    "SIGN_IN",
    "PageRequest",
    "PageRoute",
    "ask",
    "enter",
    "form_of",
    "leave",
    "routes_of",
    "token_mark",
]

SIGN_IN = "/ui/enter"
"""Where a browser without a session is sent."""


class PageRequest(NamedTuple):
    """One request of a browser: who asks (`caller`), its `session`, and the frame of the page it is answered with."""

    caller: Caller
    session: BrowserSession
    frame: PageFrame


class PageRoute(NamedTuple):
    """One address of the pages.

    `rights` are what a token must allow; `open` tells that nobody has to be signed in; `label` is its name in the
    menu, "" for none; `whole` tells that people see the answer, so that errors are pages as well and not JSON.
    """

    method: str
    path: str
    name: str
    rights: tuple[str, ...]
    handle: Callable[[Service, Request, PageRequest], Awaitable[Response]]
    label: str = ""
    whole: bool = False
    open: bool = False


def routes_of(service: Service, pages: Sequence[PageRoute]) -> list[Route]:
    """Return the routes of pages that belong together: those with a label make the menu."""
    sessions = Sessions(service.settings.secret)
    return [
        Route(one.path, _endpoint(service, sessions, one, pages), methods=[one.method], name=one.name)
        for one in pages
    ]


def token_mark(token: Token) -> str:
    """Return what stands for a token in a cookie."""
    return token.digest.hex()[:32]


def form_of(request: Request) -> Mapping[str, str]:
    """Return the fields of the form that a page of ours sent; none for other bodies."""
    fields: Mapping[str, str] = request.scope.get("samepic.form", {})
    return fields


async def _read_form(service: Service, request: Request) -> dict[str, str]:
    with service.budget.share() as share:
        body = await read_whole(request, service.limits.field_bytes, share, service.limits)
    try:
        return dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=32)
        )
    except ValueError:
        raise HttpProblem.bad("body", "a form", "another text") from None


def _endpoint(
    service: Service, sessions: Sessions, one: PageRoute, pages: Sequence[PageRoute]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        note(request.scope, operation=one.name)
        known = sessions.of(request)
        session = known or sessions.begin()
        frame = PageFrame()
        try:
            caller = _caller(service, request, session, one)
            note(request.scope, caller=caller.name, tenant=caller.tenant)
            frame = PageFrame(_menu(pages, caller), one.path, sessions.csrf(session), caller.name)
            if one.method != "GET":
                await _expect_ours(service, sessions, request, session)
            elif not one.whole:
                expect_no_other_site(request)
            response = await one.handle(service, request, PageRequest(caller, session, frame))
        except (HttpProblem, SamepicError) as error:
            problem = error if isinstance(error, HttpProblem) else problem_of(error)
            if not one.whole:
                return problem.response()
            response = _shown(request, problem, frame)
        if known is None and "set-cookie" not in response.headers:
            sessions.remember(request, response, session)
        return response

    return answer


def _caller(service: Service, request: Request, session: BrowserSession, one: PageRoute) -> Caller:
    """Return who asks. Raises HttpProblem: 401 for nobody known, 403 for who may not."""
    settings = service.settings
    if not settings.tokens:
        return caller_here(request, settings)
    token = next((token for token in settings.tokens if token_mark(token) == session.who), None)
    if token is None:
        if one.open:
            return Caller("", "", frozenset())
        raise HttpProblem(401, "unauthorized", "sign in: wanted a token that is known here, got none")
    missing = [right for right in one.rights if right not in token.may]
    if missing:
        raise HttpProblem(403, "forbidden", f"wanted a token that may {missing[0]}, got one that may not")
    return Caller(token.name, token.tenant, token.may)


async def _expect_ours(
    service: Service, sessions: Sessions, request: Request, session: BrowserSession
) -> None:
    """Raise HttpProblem unless a page of this session asks: other sites can send forms, but lack our token."""
    expect_own_page(request)
    word = request.headers.get(CSRF)
    if word is None and request.headers.get("content-type", "").startswith(
        "application/x-www-form-urlencoded"
    ):
        fields = await _read_form(service, request)
        request.scope["samepic.form"] = fields
        word = fields.get("csrf")
    sessions.expect_word(session, word or "")


def _menu(pages: Sequence[PageRoute], caller: Caller) -> list[tuple[str, str]]:
    return [(one.path, one.label) for one in pages if one.label and caller.may.issuperset(one.rights)]


def _shown(request: Request, problem: HttpProblem, frame: PageFrame) -> Response:
    if problem.status == 401:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?next={quote(path, safe='')}", 303)
    title = {403: "Not allowed", 404: "Not here", 503: "Not just now"}.get(
        problem.status, "That did not work"
    )
    inside = el(
        "section.plain",
        el("h1", title),
        el("p", problem.message),
        el("p", el("a", "Back to the start", href="/")),
    )
    response = page(title, inside, frame=frame, status=problem.status)
    response.headers.update(problem.headers)
    return response


_WITHIN = re.compile(r"/(?![/\\])[\x21-\x7e]*")


async def ask(service: Service, request: Request, visit: PageRequest) -> Response:
    """Show the form for the token."""
    target = _target(query(request, ("next",)).get("next", "/"))
    if not service.settings.tokens or visit.frame.who:
        return RedirectResponse(target, 303)
    return page("Sign in", _form(visit, target), frame=visit.frame)


async def enter(service: Service, request: Request, visit: PageRequest) -> Response:
    """Begin a session for a token that is known, under a new number: others may know the one from before."""
    fields = form_of(request)
    target = _target(fields.get("next", "/"))
    token = identify(service.settings.tokens, fields.get("token", "").strip())
    if token is None:
        wrong = "No such token is known here. It is the one that applications send as Authorization: Bearer."
        return page("Sign in", _form(visit, target, wrong), frame=visit.frame, status=401)
    sessions = Sessions(service.settings.secret)
    response = RedirectResponse(target, 303)
    sessions.remember(request, response, sessions.begin(token_mark(token)))
    return response


async def leave(service: Service, request: Request, visit: PageRequest) -> Response:
    """End the session in this browser."""
    sessions = Sessions(service.settings.secret)
    response = RedirectResponse(SIGN_IN if service.settings.tokens else "/", 303)
    sessions.remember(request, response, sessions.begin())
    return response


def _target(text: str) -> str:
    """Return a path of this service; where a link would lead elsewhere, the start."""
    return text if _WITHIN.fullmatch(text) else "/"


def _form(visit: PageRequest, target: str, wrong: str = "") -> Html:
    return el(
        "form.card.narrow",
        el("h1", "Sign in"),
        el("p", "This service wants a token before it shows pictures."),
        el("p.wrong", wrong, role="alert", id="wrong") if wrong else None,
        el("label", "Token", for_="token"),
        el(
            "input",
            type="password",
            id="token",
            name="token",
            autocomplete="current-password",
            required=True,
            autofocus=True,
            aria_describedby="wrong" if wrong else None,
            aria_invalid="true" if wrong else None,
        ),
        el("input", type="hidden", name="next", value=target),
        el("input", type="hidden", name="csrf", value=visit.frame.csrf),
        el("button.primary", "Sign in", type="submit"),
        method="post",
        action=SIGN_IN,
    )
