"""Near: which pictures of a collection are candidates of which, in memory that grows with the pictures alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from samepic.fingerprints import Fingerprint
from samepic.hamming import Codes, TurnedCodes, copies_near
from samepic.limits import COLLECTION
from samepic.tuning.search import SEARCH

__all__ = ["CandidateGraph"]

_log = logging.getLogger("samepic.duplicates")


class CandidateGraph:
    """The candidates of each of `prints` by its index: their distance in bits, in either direction.

    Candidates have equal coded digests (distance 0), some form of one code within the loose radius of the other,
    neither of them weak, or with `copies` a copy code among the nearest of the other; these are ranked behind all that
    PDQ finds, and `alike` names them. `tell` is called with how many are done. Where PDQ finds more than
    COLLECTION.crowd for one, they are searched for again whenever they are asked for, from any thread. `pairs` is how
    many there are in all, `alike_pairs` those that only copy codes propose.
    """

    def __init__(
        self, prints: Sequence[Fingerprint], tell: Callable[[int], None], copies: bool = False
    ) -> None:
        self.pairs = self.alike_pairs = 0
        self._prints, self._codes = prints, TurnedCodes()
        self._rows: list[dict[int, int] | None] = [{} for _ in prints]
        self._counts = [0] * len(prints)
        self._digests: dict[str, list[int]] = {}
        self._copies: list[dict[int, int]] = [{} for _ in prints]
        for index, one in enumerate(prints):
            if one.coded_digest:
                self._digests.setdefault(one.coded_digest, []).append(index)
        twins = sum(len(group) * (len(group) - 1) // 2 for group in self._digests.values())
        _log.info("coded digest: %d candidate pairs", twins)
        for index in range(len(prints)):
            tell(index)
            self._take_in(index)
        _log.info("codes within %d bits, eight forms: %d candidate pairs", SEARCH.radius, self.pairs)
        if copies:
            self._take_in_copies(tell)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Mapping[int, int]:
        """Return the distances of the candidates of one picture by their indices."""
        found = self.by_code(index)
        return self._copies[index] | found if self._copies[index] else found

    def by_code(self, index: int) -> dict[int, int]:
        """Return the distances of those that PDQ or equal digests make candidates of one picture."""
        row = self._rows[index]
        return self._found(index) if row is None else row

    def alike(self, index: int) -> list[int]:
        """Return the later ones that only copy codes make candidates of one picture, nearest first."""
        row = self._copies[index]
        return sorted((other for other in row if other > index), key=lambda other: (row[other], other))

    def count(self, index: int) -> int:
        """Return how many `by_code` returns."""
        return self._counts[index]

    def _take_in(self, index: int) -> None:
        # A form of one is as far from the other as the undone form of the other from the one: earlier ones suffice.
        earlier = {other: bits for other, bits in self._found(index).items() if other < index}
        self.pairs += len(earlier)
        self._counts[index] = len(earlier)
        self._rows[index] = earlier if len(earlier) <= COLLECTION.crowd else None
        for other, bits in earlier.items():
            self._counts[other] += 1
            row = self._rows[other]
            if row is not None:
                row[index] = bits
                if len(row) > COLLECTION.crowd:
                    self._rows[other] = None
        one = self._prints[index]
        if not one.is_weak:
            self._codes.add([index], one.pdq)

    def _take_in_copies(self, tell: Callable[[int], None]) -> None:
        coded = [index for index, one in enumerate(self._prints) if one.copycode and not one.is_weak]
        codes = Codes()
        codes.add(coded, b"".join(self._prints[index].copycode for index in coded))
        before = self.pairs
        for index in coded:
            tell(index)
            for other, bits in copies_near(codes, self._prints[index], more=1).items():
                kept = self._copies[index].get(other)
                if other == index or (kept is None and other in self[index]):
                    continue
                if kept is None:
                    self.pairs += 1
                far = SEARCH.radius + bits if kept is None else min(kept, SEARCH.radius + bits)
                self._copies[index][other] = self._copies[other][index] = far
        self.alike_pairs = self.pairs - before
        _log.info("copy codes: %d candidate pairs more", self.alike_pairs)

    def _found(self, index: int) -> dict[int, int]:
        one = self._prints[index]
        found: dict[int, int] = {}
        if not one.is_weak:
            near = self._codes.within(one.pdq_forms, SEARCH.radius)
            found = dict(zip(near.ids.tolist(), near.distances.tolist(), strict=True))
        found.update((other, 0) for other in self._digests.get(one.coded_digest, ()))
        found.pop(index, None)
        return found
