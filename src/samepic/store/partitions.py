"""Partitions of the table `codes` in PostgreSQL: so many numbers each, the next one made before it is needed."""

from __future__ import annotations

from samepic.profiles.gate import GATE
from samepic.store.sql import Run

__all__ = ["DRAWN", "make_room", "partitioned"]

DRAWN = "coalesce(pg_sequence_last_value(pg_get_serial_sequence('pictures', 'number')::regclass), 0)"
"""The last number that was drawn, visible or not."""

_RENAMED = (
    "ALTER TABLE codes RENAME TO codes_0",
    "ALTER INDEX codes_pkey RENAME TO codes_0_pkey",
    "CREATE TABLE codes (LIKE codes_0, PRIMARY KEY (tenant, number)) PARTITION BY RANGE (number)",
)
_BOUND = (
    "SELECT coalesce(max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''(\\d+)''\\)'))[1]::bigint), 0)"
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'codes'::regclass"
)


def partitioned(run: Run) -> None:
    """Make the table `codes` of version 3 the first partition of one that has more: no row is written again."""
    for statement in _RENAMED:
        run(statement, ())
    # Nobody can put codes in while this runs, but a number may be drawn that comes in later: there is room for it.
    drawn = run(f"SELECT {DRAWN}", ())[0][0]
    bound = (drawn // GATE.partition + 2) * GATE.partition
    run(f"ALTER TABLE codes ATTACH PARTITION codes_0 FOR VALUES FROM (MINVALUE) TO ({bound})", ())


def make_room(run: Run, drawn: int) -> int:
    """Make the next partition where the numbers drawn are past the middle of the last; return when to ask again.

    To be called by one transaction at a time. What is returned holds though the caller be undone.
    """
    bound = int(run(_BOUND, ())[0][0])
    middle = bound - GATE.partition // 2
    if drawn >= middle:
        end = max(bound, drawn) + GATE.partition
        # Made apart and then attached, which keeps nobody from reading and writing the others.
        run(f"CREATE TABLE codes_{bound} (LIKE codes INCLUDING ALL)", ())
        run(f"ALTER TABLE codes ATTACH PARTITION codes_{bound} FOR VALUES FROM ({bound}) TO ({end})", ())
    return middle
