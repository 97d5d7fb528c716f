"""Find the same pictures below a folder of any file system that Hadoop knows.

    spark-submit examples/spark/dedupe.py s3a://bucket/photos s3a://bucket/found

Writes two tables of Parquet: fingerprints, which later pictures can be held against, and duplicates. samepic and NumPy
must be installed where the executors' Python is.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession

from samepic.spark import find_duplicates, fingerprints


def dedupe(spark: SparkSession, source: str, place: str) -> None:
    """Write the fingerprints of the pictures below `source`, and which of them are the same, below `place`."""
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(source)
    fingerprints(files, key="path", content="content", copies=True).write.parquet(f"{place}/fingerprints")
    prints = spark.read.parquet(f"{place}/fingerprints")
    found = find_duplicates(files, key="path", content="content", copies=True, prints=prints)
    found.write.parquet(f"{place}/duplicates")


if __name__ == "__main__":
    dedupe(SparkSession.builder.appName("samepic").getOrCreate(), sys.argv[1], sys.argv[2])
