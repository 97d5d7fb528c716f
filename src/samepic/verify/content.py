"""Where the content of two pictures that lie on each other differs, whatever was done to tone and sharpness.

Local correlation after a little blur does not see tone, noise, sharpening or coding, but it sees what was added,
removed or moved. Where a change of tone is fitted, a place must disagree in every direction of the fit to count,
since what clips in one direction may look like a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import CONTENT
from samepic.verdict import Region
from samepic.verify.photometric import coarse, fit_tone
from samepic.verify.ranks import percentile
from samepic.verify.structure import correlation_map

__all__ = ["Content", "look_for_changes"]

Pixels: TypeAlias = NDArray[np.uint8]
Plane: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

_TILE = 24
_KINDS = 16
_STEP = 3


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What has changed: `regions` in pixels of the pictures, largest first.

    `share` is the share of the overlap in which structure disagrees, `spread` the share of its tiles that hold
    some of it, `largest` that of its largest region; all 0 to 1. `tone` is the change of tone in levels (90th
    percentile) where content agrees, `grey`, `coloured` and `lift` those of the fitted `Tone`; `blur` the sigma they
    were compared at.
    """

    regions: tuple[Region, ...]
    share: float
    spread: float
    largest: float
    tone: float
    grey: bool
    blur: float
    coloured: bool = False
    lift: float = 0.0


def look_for_changes(
    one: Pixels, two: Pixels, inside: Mask | None = None, *, foreign: bool = False
) -> Content:
    """Compare two pictures (height, width, 3) that lie on each other, within `inside`, at some 0.2 megapixels.

    `foreign` tells that a good part of the one shows nothing of the other, so that what is usual says nothing.
    """
    inside = np.ones(one.shape[:2], np.bool_) if inside is None else inside
    there, back = coarse(one), coarse(two)
    cells = cv2.resize(inside.astype(np.float32), there.shape[1::-1], interpolation=cv2.INTER_AREA) > 0.99
    forth, reverse = fit_tone(there, back, cells), fit_tone(back, there, cells)
    views = [(one, two)]
    if forth.matrix is not None or reverse.matrix is not None:
        views += [(forth.apply(one), two), (one, reverse.apply(two))]
    planes = [(_luma(x), _luma(y)) for x, y in views]
    reach = np.ones((9, 9), np.uint8)
    inner = np.asarray(
        cv2.erode(inside.astype(np.uint8), reach, borderType=cv2.BORDER_CONSTANT, borderValue=1), np.uint8
    )
    best: tuple[float, float, Mask, Mask, float] | None = None
    for sigma in CONTENT.blurs:
        low, loud, agreement = _disagreeing(planes, sigma, inner)
        if agreement < CONTENT.sound and sigma < CONTENT.blurs[-1]:
            continue  # what was done to the whole picture is coarser than this
        spread = _spread(low, inner)
        if best is None or spread < best[0]:
            best = (spread, sigma, low, loud, agreement)
        if spread <= CONTENT.gathered:
            break
    assert best is not None
    spread, sigma, low, loud, agreement = best
    least = CONTENT.least * (1.0 + CONTENT.doubt * max(0.0, CONTENT.clean - agreement))
    nearest = min(views, key=lambda v: float(np.mean(cv2.absdiff(*v))))
    regions = _regions(low, low if foreign else loud, nearest, least)
    share = float(low.sum() / max(1, int((inner > 0).sum())))
    largest = max((r.w * r.h for r in regions), default=0) / low.size
    kept = cells & (
        cv2.resize(low.astype(np.float32), there.shape[1::-1], interpolation=cv2.INTER_AREA) < 0.01
    )
    moved = np.abs(there - back)[kept if kept.any() else cells].max(axis=-1)
    tone = percentile(moved, 90) if moved.size else 0.0
    return Content(regions, share, spread, largest, tone, forth.grey, sigma, forth.coloured, forth.lift)


def _luma(rgb: Pixels) -> Plane:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _disagreeing(
    planes: list[tuple[Plane, Plane]], sigma: float, inner: NDArray[np.uint8]
) -> tuple[Mask, Mask, float]:
    """Return where there is something to see and every pair of planes disagrees, the same where it does so by more
    than is usual, and the best median correlation."""
    low, agreement = inner > 0, 0.0
    loud = low
    for pair in planes:
        one, two = (_structure_of(p, sigma) for p in pair)
        found, least, most = correlation_map(one, two)
        telling = (most >= CONTENT.telling**2) & (inner > 0)
        agreement = max(agreement, percentile(found[telling], 50) if telling.any() else 1.0)
        low = low & telling & (found < CONTENT.agree)
        loud = loud & low
        if loud.any():
            loud &= _stands_out(found, least, most, inner > 0)
    return low, loud, agreement


def _structure_of(plane: Plane, sigma: float) -> Plane:
    """Return a luma plane after a little blur without its slow shades, which light and lens change."""
    wide = cv2.GaussianBlur(plane, (0, 0), sigma)
    return np.asarray(wide - cv2.blur(wide, (CONTENT.shade, CONTENT.shade)), np.float32)


def _stands_out(found: Plane, least: Plane, most: Plane, inside: Mask) -> Mask:
    """Return where more differs than is usual in places that hold as much: what is done to all of them is no edit."""
    left = most * (1.0 - np.square(np.maximum(found, 0.0)))
    kinds = np.minimum(np.log2(least + 1.0) * 1.5, _KINDS - 1).astype(np.uint8)
    some = (slice(None, None, _STEP),) * 2
    there, seen = left[some][inside[some]], kinds[some][inside[some]]
    usual = np.zeros(_KINDS, np.float32)
    for kind in np.unique(seen):
        usual[kind] = percentile(there[seen == kind], CONTENT.usual)
    return np.asarray(left > CONTENT.unusual * usual[kinds])


def _spread(low: Mask, inner: NDArray[np.uint8]) -> float:
    """Return the share of tiles, among those inside, of which a twentieth or more disagrees."""
    size = (max(1, low.shape[1] // _TILE), max(1, low.shape[0] // _TILE))
    held, bad = (cv2.resize(m.astype(np.float32), size, interpolation=cv2.INTER_AREA) for m in (inner, low))
    return float(((bad > 0.05) & (held > 0.5)).sum() / max(1, int((held > 0.5).sum())))


def _regions(low: Mask, loud: Mask, nearest: tuple[Pixels, Pixels], least: float) -> tuple[Region, ...]:
    """Return the boxes of the places that disagree and of which enough does so by more than is usual."""
    change = cv2.blur(cv2.absdiff(*nearest).max(axis=2), (5, 5))
    count, labels, found, _ = cv2.connectedComponentsWithStats(low.astype(np.uint8), connectivity=8)
    areas = np.bincount(labels[loud], minlength=count)
    boxes = []
    for label in range(1, count):
        if areas[label] < least:
            continue
        x, y, w, h, _ = (int(v) for v in found[label])
        here, mine = change[y : y + h, x : x + w], labels[y : y + h, x : x + w] == label
        core = mine & (here >= CONTENT.core * percentile(here[mine], 98))
        left, top, right, low_ = cv2.boundingRect(core.astype(np.uint8))
        boxes.append(Region(x + left, y + top, max(1, right), max(1, low_)))
    return tuple(sorted(boxes, key=lambda r: (-r.w * r.h, r.y, r.x)))
