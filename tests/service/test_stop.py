"""A service that is stopped, or whose process is killed."""

from __future__ import annotations

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import samepic
from tests.kits.service import Running, client_of
from tests.service.test_limits import TIMEOUT, connect
from tests.service.test_service import error


def refused(service: Running) -> bool:
    try:
        connect(service).close()
    except OSError:
        return True
    return False


def wait_until_refused(service: Running) -> None:
    until = time.monotonic() + TIMEOUT
    while not refused(service):
        assert time.monotonic() < until
        time.sleep(0.05)


def half_sent(service: Running, upload: bytes) -> socket.socket:
    connection = connect(service)
    head = f"POST /v1/admit?key=half HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(upload)}\r\n\r\n"
    connection.sendall(head.encode() + upload[: len(upload) // 2])
    return connection


def test_an_upload_that_is_under_way_is_answered_and_kept_before_the_service_ends(
    tmp_path: Path, upload: bytes
) -> None:
    with Running(tmp_path / "u.db", tmp_path / "log") as service:
        connection = half_sent(service, upload)
        httpx.get(f"{service.address}/v1/status")  # answered behind it: the service has begun to read it
        service.process.send_signal(signal.SIGTERM)
        wait_until_refused(service)
        connection.sendall(upload[len(upload) // 2 :])
        with connection:
            assert connection.recv(65536).startswith(b"HTTP/1.1 201")
        assert service.process.wait(TIMEOUT) == 0
        ready, stopped = (
            next(line for line in service.logged() if line["message"] == name)
            for name in ("ready", "stopped")
        )
        assert (ready["address"], ready["pictures"]) == (service.address, 0)
        assert ready["store"] == str(tmp_path / "u.db")
        asked = sum(line["message"] == "request" for line in service.logged())
        assert (stopped["requests"], stopped["seconds"] > 0) == (asked, True)
    with samepic.Gate(tmp_path / "u.db") as gate:
        kept = gate.get("half")
        assert kept is not None
        assert kept.state == "accepted"


def test_until_the_store_can_be_reached_the_service_lives_and_is_not_ready(
    tmp_path: Path, upload: bytes
) -> None:
    with Running("postgresql://127.0.0.1:1/nothing", tmp_path / "log", ready=False) as service:
        with client_of(service.address) as client:
            assert client.get("/v1/health").json() == {"status": "ok"}
            for answer in (client.get("/v1/ready"), client.post("/v1/admit?key=k", content=upload)):
                assert error(answer, 503, "not_ready")
                assert int(answer.headers["retry-after"]) > 0
        assert service.stop() == 0
    assert any("cannot open the store" in line["message"] for line in service.logged())


@pytest.mark.slow
def test_several_processes_share_one_address_their_counts_and_one_end(tmp_path: Path) -> None:
    with Running(tmp_path / "u.db", tmp_path / "log", "--processes", "2") as service:
        until = time.monotonic() + TIMEOUT
        while len({line["process"] for line in service.logged() if line["message"] == "ready"}) < 2:
            assert time.monotonic() < until
            time.sleep(0.1)
        asked, served = 0, set[int]()
        while len(served) < 2:  # whichever takes a connection first has it
            assert time.monotonic() < until
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda _: httpx.get(f"{service.address}/v1/status", verify=False), range(4)))
            asked += 4
            served = {line["process"] for line in service.logged() if line.get("operation") == "status"}
        text = httpx.get(f"{service.address}/metrics").text
        assert f'samepic_requests_total{{operation="status",status="200"}} {asked}.0' in text
        assert service.stop() == 0
        assert refused(service)


@pytest.mark.slow
def test_processes_whose_parent_was_killed_end_too(tmp_path: Path) -> None:
    with Running(tmp_path / "u.db", tmp_path / "log", "--processes", "2") as service:
        service.process.kill()
        wait_until_refused(service)
