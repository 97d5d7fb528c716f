"""Overview: uploads by outcome in the last days, counted from the store's own tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from samepic.store.records import State

if TYPE_CHECKING:
    from samepic.store.tables import Run

DAY = 86_400.0
"""Seconds."""

DAYS: Final = 30
"""How far back an overview goes."""

REFUSALS: Final = 10_000
"""How many of the latest refusals it counts."""

_FLOODING: Final = 8  # how many of the pictures with most refusals it names


@dataclass(frozen=True, slots=True)
class Overview:
    """The uploads of a tenant by outcome and day, oldest first; the last day ends now.

    `refused` is by relation, `said` by a reviewer's "same" or "another", `probabilities` are of the latest matches,
    `most_refusing` has keys with their refusals within a day. `cut`: there were more refusals than were counted.
    """

    accepted: tuple[int, ...]
    held: tuple[int, ...]
    refused: Mapping[str, tuple[int, ...]]
    said: Mapping[str, tuple[int, ...]]
    probabilities: tuple[float, ...]
    most_refusing: tuple[tuple[str, int], ...]
    cut: bool = False


def overview(run: Run, tenant: str, now: float) -> Overview:
    """Count for one tenant, in one transaction."""
    begin = now - DAYS * DAY
    refusals = run(
        "SELECT at, match FROM refusals WHERE tenant = ? AND at >= ? ORDER BY at DESC LIMIT ?",
        (tenant, begin, REFUSALS),
    )
    matches = [(at, json.loads(match)) for at, match in refusals]
    waiting = run(
        "SELECT x.matches FROM pictures p JOIN proxies x ON x.number = p.number"
        " WHERE p.tenant = ? AND p.state = ? ORDER BY p.number DESC LIMIT ?",
        (tenant, str(State.HELD), REFUSALS),
    )
    latest = [match for _, match in matches] + [match for (held,) in waiting for match in json.loads(held)]
    most_refusing = run(
        "SELECT p.key, count(*) FROM refusals r JOIN pictures p ON p.number = r.number"
        " WHERE r.tenant = ? AND r.at >= ? GROUP BY p.number, p.key ORDER BY count(*) DESC, p.number LIMIT ?",
        (tenant, now - DAY, _FLOODING),
    )
    reviews = run("SELECT at, same FROM settled WHERE tenant = ? AND at >= ? AND one <= two", (tenant, begin))
    return Overview(
        _kept(run, tenant, begin, State.ACCEPTED),
        _kept(run, tenant, begin, State.HELD),
        _daily(((at, match["relation"]) for at, match in matches), begin),
        _daily(((at, "same" if same else "another") for at, same in reviews), begin),
        tuple(match["probability"] for match in latest),
        tuple((key, int(count)) for key, count in most_refusing),
        len(refusals) == REFUSALS,
    )


def _kept(run: Run, tenant: str, begin: float, state: State) -> tuple[int, ...]:
    """Count in one pass; what SQLite and PostgreSQL make of a fraction of a day differs."""
    days = ["coalesce(sum(CASE WHEN created >= ? AND created < ? THEN 1 ELSE 0 END), 0)"] * DAYS
    bounds = [begin + (day + end) * DAY for day in range(DAYS) for end in (0, 1)]
    sql = f"SELECT {', '.join(days)} FROM pictures WHERE tenant = ? AND state = ? AND created >= ?"
    return tuple(int(count) for count in run(sql, (*bounds, tenant, str(state), begin))[0])


def _daily(events: Iterable[tuple[float, str]], begin: float) -> dict[str, tuple[int, ...]]:
    counts: dict[str, Counter[int]] = {}
    for at, name in events:
        counts.setdefault(name, Counter())[min(DAYS - 1, int((at - begin) / DAY))] += 1
    return {name: tuple(counts[name][day] for day in range(DAYS)) for name in sorted(counts)}
