"""Pairs that must not be called the same, and a few look-alikes that are; each with its right relations.

Labels come from labels/sameplace.csv (which shots are of one subject) and labels/pairs.csv (pairs looked at one by
one). A label is one or more relations with "|" between; "skip" where nobody can tell. Receipts that look alike are two
papers of one shop, as far as the pictures alone show it.
"""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, photo_names, wanted_data
from bench.family_base import Box, Right
from bench.pairs import Twins
from bench.pictures import half_of, names_of, pixels_of, template_boxes

LABELS = Path(__file__).resolve().parent / "labels"
_APART = frozenset({"similar", "different"})
_BLANK = _APART | {"undecidable"}


@dataclass(frozen=True)
class Pair:
    """Two sources by name, the relations that are right, and the boxes in pixels of a that differ.

    `key_a` and `key_b` name the originals they come from, by which the data are split in halves.
    """

    kind: str
    a: str
    b: str
    expected: frozenset[str]
    key_a: str
    key_b: str
    boxes: tuple[Box, ...] = ()
    level: str = ""

    @property
    def half(self) -> str:
        """The half that both originals belong to: "test", "train", or "mixed"."""
        one, two = half_of(self.key_a), half_of(self.key_b)
        return one if one == two else "mixed"


def _rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a file of labels."""
    with (LABELS / name).open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def labelled_pairs() -> dict[frozenset[str], tuple[frozenset[str], tuple[Box, ...]]]:
    """Return the pairs that were looked at one by one: {two paths: (right relations, boxes)}."""
    found = {}
    for row in _rows("pairs.csv"):
        boxes: tuple[Box, ...] = ()
        if row["box"]:
            x, y, w, h = (int(n) for n in row["box"].split())
            boxes = ((x, y, w, h),)
        found[frozenset({row["a"], row["b"]})] = (frozenset(row["label"].split("|")), boxes)
    return found


def series_labels() -> dict[str, tuple[str, int, int, str]]:
    """Return {path: (series, position in it, reach, split)} of every shot below sameplace/.

    Two shots of one series at most `reach` positions apart are similar; farther apart they may be. `split` is what
    goes into one half of the data together.
    """
    found, counts = {}, Counter[str]()
    for row in _rows("sameplace.csv"):
        found[row["path"]] = (row["series"], counts[row["series"]], int(row["reach"]), row["split"])
        counts[row["series"]] += 1
    return found


def _file_pair(
    kind: str, a: str, b: str, expected: frozenset[str], keys: tuple[str, str] | None = None
) -> Pair:
    key_a, key_b = keys or (a, b)
    known = labelled_pairs().get(frozenset({a, b}))
    if known is None:
        return Pair(kind, f"file:{a}", f"file:{b}", expected, key_a, key_b)
    return Pair(kind, f"file:{a}", f"file:{b}", known[0], key_a, key_b, known[1], "looked at")


def _same_place() -> Iterator[Pair]:
    """All pairs inside each folder of sameplace/."""
    shots = series_labels()
    for a, b in combinations(sorted(shots), 2):
        if a.rpartition("/")[0] != b.rpartition("/")[0]:
            continue
        (one, at, reach, split_a), (two, there, _, split_b) = shots[a], shots[b]
        near = one == two and abs(at - there) <= reach
        expected = frozenset({"similar"}) if near else _APART if one == two else frozenset({"different"})
        place = a.rpartition("/")[0].removeprefix("sameplace/")
        yield _file_pair(f"place {place}", a, b, expected, (split_a, split_b))


def _all_pairs(folder: str) -> Iterator[Pair]:
    data = wanted_data()
    names = sorted(path.relative_to(data).as_posix() for path in (data / folder).glob("*.png"))
    for a, b in combinations(names, 2):
        blank = "gradient-" in a + b
        star = "/star_" in a and "/star_" in b
        yield _file_pair(folder, a, b, _BLANK if blank else _APART | {"edited"} if star else _APART)


def _orientation() -> Iterator[Pair]:
    names = [f"orientation/{kind}_{n}.jpg" for kind in ("landscape", "portrait") for n in range(1, 9)]
    for a, b in combinations(names, 2):
        yield _file_pair("orientation", a, b, _APART, ("orientation", "orientation"))


def _looked_at(taken: set[frozenset[str]]) -> Iterator[Pair]:
    """The pairs of labels/pairs.csv that no folder holds both of, screens above all."""
    for names, (expected, boxes) in sorted(labelled_pairs().items(), key=lambda item: sorted(item[0])):
        if names in taken:
            continue
        a, b = sorted(names)
        kind = "screens" if a.startswith("screens/") else "across places"
        key = a.rpartition("-")[0] or a
        yield Pair(kind, f"file:{a}", f"file:{b}", expected, key, key, boxes, "looked at")


def _made_pairs(kind: str, count: int, expected: frozenset[str]) -> Iterator[Pair]:
    names = [f"made:{kind}|{number}" for number in range(count)]
    for a, b in combinations(names, 2):
        yield Pair(kind, a, b, expected, a, b)


def _text_pages() -> Iterator[Pair]:
    for pair in _made_pairs("text page", 36, _APART):
        one, two = (int(name.rpartition("|")[2]) for name in (pair.a, pair.b))
        yield Pair(**{**pair.__dict__, "level": "one face" if one % 6 == two % 6 else "two faces"})


def _templates(count: int = 60) -> Iterator[Pair]:
    """One photograph with other captions; one form with other entries; charts of other numbers."""
    names = photo_names()[:: max(1, 1024 // count)]
    edited = frozenset({"edited"})
    for number, name in enumerate(names[:count]):
        a, b = f"made:captions|{number % 8}|{name}", f"made:captions|{(number + 3) % 8}|{name}"
        yield Pair("other captions", a, b, edited, name, name, template_boxes(a, b, pixels_of))
    for group in range(count):
        a, b = f"made:form|{group * 10}", f"made:form|{group * 10 + 1}"
        yield Pair("other entries", a, b, edited, a, a, template_boxes(a, b, pixels_of), f"{1 + group % 2}")
    yield from _made_pairs("chart", 12, _APART | edited)


def hard_negatives(most: int = 0) -> list[Pair]:
    """Return every labelled pair, or of each kind and label at most `most` (those looked at first)."""
    pairs = [
        *_same_place(),
        *_all_pairs("uipages"),
        *_all_pairs("clipart"),
        *_orientation(),
        *_made_pairs("flat", 12, _BLANK),
        *_made_pairs("gradient", 18, _BLANK),
        *_made_pairs("texture", 18, _BLANK),
        *_text_pages(),
        *_templates(),
    ]
    taken = {frozenset({pair.a.removeprefix("file:"), pair.b.removeprefix("file:")}) for pair in pairs}
    pairs += _looked_at(taken)
    pairs = [pair for pair in pairs if "skip" not in pair.expected]
    return _at_most(pairs, most) if most else pairs


def _at_most(pairs: Iterable[Pair], most: int) -> list[Pair]:
    kinds: dict[tuple[str, frozenset[str]], list[Pair]] = {}
    for pair in pairs:
        kinds.setdefault((pair.kind, pair.expected), []).append(pair)
    chosen = []
    for group in kinds.values():
        group.sort(key=lambda pair: (pair.level != "looked at", zlib.crc32(f"{pair.a} {pair.b}".encode())))
        chosen += group[:most]
    return chosen


def random_pairs(half: str) -> list[Pair]:
    """Return 20 000 pairs of distinct photographs of one half drawn by chance, or all where there are fewer."""
    names = [name for name in photo_names() if half_of(name) == half]
    rng, seen = np.random.default_rng([SEED, 8]), set[tuple[int, int]]()
    most = len(names) * (len(names) - 1) // 2
    while len(seen) < min(20_000, most):
        i, j = sorted(int(k) for k in rng.integers(0, len(names), 2))
        if i != j:
            seen.add((i, j))
    different = frozenset({"different"})
    return [
        Pair("random", f"file:{names[i]}", f"file:{names[j]}", different, names[i], names[j])
        for i, j in sorted(seen)
    ]


_SIZE = (40, 64)
_READABLE = 450


@lru_cache(maxsize=1)
def one_paper() -> frozenset[frozenset[str]]:
    """Return the pairs of labels/receipts.csv: one paper scanned twice, or too near it to say."""
    return frozenset(frozenset({row["a"], row["b"]}) for row in _rows("receipts.csv"))


def _reduced(path: str) -> NDArray[np.float32]:
    """The paper's upper part and all of it, heavily reduced, as one vector of length one."""
    gray = cv2.cvtColor(pixels_of(path), cv2.COLOR_RGB2GRAY)
    ink = cv2.blur(255 - gray, (5, 5)).astype(np.float32)
    parts = []
    for part in (ink, ink[: ink.shape[0] // 3]):
        small = np.asarray(cv2.resize(part, _SIZE, interpolation=cv2.INTER_AREA), np.float32).ravel()
        small -= small.mean()
        parts.append(small / max(1e-6, float(np.linalg.norm(small))))
    return np.asarray(np.concatenate(parts) / np.sqrt(2), np.float32)


@lru_cache(maxsize=2)
def receipts_alike(half: str) -> tuple[tuple[float, str, str], ...]:
    """Return (likeness -1 to 1, a, b) of all pairs of one half, the most alike first, without `one_paper`."""
    names = sorted(names_of("receipts", half))
    vectors = np.stack([_reduced(name) for name in names])
    likeness = vectors @ vectors.T
    pairs = [
        (round(float(likeness[i, j]), 4), names[i], names[j])
        for i, j in combinations(range(len(names)), 2)
        if frozenset({names[i], names[j]}) not in one_paper()
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair[0], pair[1:])))


def receipt_twins(half: str, number: int) -> Twins:
    """Return pair `number` of one half: from the most alike on."""
    pairs = receipts_alike(half)
    likeness, a, b = pairs[number % len(pairs)]
    level = "very alike" if likeness >= 0.5 else "alike" if likeness >= 0.35 else "others"
    one, two = pixels_of(a), pixels_of(b)
    # Below this width nobody can read the sums any more.
    least = max(0.6, _READABLE / min(one.shape[1], two.shape[1]))
    return Twins(level, one, two, Right.APART, style="page", least=least)
