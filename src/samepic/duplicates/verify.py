"""Verify: lay two pictures of a collection on each other, within bounds of memory, and remember what was said."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType

from samepic.api import compare_pictures
from samepic.duplicates.cache import Cache, CachedVerdict
from samepic.duplicates.quality import Merit, merit
from samepic.duplicates.scan import DistinctPicture, MemoryBudget
from samepic.errors import UnreadableError
from samepic.limits import COLLECTION
from samepic.picture import Picture, inspect, load, read

__all__ = ["MemoryBudget", "Verifier"]


class Verifier:
    """Compares the pictures of one cluster, on one thread, keeping the last ones decoded.

    `merits` holds what is known of each by index, and loses those that turn out to be damaged, whose reasons go to
    `errors` by index. `heard` is what was said before, by the indices of the two. `asked` counts the other pairs,
    `compared` those that the cache did not know either.
    """

    def __init__(
        self,
        items: list[DistinctPicture],
        cache: Cache,
        room: MemoryBudget,
        held_bytes: int,
        heard: Mapping[tuple[int, int], CachedVerdict] = MappingProxyType({}),
    ) -> None:
        self.merits: dict[int, Merit] = {}
        self.errors: dict[int, str] = {}
        self.compared = self.asked = 0
        self._items, self._cache, self._room, self._most = items, cache, room, held_bytes
        self._heard = heard
        self._held: OrderedDict[int, Picture] = OrderedDict()

    def know(self, index: int) -> None:
        """Learn the merit of a picture from its header, or why it cannot be read."""
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
                self._spoilt(index, error)
            else:
                self._keep(index)

    def say(self, a: int, b: int) -> CachedVerdict | None:
        """Return what b is to a; None where one of them cannot be decoded."""
        if (a, b) in self._heard:
            return self._heard[a, b]
        self.asked += 1
        one, two = self._items[a].sha256, self._items[b].sha256
        said = self._cache.verdict(one, two)
        if said is not None:
            return said
        pixels = sum(self._items[i].fingerprint.width * self._items[i].fingerprint.height for i in (a, b))
        with self._room.taken(pixels * COLLECTION.bytes_per_pixel, self.forget):
            first, second = self._picture(a), self._picture(b)
            if first is None or second is None:
                return None
            verdict = compare_pictures(_called(first, "the reference"), _called(second, "this file"))
            self._let_go(a)
        said = CachedVerdict(
            str(verdict.relation), verdict.probability, verdict.explanation, verdict.original
        )
        self._cache.put_verdict(one, two, said)
        self.compared += 1
        return said

    def forget(self) -> None:
        """Let go of the decoded pictures."""
        self._held.clear()

    def _picture(self, index: int) -> Picture | None:
        if index in self._held:
            self._held.move_to_end(index)
            return self._held[index]
        try:
            picture = load(self._items[index].files[0].path)
        except UnreadableError as error:
            self._spoilt(index, error)
            return None
        self._held[index] = picture
        return picture

    def _let_go(self, reference: int) -> None:
        """Keep the reference, which is compared next, and of the others what there is room for."""
        if reference in self._held:
            self._held.move_to_end(reference)
        while len(self._held) > 1 and sum(map(_bytes, self._held.values())) > self._most:
            self._held.popitem(last=False)

    def _spoilt(self, index: int, error: UnreadableError) -> None:
        self.merits.pop(index, None)
        self.errors[index] = f"wanted {error.wanted}, got {error.got}"
        self._keep(index)

    def _keep(self, index: int) -> None:
        item = self._items[index]
        facts = self.merits[index].to_text() if index in self.merits else ""
        self._cache.put_picture(item.sha256, str(item.fingerprint), facts, self.errors.get(index, ""))


def _bytes(picture: Picture) -> int:
    return (
        picture.rgb.nbytes
        + (picture.alpha.nbytes if picture.alpha is not None else 0)
        + len(picture.data or b"")
    )


def _called(picture: Picture, name: str) -> Picture:
    return replace(picture, info=replace(picture.info, name=name))
