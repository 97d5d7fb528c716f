"""Pairs of receipts that look alike: two papers of one shop, as far as the pictures alone show it."""

from __future__ import annotations

import csv
from functools import lru_cache
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.negatives import LABELS
from bench.originals import names_of
from bench.pairs import APART, Twins
from bench.sources import pixels_of

_SIZE = (40, 64)
_READABLE = 450


@lru_cache(maxsize=1)
def one_paper() -> frozenset[frozenset[str]]:
    """Return the pairs of labels/receipts.csv: one paper scanned twice, or too near it to say."""
    with (LABELS / "receipts.csv").open(newline="") as file:
        return frozenset(frozenset({row["a"], row["b"]}) for row in csv.DictReader(file))


def _reduced(path: str) -> NDArray[np.float32]:
    """The paper's upper part and all of it, heavily reduced, as one vector of length one."""
    gray = cv2.cvtColor(pixels_of(path), cv2.COLOR_RGB2GRAY)
    ink = cv2.blur(255 - gray, (5, 5)).astype(np.float32)
    parts = []
    for part in (ink, ink[: ink.shape[0] // 3]):
        small = cv2.resize(part, _SIZE, interpolation=cv2.INTER_AREA).ravel()
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
    return Twins(level, one, two, APART, style="page", least=least)
