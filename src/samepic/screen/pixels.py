"""What each pixel of a screenshot is to the one at its place in the other."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.native import native
from samepic.profiles.screen import Screen
from samepic.screen.colour import TABLES, distances

__all__ = ["Kind", "kinds", "kinds_plain"]

Pixels: TypeAlias = NDArray[np.uint8]
Places: TypeAlias = NDArray[np.intp]

_AROUND = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]
_AT_ONCE = 1 << 18


class Kind(IntEnum):
    """What a pixel is to the other's: a closed set, from equal to different."""

    EQUAL = 0
    UNSEEN = 1
    FAINT = 2
    SMOOTHED = 3
    DIFFERENT = 4


def kinds(a: Pixels, b: Pixels, screen: Screen) -> tuple[Pixels, float]:
    """Return the `Kind` of each pixel, (height, width) uint8, and the largest distance of two pixels, 0 to about 1.

    `a` and `b` are (height, width, 3) uint8 of one size. A pixel over the threshold that smooths an edge in either
    picture is SMOOTHED: it lies between a darker and a brighter neighbour, of which one is on plain ground in both
    (Vysniauskas, "Anti-aliased Pixel and Intensity Slope Detector", 2009, as pixelmatch reads it).
    """
    if native is None or a.size == 0:
        return kinds_plain(a, b, screen)
    one, two = np.ascontiguousarray(a), np.ascontiguousarray(b)
    found, largest = native.screens(
        one, two, a.shape[1], TABLES, screen.threshold, screen.faint, screen.antialiasing
    )
    return np.frombuffer(found, np.uint8).reshape(a.shape[:2]), largest


def kinds_plain(a: Pixels, b: Pixels, screen: Screen) -> tuple[Pixels, float]:
    """Return what `kinds` returns, without the native part."""
    found = np.zeros(a.shape[:2], np.uint8)
    rows, columns = np.nonzero((a != b).any(axis=2))
    largest = 0.0
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        y, x = rows[part], columns[part]
        apart = distances(a[y, x], b[y, x])
        largest = max(largest, float(apart.max()))
        kind = np.where(apart < screen.faint, Kind.UNSEEN, Kind.FAINT).astype(np.uint8)
        over = apart > screen.threshold
        kind[over] = Kind.DIFFERENT
        if screen.antialiasing and over.any():
            smooth = _smooth(a, (a, b), y[over], x[over]) | _smooth(b, (a, b), y[over], x[over])
            kind[over] = np.where(smooth, np.uint8(Kind.SMOOTHED), np.uint8(Kind.DIFFERENT))
        found[y, x] = kind
    return found, largest


def _smooth(picture: Pixels, both: tuple[Pixels, Pixels], y: Places, x: Places) -> NDArray[np.bool_]:
    """Tell which pixels of `picture` lie between a darker and a brighter one, of which one is on plain ground."""
    here = _luma(picture[y, x])
    equal = _on_edge(picture, y, x).astype(int)
    extremes = [(np.zeros(len(y), int), y.copy(), x.copy()) for _ in range(2)]
    for dx, dy in _AROUND:
        inside, v, u = _neighbours(picture, y + dy, x + dx)
        step = np.where(inside, _luma(picture[v, u]) - here, 0)
        equal += inside & (step == 0)
        for sign, (most, at_y, at_x) in zip((-1, 1), extremes, strict=True):
            farther = step * sign > most * sign
            most[farther], at_y[farther], at_x[farther] = step[farther], v[farther], u[farther]
    between = (equal <= 2) & (extremes[0][0] < 0) & (extremes[1][0] > 0)
    plain = [_plain(both[0], v, u) & _plain(both[1], v, u) for _, v, u in extremes]
    return np.asarray(between & (plain[0] | plain[1]))


def _plain(picture: Pixels, y: Places, x: Places) -> NDArray[np.bool_]:
    """Tell which pixels have more than two equal ones around them, the frame counting as one."""
    equal = _on_edge(picture, y, x).astype(int)
    for dx, dy in _AROUND:
        inside, v, u = _neighbours(picture, y + dy, x + dx)
        equal += inside & (picture[v, u] == picture[y, x]).all(axis=1)
    return np.asarray(equal > 2)


def _neighbours(picture: Pixels, y: Places, x: Places) -> tuple[NDArray[np.bool_], Places, Places]:
    height, width = picture.shape[:2]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return inside, y.clip(0, height - 1), x.clip(0, width - 1)


def _on_edge(picture: Pixels, y: Places, x: Places) -> NDArray[np.bool_]:
    height, width = picture.shape[:2]
    return np.asarray((y == 0) | (x == 0) | (y == height - 1) | (x == width - 1), np.bool_)


def _luma(pixels: Pixels) -> NDArray[np.int64]:
    return np.asarray(pixels.astype(np.int64) @ np.array([299, 587, 114]), np.int64)
