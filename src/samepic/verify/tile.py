"""The rectangle in which two overlapping pictures agree, where they have nothing in common round it.

A picture shown beside others, as in a collage, is cut to its tile. The map that lays it on the collage takes the
rest of it over its neighbours, where points are tracked to nowhere and correlations mean nothing.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import ALIGN

__all__ = ["agreeing_rectangle"]

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

_CELL = 8


def agreeing_rectangle(found: Floats, telling: Mask) -> Mask | None:
    """Return the rectangle (height, width) that holds what agrees; None where it does not stand apart.

    `found` is the local correlation, `telling` where it tells something.
    """
    size = (max(1, found.shape[1] // _CELL), max(1, found.shape[0] // _CELL))
    for_it, against = (
        cv2.resize((telling & where).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for where in (found >= ALIGN.fair, found < ALIGN.low)
    )
    top, low, left, right = _best_rectangle(np.asarray(for_it - against, np.float32))
    if float((low - top) * (right - left)) < ALIGN.least_tile * for_it.size:
        return None
    good, bad = for_it[top:low, left:right], against[top:low, left:right]
    outer_good, outer_bad = float(for_it.sum() - good.sum()), float(against.sum() - bad.sum())
    stands_apart = outer_bad >= ALIGN.strange_outside * (outer_bad + outer_good)
    if not stands_apart or outer_bad < ALIGN.some_outside * float(for_it.sum() + against.sum()):
        return None
    if float(good.sum()) < ALIGN.alike_inside * float(good.sum() + bad.sum()):
        return None
    mask = np.zeros(found.shape, np.bool_)
    down, across = found.shape[0] / size[1], found.shape[1] / size[0]
    mask[round(top * down) : round(low * down), round(left * across) : round(right * across)] = True
    return mask


def _best_rectangle(gain: Floats) -> tuple[int, int, int, int]:
    """Return (top, end, left, end) of the rectangle of the largest sum (Kadane's method on all bands of rows)."""
    rows = np.vstack([np.zeros((1, gain.shape[1]), np.float32), gain.cumsum(axis=0)])
    tops, ends = np.triu_indices(len(rows), 1)
    bands = rows[ends] - rows[tops]
    run, start = np.zeros(len(bands), np.float32), np.zeros(len(bands), np.int64)
    best = np.full(len(bands), -np.inf, np.float32)
    spans = np.zeros((2, len(bands)), np.int64)
    for x in range(gain.shape[1]):
        fresh = run <= 0
        start[fresh] = x
        run = np.where(fresh, 0, run) + bands[:, x]
        more = run > best
        best[more] = run[more]
        spans[0, more], spans[1, more] = start[more], x + 1
    k = int(best.argmax())
    return int(tops[k]), int(ends[k]), int(spans[0, k]), int(spans[1, k])
