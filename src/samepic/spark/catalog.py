"""fingerprints: a DataFrame of pictures to their fingerprints, decoded in a sandboxed process beside the worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import cache, partial
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn
from pyspark.sql.types import StringType

from samepic.duplicates.quality import merit
from samepic.duplicates.scan import HEAD, TAIL, not_a_picture, peek
from samepic.errors import UnreadableError
from samepic.fingerprints.fingerprint import VERSION, Fingerprint
from samepic.limits import LIMITS
from samepic.picture import read
from samepic.sandbox.pool import Workers
from samepic.sandbox.protocol import WorkerLimits
from samepic.writing import reason_of

DECODER: Final = WorkerLimits(
    upload=LIMITS, memory_bytes=3 * 2**30, cpu_seconds=60.0, wall_seconds=90.0, queue_seconds=600.0
)
"""The limits of the decoding process beside each Python worker. 2026-11-23: chosen."""

_BATCH_BYTES = 32 * 2**20
"""The largest batch of rows from the JVM to Python, but for a single larger picture."""


@cache
def decoder() -> Workers:
    """Return the decoding process of this Python worker: one, since Spark gives a worker one task at a time."""
    return Workers(1, DECODER)


def local_path(path: str) -> str:
    """Return the path that a "file:" URI names, and any other text as it is."""
    return unquote(urlsplit(path).path) if path.startswith("file:") else path


def original(path: str) -> bytes:
    """Return the bytes of a picture file. Raises UnreadableError."""
    return read(local_path(path), limits=DECODER.upload).data


def peek_bytes(data: bytes) -> bytes:
    """Return the bytes that `samepic.duplicates.scan.peek` reads of a file."""
    return data[:HEAD] + data[max(HEAD, len(data) - TAIL) :]


def check_source(name: str, data: bytes | None, path: str | None) -> tuple[str, str, int]:
    """Return the kind ("": perhaps a picture), error and bytes of a source. Raises OSError and UnreadableError."""
    if data is not None:
        head, size = peek_bytes(data), len(data)
    elif path is not None:
        place = local_path(path)
        size = os.stat(place).st_size  # noqa: PTH116  (Path would normalize the name)
        head = peek(place, size)
    else:
        raise UnreadableError(name, "a picture", "null")
    known = not_a_picture(head, name, size)
    return (known.kind, known.content, size) if known else ("", "", size)


Batches = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

_TYPES = {
    "string": pa.string(), "bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "boolean": pa.bool_(),
    "binary": pa.binary(),
}  # fmt: skip
_NAMES = {kind: name for name, kind in _TYPES.items()}


def schema_of(columns: str) -> pa.Schema:
    """Return the schema of columns that are written as in SQL: names, types and commas."""
    return pa.schema([(name, _TYPES[kind]) for name, kind in map(str.split, columns.split(","))])


def sql_of(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {_NAMES[field.type]}" for field in schema)


SCHEMA = schema_of(
    "key string, size bigint, kind string, error string, sha256 string, coded_digest string,"
    " pdq_forms binary, quality int, detail int, width int, height int, format string, copycode binary,"
    " copycode_parts binary, version int, facts string, proxy binary"
)

_FINGERPRINT = tuple(field.name for field in fields(Fingerprint) if field.name in SCHEMA.names)


def in_python(df: DataFrame, work: Batches, schema: pa.Schema) -> DataFrame:
    """Return the rows that `work` makes of those of `df`, in batches of limited bytes."""
    conf, name = df.sparkSession.conf, "spark.sql.execution.arrow.maxBytesPerBatch"
    if int((conf.get(name) or "0").removesuffix("b")) > _BATCH_BYTES:
        conf.set(name, str(_BATCH_BYTES))
    return df.mapInArrow(work, sql_of(schema))


def fingerprints(
    df: DataFrame,
    *,
    key: str,
    content: str | None = None,
    path: str | None = None,
    copies: bool = False,
    proxies: bool = False,
) -> DataFrame:
    """Fingerprint the pictures of a DataFrame, one row for each; keep it as Parquet to search again and to add to.

    `key` names the column (text) that identifies a picture, each once; `content` that of their bytes, or `path`
    that of their paths, which every executor must be able to open; with `copies`, copy codes are made too, and with
    `proxies` the small pictures that stand for what is not at hand later. The columns are those of `Fingerprint`,
    `size` in bytes, `kind` ("picture", "unreadable" or "other"), `error` for what is unreadable, `facts` by which the
    best of several copies is chosen, and `proxy`. A picture that breaks its decoder, takes too much memory or too long
    costs its own row an error: each Python worker has a process beside it that decodes. Nothing is computed before
    Spark is asked for rows. Raises ValueError for columns that are not there.
    """
    work = partial(_catalogue_batches, copies=copies, proxies=proxies)
    return in_python(sources(df, key, content, path), work, SCHEMA)


def sources(df: DataFrame, key: str, content: str | None, path: str | None) -> DataFrame:
    """Return the columns key, content and path, the latter of which one is null. Raises ValueError."""
    if (content is None) == (path is None):
        raise ValueError("expected either the column of contents or that of paths, found both or neither")
    for name in filter(None, (key, content, path)):
        if name not in df.columns:
            raise ValueError(f"{name}: expected one of the columns {', '.join(df.columns)}")
    if not isinstance(df.schema[key].dataType, StringType):
        raise ValueError(f"{key}: expected a column of text, found {df.schema[key].dataType.simpleString()}")
    kinds = ((content, "binary", "content"), (path, "string", "path"))
    given = ((fn.col(name) if name else fn.lit(None)).cast(kind).alias(alias) for name, kind, alias in kinds)
    return df.select(fn.col(key).alias("key"), *given)


def arrow_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield the rows one by one: a batch of contents as Python values would be in memory twice."""
    for at in range(len(batch)):
        yield {name: batch.column(place)[at].as_py() for place, name in enumerate(batch.schema.names)}


def from_row(row: dict[str, Any]) -> Fingerprint:
    return Fingerprint(**{name: row[name] for name in _FINGERPRINT})


def _catalogue_batches(
    batches: Iterable[pa.RecordBatch], *, copies: bool, proxies: bool
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = [_row(**row, copies=copies, proxies=proxies) for row in arrow_rows(batch)]
        yield pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def _row(key: str, content: bytes | None, path: str | None, *, copies: bool, proxies: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"key": key, "version": VERSION}
    try:
        kind, error, row["size"] = check_source(key, content, path)
        if kind:
            return {**row, "kind": kind, "error": error or None}
        encoded = original(path) if content is None and path is not None else content
        assert encoded is not None
        prepared = decoder().catalogue(encoded, key, copycode=copies, proxied=proxies)
    except (UnreadableError, OSError) as failure:
        return {**row, "kind": "unreadable", "error": reason_of(failure)}
    found = prepared.fingerprint
    return {
        **row,
        **{name: getattr(found, name) for name in _FINGERPRINT},
        "kind": "picture",
        "facts": merit(prepared.info).to_text(),
        "proxy": prepared.proxy or None,
    }
