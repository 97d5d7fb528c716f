"""Recall of the search for candidates: PDQ alone, the copy code alone, and both, by families of altered copies.

    python -m bench retrieval [--originals N] [--families a,b]

Of each of N photographs of the test half, one copy a family is made at one level drawn by chance, and searched for
among the originals, all other photographs, the quarters of those that no copy is made of, and all of sameplace/,
clipart/ and uipages/.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import samepic
from bench.common import head, option, photo_names, row, wanted_data
from bench.families import FAMILIES
from bench.sources import chosen, copy_by_chance, named_bytes, pixels_of
from samepic.fingerprints.copycode import PARTS
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.tuning.search import SEARCH

RANKS = (1, 10, 50)
_OTHERS = ("sameplace", "clipart", "uipages")

_TONE = (
    "gamma", "brightness", "contrast", "auto-level", "saturation", "hue", "temperature", "sepia", "grey",
    "photo filter",
)  # fmt: skip
NAMED: dict[str, tuple[float, tuple[str, ...]]] = {
    "crops to 50 %": (99, ("crop 90 %", "crop 70 %", "crop 50 %", "crop to aspect", "crop one side")),
    "crops to 25 and 35 %": (97, ("crop 35 %", "crop 25 %")),
    "captions, borders": (99, ("caption inside", "caption outside", "border", "letterbox")),
    "perspective": (99, ("perspective",)),
    "tone": (99, _TONE),
    "turns, mirrors": (98, ("quarter turns", "turned mirror", "mirror")),
    "stickers, text": (97, ("sticker", "text over", "logo")),
    "picture in picture": (80, ("picture in picture",)),
    "collage": (80, ("collage",)),
}
"""What is wanted: recall at 10, in per cent, and the families, or a family and a level."""


@dataclass(frozen=True)
class Query:
    """An altered copy: what was done, the path of its original, its fingerprint, and its name in bench.sources."""

    family: str
    level: str
    original: str
    made: Fingerprint
    name: str


@dataclass
class Scene:
    """What is searched for, and the pictures it is searched among: their names and fingerprints."""

    queries: list[Query] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    prints: list[Fingerprint] = field(default_factory=list)


class Codes:
    """Codes as rows of signs, so that one product gives all distances."""

    def __init__(self, codes: Sequence[bytes]) -> None:
        bits = np.unpackbits(np.frombuffer(b"".join(codes), np.uint8).reshape(len(codes), -1), axis=1)
        self.signs = bits.astype(np.float32) * 2 - 1

    def distances(self, others: Codes) -> NDArray[np.float32]:
        """Return the (n, m) distances in bits."""
        agreeing = np.asarray(self.signs @ others.signs.T, np.float32)
        return np.asarray(128 - agreeing / 2, np.float32)


def scene_of(data: Path, originals: int, families: Sequence[str]) -> Scene:
    """Make the copies and fingerprint everything."""
    scene, picked = Scene(), chosen(data, "test", originals)
    for number, (name, picture) in enumerate(_database(data, set(picked))):
        scene.names.append(name)
        scene.prints.append(samepic.fingerprint(picture, copycode=True))
        if number % 500 == 499:
            print(f"{number + 1} pictures, {time.process_time():.0f} s", file=sys.stderr)
    for path in picked:
        for name in (copy_by_chance(family, path) for family in families):
            family, level = name.removeprefix("copy:").split("|")[:2]
            made = samepic.fingerprint(named_bytes(name), copycode=True)
            scene.queries.append(Query(family, level, path, made, name))
    return scene


def _database(data: Path, picked: set[str]) -> Iterator[tuple[str, Path | NDArray[np.uint8]]]:
    for name in photo_names(data):
        yield name, data / name
        if name not in picked:
            rgb = pixels_of(name)
            height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
            for quarter in range(4):
                y, x = quarter // 2 * height, quarter % 2 * width
                yield f"{name} quarter {quarter}", np.ascontiguousarray(rgb[y : y + height, x : x + width])
    for folder in _OTHERS:
        for path in sorted((data / folder).rglob("*")):
            if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
                yield path.relative_to(data).as_posix(), path


def _ranks(distances: NDArray[np.float32], own: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the rank of each query's own original; what is as near as it goes before it."""
    mine = distances[np.arange(len(own)), own]
    return np.asarray((distances <= mine[:, None]).sum(axis=1), np.int64)


def _pdq_distances(scene: Scene) -> NDArray[np.float32]:
    """Return the least distances of the eight forms of each query; of weak codes, 256."""
    pictures = Codes([one.pdq for one in scene.prints])
    forms = [Codes([q.made.pdq_forms[32 * k : 32 * k + 32] for q in scene.queries]) for k in range(8)]
    least: NDArray[np.float32] = np.stack([form.distances(pictures) for form in forms]).min(axis=0)
    least[[q.made.is_weak for q in scene.queries]] = 256
    least[:, [one.is_weak for one in scene.prints]] = 256
    return least


@dataclass(frozen=True)
class Found:
    """Of each query: the rank of its own original by each code, by the nearest quarter and by the nearest inset,
    whether PDQ is within its radius, and the bits of the copy code.
    """

    pdq: NDArray[np.int64]
    copy: NDArray[np.int64]
    part: NDArray[np.int64]
    inset: NDArray[np.int64]
    within: NDArray[np.bool_]
    bits: NDArray[np.float32]

    def both(self, k: int) -> NDArray[np.bool_]:
        """Tell which are found by PDQ within its radius, by the copy code at k, by a quarter at part_nearest, or by an
        inset at inset_nearest.
        """
        parts = (self.part <= min(k, SEARCH.part_nearest)) | (self.inset <= min(k, SEARCH.inset_nearest))
        return np.asarray(self.within | (self.copy <= k) | parts)


def report(scene: Scene) -> bool:
    """Print recall by families and by what was wanted; tell whether all that was wanted is there."""
    pdq = _pdq_distances(scene)
    pictures = Codes([one.copycode for one in scene.prints])
    copy = Codes([q.made.copycode for q in scene.queries]).distances(pictures)
    parts = [
        Codes([q.made.quarter_codes[at] for q in scene.queries]).distances(pictures) for at in range(PARTS)
    ]
    of, inset = _inset_distances(scene, pictures)
    own = np.array([scene.names.index(q.original) for q in scene.queries])
    rows = np.arange(len(own))
    inset_ranks = np.full(len(own), len(scene.names), np.int64)
    np.minimum.at(inset_ranks, of, _ranks(inset, own[of]))
    found = Found(
        _ranks(pdq, own),
        _ranks(copy, own),
        np.stack([_ranks(part, own) for part in parts]).min(axis=0),
        inset_ranks,
        pdq[rows, own] <= SEARCH.radius,
        copy[rows, own],
    )
    print(f"{len(scene.queries)} copies of {len(set(own))} originals among {len(scene.names)} pictures\n")
    reached = _tables(scene, found)
    _candidates(pdq, (copy, parts, inset), of, own)
    return reached


def _inset_distances(scene: Scene, pictures: Codes) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return of which query each inset is, and its distances to all pictures."""
    pairs = [(row, code) for row, q in enumerate(scene.queries) for code in q.made.inset_codes]
    if not pairs:
        return np.empty(0, np.int64), np.empty((0, len(scene.names)), np.float32)
    return np.array([row for row, _ in pairs]), Codes([code for _, code in pairs]).distances(pictures)


def _tables(scene: Scene, found: Found) -> bool:
    families = np.array([q.family for q in scene.queries])
    levels = np.array([f"{q.family} {q.level}" for q in scene.queries])
    each = (f"within {SEARCH.radius}", "copy code 1, 10, 50", "all 1, 10, 50", "bits 50, 95 %")
    columns = ("copies", "PDQ 1, 10, 50", *each)
    head("", *columns)
    for name in [*dict.fromkeys(families), "all"]:
        _row(name, (families == name) | (name == "all"), found)
    print()
    head("wanted at 10", *columns)
    reached = True
    for name, (wanted, among) in NAMED.items():
        mask = np.isin(families, among) | np.isin(levels, among)
        if mask.any():
            reached &= _row(f"{name}, {wanted} %", mask, found) >= wanted
    return reached


def _row(name: str, mask: NDArray[np.bool_], found: Found) -> float:
    """Print the row of some queries; return the recall of all codes at 10, in per cent."""
    alone = [" ".join(f"{100 * np.mean(r[mask] <= k):.1f}" for k in RANKS) for r in (found.pdq, found.copy)]
    both = [100 * float(np.mean(found.both(k)[mask])) for k in RANKS]
    ends = " ".join(f"{value:.0f}" for value in np.percentile(found.bits[mask], (50, 95)))
    near, shown = 100 * float(found.within[mask].mean()), " ".join(f"{value:.1f}" for value in both)
    row(name, mask.sum(), alone[0], f"{near:.1f}", alone[1], shown, ends)
    return both[1]


Distances = NDArray[np.float32]


def _candidates(
    pdq: Distances,
    codes: tuple[Distances, list[Distances], Distances],
    of: NDArray[np.int64],
    own: NDArray[np.intp],
) -> None:
    """Print recall and candidates a query as `find` takes them; `of` says of which query each inset is."""
    copy, parts, inset = codes
    taken, rows = pdq <= SEARCH.radius, np.arange(len(own))
    _take(taken, rows, copy, SEARCH.copy_nearest, SEARCH.copy_radius)
    for part in parts:
        _take(taken, rows, part, SEARCH.part_nearest, SEARCH.part_radius)
    _take(taken, of, inset, SEARCH.inset_nearest, SEARCH.inset_radius)
    each = f"{taken.sum(axis=1).mean():.2f} candidates a query"
    print(f"\nas find takes candidates: {100 * taken[rows, own].mean():.2f} % found, {each}")


def _take(taken: NDArray[np.bool_], of: NDArray[np.int64], distances: Distances, k: int, radius: int) -> None:
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    inside = np.take_along_axis(distances, nearest, 1) <= radius
    rows = np.broadcast_to(of[:, None], nearest.shape)
    taken[rows[inside], nearest[inside]] = True


OPTIONS = (
    option("--originals", 150),
    option("--families", "", help="names with commas between; default all"),
)


def main(args: argparse.Namespace) -> int:
    """Measure and print; return 1 where something falls short of what was wanted."""
    cv2.setNumThreads(1)
    data, families = wanted_data(), [name for name in args.families.split(",") if name] or [*FAMILIES]
    return 0 if report(scene_of(data, args.originals, families)) else 1
