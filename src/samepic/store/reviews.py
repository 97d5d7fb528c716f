"""Reviews: leases of pairs, decisions, and how they are reverted."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from samepic.errors import StoreError
from samepic.store import tables
from samepic.store.connections import Database
from samepic.store.records import ReviewDecision, ReviewLease, State
from samepic.store.tables import Run

_UNDO_SECONDS: Final = 86_400.0  # how long a decision can be undone
_TABS: Final = 8  # pairs that one person may have at a time
_PAGE: Final = 100  # held pictures to read at a time for the next pair
_PARTS = {"picture": "pictures", "codes": "codes", "proxy": "proxies"}
"""The tables that hold a picture, by their names in a snapshot."""

KeepProxy = Callable[[Run, int, bytes], bytes]
"""Keeps the proxy of a new number, and returns what the table of proxies is to hold for it."""

_MATCHES = "FROM pictures p JOIN proxies x ON x.number = p.number"


def snapshot(run: Run, tenant: str, number: int) -> dict[str, Any]:
    """Return all rows of a picture, with the refusals that it decided."""
    found: dict[str, Any] = {name: _rows(run, table, tenant, number)[0] for name, table in _PARTS.items()}
    return {**found, "refusals": _rows(run, "refusals", tenant, number)}


def _encoded(value: bytes | memoryview[Any]) -> dict[str, str]:
    return {"b": base64.b64encode(value).decode()}


def _rows(run: Run, table: str, tenant: str, number: int) -> list[dict[str, Any]]:
    columns = [column for column in tables.COLUMNS[table] if column != "number"]
    sql = f"SELECT {', '.join(columns)} FROM {table} WHERE number = ?"
    rows = run(f"{sql} AND tenant = ?", (number, tenant)) if "tenant" in columns else run(sql, (number,))
    binary = (bytes, memoryview)
    return [
        {
            column: _encoded(value) if isinstance(value, binary) else value
            for column, value in zip(columns, row, strict=True)
        }
        for row in rows
    ]


def restore(run: Run, kept: dict[str, Any], keep_proxy: KeepProxy) -> int:
    """Restore a picture under a new number, and return it: indexes have read past the old one."""
    number = int(tables.insert(run, "pictures", _values(kept["picture"]), " RETURNING number")[0][0])
    codes, proxy = _values(kept["codes"]), _values(kept["proxy"])
    proxy["proxy"] = keep_proxy(run, number, proxy["proxy"])
    for table, values in (("codes", codes), ("proxies", proxy)):
        tables.insert(run, table, {**values, "number": number})
    picture = kept["picture"]
    tables.record_state(run, picture["tenant"], picture["key"], State(picture["state"]), proxy["matches"])
    for refusal in kept["refusals"]:
        # A later answer under this key stands.
        values = {**_values(refusal), "number": number}
        tables.insert(run, "refusals", values, " ON CONFLICT (tenant, key) DO NOTHING")
    return number


def _values(row: dict[str, Any]) -> dict[str, Any]:
    return {
        column: base64.b64decode(value["b"]) if isinstance(value, dict) else value
        for column, value in row.items()
    }


class Reviews(Database):
    """The part of a store that a review queue needs."""

    def _keep_proxy(self, run: Run, number: int, proxy: bytes) -> bytes:
        """Keep the proxy of a new number, and return what the table of proxies is to hold for it."""
        return proxy

    def _read_proxies(self, held: Mapping[int, bytes]) -> Mapping[int, bytes]:
        """Return the proxies by number of what the table holds; those of pictures deleted since are left out."""
        if any(proxy.startswith(tables.ON_SHARD) for proxy in held.values()):
            raise StoreError(
                f"{self.name}: expected its shards to be named after it, as this store keeps pictures on them;"
                " found it alone"
            )
        return held

    def lease_next(
        self, tenant: str, reviewer: str, lease: float, after: tuple[int, str] | None = None
    ) -> ReviewLease | None:
        """Lease the first free pair after `after` for `lease` seconds.

        `after` is the number of a held picture and the key of its match; after the last pair comes the first. The
        reviewer's earlier leases are released. Returns None where no pair is free. A held picture is accepted where all
        its matches were deleted.
        """
        # Reviewers that would wait for each other's leases take turns.
        with self._writing(numbered=True) as run:
            review = _Review(run, tenant, self._now(run))
            review.release(reviewer)
            for pair in review.pairs_from(after):
                if review.take(pair, reviewer, lease):
                    return pair
        return None

    def lease_pair(
        self, tenant: str, reviewer: str, number: int, other: str, lease: float
    ) -> ReviewLease | None:
        """Lease one pair, or renew its lease; None where another reviewer has it, or it is decided."""
        with self._writing(numbered=True) as run:
            review = _Review(run, tenant, self._now(run))
            pair = review.open_pair(number, other)
            return pair if pair is not None and review.take(pair, reviewer, lease) else None

    def release(self, tenant: str, reviewer: str) -> None:
        with self._writing() as run:
            _Review(run, tenant).release(reviewer)

    def record_decision(
        self, tenant: str, reviewer: str, number: int, other: str, *, same: bool
    ) -> ReviewDecision | None:
        """Decide a pair in one step, and store how to revert it.

        A held picture that is the same as the other is removed; one that differs from all it was held for is accepted.
        Returns None, and changes nothing, where the pair is decided, deleted or leased to another reviewer.
        """
        with self._writing(numbered=True) as run:
            review = _Review(run, tenant, self._now(run))
            pair = review.decidable(number, other, reviewer)
            if pair is None:
                return None
            key, kept = pair
            before: dict[str, Any] = {"settled": review.settle(number, kept, same)}
            tables.record_event(run, tenant, "pair.settled", key, other_key=other, same=same)
            if same:
                picture = snapshot(run, tenant, number)
                held = {number: _values(picture["proxy"])["proxy"]}
                picture["proxy"]["proxy"] = _encoded(self._read_proxies(held)[number])
                before |= {"buried": picture}
                tables.delete_related(run, [(tenant, number)])
                run("DELETE FROM pictures WHERE number = ?", (number,))
                tables.record_event(run, tenant, "picture.removed", key)
            else:
                before |= {"turned": [_drop(run, number, other), *_drop_other(run, kept, key)]}
            done = (tenant, number, int(same), other)
            run("DELETE FROM claims WHERE tenant = ? AND number = ? AND (? = 1 OR other = ?)", done)
            run("UPDATE words SET before = '' WHERE at < ? AND before <> ''", (review.since,))
            word = {
                "tenant": tenant,
                "reviewer": reviewer,
                "at": review.now,
                "key": key,
                "other": other,
                "same": int(same),
                "undone": 0,
                "before": json.dumps(before),
            }
            position = int(tables.insert(run, "words", word, " RETURNING position")[0][0])
        return ReviewDecision(position, reviewer, review.now, key, other, same, undone=False, kept=True)

    def revert_decision(self, tenant: str, position: int) -> ReviewLease | None:
        """Revert a decision: everything is as before, except that a restored picture has a new number.

        Returns the pair, None where that is impossible: it was reverted or has expired, or something that it changed
        was changed again since.
        """
        with self._writing(numbered=True) as run:
            review = _Review(run, tenant, self._now(run))
            rows = run(
                "UPDATE words SET undone = 1 WHERE tenant = ? AND position = ? AND undone = 0 AND before <> ''"
                " AND at >= ? RETURNING key, other, same, before",
                (tenant, position, review.since),
            )
            if not rows:
                return None
            key, other, same, before = rows[0]
            if not review.restore(json.loads(before), bool(same), self._keep_proxy):
                run("UPDATE words SET undone = 0 WHERE position = ?", (position,))
                return None
            run("UPDATE words SET before = '' WHERE position = ?", (position,))
            tables.record_event(run, tenant, "pair.settled", key, other_key=other, same=None)
            number = review.number(key)
            assert number is not None
            left = review.open_matches(number)
            assert left is not None
            place = left[1].index(other) if other in left[1] else 0
            return ReviewLease(number, key, other, place, len(left[1]))

    def decisions(self, tenant: str, limit: int, reviewer: str = "") -> list[ReviewDecision]:
        """Return the last decisions of a tenant, newest first; of one reviewer if named."""
        sql = "SELECT position, reviewer, at, key, other, same, undone, before <> '' FROM words WHERE tenant = ?"
        with self._reading() as run:
            since = _Review(run, tenant, self._now(run)).since
            rows = run(
                f"{sql}{' AND reviewer = ?' if reviewer else ''} ORDER BY position DESC LIMIT ?",
                (tenant, *([reviewer] if reviewer else []), limit),
            )
        return [
            ReviewDecision(
                position, who, at, key, other, bool(same), bool(undone), bool(kept) and at >= since
            )
            for position, who, at, key, other, same, undone, kept in rows
        ]


class _Review(NamedTuple):
    run: Run
    tenant: str
    now: float = 0.0

    @property
    def since(self) -> float:
        return self.now - _UNDO_SECONDS

    def release(self, reviewer: str) -> None:
        self.run("DELETE FROM claims WHERE tenant = ? AND reviewer = ?", (self.tenant, reviewer))

    def number(self, key: str) -> int | None:
        rows = self.run("SELECT number FROM pictures WHERE tenant = ? AND key = ?", (self.tenant, key))
        return int(rows[0][0]) if rows else None

    def existing(self, matches: str) -> list[str]:
        keys = _keys(matches)
        if not keys:
            return []
        sql = f"SELECT key FROM pictures WHERE tenant = ? AND key IN ({', '.join('?' * len(keys))})"
        found = {row[0] for row in self.run(sql, (self.tenant, *keys))}
        return [key for key in keys if key in found]

    def open_matches(self, number: int) -> tuple[str, list[str]] | None:
        sql = f"SELECT p.key, x.matches {_MATCHES} WHERE p.tenant = ? AND p.number = ? AND p.state = ?"
        rows = self.run(sql, (self.tenant, number, str(State.HELD)))
        return (rows[0][0], self.existing(rows[0][1])) if rows else None

    def open_pair(self, number: int, other: str) -> ReviewLease | None:
        left = self.open_matches(number)
        if left is None or other not in left[1]:
            return None
        return ReviewLease(number, left[0], other, left[1].index(other), len(left[1]))

    def pairs_from(self, after: tuple[int, str] | None) -> Iterator[ReviewLease]:
        """Yield every open pair of a tenant once, starting after `after`."""
        number = after[0] if after else 0
        yield from self._pairs(number - 1, None, after)
        if after:
            yield from self._pairs(-1, number, None)

    def _pairs(self, above: int, to: int | None, after: tuple[int, str] | None) -> Iterator[ReviewLease]:
        """Yield the open pairs of held pictures with numbers over `above` and up to `to`, after the pair `after`."""
        sql = (
            f"SELECT p.number, p.key, x.matches {_MATCHES} WHERE p.tenant = ? AND p.state = ? AND p.number > ?"
            " ORDER BY p.number LIMIT ?"
        )
        while True:
            rows = self.run(sql, (self.tenant, str(State.HELD), above, _PAGE))
            for number, key, matches in rows:
                if to is not None and number > to:
                    return
                left = self.existing(matches)
                if not left:
                    # All its matches were deleted: there is nothing to review.
                    tables.change_state(self.run, number, State.HELD, State.ACCEPTED, ())
                skip = after is not None and after[0] == number and after[1] in left
                first = left.index(after[1]) + 1 if skip and after else 0
                for place in range(first, len(left)):
                    yield ReviewLease(number, key, left[place], place, len(left))
            if len(rows) < _PAGE:
                return
            above = rows[-1][0]

    def take(self, pair: ReviewLease, reviewer: str, lease: float) -> bool:
        """Lease a pair unless another reviewer has it; of two at the same moment one gets it."""
        values = {
            "tenant": self.tenant,
            "number": pair.number,
            "other": pair.other,
            "reviewer": reviewer,
            "until": self.now + lease,
        }
        free = " WHERE claims.until < ? OR claims.reviewer = excluded.reviewer RETURNING number"
        key = "tenant, number, other"
        if not tables.upsert(self.run, "claims", key, values, more=free, further=(self.now,)):
            return False
        person = reviewer[: reviewer.rfind("/") + 1]
        if person:  # one of the tabs of a person, of which the first lose their pairs to the last
            mine, whose = "tenant = ? AND substr(reviewer, 1, ?) = ?", (self.tenant, len(person), person)
            last = f"SELECT until FROM claims WHERE {mine} ORDER BY until DESC LIMIT 1 OFFSET {_TABS - 1}"
            self.run(f"DELETE FROM claims WHERE {mine} AND until < ({last})", whose * 2)
        return True

    def decidable(self, number: int, other: str, reviewer: str) -> tuple[str, int] | None:
        # Locks the row, so that no other transaction decides on it.
        self.run("UPDATE pictures SET state = state WHERE number = ? RETURNING number", (number,))
        pair, kept = self.open_pair(number, other), self.number(other)
        if pair is None or kept is None:
            return None
        taken = self.run(
            "SELECT 1 FROM claims WHERE tenant = ? AND number = ? AND other = ? AND reviewer <> ? AND until >= ?",
            (self.tenant, number, other, reviewer, self.now),
        )
        return None if taken else (pair.key, kept)

    def settle(self, number: int, kept: int, same: bool) -> dict[str, Any]:
        rows = self.run("SELECT number, identity FROM pictures WHERE number IN (?, ?)", (number, kept))
        known = {row[0]: bytes(row[1]) for row in rows}
        pair = known[number], known[kept]
        rows = self._said(pair)
        tables.put_settled(self.run, self.tenant, pair, same=same, at=self.now)
        earlier = [bool(rows[0][0]), rows[0][1]] if rows else None
        return {"one": pair[0].hex(), "two": pair[1].hex(), "said": earlier}

    def _said(self, pair: tuple[bytes, bytes]) -> list[tuple[Any, ...]]:
        sql = "SELECT same, at FROM settled WHERE tenant = ? AND one = ? AND two = ?"
        return self.run(sql, (self.tenant, *pair))

    def restore(self, before: dict[str, Any], same: bool, keep_proxy: KeepProxy) -> bool:
        """Restore the state before a decision; False, with nothing changed, where it was changed again since."""
        settled = before["settled"]
        pair = bytes.fromhex(settled["one"]), bytes.fromhex(settled["two"])
        now = self._said(pair)
        if not now or bool(now[0][0]) is not same or not self._is_unchanged(before):
            return False
        if "buried" in before:
            restore(self.run, before["buried"], keep_proxy)
        for changed in before.get("turned", []):
            number = self.number(changed["key"])
            assert number is not None
            _set(self.run, number, str(State.HELD), changed["was"])
        if settled["said"] is None:
            for one, two in {pair, pair[::-1]}:
                values = self.tenant, one, two
                self.run("DELETE FROM settled WHERE tenant = ? AND one = ? AND two = ?", values)
        else:
            earlier, at = settled["said"]
            tables.put_settled(self.run, self.tenant, pair, same=earlier, at=at)
        return True

    def _is_unchanged(self, before: dict[str, Any]) -> bool:
        if "buried" in before:
            return self.number(before["buried"]["picture"]["key"]) is None
        for changed in before["turned"]:
            sql = f"SELECT p.state, x.matches, p.sha256 {_MATCHES} WHERE p.tenant = ? AND p.key = ?"
            rows = self.run(sql, (self.tenant, changed["key"]))
            then = (changed["state"], changed["now"], changed["sha256"])
            if not rows or (rows[0][0], rows[0][1], bytes(rows[0][2]).hex()) != then:
                return False
        return True


def _keys(matches: str) -> list[str]:
    return [match["key"] for match in json.loads(matches)]


def _drop(run: Run, number: int, other: str) -> dict[str, Any]:
    """Drop one match of a held picture; accept it where none is left. Return its state before and now."""
    sql = f"SELECT p.key, p.sha256, x.matches {_MATCHES} WHERE p.number = ?"
    key, sha256, matches = run(sql, (number,))[0]
    left = [match for match in json.loads(matches) if match["key"] != other]
    state = State.HELD if left else State.ACCEPTED
    remaining = json.dumps(left, ensure_ascii=False)
    _set(run, number, str(state), remaining)
    return {"key": key, "sha256": bytes(sha256).hex(), "was": matches, "state": str(state), "now": remaining}


def _drop_other(run: Run, kept: int, key: str) -> list[dict[str, Any]]:
    """Drop the match of the other picture too, where it waits for the same decision."""
    sql = f"SELECT x.matches {_MATCHES} WHERE p.number = ? AND p.state = ?"
    rows = run(sql, (kept, str(State.HELD)))
    return [_drop(run, kept, key)] if rows and key in _keys(rows[0][0]) else []


def _set(run: Run, number: int, state: str, matches: str) -> None:
    sql = "UPDATE pictures SET state = ? WHERE number = ? AND state <> ? RETURNING tenant, key"
    for tenant, key in run(sql, (state, number, state)):
        tables.record_state(run, tenant, key, State(state), matches)
    run("UPDATE proxies SET matches = ? WHERE number = ?", (matches, number))
