"""What happened at a place of a screenshot: moved, recoloured, text changed, appeared, gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.profiles.screen import LAYOUT, Box, Screen
from samepic.screen.laid import lay_lines
from samepic.screen.lines import Run
from samepic.screen.moved import elsewhere, moved_by, slid_by
from samepic.screen.pixels import Kind, kinds
from samepic.screen.shown import are_recoloured, is_text, outlined_alike, packed, shown, usual_change

__all__ = ["Change", "Place", "Scene", "changes"]

Pixels: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]


class Change(StrEnum):
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
    change: Change = Change.CHANGED
    by: tuple[int, int] = (0, 0)
    text: bool = False
    colours: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    lines: tuple[Run, ...] = ()


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
        return np.asarray(self.kinds == Kind.DIFFERENT, np.bool_)


def _seen_through(_scene: Scene, box: Box, here: _Here) -> Place | None:
    """Find what is equal on white and yet differs."""
    return Place(box, Change.SEEN_THROUGH) if np.array_equal(here.a, here.b) else None


def _moved(scene: Scene, box: Box, _here: _Here) -> Place | None:
    by = moved_by(scene.a, scene.b, scene.kinds, box, scene.screen) or slid_by(
        scene.a, scene.b, box, scene.screen
    )
    return Place(box, Change.MOVED, by) if by is not None else None


def _come_or_gone(scene: Scene, box: Box, here: _Here) -> Place | None:
    one, two = shown(packed(here.a)), shown(packed(here.b))
    if one.is_plain == two.is_plain:
        return None
    if one.is_plain:
        return Place(box, Change.ADDED, text=one.ground in two.rim and is_text(scene.b, box))
    return Place(box, Change.REMOVED, text=two.ground in one.rim and is_text(scene.a, box))


def _recoloured(_scene: Scene, box: Box, here: _Here) -> Place | None:
    step = -(-max(box[2:]) // LAYOUT.sample)
    one, two, different = here.a[::step, ::step], here.b[::step, ::step], here.different[::step, ::step]
    if different.any() and are_recoloured(packed(one), packed(two), different):
        return Place(box, Change.COLOUR, colours=usual_change(one, two, different))
    mostly = 2 * int(np.count_nonzero(here.different)) >= here.kinds.size
    alike = mostly and outlined_alike(here.a, here.b) >= LAYOUT.outlined
    return Place(box, Change.COLOUR) if alike else None


def _lines(scene: Scene, box: Box, here: _Here) -> Place | None:
    """Find rows that were added or removed within a place, where that explains most of what differs."""
    if len(here.a) < LAYOUT.tall:
        return None
    laid = lay_lines(here.a, here.b)
    if not 0 < len(laid.runs) <= LAYOUT.runs or laid.found < LAYOUT.found:
        return None
    left, _ = kinds(laid.of_a(here.a), laid.of_b(here.b), scene.screen)
    most = LAYOUT.gained * int(np.count_nonzero(here.different))
    explained = int(np.count_nonzero(left == Kind.DIFFERENT)) <= most
    return Place(box, Change.LINES, lines=laid.runs) if explained else None


def _text(scene: Scene, box: Box, _here: _Here) -> Place | None:
    return Place(box, Change.TEXT, text=True) if is_text(scene.a, box) and is_text(scene.b, box) else None


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
                told[at] = Place(box, Change.MOVED, by)
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
            if place.change is Change.MOVED is other.change and place.by == other.by:
                box = _around(place.box, other.box)
                if moved_by(scene.a, scene.b, scene.kinds, box, scene.screen, only=place.by):
                    told[at] = replace(other, box=box)
                    break
        else:
            told.append(place)
    return [one for one in told if not any(_holds(other, one) for other in told)]


def _holds(outer: Place, inner: Place) -> bool:
    """Tell whether `inner` is a part of what moved at `outer`, or where that is now."""
    if outer is inner or outer.change is not Change.MOVED or outer.box == inner.box:
        return False
    x, y, w, h = outer.box
    there = x + outer.by[0], y + outer.by[1], w, h
    return _around(outer.box, inner.box) == outer.box or (
        inner.change is Change.ADDED and _around(there, inner.box) == there
    )


def _carried(scene: Scene, found: list[Place]) -> list[Place]:
    """Put what is gone from one place and has appeared, equal, at another into one place that moved."""
    come = [one for one in found if one.change is Change.ADDED]
    moved: dict[Place, Place] = {}
    for old in found:
        if old.change is Change.REMOVED:
            for new in come:
                if elsewhere(scene.a, scene.b, old.box, new.box, scene.screen):
                    moved[old] = new
                    come.remove(new)
                    break
    kept = [one for one in found if one not in moved and one not in moved.values()]
    told = [
        Place(old.box, Change.MOVED, (new.box[0] - old.box[0], new.box[1] - old.box[1]), text=old.text)
        for old, new in moved.items()
    ]
    return sorted(kept + told, key=lambda one: (one.box[1], one.box[0]))


def _lines_of_text(found: list[Place]) -> list[Place]:
    """Put words that changed side by side on one line into one place."""
    told: list[Place] = []
    for place in sorted(found, key=lambda one: one.box[0]):
        for at, other in enumerate(told):
            if place.change is Change.TEXT is other.change and _on_one_line(other.box, place.box):
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
