"""The structural similarity index of Wang, Bovik, Sheikh and Simoncelli."""

from __future__ import annotations

import math

import cv2
import numpy as np

from samepic.measures.common import Float, Pixels, alike, luma_pairs, reduced

__all__ = ["ssim", "ssim_scale"]

_SIDE = 11
_SIGMA = 1.5
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2
# rows at a time: what a strip needs then stays in the processor's cache
_STRIP_ROWS = 48


def ssim(a: Pixels, b: Pixels) -> float:
    """Return the mean structural similarity of the luma of two pictures: -1 to 1, 1 for equal ones.

    Gaussian window of 11x11 pixels, sigma 1.5, K1 = 0.01, K2 = 0.03, population variances, windows wholly
    inside the picture. Both are brought to one size, then to the authors' viewing scale (`ssim_scale`).
    With alpha the lower value of on white and on black. NaN where a side is shorter than a window.
    Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, 2004.
    """
    a, b = alike(a, b)
    return min(_mean_ssim(*_at_scale(left, right)) for left, right in luma_pairs(a, b))


def ssim_scale(height: int, width: int) -> int:
    """Return the factor by which each side is divided: max(1, round(shorter side / 256)).

    The authors' own advice (notes to their ssim.m): structure is judged at a viewing distance, not per sensor
    dot. It also bounds the work: beyond 12 MP nothing larger than 384 pixels on the shorter side is filtered.
    """
    return max(1, round(min(height, width) / 256))


def _at_scale(a: Pixels, b: Pixels) -> tuple[Float, Float]:
    height, width = a.shape
    factor = ssim_scale(height, width)
    size = max(1, round(width / factor)), max(1, round(height / factor))
    return reduced(a, *size), reduced(b, *size)


def _mean_ssim(a: Float, b: Float) -> float:
    if a.shape[1] > a.shape[0]:
        a, b = np.ascontiguousarray(a.T), np.ascontiguousarray(b.T)
    rows, columns = a.shape[0] - _SIDE + 1, a.shape[1] - _SIDE + 1
    if columns < 1:
        return math.nan
    total = 0.0
    for top in range(0, rows, _STRIP_ROWS):
        strip = slice(top, min(top + _STRIP_ROWS, rows) + _SIDE - 1)
        total += _ssim_sum(a[strip], b[strip])
    return float(total / (rows * columns))


def _ssim_sum(a: Float, b: Float) -> float:
    mean_a, mean_b = _blur(a), _blur(b)
    product, power = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
    covariance = _blur(a * b) - product
    # only the sum of the two variances is needed, so four blurs do instead of five
    variances = _blur(a * a + b * b) - power
    above = (2 * product + _C1) * (2 * covariance + _C2)
    return float(np.sum(above / ((power + _C1) * (variances + _C2)), dtype=np.float64))


def _blur(samples: Float) -> Float:
    blurred = cv2.GaussianBlur(samples, (_SIDE, _SIDE), _SIGMA)
    margin = _SIDE // 2
    return np.asarray(blurred, np.float32)[margin:-margin, margin:-margin]
