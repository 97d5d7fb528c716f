"""find_duplicates: a DataFrame of pictures -> the groups of those that are the same."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as fn

from samepic.collection.group import BYTE_FOR_BYTE, SAME_BYTES
from samepic.contrib.spark.alike import said_alike
from samepic.contrib.spark.candidates import Search, copies_edges, digest_edges, pdq_edges
from samepic.contrib.spark.cluster import FOUND_SQL, gathered
from samepic.contrib.spark.clusters import clusters
from samepic.contrib.spark.crowds import said_in_crowds
from samepic.contrib.spark.prints import COLUMNS, bounded, fingerprints, sources
from samepic.contrib.spark.ranked import ranked
from samepic.fingerprint.value import VERSION
from samepic.policy import Policy
from samepic.profiles.user import Profile
from samepic.verdict import Relation

__all__ = ["Found", "find_duplicates", "searched"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: `members` (group, key, reference, relation, probability, explanation), `references` (group,
    key, reason), `unreadable` (key, error), and the `prints` of all.
    """

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
    search: Search | str = Search.SCAN,
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
            raise ValueError(f"prints: wanted fingerprints with copies, got none for {bare['key']!r}")
    if new is None:
        new = fingerprints(df, key=key, content=content, path=path, copies=copies, proxies=known is not None)
    found = searched(given, new, known, policy=policy, copies=copies, how=Search(search))
    return found.members


def searched(
    given: DataFrame,
    prints: DataFrame,
    known: DataFrame | None = None,
    *,
    policy: Policy,
    copies: bool = False,
    how: Search = Search.SCAN,
) -> Found:
    """Do what `find_duplicates` does, and return the references and what is unreadable too.

    `given` is what `sources` returns, `prints` what `fingerprints` returned for it.
    """
    new = prints.withColumn("fresh", fn.lit(True))
    kept = _checked(new if known is None else new.unionByName(known.withColumn("fresh", fn.lit(False))))
    items = _items(kept).persist()
    if policy.same_if is Relation.SAME_FILE:
        found = given.sparkSession.createDataFrame([], FOUND_SQL)
    else:
        edges = digest_edges(items).unionAll(pdq_edges(items, how, everywhere=known is not None))
        parts, alike, said = clusters(edges), None, None
        if copies:
            alike, said = _alike(items, parts, given, policy, how)
            parts = clusters(edges.unionAll(said.where("same").select("first", "id")))
        if known is not None:
            # What was found among known pictures alone is not compared again.
            asked = parts.join(items.where("fresh").select("id"), "id").select("cluster").distinct()
            parts = parts.join(asked, "cluster", "left_semi")
        found = _gathered(items, parts, alike, given, policy)
        if said is not None:
            damaged = said.where("error is not null").join(items.select("id", "sha256"), "id")
            found = found.unionByName(damaged.select("sha256", "error"), allowMissingColumns=True)
        found = found.persist()
    return _grouped(kept, items, found, only_new=known is not None)


def _checked(prints: DataFrame) -> DataFrame:
    """Return fingerprints of this version. Raises ValueError for others and for a key that comes twice."""
    missing = set(prints.columns) ^ {"fresh", *(column.split()[0] for column in COLUMNS.split(", "))}
    if missing:
        raise ValueError(
            f"fingerprints: wanted the columns {COLUMNS}, got others or not all: {', '.join(sorted(missing))}"
        )
    prints = prints.persist()
    least, most = fn.min("version"), fn.max("version")
    told = prints.agg(least, most, fn.count("*"), fn.count_distinct("key")).collect()[0]
    if told[2] == told[3] and told[0] in (VERSION, None) and told[1] in (VERSION, None):
        return prints
    other = prints.where(fn.col("version") != VERSION).first()
    if other is not None:
        raise ValueError(
            f"fingerprints: wanted version {VERSION}, got {other['version']} for {other['key']!r}"
        )
    twice = prints.groupBy("key").count().where("key is null or count > 1").first()
    assert twice is not None
    raise ValueError(f"key: wanted each once, got {twice['key']!r} {twice['count']} times")


def _items(prints: DataFrame) -> DataFrame:
    """Return the pictures by their bytes, each with the first key, how many files hold it, and its place as `id`."""
    rows = prints.where("kind = 'picture'")
    rest = [name for name in rows.columns if name not in ("sha256", "fresh")]
    items = rows.groupBy("sha256").agg(
        fn.min_by(fn.struct(*rest), fn.col("key")).alias("one"),
        fn.count("*").alias("files"),
        fn.max("fresh").alias("fresh"),
    )
    items = items.select("sha256", "one.*", "files", "fresh")
    return items.join(ranked(items, "key", "id"), "key")


def _alike(
    items: DataFrame, parts: DataFrame, given: DataFrame, policy: Policy, how: Search
) -> tuple[DataFrame, DataFrame]:
    """Return the pairs by copy code, both ways, with what was said of the second of those compared; and all said."""
    pairs = copies_edges(items, how).persist()
    said = said_alike(pairs, parts, items, given, policy).persist()
    told = said.where("error is null").select(
        fn.col("first").alias("a"), fn.col("id").alias("b"), _said().alias("said")
    )
    return pairs.join(told, ["a", "b"], "left"), said


def _said() -> Column:
    return fn.struct("relation", "probability", "explanation", "original")


def _gathered(
    items: DataFrame, parts: DataFrame, alike: DataFrame | None, given: DataFrame, policy: Policy
) -> DataFrame:
    """Return what becomes of each picture that has candidates: those of one cluster are gathered in one task."""
    rows = items.join(parts, "id")
    if alike is None:
        rows = rows.withColumn("alike", fn.lit(None).cast("array<struct<b:bigint>>"))
    else:
        near = alike.groupBy(fn.col("a").alias("id")).agg(
            fn.collect_list(fn.struct("b", "bits", "said")).alias("alike")
        )
        rows = rows.join(near, "id", "left")
    said = said_in_crowds(items, parts, given)
    if said is None:
        rows = rows.withColumns(
            {"first": fn.lit(None).cast("bigint"), "said": fn.lit(None).cast("struct<b:bigint>")}
        )
    else:
        rows = rows.join(said.select("id", "first", _said().alias("said")), "id", "left")
    rows = rows.drop("size", "kind", "error", "files", "fresh")
    rows = rows.join(given, "key", "left")
    ordered = rows.repartition("cluster").sortWithinPartitions("cluster", "id")
    return bounded(ordered).mapInArrow(gathered(policy), FOUND_SQL)


def _grouped(prints: DataFrame, items: DataFrame, found: DataFrame, *, only_new: bool) -> Found:
    """Return the groups of files: what was found of each picture, and the files that hold the same bytes.

    With `only_new`, only groups that hold a fresh file.
    """
    files = prints.where("kind = 'picture'").select("key", "sha256")
    first = items.select("sha256", fn.col("key").alias("first"), "files")
    said = first.join(found, "sha256", "left")
    # What stands alone makes a group where several files hold it; what is damaged makes none.
    said = said.withColumn("reference", fn.coalesce("reference", "sha256")).where("error is null")
    heads = first.select(fn.col("sha256").alias("reference"), fn.col("first").alias("head"))
    copies = files.join(said, "sha256").join(heads, "reference").where("key <> head")
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
    numbers = ranked(members.select("reference").distinct(), "reference", "place")
    numbers = numbers.select("reference", (fn.col("place") + 1).alias("group")).persist()
    columns = ["group", "key", "reference", "relation", "probability", "explanation"]
    reasons = said.where("relation is null").select(
        fn.col("first").alias("reference"), fn.col("explanation").alias("reason")
    )
    references = numbers.join(reasons, "reference").select(
        "group", fn.col("reference").alias("key"), fn.coalesce("reason", fn.lit(SAME_BYTES)).alias("reason")
    )
    damaged = found.where("error is not null").groupBy("sha256").agg(fn.min("error").alias("error"))
    unreadable = prints.where("kind = 'unreadable'").select("key", "error")
    unreadable = unreadable.unionAll(files.join(damaged, "sha256").select("key", "error"))
    return Found(members.join(numbers, "reference").select(*columns), references, unreadable, prints)
