"""Browser access: sign in and out, the rights of each page, and errors as pages."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from operator import isub
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from samepic.errors import SamepicError
from samepic.pages.html import Html, PageFrame, el, error_page, page, post_form
from samepic.service import auth
from samepic.service.body import parse_form, query_params, read_small_body
from samepic.service.middleware import add_log_fields
from samepic.service.problems import HttpProblem, to_problem
from samepic.service.settings import find_token
from samepic.service.state import Service

SIGN_IN = "/ui/enter"
"""The address to which browsers without a session are sent."""


class PageRequest(NamedTuple):
    """The context of a request from a browser: its caller, its session, and the frame of the page."""

    caller: auth.Caller
    session: auth.BrowserSession
    frame: PageFrame


class PageRoute(NamedTuple):
    """One address: the `rights` it needs unless `public`, its `label` in the menu, and whether errors are pages too.

    With `picture` it takes a form with a picture, and the handler requires the CSRF token that is a field of it.
    """

    method: str
    path: str
    name: str
    rights: tuple[str, ...]
    handler: Callable[[Service, Request, PageRequest], Awaitable[Response]]
    label: str = ""
    is_page: bool = False
    public: bool = False
    picture: bool = False


def page_routes(service: Service, pages: Sequence[PageRoute]) -> list[Route]:
    return [
        Route(page.path, _endpoint(service, page, pages), methods=[page.method], name=page.name)
        for page in pages
    ]


def form_fields(request: Request) -> Mapping[str, str]:
    """Return the fields of the form that a page sent; none for other bodies."""
    fields: Mapping[str, str] = request.scope.get("samepic.form", {})
    return fields


def _endpoint(
    service: Service, route: PageRoute, pages: Sequence[PageRoute]
) -> Callable[[Request], Awaitable[Response]]:
    sessions = service.sessions

    async def answer(request: Request) -> Response:
        add_log_fields(request.scope, operation=route.name)
        known = sessions.read(request)
        session = known or sessions.start()
        frame = PageFrame()
        try:
            caller = _caller(service, request, session, route)
            add_log_fields(request.scope, caller=caller.name, tenant=caller.tenant)
            menu = [
                (page.path, page.label)
                for page in pages
                if page.label and caller.rights.issuperset(page.rights)
            ]
            frame = PageFrame(menu, route.path, sessions.csrf_token(session), caller.name)
            if route.method != "GET":
                auth.require_own_page(request)
                if not route.picture:
                    await _require_csrf(service, request, session)
            else:
                auth.reject_other_sites(request, linked=route.is_page)
            response = await route.handler(service, request, PageRequest(caller, session, frame))
        except (HttpProblem, SamepicError) as error:
            problem = to_problem(error)
            if not route.is_page:
                return problem.page_response()
            response = error_page(problem, frame, "Back to the start")
            if problem.status == 401:
                path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                response = RedirectResponse(f"{SIGN_IN}?next={quote(path, safe='')}", 303)
        if known is None and "set-cookie" not in response.headers:
            sessions.set_cookie(request, response, session)
        return response

    return answer


def _caller(
    service: Service, request: Request, session: auth.BrowserSession, route: PageRoute
) -> auth.Caller:
    """Return the caller. Raises HttpProblem: 401 if not signed in, 403 without the rights of the page."""
    settings = service.settings
    if not settings.tokens:
        return auth.local_caller(request, settings)
    token = auth.session_token(session, settings)
    if token is None:
        if route.public:
            return auth.Caller()
        raise sign_in_required()
    missing = [right for right in route.rights if right not in token.rights]
    if missing:
        raise auth.missing_right(missing[0])
    return auth.Caller(token.name, token.tenant, token.rights)


def sign_in_required() -> HttpProblem:
    """Return the problem of a browser without a session, which leads it to the sign-in."""
    return HttpProblem(401, "unauthorized", "expected a browser session with a known token, found none")


async def _require_csrf(service: Service, request: Request, session: auth.BrowserSession) -> None:
    """Raise HttpProblem unless a request has the CSRF token, which other sites that send forms lack."""
    csrf = request.headers.get(auth.CSRF)
    if csrf is None and request.headers.get("content-type", "").startswith(
        "application/x-www-form-urlencoded"
    ):
        fields = parse_form(await read_small_body(request, service.limits))
        request.scope["samepic.form"] = fields
        csrf = fields.get("csrf")
    service.sessions.require_csrf(session, csrf or "")


_MINUTE = 60
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")


async def show_sign_in(service: Service, request: Request, context: PageRequest) -> Response:
    target = _target(query_params(request, ("next",)).get("next", "/"))
    if not service.settings.tokens or context.frame.user:
        return RedirectResponse(target, 303)
    return page("Sign in", _form(context, target), frame=context.frame)


async def sign_in(service: Service, request: Request, context: PageRequest) -> Response:
    """Start a session for a known token. It gets a new id, since others may know the previous one."""
    fields, address = form_fields(request), auth.address_of(request)
    target = _target(fields.get("next", "/"))
    if service.wrong_tokens[address] >= service.limits.wrong_tokens:
        text = "too many wrong tokens were entered here: try again in a minute"
        raise HttpProblem(429, "too_many", text, headers={"Retry-After": str(_MINUTE)})
    token = find_token(service.settings.tokens, fields.get("token", "").strip())
    if token is None:
        service.wrong_tokens[address] += 1
        asyncio.get_running_loop().call_later(_MINUTE, isub, service.wrong_tokens, Counter([address]))
        error = "This token is not known. Use the one that applications send as Authorization: Bearer."
        return page("Sign in", _form(context, target, error), frame=context.frame, status=401)
    service.sessions.end(context.session)
    session = service.sessions.start(str(service.settings.tokens.index(token)))
    response = RedirectResponse(target, 303)
    service.sessions.set_cookie(request, response, session)
    return response


async def sign_out(service: Service, request: Request, context: PageRequest) -> Response:
    service.sessions.end(context.session)
    response = RedirectResponse(SIGN_IN if service.settings.tokens else "/", 303)
    service.sessions.set_cookie(request, response, service.sessions.start())
    return response


def _target(text: str) -> str:
    """Return a path of this service; the start page if the text leads elsewhere."""
    return text if _LOCAL_PATH.fullmatch(text) else "/"


def _form(context: PageRequest, target: str, error: str = "") -> Html:
    return post_form(
        "form.card.narrow",
        SIGN_IN,
        context.frame.csrf,
        el("h1", "Sign in"),
        el("p", "Please enter your token to see the pictures."),
        el("p.wrong", error, role="alert", id="wrong") if error else None,
        el("label", "Token", for_="token"),
        el(
            "input",
            type="password",
            id="token",
            name="token",
            autocomplete="current-password",
            required=True,
            autofocus=True,
            aria_describedby="wrong" if error else None,
            aria_invalid="true" if error else None,
        ),
        el("input", type="hidden", name="next", value=target),
        el("button.primary", "Sign in", type="submit"),
    )
