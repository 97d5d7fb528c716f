"""Changes of a screenshot: what a region shows, and whether it moved, was recolored, changed its text, came or went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.screens.alignment import LineRun, lay_lines
from samepic.screens.pixels import PixelKind, around, kinds, within
from samepic.tuning.screens import LAYOUT, Box, Screen

__all__ = [
    "PatchStats",
    "Place",
    "Scene",
    "ScreenChange",
    "are_recoloured",
    "changes",
    "elsewhere",
    "is_text",
    "moved_by",
    "outlined_alike",
    "packed",
    "shown",
    "slid_by",
    "usual_change",
]

Pixels: TypeAlias = NDArray[np.uint8]

Packed: TypeAlias = NDArray[np.int32]

Mask: TypeAlias = NDArray[np.bool_]

Colour: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PatchStats:
    """The colour that most of a part has, as `packed`, whether it fills the part, and the colours of its rim."""

    ground: int
    is_plain: bool
    rim: frozenset[int]


def packed(pixels: Pixels) -> Packed:
    """Return (...) one number for each colour of (..., 3) uint8."""
    wide = pixels.astype(np.int32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.int32)


def shown(part: Packed) -> PatchStats:
    """Tell what a part shows."""
    colours, counts = np.unique(part, return_counts=True)
    most = int(counts.argmax())
    rim = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    return PatchStats(
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


By: TypeAlias = tuple[int, int]


def moved_by(
    a: Pixels, b: Pixels, told: Pixels, box: Box, screen: Screen, *, only: By | None = None
) -> By | None:
    """Return how far right and down what `a` shows in the box has moved in `b`, None where it has not.

    `told` are the kinds of the pixels where the pictures lie. With `only` no other move is looked at. What moved takes
    the little around it with it, and leaves next to nothing of what differs.
    """
    patch = _grown(box, a.shape, LAYOUT.margin)
    x, y, w, h = patch
    here = a[y : y + h, x : x + w]
    differ = int(np.count_nonzero(told[y : y + h, x : x + w] == PixelKind.DIFFERENT))
    if max(box[2:]) < LAYOUT.smallest or shown(packed(here)).is_plain:
        return None
    most = min(LAYOUT.left * w * h, LAYOUT.gained * differ)
    moves = [only] if only is not None else _likely(here, b, patch) if w * h <= LAYOUT.patch else []
    for by in moves:
        there = x + by[0], y + by[1], w, h
        if _left(here, b, there, screen) <= most and _is_new(told, there, differ):
            return by
    return None


def _is_new(told: Pixels, box: Box, differ: int) -> bool:
    """Tell whether the other picture showed something else there: the same letter may well stand twice on a page."""
    x, y, w, h = box
    return int(np.count_nonzero(told[y : y + h, x : x + w] == PixelKind.DIFFERENT)) >= LAYOUT.fresh * differ


def slid_by(a: Pixels, b: Pixels, box: Box, screen: Screen) -> By | None:
    """Return how far right and down what stands on one ground in the box stands elsewhere in it in `b`, else None.

    The box holds where it was and where it is now, as that of what differs does where both lie close together.
    """
    rows, columns = around(box, a.shape, LAYOUT.margin)
    one, two = (_standing(picture[rows, columns]) for picture in (a, b))
    if one is None or two is None or one[2:] != two[2:] or one == two:
        return None
    left, top = int(columns.start), int(rows.start)
    old = one[0] + left, one[1] + top, one[2], one[3]
    new = two[0] + left, two[1] + top, two[2], two[3]
    return (new[0] - old[0], new[1] - old[1]) if elsewhere(a, b, old, new, screen) else None


def _standing(part: Pixels) -> Box | None:
    """Return the box of all that is not the ground on the rim of a part; None where the rim is of several colours."""
    rim = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    if np.abs(rim.astype(np.int16) - rim[0]).max() > LAYOUT.level:
        return None
    rows, columns = within(np.abs(part.astype(np.int16) - rim[0]).max(axis=2) > LAYOUT.level)
    if rows.start == rows.stop:
        return None
    return int(columns.start), int(rows.start), int(columns.stop - columns.start), int(rows.stop - rows.start)


def elsewhere(a: Pixels, b: Pixels, old: Box, new: Box, screen: Screen) -> bool:
    """Tell whether `b` shows at `new` what `a` shows at `old`."""
    if old[2:] != new[2:]:
        return False
    x, y, w, h = old
    return _left(a[y : y + h, x : x + w], b, new, screen) <= LAYOUT.left * w * h


def _left(here: Pixels, b: Pixels, box: Box, screen: Screen) -> float:
    """Return how many pixels of `here` differ from the box of `b`; all, where that sticks out."""
    x, y, w, h = box
    if x < 0 or y < 0 or y + h > b.shape[0] or x + w > b.shape[1]:
        return float(w * h)
    found, _ = kinds(here, b[y : y + h, x : x + w], screen)
    return float(np.count_nonzero(found == PixelKind.DIFFERENT))


def _likely(here: Pixels, b: Pixels, patch: Box) -> list[By]:
    """Return the moves within reach that fit best, the shortest first of those that fit as well."""
    left, top, width, height = _grown(patch, b.shape, LAYOUT.reach)
    there = b[top : top + height, left : left + width]
    fit = cv2.matchTemplate(there, here, cv2.TM_SQDIFF)
    y, x = np.indices(fit.shape)
    dx, dy = x + left - patch[0], y + top - patch[1]
    fit[(dx == 0) & (dy == 0)] = np.inf
    if not np.isfinite(fit).any():
        return []
    best = np.flatnonzero(fit <= float(fit.min()) + 1e-3 * here.size)
    order = best[np.argsort((np.abs(dx) + np.abs(dy)).ravel()[best], kind="stable")][: LAYOUT.tried]
    return [(int(dx.flat[at]), int(dy.flat[at])) for at in order]


def _grown(box: Box, shape: tuple[int, ...], by: int) -> Box:
    x, y, w, h = box
    left, top = max(0, x - by), max(0, y - by)
    return left, top, min(shape[1], x + w + by) - left, min(shape[0], y + h + by) - top


class ScreenChange(StrEnum):
    """What happened at a place: a closed set."""

    MOVED = "moved"
    TEXT = "text"
    COLOUR = "colour"
    ADDED = "added"
    REMOVED = "removed"
    SEEN_THROUGH = "seen through"
    LINES = "lines"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Place:
    """A box of pixels that differ, and what happened there.

    `by` is how far what was there moved, to the right and down in pixels; `text` tells that it is text; `colours` are
    the one that most pixels had and the one that they became, (r, g, b) each, where that is one pair; `lines` are the
    rows that were added or removed within the box, counted from its top.
    """

    box: Box
    change: ScreenChange = ScreenChange.CHANGED
    by: tuple[int, int] = (0, 0)
    text: bool = False
    colours: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    lines: tuple[LineRun, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Two screenshots laid on each other, the kinds of their pixels, and the profile that told them."""

    a: Pixels
    b: Pixels
    kinds: Pixels
    screen: Screen


def changes(scene: Scene, boxes: Sequence[Box]) -> list[Place]:
    """Return what happened at each of the boxes, what moved together as one place."""
    found = [_change(scene, box) for box in boxes[: LAYOUT.places]]
    found = _lines_of_text(_carried(scene, _together(scene, _slid(scene, found))))
    return found + [Place(box) for box in boxes[LAYOUT.places :]]


def _change(scene: Scene, box: Box) -> Place:
    """Return what happened at a box: the first thing that explains all of it."""
    x, y, w, h = box
    cut = slice(y, y + h), slice(x, x + w)
    here = _Here(scene.a[cut], scene.b[cut], scene.kinds[cut])
    return next(filter(None, (find(scene, box, here) for find in _FINDERS)), Place(box))


@dataclass(frozen=True, slots=True, eq=False)
class _Here:
    """A scene within a box."""

    a: Pixels
    b: Pixels
    kinds: Pixels

    @property
    def different(self) -> Mask:
        return np.asarray(self.kinds == PixelKind.DIFFERENT, np.bool_)


def _seen_through(_scene: Scene, box: Box, here: _Here) -> Place | None:
    """Find what is equal on white and yet differs."""
    return Place(box, ScreenChange.SEEN_THROUGH) if np.array_equal(here.a, here.b) else None


def _moved(scene: Scene, box: Box, _here: _Here) -> Place | None:
    by = moved_by(scene.a, scene.b, scene.kinds, box, scene.screen) or slid_by(
        scene.a, scene.b, box, scene.screen
    )
    return Place(box, ScreenChange.MOVED, by) if by is not None else None


def _come_or_gone(scene: Scene, box: Box, here: _Here) -> Place | None:
    one, two = shown(packed(here.a)), shown(packed(here.b))
    if one.is_plain == two.is_plain:
        return None
    if one.is_plain:
        return Place(box, ScreenChange.ADDED, text=one.ground in two.rim and is_text(scene.b, box))
    return Place(box, ScreenChange.REMOVED, text=two.ground in one.rim and is_text(scene.a, box))


def _recoloured(_scene: Scene, box: Box, here: _Here) -> Place | None:
    step = -(-max(box[2:]) // LAYOUT.sample)
    one, two, different = here.a[::step, ::step], here.b[::step, ::step], here.different[::step, ::step]
    if different.any() and are_recoloured(packed(one), packed(two), different):
        return Place(box, ScreenChange.COLOUR, colours=usual_change(one, two, different))
    mostly = 2 * int(np.count_nonzero(here.different)) >= here.kinds.size
    alike = mostly and outlined_alike(here.a, here.b) >= LAYOUT.outlined
    return Place(box, ScreenChange.COLOUR) if alike else None


def _lines(scene: Scene, box: Box, here: _Here) -> Place | None:
    """Find rows that were added or removed within a place, where that explains most of what differs."""
    if len(here.a) < LAYOUT.tall:
        return None
    laid = lay_lines(here.a, here.b)
    if not 0 < len(laid.runs) <= LAYOUT.runs or laid.found < LAYOUT.found:
        return None
    left, _ = kinds(laid.of_a(here.a), laid.of_b(here.b), scene.screen)
    most = LAYOUT.gained * int(np.count_nonzero(here.different))
    explained = int(np.count_nonzero(left == PixelKind.DIFFERENT)) <= most
    return Place(box, ScreenChange.LINES, lines=laid.runs) if explained else None


def _text(scene: Scene, box: Box, _here: _Here) -> Place | None:
    return (
        Place(box, ScreenChange.TEXT, text=True) if is_text(scene.a, box) and is_text(scene.b, box) else None
    )


_FINDERS = (_seen_through, _moved, _come_or_gone, _recoloured, _lines, _text)


def _slid(scene: Scene, found: list[Place]) -> list[Place]:
    """Put the two ends of something plain that moved along itself into one place."""
    told: list[Place] = []
    for place in found:
        for at, other in enumerate(told):
            box = _around(place.box, other.box)
            if (
                _face(place.box, other.box)
                and (by := slid_by(scene.a, scene.b, box, scene.screen)) is not None
            ):
                told[at] = Place(box, ScreenChange.MOVED, by)
                break
        else:
            told.append(place)
    return told


def _face(one: Box, two: Box) -> bool:
    """Tell whether two boxes lie beside or above each other and are as high, or as wide, near enough for one thing."""
    gaps = [
        max(two[axis] - one[axis] - one[axis + 2], one[axis] - two[axis] - two[axis + 2]) for axis in (0, 1)
    ]
    beside = one[1] == two[1] and one[3] == two[3] and gaps[0] <= LAYOUT.wide
    return beside or (one[0] == two[0] and one[2] == two[2] and gaps[1] <= LAYOUT.wide)


def _together(scene: Scene, found: list[Place]) -> list[Place]:
    """Put places that moved by the same into one where all that lies between them moved, too."""
    told: list[Place] = []
    for place in found:
        for at, other in enumerate(told):
            if place.change is ScreenChange.MOVED is other.change and place.by == other.by:
                box = _around(place.box, other.box)
                if moved_by(scene.a, scene.b, scene.kinds, box, scene.screen, only=place.by):
                    told[at] = replace(other, box=box)
                    break
        else:
            told.append(place)
    return [one for one in told if not any(_holds(other, one) for other in told)]


def _holds(outer: Place, inner: Place) -> bool:
    """Tell whether `inner` is a part of what moved at `outer`, or where that is now."""
    if outer is inner or outer.change is not ScreenChange.MOVED or outer.box == inner.box:
        return False
    x, y, w, h = outer.box
    there = x + outer.by[0], y + outer.by[1], w, h
    return _around(outer.box, inner.box) == outer.box or (
        inner.change is ScreenChange.ADDED and _around(there, inner.box) == there
    )


def _carried(scene: Scene, found: list[Place]) -> list[Place]:
    """Put what is gone from one place and has appeared, equal, at another into one place that moved."""
    come = [one for one in found if one.change is ScreenChange.ADDED]
    moved: dict[Place, Place] = {}
    for old in found:
        if old.change is ScreenChange.REMOVED:
            for new in come:
                if elsewhere(scene.a, scene.b, old.box, new.box, scene.screen):
                    moved[old] = new
                    come.remove(new)
                    break
    kept = [one for one in found if one not in moved and one not in moved.values()]
    told = [
        Place(old.box, ScreenChange.MOVED, (new.box[0] - old.box[0], new.box[1] - old.box[1]), text=old.text)
        for old, new in moved.items()
    ]
    return sorted(kept + told, key=lambda one: (one.box[1], one.box[0]))


def _lines_of_text(found: list[Place]) -> list[Place]:
    """Put words that changed side by side on one line into one place."""
    told: list[Place] = []
    for place in sorted(found, key=lambda one: one.box[0]):
        for at, other in enumerate(told):
            if place.change is ScreenChange.TEXT is other.change and _on_one_line(other.box, place.box):
                told[at] = replace(other, box=_around(other.box, place.box))
                break
        else:
            told.append(place)
    return sorted(told, key=lambda one: (one.box[1], one.box[0]))


def _on_one_line(left: Box, right: Box) -> bool:
    shared = min(left[1] + left[3], right[1] + right[3]) - max(left[1], right[1])
    low, high = sorted((left[3], right[3]))
    return 2 * shared > high and right[0] - left[0] - left[2] <= low


def _around(one: Box, two: Box) -> Box:
    left, top = min(one[0], two[0]), min(one[1], two[1])
    right, low = max(one[0] + one[2], two[0] + two[2]), max(one[1] + one[3], two[1] + two[3])
    return left, top, right - left, low - top
