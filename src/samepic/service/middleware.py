"""Middleware: each request gets an id, a place within the limits, a log line and counts, and its body is drained."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samepic.service.auth import require_valid_hosts, sender
from samepic.service.problems import HEADERS, HttpProblem, language_of
from samepic.service.state import Service

_access = logging.getLogger("samepic.access")
_log = logging.getLogger("samepic.service")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CLIENT_LEFT = 499
_UNBOUNDED = ("/v1/health", "/v1/ready")
"""Addresses that answer however many requests are running."""

_HEADERS = {**HEADERS, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


def add_log_fields(scope: Scope, **fields: object) -> None:
    scope["samepic"].update(fields)


class RequestMiddleware:
    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        log = _RequestLog(scope, receive, send, self._service)
        self._service.metrics.request_started()
        try:
            await self._run(scope, log)
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
            log.finish()

    async def _run(self, scope: Scope, log: _RequestLog) -> None:
        service, request = self._service, Request(scope)
        require_valid_hosts(request)
        owner, known = sender(request, service.settings, service.sessions)
        if not known:
            log.deadline = asyncio.get_running_loop().time() + service.limits.stranger_seconds
        with (
            (service.slots if known else service.strangers).share(owner) as slot,
            service.budget.share(owner) as scope["samepic.share"],
        ):
            if scope["path"] not in _UNBOUNDED:
                slot.grow(1)
                scope["samepic.admitted"] = known
            await self._app(scope, log.receive, log.send)


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
        self.deadline: float | None = None  # for the whole body
        self._replaced = False
        scope["samepic"] = {"id": self.id}

    async def receive(self) -> Message:
        self._awaits_continue = False
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self._receive()
        except TimeoutError:
            expected = f"one within {self._service.limits.stranger_seconds:g} s without a token"
            raise HttpProblem.mismatch(408, "too_slow", "body", expected, "a slower one") from None
        if message["type"] == "http.disconnect":
            self._body_pending = False
        else:
            self._received += len(message.get("body", b""))
            self._body_pending = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            await self._drain()
            try:
                # A large answer counts until the client has read it.
                size = int(Headers(raw=message["headers"]).get("content-length", "0"))
                if size > self._service.limits.answer_piece:
                    self._scope["samepic.share"].grow(size)
            except HttpProblem as problem:
                await self.send_problem(problem)
                self._replaced = True
                return
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self.id
            if self._body_pending or self.status == 503:
                headers["Connection"] = "close"
        # A piece is handed on once the client has taken the one before, so that the request lasts until then.
        body, piece = message.get("body", b""), self._service.limits.answer_piece
        start = 0
        while len(body) - start > piece:
            await self._send({**message, "body": body[start : start + piece], "more_body": True})
            start += piece
        await self._send({**message, "body": body[start:]} if start else message)

    async def send_problem(self, problem: HttpProblem) -> None:
        if self.status == _CLIENT_LEFT:
            await problem.response(language_of(Request(self._scope)))(self._scope, self.receive, self.send)

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
        except (TimeoutError, HttpProblem):
            return
