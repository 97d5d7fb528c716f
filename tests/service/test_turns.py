"""Of many who come at the same moment, whoever shows a token is served first, and nobody waits for all the others."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import Mock

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.server import ServerState

from samepic.service.server import Connection, Turns, bind_socket, server_of, turns_of
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


def test_a_kept_connection_with_a_token_is_answered_among_the_first_of_many(site: Site) -> None:
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
    assert site.done.index("/known") <= 2 * STEPS
    assert site.open_when_done["/known"] <= 2 * STEPS * SERVICE.turn_accepts


def test_a_new_connection_with_a_token_is_answered_once_it_is_accepted(site: Site) -> None:
    with ExitStack() as stack:
        with site.held():
            crowd = [stack.enter_context(site.connection()) for _ in range(MANY)]
            for one in crowd:
                one.sendall(request("/stranger"))
            known = stack.enter_context(site.connection())
            known.sendall(request("/known", TOKEN))
        assert all(one.recv(4096) for one in [known, *crowd])
    turns = MANY // SERVICE.turn_accepts
    assert site.done.index("/known") <= turns + 2 * STEPS


def test_many_that_send_on_open_connections_keep_nobody_with_a_token_waiting(site: Site) -> None:
    with ExitStack() as stack:
        known, *crowd = [stack.enter_context(site.connection()) for _ in range(MANY + 1)]
        for one in [known, *crowd]:
            one.sendall(request("/known", TOKEN) if one is known else request("/stranger"))
            one.recv(4096)
        with site.held():
            for one in crowd:
                one.sendall(request("/stranger") * 3)
            known.sendall(request("/known", TOKEN))
        assert all(one.recv(4096) for one in [known, *crowd])
    assert site.done.index("/known") <= 2 * STEPS


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


def test_calls_are_made_in_their_order_with_a_pause_after_each() -> None:
    async def run() -> list[tuple[int, int]]:
        turns, turn, made = Turns(0), 0, list[tuple[int, int]]()
        now = [turns.run(lambda number=number: made.append((turn, number))) for number in range(5)]  # type: ignore[misc]
        assert now == [True, False, False, False, False]
        while len(made) < 5:
            turn += 1
            await asyncio.sleep(0)
        await turns.wait()
        return made

    made = asyncio.run(run())
    assert [number for _, number in made] == [0, 1, 2, 3, 4]
    assert len({turn for turn, _ in made}) == 5


@contextmanager
def connected(transport: Mock) -> Iterator[Connection]:
    """Yield a connection without a network, at a moment when others without a token are being served."""
    transport.is_closing.return_value = False
    loop, config = asyncio.get_running_loop(), uvicorn.Config(Starlette(), log_config=None)
    connection = Connection(config, ServerState(), {}, loop, [parse_token(TOKEN, "honest")])
    connection.connection_made(transport)
    assert turns_of(loop).run(lambda: None)
    yield connection
    connection.connection_lost(None)


@pytest.mark.parametrize(
    ("header", "first"),
    [
        (f"Authorization: Bearer {TOKEN}", True),
        (f"authorization:bearer   {TOKEN}", True),
        (f"Accept: */*\r\nAUTHORIZATION: BEARER {TOKEN}", True),
        (f"Authorization: Bearer {TOKEN}x", False),
        (f"Authorization: Bearer {'x' * len(TOKEN)}", False),
        (f"Authorization: Basic {TOKEN}", False),
        (f"X-Authorization: Bearer {TOKEN}", False),
        ("Accept: */*", False),
    ],
)
def test_only_a_valid_token_goes_before_others(header: str, first: bool) -> None:
    async def run() -> None:
        with connected(Mock()) as connection:
            connection.data_received(f"GET / HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode())
            assert (connection.scope is not None) is first
            await turns_of(asyncio.get_running_loop()).wait()
            assert connection.scope is not None

    asyncio.run(run())


def test_whoever_waits_for_a_turn_is_not_read_from() -> None:
    async def run() -> None:
        transport = Mock()
        with connected(transport) as connection:
            connection.data_received(b"GET / HTTP/1.1\r\n")
            connection.data_received(b"Host: localhost\r\n")
            transport.pause_reading.assert_called_once()
            transport.resume_reading.assert_not_called()
            await turns_of(asyncio.get_running_loop()).wait()
            transport.resume_reading.assert_called_once()

    asyncio.run(run())
