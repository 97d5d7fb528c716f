"""Load the HTTP service with mixed checks and admissions, and tell errors, latencies, memory and throughput.

    python -m bench service_load [--minutes N] [--clients N] [--processes N] [--store postgres|sqlite] [--pictures N]

Each client posts one picture after another: three checks in five, one admission in three of photographs and of
re-saves of them, and now and then the removal of one that it admitted, so that there is always something to accept.
The clients run in a process of their own. Throughput is told beside plain decoding of the same uploads by Pillow
(whole, to RGB) on one core: in uploads a second, and in processor time an upload, that of the service counting every
process of it. Memory is the private and shared memory (PSS) of all processes of the service, every 5 seconds.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import httpx
from PIL import Image

from bench.common import (
    SEED,
    counted,
    cpu_of,
    encoded,
    head,
    memory_of,
    option,
    photos,
    rgb_of,
    row,
    wanted_data,
)  # fmt: skip
from tests.kits.postgres import fresh_url
from tests.kits.service import Running

_USUAL = {"check": {200}, "admit": {201, 202, 409}, "remove": {204}}


class Done(NamedTuple):
    """One request: what was asked, what was answered, how long it took in seconds, when it ended."""

    asked: str
    status: int
    outcome: str
    seconds: float
    at: float


class Client:
    """Posts pictures, one after the other, over one connection."""

    def __init__(self, address: str, pictures: Sequence[bytes], number: int) -> None:
        self._address, self._pictures, self._number = address.removeprefix("http://"), pictures, number
        self._random = random.Random(SEED + number)
        self._mine: list[str] = []
        self._count = 0
        self._connection = http.client.HTTPConnection(self._address, timeout=120)
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
            self._connection.request(method, path, body=body)
            response = self._connection.getresponse()
            text, status = response.read(), response.status
        except (OSError, http.client.HTTPException) as error:
            text, status = json.dumps({"outcome": repr(error)}).encode(), 0
            self._connection.close()
        took = time.perf_counter() - begun
        outcome = json.loads(text).get("outcome", "") if text else ""
        self.done.append(Done(asked, status, outcome, took, time.time()))
        return status


def clients(pipe: Connection, address: str, pictures: Sequence[bytes], count: int, until: float) -> None:
    """Run so many clients, and send what they did."""
    made = [Client(address, pictures, number) for number in range(count)]
    threads = [threading.Thread(target=one.run, args=(until,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send([done for one in made for done in one.done])


def uploads_of(data: Path, count: int) -> list[bytes]:
    """Return photographs as they are, and each saved again."""
    every = photos(data)
    chosen = every[:: max(1, len(every) // count)][:count]
    found = []
    for number, path in enumerate(chosen):
        found += [path.read_bytes(), encoded(rgb_of(path), quality=60 + number % 35)]
    return found


def decoded(pictures: Sequence[bytes]) -> float:
    """Return the processor time of decoding a picture with Pillow, in seconds, the mean over all."""
    begun = time.process_time()
    for data in pictures:
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGB").load()
    return (time.process_time() - begun) / len(pictures)


def result(done: Sequence[Done], seconds: float, spent: float, plain: float) -> int:
    """Print what the clients saw, and return how many requests went wrong."""
    wrong = [one for one in done if one.status not in _USUAL[one.asked]]
    print(
        f"{len(done)} requests in {seconds:.0f} s, {len(wrong)} errors {Counter(w.status for w in wrong) or ''}"
    )
    head("request", "count", "p50 ms", "p99 ms", "most ms", "outcomes")
    for asked in _USUAL:
        took = sorted(1000 * one.seconds for one in done if one.asked == asked)
        said = counted(one.outcome or "removed" for one in done if one.asked == asked)
        if len(took) > 1:
            p99 = statistics.quantiles(took, n=100, method="inclusive")[98]
            row(asked, len(took), *(f"{ms:.0f}" for ms in (took[len(took) // 2], p99, took[-1])), said)
    pictures = sum(one.asked != "remove" for one in done)
    print(
        f"{pictures / seconds:.1f} uploads a second; {1000 * spent / pictures:.1f} ms of processor time each;"
        f" plain decoding takes {1000 * plain:.1f} ms, {1 / plain:.0f} a second on one core:"
        f" {spent / pictures / plain:.1f} times as much"
    )
    return len(wrong)


def watched(service: Running, pipe: Connection, until: float) -> list[float]:
    """Return the memory of the service every 5 seconds, until the clients have told what they did."""
    levels = [memory_of(service.process.pid)]
    while not pipe.poll(5):
        levels.append(memory_of(service.process.pid))
        if time.time() > until + 300:
            sys.exit("the clients did not come back")
    return levels


OPTIONS = (
    option("--minutes", 15.0),
    option("--clients", 16),
    option("--processes", 1),
    option("--workers", 2),
    option("--store", "sqlite", choices=("postgres", "sqlite")),
    option("--pictures", 300),
)


def main(args: argparse.Namespace) -> int:
    """Load, print, and return 1 if a request went wrong."""
    data = wanted_data()
    pictures = uploads_of(data, args.pictures)
    plain = decoded(pictures)
    size = statistics.mean(len(one) for one in pictures) / 1024
    print(
        f"{len(pictures)} different uploads of {size:.0f} KB in the mean; {args.clients} clients; {args.store}"
    )
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_url() if args.store == "postgres" else f"{folder}/uploads.db"
        options = ("--processes", str(args.processes), "--workers", str(args.workers))
        with Running(store, Path(folder) / "log", *options) as service:
            wrong = loaded(service, pictures, args.clients, 60 * args.minutes, plain)
            kept = httpx.get(f"{service.address}/v1/status").json()["accepted"]
        if args.store == "sqlite":
            size = sum(path.stat().st_size for path in Path(folder).glob("uploads.db*")) / 1024
            print(f"{kept} pictures are kept in {size:.0f} KB")
    return 1 if wrong else 0


def loaded(service: Running, pictures: Sequence[bytes], count: int, seconds: float, plain: float) -> int:
    """Load a service for so long, print, and return how many requests went wrong."""
    here, there = multiprocessing.Pipe()
    spent, until = cpu_of(service.process.pid, descended=True), time.time() + seconds
    process = multiprocessing.get_context("spawn").Process(
        target=clients, args=(there, service.address, pictures, count, until)
    )
    process.start()
    levels = watched(service, here, until)
    done = here.recv()
    process.join()
    spent = cpu_of(service.process.pid, descended=True) - spent
    wrong = result(done, seconds, spent, plain)
    share = cpu_of(service.process.pid) / len(done)
    print(
        f"of that {1000 * share:.1f} ms a request in the first process of the service itself, not in its decoders"
    )
    parts = [levels[len(levels) * part // 8 : len(levels) * (part + 1) // 8] for part in range(8)]
    means = ", ".join(f"{statistics.mean(part):.0f}" for part in parts if part)
    print(f"memory of the service in MiB: {levels[0]:.0f} idle; means of the eighths of the run: {means}")
    return wrong
