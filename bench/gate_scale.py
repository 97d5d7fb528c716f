"""What the gate costs as its store grows: CPU of a check, start, memory and disk, from 10 000 to a million records.

    python -m bench gate_scale [--most N] [--real N]

Real fingerprints come from the folder of pictures, and where these are too few from quarters of them, cut out and saved
again; the others are drawn to their distribution (signs of normal values with the covariance of the real ones). Drawn
ones take a real proxy when they are looked at, but none on disk: what a proxy takes is printed. Uploads are photographs
at 12 megapixels with grain, JPEG quality 90: half of them new, half saved again from kept ones. The CPU of a check is
held against that of libjpeg-turbo's decode at 1/8 in gray, of the same uploads in the same run.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from bench.common import SEED, counted, encoded, head, in_turns, option, rgb_of, row, wanted_data
from samepic.errors import SamepicError
from samepic.gate.admission import Admission
from samepic.gate.gate import Gate
from samepic.sandbox.pool import InProcess
from samepic.store.records import Record
from samepic.store.sqlite import SqliteStore

_STEPS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
_UPLOADS = 24
_BATCH = 10_000
_QUARTER = "#"
_FOLDERS = ("photos", "sameplace", "screens", "clipart", "uipages")
_STARTED = """
import json, resource, sys, time
from samepic.sandbox.pool import InProcess
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


class _Lent(SqliteStore):
    """A store whose drawn records show a real proxy when they are looked at."""

    proxies: tuple[bytes, ...] = ()

    def fetch(self, tenant: str, numbers: Sequence[int]) -> list[Record]:
        found = super().fetch(tenant, numbers)
        lent = self.proxies
        return [one if one.proxy else replace(one, proxy=lent[one.number % len(lent)]) for one in found]


class _Filled:
    """A SQLite store that is filled step by step, by SQL, many records at a time."""

    def __init__(self, path: Path, records: list[Record]) -> None:
        self.path, self.real, self.size = path, records, 0
        strong = [record for record in records if not record.is_weak]
        self._codes = [[one.pdq for one in strong], [one.copycode for one in strong]]

    def grow(self, size: int) -> None:
        """Add records until there are `size`."""
        database = sqlite3.connect(self.path)
        database.execute("PRAGMA synchronous = OFF")
        while self.size < size:
            records = self._batch(min(_BATCH, size - self.size))
            self._add(database, records)
            self.size += len(records)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def _batch(self, count: int) -> list[Record]:
        real = self.real[self.size : self.size + count]
        left, first = count - len(real), self.size
        pdq, copies = (drawn_codes(codes, left, SEED + first + at) for at, codes in enumerate(self._codes))
        like, made = replace(self.real[0], proxy=b""), []
        for number, one, two in zip(range(first, first + left), pdq, copies, strict=True):
            drawn = replace(like, key=f"drawn/{number}", pdq=one.tobytes(), copycode=two.tobytes())
            made.append(replace(drawn, sha256=f"{number:064x}", coded_digest=f"{number + (1 << 200):064x}"))
        return real + made

    def _add(self, database: sqlite3.Connection, records: list[Record]) -> None:
        pictures, codes, proxies = [], [], []
        for number, one in enumerate(records, self.size + 1):
            digests = map(bytes.fromhex, (one.identity, one.sha256, one.coded_digest))
            size = one.width, one.height, one.frames, one.size, one.metadata
            state = (number, one.tenant, one.key, "accepted", 0.0, 0.0)
            pictures.append(
                (*state, *digests, one.format, *size, one.jpeg_quality, one.grade, one.unresolved)
            )
            codes.append((one.tenant, number, one.pdq, one.copycode, one.quality, one.detail))
            proxies.append((number, one.proxy, "{}", "[]"))
        with database:
            for table, rows in (("pictures", pictures), ("codes", codes), ("proxies", proxies)):
                marks = ", ".join("?" * len(rows[0]))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


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


def _step(path: Path, size: int, uploads: list[bytes], rounds: int) -> None:
    command = [sys.executable, "-c", _STARTED, str(path)]
    started = subprocess.run(command, capture_output=True, text=True, check=True)
    wall, cpu, held, indexed = json.loads(started.stdout)
    checks, floors, outcomes = list[float](), list[float](), list[str]()
    with Gate(_Lent(str(path)), workers=InProcess()) as gate:
        ways = {
            "floor": lambda data: simplejpeg.decode_jpeg(
                data, "GRAY", min_height=375, min_width=375, min_factor=1
            ),
            "check": lambda data: outcomes.append(str(gate.check(data).outcome)),
        }
        gate.check(uploads[0])
        for _ in range(rounds):
            for upload in uploads:
                taken = in_turns(ways, 1, upload)
                floors += taken["floor"]
                checks += taken["check"]
    floor = float(np.median(floors))
    ratios = np.array(checks) / floor
    ends = [f"{value:.2f}" for value in (np.median(ratios), np.quantile(ratios, 0.99), ratios.max())]
    disk = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    start = f"{cpu:.2f}", f"{wall:.2f}", f"{held / max(1, indexed):.0f}", f"{disk / 2**20:.0f}"
    row(size, f"{floor:.1f}", f"{np.median(checks):.1f}", *ends, *start, counted(outcomes))


OPTIONS = (option("--most", 1_000_000), option("--real", 5000))


def main(args: argparse.Namespace) -> None:
    """Fill, measure at each size, print a row each."""
    cv2.setNumThreads(1)
    data = wanted_data()
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "uploads.db"
        first, again = uploads_of(data)
        with Gate(path, workers=InProcess()) as gate:
            records = [
                one for n, upload in enumerate(first[::2]) for one in _records(gate, upload, f"large/{n}")
            ]
            records += real_records(gate, data, args.real - len(records))
        quarters = sum(_QUARTER in record.key for record in records)
        print(f"{len(records)} real records ({quarters} of them of quarters of pictures)")
        sizes = np.mean([len(one.proxy) for one in records]), np.mean([len(one) for one in again]) / 1e6
        print(f"proxies of {sizes[0]:.0f} bytes, uploads of {sizes[1]:.1f} MB in the mean\n")
        ratios = ("median ratio", "99th percentile", "largest")
        more = ("start, CPU s", "start, wall s", "bytes a record", "disk MB", "outcomes")
        head("records", "floor ms", "check ms", *ratios, *more)
        filled, _Lent.proxies = _Filled(path, records), tuple(record.proxy for record in records)
        for size in sorted({*(step for step in _STEPS if step < args.most), args.most}):
            filled.grow(size)
            _step(path, size, again, 4 if size == args.most else 2)
