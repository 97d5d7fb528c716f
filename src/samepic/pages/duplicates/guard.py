"""Door: who may look at a review: the one browser that showed the word of its address, and pages of ours alone."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from samepic.errors import SamepicError
from samepic.limits import FOUND
from samepic.pages.html import PageFrame, el, page
from samepic.service.auth import CSRF, BrowserSession, Sessions, expect_own_page
from samepic.service.problems import HttpProblem, problem_of
from samepic.service.settings import is_loopback

__all__ = ["ENTER", "BrowserGuard", "GuardedRequest", "Handle"]

ENTER = "/enter"
"""Where the word of the address is shown, once."""

_WHO = "f" * 32
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class GuardedRequest(NamedTuple):
    """A request that may be answered: the fields of its body, and the frame of the page."""

    request: Request
    fields: Mapping[str, Any]
    frame: PageFrame


Handle = Callable[[GuardedRequest], Awaitable[Response]]


class BrowserGuard:
    """Lets one browser in: the first that shows `word`."""

    def __init__(self) -> None:
        self.word = secrets.token_urlsafe(24)
        self._sessions = Sessions(secrets.token_bytes(32))
        self._open, self._lock = True, threading.Lock()

    def enter(self) -> Route:
        """Return the address that begins the session."""

        async def answer(request: Request) -> Response:
            if _foreign_host(request) or not self._shown(request):
                return _closed(403)
            response = RedirectResponse("/", 303, _HEADERS)
            if self._known(request) is None:
                session = BrowserSession(secrets.token_hex(16), _WHO, self._sessions.begin().until)
                self._sessions.remember(request, response, session)
            return response

        return Route(ENTER, answer, methods=["GET"])

    def route(self, method: str, path: str, handle: Handle, *, whole: bool = False) -> Route:
        """Return an address for that browser alone; `whole` tells that people see its errors too."""

        async def answer(request: Request) -> Response:
            session = None if _foreign_host(request) else self._known(request)
            if session is None:
                return _closed(403)
            frame = PageFrame(csrf=self._sessions.csrf(session))
            try:
                fields = await self._fields(request, session) if method == "POST" else {}
                response = await handle(GuardedRequest(request, fields, frame))
            except (HttpProblem, SamepicError) as error:
                problem = error if isinstance(error, HttpProblem) else problem_of(error)
                response = _told(problem, frame) if whole else problem.response()
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return Route(path, answer, methods=[method])

    def _shown(self, request: Request) -> bool:
        """Tell whether the word is shown for the first time, or again by the browser that showed it."""
        word = request.query_params.get("word", "")
        with self._lock:
            fits = hmac.compare_digest(word.encode(), self.word.encode())
            if not fits or not (self._open or self._known(request)):
                return False
            self._open = False
            return True

    def _known(self, request: Request) -> BrowserSession | None:
        session = self._sessions.of(request)
        return session if session and session.who == _WHO else None

    async def _fields(self, request: Request, session: BrowserSession) -> dict[str, Any]:
        """Return what a page of ours sent, as a form or in JSON. Raises HttpProblem for what anybody else sent."""
        expect_own_page(request)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > FOUND.field_bytes:
                raise HttpProblem(413, "too_large", "body: wanted a small one, got a larger one")
        try:
            if request.headers.get("content-type", "").startswith("application/json"):
                told = json.loads(body or b"{}")
            else:
                told = dict(parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True))
        except ValueError:
            raise HttpProblem.bad("body", "a form or JSON", "another text") from None
        if not isinstance(told, dict):
            raise HttpProblem.bad("body", "an object", type(told).__name__)
        self._sessions.expect_word(session, request.headers.get(CSRF) or str(told.get("csrf", "")))
        return told


def _foreign_host(request: Request) -> bool:
    """Tell whether a page of another site asks, whose name was made to lead to this machine."""
    return not is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname or "")


def _closed(status: int) -> Response:
    inside = el(
        "section.plain",
        el("h1", "Not this browser"),
        el("p", "This review is open in the browser that its address was opened in first."),
        el(
            "p",
            "Stop it with Ctrl-C and start it again to get a new address. What was decided is remembered.",
        ),
    )
    response = page("Not this browser", inside, frame=PageFrame(), status=status)
    response.headers.update(_HEADERS)
    return response


def _told(problem: HttpProblem, frame: PageFrame) -> Response:
    inside = el(
        "section.plain",
        el("h1", "That did not work"),
        el("p", problem.message),
        el("p", el("a", "Back to the groups", href="/")),
    )
    return page("That did not work", inside, frame=frame, status=problem.status)
