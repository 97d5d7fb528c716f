"""Screen: which of the pictures that a copy code proposes share features with an upload, before a closer look.

The nearest by copy code are proposed however far they are, and in a large store nearly all of them are other pictures.
Features of two proxies that fit on each other dismiss those for a thirtieth of what it takes to look closely.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from samepic.picture import load
from samepic.profiles import LIMITS, Limits
from samepic.profiles.gate import GATE
from samepic.verify.features import Features, find_features, fit_map

__all__ = ["screen"]


def screen(upload: bytes, kept: Sequence[bytes], *, limits: Limits = LIMITS) -> list[int]:
    """Return for each kept proxy how many of its features lie on those of the upload's by one map, 0 for none.

    The upload is tried as it is and mirrored; features are ORB. Raises as `samepic.picture.load`.
    """
    seen = _luma(upload, limits)
    forms = [_features(seen), _features(np.ascontiguousarray(seen[:, ::-1]))]
    counts = []
    for one in kept:
        features = _features(_luma(one, limits))
        maps = [fit_map(features, form) for form in forms]
        counts.append(max((found[1] for found in maps if found is not None), default=0))
    return counts


def _luma(data: bytes, limits: Limits) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(cv2.cvtColor(load(data, limits=limits).on(255), cv2.COLOR_RGB2GRAY), np.uint8)


def _features(luma: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Features:
    if min(luma.shape) < GATE.screen_side:
        return Features(
            np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), (luma.shape[1], luma.shape[0])
        )
    return find_features(luma, GATE.screen_points)
