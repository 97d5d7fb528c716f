"""Whether the larger of two copies is no more than the smaller one enlarged, by doing it again."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.picture import Picture
from samepic.profiles.keep import KEEP
from samepic.verify.scaling import SCALINGS

__all__ = ["is_enlargement"]


def is_enlargement(large: Picture, small: Picture) -> bool:
    """Tell whether `large`, stored without loss, is `small` enlarged in one of the common ways, but for rounding.

    Then all that it shows is in the small one. A lossy enlargement is found by re-enactment instead
    (samepic.verify.resave); one that somebody sharpened, or that a network drew, is not.
    """
    ratio = min(large.info.width / small.info.width, large.info.height / small.info.height)
    if (
        ratio < KEEP.enlarged
        or large.info.jpeg is not None
        or large.alpha is not None
        or small.alpha is not None
    ):
        return False
    size = large.info.width, large.info.height
    return any(_is_same(scale(small.rgb, size), large.rgb) for scale in SCALINGS.values())


def _is_same(made: NDArray[Any], target: NDArray[np.uint8]) -> bool:
    # A strip tells most of them apart without looking at all of both.
    top = target.shape[0] // 2
    strip = slice(top, top + 16)
    return all(
        float(np.mean(cv2.absdiff(made[rows], target[rows]) <= KEEP.rounding)) >= KEEP.exact
        for rows in (strip, slice(None))
    )
