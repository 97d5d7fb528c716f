"""Which rows of one screenshot are which of another: where rows were added or removed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from zlib import adler32, crc32

import numpy as np
from numpy.typing import NDArray

__all__ = ["Run", "align", "codes_of", "framed", "settled"]

Pixels: TypeAlias = NDArray[np.uint8]
Codes: TypeAlias = Sequence[int]


@dataclass(frozen=True, slots=True)
class Run:
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


def align(a: Codes, b: Codes) -> tuple[Run, ...]:
    """Return the runs of rows, in order, that lead from all rows of one picture to all of the other.

    Rows that occur once in each are found again in the longest order that both share, and what lies next to them is
    matched outwards (Cohen's patience diff); what is left over between is one run that is not equal.
    """
    return tuple(_merged(_runs(a, b, Run(0, len(a), 0, len(b)))))


def _runs(a: Codes, b: Codes, within: Run) -> Iterator[Run]:
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
                yield from _runs(a, b, Run(at_a, row, at_b, other))
                yield Run(row, end_a, other, end_b, equal=True)
                at_a, at_b = end_a, end_b
        yield from _runs(a, b, Run(at_a, middle.a1, at_b, middle.b1))
    if tail:
        yield tail


def _trimmed(a: Codes, b: Codes, run: Run) -> tuple[Run | None, Run, Run | None]:
    """Return the equal rows at the start, what lies between, and the equal rows at the end."""
    head = 0
    most = min(run.a1 - run.a0, run.b1 - run.b0)
    while head < most and a[run.a0 + head] == b[run.b0 + head]:
        head += 1
    tail = 0
    while tail < most - head and a[run.a1 - 1 - tail] == b[run.b1 - 1 - tail]:
        tail += 1
    start, end = Run(run.a0, run.a0 + head, run.b0, run.b0 + head, equal=True), None
    if tail:
        end = Run(run.a1 - tail, run.a1, run.b1 - tail, run.b1, equal=True)
    middle = Run(run.a0 + head, run.a1 - tail, run.b0 + head, run.b1 - tail)
    return (start if head else None), middle, end


def _anchors(a: Codes, b: Codes, run: Run) -> list[tuple[int, int]]:
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


def _merged(runs: Iterator[Run]) -> Iterator[Run]:
    last: Run | None = None
    for run in runs:
        if last is not None and last.equal == run.equal:
            last = Run(last.a0, run.a1, last.b0, run.b1, last.equal)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last


def framed(runs: Sequence[Run], before: int, behind: int) -> tuple[Run, ...]:
    """Return runs with so many equal rows put before and behind them."""
    last = runs[-1] if runs else Run(0, 0, 0, 0)
    moved = [Run(r.a0 + before, r.a1 + before, r.b0 + before, r.b1 + before, r.equal) for r in runs]
    end_a, end_b = last.a1 + before, last.b1 + before
    ends = (
        Run(0, before, 0, before, equal=True),
        Run(end_a, end_a + behind, end_b, end_b + behind, equal=True),
    )
    whole = [*([ends[0]] if before else []), *moved, *([ends[1]] if behind else [])]
    return tuple(_merged(iter(whole)))


def settled(a: Pixels, b: Pixels, runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the runs with every one of unequal lengths cut in two: rows that stand for each other, and the others.

    Rows are laid on each other from the start or from the end of the run, whichever lies closer.
    """
    return tuple(part for run in runs for part in _settled(a, b, run))


def _settled(a: Pixels, b: Pixels, run: Run) -> Iterator[Run]:
    count = min(run.a1 - run.a0, run.b1 - run.b0)
    if not count or not run.more:
        yield run
        return
    first = _apart(a[run.a0 : run.a0 + count], b[run.b0 : run.b0 + count])
    last = _apart(a[run.a1 - count : run.a1], b[run.b1 - count : run.b1])
    if first <= last:
        yield Run(run.a0, run.a0 + count, run.b0, run.b0 + count)
        yield Run(run.a0 + count, run.a1, run.b0 + count, run.b1)
    else:
        yield Run(run.a0, run.a1 - count, run.b0, run.b1 - count)
        yield Run(run.a1 - count, run.a1, run.b1 - count, run.b1)


def _apart(a: Pixels, b: Pixels) -> int:
    return int(np.count_nonzero((a != b).any(axis=2)))
