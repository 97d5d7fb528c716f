"""Connection: HTTP/1.1 as uvicorn speaks it, with an end to waiting for headers and to the number of connections."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from samepic.profiles.service import SERVICE
from samepic.web.problems import Problem

__all__ = ["Connection"]


class Connection(H11Protocol):
    """One connection. Whoever sends headers slowly, or none, is left; what is no HTTP is told so as every error is."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the headers of the first request."""
        super().connection_made(transport)
        if len(self.connections) > SERVICE.connections:
            self._tell(
                Problem(503, "busy", "more connections are open than this service takes on: try again")
            )
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; wait anew where it was not the end of the headers, but not for longer than from the first."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self._is_between():
            self._wait()
        else:
            self._stop_waiting()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._stop_waiting()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._tell(Problem(400, "no_http", msg))
        else:
            self.transport.close()

    def _is_between(self) -> bool:
        """Whether a request has ended and nothing of the next one has come; uvicorn watches that time."""
        return self.timeout_keep_alive_task is not None

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(SERVICE.header_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self._tell(
                Problem(408, "too_slow", f"wanted headers within {SERVICE.header_seconds:g} s, got none")
            )

    def _tell(self, problem: Problem) -> None:
        """Answer and close, whatever state HTTP is in."""
        told = problem.response()
        named = [(b"connection", b"close"), *((name, value) for name, value in told.raw_headers)]
        head = b"".join(b"%s: %s\r\n" % (name, value) for name, value in named)
        self.transport.write(b"HTTP/1.1 %d \r\n%s\r\n%s" % (problem.status, head, bytes(told.body)))
        self.transport.close()
