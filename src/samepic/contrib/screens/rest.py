"""Shots of something that is `live` until one is the same as its baseline, or as the shot before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from samepic.compare import compare
from samepic.contrib.screens.sources import Source
from samepic.errors import SourceError
from samepic.picture import Picture, load
from samepic.profiles.contrib import PYTEST
from samepic.profiles.screen import Box, Screen
from samepic.verdict import Verdict

__all__ = ["Judge", "Shot", "Taken", "against", "taken"]


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture that was taken; what is not to be looked at in it: `boxes`, and elements that were `found` there."""

    picture: Picture
    boxes: tuple[Box, ...]
    found: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """The last shot, what was said of it (None without a baseline), and whether the page was at rest."""

    shot: Shot
    verdict: Verdict | None
    rested: bool = True


Judge = Callable[[Shot], Verdict | None]
"""Compares a shot with its baseline, if there is one."""


def taken(source: Source, ignore: Sequence[object], screen: Screen, judge: Judge, seconds: float) -> Taken:
    """Return the first shot that is the same as the baseline, else one that is the same as that before it.

    Raises SourceError for what is no still picture, UnreadableError for what cannot be decoded.
    """
    ends, number = time.monotonic() + seconds, 0
    shot = _shot(source, ignore)
    while True:
        verdict = judge(shot)
        if not source.live or (verdict is not None and verdict.same):
            return Taken(shot, verdict)
        before = shot
        source.pause(PYTEST.pauses[min(number, len(PYTEST.pauses) - 1)])
        shot, number = _shot(source, ignore), number + 1
        if _same(before, shot, screen):
            return Taken(shot, judge(shot))
        if time.monotonic() > ends:
            return Taken(shot, judge(shot), rested=False)


def against(expected: Picture, shot: Shot, screen: Screen, found: Sequence[Box]) -> Verdict:
    """Compare a shot with what is expected, without what it ignores.

    `found` are elements that were ignored in what is expected, where they may have been of another size, as a clock is.
    They count while as many are ignored: what a test no longer ignores is looked at again.
    """
    before = found if len(found) == len(shot.found) else ()
    boxes = (*screen.ignore, *shot.boxes, *shot.found, *before)
    # The sentence calls a picture by its name, and a shot has none that says more.
    actual = replace(shot.picture, info=replace(shot.picture.info, name="the picture"))
    return compare(expected, actual, profile=replace(screen, ignore=boxes))


def _same(one: Shot, two: Shot, screen: Screen) -> bool:
    if one.picture.data is not None and one.picture.data == two.picture.data:
        return True
    # A mask is of the size of the baseline, and these two need not be.
    return against(one.picture, two, replace(screen, mask=None), one.found).same is True


def _shot(source: Source, ignore: Sequence[object]) -> Shot:
    picture = load(source.shoot())
    name, frames = picture.info.name, picture.info.frames
    if frames > 1:
        raise SourceError(
            f"{name}: wanted a still picture, got an animation of {frames} frames: pass one of them"
        )
    boxes: list[Any] = [tuple(one) for one in ignore if isinstance(one, (tuple, list))]
    others = [one for one in ignore if not isinstance(one, (tuple, list))]
    return Shot(picture, tuple(boxes), tuple(source.found(others)) if others else ())
