"""CPU time of `compare` on pictures of 320 px, by what it takes to settle them, and of ORB with RANSAC in turns.

    python -m bench verify_speed [--pictures N] [--rounds N]

The copies are made of photographs of the data folder and reduced to a long side of 320, as the photographs themselves
are, and saved as JPEG of quality 90. One thread, everything warm. Of each pair the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from bench.common import SEED, counted, encoded, head, in_turns, option, photos, rgb_of, row, wanted_data
from bench.families import alter
from bench.family_base import Pixels, warped
from bench.family_frame import turn_matrix
from samepic.api import compare, compare_pictures
from samepic.picture import load

OPTIONS = (option("--pictures", 60), option("--rounds", 3))
_SIDE = 320
_QUALITY = 90
_WANTED = {"re-saved or re-sized": 3.0, "crop, border, 7 degrees, perspective": 30.0}
_POINTS = 500
_RATIO, _REACH = 0.75, 5.0


class _Pair(NamedTuple):
    kind: str
    name: str
    a: bytes
    b: bytes


def _fitted(rgb: Pixels, side: int = _SIDE) -> Pixels:
    scale = side / max(rgb.shape[:2])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


def _saved(rgb: Pixels, quality: int = _QUALITY) -> bytes:
    return encoded(rgb, quality=quality)


def _pairs(rgb: Pixels, other: Pixels, number: int) -> list[_Pair]:
    """Return the pairs of one photograph; `other` is another one."""
    rng = np.random.default_rng([SEED, number])

    def made(family: str, level: str) -> Pixels:
        return alter(family, level, rgb, rng, other).rgb

    small = _fitted(rgb)
    (whole, needed), mirrored, unrelated, inside = (
        _WANTED,
        "mirrored and cropped",
        "unrelated",
        "picture in picture",
    )
    cropped = np.ascontiguousarray(made("crop", "50 %")[:, ::-1])
    files = [
        (whole, "saved again", _saved(small, 75)),
        (whole, "240 px", _saved(_fitted(small, 240), 85)),
        (needed, "crop", _saved(_fitted(made("crop", "50 %")))),
        (needed, "border", _saved(_fitted(made("border", "colour")))),
        (needed, "7 degrees", _saved(_fitted(warped(rgb, turn_matrix(rgb, 7), rgb.shape[1::-1], (0, 0, 0))))),
        (needed, "perspective", _saved(_fitted(made("perspective", "slight")))),
        (mirrored, mirrored, _saved(_fitted(cropped))),
        (unrelated, unrelated, _saved(_fitted(other))),
        (inside, inside, _saved(_fitted(made("picture in picture", "35 to 50 %")))),
    ]
    original = _saved(small)
    return [_Pair(kind, name, original, data) for kind, name, data in files]


def _orb(a: Pixels, b: Pixels) -> int:
    """Return how many matches of ORB agree on a homography by RANSAC, as the tutorials do it."""
    detector = cv2.ORB.create(_POINTS)
    (one, first), (two, second) = (
        detector.detectAndCompute(np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), np.uint8), None)
        for p in (a, b)
    )
    if first is None or second is None or min(len(one), len(two)) < 4:
        return 0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(first, second, k=2)
    good = [
        best for best, next_ in (p for p in pairs if len(p) == 2) if best.distance < _RATIO * next_.distance
    ]
    if len(good) < 4:
        return 0
    there = np.array([one[m.queryIdx].pt for m in good], np.float32)
    here = np.array([two[m.trainIdx].pt for m in good], np.float32)
    _, hit = cv2.findHomography(here, there, cv2.RANSAC, _REACH)
    return 0 if hit is None else int(hit.sum())


def _times(pair: _Pair, rounds: int) -> tuple[dict[str, float], str]:
    """Return the median CPU milliseconds of each way on one pair, all of them once a round, and the relation."""
    a, b = load(pair.a), load(pair.b)
    ways: dict[str, Callable[[], object]] = {
        "decoded": lambda: compare_pictures(a, b, prove=False),
        "decoded, with proof": lambda: compare_pictures(a, b),
        "files": lambda: compare(pair.a, pair.b, prove=False, visibility=False),
        "files, with proof": lambda: compare(pair.a, pair.b, visibility=False),
        "ORB and RANSAC alone": lambda: _orb(a.rgb, b.rgb),
    }
    taken = {way: statistics.median(times) for way, times in in_turns(ways, rounds).items()}
    return taken, str(compare_pictures(a, b, prove=False).relation)


def _photographs(data: Path, count: int) -> list[Pixels]:
    """Return the pixels of so many photographs, evenly spread over the folder."""
    files = photos(data)
    return [np.asarray(rgb_of(files[at])) for at in np.linspace(0, len(files) - 1, count).round().astype(int)]


def _print(found: list[tuple[_Pair, dict[str, float], str]]) -> None:
    ways = list(found[0][1])
    head("", "pairs", *ways, "relations")
    for kind in dict.fromkeys(pair.kind for pair, _, _ in found):
        group = [one for one in found if one[0].kind == kind]
        for name in dict.fromkeys([kind, *(pair.name for pair, _, _ in group)]):
            some = [one for one in group if name in (kind, one[0].name)]
            points = [np.percentile([times[way] for _, times, _ in some], (50, 90, 99)) for way in ways]
            cells = [" / ".join(f"{value:.1f}" for value in one) for one in points]
            row(name, len(some), *cells, counted(said for _, _, said in some))
    print()
    for kind, wanted in _WANTED.items():
        took = [times["decoded"] for pair, times, _ in found if pair.kind == kind]
        within = sum(ms <= wanted for ms in took) / len(took)
        print(
            f"{kind}: wanted {wanted:.0f} ms, median {statistics.median(took):.1f} ms, {within:.0%} within it"
        )


def main(args: argparse.Namespace) -> None:
    """Measure and print the table."""
    cv2.setNumThreads(1)
    print(f"{args.pictures} photographs, {args.rounds} rounds; CPU ms: median / 90 % / 99 % of pairs\n")
    rgbs = _photographs(wanted_data(), args.pictures)
    pairs = [
        pair
        for number, rgb in enumerate(rgbs)
        for pair in _pairs(rgb, rgbs[(number + 1) % len(rgbs)], number)
    ]
    for pair in pairs[:9]:
        _times(pair, 1)  # what is loaded and built once
    _print([(pair, *_times(pair, args.rounds)) for pair in pairs])
