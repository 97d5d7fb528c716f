"""A Spark of real executor processes for the tests; where Java or PySpark is missing, they say so and are skipped."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# What is compiled for a long life costs more than it gives back in a minute; nor is there much to collect. Whether the
# code of Spark's own classes is sound is not asked again.
_BRIEF = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
    # Neither classes nor what a test computes once makes room again.
    " -XX:MetaspaceSize=256m -Xms700m -Xmn400m"
    # What is called by reflection is called seldom: no class is written for each such method.
    " -Dsun.reflect.inflationThreshold=100000"
)
# The jars that nearly every class is in: Java looks for each class in one of 280 after another.
_FIRST_JARS = (
    "scala-library spark-core_ spark-catalyst_ spark-sql_ spark-sql-api_ spark-common-utils_ hadoop-client-api"
    " spark-network-common_ hadoop-client-runtime jackson-databind spark-unsafe_ log4j-core log4j-api guava"
    " scala-reflect spark-config_ netty-common netty-transport-4 netty-buffer arrow-vector arrow-memory-core janino"
    " commons-compiler jackson-core jackson-module-scala parquet-column parquet-hadoop parquet-encoding"
    " parquet-format-structures parquet-jackson antlr4-runtime metrics-core kryo-shaded json4s-core"
)
_SETTINGS = {
    "spark.driver.extraJavaOptions": _BRIEF,
    "spark.executor.extraJavaOptions": _BRIEF,
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.log.level": "ERROR",
    "spark.locality.wait": "0",
    # Memory for sorting and for cached columns is taken and cleared in pieces; the usual ones are of up to 64 MB.
    "spark.buffer.pageSize": "1m",
    "spark.sql.inMemoryColumnarStorage.batchSize": "1000",
    # Nobody reads the plan of each query.
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "100",
    "spark.sql.adaptive.enabled": "false",
    # A few rows are sooner interpreted than a program for them is written and compiled.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Where in a program a column was named, and whether each step of planning was sound, is for who looks for a bug.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.dataFrameQueryContext.enabled": "false",
    "spark.sql.lightweightPlanChangeValidation": "false",
}


def reason_without() -> str:
    """Return why Spark cannot run here, "" where it can."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        return "Spark wants Java 17 or later, and there is none: the tests on Spark were not run"
    output = subprocess.run(
        [java, "-version"], capture_output=True, text=True, timeout=60, check=False
    ).stderr
    version = re.search(r'version "(\d+)', output)
    if version is None or int(version[1]) < 17:
        return f"Spark wants Java 17 or later, got {output.splitlines()[:1]}: the tests on Spark were not run"
    return ""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Two executors, each a process of its own with one core and 2048 MB."""
    if reason := reason_without():
        pytest.skip(reason)
    pyspark = pytest.importorskip(
        "pyspark", reason="PySpark is not installed: the tests on Spark were not run"
    )
    home = Path(pyspark.__file__).parent
    os.environ["SPARK_HOME"] = str(home)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    # Executors find the tests' own modules too.
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent.parent.parent), os.environ.get("PYTHONPATH", "")]
    )
    builder = pyspark.sql.SparkSession.builder.master("local-cluster[2,1,2048]").appName("samepic tests")
    checkpoints = str(tmp_path_factory.mktemp("checkpoints"))
    first = os.pathsep.join(
        str(jar) for name in _FIRST_JARS.split() for jar in (home / "jars").glob(f"{name}*.jar")
    )
    paths = {f"spark.{end}.extraClassPath": first for end in ("driver", "executor")}
    for name, value in {**_SETTINGS, **paths, "spark.checkpoint.dir": checkpoints}.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    yield session
    session.stop()
