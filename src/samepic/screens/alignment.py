"""Align two screenshots row by row or column by column, where lines were added or removed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar
from zlib import adler32, crc32

import numpy as np
from numpy.typing import NDArray

from samepic.screens.pixels import PixelKind
from samepic.tuning.screens import LAYOUT

__all__ = [
    "LineRun",
    "ScreenAlignment",
    "align",
    "codes_of",
    "framed",
    "lay_lines",
    "lay_plainly",
    "settled",
    "where_rows_differ",
]

Pixels: TypeAlias = NDArray[np.uint8]

Codes: TypeAlias = Sequence[int]


@dataclass(frozen=True, slots=True)
class LineRun:
    """Rows `a0` to `a1` of one picture that stand for rows `b0` to `b1` of the other, the ends not included.

    Where both are as many, they stand for each other one by one and are `equal` or not; else one of them is empty
    once `settled`.
    """

    a0: int
    a1: int
    b0: int
    b1: int
    equal: bool = False

    @property
    def more(self) -> int:
        """How many more rows the second has than the first."""
        return (self.b1 - self.b0) - (self.a1 - self.a0)


def codes_of(picture: Pixels) -> list[int]:
    """Return 64 bits for every row of a picture of (height, width, 3) uint8, which tell it from all others."""
    rows = np.ascontiguousarray(picture)
    return [crc32(row.data) << 32 | adler32(row.data) for row in rows]


def align(a: Codes, b: Codes) -> tuple[LineRun, ...]:
    """Return the runs of rows, in order, that lead from all rows of one picture to all of the other.

    Rows that occur once in each are found again in the longest order that both share, and what lies next to them is
    matched outwards (Cohen's patience diff); what is left over between is one run that is not equal.
    """
    return tuple(_merged(_runs(a, b, LineRun(0, len(a), 0, len(b)))))


def _runs(a: Codes, b: Codes, within: LineRun) -> Iterator[LineRun]:
    head, middle, tail = _trimmed(a, b, within)
    if head:
        yield head
    anchors = _anchors(a, b, middle)
    if not anchors:
        if middle.a0 < middle.a1 or middle.b0 < middle.b1:
            yield middle
    else:
        at_a, at_b = middle.a0, middle.b0
        for row, other in anchors:
            if row >= at_a and other >= at_b:
                end_a, end_b = row + 1, other + 1
                while end_a < middle.a1 and end_b < middle.b1 and a[end_a] == b[end_b]:
                    end_a, end_b = end_a + 1, end_b + 1
                yield from _runs(a, b, LineRun(at_a, row, at_b, other))
                yield LineRun(row, end_a, other, end_b, equal=True)
                at_a, at_b = end_a, end_b
        yield from _runs(a, b, LineRun(at_a, middle.a1, at_b, middle.b1))
    if tail:
        yield tail


def _trimmed(a: Codes, b: Codes, run: LineRun) -> tuple[LineRun | None, LineRun, LineRun | None]:
    """Return the equal rows at the start, what lies between, and the equal rows at the end."""
    head = 0
    most = min(run.a1 - run.a0, run.b1 - run.b0)
    while head < most and a[run.a0 + head] == b[run.b0 + head]:
        head += 1
    tail = 0
    while tail < most - head and a[run.a1 - 1 - tail] == b[run.b1 - 1 - tail]:
        tail += 1
    start, end = LineRun(run.a0, run.a0 + head, run.b0, run.b0 + head, equal=True), None
    if tail:
        end = LineRun(run.a1 - tail, run.a1, run.b1 - tail, run.b1, equal=True)
    middle = LineRun(run.a0 + head, run.a1 - tail, run.b0 + head, run.b1 - tail)
    return (start if head else None), middle, end


def _anchors(a: Codes, b: Codes, run: LineRun) -> list[tuple[int, int]]:
    """Return the pairs of rows that occur once on either side, in the longest order that both share."""
    here, there = Counter(a[run.a0 : run.a1]), Counter(b[run.b0 : run.b1])
    where = {code: row for row, code in enumerate(b[run.b0 : run.b1], run.b0)}
    pairs = [
        (row, where[code])
        for row, code in enumerate(a[run.a0 : run.a1], run.a0)
        if here[code] == 1 and there.get(code) == 1
    ]
    return _rising(pairs)


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest part of the pairs of which the second numbers rise (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for index, (_, other) in enumerate(pairs):
        pile = bisect_left(tops, other)
        before.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(other)
            piles.append(index)
        else:
            tops[pile], piles[pile] = other, index
    found = []
    index = piles[-1] if piles else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _merged(runs: Iterator[LineRun]) -> Iterator[LineRun]:
    last: LineRun | None = None
    for run in runs:
        if last is not None and last.equal == run.equal:
            last = LineRun(last.a0, run.a1, last.b0, run.b1, last.equal)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last


def framed(runs: Sequence[LineRun], before: int, behind: int) -> tuple[LineRun, ...]:
    """Return runs with so many equal rows put before and behind them."""
    last = runs[-1] if runs else LineRun(0, 0, 0, 0)
    moved = [LineRun(r.a0 + before, r.a1 + before, r.b0 + before, r.b1 + before, r.equal) for r in runs]
    end_a, end_b = last.a1 + before, last.b1 + before
    ends = (
        LineRun(0, before, 0, before, equal=True),
        LineRun(end_a, end_a + behind, end_b, end_b + behind, equal=True),
    )
    whole = [*([ends[0]] if before else []), *moved, *([ends[1]] if behind else [])]
    return tuple(_merged(iter(whole)))


def settled(a: Pixels, b: Pixels, runs: Sequence[LineRun]) -> tuple[LineRun, ...]:
    """Return the runs with every one of unequal lengths cut in two: rows that stand for each other, and the others.

    Rows are laid on each other from the start or from the end of the run, whichever lies closer.
    """
    return tuple(part for run in runs for part in _settled(a, b, run))


def _settled(a: Pixels, b: Pixels, run: LineRun) -> Iterator[LineRun]:
    count = min(run.a1 - run.a0, run.b1 - run.b0)
    if not count or not run.more:
        yield run
        return
    first = _apart(a[run.a0 : run.a0 + count], b[run.b0 : run.b0 + count])
    last = _apart(a[run.a1 - count : run.a1], b[run.b1 - count : run.b1])
    if first <= last:
        yield LineRun(run.a0, run.a0 + count, run.b0, run.b0 + count)
        yield LineRun(run.a0 + count, run.a1, run.b0 + count, run.b1)
    else:
        yield LineRun(run.a0, run.a1 - count, run.b0, run.b1 - count)
        yield LineRun(run.a1 - count, run.a1, run.b1 - count, run.b1)


def _apart(a: Pixels, b: Pixels) -> int:
    return int(np.count_nonzero((a != b).any(axis=2)))


Lines: TypeAlias = NDArray[np.intp]

_Sample = TypeVar("_Sample", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class ScreenAlignment:
    """Which rows and columns of a lie on which of b; `runs` are those that were added or removed.

    `rows_a[i]` of a lies on `rows_b[i]` of b, columns alike; `upright` tells that runs are of rows. `found` is the
    share of the lines of the shorter picture that are equal to the ones they lie on.
    """

    rows_a: Lines
    rows_b: Lines
    columns_a: Lines
    columns_b: Lines
    runs: tuple[LineRun, ...] = ()
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


def lay_plainly(a: tuple[int, ...], b: tuple[int, ...]) -> ScreenAlignment:
    """Return pictures of the shapes `a` and `b` laid with their top left corners on each other."""
    rows, columns = np.arange(min(a[0], b[0])), np.arange(min(a[1], b[1]))
    return ScreenAlignment(rows, rows, columns, columns)


def lay_lines(a: Pixels, b: Pixels, *, upright: bool = True, within: slice | None = None) -> ScreenAlignment:
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
        return ScreenAlignment(lines_a, lines_b, across, across, added, upright, found)
    return ScreenAlignment(across, across, lines_a, lines_b, added, upright, found)


def _paired(runs: Sequence[LineRun]) -> tuple[Lines, Lines]:
    pairs = [run for run in runs if not run.more]
    sides = ([(run.a0, run.a1) for run in pairs], [(run.b0, run.b1) for run in pairs])
    nothing = [np.arange(0)]
    one, two = (np.concatenate(nothing + [np.arange(*ends) for ends in side]) for side in sides)
    return one, two


def where_rows_differ(kinds: Pixels) -> slice | None:
    """Return the rows between which all differ that do; None where so few do that no lines can have been added."""
    seen = np.flatnonzero((kinds == PixelKind.DIFFERENT).any(axis=1))
    if len(seen) < LAYOUT.rows * len(kinds):
        return None
    rows = np.flatnonzero((kinds > PixelKind.EQUAL).any(axis=1))
    return slice(int(rows[0]), int(rows[-1]) + 1)
