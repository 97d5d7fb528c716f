"""The result: rescaling only where it helps, and a profile only where there is a choice."""

from __future__ import annotations

import pytest

from samepic import ReportError
from samepic.calibration.result import Result, result_of
from samepic.calibration.statistics import LabeledPairs
from tests.calibration.labelled import judged


def measured(*rows: tuple[str, float, bool]) -> Result:
    pairs = judged(*rows)
    return result_of(LabeledPairs("my.csv", "0" * 64, tuple(one.pair for one in pairs)), pairs, [])


def test_one_wrong_label_does_not_spoil_the_probabilities() -> None:
    """A label against a near certainty would draw all others in; it is told among the disagreements instead."""
    right = [("resaved", 0.995, True)] * 12 + [("different", 0.001, False)] * 12
    found = measured(*right, ("different", 0.00001, True))
    assert (found.slope, found.intercept) == (1, 0)
    assert found.rescaled == found.stated
    assert [one.pair.line for one in found.disagreements] == [26]


def test_probabilities_that_are_off_are_rescaled_nearer_to_the_labels() -> None:
    rows = [("adjusted", 0.3, number % 10 != 0) for number in range(200)]
    found = measured(*rows, *[("different", 0.01, False)] * 50)
    assert found.rescaled.brier < found.stated.brier - 0.1
    assert found.rescaled.error < 0.02
    assert found.profile("2026-11-23", "0.1.0", "samepic calibrate").rescaled(0.3) == pytest.approx(
        0.9, abs=0.02
    )


def test_what_is_proven_takes_no_part_in_the_fit() -> None:
    rows = [("resaved", 0.9, True), ("different", 0.1, False)]
    proven = [("same-file", 1.0, True), ("same-pixels", 1.0, True), ("undecidable", 0.5, False)]
    with_them, without = measured(*rows, *proven), measured(*rows)
    assert (with_them.slope, with_them.intercept) == (without.slope, without.intercept)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            (("resaved", 0.9, True),),
            "expected pairs of both kinds to choose a cutoff, found none labeled different",
        ),
        (
            (("resaved", 0.9, False),),
            "expected pairs of both kinds to choose a cutoff, found none labeled same",
        ),
        (
            (("resaved", 0.9, True), ("same-file", 1.0, False)),
            "expected pairs labeled different that some rule can separate, found 1 that are the same file",
        ),
    ],
)
def test_without_a_choice_there_is_no_profile_and_the_reason_is_told(
    rows: tuple[tuple[str, float, bool], ...], why: str
) -> None:
    with pytest.raises(ReportError, match=why):
        measured(*rows).profile("2026-11-23", "0.1.0", "samepic calibrate")
