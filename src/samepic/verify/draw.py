"""The difference picture: a, b and what differs between them, with a box round each region."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.verdict import Region
from samepic.verify.features import inverse, scaling
from samepic.verify.overlay import polygon
from samepic.verify.views import lay

__all__ = ["beside", "draw_difference"]

_LONG_SIDE = 640
_GAP = 8
_BOX = (214, 39, 40)
_OUTLINE = (31, 119, 180)
_OWN_FRAME = 0.015
_PAPER = 245

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def draw_difference(
    a: Pixels,
    b: Pixels,
    regions: tuple[Region, ...],
    matrix: Sequence[float] | None = None,
    gain: float = 4.0,
) -> Image.Image:
    """Return a, b and their difference side by side as an RGB image, each with a long side of at most 640.

    `a` and `b` are (height, width, 3) uint8; `matrix` is the 3x3 map from pixels of b to pixels of a, row by row;
    without it b is brought to a's size. The difference is drawn dark on light, amplified `gain` times, and grey where
    b shows nothing of a. `regions` in pixels of a are framed in red; where only parts of the two overlap, the
    outline of each is drawn in the other in blue.
    """
    laid = lay(a, b, matrix, _LONG_SIDE)
    one, two, small = laid.one, laid.two, laid.there
    ink = laid.difference(gain)
    panels = [one.copy(), two.copy(), np.dstack([ink] * 3)]
    if matrix is not None:
        for panel, edge in ((0, polygon(one.shape, two.shape, small)), (2, polygon(one.shape, two.shape, small)),
                            (1, polygon(two.shape, one.shape, inverse(small)))):  # fmt: skip
            _outlined(panels[panel], edge)
    to_small = scaling(a.shape, one.shape)
    for region in regions:
        corners = _moved_corners(region, to_small)
        for panel in (0, 2):
            _framed(panels[panel], corners)
        _framed(panels[1], cv2.perspectiveTransform(corners[None], inverse(small))[0])
    return Image.fromarray(beside(panels))


def beside(panels: list[Pixels]) -> Pixels:
    """Return panels of (height, width, 3) uint8 side by side on light ground, the tops in line."""
    height = max(panel.shape[0] for panel in panels)
    width = sum(panel.shape[1] for panel in panels) + _GAP * (len(panels) - 1)
    sheet = np.full((height, width, 3), _PAPER, np.uint8)
    left = 0
    for panel in panels:
        sheet[: panel.shape[0], left : left + panel.shape[1]] = panel
        left += panel.shape[1] + _GAP
    return sheet


def _moved_corners(region: Region, matrix: Matrix) -> NDArray[np.float64]:
    left, top = region.x - 0.5, region.y - 0.5
    right, low = left + region.w, top + region.h
    corners = np.array([[left, top], [right, top], [right, low], [left, low]])
    return np.asarray(cv2.perspectiveTransform(corners[None], matrix)[0], np.float64)


def _framed(panel: Pixels, corners: NDArray[np.float64]) -> None:
    """Draw a box just outside of the corners."""
    middle = corners.mean(axis=0)
    wide = corners + np.sign(corners - middle) * 1.5
    cv2.polylines(panel, [np.rint(wide).astype(np.int32)], isClosed=True, color=_BOX, thickness=2)


def _outlined(panel: Pixels, edge: NDArray[np.float64]) -> None:
    """Draw the outline of the other picture, unless it is this one's own frame."""
    height, width = panel.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    away = (
        [float(np.linalg.norm(edge - corner, axis=1).min()) for corner in corners] if len(edge) >= 3 else []
    )
    if max(away, default=0.0) > _OWN_FRAME * max(width, height):
        cv2.polylines(
            panel,
            [np.rint(edge).astype(np.int32)],
            isClosed=True,
            color=_OUTLINE,
            thickness=2,
            lineType=cv2.LINE_AA,
        )
