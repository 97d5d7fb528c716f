"""Bury: everything that a store keeps of one picture, as JSON, and the same picture brought back from it."""

from __future__ import annotations

import base64
from typing import Any

from samepic.store.sql import Run

__all__ = ["buried", "raised"]

_TABLES = {
    "picture": (
        "pictures",
        "tenant, key, state, created, lease_until, identity, sha256, coded, format, width, height, frames, size,"
        " metadata, jpeg_quality, grade, unresolved",
    ),
    "codes": ("codes", "tenant, pdq, copycode, quality, detail"),
    "proxy": ("proxies", "proxy, data, matches"),
}
_REFUSALS = "tenant, key, sha256, policy, match, at"


def buried(run: Run, tenant: str, number: int) -> dict[str, Any]:
    """Return all that is kept of a picture, and what was refused because of it."""
    found: dict[str, Any] = {}
    for name, (table, columns) in _TABLES.items():
        whose = " AND tenant = ?" if "tenant" in columns else ""
        values = (number, tenant) if whose else (number,)
        found[name] = _told(columns, run(f"SELECT {columns} FROM {table} WHERE number = ?{whose}", values)[0])
    rows = run(f"SELECT {_REFUSALS} FROM refusals WHERE tenant = ? AND number = ?", (tenant, number))
    return {**found, "refusals": [_told(_REFUSALS, row) for row in rows]}


def raised(run: Run, kept: dict[str, Any]) -> int:
    """Put a picture back as it was, under a new number, which every index still has before it; return the number.

    An index that has read past the old number would never see it there again.
    """
    number = int(_insert(run, "pictures", kept["picture"], " RETURNING number")[0][0])
    _insert(run, "codes", {**kept["codes"], "number": number})
    _insert(run, "proxies", {**kept["proxy"], "number": number})
    for one in kept["refusals"]:
        # Who came under this key meanwhile got another answer, which stands.
        _insert(run, "refusals", {**one, "number": number}, " ON CONFLICT (tenant, key) DO NOTHING")
    return number


def _insert(run: Run, table: str, told: dict[str, Any], more: str = "") -> list[tuple[Any, ...]]:
    values = [base64.b64decode(value["b"]) if isinstance(value, dict) else value for value in told.values()]
    marks = ", ".join("?" * len(values))
    return run(f"INSERT INTO {table} ({', '.join(told)}) VALUES ({marks}){more}", values)


def _told(columns: str, row: tuple[Any, ...]) -> dict[str, Any]:
    return {name: _text(value) for name, value in zip(columns.split(", "), row, strict=True)}


def _text(value: object) -> object:
    if isinstance(value, (bytes, memoryview)):
        return {"b": base64.b64encode(bytes(value)).decode()}
    return value
