"""The labels of the accuracy benchmark can be read, and say only what a label may say."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest

from bench.family_base import Right
from bench.negatives import LABELS, Pair, labelled_pairs, series_labels
from bench.pictures import MADE, half_of, made_bytes, template_boxes
from samepic.verdict import Relation

ALLOWED = {str(relation) for relation in Relation} | {"skip"}


def _no_files(path: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rng = np.random.default_rng(len(path))
    return rng.integers(0, 256, (120, 160, 3)).astype(np.uint8)


def _rows(name: str) -> list[dict[str, str]]:
    with (LABELS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_pair_looked_at_has_allowed_labels_and_a_rule() -> None:
    for row in _rows("pairs.csv"):
        assert set(row["label"].split("|")) <= ALLOWED, row
        assert row["rule"], row
        assert row["a"] != row["b"], row
        assert len(row["box"].split()) in (0, 4), row


def test_no_pair_is_labelled_twice() -> None:
    rows = _rows("pairs.csv")
    assert len(labelled_pairs()) == len(rows)


def test_what_is_labelled_lies_below_the_data_folder() -> None:
    names = [row[side] for row in _rows("pairs.csv") for side in "ab"]
    names += [row["path"] for row in _rows("sameplace.csv")]
    assert not [name for name in names if name.startswith(("/", ".")) or ".." in name or "\\" in name]


def test_every_shot_of_a_place_is_listed_once_with_a_reach() -> None:
    rows = _rows("sameplace.csv")
    assert max(Counter(row["path"] for row in rows).values()) == 1
    assert len(series_labels()) == len(rows)
    assert all(int(row["reach"]) >= 0 and row["rule"] and row["split"] for row in rows)


def test_shots_of_one_series_are_in_one_place() -> None:
    places: dict[str, set[str]] = {}
    for path, (series, _, _, _) in series_labels().items():
        places.setdefault(series, set()).add(path.rpartition("/")[0])
    assert all(len(folders) == 1 for folders in places.values())


def test_halves_are_about_equal_and_do_not_change() -> None:
    halves = Counter(half_of(f"photos/{number}.jpg") for number in range(2000))
    assert set(halves) == {"test", "train"}
    assert 900 < halves["test"] < 1100
    assert half_of("photos/kodak/kodim01.png") == "train"


def test_a_pair_across_the_halves_belongs_to_neither() -> None:
    names = [f"{number}" for number in range(40)]
    test, train = (next(name for name in names if half_of(name) == half) for half in ("test", "train"))
    assert Pair("k", "a", "b", Right.SAME, test, test).half == "test"
    assert Pair("k", "a", "b", Right.SAME, test, train).half == "mixed"


@pytest.mark.parametrize("kind", MADE)
def test_made_pictures_are_the_same_each_time_and_differ_by_number(kind: str) -> None:
    assert made_bytes(f"{kind}|1", _no_files) == made_bytes(f"{kind}|1", _no_files)
    assert not np.array_equal(MADE[kind](1, _no_files), MADE[kind](7, _no_files))


def test_the_boxes_of_a_template_hold_every_change() -> None:
    for a, b in (("made:form|50", "made:form|51"), ("made:captions|0|x", "made:captions|3|x")):
        boxes = template_boxes(a, b, _no_files)
        assert boxes
        assert sum(w * h for _, _, w, h in boxes) < 0.4 * 400 * 520


def test_captions_leave_the_middle_of_the_photograph_alone() -> None:
    boxes = template_boxes("made:captions|1|x", "made:captions|4|x", _no_files)
    tall = 120 // 7
    assert all(y + h <= tall or y >= 120 - tall for _, y, _, h in boxes)
