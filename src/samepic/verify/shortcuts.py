"""Shortcuts before the pipeline: blank pictures, deep samples, frames of animations, and exact parts of pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.facts import Depth, Doubt, Facts, OriginalReason, Placing, Series
from samepic.picture import Picture, equal_pixels
from samepic.picture.load import chosen, frames
from samepic.picture.picture import Deep, deep_of, equal_shown
from samepic.tuning.verify import BLANK, DEPTH, JUDGE, PART
from samepic.verdict import Relation, Transform
from samepic.verify.judge import Judgment
from samepic.verify.pipeline import BLACK, WHITE, Analysis

__all__ = ["look_blank", "look_deep", "look_moving", "look_part", "place_of"]

Lab: TypeAlias = NDArray[np.float32]


def look_blank(a: Picture, b: Picture) -> Analysis | None:
    """Answer for two pictures of clearly different single colors, on white and on black; None for all others.

    Of two pictures of one color nothing can be said: what else would tell them apart is not there.
    """
    for ground in (WHITE, BLACK):
        one, two = _color(a.on(ground)), _color(b.on(ground))
        if one is None or two is None or float(np.linalg.norm(one - two)) < BLANK.apart:
            return None
        if a.alpha is None and b.alpha is None:
            break
    return Analysis(Judgment(Relation.DIFFERENT, BLANK.same), Facts(one_color=True), {})


def _color(rgb: NDArray[np.uint8]) -> Lab | None:
    """Return the CIELAB color of a picture in which nearly everything is of one color, else None."""
    middle = np.median(rgb[:: max(1, rgb.shape[0] // 64), :: max(1, rgb.shape[1] // 64)], axis=(0, 1))
    low, high = np.clip(middle - BLANK.spread, 0, 255), np.clip(middle + BLANK.spread, 0, 255)
    inside = cv2.countNonZero(cv2.inRange(rgb, low, high))
    if inside < BLANK.filled * rgb.shape[0] * rgb.shape[1]:
        return None
    lab: Lab = cv2.cvtColor((middle[None, None] / 255).astype(np.float32), cv2.COLOR_RGB2Lab)[0, 0]
    return lab


def look_deep(a: Picture, b: Picture, look: Callable[[Picture, Picture], Analysis]) -> Analysis | None:
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
        finding = Judgment(Relation.RESAVED, DEPTH.shown_alike) if equal else answer.finding
        return replace(answer, finding=finding, facts=replace(answer.facts, depth=Depth.STRETCHED))
    return _shown_alike(a) if equal_shown(a, b) else None


def _shown_alike(picture: Picture) -> Analysis:
    """Return the answer for two pictures that look like this one, pixel by pixel, and differ below that."""
    if int(picture.rgb.max()) - int(picture.rgb.min()) <= DEPTH.flat:
        return Analysis(Judgment(Relation.UNDECIDABLE, 0.5), Facts(doubt=Doubt.DEPTH), {})
    facts = Facts(scale=1.0, depth=Depth.ALIKE)
    return Analysis(Judgment(Relation.RESAVED, DEPTH.shown_alike), facts, {})


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


def look_moving(a: Picture, b: Picture, answer: Callable[[Picture, Picture], Analysis]) -> Analysis | None:
    """Answer for animations and paged files, which are their frames; None for two stills.

    `answer` looks at a pair of stills.
    """
    if a.info.frames == b.info.frames == 1:
        return None
    if a.info.frames == b.info.frames:
        return _frame_by_frame(a, b, answer)
    facts = Facts(series=_series(a, b))
    many, one, letter = (a, b, "b") if a.info.frames > b.info.frames else (b, a, "a")
    if one.info.frames > 1:
        return Analysis(Judgment(Relation.SIMILAR, 0.05), facts, {})
    numbers = chosen(many.info.frames, JUDGE.frames_looked_at)
    for number, frame in zip(numbers, frames(many, JUDGE.frames_looked_at), strict=True):
        if answer(_still(frame), one).finding.relation.is_same(Relation.ADJUSTED):
            facts = replace(facts, still=letter, frame=number + 1)
            return Analysis(Judgment(Relation.SIMILAR, 0.05), facts, {})
    return Analysis(Judgment(Relation.DIFFERENT, 0.001), facts, {})


def _frame_by_frame(a: Picture, b: Picture, answer: Callable[[Picture, Picture], Analysis]) -> Analysis:
    """Return the answer of the pair of frames that is farthest apart; all must be held the same way."""
    count, order = JUDGE.frames_looked_at, tuple(Relation)
    worst, farthest = None, 0
    ways = set()
    for number, one, two in zip(
        chosen(a.info.frames, count), frames(a, count), frames(b, count), strict=True
    ):
        found = answer(_still(one), _still(two))
        ways.add(found.transform and (found.transform.turned, found.transform.mirrored))
        if worst is None or order.index(found.finding.relation) > order.index(worst.finding.relation):
            worst, farthest = found, number
        if len(ways) > 1:
            worst = replace(found, finding=Judgment(Relation.SIMILAR, 0.05), facts=Facts())
            farthest = number
        if not worst.finding.relation.is_same(Relation.REFRAMED):
            break
    assert worst is not None
    if worst.finding.relation is Relation.SAME_PIXELS:
        return _all_equal(a, b, worst, answer)
    return _said(a, b, worst, farthest)


def _all_equal(
    a: Picture, b: Picture, worst: Analysis, answer: Callable[[Picture, Picture], Analysis]
) -> Analysis:
    """Return that all frames are equal, once those that were not looked at yet are found to be, too."""
    total = a.info.frames
    if total > JUDGE.frames_looked_at:
        for number, (one, two) in enumerate(zip(frames(a, total), frames(b, total), strict=True)):
            if not equal_pixels(one, two):
                return _said(a, b, answer(_still(one), _still(two)), number)
    return replace(worst, facts=replace(worst.facts, series=_series(a, b)))


def _said(a: Picture, b: Picture, found: Analysis, number: int) -> Analysis:
    """Return an answer on one pair of frames as that on all of them; `number` counts from 0."""
    return replace(found, facts=replace(found.facts, series=_series(a, b), frame=number + 1))


def _series(a: Picture, b: Picture) -> Series:
    most = max(a.info.frames, b.info.frames)
    paged = any(one.info.is_paged for one in (a, b) if one.info.frames == most)
    return Series.PAGES if paged else Series.FRAMES


def _still(picture: Picture) -> Picture:
    """Return the first frame alone, without the bytes of the whole animation."""
    return replace(picture, info=replace(picture.info, frames=1), data=None)


Pixels: TypeAlias = NDArray[np.uint8]

Packed: TypeAlias = NDArray[np.uint32]

_LOSSY = frozenset({"JPEG", "HEIF", "AVIF", "JPEG2000"})


def look_part(a: Picture, b: Picture) -> Analysis | None:
    """Answer for two pictures of which one lies in the other without one pixel of difference; None for all others.

    Features and correlation need texture, which pages and screenshots lack. Equal pixels need none and are proof. Only
    lossless, opaque pictures are looked at, and a part that is small or holds next to nothing proves nothing.
    """
    if any(one.alpha is not None or one.info.format in _LOSSY for one in (a, b)):
        return None
    swapped = b.rgb.size > a.rgb.size
    whole, part = (b, a) if swapped else (a, b)
    place = place_of(part.rgb, whole.rgb)
    if place is None:
        return None
    left, top = place
    kept = part.rgb.size / whole.rgb.size
    x, y = (-left, -top) if swapped else (left, top)
    matrix = (1.0, 0.0, float(x), 0.0, 1.0, float(y), 0.0, 0.0, 1.0)
    larger, copy = ("b", "a") if swapped else ("a", "b")
    shares = (1.0, kept) if swapped else (kept, 1.0)
    facts = Facts(
        placing=Placing.CROP,
        larger=larger,
        copy=copy,
        share_a=shares[0],
        share_b=shares[1],
        exact_at=place,
        scale=1.0,
        original=larger,
        original_reason=OriginalReason.WHOLE,
    )
    finding, transform = (
        Judgment(Relation.REFRAMED, PART.same),
        Transform(matrix, larger=larger, kept=round(kept, 4)),
    )
    return Analysis(finding, facts, {}, transform)


def place_of(part: Pixels, whole: Pixels) -> tuple[int, int] | None:
    """Return (left, top) where `part` lies in `whole` pixel for pixel, None where nowhere; both (h, w, 3).

    A part under PART.share of the whole, or in which too little happens to be sure, is not looked for. One pass over
    the whole finds its rarest pixel, and few places are left after some more; so unrelated pairs cost about as much
    as reading them.
    """
    down, right = whole.shape[0] - part.shape[0], whole.shape[1] - part.shape[1]
    if min(down, right) < 0 or part.shape == whole.shape or part.size < PART.share * whole.size:
        return None
    small, large = _packed(part), _packed(whole)
    probes = _probes(small)
    if probes is None:
        return None
    rows, columns = _candidates(small, large, probes, (down, right))
    for top, left in zip(rows[: PART.places], columns[: PART.places], strict=True):
        if np.array_equal(large[top : top + small.shape[0], left : left + small.shape[1]], small):
            return int(left), int(top)
    return None


def _packed(rgb: Pixels) -> Packed:
    """Return (h, w) with the three channels of each pixel in one number."""
    wide = np.zeros((*rgb.shape[:2], 4), np.uint8)
    wide[..., :3] = rgb
    return wide.view(np.uint32)[..., 0]


def _probes(small: Packed) -> NDArray[np.intp] | None:
    """Return (n, 2) rows and columns of pixels at which something happens in both directions, rarest color first.

    None where these are too few: blank paper, and lines from edge to edge, lie in many pictures.
    """
    here, right, below = small[:-1, :-1], small[:-1, 1:], small[1:, :-1]
    corners = np.argwhere((here != right) & (here != below))
    if len(corners) < PART.corners:
        return None
    chosen = corners[np.linspace(0, len(corners) - 1, PART.sampled).astype(np.intp)]
    _, which, counts = np.unique(small[chosen[:, 0], chosen[:, 1]], return_inverse=True, return_counts=True)
    order = np.argsort(counts[which], kind="stable")
    # The rarest first, then the others from all over the part.
    return np.concatenate((chosen[order[:1]], chosen[:: max(1, len(chosen) // PART.probes)]))


def _candidates(
    small: Packed, large: Packed, probes: NDArray[np.intp], room: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns in `large` of all places at which every probe agrees."""
    (y, x), (down, right) = probes[0], room
    rows, columns = np.nonzero(large[y : y + down + 1, x : x + right + 1] == small[y, x])
    for y, x in probes[1:]:
        # The pixel after it differs, so that the two together tell more than one.
        for back in (0, 1):
            if not len(rows):
                return rows, columns
            at = min(x + back, small.shape[1] - 1)
            fits = large[rows + y, columns + at] == small[y, at]
            rows, columns = rows[fits], columns[fits]
    return rows, columns
