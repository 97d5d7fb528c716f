"""What is left when one picture is laid on the other: block by block, beyond what coding explains.

The yardstick is the picture itself: a is coded as a JPEG of the quality whose noise is as strong as the typical
difference between a and b. Where b differs from a by several times what this does to the same place, content
has changed there. How far the ratio goes for copies and for edits is in bench/RESULTS.md (`python -m bench.resaves`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from samepic.native import native
from samepic.profiles import JUDGE
from samepic.verdict import Region
from samepic.verify.filters import detail
from samepic.verify.ranks import largest, percentile

__all__ = [
    "Residual",
    "energies",
    "energies_plain",
    "measure_residual",
    "noise_of_jpeg",
    "regions_of",
    "typical_difference",
]

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]

_CELL = 4  # pixels a cell; windows are two cells wide, so they overlap by half
_QUALITIES = (97, 93, 88, 80, 68, 52, 36, 24, 15, 8)
_TILE = 64
_TILES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """How far b is from a, cell by cell of 4 x 4 pixels.

    `ratio` is (rows, columns) float32: the difference over what coding explains; `level` the difference itself
    in levels; `peak` the largest ratio; `typical` the mean luma difference in levels; `explained` the share of
    cells whose ratio is within the profile's limit; `quality` the IJG quality whose noise was the yardstick;
    `softness` the fine detail of b over that of a coded at this quality: well under 1 where b was blurred;
    `grain` the luma difference in levels that nine tenths of the cells exceed: noise all over.
    """

    ratio: Floats
    level: Floats
    peak: float
    typical: float
    explained: float
    quality: int
    softness: float
    grain: float


def energies(a: Pixels, b: Pixels) -> Floats:
    """Return (rows, columns, 3) float32 differences of two YCrCb pictures over windows of 8 x 8 pixels.

    The three are the mean absolute difference of luma, the absolute mean difference of luma, and the larger
    absolute mean difference of the two chroma planes, all in levels; one window every 4 pixels.
    """
    if native is None:
        return energies_plain(a, b)
    found = native.energies(np.ascontiguousarray(a), np.ascontiguousarray(b), a.shape[1])
    return np.frombuffer(found, np.float32).reshape(-(-a.shape[0] // _CELL), -1, 3)


def energies_plain(a: Pixels, b: Pixels) -> Floats:
    """Return what `energies` does, without the native part: five times as slow."""
    diff = _whole_cells(np.asarray(cv2.subtract(a, b, dtype=cv2.CV_32F), np.float32))
    mean = _cell_means(diff)
    loud = _cell_means(np.abs(diff[..., 0]))
    luma, *chroma = cv2.split(np.abs(cv2.blur(mean, (2, 2))))
    return np.asarray(cv2.merge([cv2.blur(loud, (2, 2)), luma, cv2.max(*chroma)]), np.float32)


def _whole_cells(diff: Floats) -> Floats:
    """Return a difference grown to whole cells by reflection."""
    border = (0, -diff.shape[0] % _CELL, 0, -diff.shape[1] % _CELL)
    if not any(border):
        return diff
    return np.asarray(cv2.copyMakeBorder(diff, *border, cv2.BORDER_REFLECT_101), np.float32)


def _cell_means(diff: Floats) -> Floats:
    size = (diff.shape[1] // _CELL, diff.shape[0] // _CELL)
    return np.asarray(cv2.resize(diff, size, interpolation=cv2.INTER_AREA), np.float32)


def noise_of_jpeg(rgb: Pixels, quality: int) -> Pixels:
    """Return `rgb` coded as a 4:2:0 JPEG of IJG `quality` and decoded again."""
    coded = simplejpeg.encode_jpeg(rgb, quality=quality, colorspace="RGB", colorsubsampling="420")
    return np.asarray(simplejpeg.decode_jpeg(coded), np.uint8)


def measure_residual(a: Pixels, b: Pixels, references: Sequence[Pixels] = ()) -> Residual:
    """Measure where b (height, width, 3) differs from a of the same shape beyond what coding explains.

    `references` are further forms of a that b may rightly look like (mapped to b's palette, say): what they
    change is explained as well. The strength of the noise is matched on at most 8 tiles.
    """
    one, two = _luma_chroma(a), _luma_chroma(b)
    found = energies(one, two)
    quality = _matched_quality(a, b)
    coded = noise_of_jpeg(a, quality)
    noise = energies(one, _luma_chroma(coded))
    # What is flat says nothing of how strong the noise is: things often stand on plain white.
    active = noise[..., 0] > JUDGE.active_noise
    seen, wanted = (_typical(e[..., 0][active]) if active.any() else _lower(e) for e in (found, noise))
    noise *= np.clip(seen / max(wanted, 0.1), *JUDGE.noise_range)
    for reference in references:
        noise = np.maximum(noise, energies(one, _luma_chroma(reference)))
    reach = np.ones((5, 5), np.uint8)
    spread = np.asarray(cv2.dilate(noise, reach), np.float32)
    quiet = percentile(found[..., 0], 10)
    spread[..., 0] += np.float32(max(0.0, quiet - percentile(spread[..., 0], 10)))
    ratio = largest(found / (spread + np.float32(JUDGE.noise_floor)))
    explained = float((ratio <= JUDGE.unexplained).mean())
    return Residual(
        ratio,
        largest(found),
        float(ratio.max()),
        float(found[..., 0].mean()),
        explained,
        quality,
        (detail(b) + 0.5) / (detail(coded) + 0.5),
        quiet,
    )


def regions_of(residual: Residual, shape: tuple[int, int]) -> tuple[Region, ...]:
    """Return boxes, in pixels of a picture of `shape` (height, width), where content has changed.

    Cells above the limit seed a region, which reaches out to connected cells above the lower limit (hysteresis,
    Canny 1986); regions closer than four cells are joined; those too faint to be seen are left out.
    """
    seeds = (residual.ratio > JUDGE.unexplained) & (residual.level >= JUDGE.visible)
    if not seeds.any():
        return ()
    reach = (residual.ratio > JUDGE.grow) & (residual.level >= JUDGE.visible / 2)
    joined = cv2.morphologyEx(reach.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, labels = cv2.connectedComponents(joined, connectivity=8)
    kept = set(np.unique(labels[seeds]).tolist()) - {0}
    height, width = shape
    scale_x, scale_y = width / residual.ratio.shape[1], height / residual.ratio.shape[0]
    boxes = []
    for label in sorted(kept):
        x, y, w, h = _core(labels == label, residual.ratio)
        left, top = round((x - 0.5) * scale_x), round((y - 0.5) * scale_y)
        right, bottom = round((x + w - 0.5) * scale_x), round((y + h - 0.5) * scale_y)
        left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
        boxes.append(Region(left, top, max(1, right - left), max(1, bottom - top)))
    return tuple(sorted(boxes, key=lambda r: (-r.w * r.h, r.y, r.x)))


def _core(cells: NDArray[np.bool_], ratio: Floats) -> tuple[int, int, int, int]:
    """Return the box (x, y, w, h) of the cells of a region that reach a part of its largest ratio."""
    bright = cells & (ratio >= JUDGE.core * float(ratio[cells].max()))
    x, y, w, h = cv2.boundingRect(bright.astype(np.uint8))
    return int(x), int(y), int(w), int(h)


def typical_difference(a: Pixels, b: Pixels) -> float:
    """Return the mean luma difference, in levels, of the nine tenths of the frame that differ least."""
    return _lower(energies(_luma_chroma(a), _luma_chroma(b)))


def _luma_chroma(rgb: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), np.uint8)


def _lower(found: Floats) -> float:
    """Return the mean of the lower nine tenths of luma differences: what is typical, whatever an edit does."""
    return _typical(found[..., 0])


def _typical(luma: Floats) -> float:
    return float(luma[luma <= percentile(luma, 90)].mean())


def _matched_quality(a: Pixels, b: Pixels) -> int:
    """Return the quality at which JPEG changes a as much as b differs from it, by bisection on tiles."""
    one, two = (np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), np.uint8) for p in (a, b))
    tiles = _telling_tiles(one)
    if tiles:
        one, two = (np.vstack([p[y : y + _TILE, x : x + _TILE] for y, x in tiles]) for p in (one, two))
    target = _loudness(one, two)
    low, high = 0, len(_QUALITIES) - 1
    while low < high:
        middle = (low + high) // 2
        noise = _loudness(one, _noise_of_luma(one, _QUALITIES[middle]))
        low, high = (middle + 1, high) if noise < target else (low, middle)
    return _QUALITIES[low]


def _telling_tiles(luma: Pixels) -> list[tuple[int, int]]:
    """Return where (y, x) up to 8 tiles of 64 x 64 begin, from the plainest that shows anything to the busiest.

    None for a picture that is no larger than these, or shows nothing.
    """
    rows, columns = luma.shape[0] // _TILE, luma.shape[1] // _TILE
    if luma.size <= _TILES * _TILE * _TILE or min(rows, columns) < 2:
        return []
    top, left = ((side % _TILE) // 16 * 8 for side in luma.shape)
    part = luma[top : top + rows * _TILE, left : left + columns * _TILE]
    steps = cv2.absdiff(part[1:], part[:-1])
    busy = cv2.resize(steps, (columns, rows), interpolation=cv2.INTER_AREA).ravel()
    order = np.argsort(busy, kind="stable")
    order = order[busy[order] >= JUDGE.busy_tile]
    chosen = (
        order[np.unique(np.linspace(0, len(order) - 1, _TILES).round().astype(int))] if len(order) else order
    )
    return [(top + int(k) // columns * _TILE, left + int(k) % columns * _TILE) for k in chosen]


def _loudness(a: Pixels, b: Pixels) -> float:
    """Return the typical difference of two luma planes: what `energies` says of luma, without the rest of it."""
    diff = _whole_cells(np.asarray(cv2.absdiff(a, b), np.float32))
    return _typical(np.asarray(cv2.blur(_cell_means(diff), (2, 2)), np.float32))


def _noise_of_luma(luma: Pixels, quality: int) -> Pixels:
    """Return a luma plane coded as a JPEG of IJG `quality` and decoded again; colour would not change it."""
    coded = simplejpeg.encode_jpeg(luma[..., None], quality=quality, colorspace="GRAY")
    return np.asarray(simplejpeg.decode_jpeg(coded, colorspace="GRAY")[..., 0], np.uint8)
