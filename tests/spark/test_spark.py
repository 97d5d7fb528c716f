"""find_duplicates on executors that are processes of their own: what `samepic find` finds, whatever happens to them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from bench.spark_find import Row, executors, here
from samepic.cli import main
from samepic.duplicates.finder import find
from samepic.profile import Policy
from samepic.verdict import Relation
from tests.duplicates.find_scene import album, chain, settle
from tests.kits.heif_bombs import heif_bombs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytest.importorskip("pyspark", reason="PySpark is not installed: the tests on Spark were not run")

from samepic.spark import find_duplicates, fingerprints
from samepic.spark.catalog import local_path
from samepic.spark.clusters import GATHERED

pytestmark = [pytest.mark.slow, pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]

BOMBS = ("grid-declares-65535.heic", "grid-of-itself.heic", "tile-declares-60000.heic")


@pytest.fixture(scope="module")
def folder(photos: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Re-saves of three photographs, a chain, equal bytes, blank and broken pictures, and what is none."""
    made = tmp_path_factory.mktemp("pictures")
    album(made / "album", photos)
    chain(made / "chain", photos["rocket"])
    shutil.copy(made / "album" / "coffee.png", made / "a copy.png")
    Image.open(photos["coffee"]).convert("RGB").crop((100, 60, 500, 360)).save(made / "crop.jpg", quality=85)
    for number in range(12):
        Image.new("RGB", (20 + number, 30), (number, 2 * number, 90)).save(made / f"blank-{number}.png")
    (made / "broken.jpg").write_bytes((made / "album" / "coffee-75.jpg").read_bytes()[:3000])
    (made / "named.png").write_bytes(b"no picture")
    (made / "notes.txt").write_text("no picture")
    settle(made)
    return made


@pytest.fixture(scope="module")
def wanted(folder: Path) -> list[Row]:
    """Return what find on this machine says, copies searched for."""
    return here(folder, copies=True)


def files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*") if path.is_file())


def rows(found: DataFrame) -> list[Row]:
    return sorted(tuple(row) for row in found.collect())


@contextmanager
def partitioned(spark: SparkSession, partitions: int) -> Iterator[None]:
    """Have Spark shuffle into so many partitions."""
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    try:
        yield
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", before or "1")


@pytest.fixture(scope="module")
def prints(spark: SparkSession, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    """Return the fingerprints, read from the Parquet that they were written into."""
    place = str(tmp_path_factory.mktemp("prints") / "prints.parquet")
    df = spark.createDataFrame([(path,) for path in files(folder)], "path string").repartition(6)
    fingerprints(df, key="path", path="path", copies=True, proxies=True).write.parquet(place)
    return spark.read.parquet(place)


@contextmanager
def killing(after: Path) -> Iterator[list[int]]:
    """Kill an executor in the middle of what begins once there is `after`; its number is there at the end."""
    killed, finished = list[int](), threading.Event()

    def kill() -> None:
        while not finished.wait(0.05):
            if after.exists() and (running := executors()):
                # By then it holds rows that are wanted again later.
                if not finished.wait(2):
                    os.kill(running[0], signal.SIGKILL)
                    killed.append(running[0])
                return

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        finished.set()
        killer.join()


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a worker hold so little that codes and clusters of this folder are gone through piece by piece."""
    monkeypatch.setattr("samepic.spark.compare.CROWD", 2)
    monkeypatch.setattr("samepic.spark.candidates.PIECE", 16)


def check_dedupe(spark: SparkSession, folder: Path, wanted: list[Row], made: Path) -> None:
    """Run the example for spark-submit, on URIs, and kill an executor in the middle of it."""
    from examples.spark.dedupe import dedupe

    with partitioned(spark, 2), killing(made / "found/fingerprints/_SUCCESS") as killed:
        dedupe(spark, f"file://{folder}", f"file://{made}/found")
    result = spark.read.parquet(f"file://{made}/found/duplicates").collect()
    names = [(row["group"], local_path(row["key"]), local_path(row["reference"]), *row[3:]) for row in result]
    assert sorted(names) == wanted
    assert killed
    assert not set(killed) & set(executors())


@pytest.mark.usefixtures("little")
def test_bytes_in_any_file_system_give_the_groups_of_find_piece_by_piece_though_an_executor_is_killed(
    spark: SparkSession,
    folder: Path,
    wanted: list[Row],
    tmp_path: Path,
    *,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In one search: one for each of these costs half a minute of computing, and is left to `make stress`."""
    check_dedupe(spark, folder, wanted, tmp_path)
    assert "crowds of look-alikes: " in caplog.text


@pytest.mark.stress
def test_bytes_in_any_file_system_give_the_groups_of_find_though_an_executor_is_killed(
    spark: SparkSession, folder: Path, wanted: list[Row], tmp_path: Path
) -> None:
    check_dedupe(spark, folder, wanted, tmp_path)


@pytest.mark.stress
@pytest.mark.parametrize("partitions", [7, 1])
def test_any_partitioning_gives_the_same_table(
    spark: SparkSession, folder: Path, wanted: list[Row], prints: DataFrame, partitions: int
) -> None:
    df = spark.createDataFrame([(path,) for path in files(folder)], "path string")
    with partitioned(spark, partitions):
        again = prints.repartition(partitions)
        found = find_duplicates(
            df.repartition(partitions), key="path", path="path", copies=True, prints=again
        )
        assert rows(found) == wanted


@pytest.mark.stress
@pytest.mark.usefixtures("little")
@pytest.mark.parametrize("gathered", [GATHERED, 0])
def test_codes_beyond_what_one_worker_holds_are_gone_through_piece_by_piece(
    spark: SparkSession,
    folder: Path,
    wanted: list[Row],
    prints: DataFrame,
    *,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    gathered: int,
) -> None:
    monkeypatch.setattr("samepic.spark.clusters.GATHERED", gathered)
    df = spark.createDataFrame([(path,) for path in files(folder)], "path string")
    assert rows(find_duplicates(df, key="path", path="path", copies=True, prints=prints)) == wanted
    assert "crowds of look-alikes: " in caplog.text


@pytest.mark.parametrize("copies", [False, pytest.param(True, marks=pytest.mark.stress)])
def test_new_pictures_are_held_against_a_table_of_fingerprints(
    spark: SparkSession,
    folder: Path,
    prints: DataFrame,
    photos: dict[str, Path],
    tmp_path: Path,
    *,
    copies: bool,
) -> None:
    Image.open(photos["chelsea"]).convert("RGB").save(tmp_path / "again.jpg", quality=60)
    Image.open(photos["rocket"]).convert("RGB").rotate(180).crop((0, 0, 90, 90)).save(tmp_path / "new.jpg")
    (tmp_path / "empty.jpg").write_bytes(b"")
    new = spark.createDataFrame([(path,) for path in files(tmp_path)], "path string")
    with partitioned(spark, 2):
        found = find_duplicates(new, key="path", path="path", known=prints, copies=copies)
        result = {row["key"]: row for row in found.collect()}
    assert result[str(tmp_path / "again.jpg")]["reference"] == str(folder / "album" / "chelsea.png")
    assert "small pictures" in result[str(tmp_path / "again.jpg")]["explanation"]
    assert str(tmp_path / "new.jpg") not in result
    assert {row["reference"] for row in result.values()} == {str(folder / "album" / "chelsea.png")}


def test_a_picture_that_breaks_its_decoder_costs_its_row(
    spark: SparkSession, photos: dict[str, Path]
) -> None:
    bombs = {name: data for name, data in heif_bombs() if name in BOMBS}
    contents: list[tuple[str, bytes | None]] = list(bombs.items())
    contents += [("whole", photos["chelsea"].read_bytes()), ("nothing", None), ("empty", b"")]
    df = spark.createDataFrame(contents, "name string, data binary").coalesce(1)
    result = {row["key"]: row for row in fingerprints(df, key="name", content="data").collect()}
    assert result.keys() == {name for name, _ in contents}
    assert {key: result[key]["kind"] for key in ("whole", "empty", "nothing")} == {
        "whole": "picture",
        "empty": "other",
        "nothing": "unreadable",
    }
    assert all(result[name]["error"].startswith("expected ") for name in bombs)


@pytest.mark.parametrize(
    ("how", "result"),
    [
        ({"key": "nokey", "path": "path"}, "nokey: expected one of the columns path, number"),
        ({"key": "path"}, "either the column of contents or that of paths"),
        ({"key": "number", "path": "path"}, "number: expected a column of text, found bigint"),
    ],
)
def test_columns_that_make_no_sense_are_named(spark: SparkSession, how: dict[str, Any], result: str) -> None:
    df = spark.createDataFrame([("a", 1)], "path string, number bigint")
    with pytest.raises(ValueError, match=result):
        find_duplicates(df, **how)


def test_a_key_that_comes_twice_is_named(spark: SparkSession, prints: DataFrame) -> None:
    df = spark.createDataFrame([], "path string")
    with pytest.raises(ValueError, match=r"key: expected each once, found .* 2 times"):
        find_duplicates(df, key="path", path="path", prints=prints.unionAll(prints))


def test_fingerprints_without_copy_codes_are_not_searched_for_copies(
    spark: SparkSession, prints: DataFrame
) -> None:
    df = spark.createDataFrame([], "path string")
    bare = prints.withColumn("copycode", prints["copycode"].substr(0, 0))
    with pytest.raises(ValueError, match="prints: expected fingerprints with copies, found none for"):
        find_duplicates(df, key="path", path="path", copies=True, prints=bare)


def test_edges_join_codes_as_all_pairs_do(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random codes with copies some bits apart: what edges connect is what pairs within the radius connect."""
    from samepic.spark.candidates import CandidateScan, pdq_edges
    from samepic.spark.clusters import clusters
    from samepic.spark.joins import PdqScan
    from samepic.tuning.search import SEARCH

    dice = np.random.default_rng(5)
    codes = dice.integers(0, 256, (400, 256), np.uint8)
    for row in range(300, 400):
        bits = np.unpackbits(codes[row - 100])
        bits[dice.choice(256, dice.integers(0, 60), replace=False)] ^= 1
        codes[row] = np.packbits(bits)
    data = [(row, bytes(codes[row]), 100, 100, True) for row in range(400)]
    items = spark.createDataFrame(
        data, "id bigint, pdq_forms binary, quality int, detail int, fresh boolean"
    ).repartition(5)
    for search, radius in ((CandidateScan.SCAN, SEARCH.radius), (CandidateScan.BANDS, SEARCH.band_radius)):
        pairs = PdqScan(codes[:, :32]).within(codes, radius, np.arange(400))
        edges = pdq_edges(items, search)
        from samepic.spark.candidates import connected_components

        nodes, labels = connected_components(pairs.queries, pairs.rows)
        want = dict(zip(nodes.tolist(), labels.tolist(), strict=True))
        assert want
        for gathered in (GATHERED, 0) if search is CandidateScan.SCAN else (GATHERED,):
            monkeypatch.setattr("samepic.spark.clusters.GATHERED", gathered)
            got = {row["id"]: row["cluster"] for row in clusters(edges).collect()}
            assert got == want


def test_uris_become_the_groups_of_find(spark: SparkSession, folder: Path, prints: DataFrame) -> None:
    """What `samepic find --engine spark` runs, where the search is short: it is the same for all relations."""
    from samepic.spark.duplicates import SparkFinder

    finder = SparkFinder([f"file://{folder}"], Policy(Relation.SAME_FILE), spark=spark)
    groups = [
        [local_path(g.reference.path), *(local_path(m.file.path) for m in g.members)] for g in finder.groups()
    ]
    alone = list(find([folder], cache=False, same_if=Relation.SAME_FILE))
    assert groups == [[g.reference.path, *(m.file.path for m in g.members)] for g in alone]
    assert len(groups) == 1
    assert finder.pictures == prints.where("kind = 'picture'").count()


def test_the_command_line_says_on_spark_what_it_says_alone(
    folder: Path, spark: SparkSession, capfd: pytest.CaptureFixture[str]
) -> None:
    """In this process, whose session it takes over as that of spark-submit."""
    places = [str(folder / "album"), str(folder / "a copy.png")]

    def result(*more: str) -> list[dict[str, Any]]:
        capfd.readouterr()
        assert main(["find", "--json", *more, *places]) == 0
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    assert result("--engine", "spark") == result("--no-cache")
