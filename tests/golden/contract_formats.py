"""Contracts of what is kept: the tables of stores and of the cache, fingerprints, and decisions of the review."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg

from samepic import Fingerprint, find
from samepic.cleanup.decisions import Decisions, Mark
from samepic.duplicates.groups import read_scan
from samepic.store import open_store
from tests.golden.shapes import Sentences, dumped, read_pictures, shaped
from tests.kits.postgres import fresh_url

__all__ = ["formats", "postgres"]

_DIGESTS = tuple(f"{number:064x}" for number in range(1, 4))
_REPORT = {
    "group": 1,
    "reference": "a.png",
    "reason": "first by path",
    "reference_file": {"path": "a.png", "size": 9, "mtime_ns": 8, "sha256": _DIGESTS[0]},
    "members": [
        {
            "path": f"{name}.png",
            "size": 7,
            "mtime_ns": 6,
            "sha256": digest,
            "relation": relation,
            "probability": 0.99,
            "explanation": "saved again",
        }
        for name, digest, relation in (("b", _DIGESTS[1], "resaved"), ("c", _DIGESTS[2], "reframed"))
    ],
}


def formats(folder: Path) -> dict[str, str]:
    """Return the schemas of SQLite, the text of a fingerprint, and a file of decisions."""
    open_store(str(folder / "store.db")).close()
    return {
        "formats/fingerprint.txt": _fingerprint(),
        "formats/decisions.jsonl": _decisions(folder / "decided.jsonl"),
        "schemas/store.sqlite.sql": _schema(folder / "store.db"),
        "schemas/cache.sqlite.sql": _cache(folder),
    }


def _schema(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        found = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        pragmas = [
            f"PRAGMA {name} = {database.execute(f'PRAGMA {name}').fetchone()[0]}"
            for name in ("user_version", "application_id", "journal_mode")
        ]
    made = [f"{kind} {name}\n    {_flat(sql or 'of its own')}" for kind, name, sql in found]
    return "\n".join((*pragmas, *made)) + "\n"


def _flat(sql: str) -> str:
    """Return a statement with one space between words, and a line for each column of a table."""
    text = re.sub(r"\s+", " ", re.sub(r"--[^\n]*", " ", sql)).strip()
    if not text.startswith("CREATE TABLE"):
        return text
    depth, result = 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        result += ",\n       " if (letter, depth) == (",", 1) else letter
    return result


def _cache(folder: Path) -> str:
    photo = folder / "photos"
    photo.mkdir()
    original = read_pictures(("chelsea",))["chelsea"].read_bytes()
    for name in ("a.png", "b.png"):
        (photo / name).write_bytes(original)
    assert len(list(find([photo], cache=folder / "find.db"))) == 1
    return _schema(folder / "find.db")


def _fingerprint() -> str:
    made = Fingerprint(
        sha256="0123456789abcdef" * 4,
        coded_digest="fedcba9876543210" * 4,
        pdq_forms=bytes(range(256)),
        quality=100,
        detail=97,
        width=640,
        height=480,
        format="JPEG",
        copycode=bytes(range(32)),
        copycode_parts=bytes(range(128)),
    )
    assert Fingerprint.parse(str(made)) == made
    return f"{str(made).replace(',', ',' + chr(10))}\n\n{dumped(made.to_dict())}"


def _decisions(memory: Path) -> str:
    scan = read_scan([json.dumps(_REPORT).encode()], "report")
    decided = Decisions(scan, memory)
    decided.mark(0, 1, Mark.KEEP)
    decided.mark(0, 2, Mark.NOT_DUPLICATE)
    decided.undo()
    decided.accept(0)
    lines = [json.loads(line) for line in memory.read_text().splitlines()]
    return "".join(f"{json.dumps(shaped(line, Sentences()))}\n" for line in lines)


def postgres(folder: Path) -> dict[str, str]:
    """Return the schema of a store in PostgreSQL."""
    url = fresh_url()
    open_store(url).close()
    with psycopg.connect(url) as connection:
        (schema,) = connection.execute("SELECT current_schema()").fetchone() or ("",)
        lines = list(_tables(connection, str(schema)))
    return {"schemas/store.postgres.sql": "\n".join(lines).replace(f"{schema}.", "") + "\n"}


_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text, attgenerated::text,
       pg_get_expr(adbin, adrelid)
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_TABLES = """
SELECT oid, relname, relkind::text, pg_get_expr(relpartbound, oid) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'S', 'v', 'm') ORDER BY relname
"""
_KINDS = {"r": "table", "p": "partitioned table", "S": "sequence", "v": "view", "m": "materialized view"}


def _tables(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> Iterator[str]:
    for oid, name, kind, bound in connection.execute(_TABLES).fetchall():
        yield f"{_KINDS[str(kind)]} {name}" + (f" {bound}" if bound else "")
        if kind == "S":
            continue
        for column, sort, strict, identity, generated, default in connection.execute(_COLUMNS, (oid,)):
            facts = [str(sort), *(["NOT NULL"] if strict else [])]
            facts += [f"IDENTITY {identity}"] if identity else []
            facts += [f"{'GENERATED' if generated else 'DEFAULT'} {default}"] if default else []
            yield f"    {column} {' '.join(facts)}"
        # What says that a column is not NULL is a constraint from PostgreSQL 18 on, and stands above already.
        asked = (
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s AND contype <> 'n' ORDER BY conname"
        )
        for constraint, result in connection.execute(asked, (oid,)):
            yield f"    CONSTRAINT {constraint} {result}"
        asked = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s ORDER BY 1"
        for (index,) in connection.execute(asked, (oid,)):
            yield f"    {index}"
    (version,) = connection.execute("SELECT version FROM samepic").fetchone() or ("",)
    yield f"version {version}"
    found = connection.execute(
        "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = %s::regnamespace",
        (schema,),
    )
    yield from (f"function {name}: {result}" for name, result in found)
