"""The difference picture: a, b and what differs between them, with a box round each region."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.verdict import Region

__all__ = ["draw_difference"]

_LONG_SIDE = 640
_GAP = 8
_BOX = (214, 39, 40)
_PAPER = 245


def draw_difference(
    a: NDArray[np.uint8], b: NDArray[np.uint8], regions: tuple[Region, ...], gain: float = 4.0
) -> Image.Image:
    """Return a, b and their difference side by side as an RGB image, each with a long side of at most 640.

    `a` and `b` are (height, width, 3) uint8; b is brought to a's size. The difference is drawn dark on light,
    amplified `gain` times; `regions` in pixels of a are framed in red in all three panels.
    """
    height, width = a.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    one, two = (_fitted(picture, size) for picture in (a, b))
    change = cv2.absdiff(one, two).max(axis=2).astype(np.float32)
    ink = 255 - np.clip(change * gain, 0, 255).astype(np.uint8)
    panels = [_boxed(panel, regions, scale) for panel in (one, two, np.dstack([ink] * 3))]
    gap = np.full((size[1], _GAP, 3), _PAPER, np.uint8)
    return Image.fromarray(np.hstack([panels[0], gap, panels[1], gap, panels[2]]))


def _fitted(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if (rgb.shape[1], rgb.shape[0]) == size:
        return rgb
    smaller = rgb.shape[1] >= size[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


def _boxed(panel: NDArray[np.uint8], regions: tuple[Region, ...], scale: float) -> NDArray[np.uint8]:
    framed = np.ascontiguousarray(panel).copy()
    for region in regions:
        start = (round(region.x * scale) - 2, round(region.y * scale) - 2)
        end = (round((region.x + region.w) * scale) + 1, round((region.y + region.h) * scale) + 1)
        cv2.rectangle(framed, start, end, _BOX, 2)
    return framed
