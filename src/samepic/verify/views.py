"""Views of a pair: b laid on a as a map says, and what differs between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.verdict import Verdict
from samepic.verify.features import inverse, scaling
from samepic.verify.overlay import moved

__all__ = ["Laid", "fitted", "lay", "marks_on_b"]

_NOTHING = 225

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Two pictures reduced to be shown, and b laid on a.

    `one` and `two` are (height, width, 3) uint8, of a and b; `there` is the map from pixels of `two` to pixels of
    `one`; `moved` has the shape of `one` and shows b; `inside`, (height, width), is where b shows something of a.
    """

    one: Pixels
    two: Pixels
    there: Matrix
    moved: Pixels
    inside: NDArray[np.bool_]

    def difference(self, gain: float = 4.0) -> Pixels:
        """Return (height, width) uint8: the difference dark on light, `gain` times as strong, grey where b shows
        nothing of a."""
        change = cv2.absdiff(self.one, self.moved).max(axis=2).astype(np.float32)
        return np.where(self.inside, 255 - np.clip(change * gain, 0, 255), _NOTHING).astype(np.uint8)


def lay(a: Pixels, b: Pixels, matrix: Sequence[float] | None, side: int) -> Laid:
    """Lay b on a, both (height, width, 3) uint8, with a long side of at most `side` pixels.

    `matrix` is the 3x3 map from pixels of b to pixels of a, row by row; without it b is brought to a's size.
    """
    there = scaling(b.shape, a.shape) if matrix is None else np.array(matrix, float).reshape(3, 3)
    one, two = fitted(a, side), fitted(b, side)
    small = scaling(a.shape, one.shape) @ there @ inverse(scaling(b.shape, two.shape))
    return Laid(one, two, small, *moved(two, small, one.shape))


def marks_on_b(verdict: Verdict) -> list[list[list[float]]]:
    """Return the four corners (x, y) of each region of a verdict in pixels of b, left out where they are far off."""
    sizes = (verdict.b.height, verdict.b.width), (verdict.a.height, verdict.a.width)
    there = np.array(verdict.transform.matrix).reshape(3, 3) if verdict.transform else scaling(*sizes)
    back, marks = inverse(there), []
    for one in verdict.regions:
        left, top = one.x - 0.5, one.y - 0.5
        box = np.array([[left, top], [left + one.w, top], [left + one.w, top + one.h], [left, top + one.h]])
        corners = cv2.perspectiveTransform(box[None], back)[0]
        if np.abs(corners).max() < 4 * max(sizes[0]):
            marks.append(np.round(corners, 1).tolist())
    return marks


def fitted(rgb: Pixels, side: int) -> Pixels:
    """Return a picture with a long side of at most `side` pixels."""
    scale = min(1.0, side / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    if size == (rgb.shape[1], rgb.shape[0]):
        return np.ascontiguousarray(rgb)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
