"""Figures: counted by hand in small cases, and sums that must come out for any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samepic.calibration.statistics import (
    disagreements,
    outcomes_by_cutoff,
    outcomes_by_relation,
    reliability,
)
from samepic.verdict import Relation
from tests.calibration.labelled import judged

rows = st.lists(
    st.tuples(st.sampled_from([str(one) for one in Relation]), st.floats(0, 1), st.booleans()),
    min_size=1,
    max_size=50,
)


def test_brier_and_calibration_error_of_a_case_worked_out_by_hand() -> None:
    """0.8 twice with one same, 0.1 once with none: Brier (0.04 + 0.64 + 0.01) / 3, error (2 * 0.3 + 1 * 0.1) / 3."""
    found = reliability([0.8, 0.8, 0.1], [True, False, False])
    assert found.brier == pytest.approx(0.23)
    assert found.error == pytest.approx(0.7 / 3)
    assert [one.pairs for one in found.bins] == [0, 1, 0, 0, 0, 0, 0, 0, 2, 0]


def test_the_last_bin_holds_what_is_certain_and_an_empty_one_claims_nothing() -> None:
    found = reliability([1.0, 1.0], [True, True])
    assert (found.brier, found.error) == (0, 0)
    assert (found.bins[-1].pairs, found.bins[-1].share) == (2, 1.0)
    assert (found.bins[0].mean, found.bins[0].share, found.bins[0].interval) == (None, None, (0, 1))


@given(rows)
def test_every_pair_is_in_one_bin_and_the_share_in_its_interval(pairs: list[tuple[str, float, bool]]) -> None:
    found = reliability([p for _, p, _ in pairs], [label for _, _, label in pairs])
    assert sum(one.pairs for one in found.bins) == len(pairs)
    assert sum(one.same for one in found.bins) == sum(label for _, _, label in pairs)
    assert 0 <= found.brier <= 1
    assert 0 <= found.error <= 1
    for one in found.bins:
        if one.share is not None and one.mean is not None:
            assert one.interval[0] <= one.share <= one.interval[1]
            assert one.low - 1e-9 <= one.mean <= one.high + 1e-9


def test_rungs_and_cutoffs_of_a_case_counted_by_hand() -> None:
    pairs = judged(
        ("same-file", 1.0, True),
        ("resaved", 0.99, True),
        ("resaved", 0.96, False),
        ("edited", 0.4, True),
        ("edited", 0.1, False),
        ("undecidable", 0.5, True),
        ("different", 0.001, False),
    )
    by_relation = outcomes_by_relation(pairs)
    assert [(out.wrong, out.refused) for out in by_relation.values()] == [
        (0, 3),
        (0, 3),
        (1, 2),
        (1, 2),
        (1, 2),
        (2, 1),
    ]
    assert {(out.different, out.same) for out in by_relation.values()} == {(3, 4)}
    cutoffs = outcomes_by_cutoff(pairs)
    assert (cutoffs[0.3].wrong, cutoffs[0.3].refused) == (1, 1)  # what cannot be told never comes through
    assert (cutoffs[0.98].wrong, cutoffs[0.98].refused) == (0, 2)


@given(rows)
def test_a_farther_rung_and_a_lower_cutoff_never_refuse_more(pairs: list[tuple[str, float, bool]]) -> None:
    result = judged(*pairs)
    for outcomes in (
        list(outcomes_by_relation(result).values()),
        list(outcomes_by_cutoff(result).values())[::-1],
    ):
        assert [out.wrong for out in outcomes] == sorted(out.wrong for out in outcomes)
        assert [out.refused for out in outcomes] == sorted((out.refused for out in outcomes), reverse=True)
        for out in outcomes:
            assert out.different + out.same == len(result)
            assert out.wrong_interval[0] <= (out.wrong / out.different if out.different else 0)
            assert out.wrong_interval[1] >= (out.wrong / out.different if out.different else 1)


def test_the_worst_disagreement_comes_first_and_agreement_is_not_listed() -> None:
    pairs = judged(
        ("edited", 0.1, True),
        ("resaved", 0.99, True),
        ("different", 0.001, True),
        ("resaved", 0.7, False),
        ("undecidable", 0.5, False),
        ("similar", 0.05, False),
    )
    assert [one.pair.line for one in disagreements(pairs)] == [4, 2, 5, 6]
