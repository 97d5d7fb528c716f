"""Two screenshots laid on each other row by row, or column by column, where lines were added or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from samepic.profiles.screen import LAYOUT
from samepic.screen.lines import Run, align, codes_of, framed, settled
from samepic.screen.pixels import Kind

__all__ = ["Laid", "lay_lines", "lay_plainly", "where_rows_differ"]

Pixels: TypeAlias = NDArray[np.uint8]
Lines: TypeAlias = NDArray[np.intp]
_Sample = TypeVar("_Sample", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Which rows and columns of a lie on which of b; `runs` are those that were added or removed.

    `rows_a[i]` of a lies on `rows_b[i]` of b, columns alike; `upright` tells that runs are of rows. `found` is the
    share of the lines of the shorter picture that are equal to the ones they lie on.
    """

    rows_a: Lines
    rows_b: Lines
    columns_a: Lines
    columns_b: Lines
    runs: tuple[Run, ...] = ()
    upright: bool = True
    found: float = 0.0

    def of_a(self, plane: NDArray[_Sample]) -> NDArray[_Sample]:
        """Return of a plane of a, (height, width[, 3]), the rows and columns that lie on b."""
        return _taken(plane, self.rows_a, self.columns_a)

    def of_b(self, plane: NDArray[_Sample]) -> NDArray[_Sample]:
        """Return of a plane of b the rows and columns that lie on a."""
        return _taken(plane, self.rows_b, self.columns_b)


def _taken(plane: NDArray[_Sample], rows: Lines, columns: Lines) -> NDArray[_Sample]:
    for axis, lines in enumerate((rows, columns)):
        count = len(lines)
        # What goes through without a gap is a view, which costs nothing.
        if count and int(lines[-1]) - int(lines[0]) + 1 == count:
            start = int(lines[0])
            plane = plane[start : start + count] if axis == 0 else plane[:, start : start + count]
        else:
            plane = plane.take(lines, axis)
    return plane


def lay_plainly(a: tuple[int, ...], b: tuple[int, ...]) -> Laid:
    """Return pictures of the shapes `a` and `b` laid with their top left corners on each other."""
    rows, columns = np.arange(min(a[0], b[0])), np.arange(min(a[1], b[1]))
    return Laid(rows, rows, columns, columns)


def lay_lines(a: Pixels, b: Pixels, *, upright: bool = True, within: slice | None = None) -> Laid:
    """Return two pictures of one width (of one height unless `upright`) laid on each other line by line.

    Where they are of one size, only lines `within` are looked at; those before and behind it are equal.
    """
    one, two = (a, b) if upright else (a.transpose(1, 0, 2), b.transpose(1, 0, 2))
    start, stop = (within.start, within.stop) if within is not None else (0, len(one))
    runs = align(codes_of(one[start:stop]), codes_of(two[start : len(two) - len(one) + stop]))
    runs = settled(one, two, framed(runs, start, len(one) - stop))
    lines_a, lines_b = _paired(runs)
    across = np.arange(min(one.shape[1], two.shape[1]))
    equal = sum(run.a1 - run.a0 for run in runs if run.equal)
    added = tuple(run for run in runs if run.more)
    found = equal / max(1, min(len(one), len(two)))
    if upright:
        return Laid(lines_a, lines_b, across, across, added, upright, found)
    return Laid(across, across, lines_a, lines_b, added, upright, found)


def _paired(runs: Sequence[Run]) -> tuple[Lines, Lines]:
    pairs = [run for run in runs if not run.more]
    sides = ([(run.a0, run.a1) for run in pairs], [(run.b0, run.b1) for run in pairs])
    nothing = [np.arange(0)]
    one, two = (np.concatenate(nothing + [np.arange(*ends) for ends in side]) for side in sides)
    return one, two


def where_rows_differ(kinds: Pixels) -> slice | None:
    """Return the rows between which all differ that do; None where so few do that no lines can have been added."""
    seen = np.flatnonzero((kinds == Kind.DIFFERENT).any(axis=1))
    if len(seen) < LAYOUT.rows * len(kinds):
        return None
    rows = np.flatnonzero((kinds > Kind.EQUAL).any(axis=1))
    return slice(int(rows[0]), int(rows[-1]) + 1)
