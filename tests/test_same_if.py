"""Where "same" ends: with a profile, within its rung and at its probability; what is proven is not rescaled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import samepic
from samepic.profile import Policy
from samepic.verdict import Relation

HARSH = samepic.Profile("edited", 0.9, 1.0, -10.0)
"""Takes every estimated probability down to nearly nothing."""


@given(st.sampled_from(Relation), st.floats(0, 1))
def test_without_a_profile_the_relation_alone_decides(relation: Relation, probability: float) -> None:
    for rung in tuple(Relation)[:6]:
        policy = Policy.of(rung)
        assert policy.probability(relation, probability) == probability
        assert policy.same(relation, probability) is relation.is_same(rung)


@given(st.sampled_from(Relation), st.floats(0, 1), st.floats(0, 1))
def test_a_profile_never_makes_same_what_its_rung_does_not(
    relation: Relation, probability: float, least: float
) -> None:
    policy = Policy.of(profile=samepic.Profile("resaved", least))
    within = relation.is_same(Relation.RESAVED)
    answer = policy.same(relation, probability)
    assert answer is (False if within and probability < least else within)


def test_same_if_that_is_given_goes_before_that_of_the_profile() -> None:
    profile = samepic.Profile("same-pixels")
    assert Policy.of(None, profile).same_if is Relation.SAME_PIXELS
    assert Policy.of("resaved", profile).same_if is Relation.RESAVED
    assert Policy.of().same_if is Relation.REFRAMED


def test_what_is_proven_or_cannot_be_told_is_not_rescaled(
    astronaut: Path, tmp_path: Path, chelsea: Path
) -> None:
    Image.open(chelsea).save(tmp_path / "chelsea.bmp")
    for level in (100, 140):
        Image.new("RGB", (64, 48), (level, level, level)).save(tmp_path / f"{level}.png")
    for a, b, relation, same in (
        (astronaut, astronaut, "same-file", True),
        (chelsea, tmp_path / "chelsea.bmp", "same-pixels", True),
        (tmp_path / "100.png", tmp_path / "140.png", "undecidable", None),
    ):
        plain, ruled = samepic.compare(a, b), samepic.compare(a, b, profile=HARSH)
        assert (ruled.relation, ruled.same) == (relation, same)
        assert ruled.probability == plain.probability
        assert ruled.explanation == plain.explanation


@pytest.fixture
def resaved(astronaut: Path, tmp_path: Path) -> Path:
    Image.open(astronaut).save(tmp_path / "again.jpg", quality=75)
    return tmp_path / "again.jpg"


def test_compare_rescales_and_refuses_what_is_too_improbable_and_says_so(
    astronaut: Path, resaved: Path
) -> None:
    plain = samepic.compare(astronaut, resaved)
    assert (plain.relation, plain.same) == (Relation.RESAVED, True)
    ruled = samepic.compare(astronaut, resaved, profile=HARSH)
    assert (ruled.relation, ruled.same) == (Relation.RESAVED, False)
    assert ruled.probability == HARSH.rescaled(plain.probability) < 0.9
    assert ruled.explanation.startswith(f"{plain.explanation}; but the probability is ")
    assert ruled.explanation.endswith(" and the profile requires at least 0.9")
    assert samepic.compare(astronaut, resaved, profile=samepic.Profile("resaved", 0.5)).same


def test_compare_takes_a_profile_from_its_file(astronaut: Path, resaved: Path, tmp_path: Path) -> None:
    HARSH.write(tmp_path / "harsh.json")
    for profile in (tmp_path / "harsh.json", str(tmp_path / "harsh.json")):
        assert samepic.compare(astronaut, resaved, profile=profile).same is False
    with pytest.raises(samepic.ProfileError, match=r"nowhere\.json: no such file"):
        samepic.compare(astronaut, resaved, profile=tmp_path / "nowhere.json")


def test_a_nearer_rung_of_the_profile_or_of_the_caller_holds(astronaut: Path, resaved: Path) -> None:
    near = samepic.Profile("same-pixels")
    assert samepic.compare(astronaut, resaved, profile=near).same is False
    assert samepic.compare(astronaut, resaved, profile=near, same_if="resaved").same is True
