"""SparkFinder: what `samepic find --engine spark` runs."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pyspark import SparkConf
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from samepic.collection.cache import Said
from samepic.collection.find import processors
from samepic.collection.group import Group, facts, member
from samepic.collection.walk import Entry, Unreadable, Walk
from samepic.contrib.spark.candidates import Search
from samepic.contrib.spark.duplicates import Found, searched
from samepic.contrib.spark.prints import fingerprints, sources
from samepic.policy import Policy
from samepic.profiles.spark import SPARK

__all__ = ["SparkFinder", "session"]

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def session(master: str | None = None) -> SparkSession:
    """Return the session that spark-submit made ready, else one on `master`, else one on this machine."""
    conf = SparkConf()
    builder = SparkSession.builder.appName("samepic find")
    if master or not conf.contains("spark.master"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.master(master or "local[*]")
        if not conf.contains("spark.sql.shuffle.partitions"):
            # Spark's own 200 are for a cluster.
            builder = builder.config("spark.sql.shuffle.partitions", str(2 * processors()))
    return builder.getOrCreate()


@dataclass(slots=True, eq=False)
class SparkFinder:
    """One search for the same pictures below `paths`: folders and files that every executor can open, and URIs.

    A path is walked as `samepic.find` walks it; below a URI ("hdfs://...", "s3a://...") are the files that Spark's
    binaryFile source finds, which passes over names that begin with "_" or ".". The other fields are those of Finder.
    """

    spark: SparkSession
    paths: Iterable[str]
    policy: Policy
    hidden: bool = False
    follow: bool = False
    least: int = 1
    copies: bool = False
    how: Search = Search.SCAN
    unreadable: list[Unreadable] = field(default_factory=list)
    pictures: int = 0
    others: int = 0

    def groups(self) -> list[Group]:
        """Search, and return the groups by the path of their reference. Raises ValueError for URIs beside paths."""
        paths = list(self.paths)
        uris = [path for path in paths if _URI.match(path)]
        if uris and len(uris) < len(paths):
            raise ValueError(f"wanted either paths or URIs, got both: {uris[0]!r}")
        entries = {} if uris else self._walked(paths)
        df = self._listed(uris) if uris else self._made(entries)
        content, path = ("content", None) if uris else (None, "path")
        prints = fingerprints(df, key="path", content=content, path=path, copies=self.copies)
        given = sources(df, "path", content, path)
        found = searched(given, prints, policy=self.policy, copies=self.copies, how=self.how)
        kinds = {row["kind"]: row["count"] for row in found.prints.groupBy("kind").count().collect()}
        self.pictures, self.others = kinds.get("picture", 0), kinds.get("other", 0)
        self.unreadable += [Unreadable(row["key"], row["error"]) for row in found.unreadable.collect()]
        self.unreadable.sort(key=lambda one: (os.fsencode(one.path), one.error))
        return self._grouped(found, entries, df if uris else None)

    def _walked(self, paths: list[str]) -> dict[str, Entry]:
        walk = Walk(paths, self.hidden, self.follow, self.least)
        entries = {}
        for entry in walk.entries():
            if entry.path.isascii() or entry.path == entry.path.encode(errors="replace").decode():
                entries[entry.path] = entry
            else:
                walk.unreadable.append(
                    Unreadable(entry.path, "wanted a name in UTF-8, as Spark does, got other bytes")
                )
        self.unreadable += walk.unreadable
        return entries

    def _made(self, entries: dict[str, Entry]) -> DataFrame:
        rows = [(path,) for path in entries]
        tasks = max(1, 4 * self.spark.sparkContext.defaultParallelism, len(rows) // SPARK.files)
        return self.spark.createDataFrame(rows, "path string").repartition(min(tasks, max(1, len(rows))))

    def _listed(self, uris: list[str]) -> DataFrame:
        source = self.spark.read.format("binaryFile").option("recursiveFileLookup", "true")
        return source.load(uris).where(fn.col("length") >= self.least)

    def _grouped(self, found: Found, entries: dict[str, Entry], listed: DataFrame | None) -> list[Group]:
        members = defaultdict(list)
        for row in found.members.collect():
            said = Said(row["relation"], row["probability"], row["explanation"], "")
            members[row["group"]].append((row["key"], said))
        references = {row["group"]: (row["key"], row["reason"]) for row in found.references.collect()}
        keys = {key for key, _ in references.values()} | {key for rows in members.values() for key, _ in rows}
        digests = self._digests(found, keys)
        if listed is not None:
            entries = _entries(listed, digests)
        groups: list[Group] = []
        for number, (key, reason) in sorted(references.items()):
            first = entries[key]
            links = {first.node: first.path} if first.inode else {}
            rest = sorted(members[number], key=lambda one: os.fsencode(one[0]))
            told = tuple(member(entries[path], digests[path], said, links) for path, said in rest)
            if not all(one.hard_link_to for one in told):
                groups.append(Group(len(groups) + 1, facts(first, digests[key]), reason, told))
        return groups

    def _digests(self, found: Found, keys: set[str]) -> dict[str, str]:
        wanted = self.spark.createDataFrame([(key,) for key in keys], "key string")
        rows: list[Any] = found.prints.join(wanted, "key", "left_semi").select("key", "sha256").collect()
        return {row["key"]: row["sha256"] for row in rows}


def _entries(listed: DataFrame, keys: Iterable[str]) -> dict[str, Entry]:
    """Return the facts of files that Spark listed; their times are in milliseconds, so `samepic clean` needs a copy."""
    wanted = listed.sparkSession.createDataFrame([(key,) for key in keys], "path string")
    rows = listed.drop("content").join(wanted, "path", "left_semi").collect()
    return {
        row["path"]: Entry(
            row["path"], row["length"], int(row["modificationTime"].timestamp() * 1000) * 10**6, 0, 0
        )
        for row in rows
    }
