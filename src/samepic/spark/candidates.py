"""Candidates on Spark: the pictures to compare, as edges that connect them.

n look-alikes have n² / 2 pairs, but n - 1 edges connect them: each task returns only connecting edges, and the pairs
are found again within each cluster. Rows are numbered in order, in parallel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark import Broadcast, TaskContext
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as fn

from samepic.spark.catalog import in_python, schema_of
from samepic.spark.joins import CopyScan, CopyTables, PdqBands, PdqScan
from samepic.tuning.search import SEARCH

Ids = NDArray[np.int64]
Piece: TypeAlias = "Broadcast[tuple[Ids, NDArray[np.uint8]]]"
PIECE: Final = 4_000_000  # codes in each Python worker at once, 160 MB
_QUERIES = 256
"""Pictures that candidates are searched for at once."""


class Forest:
    """Rows 0 to n - 1, joined one query after the other (union-find: Galler and Fischer 1964)."""

    def __init__(self, n: int) -> None:
        self._parent = np.arange(n)

    def connect(self, numbers: Ids, ids: Ids, queries: Ids, rows: Ids) -> tuple[Ids, Ids]:
        """Join the rows near each query; return edges of ids that connect what all pairs, sorted by query, connect."""
        a, b = [], []
        starts = np.flatnonzero(np.r_[True, queries[1:] != queries[:-1]][: len(queries)])
        for start, end in pairwise([*starts.tolist(), len(queries)]):
            roots = np.unique(self._roots(rows[start:end]))
            self._parent[roots] = roots[0]
            near = ids[roots]
            near = near[near != numbers[queries[start]]]
            a.append(np.full(len(near), numbers[queries[start]]))
            b.append(near)
        none = np.empty(0, np.int64)
        return np.concatenate([none, *a]), np.concatenate([none, *b])

    def _roots(self, rows: Ids) -> Ids:
        roots = self._parent[rows]
        while not np.array_equal(roots, parents := self._parent[roots]):
            roots = parents
        self._parent[rows] = roots
        return roots


def connected_components(a: Ids, b: Ids) -> tuple[Ids, Ids]:
    """Return the ids in edges, ascending, and the least each is connected to (Shiloach and Vishkin 1982)."""
    nodes, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    first, second = places[: len(a)], places[len(a) :]
    label = np.arange(len(nodes))
    while True:
        low = np.minimum(label[first], label[second])
        new = label.copy()
        for ends in (first, second):
            np.minimum.at(new, label[ends], low)
            np.minimum.at(new, ends, low)
        while not np.array_equal(new, parents := new[new]):
            new = parents
        if np.array_equal(new, label):
            return nodes, nodes[label]
        label = new


class CandidateScan(StrEnum):
    """How candidates are searched: among all codes, or among those that share a band."""

    SCAN = "scan"
    BANDS = "bands"


_EDGE = schema_of("a bigint, b bigint")

_NEAR = schema_of("a bigint, ask int, k int, b bigint, bits int")

_index_cache: dict[int, tuple[Ids, Any]] = {}
"""The index over the last piece that this Python worker received."""


def digest_edges(items: DataFrame) -> DataFrame:
    """Return edges between pictures whose coded digests are equal."""
    coded = items.where("coded_digest <> ''").select("id", "coded_digest")
    first = coded.groupBy("coded_digest").agg(fn.min("id").alias("a"))
    return coded.join(first, "coded_digest").where("id <> a").select("a", fn.col("id").alias("b"))


def pdq_edges(items: DataFrame, search: CandidateScan, *, everywhere: bool = False) -> DataFrame:
    """Return edges within the radius that connect pictures, none weak; `everywhere`: each has a fresh end."""
    strong = items.where(~_weak()).select("id", "pdq_forms", "fresh")
    ends = fn.min("id").alias("first"), fn.max("id").alias("last"), fn.max("fresh").alias("fresh")
    codes = strong.groupBy("pdq_forms").agg(*ends).persist()
    twins = strong.join(codes, "pdq_forms").where("id <> first")
    edges = twins.select(fn.col("first").alias("a"), fn.col("id").alias("b"))
    radius = SEARCH.radius if search is CandidateScan.SCAN else SEARCH.band_radius
    for piece in _pieces(codes.select("first", fn.substring("pdq_forms", 1, 32))):
        # Only fresh pictures are queries; known ones are not.
        work = partial(_pdq_work, piece=piece, radius=radius, search=search, everywhere=everywhere)
        edges = edges.unionAll(in_python(codes.where("fresh"), work, _EDGE))
    return edges


def copies_edges(items: DataFrame, search: CandidateScan) -> DataFrame:
    """Return pairs, both ways with bits, of which one is among the other's nearest; by bands, some are missed."""
    coded = items.where(~_weak() & (fn.length("copycode") > 0))
    coded = coded.select("id", "copycode", "copycode_parts", "fresh").persist()
    pieces = list(_pieces(coded.select("id", "copycode")))
    found: DataFrame | None = None
    for piece in pieces:
        near = in_python(coded.where("fresh"), partial(_copy_work, piece=piece, search=search), _NEAR)
        found = near if found is None else found.unionAll(near)
    if found is None:
        return items.sparkSession.createDataFrame([], "a bigint, b bigint, bits int")
    if len(pieces) > 1:
        place = fn.row_number().over(Window.partitionBy("a", "ask").orderBy("bits", "b"))
        found = found.withColumn("place", place).where("place <= k")
    forward = found.where("a <> b").select("a", "b", "bits")
    backward = forward.select(fn.col("b").alias("a"), fn.col("a").alias("b"), "bits")
    return forward.unionAll(backward).groupBy("a", "b").agg(fn.min("bits").alias("bits"))


def _weak() -> Column:
    return (fn.col("quality") < SEARCH.quality) | (fn.col("detail") < SEARCH.detail)


def _pieces(codes: DataFrame) -> Iterator[Piece]:
    """Yield the numbers and codes of all, ascending, in pieces that a Python worker can hold."""
    number = codes.columns[0]
    highest = codes.agg(fn.max(number)).first()
    end = -1 if highest is None or highest[0] is None else int(highest[0])
    for start in range(0, end + 1, PIECE):
        rows = codes.where(fn.col(number).between(start, start + PIECE - 1)).toArrow()
        ids = rows.column(0).to_numpy().astype(np.int64)
        if len(ids):
            order = np.argsort(ids)
            data = np.frombuffer(b"".join(rows.column(1).to_pylist()), np.uint8).reshape(-1, 32)
            yield codes.sparkSession.sparkContext.broadcast((ids[order], data[order]))


def _open_index(piece: Piece, index: type) -> tuple[Ids, Any]:
    mark = id(piece.value[0])
    if mark not in _index_cache:
        _index_cache.clear()
        ids, codes = piece.value
        _index_cache[mark] = ids, index(codes)
    return _index_cache[mark]


def _pdq_work(
    batches: Iterable[pa.RecordBatch], *, piece: Piece, radius: int, search: CandidateScan, everywhere: bool
) -> Iterator[pa.RecordBatch]:
    ids, codes = _open_index(piece, PdqScan if search is CandidateScan.SCAN else PdqBands)
    forest = Forest(len(ids))
    for batch in batches:
        first, last = (batch.column(name).to_numpy() for name in ("first", "last"))
        forms = np.frombuffer(b"".join(batch.column("pdq_forms").to_pylist()), np.uint8).reshape(-1, 256)
        # As on one machine, the later of two is the query: turned forms are not quite as far both ways.
        below = np.full(len(last), len(ids)) if everywhere else np.searchsorted(ids, last, "left")
        for at in range(0, len(forms), _QUERIES):
            part = slice(at, at + _QUERIES)
            pairs = codes.within(forms[part], radius, below[part])
            a, b = forest.connect(first[part], ids, pairs.queries, pairs.rows)
            yield pa.RecordBatch.from_arrays([pa.array(a), pa.array(b)], schema=_EDGE)


def _copy_work(
    batches: Iterable[pa.RecordBatch], *, piece: Piece, search: CandidateScan
) -> Iterator[pa.RecordBatch]:
    ids, codes = _open_index(piece, CopyScan if search is CandidateScan.SCAN else CopyTables)
    for batch in batches:
        own = batch.column("id").to_numpy()
        codes_of = [code.as_py() for code in batch.column("copycode")]
        parts = [code.as_py() for code in batch.column("copycode_parts")]
        for numbers, asks, data, k, radius in _queries(own, codes_of, parts):
            for at in range(0, len(numbers), _QUERIES):
                pairs = codes.nearest(data[at : at + _QUERIES], k, radius)
                of = pairs.queries + at
                found = np.full(len(of), k, np.int32), ids[pairs.rows], pairs.distances.astype(np.int32)
                columns = [pa.array(column) for column in (numbers[of], asks[of], *found)]
                yield pa.RecordBatch.from_arrays(columns, schema=_NEAR)


_Query = tuple[Ids, NDArray[np.int32], NDArray[np.uint8], int, int]


def _queries(own: Ids, codes_of: list[bytes], parts: list[bytes]) -> Iterator[_Query]:
    asked = [
        (number, ask, code)
        for number, whole, more in zip(own.tolist(), codes_of, parts, strict=True)
        for ask, code in enumerate([whole, *(more[at : at + 32] for at in range(0, len(more), 32))])
    ]
    for asks, k, radius in (
        (range(1), SEARCH.copy_nearest, SEARCH.copy_radius),
        (range(1, 5), SEARCH.part_nearest, SEARCH.part_radius),
        (range(5, 1 << 30), SEARCH.inset_nearest, SEARCH.inset_radius),
    ):
        rows = [row for row in asked if row[1] in asks]
        if rows:
            numbers, which, codes = zip(*rows, strict=True)
            data = np.frombuffer(b"".join(codes), np.uint8).reshape(-1, 32)
            yield np.array(numbers, np.int64), np.array(which, np.int32), data, k + 1, radius


def rank(df: DataFrame, column: str, name: str) -> DataFrame:
    """Return the texts of a column, each once in it, with their places in its order, bytewise, as `name`, a bigint.

    What this returns is persisted: ranges are cut by a sample, which another run would draw anew.
    """
    ranged = df.select(column).repartitionByRange(column).sortWithinPartitions(column).persist()
    parts = sorted(ranged.groupBy(fn.spark_partition_id().alias("part")).count().collect())
    ends = accumulate(row["count"] for row in parts)
    first = {row["part"]: end - row["count"] for row, end in zip(parts, ends, strict=True)}

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        assert context is not None
        at = first.get(context.partitionId(), 0)
        for batch in batches:
            places = pa.array(range(at, at + len(batch)), pa.int64())
            at += len(batch)
            yield pa.RecordBatch.from_arrays([batch.column(0), places], [column, name])

    return ranged.mapInArrow(work, f"{column} string, {name} bigint")
