"""The join of fingerprints on Spark: synthetic PDQ codes with planted copies, what is found, time and bytes shuffled.

    python -m bench spark_join [--sizes 100000 300000 1000000] [--copies 10000] [--search bands scan] [--blank 20000]

Codes are random bits, their eight forms by the rule that turns signs of a transform; one in a hundred (--copies of a
million) is a copy of another, 0 to the radius bits away in one of the eight forms. With --blank, so many codes more are
those of default pictures: one code, and others a few bits from it. Runs on local-cluster[2,1,2048].
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from bench.common import head, option, row
from bench.spark_common import session, shuffled
from samepic.spark.candidates import CandidateScan, pdq_edges
from samepic.spark.clusters import clusters
from samepic.tuning.search import SEARCH

Codes = NDArray[np.uint8]


OPTIONS = (
    option("--sizes", [100_000, 300_000, 1_000_000], type=int, nargs="+"),
    option("--copies", 10_000, help="copies in a million"),
    option("--search", ["bands"], nargs="+", choices=[str(one) for one in CandidateScan]),
    option("--blank", 0),
    option("--partitions", 16),
)


def main(args: argparse.Namespace) -> None:
    """Make, join and print."""
    head("search", "codes", "planted", "found", "wall s", "against linear", "shuffled MB", "executor s")
    for name in args.search:
        first: tuple[int, float] | None = None
        for size in args.sizes:
            wall, result = joined(CandidateScan(name), size, size * args.copies // 1_000_000, args)
            first = first or (size, wall)
            growth = (wall / first[1]) / (size / first[0])
            row(name, size, *result[:2], f"{wall:.1f}", f"{growth:.2f}", *result[2:])


def joined(
    search: CandidateScan, size: int, copies: int, args: argparse.Namespace
) -> tuple[float, tuple[str, ...]]:
    """Return the seconds of a join, and what is told of it."""
    radius = SEARCH.radius if search is CandidateScan.SCAN else SEARCH.band_radius
    with tempfile.TemporaryDirectory() as made, session("local-cluster[2,1,2048]", args.partitions) as spark:
        forms, pairs = planted(size, copies, radius)
        if args.blank:
            forms = np.concatenate([forms, defaults(args.blank)])
        write(forms, Path(made) / "items.parquet")
        items = spark.read.parquet(str(Path(made) / "items.parquet"))
        warm(spark)
        before = shuffled(spark)
        start = time.perf_counter()
        found = clusters(pdq_edges(items.repartition(args.partitions), search)).toArrow()
        wall = time.perf_counter() - start
        after = shuffled(spark)
        cluster = dict(zip(found.column(0).to_pylist(), found.column(1).to_pylist(), strict=True))
        met = sum(a in cluster and cluster.get(a) == cluster.get(b) for a, b in pairs)
        moved = (after["shuffleWriteBytes"] - before["shuffleWriteBytes"]) / 1e6
        work = (after["executorRunTime"] - before["executorRunTime"]) / 1e3
        return wall, (str(len(pairs)), str(met), f"{moved:.0f}", f"{work:.0f}")


def planted(size: int, copies: int, radius: int) -> tuple[Codes, list[tuple[int, int]]]:
    """Return (size, 256) forms of which the last `copies` are copies, and the pairs of rows that are near."""
    dice = np.random.default_rng(20261123)
    codes = dice.integers(0, 256, (size, 32), np.uint8)
    sources = dice.choice(size - copies, copies, replace=False)
    for at, source in zip(range(size - copies, size), sources.tolist(), strict=True):
        form = turned(codes[source])[dice.integers(0, 8)]
        bits = np.unpackbits(form)
        bits[dice.choice(256, dice.integers(0, radius + 1), replace=False)] ^= 1
        codes[at] = np.packbits(bits)
    forms = np.concatenate([all_forms(codes[start : start + 100_000]) for start in range(0, size, 100_000)])
    return forms, list(zip(sources.tolist(), range(size - copies, size), strict=True))


def defaults(count: int) -> Codes:
    """Return the forms of default pictures: a half of them one code, the others up to 12 bits from it."""
    dice = np.random.default_rng(7)
    code = dice.integers(0, 256, 32, np.uint8)
    bits = np.tile(np.unpackbits(code), (count, 1))
    for at in range(count // 2, count):
        bits[at, dice.choice(256, dice.integers(1, 13), replace=False)] ^= 1
    return all_forms(np.packbits(bits, axis=1))


def turned(code: Codes) -> Codes:
    """Return the eight forms of one code, (8, 32)."""
    return all_forms(code[None]).reshape(8, 32)


_ROW, _COLUMN = np.divmod(np.arange(256), 16)


def all_forms(codes: Codes) -> Codes:
    """Return (n, 256): for bits that are signs about the median, a mirror turns over those of odd places.

    In the order of FORMS. Of photographs a few bits about the median differ from this.
    """
    bits = np.unpackbits(codes, axis=1)
    across = bits[:, _COLUMN * 16 + _ROW]
    odd_row, odd_column = (_ROW % 2).astype(np.uint8), (_COLUMN % 2).astype(np.uint8)
    flips = (0 * odd_row, odd_row, odd_column, odd_row ^ odd_column)
    plain, other = [bits ^ flip for flip in flips], [across ^ flip for flip in flips]
    order = (plain[0], other[1], plain[3], other[2], plain[1], plain[2], other[0], other[3])
    return np.packbits(np.stack(order, axis=1), axis=2).reshape(len(codes), 256)


def write(forms: Codes, place: Path) -> None:
    """Write what a join needs of the pictures."""
    data = pa.array([one.tobytes() for one in forms], pa.binary())
    many = pa.array(np.full(len(forms), 100, np.int32))
    fresh, ids = pa.array(np.full(len(forms), True)), pa.array(np.arange(len(forms)))
    columns = {"fresh": fresh, "id": ids, "pdq_forms": data, "quality": many, "detail": many}
    pq.write_table(pa.table(columns), place)


def warm(spark: SparkSession) -> None:
    """Let the executors start their Python workers and load what they need, which is no part of the join."""
    forms, _ = planted(64, 8, 8)
    rows = [(at, bytes(forms[at]), 100, 100, True) for at in range(64)]
    small = spark.createDataFrame(
        rows, "id bigint, pdq_forms binary, quality int, detail int, fresh boolean"
    ).repartition(4)
    for search in CandidateScan:
        clusters(pdq_edges(small, search)).collect()
