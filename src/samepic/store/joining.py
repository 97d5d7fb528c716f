"""Joining sets of 256-bit codes: what is near each of many queries at once, where `search` looks for one.

The native part goes strip by strip through the codes and asks each strip about all queries while the processor's cache
holds it. Without it NumPy asks for one query after another, as `search` does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.native import native
from samepic.store.search import Codes, Found, TurnedCodes, by_parity

__all__ = ["CopyScan", "Pairs", "PdqScan", "checked", "in_order", "limits"]

_BYTES, _FORM_BYTES = 32, 256
_QUERIES = 8192
"""Queries that the native part is asked about at once: what it keeps of each, 1 MB in all, comes by for each strip."""


class Pairs(NamedTuple):
    """What was found: of each pair the query's place, the row of the code, both from 0, and the distance in bits.

    Three int64 arrays of one length, sorted by query, then distance, then row.
    """

    queries: NDArray[np.int64]
    rows: NDArray[np.int64]
    distances: NDArray[np.int64]


class PdqScan:
    """Upright PDQ codes, each of which is looked at for each query: exact at any radius.

    Searching from several threads at once is safe, here and in all else of this module.
    """

    def __init__(self, codes: NDArray[np.uint8]) -> None:
        """Take in the codes, (n, 32). Raises ValueError where they are no such rows."""
        self._codes = TurnedCodes()
        self._codes.add(np.arange(len(codes)), checked(codes, _BYTES))

    def within(self, forms: NDArray[np.uint8], radius: int, below: NDArray[np.int64] | None = None) -> Pairs:
        """Return the codes at most `radius` bits from the nearest of the eight forms of each query, (q, 256).

        With `below`, q integers, only rows under that of the query count. O(n q). Raises ValueError where the forms are
        no such rows, or `below` is not one for each.
        """
        asked = checked(forms, _FORM_BYTES)
        ends = limits(below, len(asked), len(self._codes))
        if native is None:
            return self._plain(asked, radius, ends)
        found = []
        for start in range(0, len(asked), _QUERIES):
            words = by_parity(asked[start : start + _QUERIES]).view(np.uint64).reshape(-1, 8, 4)
            limit = ends[start : start + _QUERIES]
            raw = native.join_turned(self._codes.words, words, limit, radius)
            found.append(_triples(raw, start))
        return in_order(np.concatenate([_NONE, *found]))

    def _plain(self, asked: NDArray[np.uint8], radius: int, ends: NDArray[np.int64]) -> Pairs:
        found = []
        for query, each in enumerate(asked):
            near = self._codes.within(each.reshape(-1, _BYTES), radius)
            found.append(_kept(near, near.ids < ends[query]))
        return _pairs(found)


class CopyScan:
    """Copy codes, each of which is looked at for each query."""

    def __init__(self, codes: NDArray[np.uint8]) -> None:
        """Take in the codes, (n, 32). Raises ValueError where they are no such rows."""
        self._codes = Codes()
        self._codes.add(np.arange(len(codes)), checked(codes, _BYTES))

    def nearest(self, queries: NDArray[np.uint8], k: int, radius: int) -> Pairs:
        """Return the `k` codes nearest to each query, (q, 32), as far as they are within `radius` bits. O(n q).

        Of equally near ones the lower row goes first, and in. Raises ValueError for k under 1, and where the queries
        are no such rows.
        """
        asked = checked(queries, _BYTES)
        if k < 1:
            raise ValueError(f"k: wanted at least 1, got {k}")
        if native is None:
            return self._plain(asked, k, radius)
        found = []
        for start in range(0, len(asked), _QUERIES):
            words = asked[start : start + _QUERIES].view(np.uint64)
            raw = native.join_nearest(self._codes.words, words, k, min(radius, 8 * _BYTES))
            found.append(_triples(raw, start))
        return _columns(np.concatenate([_NONE, *found]))

    def _plain(self, asked: NDArray[np.uint8], k: int, radius: int) -> Pairs:
        found = []
        for query in asked:
            near = self._codes.nearest(query, k)
            found.append(_kept(near, near.distances <= radius))
        return _pairs(found)


_NONE = np.empty((0, 3), np.int64)


def checked(codes: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return codes as a C-ordered array aligned for words. Raises ValueError where they are not rows of `width`."""
    if codes.ndim != 2 or codes.shape[1] != width:
        raise ValueError(f"wanted codes as rows of {width} bytes, got {codes.shape}")
    whole = np.ascontiguousarray(codes, np.uint8)
    return whole if whole.ctypes.data % 8 == 0 else whole.copy()


def limits(below: NDArray[np.int64] | None, queries: int, rows: int) -> NDArray[np.int64]:
    """Return under which row a code counts for each query. Raises ValueError where there is not one for each."""
    if below is None:
        return np.full(queries, rows, np.int64)
    if below.shape != (queries,):
        raise ValueError(f"below: wanted one for each of {queries} queries, got {below.shape}")
    return np.ascontiguousarray(below, np.int64)


def in_order(triples: NDArray[np.int64]) -> Pairs:
    """Return (query, row, distance) triples, (n, 3), as pairs."""
    return _columns(triples[np.lexsort((triples[:, 1], triples[:, 2], triples[:, 0]))])


def _columns(triples: NDArray[np.int64]) -> Pairs:
    return Pairs(*(np.ascontiguousarray(column) for column in triples.T))


def _triples(raw: bytearray, start: int) -> NDArray[np.int64]:
    triples = np.frombuffer(raw, np.int64).reshape(-1, 3)
    triples[:, 0] += start
    return triples


def _kept(near: Found, kept: NDArray[np.bool_]) -> Found:
    return Found(near.ids[kept], near.distances[kept])


def _pairs(found: list[Found]) -> Pairs:
    none = np.empty(0, np.int64)
    return Pairs(
        np.repeat(np.arange(len(found)), [len(near.ids) for near in found]),
        np.concatenate([none, *(near.ids for near in found)]),
        np.concatenate([none, *(near.distances for near in found)]),
    )
