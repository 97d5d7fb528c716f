"""Whether a person would see the difference between a picture and its copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samepic.measures.ssimulacra2 import ssimulacra2
from samepic.profiles.visibility import VISIBILITY
from samepic.verdict import Visibility

__all__ = ["visibility_of", "words_of"]

_FLICKERING = "nobody would see it, even when the two take turns in one place"
_IN_PLACE = "nobody would see it when one follows the other in one place"
_SIDE_BY_SIDE = "side by side nobody would see it"
_HARDLY = "side by side it is hardly noticeable"
_SEEN = "the difference can be seen"


def visibility_of(original: NDArray[np.uint8], copy: NDArray[np.uint8]) -> Visibility | None:
    """Return how visible it is that `copy` was made of `original`: both (height, width, 3) uint8, upright, on white.

    Pictures of two sizes meet at the smaller one, by area averaging. None where the shorter side is then too short for
    the anchors to hold (`samepic.profiles.visibility`).
    """
    if min(*original.shape[:2], *copy.shape[:2]) < VISIBILITY.least_side:
        return None
    score = round(ssimulacra2(original, copy), 2)
    return Visibility(score, words_of(score))


def words_of(score: float) -> str:
    """Return what a score of SSIMULACRA 2.1, 100 and less, means, as the end of a sentence on a copy."""
    if score >= VISIBILITY.flickering:
        return _FLICKERING
    if score >= VISIBILITY.in_place:
        return _IN_PLACE
    if score >= VISIBILITY.side_by_side:
        return _SIDE_BY_SIDE
    return _HARDLY if score >= VISIBILITY.hardly else _SEEN
