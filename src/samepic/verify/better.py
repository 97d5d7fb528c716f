"""Which of two copies of one picture holds what cannot be made again from the other."""

from __future__ import annotations

import numpy as np

from samepic.facts import OriginalReason
from samepic.picture import Picture
from samepic.picture.deep import deep_of
from samepic.profiles.keep import KEEP
from samepic.verdict import Relation
from samepic.verify.enlarged import is_enlargement

__all__ = ["better_of"]

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
