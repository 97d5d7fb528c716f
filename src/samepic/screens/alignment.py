"""Align two screenshots row by row or column by column, where lines were added or removed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, TypeAlias, TypeVar
from zlib import adler32, crc32

import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Pixels
from samepic.screens.pixels import PixelKind
from samepic.tuning.screens import LAYOUT

Hashes: TypeAlias = Sequence[int]
Lines: TypeAlias = NDArray[np.intp]
_Sample = TypeVar("_Sample", bound=np.generic)


class LineRun(NamedTuple):
    """Rows `a0` to `a1` that match `b0` to `b1`, ends excluded: paired if equally many, else one side is empty."""

    a0: int
    a1: int
    b0: int
    b1: int
    equal: bool = False

    @property
    def growth(self) -> int:
        """The number of rows added in b; negative where rows were removed."""
        return (self.b1 - self.b0) - (self.a1 - self.a0)


def row_hashes(picture: Pixels) -> list[int]:
    """Return a 64-bit hash of every row of a picture, (height, width, 3) uint8."""
    rows = np.ascontiguousarray(picture)
    return [crc32(row.data) << 32 | adler32(row.data) for row in rows]


def align(a: Hashes, b: Hashes) -> tuple[LineRun, ...]:
    """Return runs of rows that cover both pictures, by the rows that occur once in each (Cohen's patience diff)."""
    return tuple(_merge(_runs(a, b, LineRun(0, len(a), 0, len(b)))))


def _runs(a: Hashes, b: Hashes, within: LineRun) -> Iterator[LineRun]:
    head, middle, tail = _trim(a, b, within)
    yield head
    next_a, next_b = middle.a0, middle.b0
    for row, other in _anchors(a, b, middle):
        if row >= next_a and other >= next_b:
            end_a, end_b = row + 1, other + 1
            while end_a < middle.a1 and end_b < middle.b1 and a[end_a] == b[end_b]:
                end_a, end_b = end_a + 1, end_b + 1
            yield from _runs(a, b, LineRun(next_a, row, next_b, other))
            yield LineRun(row, end_a, other, end_b, equal=True)
            next_a, next_b = end_a, end_b
    rest = LineRun(next_a, middle.a1, next_b, middle.b1)
    yield from (rest,) if rest == middle else _runs(a, b, rest)
    yield tail


def _trim(a: Hashes, b: Hashes, run: LineRun) -> tuple[LineRun, LineRun, LineRun]:
    head = 0
    most = min(run.a1 - run.a0, run.b1 - run.b0)
    while head < most and a[run.a0 + head] == b[run.b0 + head]:
        head += 1
    tail = 0
    while tail < most - head and a[run.a1 - 1 - tail] == b[run.b1 - 1 - tail]:
        tail += 1
    start = LineRun(run.a0, run.a0 + head, run.b0, run.b0 + head, equal=True)
    middle = LineRun(run.a0 + head, run.a1 - tail, run.b0 + head, run.b1 - tail)
    return start, middle, LineRun(run.a1 - tail, run.a1, run.b1 - tail, run.b1, equal=True)


def _anchors(a: Hashes, b: Hashes, run: LineRun) -> list[tuple[int, int]]:
    """Return the pairs of rows that occur once in each, in their longest common order."""
    here, there = Counter(a[run.a0 : run.a1]), Counter(b[run.b0 : run.b1])
    where = {code: row for row, code in enumerate(b[run.b0 : run.b1], run.b0)}
    pairs = [
        (row, where[code])
        for row, code in enumerate(a[run.a0 : run.a1], run.a0)
        if here[code] == 1 and there.get(code) == 1
    ]
    return _longest_increasing(pairs)


def _longest_increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest subsequence of pairs with rising second numbers (patience sorting)."""
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
    matched = []
    index = piles[-1] if piles else -1
    while index >= 0:
        matched.append(pairs[index])
        index = before[index]
    return matched[::-1]


def _merge(runs: Iterable[LineRun]) -> Iterator[LineRun]:
    filled = (run for run in runs if run.a1 > run.a0 or run.b1 > run.b0)
    for equal, group in groupby(filled, key=lambda run: run.equal):
        first, *others = group
        last = others[-1] if others else first
        yield LineRun(first.a0, last.a1, first.b0, last.b1, equal)


def with_equal_ends(runs: Sequence[LineRun], before: int, after: int) -> tuple[LineRun, ...]:
    """Return the runs with equal rows added before and after them."""
    last = runs[-1] if runs else LineRun(0, 0, 0, 0)
    end_a, end_b = last.a1 + before, last.b1 + before
    longer = [
        LineRun(0, before, 0, before, equal=True),
        *(LineRun(a0 + before, a1 + before, b0 + before, b1 + before, same) for a0, a1, b0, b1, same in runs),
        LineRun(end_a, end_a + after, end_b, end_b + after, equal=True),
    ]
    return tuple(_merge(longer))


def _split_uneven(a: Pixels, b: Pixels, run: LineRun) -> Iterator[LineRun]:
    """Yield a run of unequal lengths in two: rows paired from the end that differs less, and the rest."""
    count = min(run.a1 - run.a0, run.b1 - run.b0)
    if not count or not run.growth:
        yield run
        return
    first = _differing_pixels(a[run.a0 : run.a0 + count], b[run.b0 : run.b0 + count])
    last = _differing_pixels(a[run.a1 - count : run.a1], b[run.b1 - count : run.b1])
    cut_a, cut_b = (run.a0 + count, run.b0 + count) if first <= last else (run.a1 - count, run.b1 - count)
    yield LineRun(run.a0, cut_a, run.b0, cut_b)
    yield LineRun(cut_a, run.a1, cut_b, run.b1)


def _differing_pixels(a: Pixels, b: Pixels) -> int:
    return int(np.count_nonzero((a != b).any(axis=2)))


class ScreenAlignment(NamedTuple):
    """Paired rows and columns, the `runs` added or removed, and the share of equal lines of the shorter picture."""

    rows_a: Lines
    rows_b: Lines
    columns_a: Lines
    columns_b: Lines
    runs: tuple[LineRun, ...] = ()
    by_rows: bool = True
    matched: float = 0.0

    def of_a(self, plane: NDArray[_Sample]) -> NDArray[_Sample]:
        """Return the paired rows and columns of a plane of a, (height, width[, 3])."""
        return _select(plane, self.rows_a, self.columns_a)

    def of_b(self, plane: NDArray[_Sample]) -> NDArray[_Sample]:
        return _select(plane, self.rows_b, self.columns_b)


def _select(plane: NDArray[_Sample], rows: Lines, columns: Lines) -> NDArray[_Sample]:
    for axis, lines in enumerate((rows, columns)):
        count = len(lines)
        # Lines without a gap are a view, which costs nothing.
        if count and int(lines[-1]) - int(lines[0]) + 1 == count:
            start = int(lines[0])
            plane = plane[start : start + count] if axis == 0 else plane[:, start : start + count]
        else:
            plane = plane.take(lines, axis)
    return plane


def align_top_left(a: tuple[int, ...], b: tuple[int, ...]) -> ScreenAlignment:
    """Align pictures of the shapes `a` and `b` at their top left corners."""
    rows, columns = np.arange(min(a[0], b[0])), np.arange(min(a[1], b[1]))
    return ScreenAlignment(rows, rows, columns, columns)


def align_lines(
    a: Pixels, b: Pixels, *, by_rows: bool = True, within: slice | None = None
) -> ScreenAlignment:
    """Align pictures of one width (one height unless `by_rows`) line by line; of one size, only lines `within`."""
    a_lines, b_lines = (a, b) if by_rows else (a.transpose(1, 0, 2), b.transpose(1, 0, 2))
    start, stop = (within.start, within.stop) if within is not None else (0, len(a_lines))
    runs = align(
        row_hashes(a_lines[start:stop]), row_hashes(b_lines[start : len(b_lines) - len(a_lines) + stop])
    )
    longer = with_equal_ends(runs, start, len(a_lines) - stop)
    runs = tuple(part for run in longer for part in _split_uneven(a_lines, b_lines, run))
    pairs = [LineRun(0, 0, 0, 0), *(run for run in runs if not run.growth)]
    lines_a = np.concatenate([np.arange(run.a0, run.a1) for run in pairs])
    lines_b = np.concatenate([np.arange(run.b0, run.b1) for run in pairs])
    across = np.arange(min(a_lines.shape[1], b_lines.shape[1]))
    equal = sum(run.a1 - run.a0 for run in runs if run.equal)
    added = tuple(run for run in runs if run.growth)
    matched = equal / max(1, min(len(a_lines), len(b_lines)))
    if by_rows:
        return ScreenAlignment(lines_a, lines_b, across, across, added, by_rows, matched)
    return ScreenAlignment(across, across, lines_a, lines_b, added, by_rows, matched)


def differing_rows(kinds: Pixels) -> slice | None:
    """Return the range of all differing rows; None where too few differ for added lines."""
    seen = np.flatnonzero((kinds == PixelKind.DIFFERENT).any(axis=1))
    if len(seen) < LAYOUT.rows * len(kinds):
        return None
    rows = np.flatnonzero((kinds > PixelKind.EQUAL).any(axis=1))
    return slice(int(rows[0]), int(rows[-1]) + 1)
