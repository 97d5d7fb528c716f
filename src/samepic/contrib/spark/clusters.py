"""Clusters: the connected parts of a graph of candidates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from samepic.contrib.spark.forest import parts
from samepic.profiles.spark import SPARK

__all__ = ["clusters", "clusters_apart"]


def clusters(edges: DataFrame) -> DataFrame:
    """Return for each picture that has an edge (a, b) the least number that edges connect it to: id, cluster.

    Up to SPARK.gathered edges are brought to the driver; more are worked on where they are.
    """
    kept = edges.persist()
    rows = kept.limit(SPARK.gathered + 1).toArrow()
    if rows.num_rows > SPARK.gathered:
        return clusters_apart(kept)
    a, b = (np.asarray(column.to_numpy(), np.int64) for column in rows.columns)
    nodes, labels = parts(a, b)
    table = pa.table({"id": pa.array(nodes), "cluster": pa.array(labels)})
    spark = edges.sparkSession
    if not len(nodes):
        return spark.createDataFrame([], "id bigint, cluster bigint")
    return spark.createDataFrame(table)


def clusters_apart(edges: DataFrame) -> DataFrame:
    """Do what `clusters` does by alternating large and small stars (Kiveris et al. 2014), with no more than edges kept.

    As many rounds of two joins as the square of the logarithm of the pictures at most; some five in practice. Raises
    ValueError where Spark has no folder for checkpoints.
    """
    now = (
        edges.where("a <> b")
        .select(fn.greatest("a", "b").alias("u"), fn.least("a", "b").alias("v"))
        .distinct()
    )
    if edges.sparkSession.sparkContext.getCheckpointDir() is None:
        raise ValueError(
            "spark.checkpoint.dir: wanted a folder that every executor can reach, got none, and there are more than"
            f" {SPARK.gathered} edges"
        )
    # Without checkpoints the plan of each round would hold that of the one before four times.
    now, before = now.checkpoint(), None
    while (told := _told(now)) != before:
        before = told
        now = _small(_large(now)).checkpoint()
    roots = now.select(fn.col("v").alias("id"), fn.col("v").alias("cluster"))
    return now.select(fn.col("u").alias("id"), fn.col("v").alias("cluster")).unionAll(roots).distinct()


def _large(edges: DataFrame) -> DataFrame:
    """Connect what is larger than a picture with the least of all that it is connected with."""
    both = edges.unionAll(edges.select(fn.col("v").alias("u"), fn.col("u").alias("v")))
    least = both.groupBy("u").agg(fn.least(fn.min("v"), fn.col("u")).alias("m"))
    return (
        both.join(least, "u").where("v > u").select(fn.col("v").alias("u"), fn.col("m").alias("v")).distinct()
    )


def _small(edges: DataFrame) -> DataFrame:
    """Connect a picture, and what is less than it, with the least of them."""
    least = edges.groupBy("u").agg(fn.min("v").alias("m"))
    others = edges.join(least, "u").where("v <> m").select(fn.col("v").alias("u"), fn.col("m").alias("v"))
    return others.unionAll(least.select("u", fn.col("m").alias("v"))).distinct()


def _told(edges: DataFrame) -> tuple[int, int]:
    """Return how many edges there are and a sum of their digests, which tells whether anything has changed."""
    row = edges.agg(fn.count("*"), fn.sum(fn.xxhash64("u", "v").cast("decimal(38,0)"))).first()
    assert row is not None
    return int(row[0]), int(row[1] or 0)
