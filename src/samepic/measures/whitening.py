"""Correlation and RMS of two pictures after whitening, which weighs fine structure as much as coarse.

Natural pictures have amplitudes that fall as 1/f, so plain correlation sees little but the large bright and
dark areas, which unrelated photographs share. The filter undoes the fall and ends in a low-pass against
noise.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from samepic.measures.common import Float, Pixels, check, lumas, reduced, to_bands
from samepic.profiles.cutoffs import FLAT_LEVELS

__all__ = ["WORKING_SIDE", "correlation", "rms", "whiten", "whitened", "whitened_measures", "working_square"]

WORKING_SIDE = 256
_CUTOFF = 200 / 512
_PEAK = _CUTOFF / math.sqrt(2)


def working_square(luma: Pixels) -> Float:
    """Return `luma` brought to 256x256, float32: area averaged where it shrinks, linear where it grows.

    The square is what makes pictures of any two sizes comparable here, and the value independent of them.
    """
    return reduced(luma, WORKING_SIDE, WORKING_SIDE)


def whiten(samples: Float) -> Float:
    """Return the cosine spectrum of `samples`, float32 (even height, even width), after the whitening filter.

    R(f) = f exp(-(f / f0)^4), f0 = 200 cycles for 512 pixels, divided by its peak so that levels stay levels.
    The transform is the orthonormal DCT-II: the Fourier transform of the picture continued as in a mirror, so
    that opposite borders make no false edge. It keeps sums of products, so correlation and RMS need no way
    back. Olshausen & Field, Sparse coding with an overcomplete basis set, 1997, section 5; the low-pass after
    Atick & Redlich, What does the retina know about natural scenes?, 1992.
    """
    height, width = samples.shape
    return np.asarray(cv2.dct(samples), np.float32) * _gain(height, width)


def whitened(pixels: Pixels, bands: int = 3) -> list[Float]:
    """Return the whitened spectra of the luma at 256x256: one, or with 4 `bands` on white and on black."""
    return [whiten(working_square(luma)) for luma in lumas(to_bands(check(pixels), bands))]


def whitened_measures(a: Pixels, b: Pixels) -> tuple[float, float]:
    """Return the correlation and the RMS difference of the whitened luma of two pictures.

    The correlation is -1 to 1, 1 for equal pictures; 0 where one of them is flat, NaN where both are. The RMS
    is in levels, 0 for equal pictures. With alpha each is the worse value of on white and on black.
    """
    bands = max(check(a).shape[2], check(b).shape[2])
    pairs = list(zip(whitened(a, bands), whitened(b, bands), strict=True))
    values = [correlation(left, right) for left, right in pairs]
    lowest = min((value for value in values if not math.isnan(value)), default=math.nan)
    return lowest, max(rms(left, right) for left, right in pairs)


def correlation(a: Float, b: Float) -> float:
    """Return the correlation of two whitened spectra; 0 where one of them is flat, NaN where both are."""
    flat = [_power(spectrum) < FLAT_LEVELS**2 for spectrum in (a, b)]
    if any(flat):
        return math.nan if all(flat) else 0.0
    value = float(np.vdot(a, b)) / (a.size * math.sqrt(_power(a) * _power(b)))
    return min(1.0, max(-1.0, value))


def rms(a: Float, b: Float) -> float:
    """Return the RMS difference of two whitened spectra, in levels."""
    return math.sqrt(_power(a - b))


def _power(spectrum: Float) -> float:
    return float(np.vdot(spectrum, spectrum)) / spectrum.size


@lru_cache(maxsize=2)
def _gain(height: int, width: int) -> Float:
    down, across = np.arange(height) / (2 * height), np.arange(width) / (2 * width)
    frequency = np.hypot(down[:, None], across[None, :])
    peak = _PEAK * math.exp(-((_PEAK / _CUTOFF) ** 4))
    gain: Float = (frequency * np.exp(-((frequency / _CUTOFF) ** 4)) / peak).astype(np.float32)
    return gain
