"""Serve on uvicorn, in one process or several, with an end to waiting for headers and to open connections."""

from __future__ import annotations

import asyncio
import copy
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors.multiprocess import Multiprocess

from samepic.service.app import create_app
from samepic.service.observability import CONFIG, FOLDER
from samepic.service.problems import HttpProblem
from samepic.service.settings import SERVICE, ServiceSettings

__all__ = ["Connection", "bound", "serve"]


class Connection(H11Protocol):
    """One connection. Whoever sends headers slowly, or none, is left; what is no HTTP is told so as every error is."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the headers of the first request."""
        super().connection_made(transport)
        if len(self.connections) > SERVICE.connections:
            self._tell(
                HttpProblem(503, "busy", "more connections are open than this service takes on: try again")
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
            self._tell(HttpProblem(400, "no_http", msg))
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
                HttpProblem(408, "too_slow", f"wanted headers within {SERVICE.header_seconds:g} s, got none")
            )

    def _tell(self, problem: HttpProblem) -> None:
        """Answer and close, whatever state HTTP is in."""
        told = problem.response()
        named = [(b"connection", b"close"), *((name, value) for name, value in told.raw_headers)]
        head = b"".join(b"%s: %s\r\n" % (name, value) for name, value in named)
        self.transport.write(b"HTTP/1.1 %d \r\n%s\r\n%s" % (problem.status, head, bytes(told.body)))
        self.transport.close()


def bound(settings: ServiceSettings) -> socket.socket:
    """Return a socket that is bound where `settings` say, and takes connections. Raises OSError with the address."""
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, settings.port))
        made.listen(SERVICE.backlog)
    except OSError as error:
        made.close()
        raise OSError(
            error.errno, error.strerror or str(error), f"{settings.host}:{settings.port}"
        ) from error
    made.set_inheritable(True)
    return made


def serve(settings: ServiceSettings, listener: socket.socket, told: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT: running requests then have `SERVICE.stop_seconds` to finish.

    `told` is called once everything is set up and connections are taken. Raises KeyboardInterrupt after SIGINT.
    """
    stopped: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    try:
        if settings.processes > 1:
            _serve_many(settings, listener, told)
        else:
            told()
            uvicorn.Server(_config(settings)).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()


def _serve_many(settings: ServiceSettings, listener: socket.socket, told: Callable[[], None]) -> None:
    with tempfile.TemporaryDirectory(prefix="samepic-metrics-") as folder:
        os.environ[FOLDER] = folder
        config = _config(replace(settings, parent=os.getpid()))
        config.configure_logging()
        supervisor = Multiprocess(config, sockets=[listener])
        told()
        supervisor.run()


def _config(settings: ServiceSettings) -> uvicorn.Config:
    log: dict[str, Any] = copy.deepcopy(CONFIG)
    return uvicorn.Config(
        partial(create_app, settings),
        factory=True,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=log,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        workers=settings.processes,
        timeout_keep_alive=SERVICE.idle_seconds,
        timeout_graceful_shutdown=SERVICE.stop_seconds,
        timeout_worker_healthcheck=SERVICE.hung_seconds,
    )
