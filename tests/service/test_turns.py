"""Of many who come at the same moment few are accepted at a time, so that nobody waits for all the others."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samepic.service.server import bind_socket, server_of
from samepic.service.settings import SERVICE, ServiceSettings, parse_token

TOKEN = "honest-" + "h" * 20
MANY = 400
TIMEOUT = 60.0
STEPS = 6  # turns of the loop that a request takes, as one does that waits for a thread


class Site:
    """A service in this process that notes in which order requests are done, and whose loop can be held."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.open_when_done: dict[str, int] = {}
        self._entered, self._released = threading.Event(), threading.Event()
        settings = ServiceSettings("unused.db", tokens=(parse_token(TOKEN, "honest"),))
        self.listener = bind_socket("127.0.0.1", 0)
        self.server = server_of(self._app, settings)
        self.thread = threading.Thread(target=partial(self.server.run, sockets=[self.listener]))
        self.port: int = self.listener.getsockname()[1]

    def _app(self, _: ServiceSettings) -> Starlette:
        return Starlette(routes=[Route("/hold", self._hold), Route("/{who}", self._answer)])

    async def _hold(self, _: Request) -> Response:
        self._entered.set()
        self._released.wait(TIMEOUT)
        return Response()

    async def _answer(self, request: Request) -> Response:
        for _ in range(STEPS):
            await asyncio.sleep(0)
        self.done.append(request.url.path)
        self.open_when_done[request.url.path] = len(self.server.server_state.connections)
        return Response()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the loop: what comes meanwhile comes, for the loop, at the same moment."""
        with self.connection() as holder:
            holder.sendall(request("/hold"))
            assert self._entered.wait(TIMEOUT)
            self.done.clear()
            yield
            self._released.set()
            assert holder.recv(4096)

    def connection(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), TIMEOUT)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    made.thread.start()
    try:
        assert httpx.get(f"http://127.0.0.1:{made.port}/first", trust_env=False).status_code == 200
        yield made
    finally:
        made.server.should_exit = True
        made.thread.join(TIMEOUT)
        made.listener.close()


def request(path: str, token: str = "") -> bytes:
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n".encode()


def test_a_kept_connection_is_answered_among_the_first_of_many(site: Site) -> None:
    with ExitStack() as stack:
        known = stack.enter_context(site.connection())
        known.sendall(request("/known", TOKEN))
        known.recv(4096)
        with site.held():
            crowd = [stack.enter_context(site.connection()) for _ in range(MANY)]
            for one in crowd:
                one.sendall(request("/stranger"))
            known.sendall(request("/known", TOKEN))
        assert all(one.recv(4096) for one in [known, *crowd])
    assert len(site.done) == MANY + 1
    assert site.done.index("/known") <= 2 * STEPS * SERVICE.turn_accepts
    assert site.open_when_done["/known"] <= 2 * STEPS * SERVICE.turn_accepts


def test_few_are_accepted_in_one_turn_while_the_system_keeps_many() -> None:
    at_once: Counter[int] = Counter()

    async def serve(listener: socket.socket) -> None:
        loop, turn = asyncio.get_running_loop(), 0

        class Noting(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                at_once[turn] += 1
                transport.close()

        server = await loop.create_server(Noting, sock=listener, backlog=2048)
        with ExitStack() as stack:
            for _ in range(MANY):
                stack.enter_context(socket.create_connection(listener.getsockname(), TIMEOUT))
            while at_once.total() < MANY:
                turn += 1
                await asyncio.sleep(0)
        server.close()

    loop_factory = server_of(lambda _: Starlette(), ServiceSettings("unused.db")).config.get_loop_factory()
    with bind_socket("127.0.0.1", 0) as listener, asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(asyncio.wait_for(serve(listener), TIMEOUT))
    # From Python 3.14 on asyncio accepts one more than it is asked to.
    assert max(at_once.values()) <= SERVICE.turn_accepts + 1
