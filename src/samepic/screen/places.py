"""Where two screenshots differ: boxes around pixels that differ and lie close together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.screen import LAYOUT, Box

__all__ = ["Spot", "around", "spots", "within"]

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spot:
    """The box of pixels that differ and lie close together, and how many they are."""

    box: Box
    pixels: int


def within(mask: Mask) -> tuple[slice, slice]:
    """Return the rows and columns of the smallest box that holds all of a mask, (height, width) of bool."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def around(box: Box, shape: tuple[int, ...], by: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns of a box, `by` pixels wider all around, within a picture of that shape."""
    x, y, w, h = box
    return slice(max(0, y - by), min(shape[0], y + h + by)), slice(max(0, x - by), min(shape[1], x + w + by))


def spots(different: Mask) -> list[Spot]:
    """Return where something differs, from top to bottom and left to right: (height, width) of bool.

    Pixels with at most LAYOUT.gap others between them are in one box, since the letters of a word, or a thing and its
    shadow, are one.
    """
    gap = LAYOUT.gap
    rows, columns = within(different)
    part = different[rows, columns]
    if not part.size:
        return []
    # With room for the widening at the ends, a box less the widening is the box of the pixels.
    wide = cv2.copyMakeBorder(part.astype(np.uint8), 0, gap, 0, gap, cv2.BORDER_CONSTANT, value=0)
    wide = cv2.dilate(wide, np.ones((gap + 1, gap + 1), np.uint8), anchor=(gap, gap))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    pixels = np.bincount(labels[: part.shape[0], : part.shape[1]][part], minlength=count)
    left, top = int(columns.start), int(rows.start)
    found = [_spot(stats[at], int(pixels[at]), left, top) for at in range(1, count)]
    return sorted(found, key=lambda spot: (spot.box[1], spot.box[0]))


def _spot(stat: NDArray[np.int32], pixels: int, left: int, top: int) -> Spot:
    x, y, width, height = (int(number) for number in stat[:4])
    return Spot((x + left, y + top, width - LAYOUT.gap, height - LAYOUT.gap), pixels)
