"""What the gate costs on PostgreSQL at a million and at ten million records: disk, start, memory, latencies.

python -m bench gate_growth [SIZE...] [--real N]   # default 1000000 10000000, codes drawn to those of 1000 pictures
python -m bench gate_growth --start [SIZE...]      # only how an index is filled, with any codes: a few minutes

Starts a server of its own without fsync, fills it with COPY, and deletes it afterwards: at ten million it takes 8 GB.
Codes are drawn to the distribution of real ones (bench.gate_scale). Drawn records take a real proxy when they are
looked at, but none on disk: what a proxy takes is told. Everything lies in the system's cache, so what is told of
starting is the processors' share and not the disk's. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, NamedTuple

import cv2
import numpy as np
import psycopg
from numpy.typing import NDArray

from bench.common import SEED, head, option, photos, row, wanted_data
from bench.gate_scale import drawn_codes, real_records
from samepic.gate.gate import Gate
from samepic.sandbox.decode import InProcess, prepare
from samepic.store.postgres import PostgresStore
from samepic.store.records import Record
from tests.gate.pictures import resaved
from tests.kits.cluster import Cluster

_BATCH = 250_000
_UPLOADS = 24
_REPEATS = 3
_SHIFT = 1 << 40
_SETTINGS = (
    "fsync = off",
    "full_page_writes = off",
    "wal_level = minimal",
    "max_wal_senders = 0",
    "max_wal_size = 2GB",
    "shared_buffers = 512MB",
    "maintenance_work_mem = 512MB",
    "autovacuum = off",
)
_PICTURES = """
INSERT INTO pictures (number, tenant, key, state, created, lease_until, identity, sha256, coded, format, width, height,
  frames, size, metadata, jpeg_quality, grade, unresolved) OVERRIDING SYSTEM VALUE
SELECT n, '', 'uploads/2026/11/' || n || '.jpg', 'accepted', 1.8e9 + n, 0, sha256(int8send(n)), sha256(int8send(n)),
  sha256(int8send(n)), 'JPEG', 4000, 3000, 1, 3100000, 12000, 90, 0, 0 FROM generate_series(%s::bigint, %s::bigint) AS n
"""
_CODES = """
INSERT INTO codes SELECT '', n, sha256(int8send(n)), sha256(int8send(-n)), 100, 90
FROM generate_series(%s::bigint, %s::bigint) AS n
"""
_PROXIES = "INSERT INTO proxies SELECT n, '', '{}', '[]' FROM generate_series(%s::bigint, %s::bigint) AS n"
_SIZES = """
SELECT regexp_replace(c.relname, '^codes_\\d+', 'codes'), c.relkind = 'i', sum(pg_relation_size(c.oid))
FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE s.nspname = current_schema() AND c.relkind IN ('r', 'i') GROUP BY 1, 2
HAVING sum(pg_relation_size(c.oid)) > 1000000 ORDER BY 2, 3 DESC
"""
_STARTED = """
import json, resource, sys, time
from samepic.gate.index import Index
from samepic.store import postgres
from samepic.store.contract import Store
def held():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
readers = int(sys.argv[2])
postgres._LOAD_READERS = max(1, readers)
if not readers:
    postgres.PostgresStore.all_codes = Store.all_codes
store, index = postgres.PostgresStore(sys.argv[1]), Index("")
store.now()
def most():
    told = open("/proc/self/status").read()
    return 1024 * int(told.partition("VmHWM:")[2].split()[0])
before, wall, cpu = held(), time.perf_counter(), time.process_time()
index.catch_up(store)
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, held() - before,
    most() - before, len(index)]))
store.close()
"""


class Started(NamedTuple):
    """What filling an index took: seconds, CPU seconds of the process, bytes kept, bytes at most, records."""

    wall: float
    cpu: float
    held: int
    peak: int
    records: int


class Lent(PostgresStore):
    """A store whose drawn records show a real proxy when they are looked at."""

    proxies: tuple[bytes, ...] = ()

    def fetch(self, tenant: str, numbers: Sequence[int]) -> list[Record]:
        """Return the records with these numbers."""
        found = super().fetch(tenant, numbers)
        return [one if one.proxy else replace(one, proxy=self._lent(one.number)) for one in found]

    def _lent(self, number: int) -> bytes:
        return self.proxies[number % len(self.proxies)]


def fill(store: PostgresStore, url: str, records: Sequence[Record], size: int) -> None:
    """Add drawn records until the last number is `size`; without real ones to draw them to, any codes and no more."""
    pdq = [one.pdq for one in records if not one.is_weak]
    copies = [one.copycode for one in records if not one.is_weak]
    with psycopg.connect(url, autocommit=True) as connection:
        first = _drawn(connection) + 1
        while first <= size:
            last = min(first + _BATCH - 1, size)
            connection.execute("SELECT setval(pg_get_serial_sequence('pictures', 'number'), %s)", (last,))
            with store._writing(numbered=True):
                pass  # makes the partitions
            if records:
                drawn = drawn_codes(pdq, last - first + 1, SEED + first)
                beside = drawn_codes(copies, last - first + 1, SEED + first + _SHIFT)
                with connection.cursor().copy("COPY codes FROM STDIN (FORMAT BINARY)") as copy:
                    copy.write(_copied(first, drawn, beside))
                connection.execute(_PICTURES, (first, last))
                connection.execute(_PROXIES, (first, last))
            else:
                connection.execute(_CODES, (first, last))
            first = last + 1
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def _drawn(connection: psycopg.Connection[tuple[Any, ...]]) -> int:
    row = connection.execute("SELECT coalesce(max(number), 0) FROM codes").fetchone()
    assert row is not None
    return int(row[0])


def _copied(first: int, pdq: NDArray[np.uint8], copies: NDArray[np.uint8]) -> bytes:
    """Return rows of `codes` in the binary form of COPY, all of them of one width."""
    fields = [("tenant", 0), ("number", 8), ("pdq", 32), ("copycode", 32), ("quality", 4), ("detail", 4)]
    kinds: list[tuple[str, Any]] = [("fields", ">i2")]
    for name, width in fields:
        kinds += [(f"{name}_width", ">i4"), (name, f">i{width}" if width in (4, 8) else f"V{width}")]
    rows = np.zeros(len(pdq), np.dtype([kind for kind in kinds if kind[1] != "V0"]))
    rows["fields"] = len(fields)
    for name, width in fields:
        rows[f"{name}_width"] = width
    rows["number"] = np.arange(first, first + len(pdq))
    rows["pdq"], rows["copycode"] = pdq.view("V32")[:, 0], copies.view("V32")[:, 0]
    rows["quality"], rows["detail"] = 100, 90
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff"


def started(url: str, readers: int) -> Started:
    """Fill an index in a process of its own; with 0 readers row by row, over one connection."""
    done = subprocess.run(
        [sys.executable, "-c", _STARTED, url, str(readers)], capture_output=True, text=True, check=True
    )
    return Started(*json.loads(done.stdout))


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)


def _latencies(store: Lent, size: int, kept: list[bytes], new: list[bytes]) -> dict[str, list[float]]:
    """Return milliseconds, of uploads that are kept already, saved again, and of such that are not."""
    again = [resaved(one, quality=80) for one in kept]
    found: dict[str, list[float]] = {}
    with Gate(store, workers=InProcess()) as gate:
        gate.warm()
        gate.check(new[0])
        prints = [prepare(one, copycode=True).fingerprint for one in new]
        found["search of the index"] = [
            _timed(lambda made=made: gate._index.candidates(store, made, None))  # type: ignore[misc]
            for made in prints
        ]
        found["fingerprint and proxy alone"] = [
            _timed(lambda one=one: prepare(one, copycode=True))  # type: ignore[misc]
            for one in new
        ]
        for name, uploads in (("a new picture", new), ("a copy", again)):
            found[f"`check` of {name}"] = [_timed(lambda one=one: gate.check(one)) for one in uploads]  # type: ignore[misc]
        for name, uploads in (("a new picture", new), ("a copy", again)):
            taken: list[float] = []
            for number, one in enumerate(uploads):
                key, outcomes = f"{name} at {size}/{number}", list[str]()
                taken.append(_timed(lambda: outcomes.append(gate.admit(one, key).outcome)))  # noqa: B023
                if outcomes == ["accepted"]:
                    gate.remove(key)
                assert outcomes == [("accepted" if uploads is new else "duplicate")], (key, outcomes)
            found[f"`admit` of {name}"] = taken
    return found


def _big(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def _sizes(url: str) -> dict[tuple[bool, str], float]:
    with psycopg.connect(url) as connection:
        return {(row[1], row[0]): float(row[2]) for row in connection.execute(_SIZES.encode()).fetchall()}


def _told_start(url: str, size: int, ways: Sequence[int]) -> Iterator[Started]:
    print(f"\n**Start at {_big(size)} records**\n")
    head("way", "s", "CPU s of the process", "records a second", "MB kept", "MB at most")
    # In turn, since other work on the machine comes and goes; what is told is the best.
    runs = [[started(url, readers) for readers in ways] for _ in range(_REPEATS)]
    for readers, *tries in zip(ways, *runs, strict=True):
        took = min(tries)
        way = f"{readers} readers" if readers else "row by row"
        ends = f"{took.held / 1e6:.0f}", f"{took.peak / 1e6:.0f}"
        row(way, f"{took.wall:.1f}", f"{took.cpu:.1f}", _big(took.records / took.wall), *ends)
        yield took


def _told(found: dict[int, dict[str, list[float]]], sizes: dict[int, dict[tuple[bool, str], float]]) -> None:
    print("\n**Latency, ms: median (slowest)**\n")
    head("", *map(_big, found))
    for name in next(iter(found.values())):
        row(name, *(f"{np.median(one[name]):.1f} ({max(one[name]):.1f})" for one in found.values()))
    print("\n**Disk, MB a million records**\n")
    head("", *map(_big, sizes))
    for index, name in sizes[list(sizes)[-1]]:
        result = [f"{one.get((index, name), 0) / size:.0f}" for size, one in sizes.items()]
        row(f"{'index' if index else 'table'} `{name}`", *result)
    row("all, without proxies", *(f"{sum(one.values()) / size:.0f}" for size, one in sizes.items()))


def _reckoned(size: int, disk: float, proxy: float, took: Started, found: dict[str, list[float]]) -> None:
    """Print what a hundred million take, by what `size` took."""
    cores = os.cpu_count()
    most, search = 100_000_000, float(np.median(found["search of the index"]))
    spare = float(np.median(found["`check` of a new picture"])) - search
    print(f"\n**A hundred million, reckoned from {_big(size)}**\n")
    head("", "formula", "")
    a, times = disk / size, most / size
    row("disk without proxies", f"100 M x {a:.0f} bytes", f"{most * a / 1e9:.0f} GB")
    row("proxies", f"100 M x {proxy:.0f} bytes", f"{most * proxy / 1e12:.2f} TB")
    per = took.held / took.records
    row("index in memory, each process", f"100 M x {per:.0f} bytes", f"{most * per / 1e9:.1f} GB")
    start = f"{times:.0f} x {took.wall:.1f} s", f"{times * took.wall:.0f} s"
    row(f"start, on {cores} cores that the server shares", *start)
    row("search of the index, one thread", f"{times:.0f} x {search:.1f} ms", f"{times * search:.0f} ms")
    row("`check` of a new picture", f"that + {spare:.0f} ms", f"{times * search + spare:.0f} ms")


def starts(sizes: Sequence[int]) -> None:
    """Fill with any codes, measure only how an index is filled, and print."""
    with Cluster(settings=_SETTINGS) as cluster, closing(PostgresStore(cluster.url())) as store:
        for size in sizes:
            fill(store, cluster.url(), (), size)
            list(_told_start(cluster.url(), size, (0, 1, 2, 4, 8)))
            print(f"load: {os.getloadavg()[0]:.1f}")


OPTIONS = (
    option("sizes", [1_000_000, 10_000_000], type=int, nargs="*", metavar="SIZE"),
    option("--start", False, help="only how an index is filled, with any codes"),
    option("--real", 1000, metavar="N"),
)


def main(args: argparse.Namespace) -> None:
    """Fill, measure at each size, and print."""
    if args.start:
        starts(args.sizes)
        return
    sizes: Sequence[int] = args.sizes
    cv2.setNumThreads(1)
    data = wanted_data()
    pictures = [path.read_bytes() for path in photos(data)[3::17][: 2 * _UPLOADS]]
    kept, new = pictures[:_UPLOADS], pictures[_UPLOADS:]
    with Cluster(settings=_SETTINGS) as cluster:
        url = cluster.url()
        store = Lent(url)
        with Gate(store, workers=InProcess()) as gate:
            records = real_records(gate, data, args.real)
            for number, one in enumerate(kept):
                gate.admit(one, f"kept/{number}")
        Lent.proxies = tuple(one.proxy for one in records)
        proxy = float(np.mean([len(one) for one in Lent.proxies]))
        found, disk, took = {}, {}, Started(0, 0, 0, 0, 1)
        for size in sizes:
            begin = time.monotonic()
            fill(store, url, records, size)
            print(f"\nfilled to {_big(size)} in {time.monotonic() - begin:.0f} s", flush=True)
            disk[size] = _sizes(url)
            ways = (0, 1, 2, 4, 8) if size == sizes[0] else (1, 2, 4)
            took = min(list(_told_start(url, size, ways))[1:])
            found[size] = _latencies(store, size, kept, new)
        _told(found, disk)
        _reckoned(sizes[-1], sum(disk[sizes[-1]].values()), proxy, took, found[sizes[-1]])
        store.close()
