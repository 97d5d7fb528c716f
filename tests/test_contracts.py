"""What users hold on to is what it was: every contract of tests/golden/contracts, compared line by line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from samepic.tuning import VERSION
from tests.golden.contract_verdicts import VERDICTS, changed
from tests.golden.make_contracts import (
    COMMAND,
    CONTRACTS,
    GROUPS,
    differences,
    kept,
    raise_version,
    stored_version,
)

SLOW = ("commands", "service", "verdicts")
_ABOUT = {
    "postgres": (pytest.mark.postgres,),
    "parts": (pytest.mark.spark,),
    **dict.fromkeys(SLOW, (pytest.mark.slow,)),
}


@pytest.mark.parametrize("group", [pytest.param(one, marks=_ABOUT.get(one, ()), id=one) for one in GROUPS])
def test_what_users_hold_on_to_is_what_it_was(group: str, tmp_path: Path) -> None:
    found = [
        line for name, text in GROUPS[group](tmp_path).items() for line in differences(name, kept(name), text)
    ]
    result = "\n".join(found)
    if found and VERDICTS in result and stored_version() == VERSION:
        pytest.fail(f"{result}\n{raise_version()}", pytrace=False)
    if found:
        pytest.fail(f"{result}\nwhere that is meant: {COMMAND} {group}", pytrace=False)


@pytest.mark.slow
def test_the_verdicts_are_those_of_the_version_that_is_stored() -> None:
    assert stored_version() == VERSION, f"samepic.tuning.VERSION was raised: {COMMAND} verdicts"


def test_a_verdict_that_changed_is_named_and_a_probability_may_be_a_little_off() -> None:
    text = '{"verdicts": {"x": {"probability": %s, "relation": "%s", "same": true}}, "version": 1}'
    before = text % (0.9, "resaved")
    assert changed(before, text % (0.92, "resaved")) == []
    for other in (text % (0.8, "resaved"), text % (0.9, "adjusted"), '{"verdicts": {}, "version": 1}'):
        assert [line.partition(":")[0] for line in changed(before, other)] == ["x"]


def test_a_difference_is_told_with_its_file_and_line() -> None:
    found = differences("help/find.txt", "a\nb\nc\n", "a\nx\nc\n")
    assert found == ["tests/golden/contracts/help/find.txt:2: wanted 'b'", "    got 'x'"]


def test_no_contract_names_a_place_of_this_machine(tmp_path: Path) -> None:
    places = (Path(__file__).parent.parent, Path.home(), Path(tempfile.gettempdir()), tmp_path)
    for path in CONTRACTS.rglob("*.*"):
        text = path.read_text("utf-8")
        assert not [place for place in places if f"{place}/" in text], path
