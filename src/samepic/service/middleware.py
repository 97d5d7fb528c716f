"""Middleware: each request gets an id, a place within the limits, a log line and counts, and its body is drained."""

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

_access = logging.getLogger("samepic.access")
_log = logging.getLogger("samepic.service")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CLIENT_LEFT = 499
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def add_log_fields(scope: Scope, **fields: object) -> None:
    scope["samepic"].update(fields)


class RequestMiddleware:
    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service, self._running = app, service, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        log = _RequestLog(scope, receive, send, self._service)
        self._running += 1
        self._service.metrics.request_started()
        try:
            if self._running > self._service.limits.requests:
                raise HttpProblem(503, "busy", "too many requests are running: try again")
            await self._app(scope, log.receive, log.send)
        except HttpProblem as problem:
            await log.send_problem(problem)
        except ClientDisconnect:
            pass  # no one is left to be answered
        except Exception:  # noqa: BLE001  (the edge: all errors must have the one shape)
            _log.exception("a bug: please report it", extra={"fields": {"id": log.id}})
            await log.send_problem(
                HttpProblem(500, "internal", f"internal error (a bug): see the log under {log.id}")
            )
        finally:
            self._running -= 1
            log.finish()


class _RequestLog:
    """What is logged and counted of one request: `status` is that of the response, 499 if the client left before."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, service: Service) -> None:
        self._scope, self._receive, self._send, self._service = scope, receive, send, service
        headers = Headers(scope=scope)
        requested_id = headers.get("x-request-id", "")
        self.id = requested_id if _ID.fullmatch(requested_id) else secrets.token_hex(8)
        self.status, self._start, self._received = _CLIENT_LEFT, time.monotonic(), 0
        self._body_pending = "content-length" in headers or "transfer-encoding" in headers
        self._awaits_continue = headers.get("expect", "").lower() == "100-continue"
        scope["samepic"] = {"id": self.id}

    async def receive(self) -> Message:
        self._awaits_continue = False
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._body_pending = False
        else:
            self._received += len(message.get("body", b""))
            self._body_pending = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._drain()
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self.id
            if self._body_pending:
                headers["Connection"] = "close"
        await self._send(message)

    async def send_problem(self, problem: HttpProblem) -> None:
        if self.status == _CLIENT_LEFT:
            await problem.response()(self._scope, self.receive, self.send)

    def finish(self) -> None:
        seconds = time.monotonic() - self._start
        fields: dict[str, Any] = {"operation": "other", **self._scope["samepic"]}
        fields |= {
            "method": self._scope["method"][:16],
            "status": self.status,
            "ms": round(1000 * seconds, 1),
            "received": self._received,
            "client": (self._scope.get("client") or ("",))[0],
        }
        _access.info("request", extra={"fields": fields})
        self._service.metrics.request_finished(fields["operation"], self.status, seconds, self._received)

    async def _drain(self) -> None:
        """Read and discard the rest of the body: a client that is still sending might miss the response."""
        limits = self._service.limits
        if not self._body_pending or self._awaits_continue:
            return
        most = self._received + limits.drain_bytes
        try:
            async with asyncio.timeout(limits.drain_seconds):
                while self._body_pending and self._received < most:
                    await self.receive()
        except TimeoutError:
            return
