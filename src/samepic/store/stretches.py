"""Stretches: the codes of one tenant read over several connections at once, joined by the server."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from samepic.profiles.search import SEARCH
from samepic.store.protocol import Coded
from samepic.store.sql import Run

__all__ = ["Page", "Stretch", "in_parallel", "joined"]

_BYTES = 32
_STRONG = f"quality >= {SEARCH.quality} AND detail >= {SEARCH.detail} AND length(pdq) > 0"
# The sign of a number tells whether the picture has a copy code; the server then needs no second list of numbers.
_JOINED = (
    "SELECT count(*), coalesce(max(number), 0),"
    " string_agg(int8send(CASE WHEN length(copycode) > 0 THEN number ELSE -number END), ''),"
    " string_agg(pdq, ''), string_agg(copycode, '') FROM (SELECT number, pdq, copycode FROM codes"
    f" WHERE tenant = ? AND number > ? AND number <= ? AND {_STRONG} ORDER BY number LIMIT ?) AS page"
)


class Stretch(NamedTuple):
    """The numbers above `after`, up to `last`."""

    after: int
    last: int

    def parts(self, count: int) -> list[Stretch]:
        """Return it in up to `count` parts of about the same width, ascending."""
        width = -(-(self.last - self.after) // count)
        return [
            Stretch(after, min(after + width, self.last)) for after in range(self.after, self.last, width)
        ]


class Page(NamedTuple):
    """What was read of the beginning of a stretch, and the stretch that is left of it, if any."""

    piece: Coded
    left: Stretch | None


def joined(run: Run, tenant: str, stretch: Stretch, most: int) -> Page:
    """Read the codes of up to `most` records of a stretch; the server joins them, so that no row costs Python."""
    count, last, numbers, pdq, copies = run(_JOINED, (tenant, *stretch, most))[0]
    full = count == most and last < stretch.last
    signed = np.frombuffer(numbers or b"", ">i8").astype(np.int64)
    piece = Coded(
        last if full else stretch.last,
        np.abs(signed),
        bytes(pdq or b""),
        signed[signed > 0],
        bytes(copies or b""),
    )
    return Page(_ascending(piece), Stretch(last, stretch.last) if full else None)


def in_parallel(read: Callable[[Stretch], Page], stretch: Stretch, readers: int) -> Iterator[Coded]:
    """Yield what `read` finds in a stretch, by ascending number, while up to `readers` threads read ahead.

    Where a page did not reach the end of its stretch, what is left is dealt out again: so neither many numbers of
    other tenants nor a crowd of this one's leave a reader without work, and no more than a few pages wait in memory.
    """
    waiting = deque(stretch.parts(readers))
    reading: deque[Future[Page]] = deque()
    with ThreadPoolExecutor(readers, thread_name_prefix="samepic-load") as pool:
        try:
            while waiting or reading:
                while waiting and len(reading) < 2 * readers:
                    reading.append(pool.submit(read, waiting.popleft()))
                page = reading.popleft().result()
                yield page.piece
                if page.left is not None:
                    # These come before whatever is being read already.
                    parts = page.left.parts(readers)
                    reading.extendleft(pool.submit(read, part) for part in reversed(parts))
        finally:
            for one in reading:
                one.cancel()


def _ascending(piece: Coded) -> Coded:
    """Return a piece by ascending number, which a server gives unless it chose another plan."""
    numbers = piece.pdq_numbers
    if (numbers[1:] > numbers[:-1]).all():
        return piece
    order, of_copies = np.argsort(numbers), np.argsort(piece.copy_numbers)
    return Coded(
        piece.last,
        numbers[order],
        _rows(piece.pdq)[order].tobytes(),
        piece.copy_numbers[of_copies],
        _rows(piece.copycodes)[of_copies].tobytes(),
    )


def _rows(codes: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.frombuffer(codes, np.uint8).reshape(-1, _BYTES)
