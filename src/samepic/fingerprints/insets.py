"""Insets: rectangles in a picture that show another one, as collages, pages, screens and pictures in pictures do.

A pasted picture begins and ends at the same pixel along each side, while contours of objects bend away. So a step of
brightness or color that is the largest of its neighborhood is evidence for its row or column, and no step is evidence
against it; the sum over a side is a log-likelihood ratio. Rectangles are made of pairs of the best columns and rows.
Edges of the frame may be sides too, and carry no evidence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Floats, Pixels
from samepic.tuning.search import INSETS

Scores = NDArray[np.int16]
Places = NDArray[np.int64]
_FREE = np.float32(1e6)
"""The score of a pixel at the edge of the frame where the worst side is computed."""

_MANY = 3
"""How many times INSETS.most are kept before plain ones are dropped."""

_PLACES = 32
"""The side of the grid on which brightness is compared."""


class Inset(NamedTuple):
    """A rectangle of a picture, in its pixels."""

    x: int
    y: int
    width: int
    height: int

    def of(self, rgb: Pixels) -> Pixels:
        """Return this part of an (h, w, 3) picture."""
        return np.ascontiguousarray(rgb[self.y : self.y + self.height, self.x : self.x + self.width])

    def overlap(self, other: Inset) -> float:
        """Return the intersection with another one over their union, 0 to 1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        both = max(0, width) * max(0, height)
        return both / (self.width * self.height + other.width * other.height - both)


class _Lines(NamedTuple):
    """Lines across an axis, frame edges too, and the `sums` of their pixels' scores, (length + 1, n)."""

    places: Places
    sums: Floats


class _Pairs(NamedTuple):
    """Pairs of lines across one axis: their indexes, where the first is, the distance, and how many are frame edges."""

    first: Places
    second: Places
    start: Places
    size: Places
    edges: Places


def insets(rgb: Pixels) -> list[Inset]:
    """Return at most INSETS.most rectangles of (h, w, 3) uint8 RGB that look like pasted pictures, the surest first."""
    small = _reduced(rgb)
    height, width = small.shape[:2]
    if min(height, width) < INSETS.smallest:
        return []
    planes = np.asarray(np.ascontiguousarray(small.transpose(2, 0, 1)) >> 1, np.uint8)
    columns = _lines(_scores(planes))
    rows = _lines(_scores(np.ascontiguousarray(planes.transpose(0, 2, 1))))
    found: list[Inset] = []
    for box in _rectangles(columns, rows):
        inset = _scaled(box, rgb.shape[1] / width, rgb.shape[0] / height)
        if _busy(inset.of(rgb)):
            found.append(inset)
        if len(found) == INSETS.most:
            break
    return found


def _reduced(rgb: Pixels) -> Pixels:
    import cv2

    times = max(rgb.shape[:2]) // INSETS.side
    if times > 1:
        size = (max(1, rgb.shape[1] // times), max(1, rgb.shape[0] // times))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    scale = INSETS.side / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _scaled(box: Inset, across: float, down: float) -> Inset:
    left, top = round(box.x * across), round(box.y * down)
    right, bottom = round((box.x + box.width) * across), round((box.y + box.height) * down)
    return Inset(left, top, right - left, bottom - top)


def _scores(halves: Pixels) -> Scores:
    """Return the (h, w) scores of the steps from x - 1 to x: the evidence of each for a line in its column.

    `halves` are (3, h, w) planes of half values, so that two make a sum in 8 bits: scaling may spread a step.
    """
    import cv2

    pairs = halves[:, :, 1:] + halves[:, :, :-1]
    steps = np.zeros(halves.shape[1:], np.uint8)
    np.max(cv2.absdiff(pairs[:, :, 2:].copy(), pairs[:, :, :-2].copy()), axis=0, out=steps[:, 2:-1])
    strong = steps >= INSETS.step
    index = np.zeros(steps.shape, np.uint8)
    for reach in INSETS.reaches:
        largest = cv2.dilate(steps, np.ones((1, 2 * reach + 1), np.uint8))
        index += strong & (steps == largest)
    return np.take(np.array(INSETS.scores, np.int16), index)


def _lines(scores: Scores) -> _Lines:
    """Return the columns with the best runs of scores, and the edges of the frame."""
    height, width = scores.shape
    best = _best_runs(scores)
    best[[0, -1]] = 0
    beside = np.lib.stride_tricks.sliding_window_view(np.pad(best, 2), 5).max(axis=1)
    peaks = np.flatnonzero((best == beside) & (best >= INSETS.run))
    peaks = peaks[np.diff(peaks, prepend=-3) > 2]
    kept = np.sort(peaks[np.argsort(-best[peaks], kind="stable")[: INSETS.lines]])
    sums = np.zeros((height + 1, len(kept) + 2), np.float32)
    np.cumsum(scores[:, kept], axis=0, out=sums[1:, 1:-1])
    return _Lines(np.concatenate(([0], kept, [width])), sums)


def _best_runs(scores: Scores) -> Scores:
    """Return the largest sum of scores that follow one another in each column, as (w,); ends are found to 4 rows."""
    fours = len(scores) // 4
    pieces = scores[: 4 * fours].reshape(fours, 4, -1).sum(axis=1, dtype=np.int16)
    run, best = np.zeros(scores.shape[1], np.int16), np.zeros(scores.shape[1], np.int16)
    for piece in pieces:
        np.add(run, piece, out=run)
        np.maximum(run, 0, out=run)
        np.maximum(best, run, out=best)
    return best


def _pairs(places: Places) -> _Pairs:
    first, second = np.triu_indices(len(places), 1)
    kept = places[second] - places[first] >= INSETS.least * places[-1]
    first, second = first[kept], second[kept]
    edges = (first == 0).astype(np.int64) + (second == len(places) - 1)
    return _Pairs(first, second, places[first], places[second] - places[first], edges)


def _rectangles(columns: _Lines, rows: _Lines) -> list[Inset]:
    """Return the rectangles with evidence on all sides: those that no line divides first, then by score."""
    x, y = _pairs(columns.places), _pairs(rows.places)
    # Of each pair of rows the score of every column between them, and of each pair of columns that of every row.
    upright = columns.sums[y.start + y.size] - columns.sums[y.start]
    level = (rows.sums[x.start + x.size] - rows.sums[x.start]).T
    total = _over_sides(np.add, upright, level, x, y)
    upright /= y.size[:, None]
    level /= x.size
    # Neither too small, nor too large, nor too narrow.
    down, frame = y.size[:, None], columns.places[-1] * rows.places[-1]
    good = (x.size <= INSETS.aspect * down) & (down <= INSETS.aspect * x.size)
    good &= (x.size * down >= INSETS.area[0] * frame) & (x.size * down <= INSETS.area[1] * frame)
    edges = x.edges + y.edges[:, None]
    length = x.size * (2 - y.edges)[:, None] + y.size[:, None] * (2 - x.edges)
    good &= (edges < 4) & (total >= INSETS.total) & (total >= INSETS.density * length)
    upright[:, [0, -1]] = level[[0, -1]] = _FREE
    worst = _over_sides(np.minimum, upright, level, x, y)
    good &= worst >= np.where(edges == 3, INSETS.alone, INSETS.mean)
    at_y, at_x = np.nonzero(good)
    whole: list[Inset] = []
    divided: list[Inset] = []
    for at in np.argsort(-total[good], kind="stable")[: INSETS.looked].tolist():
        b, a = at_y[at], at_x[at]
        box = Inset(int(x.start[a]), int(y.start[b]), int(x.size[a]), int(y.size[b]))
        enough = INSETS.through * total[b, a] / length[b, a]
        crossed = _crossed(upright[b], columns.places, box.x, box.width, enough)
        crossed = crossed or _crossed(level[:, a], rows.places, box.y, box.height, enough)
        (divided if crossed else whole).append(box)
    kept: list[Inset] = []
    for box in (*whole, *divided):
        if len(kept) < _MANY * INSETS.most and all(box.overlap(other) <= INSETS.shared for other in kept):
            kept.append(box)
    return kept


def _over_sides(join: np.ufunc, upright: Floats, level: Floats, x: _Pairs, y: _Pairs) -> Floats:
    """Return the four sides of every rectangle combined by `join`, (pairs of rows, pairs of columns)."""
    sides = join(upright[:, x.first], upright[:, x.second]), join(level[y.first], level[y.second])
    return np.asarray(join(*sides), np.float32)


def _crossed(means: Floats, places: Places, start: int, size: int, enough: float) -> bool:
    """Return whether a line well inside a rectangle crosses all of it with a mean score of `enough`."""
    margin = size * INSETS.least
    inside = (places > start + margin) & (places < start + size - margin)
    return bool((means[inside] >= enough).any())


def _busy(rgb: Pixels) -> bool:
    """Return whether brightness varies as it does in photographs, unlike in panels and signs."""
    import cv2

    if min(rgb.shape[:2]) < INSETS.smallest // 2:
        return False
    places = cv2.resize(
        cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (_PLACES, _PLACES), interpolation=cv2.INTER_AREA
    )
    luma = np.asarray(places, np.int16)
    down, across = np.abs(np.diff(luma, axis=0))[:, 1:], np.abs(np.diff(luma, axis=1))[1:]
    return float((np.maximum(down, across) >= INSETS.change).mean()) >= INSETS.busy
