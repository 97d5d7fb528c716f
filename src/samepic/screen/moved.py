"""Whether what a screenshot shows at a place is shown elsewhere in the other one."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.screen import LAYOUT, Box, Screen
from samepic.screen.pixels import Kind, kinds
from samepic.screen.places import around, within
from samepic.screen.shown import packed, shown

__all__ = ["elsewhere", "moved_by", "slid_by"]

Pixels: TypeAlias = NDArray[np.uint8]
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
    differ = int(np.count_nonzero(told[y : y + h, x : x + w] == Kind.DIFFERENT))
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
    return int(np.count_nonzero(told[y : y + h, x : x + w] == Kind.DIFFERENT)) >= LAYOUT.fresh * differ


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
    return float(np.count_nonzero(found == Kind.DIFFERENT))


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
