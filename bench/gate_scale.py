"""What the gate costs as its store grows: CPU of a check, start, memory and disk, from 10 000 to a million records.

python -m bench gate_scale [MOST] [REAL] [--keep FILE]   # default 1000000 records, 5000 of them real

Real fingerprints come from the folder of pictures, and where these are too few from quarters of them, cut out and saved
again; the others are drawn to their distribution (signs of normal values with the covariance of the real ones). With
--keep the real records are kept in a store of their own, where a second run finds them; it belongs to one version of
the fingerprints. Drawn ones take a real proxy when they are looked at, but none on disk: what a
proxy takes is told. Uploads are photographs at 12 megapixels with grain, JPEG quality 90: half of them new, half saved
again from kept ones.
The CPU of a check is held against that of libjpeg-turbo's decode at 1/8 in gray, of the same uploads in the same run.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from bench.common import SEED, encoded, head, option, rgb_of, row, wanted_data
from samepic.errors import SamepicError
from samepic.gate.admission import Admission
from samepic.gate.gate import Gate
from samepic.sandbox.decode import InProcess
from samepic.store.opening import open_store
from samepic.store.records import Record, State
from samepic.store.sqlite import SqliteStore

_STEPS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
_UPLOADS = 24
_BATCH = 10_000
_QUARTER = "#"
_FOLDERS = ("photos", "sameplace", "screens", "clipart", "uipages")
_STARTED = """
import json, resource, sys, time
from samepic.sandbox.decode import InProcess
from samepic.gate.gate import Gate
def held():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
before, wall, cpu = held(), time.perf_counter(), time.process_time()
gate = Gate(sys.argv[1], workers=InProcess())
gate.warm()
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, held() - before, gate.status()["indexed"]]))
gate.close()
"""


def real_records(gate: Gate, data: Path, most: int) -> list[Record]:
    """Return records of up to `most` real pictures; where there are fewer files, quarters of them follow."""
    listed = [path for name in _FOLDERS for path in sorted((data / name).rglob("*")) if path.is_file()]
    uploaded = set(_sources(data))
    files = [path for path in listed if path not in uploaded]
    made: list[Record] = []
    for path in files:
        if len(made) < most:
            made += _records(gate, path.read_bytes(), str(path.relative_to(data)))
    for path in files:
        if len(made) < most:
            for number, quarter in enumerate(_quarters(path)):
                made += _records(gate, quarter, f"{path.relative_to(data)}{_QUARTER}{number}")
    return made[:most]


def _quarters(path: Path) -> list[bytes]:
    """Return the four quarters of a picture, each as a JPEG; none where it cannot be opened."""
    try:
        whole = rgb_of(path)
    except (OSError, ValueError):
        return []
    width, height = whole.width // 2, whole.height // 2
    corners = [(number % 2 * whole.width // 2, number // 2 * whole.height // 2) for number in range(4)]
    return [encoded(whole.crop((x, y, x + width, y + height)), quality=90) for x, y in corners]


def kept_records(gate: Gate, data: Path, first: Sequence[bytes], most: int, keep: Path) -> list[Record]:
    """Return `most` real records, beginning with those of the pictures `first`; made once, and then found in `keep`."""
    with closing(open_store(str(keep))) as store:
        if not store.counts("")[State.PENDING]:
            made = [one for n, upload in enumerate(first) for one in _records(gate, upload, f"large/{n}")]
            for record in made + real_records(gate, data, most - len(made)):
                store.put_pending(record, 0.0)
        found = store.fetch("", range(1, most + 1))
    if len(found) < most:
        print(f"wanted {most} real records, got {len(found)}: more are not to be had, or {keep} holds fewer")
    return found


def _records(gate: Gate, data: bytes, key: str) -> list[Record]:
    try:
        prover, _ = Admission(gate._context, key, gate._read(data), gate.policy)._prepared()
    except SamepicError:
        return []
    return [prover.record]


def drawn_codes(codes: list[bytes], count: int, seed: int) -> NDArray[np.uint8]:
    """Return (count, 32) codes whose bits have the means and the correlations of `codes`."""
    random = np.random.default_rng(seed)
    bits = np.unpackbits(np.frombuffer(b"".join(codes), np.uint8).reshape(-1, 32), axis=1)
    signs = bits * 2.0 - 1
    centred = signs - signs.mean(axis=0)
    # The sine of Van Vleck: the correlation of normal values from that of their signs.
    covariance = np.sin(np.pi / 2 * np.clip(centred.T @ centred / len(bits), -1, 1))
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 1e-3))).astype(np.float32)
    mean = signs.mean(axis=0).astype(np.float32) * np.float32(1.25)
    out = np.empty((count, 32), np.uint8)
    for start in range(0, count, 50_000):
        size = min(50_000, count - start)
        normal = random.standard_normal((size, 256), np.float32) @ root.T + mean
        out[start : start + size] = np.packbits(normal > 0, axis=1)
    return out


class Lent(SqliteStore):
    """A store whose drawn records show a real proxy when they are looked at."""

    proxies: tuple[bytes, ...] = ()

    def fetch(self, tenant: str, numbers: Sequence[int]) -> list[Record]:
        """Return the records with these numbers."""
        found = super().fetch(tenant, numbers)
        return [one if one.proxy else replace(one, proxy=self._lent(one.number)) for one in found]

    def _lent(self, number: int) -> bytes:
        return self.proxies[number % len(self.proxies)]


class Filled:
    """A SQLite store that is filled step by step, by SQL, many records at a time."""

    def __init__(self, path: Path, records: list[Record]) -> None:
        self.path, self.real, self.size = path, records, 0
        codes = [record for record in records if not record.is_weak]
        self._pdq = [record.pdq for record in codes]
        self._copies = [record.copycode for record in codes]

    def grow(self, size: int) -> None:
        """Add records until there are `size`."""
        database = sqlite3.connect(self.path)
        database.execute("PRAGMA synchronous = OFF")
        while self.size < size:
            count = min(_BATCH, size - self.size)
            self._add(database, self._batch(count))
            self.size += count
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def _batch(self, count: int) -> list[Record]:
        real = self.real[self.size : self.size + count]
        left = count - len(real)
        pdq = drawn_codes(self._pdq, left, SEED + self.size)
        copies = drawn_codes(self._copies, left, SEED + self.size + 1)
        like = self.real[0]
        return real + [
            replace(
                like,
                key=f"drawn/{self.size + n}",
                sha256=f"{self.size + n:064x}",
                coded_digest=f"{self.size + n + (1 << 200):064x}",
                pdq=pdq[n].tobytes(),
                copycode=copies[n].tobytes(),
                proxy=b"",
            )
            for n in range(left)
        ]

    def _add(self, database: sqlite3.Connection, records: list[Record]) -> None:
        first = self.size + 1
        pictures, codes, proxies = [], [], []
        for number, one in enumerate(records, first):
            digests = (
                bytes.fromhex(one.identity),
                bytes.fromhex(one.sha256),
                bytes.fromhex(one.coded_digest),
            )
            size = (
                one.width,
                one.height,
                one.frames,
                one.size,
                one.metadata,
                one.jpeg_quality,
                one.grade,
                one.unresolved,
            )
            pictures.append((number, one.tenant, one.key, "accepted", 0.0, 0.0, *digests, one.format, *size))
            codes.append((one.tenant, number, one.pdq, one.copycode, one.quality, one.detail))
            proxies.append((number, one.proxy, "{}", "[]"))
        with database:
            database.executemany(f"INSERT INTO pictures VALUES ({', '.join('?' * 18)})", pictures)
            database.executemany("INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?)", codes)
            database.executemany("INSERT INTO proxies VALUES (?, ?, ?, ?)", proxies)


def _sources(data: Path) -> list[Path]:
    """Return the photographs that are uploaded."""
    return sorted((data / "photos").rglob("*.jpg"))[::7][:_UPLOADS]


def uploads_of(data: Path) -> tuple[list[bytes], list[bytes]]:
    """Return photographs at 12 megapixels, as first uploaded, and the same saved again."""
    random = np.random.default_rng(SEED)
    first: list[bytes] = []
    again: list[bytes] = []
    for path in _sources(data):
        image = rgb_of(path)
        size = (4000, 3000) if image.width >= image.height else (3000, 4000)
        large = image.resize(size, Image.Resampling.LANCZOS)
        grain = random.normal(0, 5, (large.height, large.width, 1))
        grainy = Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8))
        first.append(encoded(grainy, quality=95))
        again.append(encoded(grainy, quality=90))
    return first, again


def _cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _floor(data: bytes) -> None:
    simplejpeg.decode_jpeg(data, "GRAY", min_height=375, min_width=375, min_factor=1)


def _step(path: Path, size: int, uploads: list[bytes], rounds: int) -> None:
    started = subprocess.run(
        [sys.executable, "-c", _STARTED, str(path)], capture_output=True, text=True, check=True
    )
    wall, cpu, held, indexed = json.loads(started.stdout)
    checks, floors, outcomes = [], [], dict[str, int]()
    with Gate(Lent(str(path)), workers=InProcess()) as gate:
        gate.check(uploads[0])
        for _ in range(rounds):
            for upload in uploads:
                floors.append(_cpu(lambda upload=upload: _floor(upload)))  # type: ignore[misc]
                begin = time.process_time()
                decision = gate.check(upload)
                checks.append(time.process_time() - begin)
                outcomes[decision.outcome] = outcomes.get(decision.outcome, 0) + 1
    floor = float(np.median(floors))
    ratios = np.array(checks) / floor
    disk = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    ends = [f"{value:.2f}" for value in (np.median(ratios), np.quantile(ratios, 0.99), ratios.max())]
    result = [
        size,
        f"{1000 * floor:.1f}",
        f"{1000 * np.median(checks):.1f}",
        *ends,
        f"{cpu:.2f}",
        f"{wall:.2f}",
    ]
    row(*result, f"{held / max(1, indexed):.0f}", f"{disk / 2**20:.0f}", json.dumps(outcomes))


OPTIONS = (
    option("most", 1_000_000, nargs="?", metavar="MOST"),
    option("real", 5000, nargs="?", metavar="REAL"),
    option("--keep", type=Path, metavar="FILE"),
)


def main(args: argparse.Namespace) -> None:
    """Fill, measure at each size, print a row each."""
    cv2.setNumThreads(1)
    data = wanted_data()
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "uploads.db"
        first, again = uploads_of(data)
        with Gate(path, workers=InProcess()) as gate:
            begin = time.process_time()
            records = kept_records(gate, data, first[::2], args.real, args.keep or Path(made) / "real.db")
            took = time.process_time() - begin
        quarters, proxy = (
            sum(_QUARTER in record.key for record in records),
            np.mean([len(r.proxy) for r in records]),
        )
        print(
            f"{len(records)} real records ({quarters} of them of quarters of pictures) in {took:.0f} s of CPU"
        )
        print(
            f"proxies of {proxy:.0f} bytes, uploads of {np.mean([len(u) for u in again]) / 1e6:.1f} MB in the mean\n"
        )
        ratios = ("median ratio", "99th percentile", "largest")
        more = ("start, CPU s", "start, wall s", "bytes a record", "disk MB", "outcomes")
        head("records", "floor ms", "check ms", *ratios, *more)
        filled, Lent.proxies = Filled(path, records), tuple(record.proxy for record in records)
        for size in (step for step in _STEPS if step <= args.most):
            filled.grow(size)
            _step(path, size, again, 4 if size == args.most else 2)
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
