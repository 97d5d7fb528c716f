"""The eight ways of holding a frame: four quarter turns, each also mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.profiles import JUDGE
from samepic.verdict import Region, Transform
from samepic.verify.features import inverse, scaling
from samepic.verify.photometric import coarse

__all__ = ["Turn", "likely_turn"]

Pixels: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Turn:
    """First mirrored left to right, if `mirrored`, then turned clockwise by `degrees`: 0, 90, 180 or 270."""

    degrees: int = 0
    mirrored: bool = False

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture (height, width[, bands]) held this way, as a contiguous array."""
        held = picture[:, ::-1] if self.mirrored else picture
        return np.ascontiguousarray(np.rot90(held, -self.degrees // 90))

    @property
    def inverse(self) -> Turn:
        """The turn that undoes this one; a mirrored one undoes itself."""
        return self if self.mirrored else Turn(-self.degrees % 360)

    def matrix(self, width: int, height: int) -> tuple[float, ...]:
        """Return the 3x3 row-major map from pixels of a picture of this size to pixels of the turned one."""
        right, low = float(width - 1), float(height - 1)
        m = np.array([[-1, 0, right], [0, 1, 0], [0, 0, 1]], float) if self.mirrored else np.eye(3)
        turned = {
            0: np.eye(3),
            90: np.array([[0, -1, low], [1, 0, 0], [0, 0, 1]], float),
            180: np.array([[-1, 0, right], [0, -1, low], [0, 0, 1]], float),
            270: np.array([[0, 1, 0], [-1, 0, right], [0, 0, 1]], float),
        }[self.degrees]
        return tuple(float(value) for value in (turned @ m).ravel())

    def map_from(self, b: tuple[int, ...], a: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the map to pixels of a from those of b that shows the whole of a held this way; shapes (h, w)."""
        turned = a[:2] if self.degrees % 180 == 0 else (a[1], a[0])
        there = np.array(self.matrix(a[1], a[0])).reshape(3, 3)
        return np.asarray(inverse(there) @ scaling(b, turned))

    def region(self, box: Region, width: int, height: int) -> Region:
        """Return where `box`, in a picture of this size, lies once the picture is held this way."""
        m = np.array(self.matrix(width, height)).reshape(3, 3)
        corners = np.array([[box.x, box.y, 1], [box.x + box.w - 1, box.y + box.h - 1, 1]], float) @ m.T
        (x, y), (right, low) = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
        return Region(round(x), round(y), round(right - x) + 1, round(low - y) + 1)

    def transform(self, width: int, height: int) -> Transform:
        """Return this turn of a picture of this size as part of a verdict."""
        return Transform(self.matrix(width, height), self.degrees, self.mirrored)


def likely_turn(a: Pixels, b: Pixels) -> Turn | None:
    """Return the turn other than none after which a looks most like b in the coarse, or None where none does.

    The yardstick is the correlation of luma and of every channel on 48 x 48 block means; the whole frame only.
    """
    small_a, small_b = _levelled(coarse(a)), _levelled(coarse(b))
    found = None
    best = JUDGE.turned
    for turn in (Turn(d, m) for m in (False, True) for d in (0, 90, 180, 270)):
        held = np.rot90(small_a[:, ::-1] if turn.mirrored else small_a, -turn.degrees // 90)
        alike = float(np.abs(np.einsum("yxc,yxc->c", held, small_b)).max())
        if (turn.degrees or turn.mirrored) and alike > best:
            found, best = turn, alike
    return found


def _levelled(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each channel with mean 0 and length 1 (0 where it is flat)."""
    level = small - small.mean(axis=(0, 1), keepdims=True)
    length = np.sqrt(np.sum(level * level, axis=(0, 1), keepdims=True))
    return np.asarray(level / np.maximum(length, 1.0), np.float32)
