"""A user's profile: comes back from its file as it was, and anything else is refused by name."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import samepic
from samepic.profile import RUNGS, Origin, Profile
from samepic.verdict import Relation

ORIGIN = Origin("my.csv", "0" * 64, 12, "2026-11-23", "0.1.0", "samepic calibrate my.csv --write mine.json")

numbers = st.floats(-1e6, 1e6)
profiles = st.builds(
    Profile,
    st.sampled_from(RUNGS),
    st.floats(0, 1),
    st.floats(1e-6, 1e6),
    numbers,
    st.one_of(st.none(), st.just(ORIGIN)),
)


def test_the_rungs_are_those_that_may_end_same() -> None:
    assert tuple(Relation)[:6] == RUNGS


@given(profiles)
def test_a_profile_comes_back_as_it_was(profile: Profile) -> None:
    assert Profile.parse(json.dumps(profile.to_dict())) == profile


def test_a_profile_comes_back_from_its_file(tmp_path: Path) -> None:
    profile = Profile("resaved", 0.1 + 0.2, 1 / 3, -2.5, ORIGIN)
    profile.write(tmp_path / "mine.json")
    assert Profile.read(tmp_path / "mine.json") == profile
    Profile().write(tmp_path / "mine.json")
    assert Profile.read(str(tmp_path / "mine.json")) == Profile()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


@given(profiles, st.floats(0, 1), st.floats(0, 1))
def test_rescaling_keeps_the_order_and_the_range(profile: Profile, one: float, other: float) -> None:
    low, high = profile.rescaled(min(one, other)), profile.rescaled(max(one, other))
    assert 0 <= low <= high <= 1


def test_rescaling_is_platts_formula() -> None:
    """logit(0.9) is ln 9; twice that and ln 2 more is ln 162, the logit of 162/163."""
    assert Profile(slope=2, intercept=math.log(2)).rescaled(0.9) == pytest.approx(162 / 163)
    assert Profile().rescaled(0.3) == pytest.approx(0.3)


def changed(**values: object) -> str:
    return json.dumps({**Profile("resaved", 0.9, 1, 0, ORIGIN).to_dict(), **values})


def without(key: str) -> str:
    found: dict[str, Any] = json.loads(changed())
    del found[key]
    return json.dumps(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected one JSON object of samepic calibrate --write, found Expecting value"),
        ("[]", "expected one JSON object of samepic calibrate --write, found []"),
        ("[" * 100_000, "expected one JSON object of samepic calibrate --write, found "),
        ("{}", 'kind: expected "samepic profile", found null'),
        (changed(kind="other"), "kind: expected \"samepic profile\", found 'other'"),
        (changed(version=2), "version: expected 1, found 2"),
        (changed(version=True), "version: expected 1, found true"),
        (changed(colour="red"), "expected none but same_if, probability, "),
        (without("slope"), "expected slope, found none"),
        (changed(same_if="similar"), "same_if: expected one of same-file, "),
        (changed(same_if=3), "same_if: expected a text, found 3"),
        (changed(probability=1.5), "probability: expected a number from 0 to 1, found 1.5"),
        (changed(probability="high"), "probability: expected a number, found 'high'"),
        (changed(probability=True), "probability: expected a number, found true"),
        (changed(slope=0), "slope: expected a finite number over 0, found 0"),
        (changed(slope=math.nan), "expected finite numbers, found NaN"),
        (changed(intercept=math.inf), "expected finite numbers, found Infinity"),
        (changed(intercept=10**400), "intercept: expected a finite number, found 1000"),
        (changed(origin=[]), "origin: expected an object, found []"),
        (changed(origin={}), "origin: expected csv, found none"),
        (
            changed(origin={**Profile(origin=ORIGIN).to_dict()["origin"], "sha256": "x"}),
            "origin: sha256: expected 64 hexadecimal digits, found 'x'",
        ),
        (
            '{"kind": "samepic profile", "kind": "samepic profile"}',
            "expected each key once, found 'kind' twice",
        ),
    ],
)
def test_what_is_no_profile_is_refused_with_file_wanted_and_got(text: str, message: str) -> None:
    with pytest.raises(samepic.ProfileError) as caught:
        Profile.parse(text, "mine.json")
    assert str(caught.value).startswith(f"mine.json: {message}")


def test_bytes_that_are_no_text_and_files_that_are_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "long.json").write_bytes(b" " * 2_000_000)
    for name in ("binary.json", "long.json", "nowhere.json", "."):
        message = "no such file" if name == "nowhere.json" else "expected"
        with pytest.raises(samepic.ProfileError, match=message) as caught:
            Profile.read(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name).removesuffix("/."))


@given(st.binary(max_size=100))
def test_any_bytes_are_a_profile_or_a_profile_error(data: bytes) -> None:
    with pytest.raises(samepic.ProfileError):
        Profile.parse(data)


def test_a_profile_that_makes_no_sense_cannot_be_made_in_python_either() -> None:
    for wrong in ({"same_if": "similar"}, {"probability": -0.1}, {"slope": -1.0}, {"intercept": math.nan}):
        with pytest.raises(samepic.ProfileError):
            Profile(**wrong)
