"""Joins of 256-bit codes: neighbors of many queries at once, by a scan or by tables of sampled bits.

A query is looked up by its own bits and by all that differ in a few places, one probe each. Norouzi,
Punjani and Fleet, Fast Search in Hamming Space with Multi-Index Hashing, CVPR 2012.
The native part compares each strip of codes with all queries while it is in the cache. Without it NumPy runs one query
after another, as `samepic.hamming` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import combinations, pairwise
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.hamming import Codes, Neighbors, TurnedCodes, by_parity
from samepic.native import native
from samepic.tuning.search import SEARCH

_BITS, _BYTES, _FORMS, _WORD = 256, 32, 8, 64
_QUERIES = 8192
"""Queries that the native part is asked about at once: what it keeps of each, 1 MB in all, comes by for each strip."""

Words = NDArray[np.uint64]
Keys = NDArray[np.uint32]
Triples = NDArray[np.int64]
_NONE = np.empty((0, 3), np.int64)


class JoinedPairs(NamedTuple):
    """Pairs of query, row and distance in bits: int64 arrays, sorted by query, distance, row."""

    queries: NDArray[np.int64]
    rows: NDArray[np.int64]
    distances: NDArray[np.int64]


class PdqScan:
    """Upright PDQ codes, all compared with each query; safe to search from several threads, as all of this module."""

    def __init__(self, codes: NDArray[np.uint8]) -> None:
        """Take in the codes, (n, 32). Raises ValueError where they are no such rows."""
        self._codes = TurnedCodes()
        self._codes.add(np.arange(len(codes)), checked(codes, _BYTES))

    def within(
        self, forms: NDArray[np.uint8], radius: int, below: NDArray[np.int64] | None = None
    ) -> JoinedPairs:
        """Return codes within `radius` bits of a form of each query, (q, 256), in rows under `below`. O(n q)."""
        query_codes = checked(forms, _FORMS * _BYTES)
        ends = limits(below, len(query_codes), len(self._codes))
        if native is None:
            near = (self._codes.within(own.reshape(-1, _BYTES), radius) for own in query_codes)
            return _pairs([_filtered(one, one.ids < end) for one, end in zip(near, ends, strict=True)])
        found = [_NONE]
        for start in range(0, len(query_codes), _QUERIES):
            part = slice(start, start + _QUERIES)
            words = by_parity(query_codes[part]).view(np.uint64).reshape(-1, _FORMS, 4)
            found.append(_as_triples(native.join_turned(self._codes.words, words, ends[part], radius), start))
        return in_order(np.concatenate(found))


class CopyScan:
    """Copy codes, all compared with each query."""

    def __init__(self, codes: NDArray[np.uint8]) -> None:
        """Take in the codes, (n, 32). Raises ValueError where they are no such rows."""
        self._codes = Codes()
        self._codes.add(np.arange(len(codes)), checked(codes, _BYTES))

    def nearest(self, queries: NDArray[np.uint8], k: int, radius: int) -> JoinedPairs:
        """Return the `k` codes within `radius` bits nearest to each query, (q, 32), lower rows first. O(n q)."""
        query_codes = checked(queries, _BYTES)
        if k < 1:
            raise ValueError(f"k: expected at least 1, found {k}")
        if native is None:
            near = (self._codes.nearest(query, k) for query in query_codes)
            return _pairs([_filtered(one, one.distances <= radius) for one in near])
        found = [_NONE]
        for start in range(0, len(query_codes), _QUERIES):
            words = query_codes[start : start + _QUERIES].view(np.uint64)
            raw = native.join_nearest(self._codes.words, words, k, min(radius, _BITS))
            found.append(_as_triples(raw, start))
        return _columns(np.concatenate(found))


def checked(codes: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return codes as a C-ordered array aligned for words. Raises ValueError where they are not rows of `width`."""
    if codes.ndim != 2 or codes.shape[1] != width:
        raise ValueError(f"expected codes as rows of {width} bytes, found {codes.shape}")
    contiguous = np.ascontiguousarray(codes, np.uint8)
    return contiguous if contiguous.ctypes.data % 8 == 0 else contiguous.copy()


def limits(below: NDArray[np.int64] | None, queries: int, rows: int) -> NDArray[np.int64]:
    """Return under which row a code counts for each query. Raises ValueError where there is not one for each."""
    if below is None:
        return np.full(queries, rows, np.int64)
    if below.shape != (queries,):
        raise ValueError(f"below: expected one for each of {queries} queries, found {below.shape}")
    return np.ascontiguousarray(below, np.int64)


def in_order(triples: NDArray[np.int64]) -> JoinedPairs:
    """Return (query, row, distance) triples, (n, 3), as pairs."""
    return _columns(triples[np.lexsort((triples[:, 1], triples[:, 2], triples[:, 0]))])


def _columns(triples: NDArray[np.int64]) -> JoinedPairs:
    return JoinedPairs(*(np.ascontiguousarray(column) for column in triples.T))


def _as_triples(raw: bytearray, start: int) -> NDArray[np.int64]:
    triples = np.frombuffer(raw, np.int64).reshape(-1, 3)
    triples[:, 0] += start
    return triples


def _filtered(near: Neighbors, kept: NDArray[np.bool_]) -> Neighbors:
    return Neighbors(near.ids[kept], near.distances[kept])


def _pairs(found: list[Neighbors]) -> JoinedPairs:
    none = np.empty(0, np.int64)
    return JoinedPairs(
        np.repeat(np.arange(len(found)), [len(near.ids) for near in found]),
        np.concatenate([none, *(near.ids for near in found)]),
        np.concatenate([none, *(near.distances for near in found)]),
    )


_WIDEST = 25
"""Bits of a key: a bitmap of all keys takes 4 MB. What is beyond them in a band is not looked up by."""

_TRADE = 5
"""Bits that a band within one bit fewer is narrower: 24 bits within 2 have as many probes for a code as 19 within 1."""

_PROBES, _FOUND = 1 << 19, 1 << 20
"""Probes that NumPy makes at once, 4 MB an array, and codes that it looks at at once, and kept pairs between sorts."""

_BATCH = 1 << 16
"""Codes whose keys are made at once."""

_STEP = 64
"""Keys that are looked up between two looks at how much was found."""

_SEED = 20261123


class _Queries(NamedTuple):
    forms: Words
    ends: NDArray[np.int64]
    radius: int


class _KeyTable:
    """Rows of codes by their keys of at most _WIDEST bits: 8 bytes a code and 3 bits a key that could be."""

    def __init__(self, keys: Keys, width: int) -> None:
        places = keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)
        places.sort()
        self.rows = places.astype(np.uint32)
        keys = (places >> np.uint64(32)).astype(np.uint32)
        new = np.flatnonzero(np.diff(keys, prepend=np.uint32(1) << np.uint32(31)))
        self.starts = np.append(new, len(keys)).astype(np.uint32)
        present = np.zeros(max(_WORD, 1 << width), np.uint8)
        present[keys[new]] = 1
        self.bits = np.packbits(present, bitorder="little").view(np.uint64)
        counts = np.bitwise_count(self.bits)
        self.ranks = (np.cumsum(counts, dtype=np.int64) - counts).astype(np.uint32)

    def near(
        self, codes: Words, query_codes: _Queries, of: NDArray[np.int64], keys: Keys, masks: Keys
    ) -> Triples:
        """Return what is within the radius of those at `keys` ^ `masks`; `of` gives the query of each key."""
        if native is not None:
            table = (self.bits, self.ranks, self.starts, self.rows)
            forms, ends, radius = query_codes
            raw = native.probe(codes, forms, ends, of, keys, masks, *table, forms.shape[1], radius)
            return np.frombuffer(raw, np.int64).reshape(-1, 3)
        found = [np.empty((0, 3), np.int64)]
        step = max(1, _PROBES // len(masks))
        for start in range(0, len(keys), step):
            probed = keys[start : start + step, None] ^ masks
            wanted = probed.ravel()
            places, bits = wanted >> np.uint32(6), (wanted & np.uint32(63)).astype(np.uint64)
            at = np.flatnonzero(self.bits[places] >> bits & np.uint64(1))
            places, bits = places[at], bits[at]
            before = self.bits[places] & ((np.uint64(1) << bits) - np.uint64(1))
            ranks = self.ranks[places] + np.bitwise_count(before)
            first, last = self.starts[ranks], self.starts[ranks + 1]
            queries = of[start + at // len(masks)]
            found += [_verified_pairs(codes, query_codes, *part) for part in self._rows(queries, first, last)]
        return np.concatenate(found)

    def _rows(self, queries: NDArray[np.int64], first: Keys, last: Keys) -> Iterator[tuple[Triples, Triples]]:
        ends = np.cumsum(last - first, dtype=np.int64)
        total = int(ends[-1]) if len(ends) else 0
        for start in range(0, total, _FOUND):
            place = np.arange(start, min(total, start + _FOUND))
            of = np.searchsorted(ends, place, side="right")
            yield queries[of], self.rows[last[of] - (ends[of] - place)].astype(np.int64)


class _KeptPairs:
    """Distinct pairs, and of each query the k nearest where k is given."""

    def __init__(self, k: int | None = None) -> None:
        self._k, self._found, self._count = k, [np.empty((0, 3), np.int64)], 0

    def add(self, triples: Triples) -> None:
        self._found.append(triples)
        self._count += len(triples)
        if self._count > _FOUND:
            kept = self.all()
            self._found, self._count = [kept], 0

    def all(self) -> Triples:
        triples = np.concatenate(self._found)
        triples = triples[np.lexsort((triples[:, 1], triples[:, 2], triples[:, 0]))]
        # One pair has one distance, so that what was found twice lies together.
        triples = triples[np.diff(triples[:, :2], axis=0, prepend=-1).any(axis=1)]
        if self._k is not None:
            first = np.searchsorted(triples[:, 0], triples[:, 0])
            triples = triples[np.arange(len(triples)) - first < self._k]
        return triples


class _Band(NamedTuple):
    """Stretches of bits, each (word, lowest bit, how many), that a code near a query has within `within` bits."""

    spans: tuple[tuple[int, int, int], ...]
    within: int

    @property
    def width(self) -> int:
        return sum(count - 1 for _, _, count in self.spans)

    def keys(self, words: Words) -> Keys:
        """Return the keys of codes, (n, 4): the key of the difference of two codes is that of their keys."""
        keys = np.zeros(len(words), np.uint64)
        for word, lowest, count in self.spans:
            mask = np.uint64((1 << count) - 1)
            bits = words[:, word] >> np.uint64(lowest) & mask
            bits ^= (np.uint64(0) - (bits >> np.uint64(count - 1))) & mask
            keys = keys << np.uint64(count - 1) | bits
        return keys.astype(np.uint32)

    def masks(self) -> Keys:
        """Return the keys of all differences of at most `within` bits."""
        places = [(word, lowest + bit) for word, lowest, count in self.spans for bit in range(count)]
        words = np.zeros((sum(comb(len(places), n) for n in range(self.within + 1)), 4), np.uint64)
        row = 0
        for n in range(self.within + 1):
            for chosen in combinations(places, n):
                for word, bit in chosen:
                    words[row, word] |= np.uint64(1 << bit)
                row += 1
        return np.unique(self.keys(words))


class _Tables:
    """Codes, (n, 4) words, by tables of their keys, each with the masks of the keys that are near."""

    def __init__(self, words: Words, keys: Iterable[tuple[Callable[[Words], Keys], int, Keys]]) -> None:
        self._words = words
        self._tables = []
        for keys_of, width, masks in keys:
            made = [keys_of(words[start : start + _BATCH]) for start in range(0, len(words), _BATCH)]
            table = _KeyTable(np.concatenate([np.empty(0, np.uint32), *made]), width)
            self._tables.append((keys_of, masks, table))

    def _near(self, query_codes: _Queries, k: int | None = None) -> JoinedPairs:
        found = _KeptPairs(k)
        count, forms = query_codes.forms.shape[:2]
        for keys_of, masks, table in self._tables:
            ordered = np.sort(keys_of(query_codes.forms.reshape(-1, 4)).reshape(count, forms), axis=1)
            new = np.ones(ordered.shape, bool)
            new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
            of, keys = np.nonzero(new)[0].astype(np.int64), ordered[new]
            for start in range(0, len(keys), _STEP):
                part = slice(start, start + _STEP)
                found.add(table.near(self._words, query_codes, of[part], keys[part], masks))
        return in_order(found.all())


class PdqBands(_Tables):
    """Upright PDQ codes by bands of their bits: exact up to a radius, at a cost that grows slowly.

    Where bands of all bits are within t1, t2, ... bits and the sum of all t + 1 is more than the radius, a code within
    the radius is within t in one of the bands. Mirroring turns over whole words of codes whose bits are sorted by
    parity, so a key is the bits of a band up to that: of each stretch in one word its last bits, or their opposites
    where the first is set. The keys of a query are those of all its eight forms, of which few differ.

    Memory: 32 bytes a code and 8 a code for each band, eleven at a radius of 31.
    """

    def __init__(self, codes: NDArray[np.uint8], radius: int = SEARCH.band_radius) -> None:
        """Take in the codes, (n, 32). Raises ValueError where they are no such rows, or the radius is under 0."""
        if radius < 0:
            raise ValueError(f"radius: expected at least 0, found {radius}")
        self.radius = radius
        bands = ((band.keys, band.width, band.masks()) for band in _bands(radius))
        super().__init__(by_parity(checked(codes, _BYTES)).view(np.uint64), bands)

    def within(
        self, forms: NDArray[np.uint8], radius: int, below: NDArray[np.int64] | None = None
    ) -> JoinedPairs:
        """Return what PdqScan.within returns. Raises ValueError also where the radius is more than this is for."""
        if radius > self.radius:
            expected = f"at most {self.radius}, which the bands are for"
            raise ValueError(f"radius: expected {expected}, found {radius}")
        words = by_parity(checked(forms, _BYTES * _FORMS)).view(np.uint64).reshape(-1, _FORMS, 4)
        return self._near(_Queries(words, limits(below, len(words), len(self._words)), radius))


class CopyTables(_Tables):
    """Copy codes by several tables of sampled bits: the nearest that are found, most of those that CopyScan finds.

    A code that differs from the query in d of 256 bits is found where it differs in at most SEARCH.table_bits of the
    SEARCH.table_width bits of one of the tables; of real copies 95 % are.
    """

    def __init__(
        self,
        codes: NDArray[np.uint8],
        count: int = SEARCH.table_count,
        width: int = SEARCH.table_width,
        bits: int = SEARCH.table_bits,
    ) -> None:
        """Take in codes, (n, 32), into `count` tables. Raises ValueError for others, or a key wider than 25 bits."""
        if not 1 <= width <= _WIDEST:
            raise ValueError(f"width: expected 1 to {_WIDEST}, found {width}")
        differing = (chosen for n in range(bits + 1) for chosen in combinations(range(width), n))
        masks = np.array([sum(1 << bit for bit in chosen) for chosen in differing], np.uint32)
        samples = ((partial(_sampled_keys, places), width, masks) for places in _bit_samples(count, width))
        super().__init__(checked(codes, _BYTES).view(np.uint64), samples)

    def nearest(self, queries: NDArray[np.uint8], k: int, radius: int) -> JoinedPairs:
        """Return the `k` codes nearest to each query of those that the tables find, else as CopyScan.nearest."""
        if k < 1:
            raise ValueError(f"k: expected at least 1, found {k}")
        words = checked(queries, _BYTES).view(np.uint64)
        return self._near(_Queries(words[:, None], limits(None, len(words), len(self._words)), radius), k)


def _bands(radius: int) -> list[_Band]:
    """Return disjoint bands of which a code within the radius is within its `within` in one at least."""
    shares = min(radius, _BITS) + 1
    count = -(-shares // (SEARCH.band_bits + 1))
    within = [shares // count - (number >= shares % count) for number in range(count)]
    trade = _TRADE if _BITS // count > 2 * _TRADE else 0
    base = (_BITS - trade * sum(bits - min(within) for bits in within)) // count
    widths = [base + trade * (bits - min(within)) for bits in within]
    spare = _BITS - sum(widths)
    bands, start = [], 0
    for number, (bits, width) in enumerate(zip(within, widths, strict=True)):
        end = start + width + (number < spare)
        last = min(end, start + _WIDEST + 1)
        cuts = [start, *(edge for edge in range(0, _BITS, _WORD) if start < edge < last), last]
        bands.append(_Band(tuple((a // _WORD, a % _WORD, b - a) for a, b in pairwise(cuts)), bits))
        start = end
    return bands


def _bit_samples(count: int, width: int) -> Iterator[NDArray[np.int64]]:
    """Yield the bits that each of `count` tables looks at: as different ones as there are."""
    rng = np.random.default_rng(_SEED)
    pieces = [np.arange(0)]
    for number in range(count):
        if number % (_BITS // width) == 0:
            order = rng.permutation(_BITS)
            pieces = [order[start : start + width] for start in range(0, _BITS - width + 1, width)]
        yield pieces[number % len(pieces)]


def _sampled_keys(places: NDArray[np.int64], words: Words) -> Keys:
    bits = np.zeros((len(words), 32), np.uint8)
    bits[:, 32 - len(places) :] = np.unpackbits(words.view(np.uint8), axis=1)[:, places]
    return np.packbits(bits, axis=1).view(">u4")[:, 0].astype(np.uint32)


def _verified_pairs(
    codes: Words, query_codes: _Queries, queries: NDArray[np.int64], rows: NDArray[np.int64]
) -> Triples:
    counts = rows < query_codes.ends[queries]
    queries, rows = queries[counts], rows[counts]
    nearest = np.full(len(rows), _BITS, np.int64)
    own = codes[rows]
    for form in range(query_codes.forms.shape[1]):
        distance = np.bitwise_count(own ^ query_codes.forms[queries, form]).sum(axis=1, dtype=np.int64)
        nearest = np.minimum(nearest, distance)
    near = nearest <= query_codes.radius
    return np.stack((queries[near], rows[near], nearest[near]), axis=1)
