"""PDQ: the public 256-bit picture code of Meta's ThreatExchange, with its quality and its eight turned forms.

Source: Meta, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019, and the C++ reference
beside it. All of it works on luma: a two-pass tent filter, 64x64 samples, the 16x16 lowest cosine terms but the
constant ones, and one bit for each term above their median.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.fingerprint.sampling import SIDE, Reduction, box_window, centres, samples
from samepic.native import native
from samepic.profiles.search import SEARCH

__all__ = ["FORMS", "Pdq", "coded", "dihedral", "pdq", "pdq_reference", "quality"]

Floats = NDArray[np.float32]

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
    """Return the codes, quality and detail of a luma picture, (height, width) uint8, at least 1x1.

    `reduction` tells of which picture `luma` is a reduced form. Sums come in another order than the reference's, so
    a few bits of a code may differ from it even at full size.
    """
    return coded(samples(luma, reduction or Reduction(luma.shape[0], luma.shape[1])))


def coded(taken: Floats) -> Pdq:
    """Return the codes, quality and detail of (64, 64) float32 luma samples, every sum in the reference's order."""
    if native is not None:
        codes, figure, detail = native.code(np.ascontiguousarray(taken, np.float32), _DCT, SEARCH.noise)
        return Pdq(np.frombuffer(bytearray(codes), np.uint8).reshape(len(FORMS), 32), figure, detail)
    terms = _ordered_product(_ordered_product(taken).T).T
    return Pdq(dihedral(terms), quality(taken), _detail(terms))


def pdq_reference(rgb: NDArray[np.uint8]) -> Pdq:
    """Return the codes, quality and detail of an (height, width, 3) uint8 RGB picture, as the package `pdqhash` does.

    The first code and the quality are equal to it bit for bit: every float32 sum is made in the reference's order.
    A picture under 5 pixels a side has codes and quality zero.
    """
    red, green, blue = (rgb[..., channel] for channel in range(3))
    luma = (red * 0.299 + green * 0.587 + blue * 0.114).astype(np.float32)
    height, width = luma.shape
    if min(height, width) < _SMALLEST:
        return Pdq(np.zeros((len(FORMS), 32), np.uint8), 0, 0)
    if (height, width) != (SIDE, SIDE):
        for _ in range(_PASSES):
            luma = _box(luma.T, box_window(width)).T
            luma = _box(luma, box_window(height))
        luma = luma[np.ix_(centres(height), centres(width))]
    return coded(luma)


def quality(taken: Floats) -> int:
    """Return how much there is in (64, 64) float32 luma samples to make a code of, 0 (nothing) to 100."""
    total = 0
    for difference in (taken[:-1] - taken[1:], taken[:, :-1] - taken[:, 1:]):
        steps = difference * np.float32(100) / np.float32(255)
        total += int(np.abs(steps.astype(np.int32)).sum())
    return min(total // 90, 100)


def _detail(terms: Floats) -> int:
    """Return how many in a hundred of (16, 16) cosine terms are off their median by more than noise."""
    margins = np.abs(terms - np.partition(terms, 127, axis=None)[127])
    return int(100 * np.count_nonzero(margins > SEARCH.noise) / margins.size)


def dihedral(terms: Floats) -> NDArray[np.uint8]:
    """Return the codes, (8, 32) uint8 in the order of FORMS, of (16, 16) float32 cosine terms.

    Turning or mirroring a picture only transposes its cosine terms and flips the signs of odd ones.
    """
    signed = terms * _SIGNS
    # Transposing moves terms about but leaves their median.
    medians = np.partition(signed.reshape(4, -1), 127, axis=1)[:, 127]
    bits = signed > medians[:, None, None]
    upright, columns, rows, both = bits
    turned = (upright, columns.T, both, rows.T, rows, columns, upright.T, both.T)
    return np.packbits(np.stack(turned).reshape(8, -1)[:, ::-1], axis=1)


def _signs() -> Floats:
    """Return the (4, 16, 16) signs for: nothing, mirrored, upside down, both."""
    odd = np.where(np.arange(_TERMS) % 2, 1, -1).astype(np.float32)
    same = np.ones((_TERMS, _TERMS), np.float32)
    columns, rows = same * odd, same * odd[:, None]
    return np.stack([same, columns, rows, columns * rows])


def _cosines() -> Floats:
    """Return the (16, 64) float32 rows 1 to 16 of the DCT-II matrix, rounded where the reference rounds."""
    row, column = np.arange(1, _TERMS + 1)[:, None], 2 * np.arange(SIDE) + 1
    scale = float(np.float32(np.sqrt(2 / SIDE)))
    return np.asarray(scale * np.cos(np.pi / 2 / SIDE * row * column), np.float32)


_SIGNS, _DCT = _signs(), _cosines()


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
