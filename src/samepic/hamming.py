"""Exact Hamming search over 256-bit codes: every code is compared, none is missed.

Codes are stored contiguously, four 64-bit words each. The native module, if present, scans them once; NumPy scans
blocks that fit the processor's cache, and computes exactly only the codes near enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.fingerprints.fingerprint import Fingerprint
from samepic.native import native
from samepic.tuning.search import SEARCH

_BITS, _WORDS, _BYTES = 256, 4, 32
_NO_LIMIT = -1
_BLOCK = 32768
"""Codes per block, 1 MB: faster than larger and smaller blocks (`python -m bench speed search`)."""

_FORMS = 8
_GROUPS = np.array(((0, 2, 4, 5), (1, 3, 6, 7)))
"""Forms of PDQ (samepic.fingerprint.FORMS) that differ only by signs: half of their bits are inverted."""

_INVERTED = -np.array(((0, 0, 0, 0), (0, 1, 1, 0), (1, 1, 0, 0), (1, 0, 1, 0))).astype(np.uint64)
"""Ones in those of the four words of TurnedCodes that are inverted in the forms of a group."""

_GROWTH = 8
"""Full arrays grow by an eighth: a million codes waste 5 MB at most."""

_SUM = np.uint32(0x01010101)
Ids = NDArray[np.int64]


class Neighbors(NamedTuple):
    """Codes near a query, nearest first and by id where equally near: `ids` and `distances` in bits, both int64."""

    ids: Ids
    distances: NDArray[np.int64]


class _CodeSet:
    """Codes as rows of words, each with an integer id."""

    def __init__(self) -> None:
        self._words = np.empty((0, _WORDS), np.uint64)
        self._ids = np.empty(0, np.int64)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def words(self) -> NDArray[np.uint64]:
        """The codes, (n, 4): a view that is valid until codes are added or removed."""
        return self._words[: self._size]

    def add(self, ids: Sequence[int] | Ids, codes: bytes | NDArray[np.uint8]) -> None:
        """Add a code for each of `ids`, n x 32 bytes or (n, 32) uint8. Raises ValueError for another number."""
        numbers = np.asarray(ids, np.int64).ravel()
        words = _words(codes)
        if len(words) != len(numbers):
            raise ValueError(f"expected {len(numbers)} codes, one for each id, found {len(words)}")
        end = self._size + len(words)
        if len(self._ids) < end:
            capacity = max(end, len(self._ids) + len(self._ids) // _GROWTH)
            grown = np.empty(capacity, np.int64), np.empty((capacity, _WORDS), np.uint64)
            for new, old in zip(grown, (self._ids, self._words), strict=True):
                new[: self._size] = old[: self._size]
            self._ids, self._words = grown
        self._ids[self._size : end], self._words[self._size : end] = numbers, words
        self._size = end

    def remove(self, number: int) -> int:
        """Remove every code of the id `number`; return how many there were."""
        rows = np.flatnonzero(self._ids[: self._size] == number)
        for row in rows[::-1]:
            self._size -= 1
            self._ids[row], self._words[row] = self._ids[self._size], self._words[self._size]
        return len(rows)

    def _distances(self, query: bytes | NDArray[np.uint8]) -> NDArray[np.uint16]:
        # NumPy broadcasts a row of four slowly, so the query is tiled once for all blocks.
        words = np.tile(_query(query), (min(_BLOCK, self._size), 1))
        mixed, counts = np.empty_like(words), np.empty(words.shape, np.uint8)
        packed = counts.view(np.uint32)[:, 0]
        found = np.empty(self._size, np.uint16)
        for start in range(0, self._size, _BLOCK):
            n = min(_BLOCK, self._size - start)
            np.bitwise_xor(self._words[start : start + n], words[:n], out=mixed[:n])
            np.bitwise_count(mixed[:n], out=counts[:n])
            # The four counts of a code are the bytes of one number, and the top byte of this product their sum, in
            # which 256 reads 0.
            total = (packed[:n] * _SUM) >> np.uint32(24)
            found[start : start + n] = np.where((total == 0) & (packed[:n] != 0), _BITS, total)
        return found

    def _sorted(self, rows: Ids, bits: NDArray[np.integer[Any]], most: int | None = None) -> Neighbors:
        ids = self._ids[rows]
        order = np.lexsort((ids, bits))[:most]
        return Neighbors(ids[order], bits[order].astype(np.int64))


class Codes(_CodeSet):
    """A growing set of 256-bit codes, each with an integer id; an id may have several codes.

    Searching from several threads at once is safe; adding and removing are not while others search.
    """

    def nearest(self, query: bytes | NDArray[np.uint8], k: int) -> Neighbors:
        """Return the `k` codes nearest to 32 bytes, smaller ids first. O(n). Raises ValueError for k under 1."""
        if k < 1:
            raise ValueError(f"k: expected at least 1, found {k}")
        if native is not None:
            return self._native(query, k, _BITS)
        distances = self._distances(query)
        bound = np.partition(distances, k - 1)[k - 1] if len(distances) > k else _BITS
        rows = np.flatnonzero(distances <= bound)
        return self._sorted(rows, distances[rows], k)

    def within(self, query: bytes | NDArray[np.uint8], radius: int) -> Neighbors:
        """Return all codes at most `radius` bits from a query of 32 bytes. O(n)."""
        if native is not None:
            return self._native(query, _NO_LIMIT, radius)
        distances = self._distances(query)
        rows = np.flatnonzero(distances <= radius)
        return self._sorted(rows, distances[rows])

    def _native(self, query: bytes | NDArray[np.uint8], most: int, bound: int) -> Neighbors:
        assert native is not None
        ids = self._ids[: self._size]
        found = native.search(self.words, ids, _query(query), most, bound)
        pairs = np.frombuffer(found, np.int64).reshape(-1, 2)
        return Neighbors(pairs[:, 0], pairs[:, 1])


class TurnedCodes(_CodeSet):
    """A growing set of PDQ codes, each with an integer id, searched by all eight forms of a query at once.

    Mirroring a picture flips the signs of its odd cosine terms, so it inverts half of the bits, except for a few near
    the median. Bits are stored by the parity of their row and column, one word each: four counts then give the
    approximate distances of four forms. Codes that may be near are compared again exactly. Threads as in Codes.
    """

    def add(self, ids: Sequence[int] | Ids, codes: bytes | NDArray[np.uint8]) -> None:
        super().add(ids, by_parity(codes))

    def within(self, forms: bytes | NDArray[np.uint8], radius: int) -> Neighbors:
        """Return all codes at most `radius` bits from the nearest of eight forms, 256 bytes in the order of FORMS."""
        words = _words(by_parity(forms))
        if len(words) != _FORMS:
            raise ValueError(f"expected {_FORMS} forms of {_BYTES} bytes, found {len(words) * _BYTES} bytes")
        rows = self._rows(words, radius)
        mixed = self._words[rows][:, None] ^ words
        distances = np.bitwise_count(mixed).sum(axis=2, dtype=np.int64).min(axis=1)
        near = distances <= radius
        return self._sorted(rows[near], distances[near])

    def _rows(self, words: NDArray[np.uint64], radius: int) -> Ids:
        if native is not None:
            groups = words[_GROUPS]
            # The forms of a group are at most so far from its first one with its words inverted.
            apart = np.bitwise_count(groups[:, :1] ^ groups ^ _INVERTED)
            radius += int(apart.sum(axis=2).max())
            return np.frombuffer(native.search_turned(self.words, groups[:, 0].copy(), radius), np.int64)
        rows = [np.empty(0, np.int64)]
        rows += [np.flatnonzero(self._distances(word.view(np.uint8)) <= radius) for word in words]
        return np.unique(np.concatenate(rows))


def copies_near(codes: Codes, query: Fingerprint, *, more: int = 0) -> dict[int, int]:
    """Return the ids, with bits, nearest by copy code to the query, its quarters and insets, `more` of each. O(n)."""
    searches = [(query.copycode, SEARCH.copy_nearest + more, SEARCH.copy_radius)]
    searches += [(code, SEARCH.part_nearest + more, SEARCH.part_radius) for code in query.quarter_codes]
    searches += [(code, SEARCH.inset_nearest + more, SEARCH.inset_radius) for code in query.inset_codes]
    return nearest_to_any(codes, searches)


def nearest_to_any(
    codes: Codes, searches: Iterable[tuple[bytes, int, int]], below: int | None = None, more: int = 0
) -> dict[int, int]:
    """Return the ids under `below`, with bits, of the k nearest within the radius of a code: (code, k, radius).

    `more` of each are looked at, since higher ids may be nearer.
    """
    found: dict[int, int] = {}
    for code, k, radius in searches:
        near = codes.nearest(code, k + more)
        pairs = zip(near.ids.tolist(), near.distances.tolist(), strict=True)
        kept = [(key, bits) for key, bits in pairs if bits <= radius and (below is None or key < below)]
        for key, bits in kept[:k]:
            found[key] = min(bits, found.get(key, bits))
    return found


def by_parity(codes: bytes | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return codes of 32 bytes each as (n, 32) uint8, their bits sorted into words by parity of row and column."""
    raw = _words(codes).view(np.uint8).reshape(-1, _BYTES)
    out = np.empty_like(raw)
    firsts, seconds = _every_other(0), _every_other(1)
    for start in range(0, len(raw), _BLOCK):
        rows = raw[start : start + _BLOCK].view(">u2").astype(np.uint16)
        odd, even = rows[:, 1::2], rows[:, ::2]
        words = (seconds[odd], firsts[odd], seconds[even], firsts[even])
        out[start : start + _BLOCK] = np.concatenate(words, axis=1)
    return out


@cache
def _every_other(first: int) -> NDArray[np.uint8]:
    rows = np.arange(65536, dtype=">u2").view(np.uint8).reshape(-1, 2)
    return np.packbits(np.unpackbits(rows, axis=1)[:, first::2], axis=1)[:, 0]


def _query(query: bytes | NDArray[np.uint8]) -> NDArray[np.uint64]:
    words = _words(query)
    if len(words) != 1:
        raise ValueError(f"expected a query of {_BYTES} bytes, found {len(words) * _BYTES}")
    return words


def _words(codes: bytes | NDArray[np.uint8]) -> NDArray[np.uint64]:
    raw = codes if isinstance(codes, bytes) else np.ascontiguousarray(codes, np.uint8).tobytes()
    if len(raw) % _BYTES:
        raise ValueError(f"expected codes of {_BYTES} bytes each, found {len(raw)} bytes in all")
    return np.frombuffer(raw, np.uint64).reshape(-1, _WORDS)
