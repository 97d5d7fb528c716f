"""Load the HTTP service with mixed checks and admissions, and tell errors, latencies, memory and throughput.

    python -m bench service_load [--minutes N] [--clients N] [--processes N] [--store postgres|sqlite] [--pictures N]
        [--attackers]

Each client posts one picture after another: three checks in five, one admission in three of photographs and of
re-saves of them, and now and then the removal of one that it admitted, so that there is always something to accept.
The clients run in a process of their own. Throughput is told beside plain decoding of the same uploads by Pillow
(whole, to RGB) on one core: in uploads a second, and in processor time an upload, that of the service counting every
process of it. Memory is the private and shared memory (PSS) of all processes of the service, every 5 seconds.

With `--attackers`, 400 connections that never read, 400 slow bodies without a token and 4 stalled uploads under a
token of their own go on at the same time, from the same address; it is told how each kind ended.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import io
import json
import random
import resource
import socket
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import httpx
import numpy as np
from PIL import Image

from bench import common
from bench.common import SEED, alone, counted, encoded, head, option, photos, rgb_of, row, spread
from tests.kits.postgres import fresh_url
from tests.kits.service import Running
from tests.kits.tokens import token_file, token_table

NEVER_READ, SLOW, STALLED = 400, 400, 4
_BLOCK, _LARGE = bytes(2**20), 127  # what a stalled upload sends: so many blocks
_PAUSE, _AGAIN = 1.0, 5.0  # seconds between two attempts to send, and before a new connection
_ASKED = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 400
_FORM = (
    b"POST /ui/enter HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n"
)


async def _opened(port: int, receives: int = 0) -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    if receives:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    return made


async def _never_read(port: int, _: str) -> str:
    """Ask again and again, and read nothing."""
    with await _opened(port, 2048) as made:
        while True:
            try:
                made.send(_ASKED)
            except BlockingIOError:
                await asyncio.sleep(_PAUSE)
            except OSError:
                return "left"


async def _slow(port: int, _: str) -> str:
    """Send a byte of a form every few seconds, without a token."""
    loop = asyncio.get_running_loop()
    with await _opened(port) as made:
        await loop.sock_sendall(made, _FORM)
        while True:
            try:
                async with asyncio.timeout(3 * _PAUSE):
                    return (await loop.sock_recv(made, 4096))[9:12].decode() or "left"
            except TimeoutError:
                made.send(b"a")


async def _stalled(port: int, token: str) -> str:
    """Send a large upload but for its end."""
    loop = asyncio.get_running_loop()
    head = f"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    with await _opened(port) as made:
        await loop.sock_sendall(made, f"{head}Content-Length: {_LARGE * len(_BLOCK) + 1}\r\n\r\n".encode())
        for _ in range(_LARGE):
            await loop.sock_sendall(made, _BLOCK)
        return (await loop.sock_recv(made, 4096))[9:12].decode() or "left"


_KINDS: dict[str, tuple[int, Callable[[int, str], Coroutine[None, None, str]]]] = {
    "never read": (NEVER_READ, _never_read),
    "slow without a token": (SLOW, _slow),
    "stalled uploads": (STALLED, _stalled),
}


async def _attack(port: int, token: str, seconds: float) -> dict[str, Counter[str]]:
    ends: dict[str, Counter[str]] = {kind: Counter() for kind in _KINDS}

    async def again(kind: str) -> None:
        while True:
            try:
                ends[kind][await _KINDS[kind][1](port, token)] += 1
            except OSError:
                ends[kind]["left"] += 1
            await asyncio.sleep(_AGAIN)

    tasks = [asyncio.create_task(again(kind)) for kind, (count, _) in _KINDS.items() for _ in range(count)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return ends


def attack(port: int, token: str, seconds: float) -> dict[str, Counter[str]]:
    """Attack for so long, and return how often each kind was answered or left."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    return asyncio.run(_attack(port, token, seconds))


TOKEN, HOSTILE = "honest-" + "h" * 20, "hostile-" + "x" * 20
_USUAL = {"check": {200}, "admit": {201, 202, 409}, "remove": {204}}


class Done(NamedTuple):
    """One request: what was asked, what was answered, and how long it took in seconds."""

    asked: str
    status: int
    outcome: str
    seconds: float


class Client:
    """Posts pictures, one after the other, over one connection."""

    def __init__(self, address: str, pictures: Sequence[bytes], number: int) -> None:
        self._pictures, self._number, self._count = pictures, number, 0
        self._random = random.Random(SEED + number)
        self._mine: list[str] = []
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
        self._headers = {"Authorization": f"Bearer {TOKEN}"}
        self.done: list[Done] = []

    def run(self, until: float) -> None:
        """Go on until then."""
        while time.time() < until:
            draw = self._random.random()
            if draw < 0.6:
                self._ask("check", "POST", "/v1/check", self._random.choice(self._pictures))
            elif draw < 0.94 or not self._mine:
                self._count += 1
                key = f"{self._number}/{self._count}"
                path = f"/v1/admit?key={quote(key)}"
                if self._ask("admit", "POST", path, self._random.choice(self._pictures)) == 201:
                    self._mine.append(key)
            else:
                key = self._mine.pop(self._random.randrange(len(self._mine)))
                self._ask("remove", "DELETE", f"/v1/pictures/{quote(key)}", None)

    def _ask(self, asked: str, method: str, path: str, body: bytes | None) -> int:
        begun = time.perf_counter()
        try:
            self._connection.request(method, path, body=body, headers=self._headers)
            response = self._connection.getresponse()
            text, status = response.read(), response.status
        except (OSError, http.client.HTTPException) as error:
            text, status = json.dumps({"outcome": repr(error)}).encode(), 0
            self._connection.close()
        took = time.perf_counter() - begun
        outcome = json.loads(text).get("outcome", "") if text else "removed"
        self.done.append(Done(asked, status, outcome, took))
        return status


def clients(address: str, pictures: Sequence[bytes], count: int, until: float) -> list[Done]:
    """Run so many clients, and return what they did."""
    made = [Client(address, pictures, number) for number in range(count)]
    with ThreadPoolExecutor(count) as many:
        list(many.map(lambda one: one.run(until), made))
    return [done for one in made for done in one.done]


def uploads_of(count: int) -> list[bytes]:
    """Return photographs as they are, and each saved again."""
    found = []
    for number, path in enumerate(spread(photos(), count)):
        found += [path.read_bytes(), encoded(rgb_of(path), quality=60 + number % 35)]
    return found


def decoded(pictures: Sequence[bytes]) -> float:
    """Return the processor time of decoding a picture with Pillow, in seconds, the mean over all."""
    begun = time.process_time()
    for data in pictures:
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGB").load()
    return (time.process_time() - begun) / len(pictures)


def loaded(
    service: Running, pictures: Sequence[bytes], count: int, until: float
) -> tuple[list[Done], list[float]]:
    """Load a service until then; return what clients saw, and the service's memory every 5 seconds."""
    with alone() as process:
        done = process.submit(clients, service.address, pictures, count, until)
        levels = [common.memory_of(service.process.pid)]
        while not wait((done,), 5).done:
            levels.append(common.memory_of(service.process.pid))
        return done.result(), levels


def result(done: Sequence[Done], seconds: float, spent: float, plain: float) -> int:
    """Print what the clients saw, and return how many requests went wrong."""
    wrong = Counter(one.status for one in done if one.status not in _USUAL[one.asked])
    print(f"{len(done)} requests in {seconds:.0f} s, {wrong.total()} errors {wrong or ''}")
    head("request", "count", "p50 ms", "p99 ms", "most ms", "outcomes")
    for asked in _USUAL:
        mine = [one for one in done if one.asked == asked]
        if mine:
            ends = np.percentile([1000 * one.seconds for one in mine], (50, 99, 100))
            row(asked, len(mine), *(f"{ms:.0f}" for ms in ends), counted(one.outcome for one in mine))
    pictures = sum(one.asked != "remove" for one in done)
    each = spent / pictures
    print(f"{pictures / seconds:.1f} uploads a second; {1000 * each:.1f} ms of processor time each")
    times = f"{each / plain:.1f} times less"
    print(f"plain decoding takes {1000 * plain:.1f} ms, {1 / plain:.0f} a second: {times}")
    return wrong.total()


OPTIONS = (
    option("--minutes", 15.0),
    option("--clients", 16),
    option("--processes", 1),
    option("--workers", 2),
    option("--store", "sqlite", choices=("postgres", "sqlite")),
    option("--pictures", 300),
    option("--attackers", False),
)


def main(args: argparse.Namespace) -> int:
    """Load, print, and return 1 if a request went wrong."""
    pictures = uploads_of(args.pictures)
    size, seconds = statistics.mean(map(len, pictures)) / 1024, 60 * args.minutes
    print(f"{len(pictures)} uploads of {size:.0f} KB in the mean; {args.clients} clients; {args.store}")
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_url() if args.store == "postgres" else f"{folder}/uploads.db"
        tokens = token_file(
            Path(folder), token_table("honest", TOKEN), token_table("hostile", HOSTILE, "hostile")
        )
        options = ("--processes", str(args.processes), "--workers", str(args.workers), *tokens)
        with Running(store, Path(folder) / "log", *options) as service:
            own, every = common.cpu_of(service.process.pid)
            port = int(service.address.rpartition(":")[2])
            with alone() as enemy:
                ends = enemy.submit(attack, port, HOSTILE, seconds + 5) if args.attackers else None
                done, levels = loaded(service, pictures, args.clients, time.time() + seconds)
                for kind, ended in ends.result().items() if ends else ():
                    print(f"attackers, {kind}: {counted(ended.elements())}")
            own_then, every_then = common.cpu_of(service.process.pid)
            wrong = result(done, seconds, every_then - every, decoded(pictures))
            print(
                f"of that {1000 * (own_then - own) / len(done):.1f} ms a request in the service's first process"
            )
            means = [f"{statistics.mean(part):.0f}" for part in map(list, np.array_split(levels, 8)) if part]
            most = f"{max(levels):.0f} at most"
            print(
                f"memory in MiB: {levels[0]:.0f} idle; means of the eighths of the run: {', '.join(means)}; {most}"
            )
            asked = httpx.get(f"{service.address}/v1/status", headers={"Authorization": f"Bearer {TOKEN}"})
            kept = asked.json()["accepted"]
        size = sum(path.stat().st_size for path in Path(folder).glob("uploads.db*")) / 1024
        print(f"{kept} pictures are kept in {size:.0f} KB")
    return 1 if wrong else 0
