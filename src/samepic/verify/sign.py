"""Whether a picture is a sign: a few flat colors and strokes, which mean something else when turned or mirrored."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.evidence import SIGN

__all__ = ["is_sign"]

Pixels: TypeAlias = NDArray[np.uint8]


def is_sign(rgb: Pixels) -> bool:
    """Return whether a picture (height, width, 3) holds few colors and few corners.

    Arrows, toggles and letters do; photographs hold many colors, pages of text many corners.
    """
    scale = min(1.0, SIGN.side / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    shades = (small >> SIGN.bits).astype(np.uint32)
    _, counts = np.unique(shades[..., 0] << 16 | shades[..., 1] << 8 | shades[..., 2], return_counts=True)
    held = np.sort(counts)[::-1][: SIGN.colors].sum()
    if held < SIGN.share * small.shape[0] * small.shape[1]:
        return False
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    most = float(cv2.cornerMinEigenVal(luma, 3).max())
    if most <= SIGN.corner:
        return True  # a round outline has none
    corners = cv2.goodFeaturesToTrack(luma, SIGN.corners + 1, SIGN.corner / most, 3)
    return corners is None or len(corners) <= SIGN.corners
