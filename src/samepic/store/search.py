"""Exact search over 256-bit codes: every code is looked at, none is missed.

Codes lie in blocks of columns, one for each 64-bit word, so that each step is one pass of NumPy's vector code over
memory that the processor's cache holds; only codes near enough are looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Codes", "Found"]

_BITS, _WORDS, _BYTES = 256, 4, 32
_BLOCK = 1 << 15
"""Codes in a block, 1 MB: faster than larger and smaller ones (bench/search_speed.py)."""

Ids = NDArray[np.int64]


class Found(NamedTuple):
    """Codes near a query, nearest first and by id where equally near: `ids` and `distances` in bits, both int64."""

    ids: Ids
    distances: NDArray[np.int64]


class Codes:
    """A growing set of 256-bit codes, each with an integer id; an id may have several codes.

    Searching from several threads at once is safe; adding and removing are not while others search.
    """

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.uint64]] = []
        self._ids = np.empty(0, np.int64)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, ids: Sequence[int] | Ids, codes: bytes | NDArray[np.uint8]) -> None:
        """Add one code for each of `ids`: `codes` are n x 32 bytes, or an (n, 32) uint8 array.

        Raises ValueError where there are not as many codes as ids.
        """
        numbers = np.asarray(ids, np.int64).ravel()
        words = _words(codes)
        if len(words) != len(numbers):
            raise ValueError(f"wanted {len(numbers)} codes, one for each id, got {len(words)}")
        self._reserve(self._size + len(words))
        self._ids[self._size : self._size + len(words)] = numbers
        done = 0
        while done < len(words):
            block, at = divmod(self._size, _BLOCK)
            step = min(_BLOCK - at, len(words) - done)
            self._blocks[block][:, at : at + step] = words[done : done + step].T
            self._size += step
            done += step

    def remove(self, number: int) -> int:
        """Remove every code of the id `number`; return how many there were."""
        rows = np.flatnonzero(self._ids[: self._size] == number)
        for row in rows[::-1]:
            last = self._size - 1
            self._blocks[row // _BLOCK][:, row % _BLOCK] = self._blocks[last // _BLOCK][:, last % _BLOCK]
            self._ids[row] = self._ids[last]
            self._size = last
        return len(rows)

    def nearest(self, query: bytes | NDArray[np.uint8], k: int) -> Found:
        """Return the `k` codes nearest to a query of 32 bytes, fewer where there are fewer. O(n).

        Of equally near ones the smaller id goes first, and in. Raises ValueError for k under 1.
        """
        if k < 1:
            raise ValueError(f"k: wanted at least 1, got {k}")
        rows, distances = np.empty(0, np.int64), np.empty(0, np.int64)
        bound = _BITS
        for start, block in self._scan(query):
            if bound == _BITS and len(block) > k:
                bound = int(np.partition(block, k - 1)[k - 1])
            near = np.flatnonzero(block <= bound)
            if len(near) == 0:
                continue
            rows = np.concatenate((rows, near + start))
            distances = np.concatenate((distances, block[near]))
            if len(rows) > k:
                bound = int(np.partition(distances, k - 1)[k - 1])
                kept = distances <= bound
                rows, distances = rows[kept], distances[kept]
        return self._sorted(rows, distances, k)

    def within(self, query: bytes | NDArray[np.uint8], radius: int) -> Found:
        """Return all codes at most `radius` bits from a query of 32 bytes. O(n)."""
        rows, distances = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for start, block in self._scan(query):
            near = np.flatnonzero(block <= radius)
            if len(near):
                rows.append(near + start)
                distances.append(block[near].astype(np.int64))
        return self._sorted(np.concatenate(rows), np.concatenate(distances), None)

    def _reserve(self, size: int) -> None:
        while len(self._blocks) * _BLOCK < size:
            self._blocks.append(np.empty((_WORDS, _BLOCK), np.uint64))
        if len(self._ids) < size:
            grown = np.empty(max(size, 2 * len(self._ids)), np.int64)
            grown[: self._size] = self._ids[: self._size]
            self._ids = grown

    def _scan(self, query: bytes | NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.unsignedinteger]]]:
        """Yield, block by block, the row it starts at and the distances of its codes; valid until the next."""
        words = _words(query)
        if len(words) != 1:
            raise ValueError(f"wanted a query of {_BYTES} bytes, got {len(words) * _BYTES}")
        column = np.ascontiguousarray(words.T)
        mixed, counts = np.empty((_WORDS, _BLOCK), np.uint64), np.empty((_WORDS, _BLOCK), np.uint8)
        total = np.empty(_BLOCK, np.uint8)
        for start in range(0, self._size, _BLOCK):
            n = min(_BLOCK, self._size - start)
            np.bitwise_xor(self._blocks[start // _BLOCK][:, :n], column, out=mixed[:, :n])
            np.bitwise_count(mixed[:, :n], out=counts[:, :n])
            np.add.reduce(counts[:, :n], axis=0, dtype=np.uint8, out=total[:n])
            yield start, _unwrapped(total[:n], counts[0, :n])

    def _sorted(self, rows: Ids, distances: NDArray[np.int64], most: int | None) -> Found:
        ids = self._ids[rows]
        order = np.lexsort((ids, distances))[:most]
        return Found(ids[order], distances[order].astype(np.int64))


def _unwrapped(total: NDArray[np.uint8], first: NDArray[np.uint8]) -> NDArray[np.unsignedinteger]:
    """Return the distances where `total` holds them in a byte: all 256 bits, of which 64 in the first word, read 0."""
    if total.all():
        return total
    wrapped = (total == 0) & (first != 0)
    if not wrapped.any():
        return total
    wide = total.astype(np.uint16)
    wide[wrapped] = _BITS
    return wide


def _words(codes: bytes | NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return codes of 32 bytes each as (n, 4) uint64."""
    raw = codes if isinstance(codes, bytes) else np.ascontiguousarray(codes, np.uint8).tobytes()
    if len(raw) % _BYTES:
        raise ValueError(f"wanted codes of {_BYTES} bytes each, got {len(raw)} bytes in all")
    return np.frombuffer(raw, np.uint64).reshape(-1, _WORDS)
