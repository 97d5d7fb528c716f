"""Pictures of more than 8 bits a sample: what their own range shows, where 8 bits show nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samepic.facts import Depth, Doubt, Facts
from samepic.picture import Picture
from samepic.picture.deep import Deep, deep_of
from samepic.picture.picture import equal_shown
from samepic.profiles.keep import DEPTH
from samepic.verdict import Relation
from samepic.verify.judge import Finding
from samepic.verify.look import Answer

__all__ = ["look_deep"]


def look_deep(a: Picture, b: Picture, look: Callable[[Picture, Picture], Answer]) -> Answer | None:
    """Answer for two pictures of which the samples differ though 8 bits do not show it; None for all others.

    Two that both use a small part of their range, such as label masks and raw sensor data, are stretched over what
    they use together and given to `look`. Of two others that are shown alike, one is the other at another depth, or
    differs from it by less than anybody sees; where what is shown is one flat colour, nothing can be said.
    """
    if a.rgb.shape != b.rgb.shape or (a.deep is None and b.deep is None):
        return None
    one, two = deep_of(a), deep_of(b)
    if one is None and two is None:
        return None
    if one is not None and two is not None and (ends := _common_ends(one, two)) is not None:
        answer = look(_stretched(a, one, ends), _stretched(b, two, ends))
        # Where the samples differ by less than even that shows, they differ all the same.
        equal = answer.finding.relation is Relation.SAME_PIXELS
        finding = Finding(Relation.RESAVED, DEPTH.shown_alike) if equal else answer.finding
        return replace(answer, finding=finding, facts=replace(answer.facts, depth=Depth.STRETCHED))
    return _shown_alike(a) if equal_shown(a, b) else None


def _shown_alike(picture: Picture) -> Answer:
    """Return the answer for two pictures that look like this one, pixel by pixel, and differ below that."""
    if int(picture.rgb.max()) - int(picture.rgb.min()) <= DEPTH.flat:
        return Answer(Finding(Relation.UNDECIDABLE, 0.5), Facts(doubt=Doubt.DEPTH), {})
    facts = Facts(scale=1.0, depth=Depth.ALIKE)
    return Answer(Finding(Relation.RESAVED, DEPTH.shown_alike), facts, {})


def _common_ends(one: Deep, two: Deep) -> tuple[float, float] | None:
    """Return the least and the largest sample of both, where that is a small part of what could be stored."""
    if one.samples is None or two.samples is None or not one.white or one.white != two.white:
        return None
    colours = one.colours, two.colours
    low, high = float(min(c.min() for c in colours)), float(max(c.max() for c in colours))
    return (low, high) if 0 < high - low <= DEPTH.narrow * one.white else None


def _stretched(picture: Picture, deep: Deep, ends: tuple[float, float]) -> Picture:
    """Return the picture with `ends` shown as black and white, without the bytes that show it otherwise."""
    low, high = ends
    scaled: NDArray[Any] = (deep.colours.astype(np.float64) - low) * (255 / (high - low))
    rgb = np.ascontiguousarray(np.broadcast_to(np.rint(scaled).astype(np.uint8), picture.rgb.shape))
    return replace(picture, rgb=rgb, data=None, deep=None)
