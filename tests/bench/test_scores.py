"""The figures of compared pairs, on cases small enough to work out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bench.family_base import Right
from bench.lookalikes import as_wanted, box_iou, report, truly_same, wrongly_same
from samepic.calibration.statistics import reliability


def line(relation: str, same: bool | None, truth: list[str], **more: object) -> dict[str, Any]:
    wanted = bool(Right.SAME & set(truth))
    known = {"kind": "k", "level": "l", "name": "k|test|1", "probability": 0.5, "iou": None, "cpu": 0.01}
    return known | {"relation": relation, "same": same, "truth": truth, "wanted_same": wanted} | more


def test_equal_boxes_have_the_whole_overlap_and_distant_ones_none() -> None:
    assert box_iou([(1, 2, 3, 4)], [(1, 2, 3, 4)]) == 1.0
    assert box_iou([(0, 0, 2, 2)], [(5, 5, 2, 2)]) == 0.0
    assert box_iou([], [(5, 5, 2, 2)]) == 0.0


def test_half_of_a_box_is_a_third_of_the_union_of_two() -> None:
    assert box_iou([(0, 0, 4, 2)], [(2, 0, 4, 2)]) == pytest.approx(4 / 12)


def test_boxes_are_joined_before_they_are_compared() -> None:
    assert box_iou([(0, 0, 2, 4), (2, 0, 2, 4)], [(0, 0, 4, 4)]) == 1.0
    assert box_iou([(0, 0, 4, 4), (1, 1, 2, 2)], [(0, 0, 4, 4)]) == 1.0


def test_no_boxes_at_all_agree() -> None:
    assert box_iou([], []) == 1.0


def test_a_box_that_leaves_the_frame_counts_inside_it() -> None:
    assert box_iou([(-2, 0, 4, 2)], [(0, 0, 2, 2)]) == 1.0


def test_the_calibration_error_is_the_weighted_gap_of_the_bins() -> None:
    # Bin 0.9 to 1: mean 0.95, half of two are the same: gap 0.45. Bin 0 to 0.1: mean 0.05, none: gap 0.05.
    curve = reliability([0.95, 0.95, 0.05, 0.05], [True, False, False, False])
    assert curve.error == pytest.approx((2 * 0.45 + 2 * 0.05) / 4)


def test_certain_and_right_answers_have_no_calibration_error() -> None:
    assert reliability([1.0, 0.0, 1.0], [True, False, True]).error == 0.0


def test_a_probability_of_one_falls_into_the_last_bin() -> None:
    bins = reliability([1.0, 0.9, 0.0], [True, False, False]).bins
    assert bins[9].pairs == 2
    assert (bins[9].mean, bins[9].share) == pytest.approx((0.95, 0.5))
    assert (bins[0].pairs, bins[0].mean, bins[0].share) == (1, 0.0, 0.0)
    assert bins[4].pairs == 0


def test_an_edited_copy_is_to_be_edited_and_nothing_else() -> None:
    assert as_wanted(line("edited", False, ["edited"]))
    assert not as_wanted(line("similar", False, ["edited"]))
    assert as_wanted(line("edited", False, ["edited", "reframed"]))
    assert as_wanted(line("resaved", True, ["adjusted"]))
    assert not as_wanted(line("undecidable", None, ["adjusted"]))


def test_same_is_wrong_only_where_no_right_relation_is_the_same() -> None:
    assert wrongly_same(line("adjusted", True, ["different", "similar"]))
    assert wrongly_same(line("resaved", True, ["edited"]))
    assert not wrongly_same(line("resaved", True, ["edited", "reframed"]))
    assert not wrongly_same(line("undecidable", None, ["different"]))


def test_truth_is_open_where_either_answer_is_right() -> None:
    assert truly_same(line("reframed", True, ["adjusted", "reframed"])) is True
    assert truly_same(line("similar", False, ["different", "similar"])) is False
    assert truly_same(line("edited", False, ["edited", "reframed"])) is None
    assert truly_same(line("undecidable", None, ["different", "undecidable"])) is None
    assert truly_same(line("undecidable", None, ["different"])) is False


def test_the_report_fails_on_a_wrong_same_and_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    good = line("different", False, ["different"])
    assert report([good])
    bad = line("resaved", True, ["different"], name="places|test|7")
    assert not report([good, bad])
    assert "places|test|7: l: resaved" in capsys.readouterr().out


def test_the_report_counts_each_kind_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    copy = line("reframed", True, ["reframed"], kind="altered", level="crop 50 %")
    miss = copy | {"relation": "different", "same": False}
    report([copy, copy, copy, miss, copy | {"level": "border white"}])
    out = capsys.readouterr().out
    assert "| altered: crop 50 % | 4 | 3 |" in out
    assert "| **altered** (the same) | 5 | 4 |" in out
