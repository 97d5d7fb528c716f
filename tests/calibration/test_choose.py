"""The choice: no wrong "same", as few refused as that allows, and no farther than the pairs ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samepic.calibration.result import CutoffChoice, choose
from samepic.profile import Policy
from samepic.verdict import Relation
from tests.calibration.labelled import judged

rows = st.lists(
    st.tuples(st.sampled_from([str(one) for one in Relation]), st.floats(0, 1), st.booleans()),
    min_size=1,
    max_size=30,
)


def chosen(*pairs: tuple[str, float, bool]) -> CutoffChoice:
    found = choose(judged(*pairs), 1.0, 0.0)
    assert found is not None
    return found


def test_pairs_that_ask_for_nothing_stay_with_reframed_and_no_cutoff() -> None:
    found = chosen(("resaved", 0.99, True), ("different", 0.01, False))
    assert (found.profile.same_if, found.profile.probability, found.stated) == ("reframed", 0, 0)


def test_edited_is_chosen_only_where_edited_pairs_are_labelled_same() -> None:
    pairs = [("resaved", 0.99, True), ("different", 0.01, False), ("edited", 0.1, True)]
    assert chosen(*pairs).profile.same_if == "edited"
    assert chosen(*pairs, ("edited", 0.1, False)).profile.same_if == "reframed"


def test_a_wrong_reframed_pair_brings_a_cutoff_where_that_refuses_less_than_a_nearer_rung() -> None:
    found = chosen(("reframed", 0.97, True), ("reframed", 0.92, False), ("resaved", 0.99, True))
    assert (found.profile.same_if, found.stated) == ("reframed", 0.95)
    assert found.profile.probability == pytest.approx(0.95)
    assert "A probability of 0.9 would wrongly accept 1." in found.reason


def test_a_wrong_reframed_pair_that_nothing_speaks_against_brings_a_nearer_rung() -> None:
    found = chosen(("resaved", 0.6, True), ("reframed", 0.97, False))
    assert (found.profile.same_if, found.stated) == ("adjusted", 0)
    assert "The relation reframed would wrongly accept 1." in found.reason


def test_the_upper_bound_of_none_is_told_in_words() -> None:
    found = chosen(("resaved", 0.99, True), *[("different", 0.01, False)] * 118)
    assert found.reason[1] == (
        "None of 118 does not mean never: with 95 % confidence, at most 3.1 % of such pairs would wrongly count"
        " as the same."
    )


def test_where_every_rule_lets_a_wrong_one_through_there_is_no_choice() -> None:
    assert choose(judged(("same-file", 1.0, False), ("resaved", 0.9, True)), 1.0, 0.0) is None


def test_where_a_label_is_missing_there_is_no_choice() -> None:
    assert choose(judged(("resaved", 0.9, True)), 1.0, 0.0) is None
    assert choose(judged(("resaved", 0.9, False)), 1.0, 0.0) is None


@given(rows, st.floats(0.05, 3), st.floats(-3, 3))
def test_the_chosen_profile_does_what_the_choice_says(
    pairs: list[tuple[str, float, bool]], slope: float, intercept: float
) -> None:
    found = choose(judged(*pairs), slope, intercept)
    if found is None:
        return
    policy = Policy.of(profile=found.profile)
    through = [
        label
        for relation, p, label in pairs
        if policy.same(Relation(relation), policy.probability(Relation(relation), p))
    ]
    assert False not in through
    assert len(through) == found.outcome.same - found.outcome.refused
