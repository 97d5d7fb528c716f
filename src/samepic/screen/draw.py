"""The difference picture of two screenshots: both, and between them what differs."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.profiles.screen import LAYOUT
from samepic.screen.laid import Laid
from samepic.screen.pixels import Kind
from samepic.verdict import Region
from samepic.verify.draw import beside

__all__ = ["draw_screens"]

Pixels: TypeAlias = NDArray[np.uint8]

_BOX = (214, 39, 40)
_INKS = ((Kind.SMOOTHED, (240, 180, 0)), (Kind.DIFFERENT, _BOX))
_LINE = (31, 119, 180)
_FADED = np.float32(0.2)


def draw_screens(a: Pixels, b: Pixels, kinds: Pixels, laid: Laid, regions: tuple[Region, ...]) -> Image.Image:
    """Return a, b and their difference side by side as an RGB image, each with a long side of at most 1600.

    `a` and `b` are (height, width, 3) uint8, `kinds` those of the pixels where `laid` lays them on each other. In the
    third panel a is faded, with what differs in red and smoothed edges in yellow. Red boxes are round the places of the
    `regions`, in pixels of a; blue is where lines were added or removed, and round those that were added in b.
    """
    panels = [_small(a), _small(b)]
    panels.append((255 - (255 - panels[0]) * _FADED).astype(np.uint8))
    _ink(panels[2], a.shape, kinds, laid)
    scales = [small.shape[1] / large.shape[1] for small, large in zip(panels, (a, b, a), strict=True)]
    for panel, scale in ((panels[0], scales[0]), (panels[2], scales[2])):
        for run in laid.runs:
            _framed(panel, _lines(run.a0, run.a1, a.shape, laid), scale, _LINE)
        for region in regions[: len(regions) - len(laid.runs)]:
            _framed(panel, region, scale, _BOX)
    for run in laid.runs:
        if run.more > 0:
            _framed(panels[1], _lines(run.b0, run.b1, b.shape, laid), scales[1], _LINE)
    return Image.fromarray(beside(panels))


def _ink(panel: Pixels, shape: tuple[int, ...], kinds: Pixels, laid: Laid) -> None:
    """Draw on a panel of a what became of its pixels; one that differs is seen however small the panel is."""
    height, width = panel.shape[:2]
    for kind, ink in _INKS:
        rows, columns = np.nonzero(kinds == kind)
        panel[laid.rows_a[rows] * height // shape[0], laid.columns_a[columns] * width // shape[1]] = ink


def _lines(start: int, stop: int, shape: tuple[int, ...], laid: Laid) -> Region:
    return (
        Region(0, start, shape[1], stop - start) if laid.upright else Region(start, 0, stop - start, shape[0])
    )


def _shrunk(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, LAYOUT.panel / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _small(picture: Pixels) -> Pixels:
    height, width = _shrunk(*picture.shape[:2])
    if (height, width) == picture.shape[:2]:
        return picture.copy()
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _framed(panel: Pixels, region: Region, scale: float, ink: tuple[int, int, int]) -> None:
    """Draw a box round a region, two pixels wide; round a single line it is one line."""
    out = 3 if min(region.w, region.h) > 1 else 0
    left, top = round(region.x * scale) - out, round(region.y * scale) - out
    right = round((region.x + region.w) * scale) + max(0, out - 1)
    low = round((region.y + region.h) * scale) + max(0, out - 1)
    cv2.rectangle(panel, (left, top), (right, low), ink, 2)
