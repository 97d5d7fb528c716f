"""Candidates: which pictures of a collection to compare, in memory linear in their number."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from samepic.fingerprints import Fingerprint
from samepic.hamming import Codes, TurnedCodes, copies_near
from samepic.tuning.search import SEARCH

_CROWD = 256  # candidates of one picture in memory; more are searched for again
_log = logging.getLogger("samepic.duplicates")


class CandidateGraph:
    """The candidates of each picture by index, with their distance in bits; the relation is symmetric.

    These are equal coded digests, PDQ codes within the radius, neither weak, and, behind all others, near copy codes
    that were added. Where a picture has more than _CROWD, each request searches for them again.
    """

    def __init__(self, fingerprints: Sequence[Fingerprint], progress: Callable[[int], None]) -> None:
        self.pairs = self.copycode_pairs = 0
        self._fingerprints, self._codes = fingerprints, TurnedCodes()
        self._neighbors: list[dict[int, int] | None] = [{} for _ in fingerprints]
        self._counts = [0] * len(fingerprints)
        self._digests: dict[str, list[int]] = {}
        self._copies: list[dict[int, int]] = [{} for _ in fingerprints]
        for index, fingerprint in enumerate(fingerprints):
            if fingerprint.coded_digest:
                self._digests.setdefault(fingerprint.coded_digest, []).append(index)
        equal_pairs = sum(len(group) * (len(group) - 1) // 2 for group in self._digests.values())
        _log.info("coded digest: %d candidate pairs", equal_pairs)
        for index in range(len(fingerprints)):
            progress(index)
            self._add(index)
        _log.info("codes within %d bits, eight forms: %d candidate pairs", SEARCH.radius, self.pairs)

    def __len__(self) -> int:
        return len(self._neighbors)

    def __getitem__(self, index: int) -> Mapping[int, int]:
        found = self.pdq_candidates(index)
        return self._copies[index] | found if self._copies[index] else found

    def pdq_candidates(self, index: int) -> dict[int, int]:
        """Return the distances of the candidates of one picture by PDQ or equal digests."""
        row = self._neighbors[index]
        return self._search(index) if row is None else row

    def copycode_candidates(self, index: int) -> list[int]:
        """Return the later candidates of one picture that only copy codes propose, nearest first."""
        row = self._copies[index]
        return sorted((other for other in row if other > index), key=lambda other: (row[other], other))

    def count(self, index: int) -> int:
        return self._counts[index]

    def _add(self, index: int) -> None:
        # Distances of turned forms are symmetric, so searching the earlier pictures suffices.
        earlier = {other: bits for other, bits in self._search(index).items() if other < index}
        self.pairs += len(earlier)
        self._counts[index] = len(earlier)
        self._neighbors[index] = earlier if len(earlier) <= _CROWD else None
        for other, bits in earlier.items():
            self._counts[other] += 1
            row = self._neighbors[other]
            if row is not None:
                row[index] = bits
                if len(row) > _CROWD:
                    self._neighbors[other] = None
        fingerprint = self._fingerprints[index]
        if not fingerprint.is_weak:
            self._codes.add([index], fingerprint.pdq)

    def add_copycodes(self, fingerprints: Mapping[int, Fingerprint], progress: Callable[[int], None]) -> None:
        """Add the candidates among some pictures, by index, that only their copy codes propose."""
        codes, before = Codes(), self.pairs
        codes.add([*fingerprints], b"".join(one.copycode for one in fingerprints.values()))
        for done, (index, one) in enumerate(fingerprints.items()):
            progress(done)
            for other, bits in copies_near(codes, one, more=1).items():
                known = self._copies[index].get(other)
                if other == index or (known is None and other in self[index]):
                    continue
                if known is None:
                    self.pairs += 1
                distance = SEARCH.radius + bits if known is None else min(known, SEARCH.radius + bits)
                self._copies[index][other] = self._copies[other][index] = distance
        self.copycode_pairs = self.pairs - before
        _log.info(
            "copy codes of %d pictures: %d candidate pairs more", len(fingerprints), self.copycode_pairs
        )

    def _search(self, index: int) -> dict[int, int]:
        fingerprint = self._fingerprints[index]
        found: dict[int, int] = {}
        if not fingerprint.is_weak:
            near = self._codes.within(fingerprint.pdq_forms, SEARCH.radius)
            found = dict(zip(near.ids.tolist(), near.distances.tolist(), strict=True))
        found.update((other, 0) for other in self._digests.get(fingerprint.coded_digest, ()))
        found.pop(index, None)
        return found
