"""Differences pixel by pixel: equality, bounding box, absolute differences, distance in colour space, PSNR.

All but equality first bring the two pictures to one size (`common.to_one_size`). Memory: one difference
picture.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from samepic.measures.common import Pixels, alike, check, to_bands

__all__ = [
    "absolute_difference_mean",
    "absolute_difference_sum",
    "difference_box",
    "psnr",
    "rms_distance",
    "same_bytes",
    "same_pixels",
]


def same_bytes(a: bytes, b: bytes) -> bool:
    """Tell whether two files are equal byte for byte; what comparing md5 or sha256 digests stands for."""
    return a == b


def same_pixels(a: Pixels, b: Pixels) -> bool:
    """Tell whether two pictures have one size and equal samples everywhere; a missing alpha is opaque."""
    if check(a).shape[:2] != check(b).shape[:2]:
        return False
    bands = max(a.shape[2], b.shape[2])
    return np.array_equal(to_bands(a, bands), to_bands(b, bands))


def difference_box(a: Pixels, b: Pixels) -> tuple[int, int, int, int] | None:
    """Return (left, top, right, bottom) of the pixels that differ in any band, or None where none does.

    Right and bottom are exclusive. Pillow's `ImageChops.difference(a, b).getbbox(alpha_only=False)`: its
    plain `getbbox()` looks at alpha alone where there is one, and so calls two opaque pictures equal.
    """
    a, b = alike(a, b)
    differs = np.asarray(cv2.absdiff(a, b))
    rows = np.flatnonzero(differs.reshape(len(differs), -1).any(axis=1))
    columns = np.flatnonzero(np.bitwise_or.reduce(differs, axis=0).any(axis=1))
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def absolute_difference_sum(a: Pixels, b: Pixels) -> tuple[float, ...]:
    """Return for each band the sum of absolute differences, in levels: 0 to 255 x width x height."""
    a, b = alike(a, b)
    return tuple(float(band) for band in cv2.sumElems(cv2.absdiff(a, b))[: a.shape[2]])


def absolute_difference_mean(a: Pixels, b: Pixels) -> tuple[float, ...]:
    """Return for each band the mean absolute difference, in levels: 0 to 255."""
    pixels = min(a.shape[0], b.shape[0]) * min(a.shape[1], b.shape[1])
    return tuple(band / pixels for band in absolute_difference_sum(a, b))


def rms_distance(a: Pixels, b: Pixels) -> float:
    """Return the root mean square distance in colour space, in levels; independent of the pictures' size.

    sqrt(mean over pixels of (dR^2 + dG^2 + dB^2 [+ dA^2])): each pixel's Euclidean distance, squared,
    averaged. 0 to 255 x sqrt(3) = 441.7, with alpha as a fourth term to 510.
    """
    a, b = alike(a, b)
    return math.sqrt(_squares(a, b) / (a.shape[0] * a.shape[1]))


def psnr(a: Pixels, b: Pixels) -> float:
    """Return the peak signal to noise ratio over all bands, in decibels; infinite for equal pictures.

    10 x log10(255^2 / mean squared error over all samples).
    """
    a, b = alike(a, b)
    squares = _squares(a, b)
    return 10 * math.log10(255**2 * a.size / squares) if squares else math.inf


def _squares(a: Pixels, b: Pixels) -> float:
    return float(cv2.norm(a, b, cv2.NORM_L2SQR))
