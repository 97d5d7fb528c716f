"""ranked: rows numbered from 0 in the order of a column, with no row passing through one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

__all__ = ["ranked"]


def ranked(df: DataFrame, column: str, name: str) -> DataFrame:
    """Return the texts of a column, each once in it, with their places in its order, bytewise, as `name`, a bigint.

    What this returns is persisted: ranges are cut by a sample, which another run would draw anew.
    """
    ranged = df.select(column).repartitionByRange(column).sortWithinPartitions(column).persist()
    counts = {
        row["part"]: row["count"]
        for row in ranged.groupBy(fn.spark_partition_id().alias("part")).count().collect()
    }
    first = dict(zip(range(max(counts, default=0) + 1), _before(counts), strict=True))

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        assert context is not None
        at = first.get(context.partitionId(), 0)
        for batch in batches:
            places = pa.array(range(at, at + len(batch)), pa.int64())
            at += len(batch)
            yield pa.RecordBatch.from_arrays([batch.column(0), places], [column, name])

    return ranged.mapInArrow(work, f"{column} string, {name} bigint")


def _before(counts: dict[int, int]) -> list[int]:
    sizes = [counts.get(part, 0) for part in range(max(counts, default=0) + 1)]
    return [0, *accumulate(sizes)][:-1]
