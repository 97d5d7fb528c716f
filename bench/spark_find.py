"""find on Spark beside find on this machine: the same groups, whatever the partitioning and whoever dies.

    python -m bench spark_find [--every N] [--copies] [--partitions 1 7 64] [--kill SECONDS]

Makes the collection of bench.collection from the photographs of the data folder (every Nth of them), runs
`samepic.find`, then find_duplicates on local-cluster[2,1,2048]: two executor processes of one core. For each
partitioning the table must be the same, row by row; with --kill, an executor is killed with SIGKILL so many seconds
after the search began.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pyspark
from pyspark.sql import SparkSession

from bench.collection import make
from bench.common import head, option, row
from samepic.duplicates.finder import find
from samepic.spark import find_duplicates

Row = tuple[int, str, str, str, float, str]
_SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.port": "0",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "3g",
    "spark.locality.wait": "0",
}


@contextmanager
def _session(partitions: int) -> Iterator[SparkSession]:
    """Give a session with two executors of one core and 2048 MB, each a process."""
    home = str(Path(pyspark.__file__).parent)
    os.environ.update(SPARK_HOME=home, PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    builder = SparkSession.builder.master("local-cluster[2,1,2048]").appName("samepic bench")
    for name, value in (*_SETTINGS.items(), ("spark.sql.shuffle.partitions", str(partitions))):
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()


def _shuffled(spark: SparkSession) -> float:
    """Return what all stages so far wrote into shuffles, in megabytes, by Spark's own count."""
    context = spark.sparkContext
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/stages"
    with urllib.request.urlopen(url) as answer:
        return sum(int(stage.get("shuffleWriteBytes", 0)) for stage in json.load(answer)) / 1e6


def executors() -> list[int]:
    """Return the numbers of the executor processes that descend from this process."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            found += [process.pid] * ("CoarseGrainedExecutorBackend" in " ".join(process.cmdline()))
    return sorted(found)


def here(folder: Path, copies: bool) -> list[Row]:
    """Return the rows that find on this machine gives."""
    rows = []
    for group in find([folder], copies=copies, cache=False):
        for one in group.members:
            said = str(one.relation), one.probability, one.explanation
            rows.append((group.number, one.file.path, group.reference.path, *said))
    return sorted(rows)


def _difference(got: list[Row], want: list[Row]) -> str:
    missing, more = sorted(set(want) - set(got)), sorted(set(got) - set(want))
    if not missing and not more:
        return "yes"
    return f"NO: {len(missing)} missing, {len(more)} more, such as {(missing or more)[0]}"


def _kill_one(dead: list[int]) -> None:
    for running in executors()[:1]:
        os.kill(running, signal.SIGKILL)
        dead.append(running)


OPTIONS = (
    option("--every", 20),
    option("--copies", False),
    option("--partitions", [7], type=int, nargs="+"),
    option("--kill", type=float),
)


def main(args: argparse.Namespace) -> int:
    """Make, search, compare and print; return 1 where a row differs."""
    differ = 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "pictures"
        make(folder, args.every)
        files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
        start = time.perf_counter()
        want = here(folder, args.copies)
        alone, groups = time.perf_counter() - start, len({one[0] for one in want})
        print(f"{len(files)} files, {sum(Path(path).stat().st_size for path in files) / 1e6:.0f} MB")
        print(f"samepic.find: {alone:.1f} s, {len(want)} members in {groups} groups\n", flush=True)
        head("partitions", "executor killed", "wall s", "against find", "shuffled MB", "members", "equal")
        for partitions in args.partitions:
            dead: list[int] = []
            with _session(partitions) as spark:
                paths = spark.createDataFrame([(path,) for path in files], "path string")
                if args.kill:
                    threading.Timer(args.kill, _kill_one, (dead,)).start()
                start = time.perf_counter()
                spread = paths.repartition(partitions)
                found = find_duplicates(spread, key="path", path="path", copies=args.copies).collect()
                wall, moved = time.perf_counter() - start, _shuffled(spark)
            got = sorted(tuple(one) for one in found)
            equal, killed = _difference(got, want), f"{args.kill:g} s" if dead else "no"
            differ += equal != "yes"
            row(partitions, killed, f"{wall:.1f}", f"{wall / alone:.2f}", f"{moved:.1f}", len(got), equal)
    return int(differ > 0)
