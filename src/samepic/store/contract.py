"""The contract of a store, which tests/kits/store_kit.py tests, and its tables with the upgrades of older ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from samepic.store.overview import Overview
from samepic.store.records import Record, Refusal, ReviewDecision, ReviewLease, State
from samepic.verdict import Match

__all__ = ["APPLICATION", "MIGRATIONS", "VERSION", "CodesPage", "Store"]


class CodesPage(NamedTuple):
    """A page of the codes of a tenant by ascending number: `last` is the highest number read.

    `pdq_numbers`, (n,) int64, and `pdq`, n x 32 bytes, leave out weak codes; so do `copy_numbers` and `copycodes`,
    which also leave out pictures without a copy code.
    """

    last: int
    pdq_numbers: NDArray[np.int64]
    pdq: bytes
    copy_numbers: NDArray[np.int64]
    copycodes: bytes


class Store(Protocol):
    """Records by tenant and key, numbered in the order in which they become visible to every process.

    Every method is one transaction, durable when it returns, and may be called from any thread. All raise StoreError
    when the database cannot be reached or the connection breaks, and may be called again then.
    """

    @property
    def name(self) -> str:
        """The name of the store in messages, without a password."""

    def now(self) -> float:
        """Return the seconds since 1970 by the clock that leases are measured with."""

    def put_pending(self, record: Record, lease: float) -> Record | None:
        """Add a record as pending, for `lease` seconds; return it with its number, None where its key is taken.

        The number is higher than any that was ever visible, to any process, before.
        """

    def renew(self, number: int, lease: float) -> bool:
        """Extend the lease of a pending record to `lease` seconds from now; return False where it is not pending."""

    def decide(self, number: int, state: State, matches: Sequence[Match] = ()) -> bool:
        """Accept or hold a pending record; return False where it is not pending."""

    def accept_held(self, number: int, matches: Sequence[Match] = ()) -> bool:
        """Accept a held record or, with `matches`, keep it held for these alone.

        Returns False where it is not held.
        """

    def withdraw(self, number: int, *, expired: bool = False) -> bool:
        """Delete a pending record; with `expired`, only if its lease has expired. Return whether it was deleted."""

    def remove(self, tenant: str, key: str) -> bool:
        """Delete a record, whatever its state, with the refusals that it decided; False where there is none."""

    def get(self, tenant: str, key: str) -> Record | None:
        """Return the record of a key."""

    def fetch(self, tenant: str, numbers: Sequence[int]) -> list[Record]:
        """Return the records of a tenant with these numbers, by number; deleted ones are left out."""

    def states(self, numbers: Sequence[int]) -> dict[int, tuple[State, float]]:
        """Return the states of these records and the seconds left of their leases; deleted ones are left out."""

    def twins(self, tenant: str, identity: str) -> list[int]:
        """Return the numbers of the records with this identity, ascending."""

    def codes(self, tenant: str, after: int, most: int) -> CodesPage:
        """Return the codes of up to `most` records with numbers above `after`."""

    def all_codes(self, tenant: str, after: int) -> Iterator[CodesPage]:
        """Yield the codes of all records with numbers above `after`, page by page and by ascending number.

        Covers everything that was visible at the time of the call and was not deleted since.
        """

    def removals(self, tenant: str, after: int) -> tuple[int, list[int]]:
        """Return the position to ask from next time, and the numbers deleted since the position `after`."""

    def last_removal(self) -> int:
        """Return the position of the last removal so far."""

    def settle(self, tenant: str, one: str, two: str, *, same: bool) -> None:
        """Store whether two identities are the same picture; the last decision counts."""

    def settled(self, tenant: str, identity: str) -> dict[str, bool]:
        """Return the decisions on an identity: the other identities, and whether each is the same picture."""

    def put_refusal(self, refusal: Refusal) -> None:
        """Store the refusal of an upload, replacing an earlier one of its key."""

    def refusal(self, tenant: str, key: str) -> Refusal | None:
        """Return the last refusal of a key, None where there is none or its kept picture was deleted."""

    def refusals(self, tenant: str, number: int, since: float) -> int:
        """Return how many keys were refused since a time because of the record with this number."""

    def held(self, tenant: str, limit: int, after: int) -> list[Record]:
        """Return up to `limit` held records with numbers above `after`, ascending."""

    def counts(self, tenant: str) -> dict[State, int]:
        """Return how many records a tenant has in each state."""

    def overview(self, tenant: str) -> Overview:
        """Return the counts of uploads by outcome in the last days."""

    def claim_request(self, tenant: str, token: str, request: str, keep: float) -> tuple[str, str]:
        """Store the digest (hex) of a request under the caller's token, unless there is one.

        Returns the digest of the first request and its answer, "" where there is none yet. Requests older than `keep`
        seconds are deleted.
        """

    def save_answer(self, tenant: str, token: str, request: str, response: str) -> None:
        """Store the answer to the request under this token."""

    def lease_next(
        self, tenant: str, reviewer: str, lease: float, after: tuple[int, str] | None = None
    ) -> ReviewLease | None:
        """Lease the first free pair after `after` for `lease` seconds.

        `after` is the number of a held picture and the key of its match; after the last pair comes the first. The
        reviewer's earlier leases are released. Returns None where no pair is free. A held picture is accepted where all
        its matches were deleted.
        """

    def lease_pair(
        self, tenant: str, reviewer: str, number: int, other: str, lease: float
    ) -> ReviewLease | None:
        """Lease one pair, or renew its lease; None where another reviewer has it, or it is decided."""

    def release(self, tenant: str, reviewer: str) -> None:
        """Release the leases of a reviewer."""

    def record_decision(
        self, tenant: str, reviewer: str, number: int, other: str, *, same: bool
    ) -> ReviewDecision | None:
        """Decide a pair in one step, and store how to revert it.

        A held picture that is the same as the other is removed; one that differs from all it was held for is accepted.
        Returns None, and changes nothing, where the pair is decided, deleted or leased to another reviewer.
        """

    def revert_decision(self, tenant: str, position: int) -> ReviewLease | None:
        """Revert a decision: everything is as before, except that a restored picture has a new number.

        Returns the pair, None where that is impossible: it was reverted or has expired, or something that it changed
        was changed again since.
        """

    def decisions(self, tenant: str, limit: int, reviewer: str = "") -> list[ReviewDecision]:
        """Return the last decisions of a tenant, newest first; of one reviewer if named."""

    def close(self) -> None:
        """Close every connection; may be called twice."""


APPLICATION = 0x53504943
"""The application id in the header of a SQLite file of samepic: "SPIC"."""

_FIRST = """
CREATE TABLE pictures (
    number {serial},
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    created {real} NOT NULL,
    lease_until {real} NOT NULL,
    identity {bytes} NOT NULL,
    sha256 {bytes} NOT NULL,
    coded {bytes} NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    size BIGINT NOT NULL,
    metadata BIGINT NOT NULL,
    jpeg_quality INTEGER,
    grade INTEGER NOT NULL,
    UNIQUE (tenant, key)
);
CREATE INDEX pictures_identity ON pictures (tenant, identity);
CREATE INDEX pictures_waiting ON pictures (tenant, state, number) WHERE state <> 'accepted';
CREATE TABLE codes (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    pdq {bytes} NOT NULL,
    copycode {bytes} NOT NULL,
    quality INTEGER NOT NULL,
    detail INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
) {clustered};
CREATE TABLE proxies (
    number BIGINT PRIMARY KEY,
    proxy {bytes} NOT NULL,
    data TEXT NOT NULL,
    matches TEXT NOT NULL
);
CREATE TABLE removals (
    position {serial},
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL
);
CREATE INDEX removals_tenant ON removals (tenant, position);
CREATE TABLE settled (
    tenant TEXT NOT NULL,
    one {bytes} NOT NULL,
    two {bytes} NOT NULL,
    same INTEGER NOT NULL,
    at {real} NOT NULL,
    PRIMARY KEY (tenant, one, two)
) {clustered};
CREATE TABLE refusals (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    sha256 {bytes} NOT NULL,
    number BIGINT NOT NULL,
    policy TEXT NOT NULL,
    match TEXT NOT NULL,
    at {real} NOT NULL,
    PRIMARY KEY (tenant, key)
) {clustered};
CREATE INDEX refusals_number ON refusals (tenant, number, at)
"""

_ANSWERS = """
CREATE TABLE answers (
    tenant TEXT NOT NULL,
    token TEXT NOT NULL,
    request {bytes} NOT NULL,
    told TEXT NOT NULL,
    at {real} NOT NULL,
    PRIMARY KEY (tenant, token)
) {clustered};
CREATE INDEX answers_at ON answers (at)
"""

_REVIEWS = """
CREATE TABLE claims (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    other TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    until {real} NOT NULL,
    PRIMARY KEY (tenant, number, other)
) {clustered};
CREATE TABLE words (
    position {serial},
    tenant TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    at {real} NOT NULL,
    key TEXT NOT NULL,
    other TEXT NOT NULL,
    same INTEGER NOT NULL,
    undone INTEGER NOT NULL,
    before TEXT NOT NULL
);
CREATE INDEX words_tenant ON words (tenant, position);
CREATE INDEX words_key ON words (tenant, key);
CREATE INDEX words_kept ON words (at) WHERE before <> ''
"""

_UNRESOLVED = "ALTER TABLE pictures ADD COLUMN unresolved {real}"

MIGRATIONS = (_FIRST, _ANSWERS, _REVIEWS, _UNRESOLVED)
"""Statements, separated by ";", that lead from each version to the next; {words} differ between databases.

PostgreSQL has one step more after the third, samepic.store.postgres.
"""

VERSION = len(MIGRATIONS)
"""The version of the tables in SQLite; a higher one is refused."""
