"""Quality of two copies: which one holds more, and how visible the difference is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.facts import OriginalReason
from samepic.picture import Picture
from samepic.picture.picture import deep_of
from samepic.tuning.verify import KEEP, VISIBILITY
from samepic.verdict import Relation, Visibility
from samepic.verify.photometry import SCALINGS, scaled_rows


def is_enlargement(large: Picture, small: Picture) -> bool:
    """Return whether `large`, stored losslessly, is `small` enlarged in one of the common ways, except for rounding.

    The small picture then contains all the detail. A lossy enlargement is found by re-enactment instead
    (samepic.verify.resave). One that was sharpened, or made by a neural network, is not found.
    """
    ratio = min(large.info.width / small.info.width, large.info.height / small.info.height)
    with_alpha = large.alpha is not None or small.alpha is not None
    if ratio < KEEP.enlarged or large.info.jpeg is not None or with_alpha:
        return False
    size, top = (large.info.width, large.info.height), large.info.height // 2
    strip = slice(top, min(top + 4, large.info.height))  # rules most ways out without scaling the whole
    return any(
        _matches(scaled_rows(small.rgb, size, name, strip), large.rgb[strip])
        and _matches(scale(small.rgb, size), large.rgb)
        for name, scale in SCALINGS.items()
    )


def _matches(enlarged: NDArray[Any], target: NDArray[np.uint8]) -> bool:
    return float(np.mean(cv2.absdiff(enlarged, target) <= KEEP.rounding)) >= KEEP.exact


_NONE = "", OriginalReason.NONE


def better_of(a: Picture, b: Picture, relation: Relation) -> tuple[str, OriginalReason]:
    """Return ("a" | "b" | "", reason): which copy is better for reasons beyond its encoding and size.

    The source of an enlargement is better than the enlargement, a cut-out than its flattened copy, and more bits per
    sample than fewer. Of two that differ in tone or sharpness, the one with camera data is better. Except for the
    source of an enlargement, a copy much smaller than the other is never better. Pictures with any other relation than
    `resaved` or `adjusted` have no better copy.
    """
    if relation not in (Relation.RESAVED, Relation.ADJUSTED):
        return _NONE
    pixels = a.info.width * a.info.height, b.info.width * b.info.height
    if relation is Relation.RESAVED and pixels[0] != pixels[1]:
        large, source, small = (b, a, "a") if pixels[0] < pixels[1] else (a, b, "b")
        if is_enlargement(large, source):
            return small, OriginalReason.ENLARGED
    if min(pixels) < KEEP.as_large * max(pixels):
        return _NONE
    signs = [
        (_is_cut_out(a), _is_cut_out(b), OriginalReason.CUT_OUT),
        (_is_deep(a, b), _is_deep(b, a), OriginalReason.DEPTH),
    ]
    if relation is Relation.ADJUSTED:
        signs.append((a.info.is_photograph, b.info.is_photograph, OriginalReason.CAMERA))
    return next((("a" if in_a else "b", reason) for in_a, in_b, reason in signs if in_a != in_b), _NONE)


def _is_cut_out(picture: Picture) -> bool:
    if picture.alpha is None:
        return False
    return float(np.mean(picture.alpha <= KEEP.clear)) >= KEEP.cut_out


def _is_deep(picture: Picture, other: Picture) -> bool:
    """Return whether a picture has more bits per sample than the other, and does not lack its colors."""
    deeper = picture.info.depth > other.info.depth and deep_of(picture) is not None
    return deeper and not (_is_gray(picture) and not _is_gray(other))


def _is_gray(picture: Picture) -> bool:
    red, green, blue = (picture.rgb[..., channel] for channel in range(3))
    return bool(np.array_equal(red, green) and np.array_equal(green, blue))


def visibility_of(
    original: NDArray[np.uint8], copy: NDArray[np.uint8], relation: Relation = Relation.RESAVED
) -> Visibility | None:
    """Return how visible the changes are in `copy`; both pictures are (height, width, 3) uint8, upright, on white.

    Pictures of two sizes are compared at the smaller one, reduced by area averaging. Returns None where the shorter
    side is too short for the anchors to hold (`samepic.tuning.verify`).
    """
    if min(*original.shape[:2], *copy.shape[:2]) < VISIBILITY.least_side:
        return None
    from samepic.measures.ssimulacra2 import ssimulacra2

    score = round(ssimulacra2(original, copy), 2)
    return Visibility(score, visibility_words(score, relation))


def visibility_words(score: float, relation: Relation = Relation.RESAVED) -> str:
    """Return the meaning of a SSIMULACRA 2.1 score, 100 and less, as the end of a sentence about a copy."""
    if score >= VISIBILITY.flickering:
        return "no visible difference, even when flickering between the two"
    if score >= VISIBILITY.in_place:
        return "no visible difference when one replaces the other in place"
    if score >= VISIBILITY.side_by_side:
        return "no visible difference side by side"
    if score >= VISIBILITY.barely:
        return "barely visible difference side by side"
    return "visible quality loss" if relation is Relation.RESAVED else "visible difference"
