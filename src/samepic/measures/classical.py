"""Classical measures of two pictures: pixel differences, structural similarity, whitening, and histograms.

All but equality first bring the two pictures to one size. Histograms count colors, wherever they are, at the size of
each picture. Memory: one difference picture. The amplitudes of natural pictures fall as 1/f, so plain correlation
mostly compares large bright and dark areas, which unrelated photographs share; whitening undoes the fall, with a
low-pass against noise.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Pixels
from samepic.errors import SourceError

FLAT_LEVELS = 0.01  # 2026-11: whitened luma with a lower RMS is flat: float32 rounding, no picture. Chosen.
Float = NDArray[np.float32]
WHITE, BLACK = 255, 0
_LEVELS = np.arange(256) / 255
LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)
"""The linear light, 0 to 1, of the levels of sRGB (IEC 61966-2-1)."""


def check(pixels: Pixels) -> Pixels:
    """Return `pixels`. Raises SourceError where it is not uint8 of (height, width, 3 or 4), or a side is empty."""
    expected = "a uint8 array of shape (height, width, 3 or 4)"
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        found = getattr(pixels, "dtype", type(pixels).__name__)
        raise SourceError(f"measures: expected {expected}, found {found}")
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or 0 in pixels.shape:
        raise SourceError(f"measures: expected {expected}, found the shape {pixels.shape}")
    return pixels


def _to_common_bands(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """Return both with alpha, opaque where it is missing, if one of them has it. Raises SourceError as `check`."""
    if check(a).shape[2] < check(b).shape[2]:
        a = np.concatenate([a, np.full((*a.shape[:2], 1), 255, np.uint8)], axis=2)
    elif b.shape[2] < a.shape[2]:
        b = np.concatenate([b, np.full((*b.shape[:2], 1), 255, np.uint8)], axis=2)
    return a, b


def to_common_form(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """Return both pictures with the same number of bands and one size: on each axis the smaller, so 300x300 of 400x300.

    Samples are averaged by area, colors weighted by alpha, so that hidden ones do not bleed in. A missing alpha is 255.
    """
    a, b = _to_common_bands(a, b)
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    return _shrunk(a, width, height), _shrunk(b, width, height)


def lumas(pixels: Pixels) -> list[Pixels]:
    """Return the Rec. 601 luma of a picture, (height, width) uint8: one, or on white and on black."""
    return [np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8) for rgb in shown(pixels)]


def shown(pixels: Pixels) -> list[Pixels]:
    """Return a picture as displayed, (height, width, 3) uint8: one, or on white and on black."""
    if pixels.shape[2] == 3:
        return [pixels]
    return [_composited(pixels, ground) for ground in (WHITE, BLACK)]


def reduced(luma: Pixels, width: int, height: int) -> Float:
    """Return `luma` as float32 (height, width): area averaged where it shrinks, linear where it grows."""
    samples = luma.astype(np.float32)
    small = (min(width, luma.shape[1]), min(height, luma.shape[0]))
    if small != luma.shape[::-1]:
        samples = np.asarray(cv2.resize(samples, small, interpolation=cv2.INTER_AREA), np.float32)
    if small != (width, height):
        samples = np.asarray(cv2.resize(samples, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return samples


def _shrunk(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    if pixels.shape[2] == 3:
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    size, area = (width, height), cv2.INTER_AREA
    *colors, alpha = cv2.split(pixels)
    weight = np.maximum(cv2.resize(alpha.astype(np.float32), size, interpolation=area), 1e-3)
    shrunk = np.empty((height, width, 4), np.uint8)
    shrunk[..., 3] = np.rint(weight)
    for band, color in enumerate(colors):
        weighted = cv2.resize(cv2.multiply(color, alpha, dtype=cv2.CV_32F), size, interpolation=area)
        shrunk[..., band] = np.clip(np.rint(weighted / weight), 0, 255)
    return shrunk


def _composited(pixels: Pixels, ground: int) -> Pixels:
    # c a + g (255 - a) over 255, rounded; never a tie, since 255 is odd
    *colors, alpha = cv2.split(pixels)
    if ground == WHITE:
        colors = [255 - color for color in colors]
    mixed = [cv2.multiply(color, alpha, scale=1 / 255) for color in colors]
    if ground == WHITE:
        mixed = [255 - color for color in mixed]
    return np.asarray(cv2.merge(mixed), np.uint8)


_SIDE, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_STRIP_ROWS = 48  # at a time: what a strip needs then stays in the processor's cache


def ssim(a: Pixels, b: Pixels) -> float:
    """Return the mean structural similarity of the luma of two pictures: -1 to 1, 1 for equal ones.

    Gaussian window of 11x11 pixels, sigma 1.5, K1 = 0.01, K2 = 0.03, population variances, windows wholly
    inside the picture. Both are brought to one size, then to the authors' viewing scale (`ssim_scale`).
    With alpha the lower value of on white and on black. NaN where a side is shorter than a window.
    Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, 2004.
    """
    a, b = to_common_form(a, b)
    height, width = a.shape[:2]
    factor = ssim_scale(height, width)
    size = max(1, round(width / factor)), max(1, round(height / factor))
    pairs = zip(lumas(a), lumas(b), strict=True)
    return min(_mean_ssim(reduced(left, *size), reduced(right, *size)) for left, right in pairs)


def ssim_scale(height: int, width: int) -> int:
    """Return the factor by which each side is divided, as the authors advise (notes to their ssim.m)."""
    return max(1, round(min(height, width) / 256))


def _mean_ssim(a: Float, b: Float) -> float:
    if a.shape[1] > a.shape[0]:
        a, b = np.ascontiguousarray(a.T), np.ascontiguousarray(b.T)
    rows, columns = a.shape[0] - _SIDE + 1, a.shape[1] - _SIDE + 1
    if columns < 1:
        return math.nan
    total = 0.0
    for top in range(0, rows, _STRIP_ROWS):
        strip = slice(top, min(top + _STRIP_ROWS, rows) + _SIDE - 1)
        left, right = a[strip], b[strip]
        mean_a, mean_b = _blur(left), _blur(right)
        product, power = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
        covariance = _blur(left * right) - product
        # only the sum of the two variances is needed, so four blurs do instead of five
        variances = _blur(left * left + right * right) - power
        above = (2 * product + _C1) * (2 * covariance + _C2)
        total += float(np.sum(above / ((power + _C1) * (variances + _C2)), dtype=np.float64))
    return float(total / (rows * columns))


def _blur(samples: Float) -> Float:
    blurred = cv2.GaussianBlur(samples, (_SIDE, _SIDE), _SIGMA)
    margin = _SIDE // 2
    return np.asarray(blurred, np.float32)[margin:-margin, margin:-margin]


def same_pixels(a: Pixels, b: Pixels) -> bool:
    """Return whether two pictures have one size and equal samples everywhere; a missing alpha is opaque."""
    if check(a).shape[:2] != check(b).shape[:2]:
        return False
    return np.array_equal(*_to_common_bands(a, b))


def difference_box(a: Pixels, b: Pixels) -> tuple[int, int, int, int] | None:
    """Return (left, top, right, bottom) of the pixels that differ in any band, or None where none does.

    Right and bottom are exclusive. Pillow's `ImageChops.difference(a, b).getbbox(alpha_only=False)`: its
    plain `getbbox()` compares only alpha where there is one, and so finds two opaque pictures equal.
    """
    a, b = to_common_form(a, b)
    differs = np.asarray(cv2.absdiff(a, b))
    rows = np.flatnonzero(differs.reshape(len(differs), -1).any(axis=1))
    columns = np.flatnonzero(np.bitwise_or.reduce(differs, axis=0).any(axis=1))
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def absolute_difference_sum(a: Pixels, b: Pixels) -> tuple[float, ...]:
    """Return for each band the sum of absolute differences, in levels: 0 to 255 x width x height."""
    a, b = to_common_form(a, b)
    return tuple(float(band) for band in cv2.sumElems(cv2.absdiff(a, b))[: a.shape[2]])


def absolute_difference_mean(a: Pixels, b: Pixels) -> tuple[float, ...]:
    """Return for each band the mean absolute difference, in levels: 0 to 255."""
    pixels = min(a.shape[0], b.shape[0]) * min(a.shape[1], b.shape[1])
    return tuple(band / pixels for band in absolute_difference_sum(a, b))


def rms_distance(a: Pixels, b: Pixels) -> float:
    """Return the root mean square distance in color space, in levels; independent of the pictures' size.

    sqrt(mean over pixels of (dR^2 + dG^2 + dB^2 [+ dA^2])): each pixel's Euclidean distance, squared,
    averaged. 0 to 255 x sqrt(3) = 441.7, with alpha as a fourth term to 510.
    """
    a, b = to_common_form(a, b)
    return math.sqrt(cv2.norm(a, b, cv2.NORM_L2SQR) / (a.shape[0] * a.shape[1]))


def psnr(a: Pixels, b: Pixels) -> float:
    """Return 10 log10(255^2 / mean squared error over all samples), in decibels; infinite for equal pictures."""
    a, b = to_common_form(a, b)
    squares = cv2.norm(a, b, cv2.NORM_L2SQR)
    return 10 * math.log10(255**2 * a.size / squares) if squares else math.inf


_WORKING_SIDE = 256
_CUTOFF = 200 / 512
_PEAK = _CUTOFF / math.sqrt(2)


def working_square(luma: Pixels) -> Float:
    """Return `luma` brought to 256x256, float32, so that pictures of any two sizes are comparable."""
    return reduced(luma, _WORKING_SIDE, _WORKING_SIDE)


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


def whitened(pixels: Pixels) -> list[Float]:
    """Return the whitened spectra of the luma at 256x256: one, or with alpha on white and on black."""
    return [whiten(working_square(luma)) for luma in lumas(check(pixels))]


def whitened_measures(a: Pixels, b: Pixels) -> tuple[float, float]:
    """Return the correlation and the RMS difference of the whitened luma of two pictures.

    The correlation is -1 to 1, 1 for equal pictures; 0 where one of them is flat, NaN where both are. The RMS
    is in levels, 0 for equal pictures. With alpha each is the worse value of on white and on black.
    """
    pairs = list(zip(*map(whitened, _to_common_bands(a, b)), strict=True))
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


Counts = NDArray[np.int64]
_STRIP_PIXELS = 2**24  # cv2 counts in float32, which is exact to here


def histogram(pixels: Pixels) -> Counts:
    """Return the counts of `Image.histogram()`, int64: 256 for each band, band after band (768 for RGB)."""
    height, width, bands = check(pixels).shape
    rows = max(1, _STRIP_PIXELS // width)
    counts = np.zeros(256 * bands, np.int64)
    for top in range(0, height, rows):
        strip = [pixels[top : top + rows]]
        for band in range(bands):
            counted = np.asarray(cv2.calcHist(strip, [band], None, [256], [0, 256]))
            counts[256 * band : 256 * (band + 1)] += counted.ravel().astype(np.int64)
    return counts


def histograms(a: Pixels, b: Pixels) -> tuple[Counts, Counts]:
    """Return the histograms of two pictures with the same number of bands; a missing alpha is opaque."""
    a, b = _to_common_bands(a, b)
    return histogram(a), histogram(b)


def histogram_rms(h1: Counts, h2: Counts) -> float:
    """Return the RMS difference in pixels a bin, sqrt(sum((h1 - h2)^2) / len(h1)): it grows with the pictures."""
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
    """Return the Jensen-Shannon divergence of two histograms, base 2: 0 equal, 1 no color in common.

    The mean divergence of p and q from their mean, bands together as in `kullback_leibler`; always finite and
    symmetric. Its square root is a metric. Lin, Divergence measures based on the Shannon entropy, 1991.
    """
    p, q = _shares(h1), _shares(h2)
    entropy = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return min(1.0, max(0.0, entropy))


def _shares(counts: Counts, bins: int = 0) -> NDArray[np.float64]:
    """Return counts divided by the sum of all, or with `bins` by the sum of each band of so many bins."""
    return counts / (np.sum(counts) if not bins else np.sum(counts) * bins / len(counts))


def _entropy(shares: NDArray[np.float64]) -> float:
    used = shares[shares > 0]
    return float(-np.sum(used * np.log2(used)))
