"""What a part of a screenshot shows: nothing on plain ground, letters, or the same in other colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.screen import LAYOUT, Box

__all__ = ["Shown", "are_recoloured", "is_text", "outlined_alike", "packed", "shown", "usual_change"]

Pixels: TypeAlias = NDArray[np.uint8]
Packed: TypeAlias = NDArray[np.int32]
Mask: TypeAlias = NDArray[np.bool_]
Colour: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The colour that most of a part has, as `packed`, whether it fills the part, and the colours of its rim."""

    ground: int
    is_plain: bool
    rim: frozenset[int]


def packed(pixels: Pixels) -> Packed:
    """Return (...) one number for each colour of (..., 3) uint8."""
    wide = pixels.astype(np.int32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.int32)


def shown(part: Packed) -> Shown:
    """Tell what a part shows."""
    colours, counts = np.unique(part, return_counts=True)
    most = int(counts.argmax())
    rim = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    return Shown(
        int(colours[most]),
        float(counts[most]) >= LAYOUT.plain * part.size,
        frozenset(int(colour) for colour in np.unique(rim)),
    )


def are_recoloured(one: Packed, two: Packed, different: Mask) -> bool:
    """Tell whether nothing but colours changed.

    That is so where every colour of one became nearly the same colour of the other, wherever it is, and the other way
    round.
    """
    pairs, counts = np.unique(one.astype(np.int64) << 24 | two, return_counts=True)
    was, is_now = pairs >> 24, pairs & 0xFFFFFF
    strays = max(_strays(was, is_now, counts), _strays(is_now, was, counts))
    return strays <= (1 - LAYOUT.mapped) * int(np.count_nonzero(different))


def usual_change(one: Pixels, two: Pixels, different: Mask) -> tuple[Colour, Colour] | None:
    """Return the colour that most pixels which differ had and the one they became; None where
    too few became that."""
    pairs = packed(one[different]).astype(np.int64) << 24 | packed(two[different])
    pairs, counts = np.unique(pairs, return_counts=True)
    most = int(counts.argmax())
    if int(counts[most]) < LAYOUT.usual * int(counts.sum()):
        return None
    return _colour(int(pairs[most]) >> 24), _colour(int(pairs[most]) & 0xFFFFFF)


def _strays(keys: NDArray[np.int64], values: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
    """Return how many pixels of a colour do not become about what most pixels of that colour become."""
    order = np.lexsort((-counts, keys))
    keys, values, counts = keys[order], values[order], counts[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    usual = np.repeat(values[first], np.diff(np.r_[first, len(keys)]))
    apart = np.abs(_levels(values) - _levels(usual)).max(axis=1)
    return int(counts[apart > LAYOUT.near].sum())


def _levels(colours: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack([colours >> 16 & 255, colours >> 8 & 255, colours & 255], axis=1)


def outlined_alike(one: Pixels, two: Pixels) -> float:
    """Return how far the steps from pixel to pixel in one picture are those of the other: 1 all, 0 as by chance.

    Both are (height, width, 3) uint8. Of the steps in either it is the share in both, less what chance would have in
    common. A page in other colours keeps its outlines. 1 where neither has any.
    """
    steps = [_steps(picture) for picture in (one, two)]
    count = [int(np.count_nonzero(picture)) for picture in steps]
    both = int(np.count_nonzero(steps[0] & steps[1]))
    either = sum(count) - both
    by_chance = count[0] * count[1] / steps[0].size
    return (both - by_chance) / (either - by_chance) if either > by_chance else float(not either)


def _steps(picture: Pixels) -> Mask:
    """Return where a pixel differs from the one above or to the left, (height, width) of bool."""
    levels = picture.astype(np.int16)
    found = np.zeros(picture.shape[:2], np.bool_)
    found[1:] = np.abs(levels[1:] - levels[:-1]).max(axis=2) > LAYOUT.step
    found[:, 1:] |= np.abs(levels[:, 1:] - levels[:, :-1]).max(axis=2) > LAYOUT.step
    return found


def _colour(value: int) -> Colour:
    return value >> 16 & 255, value >> 8 & 255, value & 255


def is_text(picture: Pixels, box: Box) -> bool:
    """Tell whether the box shows letters: at least three small shapes of another colour on plain ground, in line.

    What lies to the left and right on the same line counts, since a single letter may be all that changed.
    """
    x, y, w, h = box
    height, width = picture.shape[:2]
    aside = LAYOUT.beside * min(h, LAYOUT.glyph[1])
    part = picture[max(0, y - 2) : min(height, y + h + 2), max(0, x - aside) : min(width, x + w + aside)]
    colours, counts = np.unique(packed(part), return_counts=True)
    most = int(counts.argmax())
    if float(counts[most]) < LAYOUT.ground * part.shape[0] * part.shape[1]:
        return False
    ground = np.array(_colour(int(colours[most])), np.int16)
    ink = (np.abs(part.astype(np.int16) - ground).max(axis=2) > LAYOUT.ink).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    least, largest = LAYOUT.glyph
    letters = (high >= least) & (high <= largest) & (wide <= LAYOUT.wide_letter * high)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return int(letters.sum()) >= LAYOUT.letters and float(areas[letters].sum()) >= LAYOUT.ground * float(
        areas.sum()
    )
