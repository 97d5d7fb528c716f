"""Clusters on Spark: the connected components of the candidates, grouped around references as on one machine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from samepic.duplicates.cache import CachedVerdict
from samepic.duplicates.candidates import CandidateGraph
from samepic.duplicates.groups import GroupBuilder
from samepic.duplicates.quality import Merit, why_best
from samepic.profile import Policy
from samepic.spark.candidates import connected_components
from samepic.spark.catalog import Batches, from_row, schema_of
from samepic.spark.compare import Originals, SparkComparer, by_cluster
from samepic.tuning.search import SEARCH

GATHERED: Final = 4_000_000  # edges up to which the driver builds the clusters itself

FOUND = schema_of(
    "sha256 string, reference string, relation string, probability double, explanation string, error string"
)
"""The result for a picture: its reference, or itself with the reason; or the error."""


def group_clusters(policy: Policy) -> Batches:
    """Return a function from rows of pictures, sorted by cluster, to rows of FOUND."""
    return by_cluster(("cluster",), FOUND, partial(_cluster_rows, policy=policy))


class _Neighbors:
    """The candidates within one cluster, as `CandidateGraph` finds them among all; `alike` are pairs by copy code."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._near = CandidateGraph([from_row(row) for row in rows], lambda _: None)
        places = {row["id"]: place for place, row in enumerate(rows)}
        alike = ([pair for pair in row["alike"] or () if pair["b"] in places] for row in rows)
        self._alike = [{places[one["b"]]: SEARCH.radius + one["bits"] for one in pairs} for pairs in alike]

    def __getitem__(self, index: int, /) -> Mapping[int, int]:
        near = self._near[index]
        return {**self._alike[index], **near} if self._alike[index] else near


def _cluster_rows(
    rows: list[dict[str, Any]], originals: Originals, *, policy: Policy
) -> list[dict[str, Any]]:
    merits = {place: Merit.from_text(row["facts"]) for place, row in enumerate(rows)}
    comparer = SparkComparer(originals, merits, _cached(rows))
    builder = GroupBuilder(_Neighbors(rows), merits, comparer, policy)
    found = []
    for star in builder.drafts(range(len(rows))):
        reference, others = rows[star.reference]["sha256"], [merits[place] for place in star.verdicts]
        reason = why_best(merits[star.reference], others, proven=star.proven)
        found.append({"sha256": reference, "reference": reference, "explanation": reason})
        for place, verdict in star.verdicts.items():
            columns = {name: value for name, value in verdict._asdict().items() if name in FOUND.names}
            found.append({"sha256": rows[place]["sha256"], "reference": reference, **columns})
    errors = sorted(comparer.errors.items())
    return found + [{"sha256": rows[place]["sha256"], "error": error} for place, error in errors]


def _cached(rows: list[dict[str, Any]]) -> dict[tuple[int, int], CachedVerdict]:
    places = {row["id"]: place for place, row in enumerate(rows)}
    cached = {}
    for place, row in enumerate(rows):
        if row["verdict"]:
            cached[places[row["first"]], place] = CachedVerdict(**row["verdict"])
        for pair in row["alike"] or ():
            if pair["verdict"] and pair["b"] in places:
                cached[place, places[pair["b"]]] = CachedVerdict(**pair["verdict"])
    return cached


def clusters(edges: DataFrame) -> DataFrame:
    """Return id and cluster, its least id, of each picture with an edge; more than GATHERED edges stay distributed."""
    kept = edges.persist()
    rows = kept.limit(GATHERED + 1).toArrow()
    if rows.num_rows > GATHERED:
        return clusters_apart(kept)
    a, b = (np.asarray(column.to_numpy(), np.int64) for column in rows.columns)
    nodes, labels = connected_components(a, b)
    if not len(nodes):
        return edges.sparkSession.createDataFrame([], "id bigint, cluster bigint")
    table = pa.table({"id": pa.array(nodes), "cluster": pa.array(labels)})
    return edges.sparkSession.createDataFrame(table)


def clusters_apart(edges: DataFrame) -> DataFrame:
    """Do as `clusters` by alternating stars (Kiveris et al. 2014). Raises ValueError without checkpoints."""
    ends = fn.greatest("a", "b").alias("u"), fn.least("a", "b").alias("v")
    now = edges.where("a <> b").select(*ends).distinct()
    if edges.sparkSession.sparkContext.getCheckpointDir() is None:
        raise ValueError(
            "spark.checkpoint.dir: expected a folder that every executor can reach, found none, and there are more than"
            f" {GATHERED} edges"
        )
    # Without checkpoints the plan of each round would hold that of the one before four times.
    now, before = now.checkpoint(), None
    while (totals := _edge_totals(now)) != before:
        before = totals
        now = _small_star(_large_star(now)).checkpoint()
    roots = now.select(fn.col("v").alias("id"), fn.col("v").alias("cluster"))
    return now.select(fn.col("u").alias("id"), fn.col("v").alias("cluster")).unionAll(roots).distinct()


def _large_star(edges: DataFrame) -> DataFrame:
    both = edges.unionAll(edges.select(fn.col("v").alias("u"), fn.col("u").alias("v")))
    least = both.groupBy("u").agg(fn.least(fn.min("v"), fn.col("u")).alias("m"))
    later = both.join(least, "u").where("v > u")
    return later.select(fn.col("v").alias("u"), fn.col("m").alias("v")).distinct()


def _small_star(edges: DataFrame) -> DataFrame:
    least = edges.groupBy("u").agg(fn.min("v").alias("m"))
    others = edges.join(least, "u").where("v <> m").select(fn.col("v").alias("u"), fn.col("m").alias("v"))
    return others.unionAll(least.select("u", fn.col("m").alias("v"))).distinct()


def _edge_totals(edges: DataFrame) -> tuple[int, int]:
    """Return how many edges there are and a sum of their digests, to see whether anything changed."""
    row = edges.agg(fn.count("*"), fn.sum(fn.xxhash64("u", "v").cast("decimal(38,0)"))).first()
    assert row is not None
    return int(row[0]), int(row[1] or 0)
