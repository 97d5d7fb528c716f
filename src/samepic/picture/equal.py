"""equal_pixels: whether two pictures are the same in every sample that is stored."""

from __future__ import annotations

from samepic.picture.deep import equal_samples
from samepic.picture.picture import Picture, equal_shown

__all__ = ["equal_pixels"]


def equal_pixels(a: Picture, b: Picture) -> bool:
    """Tell whether every pixel of two pictures, and what can be seen through them, is equal.

    Samples of more than 8 bits are compared as they are stored, once the 8 bits that are shown agree: two 16-bit
    pictures whose difference nobody sees are not equal.
    """
    return equal_shown(a, b) and equal_samples(a, b)
