"""Quality of two copies: which holds what the other cannot give back, and whether a person sees the difference."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.facts import OriginalReason
from samepic.measures.ssimulacra2 import ssimulacra2
from samepic.picture import Picture
from samepic.picture.picture import deep_of
from samepic.tuning.verify import KEEP, VISIBILITY
from samepic.verdict import Relation, Visibility
from samepic.verify.photometry import SCALINGS

__all__ = ["better_of", "is_enlargement", "visibility_of", "words_of"]


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


_NONE = "", OriginalReason.NONE


def better_of(a: Picture, b: Picture, relation: Relation) -> tuple[str, OriginalReason]:
    """Return ("a" | "b" | "", reason): which copy holds more than its coding and size show.

    What was enlarged goes before its enlargement, a cut-out before its flattened copy, then more bits a sample before
    fewer, and of two that differ in tone or sharpness the one with the camera's own data. But for the first, a copy
    that is much smaller than the other is never the better one. Pictures that are not the same, or parts of one
    another, have none.
    """
    if relation not in (Relation.RESAVED, Relation.ADJUSTED):
        return _NONE
    if relation is Relation.RESAVED and (small := _smaller(a, b)):
        large, source = (b, a) if small == "a" else (a, b)
        if is_enlargement(large, source):
            return small, OriginalReason.ENLARGED
    pixels = a.info.width * a.info.height, b.info.width * b.info.height
    if min(pixels) < KEEP.as_large * max(pixels):
        return _NONE
    signs = [
        (_is_cut_out(a), _is_cut_out(b), OriginalReason.CUT_OUT),
        (_is_deep(a, b), _is_deep(b, a), OriginalReason.DEPTH),
    ]
    if relation is Relation.ADJUSTED:
        signs.append((a.info.camera, b.info.camera, OriginalReason.CAMERA))
    return next((("a" if one else "b", reason) for one, two, reason in signs if one != two), _NONE)


def _smaller(a: Picture, b: Picture) -> str:
    one, two = (picture.info.width * picture.info.height for picture in (a, b))
    return "" if one == two else "a" if one < two else "b"


def _is_cut_out(picture: Picture) -> bool:
    if picture.alpha is None:
        return False
    return float(np.mean(picture.alpha <= KEEP.clear)) >= KEEP.cut_out


def _is_deep(picture: Picture, other: Picture) -> bool:
    """Tell whether a picture has more than 8 bits a sample, and the other no colors that it lacks."""
    return (
        picture.info.depth > other.info.depth and deep_of(picture) is not None and not _lacks(picture, other)
    )


def _lacks(picture: Picture, other: Picture) -> bool:
    return _is_gray(picture) and not _is_gray(other)


def _is_gray(picture: Picture) -> bool:
    red, green, blue = (picture.rgb[..., channel] for channel in range(3))
    return bool(np.array_equal(red, green) and np.array_equal(green, blue))


_FLICKERING = "nobody would see it, even when the two take turns in one place"

_IN_PLACE = "nobody would see it when one follows the other in one place"

_SIDE_BY_SIDE = "side by side nobody would see it"

_HARDLY = "side by side it is hardly noticeable"

_SEEN = "the difference can be seen"


def visibility_of(original: NDArray[np.uint8], copy: NDArray[np.uint8]) -> Visibility | None:
    """Return how visible it is that `copy` was made of `original`: both (height, width, 3) uint8, upright, on white.

    Pictures of two sizes meet at the smaller one, by area averaging. None where the shorter side is then too short for
    the anchors to hold (`samepic.tuning.verify`).
    """
    if min(*original.shape[:2], *copy.shape[:2]) < VISIBILITY.least_side:
        return None
    score = round(ssimulacra2(original, copy), 2)
    return Visibility(score, words_of(score))


def words_of(score: float) -> str:
    """Return what a score of SSIMULACRA 2.1, 100 and less, means, as the end of a sentence on a copy."""
    if score >= VISIBILITY.flickering:
        return _FLICKERING
    if score >= VISIBILITY.in_place:
        return _IN_PLACE
    if score >= VISIBILITY.side_by_side:
        return _SIDE_BY_SIDE
    return _HARDLY if score >= VISIBILITY.hardly else _SEEN
