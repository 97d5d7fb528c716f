"""Tuning of the comparison of screenshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from samepic.errors import ProfileError

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
"""2026-11-23, measured once: 0.045 counts as pixelmatch 7 does at 0.05; what is faint and what is a speck
was chosen so that all pairs which Playwright keeps as equal are, and none of those it keeps as different."""


class _Layout:
    """What the explanation of a change on a screen goes by."""

    __slots__ = ()

    gap: Final = 10  # pixels between two places that are reported as one
    places: Final = 40  # places that are looked at closely; all are counted and boxed
    reach: Final = 64  # pixels that something may have moved to be found where it is now
    wide: Final = 400  # pixels between the two ends of something plain that moved along itself
    margin: Final = 2  # pixels around a place that must have moved with it
    patch: Final = 400_000  # most pixels of a place that is searched for in its neighborhood
    smallest: Final = 12  # pixels that the longer side of what moved has at least
    left: Final = 0.02  # share of a moved place's pixels that may differ at its new place
    gained: Final = 0.34  # share of the pixels that differ which a move, or an insertion of lines, may leave
    # share of the pixels that differ here that must differ where something moved to as well
    fresh: Final = 0.5
    plain: Final = 0.995  # share of a place that one color fills where nothing is shown in it
    sample: Final = 512  # pixels along the longer side of a place of which the colors are compared
    # share of a place whose colors must all have become the same others where only colors changed
    mapped: Final = 0.98
    # share of the pixels that differ that changed from one color to one other where both are named
    usual: Final = 0.2
    outlined: Final = 0.6  # share of the outlines that stay where the colors changed all over a place
    # pixels of height or width from which lines are looked for that were added within a place
    tall: Final = 48
    rows: Final = 0.1  # share of the rows that differ from which inserted lines are looked for
    runs: Final = 12  # most groups of lines that were added or removed
    found: Final = 0.3  # share of the lines of a place that are found again where some were added in it
    glyph: Final[tuple[int, int]] = (4, 96)  # least and most height in pixels of a letter
    ground: Final = 0.5  # least share of the ground that letters stand on
    apart: Final = 0.5  # share of all pixels that differ from which two screens may have nothing in common
    strange: Final = 0.25  # share of the outlines that two such screens have in common at most
    # share of the lines of which one must be found again in two screens that have something in common
    anchored: Final = 0.05
    near: Final = 12  # levels that rounding and smoothing may make of one color
    level: Final = 8  # levels that rounding may make of one ground
    step: Final = 16  # levels between two neighbors that are an outline
    ink: Final = 48  # levels in which letters and their ground differ at least
    letters: Final = 3  # how many letters make a text
    # how many times as wide as high a letter is at most, several that touch among them
    wide_letter: Final = 6
    beside: Final = 4  # how many times its height to the left and right a text is looked at
    tried: Final = 3  # moves that fit best of which each is tried
    named: Final = 4  # places that the sentence names, and lines
    white: Final = 128  # level from which a mask hides
    # same, changed, strangers: probability that a person would call screens the same that are, that changed
    # in places, and that have nothing in common; by rule, not measured
    same: Final = 0.99
    changed: Final = 0.01
    strangers: Final = 0.001
    panel: Final = 1600  # longer side in pixels of a panel of the difference picture, at most


LAYOUT = _Layout()
"""2026-11-23: chosen once on pages rendered in Chromium."""
