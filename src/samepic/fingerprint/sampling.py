"""The 64x64 luma samples of PDQ, taken from a picture that may have been decoded at a reduced size.

The reference filters the full picture with a tent (two boxes) and keeps 64 pixels an axis. Both steps are linear, so
one small matrix an axis does them; where the picture at hand is a reduced one, cubic interpolation back to full size
is folded into that matrix. Each row of it is short, so four rows at a time meet only the band of lines they need.
Every product and sum is exact, so that any order of them, in any library or processor, gives the same samples.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.native import native

__all__ = ["SIDE", "Reduction", "box_window", "centres", "samples"]

SIDE = 64
_GROUPS = 16
_QUANTUM = 2.0**-20
"""What weights are multiples of: 8 bits of luma and two weights, summed up, fit into the 53 bits of a float64."""

# What lays a stored picture upright (Exif 3.0, 4.6.5): first these two on its own axes, then the transposition.
_UPSIDE_DOWN, _MIRRORED, _TRANSPOSED = (
    frozenset((3, 4, 6, 7)),
    frozenset((2, 3, 7, 8)),
    frozenset((5, 6, 7, 8)),
)


class _Bands(NamedTuple):
    """Lines to gather, (16, n), and their weights for four samples each, (16, 4, n) float64."""

    lines: NDArray[np.int64]
    weights: NDArray[np.float64]


class Reduction(NamedTuple):
    """How a luma array was made from a picture: stored `height` and `width`, at least 1; the vertical `down` and
    horizontal `across` scale, above 0 and at most 1, by which its pixel x covers x / scale to (x + 1) / scale of the
    full picture; and the EXIF `orientation`, 1 to 8, in which that is shown.
    """

    height: int
    width: int
    down: float = 1
    across: float = 1
    orientation: int = 1


def samples(luma: NDArray[np.uint8], reduction: Reduction) -> NDArray[np.float32]:
    """Return the (64, 64) float32 samples, upright, of the picture of which `luma` is a reduced form."""
    height, width, down, across, orientation = reduction
    rows = _bands(height, luma.shape[0], down, orientation in _UPSIDE_DOWN)
    columns = _bands(width, luma.shape[1], across, orientation in _MIRRORED)
    transposed = orientation in _TRANSPOSED
    if native is not None:
        whole = np.ascontiguousarray(luma)
        taken = native.samples(whole, whole.shape[1], *rows, *columns, transposed)
        return np.frombuffer(taken, np.float32).reshape(SIDE, SIDE)
    square = _apply(columns, _apply(rows, luma).T)
    return np.ascontiguousarray(square if transposed else square.T, np.float32)


def box_window(size: int) -> int:
    """Return the box width of one of the two passes over `size` pixels: half a sample's share, rounded up."""
    return (size + 2 * SIDE - 1) // (2 * SIDE)


def centres(size: int) -> NDArray[np.intp]:
    """Return the 64 pixels, out of `size`, nearest to the middles of 64 equal parts."""
    return ((np.arange(SIDE) + 0.5) * size / SIDE).astype(np.intp)


def _apply(bands: _Bands, lines: NDArray[np.uint8] | NDArray[np.float64]) -> NDArray[np.float64]:
    # Products this small stay on the calling thread in OpenBLAS, whose threads would cost more than the work.
    gathered = lines[bands.lines].astype(np.float64, copy=False)
    product: NDArray[np.float64] = np.matmul(bands.weights, gathered)
    return product.reshape(SIDE, -1)


@lru_cache(maxsize=512)
def _bands(full: int, reduced: int, scale: float, backwards: bool) -> _Bands:
    pixels, weights = _tent(full)
    if backwards:
        pixels = full - 1 - pixels
    taps, shares = _taps(pixels, reduced, scale)
    shares *= weights[..., None]
    first = taps.reshape(_GROUPS, -1).min(axis=1)
    length = int((taps.reshape(_GROUPS, -1).max(axis=1) - first).max()) + 1
    columns = taps.reshape(SIDE, -1) - np.repeat(first, SIDE // _GROUPS)[:, None]
    flat = (columns + np.arange(SIDE)[:, None] * length).ravel()
    matrix = np.rint(np.bincount(flat, shares.ravel(), SIDE * length) / _QUANTUM) * _QUANTUM
    lines = np.minimum(first[:, None] + np.arange(length), reduced - 1).astype(np.int64)
    return _Bands(lines, matrix.reshape(_GROUPS, -1, length))


def _tent(full: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the pixels, (64, n), of an axis that each sample averages, and their weights."""
    middle = centres(full)[:, None]
    if full == SIDE:
        return middle, np.ones((SIDE, 1))
    window = box_window(full)
    # A box of even width reaches one pixel further ahead than behind.
    ahead = (window + 2) // 2 - 1
    behind = window - 1 - ahead
    place = np.arange(full)
    counts = np.minimum(place + ahead, full - 1) - np.maximum(place - behind, 0) + 1
    sums = np.concatenate(([0.0], np.cumsum(1 / counts)))
    pixels = middle + np.arange(-2 * behind, 2 * ahead + 1)
    # Second-pass places between `low` and `high` average this pixel in their first pass and are averaged in turn.
    low = np.maximum(np.maximum(pixels - ahead, middle - behind), 0)
    high = np.minimum(np.minimum(pixels + behind, middle + ahead), full - 1)
    weights = (sums[np.maximum(high + 1, low)] - sums[low]) / counts[middle]
    inside = (pixels >= 0) & (pixels < full)
    return np.maximum(np.minimum(pixels, full - 1), 0), np.where(inside, weights, 0)


def _taps(
    pixels: NDArray[np.intp], reduced: int, scale: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the reduced pixels that make each full one, (64, n, 1 or 4), and their shares (Keys 1981, a = -1/2)."""
    if scale == 1:
        return pixels[..., None], np.ones((*pixels.shape, 1))
    place = (pixels + 0.5) * scale - 0.5
    start = np.floor(place).astype(np.intp)
    t = place - start
    shares = (
        ((-0.5 * t + 1) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1,
        ((-1.5 * t + 2) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    taps = start[..., None] + np.arange(-1, 3)
    return np.maximum(np.minimum(taps, reduced - 1), 0), np.stack(shares, axis=-1)
