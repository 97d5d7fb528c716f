"""Whether two pictures that lie on each other show the same structure, place by place."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.native import native
from samepic.profiles import JUDGE

__all__ = ["correlation_map", "correlation_map_plain"]

Floats: TypeAlias = NDArray[np.float32]

_WINDOW = 17
_FLOOR = np.float32(JUDGE.telling / 2) ** 2


def correlation_map(a: Floats, b: Floats, step: int = 1) -> tuple[Floats, Floats, Floats]:
    """Return the normalised correlation of two luma planes in windows of 17 x 17, and how much there is to tell.

    Both are (height, width) float32; of the windows every `step`-th each way is measured. The others are the smaller
    and the larger variance of the two in the window, in squared levels; the correlation is -1 to 1 (Lewis, "Fast
    normalized cross-correlation", 1995).
    """
    if native is None:
        return correlation_map_plain(a, b, step)
    one, two = np.ascontiguousarray(a), np.ascontiguousarray(b)
    found = native.correlation(one, two, a.shape[1], _WINDOW, step, float(_FLOOR))
    planes = np.frombuffer(found, np.float32).reshape(3, -(-a.shape[0] // step), -1)
    return planes[0], planes[1], planes[2]


def correlation_map_plain(a: Floats, b: Floats, step: int = 1) -> tuple[Floats, Floats, Floats]:
    """Return what `correlation_map` does, without the native part: three times as slow."""

    def means(plane: Floats) -> Floats:
        return np.asarray(cv2.blur(plane, (_WINDOW, _WINDOW))[::step, ::step], np.float32)

    mean_a, mean_b = means(a), means(b)
    var_a = np.maximum(means(a * a) - mean_a * mean_a, 0.0)
    var_b = np.maximum(means(b * b) - mean_b * mean_b, 0.0)
    together = means(a * b) - mean_a * mean_b
    found = together / np.sqrt((var_a + _FLOOR) * (var_b + _FLOOR))
    return np.asarray(found, np.float32), np.minimum(var_a, var_b), np.maximum(var_a, var_b)
