"""Places of a picture that no change of tone explains, be it ever so crooked: what was drawn in or taken out small.

Whatever is done to the tone of a whole picture does the same to the same colour, at least nearby. So every place is
held against other places of its colour: where the copy shows something else than there, its content was changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import CONTENT
from samepic.verdict import Region
from samepic.verify.photometric import Tone, coarse, fit_tone
from samepic.verify.ranks import largest, largest_of, percentile

__all__ = ["odd_places"]

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

_CELL = 4
_SHADES = 10  # classes a channel
_FEWEST = 12  # cells of a class that say what is usual for it
_LEAST_CELLS = 100
_ROUNDS = 3
_DOUBTED = 60  # cells of a place that are held against others, the oddest first
_OTHERS = 4000


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One direction: `shade` the colours (rows, columns, 3) of cells, `left` what the other picture shows there beyond
    the tone, `slack` by how much it may, `odd` the same in terms of that (rows, columns)."""

    shade: Floats
    left: Floats
    slack: Floats
    odd: Floats


def odd_places(one: Pixels, two: Pixels, inside: Mask) -> tuple[Region, ...]:
    """Return boxes, in pixels of `one`, of small places where `two`, laid on it, shows what its colours do not become.

    Both are (height, width, 3); only what is `inside` counts. Colours that a picture has in one place alone say
    nothing. The oddest come first, four at most.
    """
    there, back = _cells(one), _cells(two)
    rows, columns = there.shape[:2]
    whole = inside[: rows * _CELL, : columns * _CELL].astype(np.uint8)
    full = cv2.resize(whole * np.uint8(255), (columns, rows), interpolation=cv2.INTER_AREA) == 255
    # The outermost cells are left out: there the two may be off by a part of a pixel, or mixed with a border.
    edge = cv2.erode(
        full.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    inner = edge > 0
    if inner.sum() < _LEAST_CELLS:
        return ()
    first, second = coarse(one), coarse(two)
    forth, reverse = fit_tone(first, second), fit_tone(second, first)
    pairs = ((one, there, back, forth), (two, back, there, reverse))
    # From grey to colour there is no function: one grey is the sky and a face.
    sides = [_side(*pair, inner) for pair in pairs if not pair[3].coloured]
    oddest = np.asarray(np.max([side.odd for side in sides], axis=0), np.float32)
    usual = max(CONTENT.odd_least, percentile(oddest[inner], CONTENT.odd_usual))
    found = sorted((place for side in sides for place in _confirmed(side, inner, usual)), key=lambda p: -p[0])
    return tuple(box for _, box in found[: CONTENT.odd_most])


def _cells(picture: Pixels) -> Floats:
    """Return the mean colours of whole cells of 4 x 4 pixels."""
    rows, columns = picture.shape[0] // _CELL, picture.shape[1] // _CELL
    whole = picture[: rows * _CELL, : columns * _CELL]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def _side(picture: Pixels, shade: Floats, other: Floats, tone: Tone, inner: Mask) -> _Side:
    toned = shade if tone.matrix is None else _cells(tone.apply(picture))
    left = other - toned
    left = left - _slow(left, inner)
    reach = np.ones((3, 3), np.uint8)
    # Beside an edge, a part of a pixel or a blur changes more than elsewhere.
    range_ = largest(np.asarray(cv2.dilate(toned, reach) - cv2.erode(toned, reach), np.float32))
    slack = np.float32(CONTENT.odd_noise) + np.float32(CONTENT.odd_edge) * range_
    beyond, spread, rare = _beyond_class(toned, left, inner)
    odd = largest(np.abs(beyond)) / (slack + np.float32(CONTENT.odd_spread) * spread)
    odd[~inner | rare] = 0
    return _Side(shade, left, slack, np.asarray(odd, np.float32))


def _slow(left: Floats, inner: Mask) -> Floats:
    """Return the slow part of what is left, which lens and light change: a mean over a fifth of the frame."""
    side = max(inner.shape) // 10 * 2 + 1
    limit = percentile(np.abs(left)[inner], 80) + 2.0
    weights = inner.astype(np.float32)
    clipped = np.clip(left, -limit, limit) * weights[..., None]
    means, shares = (cv2.blur(cv2.blur(p, (side, side)), (side, side)) for p in (clipped, weights))
    return np.asarray(means / (shares[..., None] + np.float32(1e-6)), np.float32)


def _beyond_class(toned: Floats, left: Floats, inner: Mask) -> tuple[Floats, Floats, Mask]:
    """Return what is left beyond the robust mean over cells of a like colour, its spread, and where those are few."""
    classes = np.clip(toned * (_SHADES / 256), 0, _SHADES - 1).astype(np.intp)
    code = ((classes[..., 0] * _SHADES + classes[..., 1]) * _SHADES + classes[..., 2]).ravel()
    counted = inner.ravel().astype(np.float64)
    weights, values, count = counted, left.reshape(-1, 3).astype(np.float64), _SHADES**3
    beyond, spread = values, np.zeros(count)
    for _ in range(_ROUNDS):
        sizes = np.bincount(code, weights, count) + 1e-9
        means = np.stack([np.bincount(code, weights * values[:, k], count) for k in range(3)], axis=1)
        beyond = values - (means / sizes[:, None])[code]
        apart = largest_of(np.abs(beyond))
        spread = np.sqrt(np.bincount(code, weights * apart * apart, count) / sizes)
        weights = counted * (apart <= 2.5 * np.maximum(spread[code], 1.5))
    rare = np.bincount(code, counted, count)[code] < _FEWEST
    shape = inner.shape
    return (
        beyond.reshape(*shape, 3).astype(np.float32),
        spread[code].reshape(shape).astype(np.float32),
        rare.reshape(shape),
    )


def _confirmed(side: _Side, inner: Mask, usual: float) -> list[tuple[float, Region]]:
    """Return how odd each odd place is beside the very colours it has elsewhere, and its box."""
    odd = side.odd / np.float32(usual)
    raised = ((cv2.blur(odd, (3, 3)) > CONTENT.odd_seed) & inner).astype(np.uint8)
    count, labels = cv2.connectedComponents(raised, connectivity=8)
    elsewhere = inner & (cv2.dilate(raised, np.ones((5, 5), np.uint8)) == 0)
    shades, lefts = side.shade[elsewhere], side.left[elsewhere]
    if count < 2 or len(shades) < _LEAST_CELLS:
        return []
    step = max(1, len(shades) // _OTHERS)
    peaks = [(float(odd[labels == label].max()), label) for label in range(1, count)]
    found = []
    for _, label in sorted(peaks, reverse=True)[: CONTENT.odd_most]:
        rows, columns = np.nonzero((labels == label) & (odd > CONTENT.odd_seed))
        order = np.argsort(-odd[rows, columns], kind="stable")[:_DOUBTED]
        rows, columns = rows[order], columns[order]
        again = np.zeros(odd.shape, np.float32)
        beside = _beside_likes(side, rows, columns, shades[::step], lefts[::step]) / usual
        again[rows, columns] = np.minimum(beside, odd[rows, columns])
        strength = float(cv2.blur(again, (3, 3)).max())
        if strength > CONTENT.odd:
            x, y, w, h = cv2.boundingRect((again > CONTENT.odd_seed).astype(np.uint8))
            found.append((strength, Region(x * _CELL, y * _CELL, w * _CELL, h * _CELL)))
    return found


def _beside_likes(
    side: _Side, rows: NDArray[np.intp], columns: NDArray[np.intp], shades: Floats, lefts: Floats
) -> Floats:
    """Return how odd cells are beside those elsewhere whose colours are next to theirs; 0 where there are too few."""
    odd = np.zeros(len(rows), np.float32)
    for at, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        apart = largest_of(np.abs(shades - side.shade[row, column]))
        near = np.flatnonzero(apart <= CONTENT.odd_near)
        if len(near) < _FEWEST:
            continue
        near = near[np.argsort(apart[near], kind="stable")[: CONTENT.odd_likes]]
        middle = np.median(lefts[near], axis=0)
        spread = np.percentile(np.abs(lefts[near] - middle), 80, axis=0)
        slack = side.slack[row, column] + np.median(apart[near]) + CONTENT.odd_spread * spread
        odd[at] = (np.abs(side.left[row, column] - middle) / slack).max()
    return odd
