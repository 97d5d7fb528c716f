"""SqlStore: everything a store does, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final

import numpy as np

from samepic.store.contract import CodesPage
from samepic.store.overview import Overview, overview
from samepic.store.records import Record, Refusal, State
from samepic.tuning.search import SEARCH
from samepic.verdict import Caveat, Evidence, Match, Relation

__all__ = [
    "BUSY_SECONDS",
    "LOAD_ROWS",
    "PICTURE_COLUMNS",
    "Run",
    "SqlStore",
    "change_state",
    "delete_related",
    "put_settled",
]

BUSY_SECONDS: Final = 60.0
"""How long a store waits for another writer."""

LOAD_ROWS: Final = 20_000
"""Rows that the index reads at a time."""

Run = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Runs one statement, with `?` for values, and returns its rows."""

PICTURE_COLUMNS = (
    "tenant, key, state, created, lease_until, identity, sha256, coded, format, width, height, frames, size, metadata,"
    " jpeg_quality, grade, unresolved"
)
_INSERT_PICTURE = f"INSERT INTO pictures ({PICTURE_COLUMNS}) VALUES ({', '.join('?' * 17)})"
_RECORDS = (
    f"SELECT p.number, {', '.join('p.' + name for name in PICTURE_COLUMNS.split(', '))}, c.pdq, c.copycode, c.quality,"
    " c.detail, x.proxy, x.data, x.matches FROM pictures p JOIN codes c ON c.tenant = p.tenant AND c.number = p.number"
    " JOIN proxies x ON x.number = p.number"
)


class SqlStore(ABC):
    """The store protocol over one SQL database. Each transaction is one `_reading` or `_writing`."""

    name: str

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Run]:
        """Yield a function that runs statements that only read."""

    @abstractmethod
    def _writing(self, *, numbered: bool = False) -> AbstractContextManager[Run]:
        """Yield a function that runs statements, committed durably together at the end.

        With `numbered`, no other transaction that draws numbers begins before this one has become visible.
        """

    @abstractmethod
    def _now(self, run: Run) -> float:
        """Return the seconds since 1970 by the clock of leases."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""

    def now(self) -> float:
        """Return the seconds since 1970 by the clock that leases are measured with."""
        with self._reading() as run:
            return self._now(run)

    def put_pending(self, record: Record, lease: float) -> Record | None:
        """Add a record as pending; return it with its number, None where its key is taken."""
        with self._writing(numbered=True) as run:
            now = self._now(run)
            pending = replace(record, state=State.PENDING, created=now, lease_until=now + lease, matches=())
            rows = run(
                f"{_INSERT_PICTURE} ON CONFLICT (tenant, key) DO NOTHING RETURNING number", _picture(pending)
            )
            if not rows:
                return None
            number = int(rows[0][0])
            codes = (pending.tenant, number, pending.pdq, pending.copycode, pending.quality, pending.detail)
            run(
                "INSERT INTO codes (tenant, number, pdq, copycode, quality, detail) VALUES (?, ?, ?, ?, ?, ?)",
                codes,
            )
            run(
                "INSERT INTO proxies (number, proxy, data, matches) VALUES (?, ?, ?, ?)",
                (number, pending.proxy, json.dumps(dict(pending.data), ensure_ascii=False), "[]"),
            )
        return replace(pending, number=number)

    def renew(self, number: int, lease: float) -> bool:
        """Extend the lease of a pending record to `lease` seconds from now; return False where it is not pending."""
        with self._writing() as run:
            values = (self._now(run) + lease, number, str(State.PENDING))
            return bool(
                run(
                    "UPDATE pictures SET lease_until = ? WHERE number = ? AND state = ? RETURNING number",
                    values,
                )
            )

    def decide(self, number: int, state: State, matches: Sequence[Match] = ()) -> bool:
        """Accept or hold a pending record; return False where it is not pending."""
        with self._writing() as run:
            return change_state(run, number, State.PENDING, state, matches)

    def accept_held(self, number: int, matches: Sequence[Match] = ()) -> bool:
        """Accept a held record or, with `matches`, keep it held for these alone."""
        with self._writing() as run:
            return change_state(run, number, State.HELD, State.HELD if matches else State.ACCEPTED, matches)

    def withdraw(self, number: int, *, expired: bool = False) -> bool:
        """Delete a pending record; with `expired`, only if its lease has expired. Return whether it was deleted."""
        with self._writing(numbered=True) as run:
            sql = "DELETE FROM pictures WHERE number = ? AND state = ?"
            values: list[Any] = [number, str(State.PENDING)]
            if expired:
                sql += " AND lease_until < ?"
                values.append(self._now(run))
            return delete_related(run, run(f"{sql} RETURNING tenant, number", values))

    def remove(self, tenant: str, key: str) -> bool:
        """Delete a record, whatever its state, with the refusals that it decided; False where there is none."""
        with self._writing(numbered=True) as run:
            # A picture that a reviewer removed could still be restored: delete that too.
            run("UPDATE words SET before = '' WHERE tenant = ? AND key = ? AND before <> ''", (tenant, key))
            sql = "DELETE FROM pictures WHERE tenant = ? AND key = ? RETURNING tenant, number"
            return delete_related(run, run(sql, (tenant, key)))

    def get(self, tenant: str, key: str) -> Record | None:
        """Return the record of a key."""
        with self._reading() as run:
            rows = run(f"{_RECORDS} WHERE p.tenant = ? AND p.key = ?", (tenant, key))
        return _record(rows[0]) if rows else None

    def fetch(self, tenant: str, numbers: Sequence[int]) -> list[Record]:
        """Return the records of a tenant with these numbers, by number; deleted ones are left out."""
        if not numbers:
            return []
        marks = ", ".join("?" * len(numbers))
        sql = f"{_RECORDS} WHERE p.tenant = ? AND p.number IN ({marks}) ORDER BY p.number"
        with self._reading() as run:
            return [_record(row) for row in run(sql, (tenant, *numbers))]

    def states(self, numbers: Sequence[int]) -> dict[int, tuple[State, float]]:
        """Return the states of these records and the seconds left of their leases; deleted ones are left out."""
        marks = ", ".join("?" * len(numbers))
        with self._reading() as run:
            now = self._now(run)
            rows = run(f"SELECT number, state, lease_until FROM pictures WHERE number IN ({marks})", numbers)
        return {number: (State(state), until - now) for number, state, until in rows}

    def twins(self, tenant: str, identity: str) -> list[int]:
        """Return the numbers of the records with this identity, ascending."""
        sql = "SELECT number FROM pictures WHERE tenant = ? AND identity = ? ORDER BY number"
        with self._reading() as run:
            return [row[0] for row in run(sql, (tenant, bytes.fromhex(identity)))]

    def codes(self, tenant: str, after: int, limit: int) -> CodesPage:
        """Return the codes of up to `limit` records with numbers above `after`."""
        sql = (
            "SELECT number, pdq, copycode, quality, detail FROM codes WHERE tenant = ? AND number > ?"
            " ORDER BY number LIMIT ?"
        )
        with self._reading() as run:
            rows = run(sql, (tenant, after, limit))
        strong = [row for row in rows if row[1] and row[3] >= SEARCH.quality and row[4] >= SEARCH.detail]
        copied = [row for row in strong if row[2]]
        return CodesPage(
            rows[-1][0] if rows else after,
            np.array([row[0] for row in strong], np.int64),
            b"".join([row[1] for row in strong]),
            np.array([row[0] for row in copied], np.int64),
            b"".join([row[2] for row in copied]),
        )

    def all_codes(self, tenant: str, after: int) -> Iterator[CodesPage]:
        """Yield the codes of all records with numbers above `after` that are visible now, one page after another."""
        while (page := self.codes(tenant, after, LOAD_ROWS)).last > after:
            yield page
            after = page.last

    def removals(self, tenant: str, after: int) -> tuple[int, list[int]]:
        """Return the position to ask from next time, and the numbers deleted since the position `after`."""
        sql = "SELECT position, number FROM removals WHERE tenant = ? AND position > ? ORDER BY position"
        with self._reading() as run:
            rows = run(sql, (tenant, after))
        return (rows[-1][0] if rows else after), [row[1] for row in rows]

    def last_removal(self) -> int:
        """Return the position of the last removal so far."""
        with self._reading() as run:
            return int(run("SELECT coalesce(max(position), 0) FROM removals", ())[0][0])

    def settle(self, tenant: str, one: str, two: str, *, same: bool) -> None:
        """Store whether two identities are the same picture; the last decision counts."""
        with self._writing() as run:
            put_settled(run, tenant, (bytes.fromhex(one), bytes.fromhex(two)), same=same, at=self._now(run))

    def settled(self, tenant: str, identity: str) -> dict[str, bool]:
        """Return the decisions on an identity: the other identities, and whether each is the same picture."""
        with self._reading() as run:
            rows = run(
                "SELECT two, same FROM settled WHERE tenant = ? AND one = ?",
                (tenant, bytes.fromhex(identity)),
            )
        return {bytes(row[0]).hex(): bool(row[1]) for row in rows}

    def put_refusal(self, refusal: Refusal) -> None:
        """Store the refusal of an upload, replacing an earlier one of its key."""
        sql = (
            "INSERT INTO refusals (tenant, key, sha256, number, policy, match, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (tenant, key) DO UPDATE SET sha256 = excluded.sha256, number = excluded.number,"
            " policy = excluded.policy, match = excluded.match, at = excluded.at"
        )
        with self._writing() as run:
            text = json.dumps(refusal.match.to_dict(), ensure_ascii=False)
            run(
                sql,
                (
                    refusal.tenant,
                    refusal.key,
                    bytes.fromhex(refusal.sha256),
                    refusal.number,
                    refusal.policy,
                    text,
                    self._now(run),
                ),
            )

    def refusal(self, tenant: str, key: str) -> Refusal | None:
        """Return the last refusal of a key, None where there is none or its kept picture was deleted."""
        sql = (
            "SELECT r.sha256, r.number, r.policy, r.match FROM refusals r JOIN pictures p ON p.number = r.number"
            " WHERE r.tenant = ? AND r.key = ?"
        )
        with self._reading() as run:
            rows = run(sql, (tenant, key))
        if not rows:
            return None
        sha256, number, policy, match = rows[0]
        return Refusal(tenant, key, bytes(sha256).hex(), number, policy, _match(json.loads(match)))

    def refusals(self, tenant: str, number: int, since: float) -> int:
        """Return how many keys were refused since a time because of the record with this number."""
        sql = "SELECT count(*) FROM refusals WHERE tenant = ? AND number = ? AND at >= ?"
        with self._reading() as run:
            return int(run(sql, (tenant, number, since))[0][0])

    def held(self, tenant: str, limit: int, after: int) -> list[Record]:
        """Return up to `limit` held records with numbers above `after`, ascending."""
        sql = f"{_RECORDS} WHERE p.tenant = ? AND p.state = ? AND p.number > ? ORDER BY p.number LIMIT ?"
        with self._reading() as run:
            return [_record(row) for row in run(sql, (tenant, str(State.HELD), after, limit))]

    def counts(self, tenant: str) -> dict[State, int]:
        """Return how many records a tenant has in each state."""
        with self._reading() as run:
            rows = run("SELECT state, count(*) FROM pictures WHERE tenant = ? GROUP BY state", (tenant,))
        return {**dict.fromkeys(State, 0), **{State(state): int(count) for state, count in rows}}

    def overview(self, tenant: str) -> Overview:
        """Return the counts of uploads by outcome in the last days."""
        with self._reading() as run:
            return overview(run, tenant, self._now(run))

    def claim_request(self, tenant: str, token: str, request: str, keep: float) -> tuple[str, str]:
        """Store a request under a token, unless there is one; return the digest of the first and its answer."""
        with self._writing() as run:
            now = self._now(run)
            run("DELETE FROM answers WHERE at < ?", (now - keep,))
            run(
                "INSERT INTO answers (tenant, token, request, told, at) VALUES (?, ?, ?, '', ?)"
                " ON CONFLICT (tenant, token) DO NOTHING",
                (tenant, token, bytes.fromhex(request), now),
            )
            rows = run("SELECT request, told FROM answers WHERE tenant = ? AND token = ?", (tenant, token))
        return bytes(rows[0][0]).hex(), str(rows[0][1])

    def save_answer(self, tenant: str, token: str, request: str, response: str) -> None:
        """Store the answer to the request under this token."""
        with self._writing() as run:
            values = response, tenant, token, bytes.fromhex(request)
            run("UPDATE answers SET told = ? WHERE tenant = ? AND token = ? AND request = ?", values)


def put_settled(run: Run, tenant: str, pair: tuple[bytes, bytes], *, same: bool, at: float) -> None:
    """Store both ways whether two identities are the same picture."""
    for identities in {pair, pair[::-1]}:
        run(
            "INSERT INTO settled (tenant, one, two, same, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (tenant, one, two) DO UPDATE SET same = excluded.same, at = excluded.at",
            (tenant, *identities, int(same), at),
        )


def change_state(run: Run, number: int, before: State, after: State, matches: Sequence[Match]) -> bool:
    """Change a picture from one state to another, held for `matches`; False where it is not in the first."""
    rows = run(
        "UPDATE pictures SET state = ? WHERE number = ? AND state = ? RETURNING number",
        (str(after), number, str(before)),
    )
    if rows:
        text = json.dumps([match.to_dict() for match in matches], ensure_ascii=False)
        run("UPDATE proxies SET matches = ? WHERE number = ? AND matches <> ?", (text, number, text))
    return bool(rows)


def delete_related(run: Run, rows: Iterable[tuple[Any, ...]]) -> bool:
    """Delete what belongs to deleted pictures, (tenant, number) each, and record it for every index."""
    deleted = list(rows)
    for tenant, number in deleted:
        run("DELETE FROM codes WHERE tenant = ? AND number = ?", (tenant, number))
        run("DELETE FROM proxies WHERE number = ?", (number,))
        run("DELETE FROM refusals WHERE tenant = ? AND number = ?", (tenant, number))
        run("INSERT INTO removals (tenant, number) VALUES (?, ?)", (tenant, number))
    return bool(deleted)


def _picture(record: Record) -> tuple[Any, ...]:
    """Return the values of `PICTURE_COLUMNS`."""
    return (
        record.tenant,
        record.key,
        str(record.state),
        record.created,
        record.lease_until,
        bytes.fromhex(record.identity),
        bytes.fromhex(record.sha256),
        bytes.fromhex(record.coded_digest),
        record.format,
        record.width,
        record.height,
        record.frames,
        record.size,
        record.metadata,
        record.jpeg_quality,
        record.grade,
        record.unresolved,
    )


def _record(row: tuple[Any, ...]) -> Record:
    (number, tenant, key, state, created, lease, _, sha256, coded, form, width, height, frames, size, metadata,
     jpeg_quality, grade, unresolved, pdq, copycode, quality, detail, proxy, data, matches) = row  # fmt: skip
    return Record(
        tenant=tenant,
        key=key,
        sha256=bytes(sha256).hex(),
        coded_digest=bytes(coded).hex(),
        pdq=bytes(pdq),
        quality=quality,
        detail=detail,
        copycode=bytes(copycode),
        width=width,
        height=height,
        format=form,
        size=size,
        proxy=bytes(proxy),
        frames=frames,
        metadata=metadata,
        jpeg_quality=jpeg_quality,
        grade=grade,
        unresolved=unresolved,
        data=json.loads(data),
        number=number,
        state=State(state),
        created=created,
        lease_until=lease,
        matches=tuple(_match(match) for match in json.loads(matches)),
    )


def _match(stored: dict[str, Any]) -> Match:
    evidence = Evidence(stored.get("evidence", Evidence.PROXIES))  # earlier records have neither
    caveat = Caveat(stored["caveat"]) if stored.get("caveat") else None
    return Match(
        **{**stored, "relation": Relation(stored["relation"]), "evidence": evidence, "caveat": caveat}
    )
