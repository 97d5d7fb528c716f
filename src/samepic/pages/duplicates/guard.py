"""Access to a review of duplicates: one browser, which opened the address with its secret, and its own pages only."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from samepic.errors import SamepicError
from samepic.pages.html import PageFrame, el, error_page, page
from samepic.service.auth import CSRF, BrowserSession, Sessions, require_own_page
from samepic.service.body import Budget, parse_form, parse_json_object, read_body
from samepic.service.problems import HttpProblem, to_problem
from samepic.service.settings import SERVICE, is_loopback

ENTER = "/enter"
"""The address that takes the secret, once."""

_TOKEN_ID = "f" * 32
_FIELD_BYTES = 16 * 1024  # the largest body of a request
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class GuardedRequest(NamedTuple):
    """A request of the admitted browser: the fields of its body, and the frame of the page."""

    request: Request
    fields: Mapping[str, Any]
    frame: PageFrame


Handler = Callable[[GuardedRequest], Awaitable[Response]]


class BrowserGuard:
    """Admits one browser: the first that sends `secret`."""

    def __init__(self) -> None:
        self.secret = secrets.token_urlsafe(24)
        self._sessions = Sessions(secrets.token_bytes(32))
        self._unused, self._lock = True, threading.Lock()

    def enter(self) -> Route:
        """Return the route that starts the session."""

        async def answer(request: Request) -> Response:
            if _is_foreign_host(request) or not self._admits(request):
                return _rejected()
            response = RedirectResponse("/", 303, _HEADERS)
            if self._session(request) is None:
                self._sessions.set_cookie(request, response, self._sessions.start(_TOKEN_ID))
            return response

        return Route(ENTER, answer, methods=["GET"])

    def route(self, method: str, path: str, handler: Handler, *, is_page: bool = False) -> Route:
        """Return a route for the admitted browser only; with `is_page` errors are pages too."""

        async def answer(request: Request) -> Response:
            session = None if _is_foreign_host(request) else self._session(request)
            if session is None:
                return _rejected()
            frame = PageFrame(csrf=self._sessions.csrf_token(session))
            response: Response
            try:
                fields = await self._fields(request, session) if method == "POST" else {}
                response = await handler(GuardedRequest(request, fields, frame))
            except (HttpProblem, SamepicError) as error:
                problem = to_problem(error)
                if is_page:
                    response = error_page(problem, frame, "Back to the groups")
                else:
                    response = problem.response(for_visitor=True)
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return Route(path, answer, methods=[method])

    def _admits(self, request: Request) -> bool:
        """Return whether the secret is sent for the first time, or again by the admitted browser."""
        secret = request.query_params.get("word", "")
        with self._lock:
            is_correct = hmac.compare_digest(secret.encode(), self.secret.encode())
            if not is_correct or not (self._unused or self._session(request)):
                return False
            self._unused = False
            return True

    def _session(self, request: Request) -> BrowserSession | None:
        session = self._sessions.read(request)
        return session if session and session.token_id == _TOKEN_ID else None

    async def _fields(self, request: Request, session: BrowserSession) -> dict[str, Any]:
        """Return the form or JSON object that a page of the review sent. Raises HttpProblem for other requests."""
        require_own_page(request)
        with Budget(_FIELD_BYTES).share() as share:
            body = await read_body(request, _FIELD_BYTES, share, SERVICE)
        if request.headers.get("content-type", "").startswith("application/json"):
            fields = parse_json_object(body or b"{}", "body")
        else:
            fields = parse_form(body)
        self._sessions.require_csrf(session, request.headers.get(CSRF) or str(fields.get("csrf", "")))
        return fields


def _is_foreign_host(request: Request) -> bool:
    """Return whether the request names another host: a site whose name was made to resolve to this machine."""
    return not is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname or "")


def _rejected() -> Response:
    content = el(
        "section.plain",
        el("h1", "Not this browser"),
        el("p", "This review is open in another browser."),
        el("p", "To open it here, stop samepic with Ctrl-C and start it again. Your decisions are saved."),
    )
    response = page("Not this browser", content, frame=PageFrame(), status=403)
    response.headers.update(_HEADERS)
    return response
