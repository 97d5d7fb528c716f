"""Verify: screen what copy codes propose, compare pictures within a memory budget, and cache both."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock

from samepic.api import compare_pictures
from samepic.duplicates.cache import Cache, CachedVerdict
from samepic.duplicates.quality import Merit, merit
from samepic.duplicates.scan import BYTES_PER_PIXEL, DistinctPicture, MemoryBudget
from samepic.errors import UnreadableError
from samepic.fingerprints.fingerprint import Fingerprint, code_distance
from samepic.fingerprints.make import fingerprint_shown
from samepic.picture import Picture, inspect, load, read
from samepic.tuning.search import SCREEN
from samepic.verdict import Relation
from samepic.verify.features import Features, screening_features, shared_features
from samepic.verify.pipeline import WHITE
from samepic.verify.resave import ProofScope
from samepic.writing import reason_of

Verdicts = dict[tuple[int, int], CachedVerdict]
_KEPT = 2048  # features that are kept for the next pair, 16 KB each


@dataclass(slots=True, eq=False)
class CandidateScreen:
    """Says of pairs whether they share features, at a small part of the cost of a comparison, for all threads."""

    _items: list[DistinctPicture]
    _cache: Cache
    _memory: MemoryBudget
    dismissed: int = 0
    _lock: Lock = field(default_factory=Lock)
    _features: Callable[[int], Features] = field(init=False)

    def __post_init__(self) -> None:
        self._features = lru_cache(_KEPT)(lambda index: self._stored(index) or self._made(index))

    def passes(self, a: int, b: int) -> bool:
        """Return whether b may be a copy of a: one is like an inset of the other, they share features, or b is damaged.

        Where one of them has too few features, it may be a copy if its copy code is near.
        """
        prints = self._items[a].fingerprint, self._items[b].fingerprint
        if _least_bits(*prints, lambda of: of.inset_codes) < SCREEN.inset:
            return True
        a, b = sorted((a, b), key=lambda index: self._items[index].sha256)
        names = self._items[a].sha256, self._items[b].sha256
        passed = self._cache.screened(*names)
        if passed is None:
            try:
                one, two = self._features(a), self._features(b)
            except UnreadableError:
                return True
            passed = shared_features(one, two) > 0
            if not passed and min(len(one.at), len(two.at)) < SCREEN.fewest:
                passed = _least_bits(*prints, _all_codes) < SCREEN.near
            self._cache.put_screened(*names, passed=passed)
        with self._lock:
            self.dismissed += not passed
        return passed

    def share_features(self, a: int, b: int) -> bool:
        """Return whether one map lays features of the one picture on those of the other; False for unreadable ones."""
        try:
            return shared_features(self._features(a), self._features(b)) > 0
        except UnreadableError:
            return False

    def _stored(self, index: int) -> Features | None:
        data = self._cache.features(self._items[index].sha256)
        with suppress(ValueError):
            return Features.from_bytes(data) if data is not None else None
        return None

    def _made(self, index: int) -> Features:
        item = self._items[index]
        with self._memory.reserve(item.fingerprint.width * item.fingerprint.height * BYTES_PER_PIXEL):
            _, picture = fingerprint_shown(read(item.files[0].path), SCREEN.side)
        found = screening_features(picture.on(WHITE))
        self._cache.put_features(item.sha256, found.to_bytes())
        return found


def _least_bits(
    one: Fingerprint, two: Fingerprint, codes_of: Callable[[Fingerprint], Iterable[bytes]]
) -> int:
    """Return the least distance of some codes of the one to the copy code of the other; 256 where there are none."""
    codes = [(code, b.copycode) for a, b in ((one, two), (two, one)) for code in codes_of(a)]
    return min((code_distance(a, b) for a, b in codes), default=256)


def _all_codes(of: Fingerprint) -> Iterable[bytes]:
    return of.copycode, *of.quarter_codes, *of.inset_codes


@dataclass(slots=True, eq=False)
class Verifier:
    """Compares pictures of one cluster, but `_known` pairs; `merits` are of the readable, `errors` of the others.

    `verdicts` are on the pairs that were compared, and `near` the relations, edited or closer, of all that were asked
    for, the lower index first.
    """

    _items: list[DistinctPicture]
    _cache: Cache
    _memory: MemoryBudget
    _max_bytes: int
    _known: Verdicts = field(default_factory=dict)
    merits: dict[int, Merit] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    verdicts: Verdicts = field(default_factory=dict)
    near: dict[tuple[int, int], Relation] = field(default_factory=dict)
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
        verdict = self._verdict(a, b)
        if verdict is not None and (relation := Relation(verdict.relation)).is_same(Relation.EDITED):
            self.near[min(a, b), max(a, b)] = relation
        return verdict

    def _verdict(self, a: int, b: int) -> CachedVerdict | None:
        if (a, b) in self._known:
            return self._known[a, b]
        self.requested += 1
        sha_a, sha_b = self._items[a].sha256, self._items[b].sha256
        cached = self._cache.verdict(sha_a, sha_b)
        if cached is not None:
            self.verdicts[a, b] = cached
            return cached
        pixels = sum(self._items[i].fingerprint.width * self._items[i].fingerprint.height for i in (a, b))
        with self._memory.reserve(pixels * BYTES_PER_PIXEL, self.release):
            first, second = self._picture(a), self._picture(b)
            if first is None or second is None:
                return None
            pair = _renamed(first, "the reference"), _renamed(second, "this file")
            verdict = compare_pictures(*pair, prove=ProofScope.COPY_A)
            # The oldest pictures over the limit are dropped, but not the reference, which is compared next.
            if a in self._decoded:
                self._decoded.move_to_end(a)
            while len(self._decoded) > 1 and sum(map(_bytes, self._decoded.values())) > self._max_bytes:
                self._decoded.popitem(last=False)
        said = verdict.probability, verdict.explanation, verdict.original
        cached = CachedVerdict(str(verdict.relation), *said)
        self._cache.put_verdict(sha_a, sha_b, cached)
        self.verdicts[a, b] = cached
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
