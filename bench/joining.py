"""Time and memory of joining codes, and what bands and tables find of real copies, as Markdown tables.

    python -m bench joining [--codes N ...] [--originals N] [--distractors N] [--keep FILE]

Times are the least of three, of one thread, of codes by chance and queries among which one in ten has a code near; the
forms are those of cosine terms by chance. Copies are made of photographs of SAMEPIC_BENCH_DATA, one a family, as
bench.retrieval makes them; --keep names its file of fingerprints, which is written or read. Left out without pictures.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, data_folder, head, option, row
from bench.families import FAMILIES
from bench.retrieval import Scene, load_or_make, scene_of
from samepic import hamming
from samepic.fingerprints.pdq import dihedral
from samepic.native import native
from samepic.spark import joins
from samepic.spark.joins import CopyScan, CopyTables, JoinedPairs, PdqBands, PdqScan
from samepic.tuning.search import SEARCH

Uint8 = NDArray[np.uint8]
Made = TypeVar("Made")
_PLAIN = 10_000
"""Codes up to which NumPy alone is measured."""

_SCANNED = 1_000_000
"""Codes up to which all of them are looked at."""

_TERMS = (3.0, 40.0)
"""Deviations of the mean of a picture's cosine terms from 0, and of the terms from it."""


def made(n: int, queries: int) -> tuple[Uint8, Uint8]:
    """Return codes by chance, (n, 32), and the eight forms of queries, (queries, 256)."""
    chance = np.random.default_rng([SEED, n])
    codes = chance.integers(0, 256, (n, 32), dtype=np.uint8)
    means = chance.normal(0, _TERMS[0], queries)
    terms = [chance.normal(mean, _TERMS[1], (16, 16)).astype(np.float32) for mean in means]
    forms = np.stack([dihedral(one).reshape(-1) for one in terms])
    for at in range(0, queries, 10):
        bits = np.unpackbits(forms[at].reshape(8, 32)[at % 8])
        bits[chance.choice(256, at % SEARCH.radius, replace=False)] ^= 1
        codes[chance.integers(n)] = np.packbits(bits)
    return codes, forms


def least(call: Callable[[], JoinedPairs], times: int = 3) -> float:
    """Return the seconds of CPU time of the fastest of so many calls."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken)


def result(name: str, n: int, seconds: float, *, built: float, size: float) -> None:
    """Print a row of the table: `seconds` a query among `n` codes, `size` bytes a code."""
    row(f"{n:,}", name, f"{built:.2f}", f"{size:.0f}", f"{seconds * 1e6:,.0f}", f"{seconds / n * 1e9:.2f}")


def speed(n: int) -> None:
    """Print the rows of the table for `n` codes."""
    queries = min(2000, max(200, 200_000_000 // n))
    codes, forms = made(n, queries)
    upright = np.ascontiguousarray(forms[:, :32])
    k, far, near = SEARCH.copy_nearest, SEARCH.copy_radius, SEARCH.band_radius
    if n <= _SCANNED:
        scan, built = timed(lambda: PdqScan(codes))
        for radius in (near, SEARCH.radius):
            seconds = least(partial(scan.within, forms, radius)) / queries
            result(f"PdqScan {radius}", n, seconds, built=built, size=40)
        copies, built = timed(lambda: CopyScan(codes))
        seconds = least(lambda: copies.nearest(upright, k, far)) / queries
        result(f"CopyScan {k}, {far}", n, seconds, built=built, size=40)
    if n <= _PLAIN:
        with patch.object(joins, "native", None), patch.object(hamming, "native", None):
            seconds = least(lambda: scan.within(forms[:50], SEARCH.radius)) / 50
            result(f"PdqScan {SEARCH.radius}, NumPy", n, seconds, built=0, size=40)
            seconds = least(lambda: copies.nearest(upright[:50], k, far)) / 50
            result(f"CopyScan {k}, {far}, NumPy", n, seconds, built=0, size=40)
    index, built = timed(lambda: PdqBands(codes))
    seconds, size = least(partial(index.within, forms, near)) / queries, index.nbytes / n
    result(f"PdqBands {near}", n, seconds, built=built, size=size)
    if n <= _PLAIN:
        with patch.object(joins, "native", None):
            seconds = least(partial(index.within, forms[:50], near)) / 50
            result(f"PdqBands {near}, NumPy", n, seconds, built=0, size=size)
    del index
    tables, built = timed(lambda: CopyTables(codes))
    seconds, size = least(lambda: tables.nearest(upright, k, far)) / queries, tables.nbytes / n
    result(f"CopyTables {k}, {far}", n, seconds, built=built, size=size)


def timed(make: Callable[[], Made]) -> tuple[Made, float]:
    """Return what is made and the seconds of CPU time that it took."""
    start = time.process_time()
    thing = make()
    return thing, time.process_time() - start


def recall(found: Scene) -> None:
    """Print what of the copies each way finds."""
    copies = [query for query in found.queries if query.made.copycode]
    own = np.array([found.names.index(query.original) for query in copies])
    stored = np.frombuffer(b"".join(one.copycode for one in found.prints), np.uint8).reshape(-1, 32)
    asked = np.frombuffer(b"".join(query.made.copycode for query in copies), np.uint8).reshape(-1, 32)
    k, far = SEARCH.copy_nearest, SEARCH.copy_radius
    bits = np.bitwise_count(stored[own] ^ asked).sum(axis=1)
    scanned = hits(CopyScan(stored).nearest(asked, k, far), own)
    ways = [(count, width, 2) for width in (16, 18, 20, 22) for count in (8, 16, 32)]
    print(f"\n{len(copies)} copies of {len(set(own))} originals among {len(stored)} pictures.\n")
    tops = (20, 40, 60, 80, far)
    head("tables, bits of each", "looked at", "of what CopyScan finds", *(f"<= {top}" for top in tops))
    parts = [scanned & (bits <= top) & (bits > low) for low, top in zip((-1, *tops), tops, strict=False)]
    row("CopyScan, copies", "100 %", scanned.sum(), *(part.sum() for part in parts))
    for count, width, flips in ways:
        tables = CopyTables(stored, count, width, flips)
        there = hits(tables.nearest(asked, k, far), own)
        shares = [100 * there[part].mean() if part.any() else np.nan for part in (scanned, *parts)]
        name = f"{count}, {width}" + (" (SEARCH)" if (count, width) == _CHOSEN else "")
        row(name, f"{looked_at(count, width, flips):.2f} %", *(f"{share:.1f}" for share in shares))


_CHOSEN = (SEARCH.table_count, SEARCH.table_width)


def looked_at(count: int, width: int, flips: int) -> float:
    """Return what share of codes by chance is looked at, in per cent."""
    probes = sum(math.comb(width, n) for n in range(flips + 1))
    return float(100 * count * probes / 2**width)


def hits(pairs: JoinedPairs, own: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of which queries the own original is among what was found."""
    there = np.zeros(len(own), bool)
    there[pairs.queries[pairs.rows == own[pairs.queries]]] = True
    return there


def split(found: Scene) -> None:
    """Print how the copies split by PDQ distance, and how many of each part the copy code finds."""
    strong = [query for query in found.queries if not query.made.is_weak]
    own = np.array([found.names.index(query.original) for query in strong])
    kept = [not found.prints[at].is_weak for at in own]
    strong, own = [query for query, keep in zip(strong, kept, strict=True) if keep], own[kept]
    stored = np.frombuffer(b"".join(one.pdq for one in found.prints), np.uint8).reshape(-1, 32)
    forms = np.frombuffer(b"".join(query.made.pdq_forms for query in strong), np.uint8).reshape(-1, 8, 32)
    bits = np.bitwise_count(stored[own][:, None] ^ forms).sum(axis=2).min(axis=1)
    codes = np.frombuffer(b"".join(one.copycode for one in found.prints), np.uint8).reshape(-1, 32)
    asked = np.frombuffer(b"".join(query.made.copycode for query in strong), np.uint8).reshape(-1, 32)
    copy = hits(CopyScan(codes).nearest(asked, SEARCH.copy_nearest, SEARCH.copy_radius), own)
    print()
    head("PDQ distance of a copy", "copies", "share", "found by the copy code")
    near, far = SEARCH.band_radius, SEARCH.radius
    parts = {
        f"<= {near}": bits <= near,
        f"{near + 1} to {far}": (bits > near) & (bits <= far),
        f"> {far}": bits > far,
    }
    for name, mask in parts.items():
        row(name, mask.sum(), f"{100 * mask.mean():.1f} %", f"{100 * copy[mask].mean():.1f} %")
    either = copy | (bits <= near), copy | (bits <= far)
    print(f"\nCopy code or PDQ within {near}: {100 * either[0].mean():.2f} %;", end=" ")
    print(f"or within {far}: {100 * either[1].mean():.2f} %")


OPTIONS = (
    option("--codes", [10_000, 100_000, 1_000_000, 4_000_000], type=int, nargs="*"),
    option("--originals", 20),
    option("--distractors", 3000),
    option("--keep", type=Path, help="write the fingerprints here, or read them"),
)


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"native part: {'built' if native else 'absent'}\n")
    head("codes", "", "built, s", "bytes a code", "us a query", "ns a pair")
    for n in args.codes:
        speed(n)
    data = data_folder()
    if data is None or not args.originals:
        return
    cv2.setNumThreads(1)
    found = load_or_make(args.keep, lambda: scene_of(data, args.originals, [*FAMILIES], args.distractors))
    recall(found)
    split(found)
