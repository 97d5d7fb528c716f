"""Verify: compare the pictures of one cluster within a memory budget, and cache the verdicts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from samepic.api import compare_pictures
from samepic.duplicates.cache import Cache, CachedVerdict
from samepic.duplicates.quality import Merit, merit
from samepic.duplicates.scan import BYTES_PER_PIXEL, DistinctPicture, MemoryBudget
from samepic.errors import UnreadableError
from samepic.picture import Picture, inspect, load, read
from samepic.writing import reason_of


@dataclass(slots=True, eq=False)
class Verifier:
    """Compares pictures of one cluster, but `_known` pairs; `merits` are of the readable, `errors` of the others."""

    _items: list[DistinctPicture]
    _cache: Cache
    _memory: MemoryBudget
    _max_bytes: int
    _known: Mapping[tuple[int, int], CachedVerdict] = field(default_factory=dict)
    merits: dict[int, Merit] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    compared: int = 0
    requested: int = 0
    _decoded: OrderedDict[int, Picture] = field(default_factory=OrderedDict)

    def inspect_picture(self, index: int) -> None:
        """Set the merit of a picture from its header, or its error."""
        row = self._cache.picture(self._items[index].sha256)
        if row is not None and row[2]:
            self.errors[index] = row[2]
            return
        if row is not None and row[1]:
            with suppress(ValueError, TypeError):
                self.merits[index] = Merit.from_text(row[1])
        if index not in self.merits:
            try:
                self.merits[index] = merit(inspect(read(self._items[index].files[0].path)))
            except UnreadableError as error:
                self._mark_unreadable(index, error)
            else:
                self._store(index)

    def verdict_of(self, a: int, b: int) -> CachedVerdict | None:
        """Return the verdict on b against a; None where one of them cannot be decoded."""
        if (a, b) in self._known:
            return self._known[a, b]
        self.requested += 1
        sha_a, sha_b = self._items[a].sha256, self._items[b].sha256
        cached = self._cache.verdict(sha_a, sha_b)
        if cached is not None:
            return cached
        pixels = sum(self._items[i].fingerprint.width * self._items[i].fingerprint.height for i in (a, b))
        with self._memory.reserve(pixels * BYTES_PER_PIXEL, self.release):
            first, second = self._picture(a), self._picture(b)
            if first is None or second is None:
                return None
            verdict = compare_pictures(_renamed(first, "the reference"), _renamed(second, "this file"))
            self._evict(a)
        said = verdict.probability, verdict.explanation, verdict.original
        cached = CachedVerdict(str(verdict.relation), *said)
        self._cache.put_verdict(sha_a, sha_b, cached)
        self.compared += 1
        return cached

    def release(self) -> None:
        self._decoded.clear()

    def _picture(self, index: int) -> Picture | None:
        if index in self._decoded:
            self._decoded.move_to_end(index)
            return self._decoded[index]
        try:
            picture = load(self._items[index].files[0].path)
        except UnreadableError as error:
            self._mark_unreadable(index, error)
            return None
        self._decoded[index] = picture
        return picture

    def _evict(self, reference: int) -> None:
        """Drop the oldest decoded pictures over the limit, but not the reference, which is compared next."""
        if reference in self._decoded:
            self._decoded.move_to_end(reference)
        while len(self._decoded) > 1 and sum(map(_bytes, self._decoded.values())) > self._max_bytes:
            self._decoded.popitem(last=False)

    def _mark_unreadable(self, index: int, error: UnreadableError) -> None:
        self.merits.pop(index, None)
        self.errors[index] = reason_of(error)
        self._store(index)

    def _store(self, index: int) -> None:
        item = self._items[index]
        facts = self.merits[index].to_text() if index in self.merits else ""
        self._cache.put_picture(item.sha256, str(item.fingerprint), facts, self.errors.get(index, ""))


def _bytes(picture: Picture) -> int:
    alpha = 0 if picture.alpha is None else picture.alpha.nbytes
    return picture.rgb.nbytes + alpha + len(picture.data or b"")


def _renamed(picture: Picture, name: str) -> Picture:
    return replace(picture, info=replace(picture.info, name=name))
