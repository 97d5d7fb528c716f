"""Copies that arrive at once, from several processes and threads: one is let in, the others are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from samepic import Outcome, StoreKeyError
from samepic.store.contract import StoreSnapshot
from samepic.store.records import Record, State
from tests.gate.conftest import Opens
from tests.gate.pictures import resaved
from tests.kits.uploaders import Upload, Uploaders, wrong_round


@pytest.mark.parametrize("count", [8, pytest.param(32, marks=pytest.mark.stress)])
def test_of_copies_that_arrive_at_once_one_is_accepted(url: str, photos: dict[str, Path], count: int) -> None:
    with Uploaders(url, count=2, threads=6) as uploaders:
        for name in ("coffee", "rocket", "chelsea"):
            copies = [resaved(photos[name], scale=0.5, quality=60 + n) for n in range(count)]
            uploads = [Upload(f"{name}/{n}", data) for n, data in enumerate(copies)]
            answers = uploaders.round(uploads)
            assert wrong_round(answers, {upload.key: name for upload in uploads}) == []


@pytest.mark.parametrize("copy", [True, False])
def test_what_came_after_an_upload_was_compared_is_compared_too(
    url: str, opens: Opens, photos: dict[str, Path], monkeypatch: pytest.MonkeyPatch, copy: bool
) -> None:
    gate, rival = opens(url), opens(url)
    put, came = gate._store.put, resaved(photos["coffee"]) if copy else photos["rocket"].read_bytes()
    states = []

    def late(record: Record, lease: float, seen: StoreSnapshot | None) -> Record | None:
        rival.admit(came, "rival")
        made = put(record, lease, seen)
        assert made is not None
        states.append(made.state)
        return made

    monkeypatch.setattr(gate._store, "put", late)
    decision = gate.admit(photos["coffee"], "photo")
    assert states == [State.PENDING]
    if copy:
        assert (decision.outcome, decision.match and decision.match.key) == (Outcome.DUPLICATE, "rival")
    else:
        assert decision.outcome is Outcome.ACCEPTED


def test_pictures_that_arrive_at_once_are_all_accepted(url: str, photos: dict[str, Path]) -> None:
    uploads = [Upload(name, path.read_bytes()) for name, path in photos.items()]
    with Uploaders(url, count=2, threads=4) as uploaders:
        answers = uploaders.round(uploads)
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    assert len(answers) == len(uploads)


def test_one_upload_sent_many_times_at_once_gets_one_answer(url: str, coffee: Path) -> None:
    """Somebody presses the button twice, or a proxy tries again: the key and the bytes are the same."""
    upload = Upload("photo", resaved(coffee, scale=0.5))
    with Uploaders(url, count=2, threads=4) as uploaders:
        answers = uploaders.round([upload] * 8)
    assert [answer.outcome for answer in answers] == ["accepted"] * 8


def test_of_two_pictures_that_want_one_key_one_gets_it(opens: Opens, coffee: Path, astronaut: Path) -> None:
    gate = opens()
    outcomes = []
    for path in (coffee, astronaut):
        try:
            outcomes.append(str(gate.admit(path, "photo").outcome))
        except StoreKeyError:
            outcomes.append("taken")
    assert outcomes == ["accepted", "taken"]
