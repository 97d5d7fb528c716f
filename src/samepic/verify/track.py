"""Refine a map to a part of a pixel by tracking points, and measure how far they stray from any one map.

Copies of one picture move as one; another shot of the same place does not, since near and far things shift
differently. How far tracked points stray from the best map is therefore evidence.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import ALIGN
from samepic.verify.features import Matrix

__all__ = ["levelled", "track"]

Plane: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

_LEAST = 8
_WINDOW = 15
_STOP = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 15, 0.02)


def levelled(luma: Plane) -> Plane:
    """Return a plane smoothed against grain, with the same local mean and contrast everywhere: tone moves nothing."""
    wide = np.asarray(cv2.GaussianBlur(luma, (0, 0), ALIGN.smooth), np.float32)
    size = (31, 31)
    mean = cv2.blur(wide, size)
    spread = np.sqrt(np.maximum(cv2.blur(wide * wide, size) - mean * mean, 0.0))
    found = (wide - mean) * (48.0 / (spread + 6.0)) + 128.0
    return np.asarray(cv2.convertScaleAbs(found), np.uint8)


def track(ground: Plane, moved: Plane, inside: Mask, levels: int = 2) -> tuple[Matrix, Floats] | None:
    """Return the map from `moved` to `ground`, both levelled, and how far each point strays from it, in pixels.

    Corners (Shi and Tomasi 1994) are tracked by the pyramidal method of Lucas and Kanade (Bouguet 2000). None
    where there are too few corners to tell.
    """
    mask = cv2.erode(
        inside.astype(np.uint8), np.ones((7, 7), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    corners = cv2.goodFeaturesToTrack(ground, ALIGN.tracked, 0.01, 6, mask=mask, blockSize=5)
    if corners is None or len(corners) < _LEAST:
        return None
    found, kept, _ = cv2.calcOpticalFlowPyrLK(
        ground, moved, corners, np.empty_like(corners), None, None, (_WINDOW, _WINDOW), levels, _STOP
    )
    sound = np.asarray(kept).ravel() == 1
    there, here = corners[sound, 0], found[sound, 0]
    if len(there) < _LEAST:
        return None
    cv2.setRNGSeed(0)
    step, _ = cv2.findHomography(
        here, there, cv2.USAC_MAGSAC, ALIGN.track_reach, maxIters=500, confidence=0.999
    )
    if step is None or not np.all(np.isfinite(step)):
        return None
    gone = cv2.perspectiveTransform(here[:, None], step)[:, 0] - there
    return np.asarray(step, np.float64), np.asarray(np.linalg.norm(gone, axis=1), np.float32)
