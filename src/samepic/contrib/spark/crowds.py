"""Crowds: many look-alikes in one cluster, held against the best of them in pieces before one task gathers them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from samepic.collection.reference import Merit
from samepic.contrib.spark.comparing import SAID, SAID_SQL, Originals, Sayer, said_row
from samepic.contrib.spark.prints import arrow_rows, bounded
from samepic.profiles.spark import SPARK

__all__ = ["said_in_crowds"]

_log = logging.getLogger("samepic.spark")

_FIRST = pa.schema([("cluster", pa.int64()), ("first", pa.int64())])


def said_in_crowds(items: DataFrame, parts: DataFrame, given: DataFrame) -> DataFrame | None:
    """Return what each picture of a crowd is to the best of it: the columns of SAID; None without crowds.

    A crowd is a cluster of more than SPARK.crowd pictures, of which a warning tells. They are compared in pieces of so
    many, by any executor; of what cannot be compared there is no row. The best is taken for the reference, which it
    is unless another proves to be the original.
    """
    sizes = parts.groupBy("cluster").count().where(fn.col("count") > SPARK.crowd)
    told = sizes.agg(fn.count("*"), fn.max("count")).collect()[0]
    if not told[0]:
        return None
    _log.warning("crowds of look-alikes: %d, up to %d pictures each", *told)
    pieces = fn.ceil(fn.col("count") / SPARK.crowd)
    crowds = sizes.select("cluster", pieces.alias("pieces")).persist()
    members = parts.join(crowds, "cluster").join(items.select("id", "key", "facts", "proxy"), "id")
    ranked = members.select("cluster", "id", "facts").repartition("cluster")
    best = ranked.mapInArrow(_firsts, "cluster bigint, first bigint").persist()
    members = members.join(best, "cluster").join(given, "key", "left").drop("key", "facts")
    heads = members.where("id = first").withColumn("piece", fn.explode(fn.expr("sequence(0, pieces - 1)")))
    others = members.where("id <> first").withColumn("piece", fn.expr("pmod(id, pieces)"))
    rows = heads.unionByName(others).withColumn("head", fn.expr("id = first"))
    rows = rows.repartition("cluster", "piece").sortWithinPartitions(
        "cluster", "piece", fn.desc("head"), "id"
    )
    return bounded(rows).mapInArrow(_said, SAID_SQL)


def _firsts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the best picture of each cluster, all of whose rows are here."""
    best: dict[int, tuple[int, ...]] = {}
    for batch in batches:
        for row in arrow_rows(batch):
            order = Merit.from_text(row["facts"]).order(row["id"])
            best[row["cluster"]] = min(order, best.get(row["cluster"], order))
    found = [{"cluster": cluster, "first": order[-1]} for cluster, order in best.items()]
    yield pa.RecordBatch.from_pylist(found, schema=_FIRST)


def _said(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return what the pictures of each piece are to its first row, the best of the crowd."""
    rows = (row for batch in batches for row in arrow_rows(batch))
    for _, piece in groupby(rows, key=itemgetter("cluster", "piece")):
        with Originals() as originals:
            ids = []
            for row in piece:
                originals.put(row["content"], row["path"], row["proxy"])
                ids.append(row["id"])
            yield pa.RecordBatch.from_pylist(_of_piece(ids, originals), schema=SAID)


def _of_piece(ids: list[int], originals: Originals) -> list[dict[str, Any]]:
    say = Sayer(originals, {})
    heard = ((ids[place], say(0, place)) for place in range(1, len(ids)))
    return [said_row(ids[0], index, said) for index, said in heard if said is not None]
