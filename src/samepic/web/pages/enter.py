"""Enter: where a browser shows its token once, and leaves again."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from samepic.web.asked import query
from samepic.web.pages.entry import SIGN_IN, Visit, form_of, token_mark
from samepic.web.pages.html import Html, el
from samepic.web.pages.layout import page
from samepic.web.pages.session import Sessions
from samepic.web.service import Service
from samepic.web.tokens import identify

__all__ = ["ask", "enter", "leave"]

_WITHIN = re.compile(r"/(?![/\\])[\x21-\x7e]*")


async def ask(service: Service, request: Request, visit: Visit) -> Response:
    """Show the form for the token."""
    target = _target(query(request, ("next",)).get("next", "/"))
    if not service.settings.tokens or visit.frame.who:
        return RedirectResponse(target, 303)
    return page("Sign in", _form(visit, target), frame=visit.frame)


async def enter(service: Service, request: Request, visit: Visit) -> Response:
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


async def leave(service: Service, request: Request, visit: Visit) -> Response:
    """End the session in this browser."""
    sessions = Sessions(service.settings.secret)
    response = RedirectResponse(SIGN_IN if service.settings.tokens else "/", 303)
    sessions.remember(request, response, sessions.begin())
    return response


def _target(text: str) -> str:
    """Return a path of this service; where a link would lead elsewhere, the start."""
    return text if _WITHIN.fullmatch(text) else "/"


def _form(visit: Visit, target: str, wrong: str = "") -> Html:
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
