"""Time and memory of joining codes, and what bands and tables find of real copies, as Markdown tables.

    python -m bench.joining [--codes N ...] [--originals N] [--distractors N] [--keep FILE]

Times are the least of three, of one thread, of codes by chance and queries among which one in ten has a code near; the
forms are those of cosine terms by chance. Copies are made of photographs of SAMEPIC_BENCH_DATA, one a family, as
bench.retrieval makes them; --keep names its file of fingerprints, which is written or read. Left out without pictures.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray

import samepic
from bench.common import SEED, data_folder, header, photos
from bench.families import FAMILIES, level_of
from bench.retrieval import Query, Scene, chosen
from bench.sources import copy_name, named_bytes, pixels_of
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
    for row in range(0, queries, 10):
        bits = np.unpackbits(forms[row].reshape(8, 32)[row % 8])
        bits[chance.choice(256, row % SEARCH.radius, replace=False)] ^= 1
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


def row(name: str, n: int, seconds: float, *, built: float, size: float) -> None:
    """Print a row of the table: `seconds` a query among `n` codes, `size` bytes a code."""
    each = f"{seconds * 1e6:,.0f} | {seconds / n * 1e9:.2f}"
    print(f"| {n:,} | {name} | {built:.2f} | {size:.0f} | {each} |", flush=True)


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
            row(f"PdqScan {radius}", n, seconds, built=built, size=40)
        copies, built = timed(lambda: CopyScan(codes))
        seconds = least(lambda: copies.nearest(upright, k, far)) / queries
        row(f"CopyScan {k}, {far}", n, seconds, built=built, size=40)
    if n <= _PLAIN:
        with patch.object(joins, "native", None), patch.object(hamming, "native", None):
            seconds = least(lambda: scan.within(forms[:50], SEARCH.radius)) / 50
            row(f"PdqScan {SEARCH.radius}, NumPy", n, seconds, built=0, size=40)
            seconds = least(lambda: copies.nearest(upright[:50], k, far)) / 50
            row(f"CopyScan {k}, {far}, NumPy", n, seconds, built=0, size=40)
    index, built = timed(lambda: PdqBands(codes))
    seconds, size = least(partial(index.within, forms, near)) / queries, index.nbytes / n
    row(f"PdqBands {near}", n, seconds, built=built, size=size)
    if n <= _PLAIN:
        with patch.object(joins, "native", None):
            seconds = least(partial(index.within, forms[:50], near)) / 50
            row(f"PdqBands {near}, NumPy", n, seconds, built=0, size=size)
    del index
    tables, built = timed(lambda: CopyTables(codes))
    seconds, size = least(lambda: tables.nearest(upright, k, far)) / queries, tables.nbytes / n
    row(f"CopyTables {k}, {far}", n, seconds, built=built, size=size)


def timed(make: Callable[[], Made]) -> tuple[Made, float]:
    """Return what is made and the seconds of CPU time that it took."""
    start = time.process_time()
    thing = make()
    return thing, time.process_time() - start


def pictures(data: Path, picked: list[str], most: int) -> Iterator[tuple[str, Path | Uint8]]:
    """Yield names and pictures: the originals, and `most` others, photographs and the quarters of them."""
    yield from ((name, data / name) for name in picked)
    left = most
    for path in photos(data):
        name = path.relative_to(data).as_posix()
        if name in picked:
            continue
        rgb = pixels_of(name)
        height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
        corners = [(y, x) for y in (0, height) for x in (0, width)]
        quarters = [np.ascontiguousarray(rgb[y : y + height, x : x + width]) for y, x in corners]
        shown: list[Path | Uint8] = [path, *quarters]
        for number, picture in enumerate(shown):
            if left == 0:
                return
            left -= 1
            yield f"{name} {number}", picture


def scene(data: Path, originals: int, distractors: int) -> Scene:
    """Make the copies and fingerprint everything."""
    found, picked = Scene(), chosen(data, originals)
    for name, picture in pictures(data, picked, distractors):
        found.names.append(name)
        found.prints.append(samepic.fingerprint(picture, copycode=True))
    for path in picked:
        for family in FAMILIES:
            level = level_of(family, np.random.default_rng([SEED, zlib.crc32(f"{family} {path}".encode())]))
            name = copy_name(family, level, 0, path)
            copy = samepic.fingerprint(named_bytes(name), copycode=True)
            found.queries.append(Query(family, level, path, copy, name))
    return found


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
    heads = " | ".join(f"<= {top}" for top in tops)
    print(f"| tables, bits of each | looked at | of what CopyScan finds | {heads} |")
    print("|---|---|---|" + "---|" * len(tops))
    rows = [scanned & (bits <= top) & (bits > low) for low, top in zip((-1, *tops), tops, strict=False)]
    print(
        f"| CopyScan, copies | 100 % | {scanned.sum()} | " + " | ".join(str(row.sum()) for row in rows) + " |"
    )
    for count, width, flips in ways:
        tables = CopyTables(stored, count, width, flips)
        there = hits(tables.nearest(asked, k, far), own)
        shares = [100 * there[row].mean() if row.any() else np.nan for row in (scanned, *rows)]
        name = f"{count}, {width}" + (" (SEARCH)" if (count, width) == _CHOSEN else "")
        print(
            f"| {name} | {looked_at(count, width, flips):.2f} % | "
            + " | ".join(f"{x:.1f}" for x in shares)
            + " |"
        )


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
    kept = [not found.prints[row].is_weak for row in own]
    strong, own = [query for query, keep in zip(strong, kept, strict=True) if keep], own[kept]
    stored = np.frombuffer(b"".join(one.pdq for one in found.prints), np.uint8).reshape(-1, 32)
    forms = np.frombuffer(b"".join(query.made.pdq_forms for query in strong), np.uint8).reshape(-1, 8, 32)
    bits = np.bitwise_count(stored[own][:, None] ^ forms).sum(axis=2).min(axis=1)
    codes = np.frombuffer(b"".join(one.copycode for one in found.prints), np.uint8).reshape(-1, 32)
    asked = np.frombuffer(b"".join(query.made.copycode for query in strong), np.uint8).reshape(-1, 32)
    copy = hits(CopyScan(codes).nearest(asked, SEARCH.copy_nearest, SEARCH.copy_radius), own)
    print("\n| PDQ distance of a copy | copies | share | found by the copy code |\n|---|---|---|---|")
    near, far = SEARCH.band_radius, SEARCH.radius
    parts = {
        f"<= {near}": bits <= near,
        f"{near + 1} to {far}": (bits > near) & (bits <= far),
        f"> {far}": bits > far,
    }
    for name, mask in parts.items():
        print(f"| {name} | {mask.sum()} | {100 * mask.mean():.1f} % | {100 * copy[mask].mean():.1f} % |")
    either = copy | (bits <= near), copy | (bits <= far)
    print(f"\nCopy code or PDQ within {near}: {100 * either[0].mean():.2f} %;", end=" ")
    print(f"or within {far}: {100 * either[1].mean():.2f} %")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--codes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000, 4_000_000])
    parser.add_argument("--originals", type=int, default=20)
    parser.add_argument("--distractors", type=int, default=3000)
    parser.add_argument("--keep", type=Path, help="write the fingerprints here, or read them")
    options = parser.parse_args()
    print(f"{header()}\nnative part: {'built' if native else 'absent'}\n")
    print("| codes | | built, s | bytes a code | µs a query | ns a pair |\n|---|---|---|---|---|---|")
    for n in options.codes:
        speed(n)
    data = data_folder()
    if data is None or not options.originals:
        return 0
    cv2.setNumThreads(1)
    if options.keep is not None and options.keep.is_file():
        found = Scene.load(options.keep)
    else:
        found = scene(data, options.originals, options.distractors)
        if options.keep is not None:
            found.save(options.keep)
    recall(found)
    split(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
