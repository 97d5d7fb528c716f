"""Codings so alike that two copies of one picture share most of what they lost, and differ by whole steps elsewhere."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import JUDGE
from samepic.verdict import PictureInfo
from samepic.verify.residual import noise_of_jpeg

__all__ = ["kin_quality", "recoded_aside"]

Pixels: TypeAlias = NDArray[np.uint8]

_COARSE = [row * 8 + column for row in range(3) for column in range(3)]
_ASIDE = 4  # half a block: as far from the old grid as a new one can be


def kin_quality(a: PictureInfo, b: PictureInfo) -> int | None:
    """Return the IJG quality of the finer of two JPEG codings on one grid that are kin, None for all others.

    Kin are codings that differ, but hardly in the coarse terms, of which most of a picture consists, or in the
    subsampling of colour alone. Two copies of one picture are then equal but for single coefficients, which differ by a
    whole step of quantisation: far more than the typical difference of the two lets one expect. And most blocks of the
    one come out of the other by saving it anew, though neither was made from the other.
    """
    one, two = a.jpeg, b.jpeg
    if (
        one is None
        or two is None
        or (one.tables, one.subsampling) == (two.tables, two.subsampling)
        or len(one.tables) != len(two.tables)
    ):
        return None
    if (a.width, a.height, a.orientation) != (b.width, b.height, b.orientation):
        return None
    first, second = (np.array([[t[k] for k in _COARSE] for t in info.tables], float) for info in (one, two))
    apart = float(np.mean(np.abs(first - second) / np.maximum(first, second)))
    return max(one.quality, two.quality) if apart <= JUDGE.kin else None


def recoded_aside(rgb: Pixels, quality: int) -> Pixels:
    """Return `rgb` (height, width, 3) coded at an IJG quality on a grid of blocks half a block off its own.

    So a picture that has been through this coding already loses as much again as a fresh one.
    """
    grown = cv2.copyMakeBorder(rgb, _ASIDE, 0, _ASIDE, 0, cv2.BORDER_REFLECT_101)
    coded = noise_of_jpeg(np.ascontiguousarray(grown), quality)
    return np.ascontiguousarray(coded[_ASIDE:, _ASIDE:])
