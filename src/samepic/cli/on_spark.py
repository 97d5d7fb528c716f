"""samepic find --engine spark: the options, and the search that they ask for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from samepic.cli.common import UsageError

if TYPE_CHECKING:
    from samepic.contrib.spark.finder import SparkFinder
    from samepic.policy import Policy

__all__ = ["add_engine", "spark_finder"]


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add --engine and what belongs to Spark."""
    group = parser.add_argument_group(
        "a cluster", "The answers are those of one machine; docs/scale.md says from when on it is worth it."
    )
    group.add_argument(
        "--engine",
        choices=("local", "spark"),
        default="local",
        help="where to search: in this process, or on Apache Spark, where PATH may be a URI (hdfs://, s3a://) too",
    )
    group.add_argument(
        "--master",
        metavar="URL",
        help="the Spark to use (default: that of spark-submit, else local[*], all processors of this machine)",
    )
    group.add_argument(
        "--search",
        choices=("scan", "bands"),
        default="scan",
        help="on Spark: look at every code for each picture (scan), or at those alone that share a band with it, which"
        " finds less and is faster from some hundred thousand on (bands)",
    )


def spark_finder(args: argparse.Namespace, paths: list[str], policy: Policy) -> SparkFinder:
    """Return the search on Spark. Raises UsageError for what it cannot do and MissingPartError where there is none."""
    uris = [path for path in paths if "://" in path]
    for option in ("html", "review"):
        if getattr(args, option) and uris:
            raise UsageError(f"--{option}: wanted files that this process can open, got {uris[0]!r}")
    if args.jobs:
        raise UsageError(
            "--jobs: wanted --master for --engine spark, say local[4], got threads of this process"
        )
    from samepic.contrib.spark.candidates import Search
    from samepic.contrib.spark.finder import SparkFinder, session

    if uris and len(uris) < len(paths):
        raise UsageError(f"wanted either paths or URIs, got both: {uris[0]!r}")
    spark = session(args.master)
    spark.sparkContext.setLogLevel("INFO" if args.verbose else "ERROR")
    return SparkFinder(
        spark,
        paths,
        policy,
        args.hidden,
        args.follow,
        args.min_size,
        args.copies,
        Search(args.search),
    )
