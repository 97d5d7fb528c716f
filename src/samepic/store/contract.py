"""Store: the contract of a store, which tests/kits/store_kit.py tests, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from secrets import token_hex
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from samepic.decision import Match
from samepic.fingerprints.fingerprint import VERSION
from samepic.store import tables
from samepic.store.events import Events
from samepic.store.overview import Overview, overview
from samepic.store.records import ListedPicture, Record, Refusal, State
from samepic.store.reviews import Reviews
from samepic.tuning.search import SEARCH
from samepic.values import values_of

LONGEST_LEASE: Final = 60.0
"""The longest lease of a pending upload, in seconds: what ends later was written before the clock was set back."""


class CodesPage(NamedTuple):
    """A page of a tenant's codes by ascending number, up to `last`; weak ones are left out.

    Numbers are (n,) int64, codes n x 32 bytes; pictures without a copy code are missing from the latter two, and those
    whose copy code is of other fingerprints, which are `outdated` in number.
    """

    last: int
    pdq_numbers: NDArray[np.int64]
    pdq: bytes
    copy_numbers: NDArray[np.int64]
    copycodes: bytes
    outdated: int = 0


class CodedPicture(NamedTuple):
    """A kept picture whose copy code is of other fingerprints: its number, its key, and how many frames it has."""

    number: int
    key: str
    frames: int


class StoreSnapshot(NamedTuple):
    """Which pictures of a tenant a search has seen: numbers up to `last`, without those removed up to `removed`."""

    last: int
    removed: int


_CHANGED = (
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM codes WHERE tenant = ? AND number > ?)"
    " OR EXISTS (SELECT 1 FROM removals WHERE tenant = ? AND position > ?)"
)


class Store(Reviews, Events):
    """Records by tenant and key, numbered in the order in which they become visible to every process.

    Every method is one transaction, durable when it returns, and may be called from any thread. All raise StoreError
    when the database cannot be reached or the connection breaks, and may be called again then. Those of a review queue
    are in Reviews.
    """

    probe = 64 * 1024  # bytes that `try_writing` writes; a database that grows files by itself needs fewer

    def now(self) -> float:
        """Return the seconds since 1970 by the clock that leases are measured with."""
        with self._reading() as run:
            return self._now(run)

    def try_writing(self) -> None:
        """Write what takes more room than a record. Raises StoreError where the store takes nothing in."""
        values = {"tenant": "", "token": " ", "request": b"", "told": token_hex(self.probe // 2), "at": 0.0}
        with self._writing() as run:
            tables.upsert(run, "answers", "tenant, token", values)

    def put_pending(self, record: Record, lease: float) -> Record | None:
        """Add a record as pending, for `lease` seconds; return it with its number, None where its key is taken.

        The number is higher than any that was ever visible, to any process, before.
        """
        return self.put(record, lease, None)

    def put(self, record: Record, lease: float, seen: StoreSnapshot | None) -> Record | None:
        """Add a record in its state where `seen` is all there is still, else as `put_pending`."""
        with self._writing(numbered=True) as run:
            changes: dict[str, Any] = {"created": (now := self._now(run)), "lease_until": now + lease}
            if seen is None or run(_CHANGED, (record.tenant, seen.last, record.tenant, seen.removed)):
                changes |= {"state": State.PENDING, "matches": ()}
            record = replace(record, **changes)
            values = tables.values_of(record, "pictures")
            del values["number"]
            rows = tables.insert(
                run, "pictures", values, " ON CONFLICT (tenant, key) DO NOTHING RETURNING number"
            )
            if not rows:
                return None
            record = replace(record, number=int(rows[0][0]))
            proxies = tables.values_of(record, "proxies")
            proxies["proxy"] = self._keep_proxy(run, record.number, record.proxy)
            tables.insert(run, "codes", tables.values_of(record, "codes"))
            tables.insert(run, "proxies", proxies)
            if record.state is not State.PENDING:
                tables.record_state(run, record.tenant, record.key, record.state, proxies["matches"])
        return record

    def renew(self, number: int, lease: float) -> bool:
        """Extend the lease of a pending record to `lease` seconds from now; return False where it is not pending."""
        sql = "UPDATE pictures SET lease_until = ? WHERE number = ? AND state = ? RETURNING number"
        with self._writing() as run:
            return bool(run(sql, (self._now(run) + lease, number, str(State.PENDING))))

    def decide(self, number: int, state: State, matches: Sequence[Match] = ()) -> bool:
        """Accept or hold a pending record; return False where it is not pending."""
        with self._writing(numbered=self.recording) as run:
            return tables.change_state(run, number, State.PENDING, state, matches)

    def accept_held(self, number: int, matches: Sequence[Match] = ()) -> bool:
        """Accept a held record or, with `matches`, hold it for these alone; return False where it is not held."""
        with self._writing(numbered=self.recording) as run:
            return tables.change_state(
                run, number, State.HELD, State.HELD if matches else State.ACCEPTED, matches
            )

    def withdraw(self, number: int, *, expired: bool = False) -> bool:
        """Delete a pending record; with `expired`, only if its lease has expired. Return whether it was deleted."""
        with self._writing(numbered=True) as run:
            sql = "DELETE FROM pictures WHERE number = ? AND state = ?"
            values: list[Any] = [number, str(State.PENDING)]
            if expired:
                sql += " AND (lease_until < ? OR lease_until > ?)"
                values += [now := self._now(run), now + LONGEST_LEASE]
            return tables.delete_related(run, run(f"{sql} RETURNING tenant, number", values))

    def remove(self, tenant: str, key: str) -> bool:
        """Delete a record, whatever its state, with the refusals that it decided; False where there is none."""
        with self._writing(numbered=True) as run:
            # A picture that a reviewer removed could still be restored: delete that too.
            run("UPDATE words SET before = '' WHERE tenant = ? AND key = ? AND before <> ''", (tenant, key))
            sql = "DELETE FROM pictures WHERE tenant = ? AND key = ? RETURNING tenant, number"
            removed = tables.delete_related(run, run(sql, (tenant, key)))
            if removed:
                tables.record_event(run, tenant, "picture.removed", key)
        return removed

    def get(self, tenant: str, key: str) -> Record | None:
        """Return the record of a key."""
        return next(iter(self._records("p.tenant = ? AND p.key = ?", tenant, key)), None)

    def _records(self, which: str, *values: object) -> list[Record]:
        """Return the records that a condition on p, c and x selects."""
        records = [tables.record_from(row) for row in self._read(f"{tables.RECORDS} WHERE {which}", *values)]
        held = {record.number: record.proxy for record in records}
        if (proxies := self._read_proxies(held)) is held:
            return records
        return [replace(one, proxy=proxies[one.number]) for one in records if one.number in proxies]

    def fetch(self, tenant: str, numbers: Sequence[int]) -> list[Record]:
        """Return the records of a tenant with these numbers, by number; deleted ones are left out."""
        if not numbers:
            return []
        marks = ", ".join("?" * len(numbers))
        return self._records(f"p.tenant = ? AND p.number IN ({marks}) ORDER BY p.number", tenant, *numbers)

    def proxies(self, numbers: Sequence[int]) -> Mapping[int, bytes]:
        """Return the proxies of the records with these numbers; deleted ones are left out."""
        if not numbers:
            return {}
        marks = ", ".join("?" * len(numbers))
        rows = self._read(f"SELECT number, proxy FROM proxies WHERE number IN ({marks})", *numbers)
        found = self._read_proxies({number: bytes(proxy) for number, proxy in rows})
        return {number: found[number] for number in numbers if number in found}

    def states(self, numbers: Sequence[int]) -> dict[int, tuple[State, float]]:
        """Return the states of these records and the seconds left of their leases; deleted ones are left out."""
        marks = ", ".join("?" * len(numbers))
        with self._reading() as run:
            now = self._now(run)
            rows = run(f"SELECT number, state, lease_until FROM pictures WHERE number IN ({marks})", numbers)
        left = {number: until - now for number, _, until in rows}
        return {n: (State(state), left[n] if left[n] <= LONGEST_LEASE else -1.0) for n, state, _ in rows}

    def twins(self, tenant: str, identity: str) -> list[int]:
        """Return the numbers of the records with this identity, ascending."""
        sql = "SELECT number FROM pictures WHERE tenant = ? AND identity = ? ORDER BY number"
        return [number for (number,) in self._read(sql, tenant, bytes.fromhex(identity))]

    def codes(self, tenant: str, after: int, most: int) -> CodesPage:
        """Return the codes of up to `most` records with numbers above `after`."""
        sql = (
            "SELECT number, pdq, copycode, quality, detail, code_version FROM codes"
            " WHERE tenant = ? AND number > ? ORDER BY number LIMIT ?"
        )
        rows = self._read(sql, tenant, after, most)
        strong = [row for row in rows if row[1] and row[3] >= SEARCH.quality and row[4] >= SEARCH.detail]
        copied = [row for row in strong if row[2] and row[5] == VERSION]
        return CodesPage(
            rows[-1][0] if rows else after,
            np.array([row[0] for row in strong], np.int64),
            b"".join([row[1] for row in strong]),
            np.array([row[0] for row in copied], np.int64),
            b"".join([row[2] for row in copied]),
            sum(bool(row[2]) and row[5] != VERSION for row in strong),
        )

    def tenants(self) -> list[str]:
        """Return the names of all tenants that keep pictures."""
        return [tenant for (tenant,) in self._read("SELECT DISTINCT tenant FROM codes ORDER BY tenant")]

    def outdated(self, tenant: str, after: int, limit: int) -> list[CodedPicture]:
        """Return up to `limit` pictures with numbers above `after` whose copy codes are of other fingerprints."""
        sql = (
            "SELECT c.number, p.key, p.frames FROM codes c JOIN pictures p ON p.number = c.number WHERE c.tenant = ?"
            " AND c.number > ? AND c.code_version <> ? AND length(c.copycode) > 0 ORDER BY c.number LIMIT ?"
        )
        return [CodedPicture(*row) for row in self._read(sql, tenant, after, VERSION, limit)]

    def count_outdated(self) -> int:
        """Return how many pictures of all tenants have copy codes of other fingerprints."""
        sql = "SELECT count(*) FROM codes WHERE code_version <> ? AND length(copycode) > 0"
        return int(self._read(sql, VERSION)[0][0])

    def recode(self, tenant: str, codes: Mapping[int, bytes]) -> int:
        """Replace the copy codes of the pictures with these numbers that are still there; return how many are."""
        sql = (
            "UPDATE codes SET copycode = ?, code_version = ? WHERE tenant = ? AND number = ? RETURNING number"
        )
        with self._writing() as run:
            return sum(len(run(sql, (code, VERSION, tenant, number))) for number, code in codes.items())

    def all_codes(self, tenant: str, after: int) -> Iterator[CodesPage]:
        """Yield the codes of all records with numbers above `after`, page by page and by ascending number.

        Covers everything that was visible at the time of the call and was not deleted since.
        """
        while (page := self.codes(tenant, after, tables.LOAD_ROWS)).last > after:
            yield page
            after = page.last

    def removals(self, tenant: str, after: int) -> tuple[int, list[int]]:
        """Return the position to ask from next time, and the numbers deleted since the position `after`."""
        sql = "SELECT position, number FROM removals WHERE tenant = ? AND position > ? ORDER BY position"
        rows = self._read(sql, tenant, after)
        return (rows[-1][0] if rows else after), [number for _, number in rows]

    def last_removal(self) -> int:
        return int(self._read("SELECT coalesce(max(position), 0) FROM removals")[0][0])

    def settle(
        self, tenant: str, one: str, two: str, *, same: bool, keys: tuple[str, str] = ("", "")
    ) -> None:
        """Store whether two identities, under `keys`, are the same picture; the last decision counts."""
        with self._writing(numbered=self.recording) as run:
            tables.put_settled(
                run, tenant, (bytes.fromhex(one), bytes.fromhex(two)), same=same, at=self._now(run)
            )
            tables.record_event(run, tenant, "pair.settled", keys[0], other_key=keys[1], same=same)

    def unsettle(self, tenant: str, identity: str, key: str = "") -> int:
        """Forget all decisions on an identity, and whom it refused; return how many decisions there were."""
        digest = bytes.fromhex(identity)
        with self._writing(numbered=self.recording) as run:
            tables.record_event(run, tenant, "pair.settled", key, other_key=None, same=None)
            sql = "DELETE FROM settled WHERE tenant = ? AND (one = ? OR two = ?) RETURNING one"
            found = run(sql, (tenant, digest, digest))
            kept = "SELECT number FROM pictures WHERE tenant = ? AND identity = ?"
            run(f"DELETE FROM refusals WHERE tenant = ? AND number IN ({kept})", (tenant, tenant, digest))
        return len(found) // 2

    def settled(self, tenant: str, identity: str) -> dict[str, bool]:
        """Return the decisions on an identity: the other identities, and whether each is the same picture."""
        sql = "SELECT two, same FROM settled WHERE tenant = ? AND one = ?"
        rows = self._read(sql, tenant, bytes.fromhex(identity))
        return {bytes(two).hex(): bool(same) for two, same in rows}

    def put_refusal(self, refusal: Refusal) -> None:
        """Store the refusal of an upload, replacing an earlier one of its key."""
        with self._writing(numbered=self.recording) as run:
            match = refusal.match.to_dict()
            values = values_of(refusal) | {
                "match": json.dumps(match, ensure_ascii=False),
                "at": self._now(run),
            }
            values["sha256"] = bytes.fromhex(refusal.sha256)
            tables.upsert(run, "refusals", "tenant, key", values)
            tables.record_event(run, refusal.tenant, "picture.refused", refusal.key, match=match)

    def refusal(self, tenant: str, key: str) -> Refusal | None:
        """Return the last refusal of a key, None where there is none or its kept picture was deleted."""
        sql = (
            "SELECT r.sha256, r.number, r.policy, r.match FROM refusals r JOIN pictures p ON p.number = r.number"
            " WHERE r.tenant = ? AND r.key = ?"
        )
        for sha256, number, policy, match in self._read(sql, tenant, key):
            found = msgspec.json.decode(match, type=Match)
            return Refusal(tenant, key, bytes(sha256).hex(), number, policy, found)
        return None

    def refusals(self, tenant: str, number: int, since: float) -> int:
        """Return how many different files were refused since a time because of the record with this number."""
        sql = "SELECT count(DISTINCT sha256) FROM refusals WHERE tenant = ? AND number = ? AND at >= ?"
        return int(self._read(sql, tenant, number, since)[0][0])

    def pictures(
        self, tenant: str, limit: int, after: str = "", prefix: str = "", state: State | None = None
    ) -> list[ListedPicture]:
        """Return up to `limit` kept pictures, or those in `state`, in the order of the code points of their keys.

        Their keys come after `after` and begin with `prefix`.
        """
        which = f"state = '{state}'" if state else f"state <> '{State.PENDING}'"
        least, start = (">", after) if after >= prefix else (">=", prefix)
        sql = (
            "SELECT key, state, created, format, width, height, size, sha256 FROM pictures"
            f" WHERE tenant = ? AND {which} AND key {least} ? ORDER BY key LIMIT ?"
        )
        rows = takewhile(lambda row: row[0].startswith(prefix), self._read(sql, tenant, start, limit))
        return [
            ListedPicture(key, State(found), created, form, width, height, size, sha256.hex())
            for key, found, created, form, width, height, size, sha256 in rows
        ]

    def held(self, tenant: str, limit: int, after: int) -> list[Record]:
        """Return up to `limit` held records with numbers above `after`, ascending."""
        which = "p.tenant = ? AND p.state = ? AND p.number > ? ORDER BY p.number LIMIT ?"
        return self._records(which, tenant, str(State.HELD), after, limit)

    def accepted(self, tenant: str, limit: int, before: int) -> list[Record]:
        """Return up to `limit` accepted records with numbers below `before`, descending."""
        which = "p.tenant = ? AND p.state = ? AND p.number < ? ORDER BY p.number DESC LIMIT ?"
        return self._records(which, tenant, str(State.ACCEPTED), before, limit)

    def counts(self, tenant: str) -> dict[State, int]:
        """Return how many records a tenant has in each state."""
        rows = self._read("SELECT state, count(*) FROM pictures WHERE tenant = ? GROUP BY state", tenant)
        return {**dict.fromkeys(State, 0), **{State(state): int(count) for state, count in rows}}

    def total(self) -> int:
        """Return how many records all tenants have together."""
        return int(self._read("SELECT count(*) FROM pictures")[0][0])

    def overview(self, tenant: str) -> Overview:
        """Return the counts of uploads by outcome in the last days."""
        with self._reading() as run:
            return overview(run, tenant, self._now(run))

    def claim_request(self, tenant: str, token: str, request: str, keep: float) -> tuple[str, str | None]:
        """Store the digest (hex) of a request under the caller's token, unless there is one.

        Returns the digest of the first request and its answer, None if that is this one, "" where there is none yet.
        Requests older than `keep` seconds are deleted.
        """
        with self._writing() as run:
            now = self._now(run)
            run("DELETE FROM answers WHERE at < ?", (now - keep,))
            digest = bytes.fromhex(request)
            values = {"tenant": tenant, "token": token, "request": digest, "told": "", "at": now}
            more = " ON CONFLICT (tenant, token) DO NOTHING RETURNING token"
            if tables.insert(run, "answers", values, more):
                return request, None
            rows = run("SELECT request, told FROM answers WHERE tenant = ? AND token = ?", (tenant, token))
        return bytes(rows[0][0]).hex(), str(rows[0][1])

    def save_answer(self, tenant: str, token: str, request: str, response: str) -> str:
        """Store the answer to the request under this token, unless there is one, and return that which is stored."""
        which, values = "tenant = ? AND token = ? AND request = ?", (tenant, token, bytes.fromhex(request))
        with self._writing() as run:
            run(f"UPDATE answers SET told = ? WHERE {which} AND told = ''", (response, *values))
            rows = run(f"SELECT told FROM answers WHERE {which}", values)
        return str(rows[0][0]) if rows else response
