"""Reviews in SQL: leases of pairs, decisions, and how they are reverted."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from samepic.store.records import ReviewDecision, ReviewLease, State
from samepic.store.sql import PICTURE_COLUMNS, Run, SqlStore, change_state, delete_related, put_settled

__all__ = ["ReviewedSqlStore", "restore", "snapshot"]

_UNDO_SECONDS: Final = 86_400.0  # how long a decision can be undone
_PAGE: Final = 100  # held pictures to read at a time for the next pair

_TABLES = {
    "picture": ("pictures", PICTURE_COLUMNS),
    "codes": ("codes", "tenant, pdq, copycode, quality, detail"),
    "proxy": ("proxies", "proxy, data, matches"),
}

_REFUSALS = "tenant, key, sha256, policy, match, at"


def snapshot(run: Run, tenant: str, number: int) -> dict[str, Any]:
    """Return all rows of a picture, with the refusals that it decided."""
    found: dict[str, Any] = {}
    for name, (table, columns) in _TABLES.items():
        whose = " AND tenant = ?" if "tenant" in columns else ""
        values = (number, tenant) if whose else (number,)
        found[name] = _by_name(
            columns, run(f"SELECT {columns} FROM {table} WHERE number = ?{whose}", values)[0]
        )
    rows = run(f"SELECT {_REFUSALS} FROM refusals WHERE tenant = ? AND number = ?", (tenant, number))
    return {**found, "refusals": [_by_name(_REFUSALS, row) for row in rows]}


def restore(run: Run, kept: dict[str, Any]) -> int:
    """Restore a picture under a new number; return the number.

    An index that has read past the old number would never see it there again.
    """
    number = int(_insert(run, "pictures", kept["picture"], " RETURNING number")[0][0])
    _insert(run, "codes", {**kept["codes"], "number": number})
    _insert(run, "proxies", {**kept["proxy"], "number": number})
    for refusal in kept["refusals"]:
        # A later answer under this key stands.
        _insert(run, "refusals", {**refusal, "number": number}, " ON CONFLICT (tenant, key) DO NOTHING")
    return number


def _insert(run: Run, table: str, values_by_name: dict[str, Any], more: str = "") -> list[tuple[Any, ...]]:
    values = [
        base64.b64decode(value["b"]) if isinstance(value, dict) else value
        for value in values_by_name.values()
    ]
    marks = ", ".join("?" * len(values))
    return run(f"INSERT INTO {table} ({', '.join(values_by_name)}) VALUES ({marks}){more}", values)


def _by_name(columns: str, row: tuple[Any, ...]) -> dict[str, Any]:
    return {name: _text(value) for name, value in zip(columns.split(", "), row, strict=True)}


def _text(value: object) -> object:
    if isinstance(value, (bytes, memoryview)):
        return {"b": base64.b64encode(bytes(value)).decode()}
    return value


_HELD = "SELECT p.number, p.key, x.matches FROM pictures p JOIN proxies x ON x.number = p.number"

_DECISIONS = "SELECT position, reviewer, at, key, other, same, undone, before <> '' FROM words"


class _ReviewTransaction(NamedTuple):
    """One transaction of a tenant, and its time."""

    run: Run
    tenant: str
    now: float


class ReviewedSqlStore(SqlStore):
    """The part of the store protocol that a review queue needs."""

    def lease_next(
        self, tenant: str, reviewer: str, lease: float, after: tuple[int, str] | None = None
    ) -> ReviewLease | None:
        """Lease the first free pair after `after` for `lease` seconds; after the last comes the first."""
        # Reviewers that would wait for each other's leases take turns.
        with self._writing(numbered=True) as run:
            transaction = _ReviewTransaction(run, tenant, self._now(run))
            run("DELETE FROM claims WHERE tenant = ? AND reviewer = ?", (tenant, reviewer))
            for pair in _pairs_from(run, tenant, after):
                if _take(transaction, pair, reviewer, lease):
                    return pair
        return None

    def lease_pair(
        self, tenant: str, reviewer: str, number: int, other: str, lease: float
    ) -> ReviewLease | None:
        """Lease one pair, or renew its lease; None where another reviewer has it, or it is decided."""
        with self._writing(numbered=True) as run:
            left = _open_matches(run, tenant, number)
            if left is None or other not in left[1]:
                return None
            pair = ReviewLease(number, left[0], other, left[1].index(other), len(left[1]))
            return (
                pair
                if _take(_ReviewTransaction(run, tenant, self._now(run)), pair, reviewer, lease)
                else None
            )

    def release(self, tenant: str, reviewer: str) -> None:
        """Release the leases of a reviewer."""
        with self._writing() as run:
            run("DELETE FROM claims WHERE tenant = ? AND reviewer = ?", (tenant, reviewer))

    def record_decision(
        self, tenant: str, reviewer: str, number: int, other: str, *, same: bool
    ) -> ReviewDecision | None:
        """Decide a pair in one step, and store how to revert it.

        A held picture that is the same as the other is removed; one that differs from all it was held for is accepted.
        Returns None, and changes nothing, where the pair is decided, deleted or leased to another reviewer.
        """
        with self._writing(numbered=True) as run:
            now = self._now(run)
            transaction = _ReviewTransaction(run, tenant, now)
            pair = _open_pair(transaction, number, other, reviewer)
            if pair is None:
                return None
            key, kept = pair
            before: dict[str, Any] = {"settled": _settle(transaction, number, kept, same)}
            if same:
                before |= {"buried": snapshot(run, tenant, number)}
                delete_related(run, [(tenant, number)])
                run("DELETE FROM pictures WHERE number = ?", (number,))
            else:
                before |= {"turned": [_release(run, number, other), *_release_other(run, kept, key)]}
            done = (tenant, number, int(same), other)
            run("DELETE FROM claims WHERE tenant = ? AND number = ? AND (? = 1 OR other = ?)", done)
            run("UPDATE words SET before = '' WHERE at < ? AND before <> ''", (now - _UNDO_SECONDS,))
            rows = run(
                "INSERT INTO words (tenant, reviewer, at, key, other, same, undone, before)"
                " VALUES (?, ?, ?, ?, ?, ?, 0, ?) RETURNING position",
                (tenant, reviewer, now, key, other, int(same), json.dumps(before)),
            )
        return ReviewDecision(int(rows[0][0]), reviewer, now, key, other, same, undone=False, kept=True)

    def revert_decision(self, tenant: str, position: int) -> ReviewLease | None:
        """Revert a decision: everything is as before, except that a restored picture has a new number.

        Returns the pair, None where that is impossible: it was reverted or has expired, or something that it changed
        was changed again since.
        """
        with self._writing(numbered=True) as run:
            now = self._now(run)
            rows = run(
                "UPDATE words SET undone = 1 WHERE tenant = ? AND position = ? AND undone = 0 AND before <> ''"
                " AND at >= ? RETURNING key, other, same, before",
                (tenant, position, now - _UNDO_SECONDS),
            )
            if not rows:
                return None
            key, other, same, before = rows[0]
            if not _restore_state(_ReviewTransaction(run, tenant, now), json.loads(before), bool(same)):
                run("UPDATE words SET undone = 0 WHERE position = ?", (position,))
                return None
            run("UPDATE words SET before = '' WHERE position = ?", (position,))
            number = run("SELECT number FROM pictures WHERE tenant = ? AND key = ?", (tenant, key))[0][0]
            left = _open_matches(run, tenant, int(number))
            assert left is not None
            place = left[1].index(other) if other in left[1] else 0
            return ReviewLease(int(number), key, other, place, len(left[1]))

    def decisions(self, tenant: str, limit: int, reviewer: str = "") -> list[ReviewDecision]:
        """Return the last decisions of a tenant, newest first; of one reviewer if named."""
        values: list[Any] = [tenant, *([reviewer] if reviewer else []), limit]
        who = " AND reviewer = ?" if reviewer else ""
        with self._reading() as run:
            since = self._now(run) - _UNDO_SECONDS
            rows = run(f"{_DECISIONS} WHERE tenant = ?{who} ORDER BY position DESC LIMIT ?", values)
        return [
            ReviewDecision(
                position, who, at, key, other, bool(same), bool(undone), bool(kept) and at >= since
            )
            for position, who, at, key, other, same, undone, kept in rows
        ]


def _keys(matches: str) -> list[str]:
    return [match["key"] for match in json.loads(matches)]


def _existing(run: Run, tenant: str, keys: Sequence[str]) -> list[str]:
    """Return those of these keys that exist, in their order."""
    marks = ", ".join("?" * len(keys))
    rows = (
        run(f"SELECT key FROM pictures WHERE tenant = ? AND key IN ({marks})", (tenant, *keys))
        if keys
        else []
    )
    found = {row[0] for row in rows}
    return [key for key in keys if key in found]


def _open_matches(run: Run, tenant: str, number: int) -> tuple[str, list[str]] | None:
    """Return the key of a held picture and those of its open matches; None where it is not held."""
    rows = run(
        f"{_HELD} WHERE p.tenant = ? AND p.number = ? AND p.state = ?", (tenant, number, str(State.HELD))
    )
    return (rows[0][1], _existing(run, tenant, _keys(rows[0][2]))) if rows else None


def _pairs_from(run: Run, tenant: str, after: tuple[int, str] | None) -> Iterator[ReviewLease]:
    """Yield every open pair of a tenant once, starting after `after`."""
    number = after[0] if after else 0
    yield from _pairs(run, tenant, number - 1, None, after)
    if after:
        yield from _pairs(run, tenant, -1, number, None)


def _pairs(
    run: Run, tenant: str, above: int, to: int | None, after: tuple[int, str] | None
) -> Iterator[ReviewLease]:
    """Yield the open pairs of held pictures with numbers over `above` and up to `to`, after the pair `after`."""
    while True:
        rows = run(
            f"{_HELD} WHERE p.tenant = ? AND p.state = ? AND p.number > ? ORDER BY p.number LIMIT ?",
            (tenant, str(State.HELD), above, _PAGE),
        )
        for number, key, matches in rows:
            if to is not None and number > to:
                return
            left = _existing(run, tenant, _keys(matches))
            if not left:
                # All its matches were deleted: there is nothing to review.
                change_state(run, number, State.HELD, State.ACCEPTED, ())
            skip = after is not None and after[0] == number and after[1] in left
            first = left.index(after[1]) + 1 if skip and after else 0
            for place in range(first, len(left)):
                yield ReviewLease(number, key, left[place], place, len(left))
        if len(rows) < _PAGE:
            return
        above = rows[-1][0]


def _take(transaction: _ReviewTransaction, pair: ReviewLease, reviewer: str, lease: float) -> bool:
    """Lease a pair unless another reviewer has it; of two at the same moment one gets it."""
    now = transaction.now
    return bool(
        transaction.run(
            "INSERT INTO claims (tenant, number, other, reviewer, until) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (tenant, number, other) DO UPDATE SET reviewer = excluded.reviewer, until = excluded.until"
            " WHERE claims.until < ? OR claims.reviewer = excluded.reviewer RETURNING number",
            (transaction.tenant, pair.number, pair.other, reviewer, now + lease, now),
        )
    )


def _open_pair(
    transaction: _ReviewTransaction, number: int, other: str, reviewer: str
) -> tuple[str, int] | None:
    """Return the key of the held picture and the number of the other one; None where the pair cannot be decided."""
    run, tenant, now = transaction
    # Locks the row, so that no other transaction decides on it.
    run("UPDATE pictures SET state = state WHERE number = ? RETURNING number", (number,))
    left = _open_matches(run, tenant, number)
    if left is None or other not in left[1]:
        return None
    taken = run(
        "SELECT 1 FROM claims WHERE tenant = ? AND number = ? AND other = ? AND reviewer <> ? AND until >= ?",
        (tenant, number, other, reviewer, now),
    )
    rows = run("SELECT number FROM pictures WHERE tenant = ? AND key = ?", (tenant, other))
    return None if taken or not rows else (left[0], int(rows[0][0]))


def _settle(transaction: _ReviewTransaction, number: int, kept: int, same: bool) -> dict[str, Any]:
    """Store the decision on two pictures; return the two identities and the decision before (None: none)."""
    run, tenant, now = transaction
    rows = run("SELECT number, identity FROM pictures WHERE number IN (?, ?)", (number, kept))
    known = {row[0]: bytes(row[1]) for row in rows}
    a, b = known[number], known[kept]
    rows = run("SELECT same, at FROM settled WHERE tenant = ? AND one = ? AND two = ?", (tenant, a, b))
    put_settled(run, tenant, (a, b), same=same, at=now)
    earlier = [bool(rows[0][0]), rows[0][1]] if rows else None
    return {"one": a.hex(), "two": b.hex(), "said": earlier}


def _release(run: Run, number: int, other: str) -> dict[str, Any]:
    """Drop one match of a held picture; accept it where none is left. Return its state before and now."""
    sql = (
        "SELECT p.key, p.sha256, x.matches FROM pictures p JOIN proxies x ON x.number = p.number"
        " WHERE p.number = ?"
    )
    key, sha256, matches = run(sql, (number,))[0]
    left = [match for match in json.loads(matches) if match["key"] != other]
    state = State.HELD if left else State.ACCEPTED
    remaining = json.dumps(left, ensure_ascii=False)
    _set(run, number, str(state), remaining)
    return {"key": key, "sha256": bytes(sha256).hex(), "was": matches, "state": str(state), "now": remaining}


def _release_other(run: Run, kept: int, key: str) -> list[dict[str, Any]]:
    """Drop the match of the other picture too, where it waits for the same decision."""
    rows = run(
        "SELECT x.matches FROM pictures p JOIN proxies x ON x.number = p.number WHERE p.number = ? AND p.state = ?",
        (kept, str(State.HELD)),
    )
    return [_release(run, kept, key)] if rows and key in _keys(rows[0][0]) else []


def _set(run: Run, number: int, state: str, matches: str) -> None:
    run("UPDATE pictures SET state = ? WHERE number = ?", (state, number))
    run("UPDATE proxies SET matches = ? WHERE number = ?", (matches, number))


def _restore_state(transaction: _ReviewTransaction, before: dict[str, Any], same: bool) -> bool:
    """Restore the state before a decision; False, with nothing changed, where it was changed again since."""
    run, tenant, _ = transaction
    settled = before["settled"]
    a, b = bytes.fromhex(settled["one"]), bytes.fromhex(settled["two"])
    now = run("SELECT same FROM settled WHERE tenant = ? AND one = ? AND two = ?", (tenant, a, b))
    if not now or bool(now[0][0]) is not same or not _is_unchanged(run, tenant, before):
        return False
    if "buried" in before:
        restore(run, before["buried"])
    for changed in before.get("turned", []):
        number = run("SELECT number FROM pictures WHERE tenant = ? AND key = ?", (tenant, changed["key"]))
        _set(run, number[0][0], str(State.HELD), changed["was"])
    if settled["said"] is None:
        for pair in {(a, b), (b, a)}:
            run("DELETE FROM settled WHERE tenant = ? AND one = ? AND two = ?", (tenant, *pair))
    else:
        earlier, at = settled["said"]
        put_settled(run, tenant, (a, b), same=earlier, at=at)
    return True


def _is_unchanged(run: Run, tenant: str, before: dict[str, Any]) -> bool:
    """Return whether everything that a decision changed is as it left it."""
    if "buried" in before:
        key = before["buried"]["picture"]["key"]
        return not run("SELECT 1 FROM pictures WHERE tenant = ? AND key = ?", (tenant, key))
    for changed in before["turned"]:
        rows = run(
            "SELECT p.state, x.matches, p.sha256 FROM pictures p JOIN proxies x ON x.number = p.number"
            " WHERE p.tenant = ? AND p.key = ?",
            (tenant, changed["key"]),
        )
        then = (changed["state"], changed["now"], changed["sha256"])
        if not rows or (rows[0][0], rows[0][1], bytes(rows[0][2]).hex()) != then:
            return False
    return True
