"""The review queue: held uploads, decided by people, one pair at a time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, Self

from samepic.decision import Evidence, Match
from samepic.gate.verify import BetterCopy, better_copy, better_copy_of
from samepic.store import open_store
from samepic.store.contract import Store
from samepic.store.records import Record, ReviewDecision, ReviewLease, State

__all__ = ["ReviewPair", "ReviewQueue"]

_LEASE_SECONDS: Final = 90.0
"""How long a pair stays reserved: the page renews it every 30 s, so that two calls may be lost."""


@dataclass(frozen=True, slots=True)
class ReviewPair:
    """A held upload and a kept picture it is held for, the `place`-th, from 0, `of` those left; and their match."""

    upload: Record
    kept: Record
    match: Match
    place: int
    of: int

    @property
    def number(self) -> int:
        """The number of the upload, which names the pair together with the key of the kept one."""
        return self.upload.number

    @property
    def copies(self) -> BetterCopy:
        """Which is the better copy and why: by the originals where these were compared, else by what is on record."""
        if self.match.evidence is Evidence.ORIGINALS:
            return better_copy_of(self.match)
        return better_copy(self.upload, self.kept, self.match.relation)


class ReviewQueue:
    """The review queue of a tenant: one pair at a time, leased to one reviewer.

    `store` is as for `Gate`; any number of reviewers, in any number of processes, may share it. Each has a name, which
    owns its leases. Every method may be called from any thread, and raises StoreError when the store
    cannot be reached.
    """

    def __init__(
        self, store: str | os.PathLike[str] | Store, *, tenant: str = "", lease: float = _LEASE_SECONDS
    ) -> None:
        self._owns = isinstance(store, (str, os.PathLike))
        self._store = open_store(os.fspath(store)) if isinstance(store, (str, os.PathLike)) else store
        self.tenant, self.lease = tenant, lease

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store, if this queue opened it."""
        if self._owns:
            self._store.close()

    def next(self, reviewer: str, after: tuple[int, str] | None = None) -> ReviewPair | None:
        """Take the next pair behind `after` (number and key of the kept one), None where no pair is free.

        After the last one the first comes again, so that what was skipped is asked again.
        """
        while True:
            lease = self._store.lease_next(self.tenant, reviewer, self.lease, after)
            if lease is None:
                return None
            pair = self._pair(lease)
            if pair is not None:
                return pair
            after = lease.number, lease.other  # one of the two has gone just now

    def take(self, reviewer: str, number: int, other: str) -> ReviewPair | None:
        """Lease this pair, or renew its lease; None where it is decided or leased to somebody else."""
        lease = self._store.lease_pair(self.tenant, reviewer, number, other, self.lease)
        return self._pair(lease) if lease else None

    def let_go(self, reviewer: str) -> None:
        self._store.release(self.tenant, reviewer)

    def decide(self, reviewer: str, number: int, other: str, *, same: bool) -> ReviewDecision | None:
        """Decide whether the held upload `number` is the same picture as `other`.

        The same: it is removed as a duplicate. Different from all it was held for: it is accepted. Returns None, and
        changes nothing, where the pair is decided already or leased to somebody else.
        """
        return self._store.record_decision(self.tenant, reviewer, number, other, same=same)

    def undo(self, reviewer: str, position: int | None = None) -> ReviewPair | None:
        """Revert a decision, by default the last one of this reviewer, and lease the pair again.

        Everything is as before. Returns None where nothing can be reverted: more than a day has passed, or one of the
        two was changed since.
        """
        if position is None:
            decisions = self._store.decisions(self.tenant, 100, reviewer)
            position = next((decision.position for decision in decisions if not decision.undone), None)
        lease = None if position is None else self._store.revert_decision(self.tenant, position)
        if lease is None:
            return None
        return self.take(reviewer, lease.number, lease.other) or self._pair(lease)

    def said(self, limit: int = 20, reviewer: str = "") -> list[ReviewDecision]:
        """Return the last decisions, newest first; of one reviewer if named."""
        return self._store.decisions(self.tenant, limit, reviewer)

    def waiting(self) -> int:
        return self._store.counts(self.tenant)[State.HELD]

    def _pair(self, lease: ReviewLease) -> ReviewPair | None:
        upload = self._store.get(self.tenant, lease.key)
        kept = self._store.get(self.tenant, lease.other)
        for match in upload.matches if upload and kept else ():
            if upload and kept and match.key == lease.other:
                return ReviewPair(upload, kept, match, lease.place, lease.of)
        return None
