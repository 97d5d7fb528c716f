"""What the service bears: too much, too slow, too many, and what is no HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from samepic.limits import UPLOAD
from samepic.service.problems import HttpProblem
from samepic.service.state import ThreadQueue
from tests.kits.service import Running, client_of
from tests.service.test_service import error

MOST = 600_000
TIMEOUT = 60.0
BRIEF = 2.0  # what comes at all comes sooner, also on a busy machine


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service that takes little and waits briefly."""
    folder = tmp_path_factory.mktemp("small")
    limits = {
        "body_bytes": 2 * MOST,
        "body_seconds": BRIEF,
        "body_rate": 1_000_000,
        "header_seconds": BRIEF,
        "drain_bytes": 4 * MOST,
        "drain_seconds": BRIEF,
    }
    with Running(folder / "u.db", folder / "log", "--max-bytes", str(MOST), limits=limits) as service:
        yield service


@pytest.fixture
def client(small: Running) -> Iterator[httpx.Client]:
    """Return a client of it."""
    with client_of(small.address) as made:
        yield made


def connect(service: Running) -> socket.socket:
    host, port = service.address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=TIMEOUT)


def response_of(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON that is sent before the connection is closed."""
    data = b""
    with connection:
        while piece := connection.recv(65536):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_a_picture_over_the_limit_is_not_read_to_its_end(client: httpx.Client) -> None:
    whole = bytes(MOST + 1)
    problem = error(client.post("/v1/check", content=whole), 413, "too_large")
    assert (problem["wanted"], problem["got"]) == (f"at most {MOST} bytes", f"{MOST + 1} bytes")
    pieces = (bytes(50_000) for _ in range(30))
    error(client.post("/v1/check", content=pieces), 413, "too_large")
    assert error(client.post("/v1/check", files={"file": whole}), 413, "too_large")["name"] == "file"
    assert error(client.post("/v1/compare", files={"a": b"x", "b": whole}), 413, "too_large")["name"] == "b"
    error(client.post("/v1/check", files={"file": bytes(3 * MOST)}), 413, "too_large")
    error(client.post("/v1/settle", content=bytes(70_000)), 413, "too_large")


def test_who_asks_first_whether_to_send_much_is_told_before_sending(small: Running) -> None:
    connection = connect(small)
    connection.sendall(
        b"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    )
    status, body = response_of(connection)
    assert (status, body["error"]["code"]) == (413, "too_large")


def test_a_batch_is_no_larger_than_its_pictures_and_than_the_largest_picture(
    small: Running, running: Running
) -> None:
    for service, most in ((small, 32 * MOST), (running, UPLOAD.file_bytes)):
        connection = connect(service)
        connection.sendall(
            b"POST /v1/check-batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\nExpect: 100-continue\r\n\r\n"
        )
        status, body = response_of(connection)
        assert (status, body["error"]["wanted"]) == (413, f"at most {most + 2 * 65536} bytes")


def test_a_body_without_end_is_left(small: Running) -> None:
    connection = connect(small)
    connection.sendall(b"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"10000\r\n" + bytes(65536) + b"\r\n"
    with connection, pytest.raises(OSError):
        for _ in range(10_000):
            connection.sendall(piece)


def test_a_body_that_drips_is_left_with_the_reason(small: Running) -> None:
    connection = connect(small)
    connection.sendall(b"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
    status, body = response_of(connection)
    assert (status, body["error"]["code"]) == (408, "too_slow")


@pytest.mark.parametrize("sent", [b"", b"POST /v1/check HTTP/1.1\r\nHost: localh"])
def test_headers_that_do_not_come_are_not_waited_for(small: Running, sent: bytes) -> None:
    connection = connect(small)
    connection.sendall(sent)
    status, body = response_of(connection)
    assert (status, body["error"]["code"]) == (408, "too_slow")


def test_headers_that_drip_are_not_waited_for_either(small: Running) -> None:
    connection = connect(small)
    connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    until = time.monotonic() + TIMEOUT
    with connection, pytest.raises(OSError):
        connection.sendall(b"GET /v1/health HTTP/1.1\r\n")
        while time.monotonic() < until:
            connection.sendall(b"A: b\r\n")
            time.sleep(0.1)


def test_what_is_no_http_is_told_so_in_the_shape_of_every_error(small: Running) -> None:
    for sent in (
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ):
        connection = connect(small)
        connection.sendall(sent)
        status, body = response_of(connection)
        assert (status, body["error"]["code"]) == (400, "no_http")


def test_bodies_share_a_bounded_memory_and_who_finds_none_is_told_to_come_again(
    small: Running, client: httpx.Client
) -> None:
    half = b"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % MOST + bytes(
        MOST - 1
    )
    until = time.monotonic() + TIMEOUT
    while time.monotonic() < until:
        # Each is held until its time is up, so that sooner or later the last finds no room beside the two.
        waiting = [connect(small) for _ in range(2)]
        for connection in waiting:
            connection.sendall(half)
        response = client.post("/v1/check", content=bytes(MOST))
        for connection in waiting:
            connection.close()
        if response.status_code == 503:
            break
    error(response, 503, "busy")
    assert int(response.headers["retry-after"]) > 0
    until = time.monotonic() + TIMEOUT
    while client.post("/v1/check", content=bytes(MOST)).status_code == 503:
        assert time.monotonic() < until


def test_a_pool_that_is_full_sends_others_away_and_takes_on_again_when_a_place_is_free() -> None:
    async def scene() -> None:
        go, pool = threading.Event(), ThreadQueue("test", threads=1, waiting=1, seconds=TIMEOUT)
        taken = [asyncio.create_task(pool.run(lambda: go.wait(TIMEOUT))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(HttpProblem) as sent_away:
            await pool.run(lambda: True)
        assert (sent_away.value.status, "Retry-After" in sent_away.value.headers) == (503, True)
        taken[0].cancel()
        await asyncio.sleep(0)
        with pytest.raises(HttpProblem):  # nobody waits for it any more, but it still runs
            pool.check()
        go.set()
        assert await taken[1]
        pool.check()
        pool.close()

    asyncio.run(scene())


def test_who_waited_too_long_in_the_pool_is_sent_away_without_being_looked_at() -> None:
    async def scene() -> None:
        begun, go, pool = (
            threading.Event(),
            threading.Event(),
            ThreadQueue("test", threads=1, waiting=1, seconds=0.2),
        )
        looked = []

        def hold() -> bool:
            begun.set()
            return go.wait(TIMEOUT)

        first = asyncio.create_task(pool.run(hold))
        await asyncio.to_thread(begun.wait, TIMEOUT)
        second = asyncio.create_task(pool.run(lambda: looked.append(True)))
        await asyncio.sleep(0.3)
        go.set()
        assert await first
        with pytest.raises(HttpProblem) as sent_away:
            await second
        assert (sent_away.value.status, sent_away.value.code, looked) == (503, "busy", [])
        assert await pool.run(lambda: True)
        pool.close()

    asyncio.run(scene())


def decoders(service: Running) -> list[int]:
    """Return the numbers of the processes that decode for a service."""
    output = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    pairs = [[int(number) for number in line.split()] for line in output.splitlines()]
    return [pid for pid, parent in pairs if parent == service.process.pid]


@pytest.mark.slow
def test_a_service_whose_decoders_are_behind_sends_others_away_and_then_takes_them_on_again(
    tmp_path: Path, upload: bytes
) -> None:
    limits = {"threads": 2, "waiting": 2}
    with Running(tmp_path / "u.db", tmp_path / "log", limits=limits) as service:
        check = partial(httpx.post, f"{service.address}/v1/check", content=upload, timeout=TIMEOUT)
        assert check().status_code == 200
        stopped = decoders(service)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(check) for _ in range(8)]
            # As long as the decoder does nothing, two requests hold the threads, and two wait for these.
            sent_away = [one.result() for one in islice(as_completed(asked), 4)]
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
            answers = [one.result() for one in asked]
        for one in sent_away:
            assert error(one, 503, "busy")
            assert int(one.headers["retry-after"]) > 0
        assert sorted(one.status_code for one in answers) == [200] * 4 + [503] * 4
        assert check().status_code == 200


def test_the_service_answers_others_while_uploads_wait(small: Running, client: httpx.Client) -> None:
    waiting = [connect(small) for _ in range(20)]
    for connection in waiting:
        connection.sendall(b"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.get("/v1/status").status_code, range(8)))
    assert answers == [200] * 8
    assert [response_of(connection)[0] for connection in waiting] == [408] * 20
