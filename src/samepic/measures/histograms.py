"""Distances between histograms. They see how often a colour occurs and never where, at each own size."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.measures.common import Pixels, check, to_bands

__all__ = [
    "histogram",
    "histogram_rms",
    "histogram_rms_normalised",
    "histograms",
    "jensen_shannon",
    "kullback_leibler",
]

Counts = NDArray[np.int64]

# cv2 counts in float32, which is exact to 2^24
_STRIP_PIXELS = 2**24


def histogram(pixels: Pixels) -> Counts:
    """Return the counts of `Image.histogram()`, int64: 256 for each band, band after band (768 for RGB)."""
    height, width, bands = check(pixels).shape
    rows = max(1, _STRIP_PIXELS // width)
    counts = np.zeros(256 * bands, np.int64)
    for top in range(0, height, rows):
        strip = pixels[top : top + rows]
        counts += np.concatenate([_band_counts(strip, band) for band in range(bands)])
    return counts


def histograms(a: Pixels, b: Pixels) -> tuple[Counts, Counts]:
    """Return the histograms of two pictures with the same number of bands; a missing alpha is opaque."""
    bands = max(check(a).shape[2], check(b).shape[2])
    return histogram(to_bands(a, bands)), histogram(to_bands(b, bands))


def histogram_rms(h1: Counts, h2: Counts) -> float:
    """Return the RMS difference of two histograms, in pixels a bin, as in the origin question.

    sqrt(sum((h1 - h2)^2) / len(h1)), the "PIL image comparison" recipe. It grows with the number of pixels.
    """
    return float(np.sqrt(np.mean(np.square(np.subtract(h1, h2, dtype=np.float64)))))


def histogram_rms_normalised(h1: Counts, h2: Counts) -> float:
    """Return the RMS difference of two histograms whose bands each sum to 1: 0 to sqrt(2 / 256) = 0.088."""
    return float(np.sqrt(np.mean(np.square(_shares(h1, 256) - _shares(h2, 256)))))


def kullback_leibler(h1: Counts, h2: Counts) -> float:
    """Return the Kullback-Leibler divergence of histogram 2 from histogram 1, in bits: 0 to infinity.

    sum(p log2(p / q)) over the bins of all bands together, p and q each summing to 1; that is the mean of the
    bands' divergences. A bin with p = 0 adds nothing; one with p > 0 and q = 0 makes it infinite. Nothing is
    smoothed. Not symmetric. Kullback & Leibler, On Information and Sufficiency, 1951.
    """
    p, q = _shares(h1), _shares(h2)
    used = p > 0
    if np.any(q[used] == 0):
        return math.inf
    return max(0.0, float(np.sum(p[used] * np.log2(p[used] / q[used]))))


def jensen_shannon(h1: Counts, h2: Counts) -> float:
    """Return the Jensen-Shannon divergence of two histograms, base 2: 0 equal, 1 no colour in common.

    The mean divergence of p and q from their mean, bands together as in `kullback_leibler`; always finite and
    symmetric. Its square root is a metric. Lin, Divergence measures based on the Shannon entropy, 1991.
    """
    p, q = _shares(h1), _shares(h2)
    entropy = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return min(1.0, max(0.0, entropy))


def _band_counts(strip: Pixels, band: int) -> Counts:
    return np.asarray(cv2.calcHist([strip], [band], None, [256], [0, 256])).ravel().astype(np.int64)


def _shares(counts: Counts, bins: int = 0) -> NDArray[np.float64]:
    """Return counts divided by the sum of all, or with `bins` by the sum of each band of so many bins."""
    return counts / (np.sum(counts) if not bins else np.sum(counts) * bins / len(counts))


def _entropy(shares: NDArray[np.float64]) -> float:
    used = shares[shares > 0]
    return float(-np.sum(used * np.log2(used)))
