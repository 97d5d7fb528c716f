"""What makes a rectangle in a picture look like another picture that was pasted there."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["INSETS", "Insets"]


@dataclass(frozen=True, slots=True)
class Insets:
    """Thresholds of the search for insets.

    Attributes:
        side: pixels of the longer side at which it is done, where there are as many.
        smallest: pixels of the shorter side under which a picture has no insets, and half of it an inset is none.
        step: levels by which two pixels beside a line must differ from the two beyond it.
        reaches: pixels to either side among which the step must be the largest, narrow and wide.
        scores: what a pixel of a line is worth where the step is the largest in none of them, in one, in both.
        lines: how many columns, and how many rows, are taken for sides.
        run: least score of the best part of such a line.
        least: shortest side, as a share of the frame's.
        area: least and largest share of the frame.
        aspect: largest ratio of the longer to the shorter side.
        mean: least score a pixel of each side, where it is no edge of the frame.
        alone: the same where all other sides are edges of the frame.
        density: least score a pixel of all of them together.
        total: least score of all of them together.
        through: how much a pixel of a line that divides a rectangle must score, as a share of one of its sides.
        shared: intersection over union from which two rectangles count as one.
        looked: rectangles that are sorted out, the best ones.
        most: insets of a picture.
        change: levels by which brightness changes where it does, from one of 32 x 32 places to the next.
        busy: least share of the places of an inset at which it does.
    """

    side: int = 384
    smallest: int = 48
    step: int = 10
    reaches: tuple[int, int] = (1, 3)
    scores: tuple[int, int, int] = (-9, 8, 17)
    lines: int = 14
    run: int = 200
    least: float = 0.09
    area: tuple[float, float] = (0.02, 0.9)
    aspect: float = 4.0
    mean: float = 2.0
    alone: float = 12.5
    density: float = 6.0
    total: float = 1200.0
    through: float = 0.5
    shared: float = 0.6
    looked: int = 200
    most: int = 6
    change: int = 2
    busy: float = 0.25


INSETS = Insets()
"""2026-11-23: bench/retrieval_insets.py, on the training half. `scores` are ten times the logarithm of how much oftener
it is so on sides than elsewhere. `mean`, `density` and `total`: on 250 photographs 0.3 insets a picture and none on
87 %; with half of `mean` and two thirds of `density` 0.5, and no more copies were found. `most`: walls of six tiles.
`busy`: the least of 250 photographs was 0.5, of insets of dialogs and windows half have less.
"""
