"""Ranks of many small arrays: what NumPy's own functions give, without most of what they cost a call."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["largest", "largest_of", "percentile"]

Floats: TypeAlias = NDArray[np.float32]


def percentile(values: NDArray[Any], share: float) -> float:
    """Return the percentile `share`, 0 to 100, of all `values`, interpolated linearly as `numpy.percentile` does."""
    flat = values.ravel()
    at = (flat.size - 1) * share / 100
    low = int(at)
    if low + 1 >= flat.size:
        return float(flat.max())
    parted = np.partition(flat, (low, low + 1))
    below, above = float(parted[low]), float(parted[low + 1])
    return below + (above - below) * (at - low)


def largest(picture: Floats) -> Floats:
    """Return the largest of three channels, (rows, columns, 3) to (rows, columns): several times faster than `max`."""
    one, two, three = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(one, two), three), np.float32)


def largest_of(values: NDArray[Any]) -> NDArray[Any]:
    """Return the largest of three columns, (rows, 3) to (rows,), of any type: as `max` along the rows, but faster."""
    return np.asarray(np.maximum(np.maximum(values[:, 0], values[:, 1]), values[:, 2]))
