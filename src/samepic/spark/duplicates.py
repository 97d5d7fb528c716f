"""find_duplicates: a DataFrame of pictures to groups of duplicates; `samepic find --engine spark` runs it."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pyspark import SparkConf
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as fn

from samepic.duplicates.cache import CachedVerdict
from samepic.duplicates.finder import Search, processors
from samepic.duplicates.groups import BYTE_FOR_BYTE, SAME_BYTES, Group, described, group_of, numbered
from samepic.duplicates.quality import Merit
from samepic.duplicates.walk import File, Unreadable
from samepic.fingerprints.fingerprint import VERSION
from samepic.profile import Policy, Profile
from samepic.spark.candidates import CandidateScan, copies_edges, digest_edges, pdq_edges, rank
from samepic.spark.catalog import SCHEMA, fingerprints, in_python, sources, sql_of
from samepic.spark.clusters import FOUND, clusters, group_clusters
from samepic.spark.compare import compare_crowds, compare_pairs
from samepic.verdict import Relation


@dataclass(frozen=True, slots=True)
class FoundDuplicates:
    """The result as tables: members, references with reasons, unreadable files with errors, and fingerprints."""

    members: DataFrame
    references: DataFrame
    unreadable: DataFrame
    prints: DataFrame


def find_duplicates(
    df: DataFrame,
    *,
    key: str,
    content: str | None = None,
    path: str | None = None,
    same_if: Relation | str | None = None,
    profile: Profile | str | os.PathLike[str] | None = None,
    copies: bool = False,
    search: CandidateScan | str = CandidateScan.SCAN,
    prints: DataFrame | None = None,
    known: DataFrame | None = None,
) -> DataFrame:
    """Find the pictures of a DataFrame that are the same: the groups of `samepic find`, whatever the partitioning.

    Returns one row for each copy: group (from 1, by the key of its reference), key, reference (the key of the best of
    the group), relation, probability and explanation; what is in no row is no copy. `key`, `content` and `path` are
    columns as for `fingerprints`; `same_if`, `profile` and `copies` are as for `samepic.find`; `search` is "scan",
    which looks at every code for each picture and finds what one machine finds, or "bands", which is faster from some
    hundred thousand on and finds all PDQ codes up to SEARCH.band_radius bits apart and most near copy codes.
    `prints` is what `fingerprints` returned for `df`, or was written of it; `known` what it returned, with proxies, for
    pictures that are in already: groups that hold a picture of `df` are returned. Raises ValueError for columns that
    are not there, keys that come twice and fingerprints without what is asked for, ProfileError as `samepic.find`.
    """
    given = sources(df, key, content, path)
    policy = Policy.of(same_if, profile)
    new = prints
    if new is not None and copies:
        bare = new.where("kind = 'picture' and length(copycode) = 0").first()
        if bare is not None:
            raise ValueError(f"prints: expected fingerprints with copies, found none for {bare['key']!r}")
    if new is None:
        new = fingerprints(df, key=key, content=content, path=path, copies=copies, proxies=known is not None)
    found = search_duplicates(given, new, known, policy=policy, copies=copies, how=CandidateScan(search))
    return found.members


def search_duplicates(
    given: DataFrame,
    prints: DataFrame,
    known: DataFrame | None = None,
    *,
    policy: Policy,
    copies: bool = False,
    how: CandidateScan = CandidateScan.SCAN,
) -> FoundDuplicates:
    """Return what `find_duplicates` does, with references and unreadable files; `given` is of `sources`."""
    new = prints.withColumn("fresh", fn.lit(True))
    kept = new if known is None else new.unionByName(known.withColumn("fresh", fn.lit(False)))
    kept = _checked_prints(kept)
    items = _items(kept).persist()
    if policy.same_if is Relation.SAME_FILE:
        found = given.sparkSession.createDataFrame([], sql_of(FOUND))
    else:
        edges = digest_edges(items).unionAll(pdq_edges(items, how, everywhere=known is not None))
        parts, alike, verdicts = clusters(edges), None, None
        if copies:
            pairs = copies_edges(items, how).persist()
            verdicts = compare_pairs(pairs, parts, items, given, policy).persist()
            ends = fn.col("first").alias("a"), fn.col("id").alias("b")
            compared = verdicts.where("error is null").select(*ends, _verdict().alias("verdict"))
            alike = pairs.join(compared, ["a", "b"], "left")
            parts = clusters(edges.unionAll(verdicts.where("same").select("first", "id")))
        if known is not None:
            # Clusters of known pictures alone are not compared again.
            asked = parts.join(items.where("fresh").select("id"), "id").select("cluster").distinct()
            parts = parts.join(asked, "cluster", "left_semi")
        found = _grouped_clusters(items, parts, alike, given, policy)
        if verdicts is not None:
            damaged = verdicts.where("error is not null").join(items.select("id", "sha256"), "id")
            found = found.unionByName(damaged.select("sha256", "error"), allowMissingColumns=True)
        found = found.persist()
    return _grouped(kept, items, found, only_new=known is not None)


def _checked_prints(prints: DataFrame) -> DataFrame:
    """Return fingerprints of this version. Raises ValueError for others and for a key that comes twice."""
    missing = set(prints.columns) ^ {"fresh", *SCHEMA.names}
    if missing:
        found = f"others or not all: {', '.join(sorted(missing))}"
        raise ValueError(f"fingerprints: expected the columns {sql_of(SCHEMA)}, found {found}")
    prints = prints.persist()
    least, most = fn.min("version"), fn.max("version")
    totals = prints.agg(least, most, fn.count("*"), fn.count_distinct("key")).collect()[0]
    if totals[2] == totals[3] and totals[0] in (VERSION, None) and totals[1] in (VERSION, None):
        return prints
    other = prints.where(fn.col("version") != VERSION).first()
    if other is not None:
        found = f"{other['version']} for {other['key']!r}"
        raise ValueError(f"fingerprints: expected version {VERSION}, found {found}")
    twice = prints.groupBy("key").count().where("key is null or count > 1").first()
    assert twice is not None
    raise ValueError(f"key: expected each once, found {twice['key']!r} {twice['count']} times")


def _items(prints: DataFrame) -> DataFrame:
    rows = prints.where("kind = 'picture'")
    rest = [name for name in rows.columns if name not in ("sha256", "fresh")]
    items = rows.groupBy("sha256").agg(
        fn.min_by(fn.struct(*rest), fn.col("key")).alias("one"),
        fn.count("*").alias("files"),
        fn.max("fresh").alias("fresh"),
    )
    items = items.select("sha256", "one.*", "files", "fresh")
    return items.join(rank(items, "key", "id"), "key")


def _verdict() -> Column:
    return fn.struct(*CachedVerdict._fields)


def _grouped_clusters(
    items: DataFrame, parts: DataFrame, alike: DataFrame | None, given: DataFrame, policy: Policy
) -> DataFrame:
    rows = items.join(parts, "id")
    if alike is None:
        rows = rows.withColumn("alike", fn.lit(None).cast("array<struct<b:bigint>>"))
    else:
        near = fn.collect_list(fn.struct("b", "bits", "verdict")).alias("alike")
        rows = rows.join(alike.groupBy(fn.col("a").alias("id")).agg(near), "id", "left")
    verdicts = compare_crowds(items, parts, given)
    if verdicts is None:
        none = {"first": "bigint", "verdict": "struct<b:bigint>"}
        rows = rows.withColumns({name: fn.lit(None).cast(kind) for name, kind in none.items()})
    else:
        rows = rows.join(verdicts.select("id", "first", _verdict().alias("verdict")), "id", "left")
    rows = rows.drop("size", "kind", "error", "files", "fresh")
    rows = rows.join(given, "key", "left")
    ordered = rows.repartition("cluster").sortWithinPartitions("cluster", "id")
    return in_python(ordered, group_clusters(policy), FOUND)


def _grouped(prints: DataFrame, items: DataFrame, found: DataFrame, *, only_new: bool) -> FoundDuplicates:
    files = prints.where("kind = 'picture'").select("key", "sha256")
    first = items.select("sha256", fn.col("key").alias("first"), "files")
    verdicts = first.join(found, "sha256", "left")
    # A single picture is a group where several files hold it; damaged ones are none.
    verdicts = verdicts.withColumn("reference", fn.coalesce("reference", "sha256")).where("error is null")
    heads = first.select(fn.col("sha256").alias("reference"), fn.col("first").alias("head"))
    copies = files.join(verdicts, "sha256").join(heads, "reference").where("key <> head")
    same = fn.col("relation").isNull()
    members = copies.select(
        "key",
        fn.col("head").alias("reference"),
        fn.when(same, str(Relation.SAME_FILE)).otherwise(fn.col("relation")).alias("relation"),
        fn.coalesce("probability", fn.lit(1.0)).alias("probability"),
        fn.when(same, BYTE_FOR_BYTE).otherwise(fn.col("explanation")).alias("explanation"),
    )
    if only_new:
        fresh = prints.where("fresh").select("key")
        heads = fresh.select(fn.col("key").alias("reference"))
        held = members.join(fresh, "key", "left_semi").select("reference")
        held = held.unionAll(members.join(heads, "reference", "left_semi").select("reference"))
        members = members.join(held.distinct(), "reference", "left_semi")
    members = members.persist()
    numbers = rank(members.select("reference").distinct(), "reference", "place")
    numbers = numbers.select("reference", (fn.col("place") + 1).alias("group")).persist()
    columns = ["group", "key", "reference", "relation", "probability", "explanation"]
    reasons = verdicts.where("relation is null").select(
        fn.col("first").alias("reference"), fn.col("explanation").alias("reason")
    )
    references = numbers.join(reasons, "reference").select(
        "group", fn.col("reference").alias("key"), fn.coalesce("reason", fn.lit(SAME_BYTES)).alias("reason")
    )
    damaged = found.where("error is not null").groupBy("sha256").agg(fn.min("error").alias("error"))
    unreadable = prints.where("kind = 'unreadable'").select("key", "error")
    unreadable = unreadable.unionAll(files.join(damaged, "sha256").select("key", "error"))
    members = members.join(numbers, "reference").select(*columns)
    return FoundDuplicates(members, references, unreadable, prints)


_FILES = 200
"""Pictures of one task."""

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
class SparkFinder(Search):
    """A search on Spark, below paths, walked as by `samepic.find`, or URIs, listed by Spark."""

    how: CandidateScan = CandidateScan.SCAN
    spark: SparkSession = field(kw_only=True)

    def groups(self) -> list[Group]:
        """Search, and return the groups by the path of their reference. Raises ValueError for URIs beside paths."""
        paths = self.paths = list(self.paths)
        uris = [path for path in paths if _URI.match(path)]
        if uris and len(uris) < len(paths):
            raise ValueError(f"expected either paths or URIs, found both: {uris[0]!r}")
        entries: dict[str, File] = {}
        if uris:
            source = self.spark.read.format("binaryFile").option("recursiveFileLookup", "true")
            df = source.load(uris).where(fn.col("length") >= self.only.min_size)
            if self.only.max_size is not None:
                df = df.where(fn.col("length") <= self.only.max_size)
        else:
            walk = self.walk()
            for entry in walk.files():
                if entry.path.isascii() or entry.path == entry.path.encode(errors="replace").decode():
                    entries[entry.path] = entry
                else:
                    error = "expected a name in UTF-8, as Spark does, found other bytes"
                    walk.unreadable.append(Unreadable(entry.path, error))
            self.unreadable += walk.unreadable
            tasks = max(1, 4 * self.spark.sparkContext.defaultParallelism, len(entries) // _FILES)
            rows = self.spark.createDataFrame([(path,) for path in entries], "path string")
            df = rows.repartition(min(tasks, max(1, len(entries))))
        content, path = ("content", None) if uris else (None, "path")
        prints = fingerprints(df, key="path", content=content, path=path, copies=self.copies)
        given = sources(df, "path", content, path)
        found = search_duplicates(given, prints, policy=self.policy, copies=self.copies, how=self.how)
        kinds = {row["kind"]: row["count"] for row in found.prints.groupBy("kind").count().collect()}
        self.pictures, self.others = kinds.get("picture", 0), kinds.get("other", 0)
        self.unreadable += [Unreadable(row["key"], row["error"]) for row in found.unreadable.collect()]
        self.unreadable.sort(key=lambda file: (os.fsencode(file.path), file.error))
        return self._grouped(found, entries, df if uris else None)

    def _grouped(
        self, found: FoundDuplicates, entries: dict[str, File], listed: DataFrame | None
    ) -> list[Group]:
        members: defaultdict[int, dict[str, CachedVerdict]] = defaultdict(dict)
        for row in found.members.collect():
            verdict = CachedVerdict(row["relation"], row["probability"], row["explanation"], "")
            members[row["group"]][row["key"]] = verdict
        references = {row["group"]: (row["key"], row["reason"]) for row in found.references.collect()}
        keys = {key for key, _ in references.values()}.union(*members.values())
        known = found.prints.select("key", "sha256", "width", "height", "facts")
        prints = {row["key"]: row for row in _rows_of(known, "key", keys)}
        if listed is not None:
            entries = {
                row["path"]: File(
                    row["path"], row["length"], int(row["modificationTime"].timestamp() * 1000) * 10**6
                )
                for row in _rows_of(listed.drop("content"), "path", prints)
            }
        files = {
            key: described(
                replace(entries[key], sha256=row["sha256"]),
                *(row["width"], row["height"], Merit.from_text(row["facts"])),
            )
            for key, row in prints.items()
        }
        groups = []
        for number, (key, reason) in references.items():
            rest = [(files[path], verdict) for path, verdict in members[number].items()]
            groups.append(group_of(files[key], reason, rest))
        return numbered(groups)


def _rows_of(df: DataFrame, column: str, keys: Iterable[str]) -> list[Any]:
    """Return the rows of the keys in a column."""
    keys_frame = df.sparkSession.createDataFrame([(key,) for key in keys], f"{column} string")
    return df.join(keys_frame, column, "left_semi").collect()
