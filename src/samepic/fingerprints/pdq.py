"""PDQ: the public 256-bit picture code of Meta's ThreatExchange, with its quality and its eight turned forms.

Source: Meta, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019, and the C++ reference
beside it. It works on luma: a two-pass tent filter, 64x64 samples, the 16x16 lowest cosine terms except the
constant ones, and one bit for each term above their median.

The reference filters the full picture with a tent (two boxes) and keeps 64 pixels an axis. Both steps are linear, so
one small matrix per axis does both. For a reduced picture, cubic interpolation back to full size is folded into that
matrix. Its rows are short, so each group of four rows uses only the band of lines that it needs. Every product and sum
is exact, so any order of them, in any library or processor, gives the same samples.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Floats
from samepic.native import native
from samepic.tuning.search import SEARCH

SIDE = 64
_GROUPS = 16
_QUANTUM = 2.0**-20
"""Weights are multiples of this: sums of 8 bits of luma times two weights fit into the 53 bits of a float64."""

# The steps that make a stored picture upright (Exif 3.0, 4.6.5): two flips on its own axes, then a transposition.
_UPSIDE_DOWN, _MIRRORED, _TRANSPOSED = map(frozenset, ((3, 4, 6, 7), (2, 3, 7, 8), (5, 6, 7, 8)))


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


def _box_window(size: int) -> int:
    """Return the box width of one of the two passes over `size` pixels: half a sample's share, rounded up."""
    return (size + 2 * SIDE - 1) // (2 * SIDE)


def centers(size: int) -> NDArray[np.intp]:
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
    middle = centers(full)[:, None]
    if full == SIDE:
        return middle, np.ones((SIDE, 1))
    window = _box_window(full)
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


FORMS = (
    "upright",
    "turned-90",
    "turned-180",
    "turned-270",
    "flipped",
    "mirrored",
    "transposed",
    "transversed",
)
"""The forms in their order: turned counter-clockwise, upside down, left to right, and on both diagonals."""

_TERMS, _PASSES, _SMALLEST = 16, 2, 5


class Pdq(NamedTuple):
    """The eight codes of one picture, (8, 32) uint8 in the order of FORMS, its quality, 0 to 100, and its detail,
    0 to 100: how many in a hundred of the code's bits stand on more than noise.
    """

    codes: NDArray[np.uint8]
    quality: int
    detail: int


def pdq(luma: NDArray[np.uint8], reduction: Reduction | None = None) -> Pdq:
    """Return codes, quality and detail of (h, w) uint8 luma, as reduced; a few bits differ from the reference."""
    return coded(samples(luma, reduction or Reduction(luma.shape[0], luma.shape[1])))


def coded(taken: Floats) -> Pdq:
    """Return the codes, quality and detail of (64, 64) float32 luma samples, every sum in the reference's order."""
    if native is not None:
        codes, figure, detail = native.code(np.ascontiguousarray(taken, np.float32), _DCT, SEARCH.noise)
        return Pdq(np.frombuffer(bytearray(codes), np.uint8).reshape(len(FORMS), 32), figure, detail)
    terms = _ordered_product(_ordered_product(taken).T).T
    return Pdq(dihedral(terms), quality(taken), _detail(terms))


def pdq_reference(rgb: NDArray[np.uint8]) -> Pdq:
    """Return codes, quality, detail of (h, w, 3) uint8 RGB, bit for bit as `pdqhash`; zero under 5 pixels a side."""
    red, green, blue = (rgb[..., channel] for channel in range(3))
    luma = (red * 0.299 + green * 0.587 + blue * 0.114).astype(np.float32)
    height, width = luma.shape
    if min(height, width) < _SMALLEST:
        return Pdq(np.zeros((len(FORMS), 32), np.uint8), 0, 0)
    if (height, width) != (SIDE, SIDE):
        for _ in range(_PASSES):
            luma = _box(luma.T, _box_window(width)).T
            luma = _box(luma, _box_window(height))
        luma = luma[np.ix_(centers(height), centers(width))]
    return coded(luma)


def quality(taken: Floats) -> int:
    """Return the quality of (64, 64) float32 luma samples: the amount of gradient, 0 (none) to 100."""
    total = 0
    for difference in (taken[:-1] - taken[1:], taken[:, :-1] - taken[:, 1:]):
        steps = difference * np.float32(100) / np.float32(255)
        total += int(np.abs(steps.astype(np.int32)).sum())
    return min(total // 90, 100)


def _detail(terms: Floats) -> int:
    """Return the percentage of (16, 16) cosine terms that differ from their median by more than noise."""
    margins = np.abs(terms - np.partition(terms, 127, axis=None)[127])
    return int(100 * np.count_nonzero(margins > SEARCH.noise) / margins.size)


def dihedral(terms: Floats) -> NDArray[np.uint8]:
    """Return the codes, (8, 32) uint8 in the order of FORMS, of (16, 16) float32 cosine terms, turned and mirrored."""
    signed = terms * _SIGNS
    # Transposing moves terms about but leaves their median.
    medians = np.partition(signed.reshape(4, -1), 127, axis=1)[:, 127]
    bits = signed > medians[:, None, None]
    return _turned(bits)


def forms_of(code: bytes) -> bytes:
    """Return the 256 bytes of all forms of a picture of which only the upright code is known, but for a few bits."""
    bits = np.unpackbits(np.frombuffer(code, np.uint8))[::-1].reshape(_TERMS, _TERMS) > 0
    return _turned(bits ^ (_SIGNS < 0)).tobytes()


def _turned(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the codes of (4, 16, 16) bits: upright, with odd columns, odd rows, and both of opposite sign."""
    upright, columns, rows, both = bits
    turned = (upright, columns.T, both, rows.T, rows, columns, upright.T, both.T)
    return np.packbits(np.stack(turned).reshape(8, -1)[:, ::-1], axis=1)


def _cosines() -> Floats:
    """Return the (16, 64) float32 rows 1 to 16 of the DCT-II matrix, rounded where the reference rounds."""
    row, column = np.arange(1, _TERMS + 1)[:, None], 2 * np.arange(SIDE) + 1
    scale = float(np.float32(np.sqrt(2 / SIDE)))
    return np.asarray(scale * np.cos(np.pi / 2 / SIDE * row * column), np.float32)


_ODD = np.where(np.arange(_TERMS) % 2, 1, -1).astype(np.float32)
_SAME = np.ones((_TERMS, _TERMS), np.float32)
_SIGNS = np.stack([_SAME, _SAME * _ODD, _SAME * _ODD[:, None], np.outer(_ODD, _ODD)])
_DCT = _cosines()


def _box(lines: Floats, window: int) -> Floats:
    """Return the mean of `window` lines round each line, with a running float32 sum as the reference keeps it."""
    lines = np.ascontiguousarray(lines)
    out = np.empty_like(lines)
    ahead = (window + 2) // 2 - 1
    total, count = np.zeros(lines.shape[1], np.float32), 0
    for line in range(-ahead, len(lines)):
        if line + ahead < len(lines):
            total += lines[line + ahead]
            count += 1
        if count > window or line + ahead >= len(lines):
            total -= lines[line + ahead - window]
            count -= 1
        if line >= 0:
            np.divide(total, np.float32(count), out=out[line])
    return out


def _ordered_product(taken: Floats) -> Floats:
    """Return the (16, n) float32 product of the DCT matrix and (64, n) luma samples, one sample after another."""
    products = _DCT[:, :, None] * taken
    return np.asarray(np.add.accumulate(products, axis=1)[:, -1], np.float32)
