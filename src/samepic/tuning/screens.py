"""Tuning of the comparison of screenshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from samepic.errors import ProfileError

__all__ = ["LAYOUT", "SCREEN", "Box", "Layout", "Screen"]

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Screen:
    """How screenshots are compared: pixel against pixel, but for what nobody sees.

    Distances are those of OKLab with the lightness of okhsl (Ottosson 2020 and 2021), 0 to about 1; black and white
    are 1 apart. Raises ProfileError for values that make no sense.

    Attributes:
        threshold: distance over which a pixel differs.
        antialiasing: leave out pixels that smooth an edge (Vysniauskas 2009).
        faint: distance that is seen where it fills a square of `faint_side` pixels; 1 looks for none.
        faint_side: side of that square.
        speck_pixels: how many connected pixels may differ by up to `speck`; 0 allows none.
        speck: that distance.
        letter: side in pixels of a place in which smoothed pixels may be all that a small letter changed.
        ink: sum of the distances of the smoothed pixels from which such a place is seen; 0 looks for none.
        most_pixels: how many pixels may differ.
        most_share: the same as a share of all pixels, 0 to 1; the larger of both counts.
        ignore: boxes (left, top, width, height) of both pictures that are not looked at.
        mask: a picture, in any form that `compare` takes, of the size of the first: what is white there is not
            looked at. True is white in an array of bool.
    """

    threshold: float = 0.045
    antialiasing: bool = True
    faint: float = 0.01
    faint_side: int = 5
    speck_pixels: int = 4
    speck: float = 0.12
    letter: int = 24
    ink: float = 0.8
    most_pixels: int = 0
    most_share: float = 0.0
    ignore: Sequence[Box] = ()
    mask: object = None

    def __post_init__(self) -> None:
        for share in ("threshold", "faint", "speck", "most_share"):
            _held(share, getattr(self, share), 1)
        _held("ink", self.ink, 1e6)
        for name, least in (("faint_side", 1), ("letter", 1), ("speck_pixels", 0), ("most_pixels", 0)):
            _counted(name, getattr(self, name), least)
        if not isinstance(self.antialiasing, bool):
            raise ProfileError(f"antialiasing: expected True or False, found {self.antialiasing!r}")
        object.__setattr__(self, "ignore", tuple(_box(one) for one in self.ignore))


def _held(name: str, value: object, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise ProfileError(f"{name}: expected a number from 0 to {most:g}, found {value!r}")


def _counted(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ProfileError(f"{name}: expected a whole number from {least}, found {value!r}")


def _box(box: object) -> Box:
    expected = "ignore: expected boxes of four whole numbers (left, top, width, height), the last two over 0"
    numbers = tuple(box) if isinstance(box, Sequence) and not isinstance(box, (str, bytes)) else ()
    if len(numbers) != 4 or any(isinstance(one, bool) or not isinstance(one, int) for one in numbers):
        raise ProfileError(f"{expected}, found {box!r}")
    if min(numbers[2:]) < 1:
        raise ProfileError(f"{expected}, found {box!r}")
    return numbers[0], numbers[1], numbers[2], numbers[3]


SCREEN = Screen()
"""2026-11-23, `python -m bench screens`: 0.045 counts as pixelmatch 7 does at 0.05; what is faint and what is a speck
was chosen so that all pairs which Playwright keeps as equal are, and none of those it keeps as different."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the explanation of a change on a screen goes by.

    Attributes:
        gap: pixels between two places that are reported as one.
        places: places that are looked at closely; all are counted and boxed.
        reach: pixels that something may have moved to be found where it is now.
        wide: pixels between the two ends of something plain that moved along itself.
        margin: pixels around a place that must have moved with it.
        patch: most pixels of a place that is searched for in its neighborhood.
        smallest: pixels that the longer side of what moved has at least.
        left: share of a moved place's pixels that may differ at its new place.
        gained: share of the pixels that differ which a move, or an insertion of lines, may leave.
        fresh: share of the pixels that differ here that must differ where something moved to as well.
        plain: share of a place that one color fills where nothing is shown in it.
        sample: pixels along the longer side of a place of which the colors are compared.
        mapped: share of a place whose colors must all have become the same others where only colors changed.
        usual: share of the pixels that differ that changed from one color to one other where both are named.
        outlined: share of the outlines that stay where the colors changed all over a place.
        tall: pixels of height or width from which lines are looked for that were added within a place.
        rows: share of the rows that differ from which inserted lines are looked for.
        runs: most groups of lines that were added or removed.
        found: share of the lines of a place that are found again where some were added in it.
        glyph: least and most height in pixels of a letter.
        ground: least share of the ground that letters stand on.
        apart: share of all pixels that differ from which two screens may have nothing in common.
        strange: share of the outlines that two such screens have in common at most.
        anchored: share of the lines of which one must be found again in two screens that have something in common.
        near: levels that rounding and smoothing may make of one color.
        level: levels that rounding may make of one ground.
        step: levels between two neighbors that are an outline.
        ink: levels in which letters and their ground differ at least.
        letters: how many letters make a text.
        wide_letter: how many times as wide as high a letter is at most, several that touch among them.
        beside: how many times its height to the left and right a text is looked at.
        tried: moves that fit best of which each is tried.
        named: places that the sentence names, and lines.
        white: level from which a mask hides.
        same, changed, strangers: probability that a person would call screens the same that are, that changed in
            places, and that have nothing in common; by rule, not measured.
        panel: longer side in pixels of a panel of the difference picture, at most.
    """

    gap: int = 10
    places: int = 40
    reach: int = 64
    wide: int = 400
    margin: int = 2
    patch: int = 400_000
    smallest: int = 12
    left: float = 0.02
    gained: float = 0.34
    fresh: float = 0.5
    plain: float = 0.995
    sample: int = 512
    mapped: float = 0.98
    usual: float = 0.2
    outlined: float = 0.6
    tall: int = 48
    rows: float = 0.1
    runs: int = 12
    found: float = 0.3
    glyph: tuple[int, int] = (4, 96)
    ground: float = 0.5
    apart: float = 0.5
    strange: float = 0.25
    anchored: float = 0.05
    near: int = 12
    level: int = 8
    step: int = 16
    ink: int = 48
    letters: int = 3
    wide_letter: int = 6
    beside: int = 4
    tried: int = 3
    named: int = 4
    white: int = 128
    same: float = 0.99
    changed: float = 0.01
    strangers: float = 0.001
    panel: int = 1600


LAYOUT = Layout()
"""2026-11-23: chosen on pages rendered in Chromium, `python -m bench screens changes`."""
