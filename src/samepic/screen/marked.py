"""Which of the pixels that differ a person would see, and which are not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.screen import Box, Screen
from samepic.screen.colour import distances
from samepic.screen.pixels import Kind
from samepic.screen.places import Spot, around, within

__all__ = ["boxed", "filled", "is_letter", "is_speck"]

Pixels: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]


def boxed(shape: tuple[int, int], boxes: Sequence[Box]) -> Mask:
    """Return what lies in one of the boxes, (height, width) of bool; what sticks out of the picture is cut off."""
    found = np.zeros(shape, np.bool_)
    for left, top, width, height in boxes:
        found[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = True
    return found


def filled(kinds: Pixels, screen: Screen) -> Pixels:
    """Return a copy of the kinds, (height, width) uint8, with FAINT as DIFFERENT where it fills a square with others.

    A small contrast is seen on an area, not on a dot or a line.
    """
    told = kinds.copy()
    rows, columns = within(kinds == Kind.FAINT)
    box = columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start
    part = told[around(box, kinds.shape, screen.faint_side)]
    if box[2]:
        square = np.ones((screen.faint_side, screen.faint_side), np.uint8)
        squares = cv2.morphologyEx((part >= Kind.FAINT).astype(np.uint8), cv2.MORPH_OPEN, square)
        part[(part == Kind.FAINT) & (squares > 0)] = Kind.DIFFERENT
    return told


def is_speck(a: Pixels, b: Pixels, kinds: Pixels, spot: Spot, screen: Screen) -> bool:
    """Tell whether a spot of pixels that differ is of few, all of which differ little."""
    if spot.pixels > screen.speck_pixels:
        return False
    different = kinds[around(spot.box, kinds.shape)] == Kind.DIFFERENT
    return float(_apart(a, b, different, spot).max()) <= screen.speck


def is_letter(a: Pixels, b: Pixels, smooth: Mask, spot: Spot, screen: Screen) -> bool:
    """Tell whether a spot of smoothed pixels is what a letter left that is nothing but smoothed edges.

    At small sizes a comma differs from a full stop in such pixels alone. Edges that are drawn a little otherwise are
    longer, or hardly differ.
    """
    if not screen.ink or max(spot.box[2:]) > screen.letter:
        return False
    return float(_apart(a, b, smooth[around(spot.box, smooth.shape)], spot).sum()) >= screen.ink


def _apart(a: Pixels, b: Pixels, which: Mask, spot: Spot) -> NDArray[np.float64]:
    """Return the distances of the pixels of a spot, of those in its box that are meant."""
    cut = around(spot.box, a.shape)
    return distances(a[cut][which], b[cut][which])
