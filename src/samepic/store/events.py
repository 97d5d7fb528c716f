"""Events: what was decided, written down in the transaction that decides it, for those who ask for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from samepic.store import tables
from samepic.store.connections import Database
from samepic.writing import time_text


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """One event of a tenant, `at` in seconds since 1970; `kind` is one of tables.EVENTS, the `id` random."""

    id: str
    kind: str
    at: float
    data: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that is listed, and posted to webhooks."""
        return {"id": self.id, "type": self.kind, "timestamp": time_text(self.at), "data": dict(self.data)}


class EventPage(NamedTuple):
    """Events in their order; whether any are `recorded`, and whether some before these may have been `missed`."""

    events: list[StoreEvent]
    recorded: bool
    missed: bool


class Events(Database):
    """The part of a store that keeps events."""

    def record_events(self, seconds: float) -> None:
        """Record events from now on and keep them for so many seconds; with 0 record none and delete all."""
        with self._writing(numbered=True) as run:
            run("DELETE FROM recording", ())
            if seconds:
                tables.insert(run, "recording", {"keep": seconds})
            else:
                run("DELETE FROM events", ())

    @property
    def recording(self) -> bool:
        """Whether events are recorded; a transaction that records one draws numbers, so that none comes late."""
        return bool(self._read("SELECT 1 FROM recording"))

    def events(self, tenant: str, after: str, limit: int) -> EventPage:
        """Return up to `limit` events of a tenant, in their order, that follow the one with the id `after`.

        Where that was deleted, those that are left: all of them are later. "" is before the first.
        """
        sql = "SELECT id, kind, at, data FROM events WHERE tenant = ? AND position > ? ORDER BY position LIMIT ?"
        with self._reading() as run:
            last = run("SELECT position FROM events WHERE tenant = ? AND id = ?", (tenant, after))
            rows = run(sql, (tenant, last[0][0] if last else 0, limit))
            recorded = bool(run("SELECT 1 FROM recording", ()))
        events = [StoreEvent(name, kind, at, json.loads(data)) for name, kind, at, data in rows]
        return EventPage(events, recorded, bool(after and not last))

    def cursor(self, name: str) -> str:
        """Return the id of the last event that a receiver has, "" for a new one."""
        return next((str(row[0]) for row in self._read("SELECT event FROM cursors WHERE name = ?", name)), "")

    def move_cursor(self, name: str, event: str) -> None:
        with self._writing() as run:
            tables.upsert(run, "cursors", "name", {"name": name, "event": event})
