"""Doorway: what happens to every request: an id, a place, an end of its body, a line in the log, counts."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samepic.service.problems import HttpProblem
from samepic.service.state import Service

__all__ = ["RequestMiddleware", "note"]

_access = logging.getLogger("samepic.access")
_log = logging.getLogger("samepic.service")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def note(scope: Scope, **told: object) -> None:
    """Keep something of a request for its line in the log."""
    scope["samepic"].update(told)


class RequestMiddleware:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service, self._running = app, service, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _RequestLog(scope, receive, send, self._service)
        self._running += 1
        self._service.metrics.began()
        try:
            if self._running > self._service.limits.requests:
                raise HttpProblem(
                    503, "busy", "more requests are under way than this service takes on: try again"
                )
            await self._app(scope, visit.receive, visit.send)
        except HttpProblem as problem:
            await visit.tell(problem)
        except ClientDisconnect:
            pass  # nobody is left to be answered
        except Exception:  # noqa: BLE001  (the edge: nothing but the one shape of errors gets out)
            _log.exception("a bug: please report it", extra={"told": {"id": visit.id}})
            await visit.tell(
                HttpProblem(500, "internal", f"a bug of samepic; the log has more under {visit.id}")
            )
        finally:
            self._running -= 1
            visit.end()


class _RequestLog:
    """One request on its way: `status` of its answer, 499 where the client left before it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, service: Service) -> None:
        self._scope, self._receive, self._send, self._service = scope, receive, send, service
        headers = Headers(scope=scope)
        shown = headers.get("x-request-id", "")
        self.id = shown if _ID.fullmatch(shown) else secrets.token_hex(8)
        self.status, self._begun, self._received = 499, time.monotonic(), 0
        self._more = "content-length" in headers or "transfer-encoding" in headers
        self._unasked = headers.get("expect", "").lower() == "100-continue"
        scope["samepic"] = {"id": self.id}

    async def receive(self) -> Message:
        """Pass on a piece of the body."""
        self._unasked = False
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._more = False
        else:
            self._received += len(message.get("body", b""))
            self._more = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass on the answer, with what every answer has."""
        if message["type"] == "http.response.start":
            await self._drain()
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self.id
            if self._more:
                headers["Connection"] = "close"
        await self._send(message)

    async def tell(self, problem: HttpProblem) -> None:
        """Answer with a problem, unless an answer has begun."""
        if self.status == 499:
            await problem.response()(self._scope, self.receive, self.send)

    def end(self) -> None:
        """Write the line in the log, and count."""
        seconds = time.monotonic() - self._begun
        told: dict[str, Any] = {"operation": "other", **self._scope["samepic"]}
        told |= {
            "method": self._scope["method"][:16],
            "status": self.status,
            "ms": round(1000 * seconds, 1),
            "received": self._received,
            "client": (self._scope.get("client") or ("",))[0],
        }
        _access.info("request", extra={"told": told})
        self._service.metrics.ended(told["operation"], self.status, seconds, self._received)

    async def _drain(self) -> None:
        """Read on and forget: who has not sent everything yet would take the end of the connection for the answer."""
        limits = self._service.limits
        if not self._more or self._unasked:
            return
        most = self._received + limits.drain_bytes
        try:
            async with asyncio.timeout(limits.drain_seconds):
                while self._more and self._received < most:
                    await self.receive()
        except TimeoutError:
            return
