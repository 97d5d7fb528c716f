"""Two pictures of one color each: other colors are other pictures."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.facts import Facts
from samepic.picture import Picture
from samepic.profiles.keep import BLANK
from samepic.verdict import Relation
from samepic.verify.judge import Finding
from samepic.verify.look import BLACK, WHITE, Answer

__all__ = ["look_blank"]

Lab: TypeAlias = NDArray[np.float32]


def look_blank(a: Picture, b: Picture) -> Answer | None:
    """Answer for two pictures of clearly different single colors, on white and on black; None for all others.

    Of two pictures of one color nothing can be said: what else would tell them apart is not there.
    """
    for ground in (WHITE, BLACK):
        one, two = _color(a.on(ground)), _color(b.on(ground))
        if one is None or two is None or float(np.linalg.norm(one - two)) < BLANK.apart:
            return None
        if a.alpha is None and b.alpha is None:
            break
    return Answer(Finding(Relation.DIFFERENT, BLANK.same), Facts(one_color=True), {})


def _color(rgb: NDArray[np.uint8]) -> Lab | None:
    """Return the CIELAB color of a picture in which nearly everything is of one color, else None."""
    middle = np.median(rgb[:: max(1, rgb.shape[0] // 64), :: max(1, rgb.shape[1] // 64)], axis=(0, 1))
    low, high = np.clip(middle - BLANK.spread, 0, 255), np.clip(middle + BLANK.spread, 0, 255)
    inside = cv2.countNonZero(cv2.inRange(rgb, low, high))
    if inside < BLANK.filled * rgb.shape[0] * rgb.shape[1]:
        return None
    lab: Lab = cv2.cvtColor((middle[None, None] / 255).astype(np.float32), cv2.COLOR_RGB2Lab)[0, 0]
    return lab
