"""What others notice of clients that send slowly, read nothing, or take all they can get: nothing."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from samepic.service.body import Budget
from samepic.service.middleware import RequestMiddleware
from samepic.service.problems import HttpProblem
from samepic.service.settings import ServiceSettings
from samepic.service.state import Service
from tests.kits.service import Running
from tests.kits.tokens import token_file, token_table
from tests.service.test_limits import TIMEOUT, connect, response_of

RED, BLUE, WATCH = "red-" + "r" * 30, "blue-" + "b" * 30, "watch-" + "w" * 30
PAUSE, RATE = 0.7, 100_000
BODIES = 64 * 2**20
LIMITS = {
    "requests": 12,
    "strangers": 4,
    "stranger_seconds": PAUSE,
    "connections": 40,
    "body_bytes": BODIES,
    "body_seconds": PAUSE,
    "body_rate": RATE,
    "answer_seconds": PAUSE,
    "drain_seconds": PAUSE,
    "wrong_tokens": 3,
}


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service of two tenants that has little room and waits briefly."""
    folder = tmp_path_factory.mktemp("crowded")
    tokens = (
        token_table("red", RED, "red"),
        token_table("blue", BLUE, "blue"),
        token_table("watch", WATCH, may=("metrics",)),
    )
    with Running(folder / "u.db", folder / "log", *token_file(folder, *tokens), limits=LIMITS) as service:
        yield service


@contextmanager
def crowd_of(service: Running, count: int, *, receives: int | None = None) -> Iterator[list[socket.socket]]:
    """Yield so many connections, which take in few bytes where `receives` says so."""
    port = int(service.address.rpartition(":")[2])
    with ExitStack() as stack:
        made = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in made:
            one.settimeout(TIMEOUT)
            if receives:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
            one.connect(("127.0.0.1", port))
        yield made


def asked(service: Running, path: str, token: str = "", **more: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    method = "POST" if more else "GET"
    with httpx.Client(base_url=service.address, headers=headers, trust_env=False) as client:
        return client.request(method, path, **more)  # type: ignore[arg-type]


def head(path: str, token: str = "", length: int = 0) -> bytes:
    lines = [
        f"{'POST' if length else 'GET'} {path} HTTP/1.1",
        "Host: localhost",
        "Sec-Fetch-Site: same-origin",
    ]
    lines += [f"Authorization: Bearer {token}"] * bool(token)
    lines += [f"Content-Length: {length}", "Connection: close"] * bool(length)
    return "\r\n".join([*lines, "", ""]).encode()


def assert_others_are_served(service: Running, upload: bytes) -> None:
    assert asked(service, "/v1/health").status_code == 200
    assert asked(service, "/v1/ready").status_code == 200
    assert asked(service, "/v1/check", BLUE, content=upload).status_code == 200


def wait_until_free(service: Running) -> None:
    until = time.monotonic() + 10 * PAUSE
    while "\nsamepic_requests_running 1.0\n" not in asked(service, "/metrics", WATCH).text:
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.parametrize(
    "sent",
    [
        head("/ui/enter", length=100),
        head("/v1/admit", length=100),
        head("/v1/check", RED, 100),
        b"GET / HT",
        b"",
    ],
    ids=["sign-in", "without token", "with a token", "half a request", "nothing"],
)
def test_who_sends_slowly_keeps_nobody_else_out(crowded: Running, upload: bytes, sent: bytes) -> None:
    with crowd_of(crowded, 40) as crowd:
        for one in crowd:
            one.sendall(sent)
        assert_others_are_served(crowded, upload)
    wait_until_free(crowded)


@pytest.mark.parametrize("token", ["", RED])
def test_who_reads_no_answer_keeps_nobody_else_out_and_is_left(
    crowded: Running, upload: bytes, token: str
) -> None:
    with crowd_of(crowded, 30, receives=2048) as crowd:
        for one in crowd:
            one.setblocking(False)
            one.send(head("/openapi.json", token) * 150)
        time.sleep(PAUSE / 2)
        assert_others_are_served(crowded, upload)
        wait_until_free(crowded)


@pytest.mark.parametrize(("token", "answers"), [("", 1), (RED, 3)])
def test_who_asks_on_before_an_answer_has_one_without_a_token_and_all_with_one(
    crowded: Running, token: str, answers: int
) -> None:
    with crowd_of(crowded, 1) as (one,):
        last = head("/openapi.json", token)[:-2] + b"Connection: close\r\n\r\n"
        one.sendall(head("/openapi.json", token) * 2 + last)
        found = b"".join(iter(lambda: one.recv(65536), b""))
    assert found.count(b"HTTP/1.1 200") == answers
    assert found.count(b'{"openapi": ') == answers and found.endswith(b"}\n")


def test_a_token_that_takes_all_memory_it_can_get_leaves_some_and_its_pauses_are_no_longer_for_speed_before(
    crowded: Running, upload: bytes
) -> None:
    # Ten seconds' worth at the slowest rate. Of more, a busy service might not read all that it refuses.
    sent = 10 * RATE
    with crowd_of(crowded, 4) as crowd, ThreadPoolExecutor(4) as pool:
        pieces = [head("/v1/check", RED, BODIES // 4), bytes(sent)]
        list(pool.map(lambda one: [one.sendall(piece) for piece in pieces], crowd))
        begun = time.monotonic()
        assert_others_are_served(crowded, upload)
        statuses = sorted(status for status, _ in pool.map(response_of, crowd))
    assert statuses == [408, 408, 503, 503]
    assert time.monotonic() - begun < 4 * PAUSE


def test_who_sends_slowly_but_steadily_is_waited_for(crowded: Running) -> None:
    connection = connect(crowded)
    connection.sendall(head("/v1/check", RED, 6 * 40_000))
    for _ in range(6):
        time.sleep(0.3)
        connection.sendall(bytes(40_000))
    assert response_of(connection)[0] == 415


def test_bodies_are_in_memory_once(crowded: Running, upload: bytes) -> None:
    def peak() -> int:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{crowded.process.pid}/status").read_text())
        assert found
        return int(found[1]) * 1024

    large = upload + bytes(BODIES // 5)
    assert asked(crowded, "/v1/check", BLUE, content=upload).status_code == 200
    before = peak()
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda sent: asked(crowded, "/v1/check", RED, **sent),
                [{"content": large}, {"files": {"file": large}}],
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert peak() - before < 1.2 * 2 * len(large)


def test_of_a_budget_with_several_requests_an_owner_gets_no_more_than_it_leaves() -> None:
    budget = Budget(100, "things")
    with budget.share("a") as one, budget.share("a") as two, budget.share("b") as other:
        one.grow(40)
        with pytest.raises(HttpProblem, match="too many things"):
            two.grow(20)
        two.grow(10)
        other.grow(50)  # alone it may have all that is free
        with pytest.raises(HttpProblem):
            other.grow(1)
    assert (budget.used, dict(budget.held)) == (0, {})


def test_a_large_answer_is_counted_and_handed_on_in_pieces() -> None:
    service = Service(ServiceSettings("u.db"))
    piece = service.limits.answer_piece

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        length = str(3 * piece + 1).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": bytes(3 * piece + 1)})

    async def answer() -> list[tuple[int, int]]:
        sent: list[tuple[int, int]] = []

        async def send(message: Message) -> None:
            sent.append((message.get("status", len(message.get("body", b""))), service.budget.used))

        scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "client": ("127.0.0.1", 1)}
        await RequestMiddleware(app, service)(scope, lambda: asyncio.sleep(60), send)  # type: ignore[arg-type,return-value]
        return sent

    size = 3 * piece + 1
    assert asyncio.run(answer()) == [(200, size), (piece, size), (piece, size), (piece, size), (1, size)]
    service.budget.limit = piece
    assert asyncio.run(answer())[0] == (503, 0)
    assert service.budget.used == 0


def test_wrong_tokens_may_be_entered_a_few_times_a_minute(crowded: Running) -> None:
    with httpx.Client(base_url=crowded.address, headers={"Sec-Fetch-Site": "same-origin"}) as client:
        statuses = []
        for token in ("wrong", "wronger", "wrongest", RED):
            csrf = client.get("/ui/enter").text.partition('name="csrf" content="')[2].partition('"')[0]
            answer = client.post("/ui/enter", data={"token": token, "csrf": csrf})
            statuses.append(answer.status_code)
    assert statuses == [401, 401, 401, 429]
    assert answer.headers["retry-after"] == "60"
    assert "Too many attempts. Please try again in a minute." in answer.text
