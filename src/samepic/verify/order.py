"""One order for every pair, so that exchanging a and b changes nothing but the point of view."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from samepic.picture import Picture
from samepic.verdict import Region, Transform
from samepic.verify.features import Matrix, inverse, scaling
from samepic.verify.look import Answer, look

__all__ = ["comes_first", "exchanged", "look_in_order"]

_LOSSY = frozenset({"JPEG", "WEBP", "AVIF", "HEIF", "JPEG2000", "GIF"})
_STEP = 8  # every eighth row and column tells nearly all pictures apart
_OTHER = {"a": "b", "b": "a", "": ""}


def look_in_order(a: Picture, b: Picture, prove: bool) -> Answer:
    """Look at two pictures, the likelier source first, and return what that says of a and b as they were given."""
    if comes_first(a, b):
        return look(a, b, prove)
    return exchanged(look(b, a, prove), b, a)


def comes_first(a: Picture, b: Picture) -> bool:
    """Tell whether a is looked at first, whichever way round the two were given.

    The one with more pixels, finer coding or more stored beside them is the likelier source; where all that is equal, a
    checksum of the pixels decides, which means nothing but is the same each time.
    """
    one, two = _standing(a), _standing(b)
    if one != two:
        return one > two
    for step in (_STEP, 1):
        sums = _checksum(a, step), _checksum(b, step)
        if sums[0] != sums[1]:
            return sums[0] > sums[1]
    return True


def exchanged(answer: Answer, a: Picture, b: Picture) -> Answer:
    """Return the answer for a and b as that for b and a: every box, map, ratio and letter from the other side."""
    transform, regions = answer.transform, answer.finding.regions
    there = scaling(a.rgb.shape, b.rgb.shape)
    if transform is not None:
        there = inverse(np.array(transform.matrix).reshape(3, 3))
        transform = _undone(transform, there)
    measures = dict(answer.measures)
    if measures.get("detail"):
        measures["detail"] = 1 / measures["detail"]
    return replace(
        answer,
        finding=replace(answer.finding, regions=_carried(regions, there, b.rgb.shape)),
        facts=answer.facts.swapped(),
        measures=measures,
        transform=transform,
    )


def _standing(picture: Picture) -> tuple[int, ...]:
    info = picture.info
    coding = info.jpeg.quality if info.jpeg else 0 if info.format in _LOSSY else 101
    more = info.frames, info.metadata, info.size
    return info.width * info.height, info.width, int(picture.alpha is not None), coding, *more


def _checksum(picture: Picture, step: int) -> int:
    checked = zlib.crc32(picture.rgb[::step, ::step].tobytes())
    return checked if picture.alpha is None else zlib.crc32(picture.alpha[::step, ::step].tobytes(), checked)


def _undone(transform: Transform, back: Matrix) -> Transform:
    matrix = back / back[2, 2]
    return Transform(
        tuple(float(v) for v in matrix.ravel()),
        transform.turned if transform.mirrored else -transform.turned % 360,
        transform.mirrored,
        _OTHER[transform.larger],
        transform.kept,
    )


def _carried(regions: Sequence[Region], there: Matrix, shape: tuple[int, ...]) -> tuple[Region, ...]:
    """Return boxes after a map, as boxes within a frame of `shape`; none is lost."""
    boxes = []
    for r in regions:
        across, down = (r.x - 0.5, r.x + r.w - 0.5), (r.y - 0.5, r.y + r.h - 0.5)
        corners = np.array([[x, y, 1.0] for x in across for y in down]) @ there.T
        points = corners[:, :2] / corners[:, 2:] + 0.5
        (left, top), (right, low) = np.rint(points.min(axis=0)), np.rint(points.max(axis=0))
        x, y = (int(min(max(0, v), most - 1)) for v, most in ((left, shape[1]), (top, shape[0])))
        boxes.append(Region(x, y, max(1, min(shape[1], int(right)) - x), max(1, min(shape[0], int(low)) - y)))
    return tuple(boxes)
