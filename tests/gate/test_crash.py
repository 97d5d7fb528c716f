"""A process that is killed in the middle takes nothing with it but its own upload, and blocks nobody for long."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from samepic import Gate, Outcome, StoreError
from samepic.gate.admission import Admission
from samepic.store import open_store
from samepic.store.contract import LONGEST_LEASE
from samepic.store.records import State
from tests.gate.conftest import Opens
from tests.gate.pictures import resaved
from tests.kits.crashes import crash_round
from tests.kits.uploaders import Upload


def left_behind(gate_url: str, opens: Opens, data: bytes, key: str, lease: float) -> None:
    """Leave a pending record as a process does that died after it was committed."""
    gate = opens(gate_url)
    admission = Admission(gate._context, key, gate._read(data), gate.policy)
    assert gate._store.put_pending(admission._prepared[0].record, lease) is not None


def test_a_dead_upload_is_waited_for_no_longer_than_its_lease(url: str, opens: Opens, coffee: Path) -> None:
    gate, begin = opens(url), time.monotonic()
    left_behind(url, opens, coffee.read_bytes(), "dead", lease=0.5)
    assert gate.admit(resaved(coffee), "alive").outcome is Outcome.ACCEPTED
    assert time.monotonic() - begin > 0.45  # the lease begins after that: who does not wait is sooner
    assert gate.get("dead") is None


def test_a_dead_upload_that_is_tried_again_gets_in(url: str, opens: Opens, coffee: Path) -> None:
    left_behind(url, opens, coffee.read_bytes(), "photo", lease=0.3)
    assert opens(url).admit(coffee, "photo").outcome is Outcome.ACCEPTED


def test_a_dead_upload_of_another_picture_is_not_waited_for(
    url: str, opens: Opens, coffee: Path, astronaut: Path
) -> None:
    left_behind(url, opens, coffee.read_bytes(), "dead", lease=LONGEST_LEASE)
    assert opens(url).admit(astronaut, "alive").outcome is Outcome.ACCEPTED


def test_a_living_upload_is_waited_for_and_then_decides(opens: Opens, coffee: Path) -> None:
    left_behind("", opens, coffee.read_bytes(), "slow", lease=LONGEST_LEASE)
    gate = opens()
    slow = gate.get("slow")
    assert slow is not None
    timer = threading.Timer(0.3, lambda: gate._store.decide(slow.number, State.ACCEPTED))
    timer.start()
    decision = gate.admit(resaved(coffee), "fast")
    timer.join()
    assert (decision.outcome, decision.match and decision.match.key) == (Outcome.DUPLICATE, "slow")


def pend(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let uploads be pending first, as if others had come since they were compared."""
    put = gate._store.put
    monkeypatch.setattr(gate._store, "put", lambda record, lease, _: put(record, lease, None))


def test_an_upload_that_lost_its_lease_begins_anew(
    opens: Opens, coffee: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process took it for dead and has let a copy in meanwhile."""
    gate, rival = opens(), opens()
    store = gate._store
    pend(gate, monkeypatch)
    taken: list[bool] = []
    decide = store.decide

    def stolen(number: int, state: State, matches: object = ()) -> bool:
        if not taken:
            taken.append(store.withdraw(number))
            rival.admit(resaved(coffee), "rival")
        return decide(number, state)

    monkeypatch.setattr(store, "decide", stolen)
    decision = gate.admit(coffee, "photo")
    assert taken == [True]
    assert (decision.outcome, decision.match and decision.match.key) == (Outcome.DUPLICATE, "rival")


def test_an_upload_that_fails_in_the_middle_leaves_nothing_behind(
    opens: Opens, coffee: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = opens()

    def broken(*_: object) -> bool:
        raise StoreError("the disk is full")

    pend(gate, monkeypatch)
    monkeypatch.setattr(gate._store, "decide", broken)
    with pytest.raises(StoreError, match="full"):
        gate.admit(coffee, "photo")
    monkeypatch.undo()
    assert gate.get("photo") is None
    assert gate.admit(coffee, "photo").outcome is Outcome.ACCEPTED


@pytest.mark.crash
@pytest.mark.parametrize(
    "delays", [(0.1,), pytest.param((0.0, 0.1, 0.2, 0.3, 0.5), marks=pytest.mark.stress)]
)
def test_killed_processes_lose_nothing_and_let_nothing_in_twice(
    url: str, photos: dict[str, Path], delays: tuple[float, ...]
) -> None:
    shows = {}
    uploads = []
    for name in ("coffee", "rocket", "chelsea"):
        for n in range(4):
            uploads.append(Upload(f"{name}/{n}", resaved(photos[name], scale=0.5, quality=60 + n)))
            shows[uploads[-1].key] = name
    for delay in delays:
        tenant_free = [upload._replace(key=f"{delay}/{upload.key}") for upload in uploads]
        wanted = {f"{delay}/{key}": picture for key, picture in shows.items()}
        outcome = crash_round(url, tenant_free, wanted, delay=delay, lease=0.5)
        assert outcome.wrong == []
        store = open_store(url)
        for key in wanted:
            store.remove("", key)
        store.close()
