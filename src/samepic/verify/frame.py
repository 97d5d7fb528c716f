"""Whole frames: whether two are one frame scaled, and how much there is to see in one."""

from __future__ import annotations

import math
from functools import cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import JUDGE
from samepic.verify.photometric import halved

__all__ = ["same_frame", "texture"]

Pixels: TypeAlias = NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]


def same_frame(a: Size, b: Size) -> bool:
    """Tell whether sizes (width, height) a and b are one frame scaled, give or take the rounding of a pixel."""
    (aw, ah), (bw, bh) = a, b
    small, large = ((aw, ah), (bw, bh)) if aw * ah <= bw * bh else ((bw, bh), (aw, ah))
    scales = [
        ((small[0] + slack) / large[0], (small[1] - slack) / large[1])
        for slack in (JUDGE.aspect_slack, -JUDGE.aspect_slack)
    ]
    return scales[1][0] <= scales[1][1] and scales[0][0] >= scales[0][1]


def texture(rgb: Pixels) -> float:
    """Return the RMS, in levels, of what a quadratic surface leaves of the luma: how much there is to see.

    Measured on at most 256 x 256 area means, so that a scanner's or sensor's noise on a blank page is no texture.
    """
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    small = halved(luma, max(0, math.ceil(math.log2(max(luma.shape) / 256)))).astype(np.float64)
    across, down = _polynomials(small.shape[1]), _polynomials(small.shape[0])
    weights = np.einsum("ir,rj->ij", down, np.einsum("rc,jc->rj", small, across))
    smooth = sum(float(weights[i, j]) ** 2 for i in range(3) for j in range(3 - i))
    # Parseval: what the orthonormal surface does not hold is left.
    return float(max(0.0, (float(np.sum(small * small)) - smooth) / small.size) ** 0.5)


@cache
def _polynomials(count: int) -> NDArray[np.float64]:
    """Return the constant, line and parabola (3, count) that are orthonormal on `count` points."""
    x = np.linspace(-1, 1, count)
    rows = [np.ones(count), x, x * x - np.mean(x * x)]
    return np.stack([row / max(1e-12, float(np.sqrt(np.sum(row * row)))) for row in rows])
