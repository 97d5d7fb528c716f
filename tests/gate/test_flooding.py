"""A picture that very many uploads match is reported, and blocks nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from samepic import Gate, Outcome
from samepic.decision import Match
from samepic.store.records import Refusal
from samepic.tuning.search import GATE
from samepic.verdict import Relation
from tests.gate.conftest import Opens
from tests.gate.pictures import resaved


def flood(gate: Gate, key: str, count: int) -> None:
    """Have `count` other uploads refused because of the picture with this key."""
    kept = gate.get(key)
    assert kept is not None
    match = Match(key, Relation.RESAVED, 0.99, "the same picture saved again")
    for number in range(count):
        gate._store.put_refusal(
            Refusal(gate.tenant, f"user/{number}", f"{number:064x}", kept.number, "", match)
        )


def test_a_picture_that_very_many_uploads_match_decides_nothing_more(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "avatar")
    flood(gate, "avatar", GATE.flooding - 1)
    last = gate.admit(resaved(coffee), "last")
    assert (last.outcome, last.flooding) == (Outcome.DUPLICATE, False)
    next_one = gate.admit(resaved(coffee, quality=50), "next")
    assert (next_one.outcome, next_one.flooding) == (Outcome.REVIEW, True)
    assert "very many uploads match" in next_one.detail


@pytest.mark.parametrize(("action", "outcome"), [("accept", Outcome.ACCEPTED), ("refuse", Outcome.DUPLICATE)])
def test_a_policy_says_what_is_done_about_a_flood(
    opens: Opens, coffee: Path, action: str, outcome: Outcome
) -> None:
    gate = opens(policy={"flooding": action})
    gate.admit(coffee, "avatar")
    flood(gate, "avatar", GATE.flooding)
    decision = gate.check(resaved(coffee))
    assert (decision.outcome, decision.flooding) == (outcome, True)


def test_a_flood_of_one_tenant_is_none_of_another(opens: Opens, coffee: Path) -> None:
    one, two = opens(tenant="one"), opens(tenant="two")
    one.admit(coffee, "avatar")
    two.admit(coffee, "avatar")
    flood(one, "avatar", GATE.flooding)
    assert one.check(resaved(coffee)).flooding
    assert not two.check(resaved(coffee)).flooding


def test_one_file_under_many_keys_is_no_flood(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "avatar")
    copy = resaved(coffee)
    outcomes = {gate.admit(copy, f"again/{number}").outcome for number in range(GATE.flooding + 2)}
    assert outcomes == {Outcome.DUPLICATE}


def test_the_file_itself_is_refused_in_a_flood_too(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "avatar")
    flood(gate, "avatar", GATE.flooding)
    decision = gate.check(coffee)
    assert (decision.outcome, decision.flooding) == (Outcome.DUPLICATE, False)
