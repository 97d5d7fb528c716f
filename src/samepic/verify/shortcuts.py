"""Shortcuts around the pipeline: blank pictures, deep samples, frames of animations, and exact parts of pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Pixels
from samepic.facts import Depth, Doubt, Facts, OriginalReason, Placing, Series
from samepic.picture import Picture, equal_pixels
from samepic.picture.load import frame_numbers, frames, is_static
from samepic.picture.picture import Deep, deep_of, equal_displayed
from samepic.tuning.verify import BLANK, BY_RULE, DEPTH, JUDGE, PART
from samepic.verdict import Relation, Transform
from samepic.verify.judge import Judgment
from samepic.verify.pipeline import Analysis, grounds

Lab: TypeAlias = NDArray[np.float32]
Packed: TypeAlias = NDArray[np.uint32]
Compare: TypeAlias = Callable[[Picture, Picture], Analysis]
_LOSSY = frozenset({"JPEG", "HEIF", "AVIF", "JPEG2000"})


def compare_blank(a: Picture, b: Picture) -> Analysis | None:
    """Return `different` for two single-color pictures whose colors clearly differ; None for all others.

    Both are compared on white and on black. Two pictures of the same color stay undecided: nothing else is left to
    compare.
    """
    for ground in grounds(a, b):
        color_a, color_b = _single_color(a.on(ground)), _single_color(b.on(ground))
        if color_a is None or color_b is None or float(np.linalg.norm(color_a - color_b)) < BLANK.apart:
            return None
    return Analysis(Judgment(Relation.DIFFERENT, BY_RULE.other_color), Facts(one_color=True), {})


def _single_color(rgb: Pixels) -> Lab | None:
    """Return the CIELAB color of a picture in which nearly every pixel has one color, else None."""
    middle = np.median(rgb[:: max(1, rgb.shape[0] // 64), :: max(1, rgb.shape[1] // 64)], axis=(0, 1))
    low, high = np.clip(middle - BLANK.spread, 0, 255), np.clip(middle + BLANK.spread, 0, 255)
    inside = cv2.countNonZero(cv2.inRange(rgb, low, high))
    if inside < BLANK.filled * rgb.shape[0] * rgb.shape[1]:
        return None
    lab: Lab = cv2.cvtColor((middle[None, None] / 255).astype(np.float32), cv2.COLOR_RGB2Lab)[0, 0]
    return lab


def compare_deep(a: Picture, b: Picture, compare: Compare) -> Analysis | None:
    """Return the analysis of two pictures whose samples differ below the 8 bits shown; None for all others.

    Label masks, raw sensor data and the like use a small part of their range. If both pictures do, they are stretched
    over their common range and passed to `compare`. Two others that look identical differ in depth, or by less than
    anyone sees; if they show one flat color, they are undecidable.
    """
    if a.rgb.shape != b.rgb.shape or (a.deep is None and b.deep is None):
        return None
    deep_a, deep_b = deep_of(a), deep_of(b)
    if deep_a is None and deep_b is None:
        return None
    if deep_a is not None and deep_b is not None and (ends := _common_range(deep_a, deep_b)) is not None:
        analysis = compare(_stretched(a, deep_a, ends), _stretched(b, deep_b, ends))
        # Samples may differ by less than the stretched pixels show.
        equal = analysis.finding.relation is Relation.SAME_PIXELS
        finding = Judgment(Relation.RESAVED, BY_RULE.shown_alike) if equal else analysis.finding
        return analysis._replace(finding=finding, facts=replace(analysis.facts, depth=Depth.STRETCHED))
    return _identical_as_shown(a) if equal_displayed(a, b) else None


def _identical_as_shown(picture: Picture) -> Analysis:
    """Return the analysis of two pictures that both show the pixels of `picture` but differ in their samples."""
    if int(picture.rgb.max()) - int(picture.rgb.min()) <= DEPTH.flat:
        return Analysis(Judgment(Relation.UNDECIDABLE, BY_RULE.undecided), Facts(doubt=Doubt.DEPTH), {})
    facts = Facts(scale=1.0, depth=Depth.ALIKE)
    return Analysis(Judgment(Relation.RESAVED, BY_RULE.shown_alike), facts, {})


def _common_range(a: Deep, b: Deep) -> tuple[float, float] | None:
    """Return the least and the largest sample of both, if that is a small part of the range they could use."""
    if a.samples is None or b.samples is None or not a.white or a.white != b.white:
        return None
    colors = a.colors, b.colors
    low, high = float(min(c.min() for c in colors)), float(max(c.max() for c in colors))
    return (low, high) if 0 < high - low <= DEPTH.narrow * a.white else None


def _stretched(picture: Picture, deep: Deep, ends: tuple[float, float]) -> Picture:
    """Return the picture with `ends` mapped to black and white, without its encoded bytes."""
    low, high = ends
    scaled: NDArray[Any] = (deep.colors.astype(np.float64) - low) * (255 / (high - low))
    rgb = np.ascontiguousarray(np.broadcast_to(np.rint(scaled).astype(np.uint8), picture.rgb.shape))
    return replace(picture, rgb=rgb, data=None, deep=None)


def compare_series(a: Picture, b: Picture, compare: Compare) -> Analysis | None:
    """Return the analysis of animations and paged files, frame by frame; None for two stills.

    `compare` compares a pair of stills.
    """
    if a.info.frames == b.info.frames == 1:
        return None
    if a.info.frames == b.info.frames:
        return _compare_frames(a, b, compare)
    a, b = (_still(one) if is_static(one, JUDGE.frames_looked_at) else one for one in (a, b))
    if a.info.frames == b.info.frames == 1:
        return compare(a, b)
    facts = Facts(series=_series(a, b))
    longer, shorter, still = (a, b, "b") if a.info.frames > b.info.frames else (b, a, "a")
    if shorter.info.frames > 1:
        return Analysis(Judgment(Relation.SIMILAR, BY_RULE.in_series), facts, {})
    numbers = frame_numbers(longer.info.frames, JUDGE.frames_looked_at)
    for number, frame in zip(numbers, frames(longer, JUDGE.frames_looked_at), strict=True):
        if compare(_still(frame), shorter).finding.relation.is_same(Relation.ADJUSTED):
            facts = replace(facts, still=still, frame=number + 1)
            return Analysis(Judgment(Relation.SIMILAR, BY_RULE.in_series), facts, {})
    return Analysis(Judgment(Relation.DIFFERENT, BY_RULE.not_in_series), facts, {})


def _compare_frames(a: Picture, b: Picture, compare: Compare) -> Analysis:
    """Return the analysis of the two frames that differ most; all must be turned and mirrored the same way."""
    count, order = JUDGE.frames_looked_at, tuple(Relation)
    worst, worst_number = None, 0
    turns = set()
    numbers = frame_numbers(a.info.frames, count)
    for number, frame_a, frame_b in zip(numbers, frames(a, count), frames(b, count), strict=True):
        analysis = compare(_still(frame_a), _still(frame_b))
        turns.add(analysis.transform and (analysis.transform.turned, analysis.transform.mirrored))
        if worst is None or order.index(analysis.finding.relation) > order.index(worst.finding.relation):
            worst, worst_number = analysis, number
        if len(turns) > 1:
            worst = analysis._replace(finding=Judgment(Relation.SIMILAR, BY_RULE.in_series), facts=Facts())
            worst_number = number
        if not worst.finding.relation.is_same(Relation.REFRAMED):
            break
    assert worst is not None
    if worst.finding.relation is Relation.SAME_PIXELS:
        return _compare_equal_frames(a, b, worst, compare)
    return _of_series(a, b, worst, worst_number)


def _compare_equal_frames(a: Picture, b: Picture, equal: Analysis, compare: Compare) -> Analysis:
    """Return `equal` for two files whose sampled frames are equal, once all their frames are known to be."""
    total = a.info.frames
    if total > JUDGE.frames_looked_at:
        for number, (frame_a, frame_b) in enumerate(zip(frames(a, total), frames(b, total), strict=True)):
            if not equal_pixels(frame_a, frame_b):
                return _of_series(a, b, compare(_still(frame_a), _still(frame_b)), number)
    return equal._replace(facts=replace(equal.facts, series=_series(a, b)))


def _of_series(a: Picture, b: Picture, analysis: Analysis, number: int) -> Analysis:
    """Return the analysis of a pair of frames as that of the two files; `number` counts from 0."""
    return analysis._replace(facts=replace(analysis.facts, series=_series(a, b), frame=number + 1))


def _series(a: Picture, b: Picture) -> Series:
    most = max(a.info.frames, b.info.frames)
    paged = any(picture.info.is_paged for picture in (a, b) if picture.info.frames == most)
    return Series.PAGES if paged else Series.FRAMES


def _still(picture: Picture) -> Picture:
    """Return the first frame alone, without the bytes of the whole animation."""
    return replace(picture, info=replace(picture.info, frames=1), data=None)


def compare_exact_part(a: Picture, b: Picture) -> Analysis | None:
    """Return `reframed` for two pictures one of which is cut out of the other, pixel for pixel; None for all others.

    Features and correlation need texture, which pages and screenshots lack; equal pixels need none and prove it. Only
    lossless, opaque pictures are searched, and a part that is small or nearly empty proves nothing.
    """
    if any(picture.alpha is not None or picture.info.format in _LOSSY for picture in (a, b)):
        return None
    swapped = b.rgb.size > a.rgb.size
    whole, part = (b, a) if swapped else (a, b)
    place = locate_part(part.rgb, whole.rgb)
    if place is None:
        return None
    left, top = place
    kept = part.rgb.size / whole.rgb.size
    x, y = (-left, -top) if swapped else (left, top)
    matrix = (1.0, 0.0, float(x), 0.0, 1.0, float(y), 0.0, 0.0, 1.0)
    facts = Facts(
        placing=Placing.CROP,
        larger="a",
        copy="b",
        share_a=kept,
        exact_at=place,
        scale=1.0,
        original="a",
        original_reason=OriginalReason.WHOLE,
    )
    facts = facts.swapped() if swapped else facts
    transform = Transform(matrix, larger=facts.larger, kept=round(kept, 4))
    return Analysis(Judgment(Relation.REFRAMED, BY_RULE.exact_part), facts, {}, transform)


def locate_part(part: Pixels, whole: Pixels) -> tuple[int, int] | None:
    """Return (left, top) where `part` lies in `whole` pixel for pixel, None where nowhere; both are (h, w, 3).

    A part under PART.share of the whole, or with too little detail, is not searched for. One pass over the whole finds
    its rarest pixel, and a few more probes leave few places, so unrelated pairs cost about as much as reading them.
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
    """Return (h, w) with the three channels of each pixel packed in one number."""
    wide = np.zeros((*rgb.shape[:2], 4), np.uint8)
    wide[..., :3] = rgb
    return wide.view(np.uint32)[..., 0]


def _probes(small: Packed) -> NDArray[np.intp] | None:
    """Return (n, 2) rows and columns of pixels that differ from both neighbors, the rarest color first.

    None where these are too few: many pictures contain blank paper and lines from edge to edge.
    """
    here, right, below = small[:-1, :-1], small[:-1, 1:], small[1:, :-1]
    corners = np.argwhere((here != right) & (here != below))
    if len(corners) < PART.corners:
        return None
    sampled = corners[np.linspace(0, len(corners) - 1, PART.sampled).astype(np.intp)]
    _, which, counts = np.unique(small[sampled[:, 0], sampled[:, 1]], return_inverse=True, return_counts=True)
    order = np.argsort(counts[which], kind="stable")
    # The rarest first, then others from all over the part.
    return np.concatenate((sampled[order[:1]], sampled[:: max(1, len(sampled) // PART.probes)]))


def _candidates(
    small: Packed, large: Packed, probes: NDArray[np.intp], room: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns in `large` of all places at which every probe matches."""
    (y, x), (down, right) = probes[0], room
    rows, columns = np.nonzero(large[y : y + down + 1, x : x + right + 1] == small[y, x])
    for y, x in probes[1:]:
        # The next pixel differs, so the two together rule out more than one does.
        for offset in (0, 1):
            if not len(rows):
                return rows, columns
            at = min(x + offset, small.shape[1] - 1)
            matches = large[rows + y, columns + at] == small[y, at]
            rows, columns = rows[matches], columns[matches]
    return rows, columns
