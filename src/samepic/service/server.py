"""Server: uvicorn in one process or several, with time limits for headers and a limit for open connections."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors.multiprocess import Multiprocess

from samepic.service.observability import LOG_CONFIG, MULTIPROC_DIR
from samepic.service.problems import HttpProblem
from samepic.service.settings import SERVICE, ServiceSettings


class EventLoop(asyncio.SelectorEventLoop):
    """Accepts few connections in a turn. By itself asyncio accepts in one turn all that the system keeps."""

    async def create_server(self, *args: object, **options: object) -> asyncio.Server:
        # asyncio takes one number for both: how many it accepts in a turn, and how many the system keeps.
        options["backlog"] = SERVICE.turn_accepts
        server: asyncio.Server = await super().create_server(*args, **options)  # type: ignore[call-overload]
        if isinstance(listener := options.get("sock"), socket.socket):
            listener.listen(SERVICE.backlog)
        return server


CreateApp = Callable[[ServiceSettings], Starlette]
"""Makes an application in each process: a function that can be pickled."""


class Connection(H11Protocol):
    """One connection. It is closed if headers come too slowly, aborted if an answer is not read in time.

    Invalid HTTP is answered as every other error.
    """

    _header_timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        # Writing counts as paused while anything at all waits for the client.
        transport.set_write_buffer_limits(0)
        if len(self.connections) > SERVICE.connections and not self._replace_another():
            self._send_problem(HttpProblem(503, "busy", "too many connections are open: try again"))
            return
        self._start_timer()

    def _replace_another(self) -> bool:
        """Abort the oldest connection that waits for a request or serves a sender without a valid token."""
        spare = [
            connection
            for connection in self.connections
            if isinstance(connection, Connection) and connection is not self and not connection.is_needed
        ]
        if not spare:
            return False
        oldest = min(spare, key=lambda connection: connection._since)
        self.connections.discard(oldest)
        oldest.transport.abort()
        return True

    @property
    def is_needed(self) -> bool:
        """Whether a request that got a place among those of senders with a token is being answered."""
        running = self.cycle is not None and not self.cycle.response_complete
        return running and bool(self.scope.get("samepic.admitted"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._answer_timer = self.loop.call_later(SERVICE.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def handle_events(self) -> None:
        """Process what was received. Until the headers are complete, the time runs on from their first byte."""
        if self.transport.is_closing():
            return
        super().handle_events()
        # Between two requests, uvicorn itself limits the time.
        if self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None:
            self._start_timer()
        else:
            self._stop_timer()

    def on_response_complete(self) -> None:
        if self.conn.trailing_data[0] and not self.scope.get("samepic.admitted"):
            # Whoever has no valid token and asks on without reading costs one answer, not one after the other.
            self.transport.close()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self._stop_timer()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send_problem(HttpProblem(400, "no_http", msg))
        else:
            self.transport.close()

    def _start_timer(self) -> None:
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(SERVICE.header_seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _time_out(self) -> None:
        self._header_timer = None
        if not self.transport.is_closing():
            message = f"expected headers within {SERVICE.header_seconds:g} s, found none"
            self._send_problem(HttpProblem(408, "too_slow", message))

    def _send_problem(self, problem: HttpProblem) -> None:
        response = problem.response()
        headers = [(b"connection", b"close"), *response.raw_headers]
        head = b"".join(b"%s: %s\r\n" % (name, value) for name, value in headers)
        self.transport.write(b"HTTP/1.1 %d \r\n%s\r\n%s" % (problem.status, head, bytes(response.body)))
        self.transport.close()


def bind_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address, 0 being any free port. Raises OSError with the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends at once only where the protocol is named; otherwise an answer waits 40 ms for the client.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SERVICE.send_bytes)
        listener.bind((host.strip("[]"), port))
        listener.listen(SERVICE.backlog)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror or str(error), f"{host}:{port}") from error
    return listener


def serve(
    create: CreateApp, settings: ServiceSettings, listener: socket.socket, on_ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT (KeyboardInterrupt); `on_ready` is called once connections are accepted."""
    # uvicorn raises the signal again when it has stopped; without a handler SIGTERM would then kill the process.
    previous = signal.signal(signal.SIGTERM, lambda number, _: None)
    try:
        if settings.processes > 1:
            _serve_many(create, settings, listener, on_ready)
        else:
            on_ready()
            server_of(create, settings).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, previous)
        listener.close()


def server_of(create: CreateApp, settings: ServiceSettings) -> uvicorn.Server:
    return uvicorn.Server(_config(create, settings))


def _serve_many(
    create: CreateApp, settings: ServiceSettings, listener: socket.socket, on_ready: Callable[[], None]
) -> None:
    with tempfile.TemporaryDirectory(prefix="samepic-metrics-") as folder:
        os.environ[MULTIPROC_DIR] = folder
        config = _config(create, replace(settings, parent=os.getpid(), shared=folder))
        config.configure_logging()
        listener.set_inheritable(True)
        supervisor = Multiprocess(config, sockets=[listener])
        on_ready()
        supervisor.run()


def _config(create: CreateApp, settings: ServiceSettings) -> uvicorn.Config:
    return uvicorn.Config(
        partial(create, settings),
        factory=True,
        http=Connection,
        loop="samepic.service.server:EventLoop",
        ws="none",
        lifespan="on",
        log_config=LOG_CONFIG,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        workers=settings.processes,
        timeout_keep_alive=SERVICE.idle_seconds,
        timeout_graceful_shutdown=SERVICE.stop_seconds,
        timeout_worker_healthcheck=SERVICE.hung_seconds,
    )
