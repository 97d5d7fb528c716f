"""What a Python worker of Spark does with its batches, in this process: with decoders that really die."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="PySpark is not installed: the tests on Spark were not run")

import pyarrow as pa
from PIL import Image

from samepic.duplicates.quality import Merit, merit
from samepic.picture import inspect, load, read
from samepic.profile import Policy
from samepic.spark import catalog, compare
from samepic.spark.clusters import group_clusters
from samepic.spark.compare import Originals, SparkComparer
from tests.picture.picture_files import many_pixels

TOO_LONG = "expected a picture that takes at most 1 s of computing, found one that takes more"


@pytest.fixture(autouse=True)
def own_decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A decoder that ends with the test, and may compute for 1 s where the pictures are `small`.

    Between the 0.1 s that two of `small` take and the 8 s of `many_pixels(16)`: machines differ.
    """
    if "small" in request.fixturenames:
        monkeypatch.setattr("samepic.spark.catalog.DECODER", replace(catalog.DECODER, cpu_seconds=1.0))
    catalog.decoder.cache_clear()
    yield
    catalog.decoder().close()
    catalog.decoder.cache_clear()


@pytest.fixture(scope="module")
def small(photos: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return what is in the middle of the photographs, 160x120, losslessly: large enough to be compared."""
    made = {name: tmp_path_factory.getbasetemp() / f"middle-{name}.png" for name in ("chelsea", "rocket")}
    for name, path in made.items():
        with Image.open(photos[name]) as image:
            left, top = (image.width - 160) // 2, (image.height - 120) // 2
            image.convert("RGB").crop((left, top, left + 160, top + 120)).save(path)
    return made


def batch(rows: list[dict[str, Any]]) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pylist(rows)]


@pytest.mark.slow
def test_a_picture_whose_decoder_dies_costs_its_own_row(small: dict[str, Path]) -> None:
    whole = small["chelsea"].read_bytes()
    given = [("before", whole), ("slow", many_pixels(depth=16)), ("after", whole)]
    rows = [{"key": key, "content": data, "path": None} for key, data in given]
    (found,) = catalog._catalogue_batches(batch(rows), copies=False, proxies=False)
    result = {row["key"]: (row["kind"], row["error"]) for row in found.to_pylist()}
    assert result == {
        "before": ("picture", None),
        "slow": ("unreadable", TOO_LONG),
        "after": ("picture", None),
    }
    assert catalog.decoder().status()["died"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("slow", [0, 1])
def test_of_two_pictures_the_one_whose_decoder_dies_is_told_of(small: dict[str, Path], slow: int) -> None:
    contents = [small["chelsea"].read_bytes()]
    contents.insert(slow, many_pixels(depth=16))
    merits = dict.fromkeys((0, 1), merit(load(small["chelsea"]).info))
    with Originals() as originals:
        for content in contents:
            originals.add(content, None, None)
        say = SparkComparer(originals, merits)
        assert say(0, 1) is None
    assert say.errors == {slow: TOO_LONG}
    assert merits.keys() == {1 - slow}


def cluster(paths: list[Path]) -> list[dict[str, Any]]:
    """Return the rows of a cluster as Spark hands them over, whose pictures are at no path any more."""
    rows = [{"key": str(path), "content": path.read_bytes(), "path": None} for path in paths]
    (found,) = catalog._catalogue_batches(batch(rows), copies=False, proxies=False)
    gone = {
        "cluster": 0,
        "content": None,
        "path": "/gone",
        "proxy": None,
        "alike": None,
        "verdict": None,
        "first": 0,
    }
    return [{**row, **gone, "id": place} for place, row in enumerate(found.to_pylist())]


def test_what_was_said_in_pieces_of_a_crowd_is_not_asked_again(
    photos: dict[str, Path], tmp_path: Path
) -> None:
    paths = [photos["chelsea"], tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for path, quality in zip(paths[1:], (80, 60), strict=True):
        Image.open(photos["chelsea"]).convert("RGB").save(path, quality=quality)
    rows = cluster(paths)
    said = {
        "relation": "resaved",
        "probability": 0.9,
        "explanation": "found before",
        "original": "a",
    }
    (asked,) = group_clusters(Policy())(batch(rows))
    assert {row["error"] for row in asked.to_pylist()} == {"no such file"}
    (found,) = group_clusters(Policy())(batch([rows[0], *({**row, "verdict": said} for row in rows[1:])]))
    result = [row for row in found.to_pylist() if row["relation"]]
    assert [(row["sha256"], row["explanation"]) for row in result] == [
        (row["sha256"], "found before") for row in rows[1:]
    ]
    assert not any(row["error"] for row in found.to_pylist())


def test_a_piece_of_a_crowd_is_held_against_its_first(photos: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(photos["chelsea"].read_bytes()[:900])
    paths = [photos["chelsea"], photos["chelsea"], photos["rocket"], tmp_path / "broken.png"]
    rows = [
        {"cluster": 5, "piece": piece, "id": 10 * place, "content": None, "path": str(path), "proxy": None}
        for piece in (0, 1)
        for place, path in enumerate(paths)
    ]
    found = [row for part in compare._compare_pieces(batch(rows)) for row in part.to_pylist()]
    assert [(row["id"], row["first"], row["relation"]) for row in found] == 2 * [
        (10, 0, "same-file"),
        (20, 0, "different"),
    ]


def test_the_best_of_a_crowd_is_taken_up_first() -> None:
    small, large = (Merit(pixels, 1, 0, 0, 0, 0, "PNG", 1, pixels).to_text() for pixels in (10, 20))
    rows = [
        {"cluster": cluster, "id": index, "facts": facts}
        for cluster, index, facts in (
            (0, 4, small),
            (0, 5, large),
            (1, 7, small),
            (0, 6, large),
            (1, 8, small),
        )
    ]
    (found,) = compare._best_of_clusters([*batch(rows[:2]), *batch(rows[2:])])
    assert found.to_pylist() == [{"cluster": 0, "first": 5}, {"cluster": 1, "first": 7}]


@pytest.mark.slow
def test_of_pairs_by_copy_code_the_better_is_the_reference_and_what_dies_is_told(
    small: dict[str, Path], tmp_path: Path
) -> None:
    Image.open(small["chelsea"]).convert("RGB").save(tmp_path / "again.jpg", quality=70)
    (tmp_path / "slow.png").write_bytes(many_pixels(depth=16))
    paths = [tmp_path / "again.jpg", small["chelsea"], small["rocket"], tmp_path / "slow.png"]
    rows = [
        {
            "head": 3,
            "id": 3 + place,
            "content": None,
            "path": str(path),
            "proxy": None,
            "facts": merit(inspect(read(path))).to_text(),
        }
        for place, path in enumerate(paths)
    ]
    to_first = partial(compare._compare_to_first, policy=Policy())
    (found,) = compare.by_cluster(("head",), compare.VERDICTS, to_first)(batch(rows))
    result = [
        (row["first"], row["id"], row["relation"], row["same"], row["error"]) for row in found.to_pylist()
    ]
    assert result == [
        (4, 3, "resaved", True, None),
        (5, 3, "different", False, None),
        (None, 6, None, None, TOO_LONG),
    ]
