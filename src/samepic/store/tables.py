"""The tables of a store, with the upgrades of older ones; what fills them, and what makes records of their rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import msgspec

from samepic.decision import Match
from samepic.store.records import Record, State

BUSY_SECONDS: Final = 60.0
"""How long a store waits for another writer."""

LOAD_ROWS: Final = 20_000
"""Rows that the index reads at a time."""

Run = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Runs one statement, with `?` for values, and returns its rows."""

ON_SHARD: Final = b"shard:"
"""How what `proxies` has in place of a proxy begins, where a shard has it; no picture file begins so."""

APPLICATION = 0x53504943
"""The application id in the header of a SQLite file of samepic: "SPIC"."""

_TABLES = (Path(__file__).parent / "tables.sql").read_text(encoding="utf-8")
MIGRATIONS = tuple(re.split(r"^-- version \d+\n", _TABLES, flags=re.MULTILINE)[1:])
"""Statements, separated by ";", that lead from each version to the next; {words} differ between databases.

PostgreSQL has one step more after the third, samepic.store.postgres. The columns of every table are listed in
tables.sql alone.
"""

VERSION = len(MIGRATIONS)
"""The version of the tables in SQLite; a higher one is refused."""


def _columns() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for statement in ";".join(MIGRATIONS).split(";"):
        if made := re.search(r"CREATE TABLE (\w+) \(\n(.*)\n\)", statement, re.DOTALL):
            found[made[1]] = tuple(re.findall(r"^ +([a-z]\w*) ", made[2], re.MULTILINE))
        elif added := re.search(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", statement):
            found[added[1]] += (added[2],)
    return found


COLUMNS = _columns()
"""The columns of every table."""


def dump_matches(matches: Sequence[Match]) -> str:
    """Return the text that is stored of matches."""
    return json.dumps([match.to_dict() for match in matches], ensure_ascii=False)


_Conversion = Callable[[Any], Any]

_HEX: tuple[_Conversion, _Conversion] = (bytes.fromhex, lambda value: bytes(value).hex())
_CONVERSIONS: dict[str, tuple[_Conversion, _Conversion]] = {
    "state": (str, State),
    **dict.fromkeys(("identity", "sha256", "coded_digest"), _HEX),
    **dict.fromkeys(("pdq", "copycode", "proxy"), (bytes, bytes)),
    "data": (lambda data: json.dumps(dict(data), ensure_ascii=False), json.loads),
    "matches": (dump_matches, partial(msgspec.json.decode, type=tuple[Match, ...])),
}
"""What the fields of a record become in the database, and the way back; the others are stored as they are.

Matches of earlier records have neither evidence nor caveat.
"""

_FIELDS = {"coded": "coded_digest"}
"""The fields of columns that have another name."""


def values_of(record: Record, table: str) -> dict[str, Any]:
    """Return what a table holds of a record, by column."""
    values: dict[str, Any] = {}
    for column in COLUMNS[table]:
        name = _FIELDS.get(column, column)
        value = getattr(record, name)
        values[column] = _CONVERSIONS[name][0](value) if name in _CONVERSIONS else value
    return values


_SELECTED = {
    _FIELDS.get(column, column): f"{letter}.{column}"
    for letter, table in (("x", "proxies"), ("c", "codes"), ("p", "pictures"))
    for column in COLUMNS[table]
    if _FIELDS.get(column, column) in {field.name for field in fields(Record)}
}

_READ = tuple((name, _CONVERSIONS[name][1] if name in _CONVERSIONS else None) for name in _SELECTED)

RECORDS = (
    f"SELECT {', '.join(_SELECTED.values())} FROM pictures p"
    " JOIN codes c ON c.tenant = p.tenant AND c.number = p.number JOIN proxies x ON x.number = p.number"
)
"""Selects what `record_from` takes: a condition on p, c and x may follow."""


def record_from(row: tuple[Any, ...]) -> Record:
    """Return the record in a row of RECORDS."""
    pairs = zip(_READ, row, strict=True)
    return Record(**{name: convert(value) if convert else value for (name, convert), value in pairs})


def insert(
    run: Run, table: str, values: Mapping[str, Any], more: str = "", further: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Insert a row; `more` of the statement may follow, with `further` values."""
    marks = ", ".join("?" * len(values))
    return run(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}){more}", (*values.values(), *further)
    )


def upsert(
    run: Run, table: str, key: str, values: Mapping[str, Any], *, more: str = "", further: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Insert a row, or replace what the one of the same `key`, some columns, holds."""
    changed = ", ".join(f"{name} = excluded.{name}" for name in values if name not in key.split(", "))
    return insert(run, table, values, f" ON CONFLICT ({key}) DO UPDATE SET {changed}{more}", further)


def put_settled(run: Run, tenant: str, pair: tuple[bytes, bytes], *, same: bool, at: float) -> None:
    """Store both ways whether two identities are the same picture."""
    for one, two in {pair, pair[::-1]}:
        values = {"tenant": tenant, "one": one, "two": two, "same": int(same), "at": at}
        upsert(run, "settled", "tenant, one, two", values)


def change_state(run: Run, number: int, before: State, after: State, matches: Sequence[Match]) -> bool:
    """Change a picture from one state to another, held for `matches`; False where it is not in the first."""
    rows = run(
        "UPDATE pictures SET state = ? WHERE number = ? AND state = ? RETURNING tenant, key",
        (str(after), number, str(before)),
    )
    if rows:
        text = dump_matches(matches)
        if before is not after:
            record_state(run, rows[0][0], rows[0][1], after, text)
        run("UPDATE proxies SET matches = ? WHERE number = ? AND matches <> ?", (text, number, text))
    return bool(rows)


EVENTS: Final = ("picture.admitted", "picture.held", "picture.refused", "picture.removed", "pair.settled")
"""The types of events."""

_PRUNED_EVERY: Final = 100  # events, after which old ones are deleted


def record_event(run: Run, tenant: str, kind: str, key: str, **more: object) -> None:
    """Write an event down where events are recorded, in a transaction that draws numbers."""
    assert kind in EVENTS
    data = json.dumps({"key": key, **more}, ensure_ascii=False)
    sql = "INSERT INTO events (id, tenant, kind, data) SELECT ?, ?, ?, ? FROM recording RETURNING position"
    rows = run(sql, (token_hex(12), tenant, kind, data))
    if rows and rows[0][0] % _PRUNED_EVERY == 0:
        run("DELETE FROM events WHERE at < (SELECT max(at) FROM events) - (SELECT keep FROM recording)", ())


def record_state(run: Run, tenant: str, key: str, state: State, matches: str) -> None:
    """Record that a picture was accepted, or held for `matches`."""
    if state is State.HELD:
        record_event(run, tenant, "picture.held", key, matches=json.loads(matches))
    else:
        record_event(run, tenant, "picture.admitted", key)


def delete_related(run: Run, rows: Iterable[tuple[Any, ...]]) -> bool:
    """Delete what belongs to deleted pictures, (tenant, number) each, and record it for every index."""
    deleted = list(rows)
    for tenant, number in deleted:
        run("DELETE FROM codes WHERE tenant = ? AND number = ?", (tenant, number))
        run("DELETE FROM proxies WHERE number = ?", (number,))
        run("DELETE FROM refusals WHERE tenant = ? AND number = ?", (tenant, number))
        insert(run, "removals", {"tenant": tenant, "number": number})
    return bool(deleted)
