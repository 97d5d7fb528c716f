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
    """A piece of the codes of a tenant by ascending number: `last` is the highest number looked at.

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

    Every method is one transaction and may be called from any thread; what it returned from is on disk. All raise
    StoreError when the database cannot be reached or breaks off, and may be called again then.
    """

    @property
    def name(self) -> str:
        """What messages call the store: never with a password."""

    def now(self) -> float:
        """Return the seconds since 1970 by the clock that leases are measured with."""

    def put_pending(self, record: Record, lease: float) -> Record | None:
        """Add a record as pending, for `lease` seconds; return it with its number, None where its key is taken.

        The number is higher than any that was ever visible, to any process, before.
        """

    def renew(self, number: int, lease: float) -> bool:
        """Let a pending record live `lease` seconds from now; return False where it is pending no more."""

    def decide(self, number: int, state: State, matches: Sequence[Match] = ()) -> bool:
        """Turn a pending record into accepted or held; return False where it is pending no more."""

    def accept_held(self, number: int, matches: Sequence[Match] = ()) -> bool:
        """Turn a held record into accepted, or, with `matches`, keep it held for these alone.

        Returns False where it is not held.
        """

    def withdraw(self, number: int, *, expired: bool = False) -> bool:
        """Take a pending record out; with `expired`, only if its lease has run out. Return whether it was."""

    def remove(self, tenant: str, key: str) -> bool:
        """Take a record out, whatever its state, and every refusal that it decided; False where there is none."""

    def get(self, tenant: str, key: str) -> Record | None:
        """Return the record of a key."""

    def fetch(self, tenant: str, numbers: Sequence[int]) -> list[Record]:
        """Return the records of a tenant that have these numbers, by number; those that are gone are left out."""

    def states(self, numbers: Sequence[int]) -> dict[int, tuple[State, float]]:
        """Return the states of these records and the seconds left of their leases; those that are gone are left out."""

    def twins(self, tenant: str, identity: str) -> list[int]:
        """Return the numbers of the records with this identity, ascending."""

    def codes(self, tenant: str, after: int, most: int) -> CodesPage:
        """Return the codes of up to `most` records with numbers above `after`."""

    def all_codes(self, tenant: str, after: int) -> Iterator[CodesPage]:
        """Yield the codes of all records with numbers above `after`, piece by piece and by ascending number.

        Nothing is left out that was visible when this was called and is not taken out since.
        """

    def removals(self, tenant: str, after: int) -> tuple[int, list[int]]:
        """Return the numbers taken out since the position `after`, and the position to ask from next time."""

    def last_removal(self) -> int:
        """Return the position of the last removal so far."""

    def settle(self, tenant: str, one: str, two: str, *, same: bool) -> None:
        """Remember for good whether two identities are the same picture; the last word counts."""

    def settled(self, tenant: str, identity: str) -> dict[str, bool]:
        """Return what was settled of an identity: the others, and whether each is the same picture."""

    def put_refusal(self, refusal: Refusal) -> None:
        """Remember the refusal of an upload, in the place of an earlier one of its key."""

    def refusal(self, tenant: str, key: str) -> Refusal | None:
        """Return the last refusal of a key, None where there is none or its kept picture is gone."""

    def refusals(self, tenant: str, number: int, since: float) -> int:
        """Return how many keys were refused since a time because of the record with this number."""

    def held(self, tenant: str, limit: int, after: int) -> list[Record]:
        """Return up to `limit` held records with numbers above `after`, ascending."""

    def counts(self, tenant: str) -> dict[State, int]:
        """Return how many records a tenant has in each state."""

    def overview(self, tenant: str) -> Overview:
        """Return what became of uploads in the last days."""

    def claim_request(self, tenant: str, token: str, request: str, keep: float) -> tuple[str, str]:
        """Remember the digest (in hex) of a request under a token of the caller's, unless one came under it before.

        Returns the digest of the one that came first, and its answer, "" where none is known yet. What came more than
        `keep` seconds ago is forgotten.
        """

    def save_answer(self, tenant: str, token: str, request: str, response: str) -> None:
        """Remember the answer to the request under this token."""

    def lease_next(
        self, tenant: str, reviewer: str, lease: float, after: tuple[int, str] | None = None
    ) -> ReviewLease | None:
        """Take the first pair that waits for review behind `after`, and that nobody else has, for `lease` seconds.

        `after` is the number of a held picture and the key of what it is held for; behind the last pair the first
        comes again. The reviewer gives back what they had. Returns None where no pair is free. A held picture is
        accepted where all that it was held for is gone.
        """

    def lease_pair(
        self, tenant: str, reviewer: str, number: int, other: str, lease: float
    ) -> ReviewLease | None:
        """Take, or keep, one pair for `lease` seconds; None where another has it, or it is decided."""

    def release(self, tenant: str, reviewer: str) -> None:
        """Give back whatever a reviewer has taken."""

    def record_decision(
        self, tenant: str, reviewer: str, number: int, other: str, *, same: bool
    ) -> ReviewDecision | None:
        """Decide a pair for good, in one step: the word on the two, the held picture, and how it all comes back.

        A held picture that is the same as the other is taken out; one that is another than all it was held for is
        accepted. Returns None, and changes nothing, where the pair is decided or gone, or another has taken it.
        """

    def revert_decision(self, tenant: str, position: int) -> ReviewLease | None:
        """Take a word back: all is as it was before it, but that a picture that was taken out has a new number.

        Returns the pair, None where that cannot be: it was taken back or forgotten, or something that it changed was
        changed again since.
        """

    def decisions(self, tenant: str, limit: int, reviewer: str = "") -> list[ReviewDecision]:
        """Return the last words on pictures of a tenant, the newest first; of one reviewer if named."""

    def close(self) -> None:
        """Close every connection; may be called twice."""


APPLICATION = 0x53504943
"""What a SQLite file of samepic says it is in its header: "SPIC"."""

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
"""Of the tables in SQLite; a store of a higher one is refused."""
