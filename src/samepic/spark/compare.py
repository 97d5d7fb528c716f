"""Compare on Spark: pairs that copy codes propose, large clusters in pieces, each in a process beside the worker."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from samepic.duplicates.cache import CachedVerdict
from samepic.duplicates.groups import accepted
from samepic.duplicates.quality import Merit
from samepic.errors import UnreadableError, WorkerError
from samepic.profile import Policy
from samepic.spark.catalog import Batches, arrow_rows, decoder, in_python, original, schema_of
from samepic.verdict import Verdict
from samepic.verify.explain import explain
from samepic.verify.resave import ProofScope
from samepic.writing import reason_of

VERDICTS = schema_of(
    "first bigint, id bigint, relation string, probability double, explanation string, original string,"
    " same boolean, error string"
)
"""What the picture `id` is to the picture `first`, and whether that counts as the same; or why `id` is damaged."""

HELD_BYTES: Final = 64 * 2**20  # encoded pictures of one cluster in memory, beyond which they are on disk

CROWD: Final = 256
"""Pictures of a cluster beyond which it is logged, and compared with its best in parts of this size."""

_CALLED = ("the reference", "this file")


def verdict_row(
    first: int, other: int, verdict: CachedVerdict, *, same: bool | None = None
) -> dict[str, Any]:
    return {"first": first, "id": other, **verdict._asdict(), "same": same}


class Originals(AbstractContextManager["Originals"]):
    """The encoded pictures of one cluster by index: in memory, or many in a file on the executor's disk."""

    def __init__(self) -> None:
        self._places: list[tuple[str | None, int, int]] = []
        self.proxies: list[bytes | None] = []  # small pictures, None where none was made
        self._file = tempfile.SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115  (closed by __exit__)

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, content: bytes | None, path: str | None, proxy: bytes | None) -> None:
        """Add the next picture: by its bytes, by its path, or by its small picture alone."""
        self.proxies.append(proxy)
        self._places.append((path, self._file.seek(0, os.SEEK_END), len(content or b"")))
        self._file.write(content or b"")

    def original_bytes(self, index: int) -> bytes | None:
        """Return one as it is, None where it is not at hand. Raises UnreadableError."""
        path, start, size = self._places[index]
        if not size:
            return original(path) if path is not None else None
        self._file.seek(start)
        return self._file.read(size)


def by_cluster(
    columns: Sequence[str],
    schema: pa.Schema,
    rows_of: Callable[[list[dict[str, Any]], Originals], list[dict[str, Any]]],
) -> Batches:
    """Return a function from rows of pictures, sorted by these columns, to what `rows_of` makes of equal ones."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = (row for batch in batches for row in arrow_rows(batch))
        for _, members in groupby(rows, key=itemgetter(*columns)):
            with Originals() as originals:
                kept = []
                for row in members:
                    originals.add(row.pop("content"), row["path"], row.pop("proxy"))
                    kept.append(row)
                yield pa.RecordBatch.from_pylist(rows_of(kept, originals), schema=schema)

    return work


@dataclass(slots=True, eq=False)
class SparkComparer:
    """Compares pictures of one cluster, but the `_cached`; `_merits` loses what cannot be read, `errors` says why."""

    _originals: Originals
    _merits: dict[int, Merit]
    _cached: Mapping[tuple[int, int], CachedVerdict] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)

    def __call__(self, a: int, b: int) -> CachedVerdict | None:
        """Return what the second is to the first, None where there is no verdict."""
        if (a, b) in self._cached:
            return self._cached[a, b]
        originals = []
        for index in (a, b):
            try:
                originals.append(self._originals.original_bytes(index))
            except UnreadableError as error:
                self._mark_unreadable(index, error)
                return None
        first, second = originals
        by_proxy = first is None or second is None
        if first is None or second is None:
            first, second = self._originals.proxies[a], self._originals.proxies[b]
        if first is None or second is None:
            raise ValueError("known: expected fingerprints with proxies, found some without")
        try:
            named = partial(decoder().compare, names=("a", "b"), called=_CALLED)
            verdict = named(first, second, prove=ProofScope.COPY_A, visibility=False)
        except WorkerError:
            # Either of the two may have ended the process; where neither does so alone, there is no verdict.
            self._check_alone(a, first)
            self._check_alone(b, second)
            return None
        except UnreadableError as error:
            self._mark_unreadable(b if error.name == "b" else a, error)
            return None
        sentence = _proxy_sentence(verdict) if by_proxy else verdict.explanation
        return CachedVerdict(str(verdict.relation), verdict.probability, sentence, verdict.original)

    def _check_alone(self, index: int, data: bytes) -> None:
        try:
            decoder().catalogue(data, "picture", proxied=True)
        except UnreadableError as error:
            self._mark_unreadable(index, error)

    def _mark_unreadable(self, index: int, error: UnreadableError) -> None:
        self._merits.pop(index, None)
        self.errors[index] = reason_of(error)


def _proxy_sentence(verdict: Verdict) -> str:
    """Return the sentence of a verdict on small pictures, without the sizes and codings that these have."""
    a, b = (replace(info, name=name) for info, name in zip((verdict.a, verdict.b), _CALLED, strict=True))
    sentence = explain(replace(verdict.facts, proxies=True), verdict.relation, a, b)
    return f"{sentence} (compared as small pictures)"


def compare_pairs(
    alike: DataFrame, parts: DataFrame, items: DataFrame, given: DataFrame, policy: Policy
) -> DataFrame:
    """Return VERDICTS on each pair of `alike` that is in no cluster of `parts`, and the errors of what is damaged."""
    pairs = alike.where("a < b").select("a", "b")
    for end in ("a", "b"):
        pairs = pairs.join(parts.toDF(end, f"cluster_{end}"), end, "left")
    # What has no cluster is joined with nothing, so that null is no equal of null here.
    pairs = pairs.where("not coalesce(cluster_a = cluster_b, false)").select("a", "b").persist()
    heads = pairs.select(fn.col("a").alias("head"), fn.col("a").alias("id")).distinct()
    rows = heads.unionAll(pairs.select(fn.col("a").alias("head"), fn.col("b").alias("id")))
    rows = rows.join(items.select("id", "key", "facts", "proxy"), "id").join(given, "key", "left").drop("key")
    rows = rows.repartition("head").sortWithinPartitions("head", "id")
    work = by_cluster(("head",), VERDICTS, partial(_compare_to_first, policy=policy))
    return in_python(rows, work, VERDICTS)


def _compare_to_first(
    rows: list[dict[str, Any]], originals: Originals, *, policy: Policy
) -> list[dict[str, Any]]:
    merits = {place: Merit.from_text(row["facts"]) for place, row in enumerate(rows)}
    ids = [row["id"] for row in rows]
    comparer, found = SparkComparer(originals, merits), []
    for place in range(1, len(ids)):
        if {0, place} <= merits.keys():
            a, b = sorted((0, place), key=lambda index: merits[index].order(ids[index]))
            verdict = comparer(a, b)
            if verdict is not None:
                same = accepted(verdict, policy) is not None
                found.append(verdict_row(ids[a], ids[b], verdict, same=same))
    return found + [{"id": ids[place], "error": error} for place, error in sorted(comparer.errors.items())]


_log = logging.getLogger("samepic.spark")
_FIRST = schema_of("cluster bigint, first bigint")


def compare_crowds(items: DataFrame, parts: DataFrame, given: DataFrame) -> DataFrame | None:
    """Return VERDICTS on clusters over CROWD, in pieces, against their best picture; None where there are none."""
    sizes = parts.groupBy("cluster").count().where(fn.col("count") > CROWD)
    totals = sizes.agg(fn.count("*"), fn.max("count")).collect()[0]
    if not totals[0]:
        return None
    _log.warning("crowds of look-alikes: %d, up to %d pictures each", *totals)
    pieces = fn.ceil(fn.col("count") / CROWD)
    crowds = sizes.select("cluster", pieces.alias("pieces")).persist()
    members = parts.join(crowds, "cluster").join(items.select("id", "key", "facts", "proxy"), "id")
    ranked = members.select("cluster", "id", "facts").repartition("cluster")
    best = in_python(ranked, _best_of_clusters, _FIRST).persist()
    members = members.join(best, "cluster").join(given, "key", "left").drop("key", "facts")
    heads = members.where("id = first").withColumn("piece", fn.explode(fn.expr("sequence(0, pieces - 1)")))
    others = members.where("id <> first").withColumn("piece", fn.expr("pmod(id, pieces)"))
    rows = heads.unionByName(others).withColumn("head", fn.expr("id = first"))
    rows = rows.repartition("cluster", "piece")
    rows = rows.sortWithinPartitions("cluster", "piece", fn.desc("head"), "id")
    return in_python(rows, _compare_pieces, VERDICTS)


def _best_of_clusters(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    best: dict[int, tuple[int, ...]] = {}
    for batch in batches:
        for row in arrow_rows(batch):
            order = Merit.from_text(row["facts"]).order(row["id"])
            best[row["cluster"]] = min(order, best.get(row["cluster"], order))
    found = [{"cluster": cluster, "first": order[-1]} for cluster, order in best.items()]
    yield pa.RecordBatch.from_pylist(found, schema=_FIRST)


def _compare_piece(rows: list[dict[str, Any]], originals: Originals) -> list[dict[str, Any]]:
    comparer, first = SparkComparer(originals, {}), rows[0]["id"]
    verdicts = ((row["id"], comparer(0, place)) for place, row in enumerate(rows) if place)
    return [verdict_row(first, index, verdict) for index, verdict in verdicts if verdict is not None]


_compare_pieces = by_cluster(("cluster", "piece"), VERDICTS, _compare_piece)
