"""Alike: pairs that copy codes alone propose, compared one by one before clusters are made, as on one machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from samepic.collection.group import counted
from samepic.collection.reference import Merit
from samepic.contrib.spark.comparing import SAID, SAID_SQL, Originals, Sayer, said_row
from samepic.contrib.spark.prints import Batches, arrow_rows, bounded
from samepic.policy import Policy

__all__ = ["said_alike"]


def said_alike(
    alike: DataFrame, parts: DataFrame, items: DataFrame, given: DataFrame, policy: Policy
) -> DataFrame:
    """Return what the lesser is to the better, of each pair of `alike` that is not in one of the clusters `parts`.

    The columns are those of SAID; what cannot be decoded has a row with its `error`. Pairs are spread over all
    executors; each takes two pictures to one of them.
    """
    pairs = alike.where("a < b").select("a", "b")
    for end in ("a", "b"):
        pairs = pairs.join(parts.toDF(end, f"cluster_{end}"), end, "left")
    # What has no cluster is joined with nothing, so that null is no equal of null here.
    pairs = pairs.where("not coalesce(cluster_a = cluster_b, false)").select("a", "b").persist()
    heads = pairs.select(fn.col("a").alias("head"), fn.col("a").alias("id")).distinct()
    rows = heads.unionAll(pairs.select(fn.col("a").alias("head"), fn.col("b").alias("id")))
    rows = rows.join(items.select("id", "key", "facts", "proxy"), "id").join(given, "key", "left").drop("key")
    rows = rows.repartition("head").sortWithinPartitions("head", "id")
    return bounded(rows).mapInArrow(_compared(policy), SAID_SQL)


def _compared(policy: Policy) -> Batches:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = (row for batch in batches for row in arrow_rows(batch))
        for _, group in groupby(rows, key=itemgetter("head")):
            with Originals() as originals:
                ids, merits = [], {}
                for place, row in enumerate(group):
                    originals.put(row["content"], row["path"], row["proxy"])
                    ids.append(row["id"])
                    merits[place] = Merit.from_text(row["facts"])
                yield pa.RecordBatch.from_pylist(_of_head(ids, merits, originals, policy), schema=SAID)

    return work


def _of_head(
    ids: list[int], merits: dict[int, Merit], originals: Originals, policy: Policy
) -> list[dict[str, object]]:
    """Return what is said of the first of these pictures and each of the others."""
    say, found = Sayer(originals, merits), []
    for place in range(1, len(ids)):
        if {0, place} <= merits.keys():
            a, b = sorted((0, place), key=lambda one: merits[one].order(ids[one]))
            said = say(a, b)
            if said is not None:
                found.append(said_row(ids[a], ids[b], said, same=counted(said, policy) is not None))
    return found + [{"id": ids[place], "error": error} for place, error in sorted(say.errors.items())]
