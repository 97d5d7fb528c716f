"""From the values of distinct pairs and of re-saves to a cutoff, its share of finds, and their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samepic.calibration.statistics import wilson
from samepic.measures.cutoffs import Cutoff

ALLOWED = 1e-4
"""The share of distinct pairs that may pass."""

EQUALITIES = frozenset({"same_bytes", "same_pixels"})
"""The measures that are true or false: their cutoff is 1, whatever the data say."""

_DRAWS = 400
_TAIL = 40

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Distinct:
    """Values of distinct pairs: pair k is of the photographs `first[k]` and `second[k]`, of `photographs`."""

    values: Array
    first: Indices
    second: Indices
    photographs: int


@dataclass(frozen=True)
class Resaves:
    """Values of pairs of a photograph and its re-save: (photographs, pipelines)."""

    values: Array


def calibrate(measure: str, lower: bool, distinct: Distinct, resaves: Resaves, seed: int) -> Cutoff:
    """Return the cutoff that at most `ALLOWED` of the distinct pairs pass, and what it finds.

    The intervals are 95 %. Pairs that share a photograph are not independent, nor are re-saves of one, so
    photographs are drawn anew with replacement, and cutoff and share taken again. The share's interval is
    never narrower than Wilson's.
    """
    sign = 1.0 if lower else -1.0
    cost, found_cost = sign * distinct.values, sign * resaves.values
    allowed = int(len(cost) * ALLOWED)
    cutoff = -1.0 if measure in EQUALITIES else _rounded(strict_cutoff(cost, allowed))
    found = int(np.sum(found_cost <= cutoff))
    draws = np.array([(cutoff, 0.0)])
    if measure not in EQUALITIES:
        draws = np.array(list(_redrawn(cost, found_cost, distinct, seed)))
    ends = np.percentile(draws[:, 0], [2.5, 97.5], method="nearest")
    spread = sorted(sign * end for end in (min(ends[0], cutoff), max(ends[1], cutoff)))
    bounds = [*np.percentile(draws[:, 1], [2.5, 97.5]), *wilson(found, found_cost.size)]
    return Cutoff(
        measure,
        sign * cutoff,
        lower,
        round(found / found_cost.size, 6),
        (round(float(min(bounds)), 6), round(float(max(bounds)), 6)),
        (_short(spread[0]), _short(spread[1])),
        len(cost),
        found_cost.size,
        int(np.sum(cost <= cutoff)),
    )


def strict_cutoff(cost: Array, allowed: int) -> float:
    """Return the highest of `cost` that no more than `allowed` of them reach or fall below.

    Where even the lowest is shared by more, the next number below it: then none passes.
    """
    lowest = np.sort(cost)[: allowed + 1]
    above = lowest[allowed]
    within = lowest[lowest < above]
    return float(within[-1]) if len(within) else float(np.nextafter(above, -math.inf))


def _redrawn(cost: Array, found_cost: Array, distinct: Distinct, seed: int) -> Iterator[tuple[float, float]]:
    """Yield (cutoff, share found) of photographs drawn anew with replacement.

    A pair counts as often as its photographs were drawn, one times the other.
    """
    random, n = np.random.default_rng(seed), distinct.photographs
    tail = np.argsort(cost, kind="stable")[: int(len(cost) * ALLOWED * _TAIL) + 1]
    lowest, first, second = cost[tail], distinct.first[tail], distinct.second[tail]
    share_of_all = len(cost) / (n * (n - 1))
    for _ in range(_DRAWS):
        counts = np.bincount(random.integers(0, n, n), minlength=n)
        pairs = share_of_all * (n * n - float(np.sum(counts * counts)))
        within = np.cumsum(counts[first] * counts[second]) <= ALLOWED * pairs
        cutoff = float(lowest[within][-1]) if within.any() else float(np.nextafter(lowest[0], -math.inf))
        passes = np.mean(found_cost <= cutoff, axis=1)
        yield cutoff, float(np.sum(passes * counts) / n)


def _rounded(cost: float) -> float:
    """Return `cost` with four digits, rounded down: never more permissive."""
    if cost == 0 or not math.isfinite(cost):
        return cost
    step = 10.0 ** (math.floor(math.log10(abs(cost))) - 3)
    return float(f"{math.floor(cost / step) * step:.10g}")


def _short(value: float) -> float:
    return float(f"{value:.4g}")
