"""The difference picture of two screenshots: both, and between them what differs."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.screen.laid import Laid
from samepic.screen.pixels import Kind
from samepic.verdict import Region

__all__ = ["draw_screens"]

Pixels: TypeAlias = NDArray[np.uint8]

_LONG_SIDE = 1600
_GAP = 8
_PAPER = 245
_BOX = (214, 39, 40)
_LINE = 255  # what stands in the place of a kind where a line was added or removed
_INK = ((Kind.SMOOTHED, (240, 180, 0)), (Kind.DIFFERENT, (214, 39, 40)), (_LINE, (31, 119, 180)))
_FADED = np.float32(0.2)
_SEEN = 15


def draw_screens(a: Pixels, b: Pixels, kinds: Pixels, laid: Laid, regions: tuple[Region, ...]) -> Image.Image:
    """Return a, b and their difference side by side as an RGB image, each with a long side of at most 1600.

    `a` and `b` are (height, width, 3) uint8, `kinds` those of the pixels where `laid` lays them on each other. In the
    third panel a is faded, with what differs in red, smoothed edges in yellow, and in blue the lines that
    were added or removed; red boxes are round the `regions`, in pixels of a.
    """
    marks = _marks(a.shape, kinds, laid)
    panels = [_small(a), _small(b)]
    panels.append(_inked((255 - (255 - panels[0]) * _FADED).astype(np.uint8), marks))
    scale = panels[0].shape[1] / a.shape[1]
    for region in regions:
        for panel in (panels[0], panels[2]):
            _framed(panel, region, scale)
    return Image.fromarray(_beside(panels))


def _marks(shape: tuple[int, ...], kinds: Pixels, laid: Laid) -> Pixels:
    """Return (height, width) of a: the kind of each pixel, and _LINE on lines that were added or removed."""
    marks = np.zeros(shape[:2], np.uint8)
    marks[np.ix_(laid.rows_a, laid.columns_a)] = kinds
    lines = marks if laid.upright else marks.T
    for run in laid.runs:
        lines[min(run.a0, len(lines) - 1) : max(run.a1, run.a0 + 1)] = _LINE
    return marks


def _shrunk(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, _LONG_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _small(picture: Pixels) -> Pixels:
    height, width = _shrunk(*picture.shape[:2])
    if (height, width) == picture.shape[:2]:
        return picture.copy()
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _inked(panel: Pixels, marks: Pixels) -> Pixels:
    """Draw the marks on a panel; one that differs is seen however small the panel is."""
    height, width = panel.shape[:2]
    for kind, ink in _INK:
        # Beyond a certain size the share of a pixel would be rounded to none.
        there = (marks == kind).astype(np.float32 if marks.shape[0] > _SEEN * height else np.uint8) * 255
        panel[cv2.resize(there, (width, height), interpolation=cv2.INTER_AREA) > 0] = ink
    return panel


def _framed(panel: Pixels, region: Region, scale: float) -> None:
    left, top = round(region.x * scale) - 3, round(region.y * scale) - 3
    right, low = round((region.x + region.w) * scale) + 2, round((region.y + region.h) * scale) + 2
    cv2.rectangle(panel, (left, top), (right, low), _BOX, 2)


def _beside(panels: list[Pixels]) -> Pixels:
    height = max(panel.shape[0] for panel in panels)
    width = sum(panel.shape[1] for panel in panels) + _GAP * (len(panels) - 1)
    sheet = np.full((height, width, 3), _PAPER, np.uint8)
    left = 0
    for panel in panels:
        sheet[: panel.shape[0], left : left + panel.shape[1]] = panel
        left += panel.shape[1] + _GAP
    return sheet
