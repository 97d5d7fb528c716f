"""Files with several frames: animations and paged scans, which are their frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from samepic.facts import Facts, Series
from samepic.picture import Picture, equal_pixels
from samepic.picture.animation import chosen, frames
from samepic.profiles import JUDGE
from samepic.verdict import Relation
from samepic.verify.judge import Finding
from samepic.verify.look import Answer

__all__ = ["look_moving"]


def look_moving(a: Picture, b: Picture, answer: Callable[[Picture, Picture], Answer]) -> Answer | None:
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
        return Answer(Finding(Relation.SIMILAR, 0.05), facts, {})
    numbers = chosen(many.info.frames, JUDGE.frames_looked_at)
    for number, frame in zip(numbers, frames(many, JUDGE.frames_looked_at), strict=True):
        if answer(_still(frame), one).finding.relation.is_same(Relation.ADJUSTED):
            facts = replace(facts, still=letter, frame=number + 1)
            return Answer(Finding(Relation.SIMILAR, 0.05), facts, {})
    return Answer(Finding(Relation.DIFFERENT, 0.001), facts, {})


def _frame_by_frame(a: Picture, b: Picture, answer: Callable[[Picture, Picture], Answer]) -> Answer:
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
            worst = replace(found, finding=Finding(Relation.SIMILAR, 0.05), facts=Facts())
            farthest = number
        if not worst.finding.relation.is_same(Relation.REFRAMED):
            break
    assert worst is not None
    if worst.finding.relation is Relation.SAME_PIXELS:
        return _all_equal(a, b, worst, answer)
    return _said(a, b, worst, farthest)


def _all_equal(a: Picture, b: Picture, worst: Answer, answer: Callable[[Picture, Picture], Answer]) -> Answer:
    """Return that all frames are equal, once those that were not looked at yet are found to be, too."""
    total = a.info.frames
    if total > JUDGE.frames_looked_at:
        for number, (one, two) in enumerate(zip(frames(a, total), frames(b, total), strict=True)):
            if not equal_pixels(one, two):
                return _said(a, b, answer(_still(one), _still(two)), number)
    return replace(worst, facts=replace(worst.facts, series=_series(a, b)))


def _said(a: Picture, b: Picture, found: Answer, number: int) -> Answer:
    """Return an answer on one pair of frames as that on all of them; `number` counts from 0."""
    return replace(found, facts=replace(found.facts, series=_series(a, b), frame=number + 1))


def _series(a: Picture, b: Picture) -> Series:
    most = max(a.info.frames, b.info.frames)
    paged = any(one.info.is_paged for one in (a, b) if one.info.frames == most)
    return Series.PAGES if paged else Series.FRAMES


def _still(picture: Picture) -> Picture:
    """Return the first frame alone, without the bytes of the whole animation."""
    return replace(picture, info=replace(picture.info, frames=1), data=None)
