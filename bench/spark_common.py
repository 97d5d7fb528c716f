"""What the measurements on Spark share: executor processes on this machine, and what moved between them."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession


@contextmanager
def session(master: str, partitions: int = 4, **conf: str) -> Iterator[SparkSession]:
    """Give a session on `master`, such as local-cluster[2,1,2048]: two executors of one core and 2048 MB."""
    found = importlib.util.find_spec("pyspark")
    assert found is not None
    assert found.origin is not None
    home = str(Path(found.origin).parent)
    os.environ.update(SPARK_HOME=home, PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.port": "0",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.driver.memory": "3g",
        "spark.locality.wait": "0",
        **conf,
    }
    builder = SparkSession.builder.master(master).appName("samepic bench")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()


def shuffled(spark: SparkSession) -> dict[str, int]:
    """Return what all stages so far read, wrote into shuffles and spilled, in bytes, by Spark's own count."""
    context = spark.sparkContext
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/stages"
    with urllib.request.urlopen(url) as answer:
        stages: list[dict[str, Any]] = json.load(answer)
    names = ("shuffleWriteBytes", "shuffleReadBytes", "diskBytesSpilled", "executorRunTime")
    return {name: sum(int(stage.get(name, 0)) for stage in stages) for name in names}


def executors() -> list[int]:
    """Return the numbers of the executor processes that descend from this process."""
    return descendants("CoarseGrainedExecutorBackend")


def descendants(text: str) -> list[int]:
    """Return the numbers of the processes with a text in their command line that descend from this process."""
    result = subprocess.run(
        ["ps", "-eww", "-o", "pid,ppid,args"], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split(None, 2) for line in result.splitlines()[1:]]
    parents = {int(pid): int(parent) for pid, parent, *_ in rows}

    def ours(pid: int) -> bool:
        while pid > 1 and pid != os.getpid():
            pid = parents.get(pid, 0)
        return pid == os.getpid()

    return sorted(int(pid) for pid, _, *args in rows if text in "".join(args) and ours(int(pid)))
