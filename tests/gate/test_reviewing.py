"""What a gate holds is decided by people, one pair at a time, and every word can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from samepic import Gate
from samepic.decision import Outcome
from samepic.gate.review import ReviewPair, ReviewQueue
from samepic.sandbox.pool import InProcess
from tests.gate.pictures import captioned, resaved

URL = "uploads.db"


@pytest.fixture
def url(tmp_path: Path, coffee: Path, astronaut: Path) -> str:
    """Return a store that keeps two photographs and holds an edited copy of each."""
    url = str(tmp_path / URL)
    with Gate(url, workers=InProcess()) as gate:
        for photo in (coffee, astronaut):
            gate.admit(photo, photo.stem)
            decision = gate.admit(captioned(photo), f"{photo.stem} edited")
            assert decision.outcome is Outcome.REVIEW
    return url


def taken(pair: ReviewPair | None) -> ReviewPair:
    assert pair is not None
    return pair


def test_a_word_decides_the_upload_and_what_comes_after_it(url: str, coffee: Path, astronaut: Path) -> None:
    with ReviewQueue(url) as queue, Gate(url, workers=InProcess()) as gate:
        first = taken(queue.next("ann"))
        assert (first.upload.key, first.kept.key, first.of) == ("coffee edited", "coffee", 1)
        assert first.match.key == "coffee"
        assert queue.decide("ann", first.number, "coffee", same=True) is not None
        second = taken(queue.next("ann", (first.number, "coffee")))
        assert queue.decide("ann", second.number, second.kept.key, same=False) is not None
        assert (queue.next("ann"), queue.waiting()) == (None, 0)
        assert gate.get("coffee edited") is None
        assert gate.admit(captioned(coffee), "again").outcome is Outcome.DUPLICATE
        assert gate.admit(resaved(captioned(astronaut), quality=80), "copy").outcome is Outcome.DUPLICATE


def test_undo_brings_the_pair_back_and_the_gate_sees_the_upload_again(url: str, coffee: Path) -> None:
    with ReviewQueue(url) as queue, Gate(url, workers=InProcess()) as gate:
        before = gate.get("coffee edited")
        assert gate.check(captioned(coffee)).outcome is Outcome.DUPLICATE
        pair = taken(queue.next("ann"))
        queue.decide("ann", pair.number, "coffee", same=True)
        back = taken(queue.undo("ann"))
        assert before is not None
        assert (back.upload.key, back.upload.matches, back.upload.proxy) == (
            before.key,
            before.matches,
            before.proxy,
        )
        found = gate.check(resaved(captioned(coffee), quality=85))
        assert "coffee edited" in [match.key for match in found.matches]
        assert gate.status()["held"] == 2
        assert queue.undo("ann") is None
        assert queue.undo("bob") is None


def test_two_reviewers_get_two_pairs_and_skipping_leads_round(url: str) -> None:
    with ReviewQueue(url) as queue:
        one, two = taken(queue.next("ann")), taken(queue.next("bob"))
        assert one.number != two.number
        assert taken(queue.next("ann", (one.number, one.kept.key))) == one
        queue.let_go("bob")
        assert taken(queue.next("ann", (one.number, one.kept.key))) == two


def test_the_better_copy_is_marked_with_the_reason(tmp_path: Path, coffee: Path) -> None:
    with Gate(tmp_path / URL, workers=InProcess(), policy={"resaved": "review"}) as gate:
        gate.admit(resaved(coffee, scale=0.5), "small")
        gate.admit(coffee, "large")
        gate.admit(resaved(coffee, scale=0.7), "middle")
    with ReviewQueue(tmp_path / URL) as queue:
        pair = taken(queue.next("ann"))
        assert (pair.upload.key, pair.kept.key, pair.copies.better) == ("large", "small", "upload")
        assert pair.copies.reason.startswith("the upload is larger: 600x400 against")
