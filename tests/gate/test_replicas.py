"""Checks asked of standbys that really follow their primary."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest

from samepic import Outcome, StoreError
from samepic.cli import main
from samepic.store import Replicas, open_store, postgres
from samepic.store.tables import MIGRATIONS
from tests.gate.conftest import Opens
from tests.gate.pictures import resaved
from tests.kits.cluster import Cluster
from tests.kits.records import record
from tests.kits.service import Running

pytestmark = pytest.mark.postgres

NOBODY = "postgresql://joe:secret@127.0.0.1:1/uploads"


@pytest.fixture(scope="module")
def primary() -> Iterator[Cluster]:
    """Return a server."""
    with Cluster(settings=["fsync = off"]) as made:
        yield made


@pytest.fixture(scope="module")
def standby(primary: Cluster) -> Iterator[Cluster]:
    """Return a server that follows it."""
    with Cluster(settings=["fsync = off", "wal_retrieve_retry_interval = 100ms"], of=primary) as made:
        yield made


def replaying(standby: Cluster, wanted: bool) -> None:
    """Have the standby go on following, or stop."""
    with psycopg.connect(standby.url(), autocommit=True) as connection:
        connection.execute(f"SELECT pg_wal_replay_{'resume' if wanted else 'pause'}()".encode())


def asking(cluster: Cluster) -> int:
    """Return how many connections of samepic a server has."""
    with psycopg.connect(cluster.url()) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'samepic'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_check_by_a_replica_may_lag_and_an_admission_never_does(
    primary: Cluster, standby: Cluster, opens: Opens, coffee: Path, astronaut: Path
) -> None:
    options = primary.fresh()
    gate = opens(primary.url(options=options), replicas=[standby.url(options=options)])
    standby.wait_for(primary)
    gate.warm()
    assert gate.admit(coffee, "first").outcome is Outcome.ACCEPTED
    standby.wait_for(primary)
    found = gate.check(resaved(coffee))
    assert found.match is not None
    assert (found.outcome, found.match.key) == (Outcome.DUPLICATE, "first")
    assert asking(standby) > 0
    replaying(standby, False)
    try:
        assert gate.admit(astronaut, "second").outcome is Outcome.ACCEPTED
        gate.remove("first")
        assert gate.check(resaved(astronaut)).outcome is Outcome.ACCEPTED
        assert gate.check(resaved(coffee)).outcome is Outcome.DUPLICATE
        assert gate.admit(resaved(astronaut), "third").outcome is Outcome.DUPLICATE
        assert gate.admit(resaved(coffee), "fourth").outcome is Outcome.ACCEPTED
    finally:
        replaying(standby, True)
    standby.wait_for(primary)
    found = gate.check(resaved(astronaut))
    assert found.match is not None
    assert found.match.key == "second"
    found = gate.check(resaved(coffee, quality=50))
    assert found.match is not None
    assert found.match.key == "fourth"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pass replicas over for a moment only."""
    monkeypatch.setattr("samepic.store.connections._PASSED_OVER_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
def test_a_replica_that_does_not_answer_is_passed_over_until_it_is_back(
    primary: Cluster, standby: Cluster, opens: Opens, coffee: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = primary.fresh()
    gate = opens(primary.url(options=options), replicas=[NOBODY, standby.url(options=options)])
    gate.admit(coffee, "first")
    standby.wait_for(primary)
    copy = resaved(coffee)
    with caplog.at_level(logging.WARNING, "samepic.store"):
        for _ in range(2):
            assert gate.check(copy).outcome is Outcome.DUPLICATE
        assert asking(standby) > 0
        standby.stop()
        for _ in range(3):
            assert gate.check(copy).outcome is Outcome.DUPLICATE
        standby.start()
    messages = [one.getMessage() for one in caplog.records]
    assert any("passed over" in one and "joe@127.0.0.1:1/uploads" in one for one in messages)
    assert any("passed over" in one and f":{standby.port}/" in one for one in messages)
    assert not [one for one in messages if "secret" in one]
    standby.wait_for(primary)
    again = opens(primary.url(options=options), replicas=[standby.url(options=options)])
    primary.stop()
    try:
        assert again.check(copy).outcome is Outcome.DUPLICATE
        with pytest.raises(StoreError, match=f":{primary.port}/"):
            again.admit(copy, "second")
    finally:
        primary.start()


def test_a_replica_of_a_store_with_shards_has_them_too(
    primary: Cluster, standby: Cluster, opens: Opens, coffee: Path
) -> None:
    options, shard = primary.fresh(), primary.url(options=primary.fresh())
    store, replica = (f"{one.url(options=options)} {shard}" for one in (primary, standby))
    gate = opens(store, replicas=[replica])
    gate.admit(coffee, "first")
    standby.wait_for(primary)
    assert gate.check(resaved(coffee)).outcome is Outcome.DUPLICATE
    assert asking(standby) > 0
    with closing(open_store(replica)) as reading, pytest.raises(StoreError, match="read-only"):
        reading.put_pending(record("b"), 60)


def test_replicas_are_asked_in_turn(primary: Cluster, standby: Cluster) -> None:
    options = primary.fresh()
    open_store(primary.url(options=options)).close()
    standby.wait_for(primary)
    with closing(Replicas([standby.url(options=options), primary.url(options=options)])) as both:
        ports = [[replica.name.partition(":127")[0] for replica, _ in both.in_turn()] for _ in range(3)]
    assert ports[0] == ports[1][::-1] == ports[2]
    assert len(set(ports[0])) == 2


def test_a_standby_is_opened_without_writing_and_an_older_one_says_what_it_wants(
    primary: Cluster, standby: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = primary.fresh()
    standby.wait_for(primary)
    with pytest.raises(StoreError, match=f"with a store of version {postgres.VERSION}, found one without"):
        open_store(standby.url(options=options))
    with monkeypatch.context() as patched:
        patched.setattr(postgres, "STEPS", MIGRATIONS[:3])
        patched.setattr(postgres, "VERSION", 3)
        open_store(primary.url(options=options)).close()
    standby.wait_for(primary)
    wanted = f"version {postgres.VERSION}, found one of version 3: open its primary with this samepic"
    with pytest.raises(StoreError, match=wanted):
        open_store(standby.url(options=options))
    with closing(open_store(primary.url(options=options))) as store:
        made = store.put_pending(record("a"), 60)
        standby.wait_for(primary)
        with closing(open_store(standby.url(options=options))) as reading:
            assert reading.get("", "a") == made
            with pytest.raises(StoreError, match="read-only"):
                reading.put_pending(record("b"), 60)


@pytest.mark.parametrize("url", ["uploads.db", "sqlite:///uploads.db", "postgresql://host/x?nonsense=1"])
def test_what_is_no_standby_is_told_at_once(opens: Opens, url: str) -> None:
    with pytest.raises(StoreError, match="expected"):
        opens(replicas=[url])


def test_the_command_and_the_service_check_by_a_replica(
    primary: Cluster, standby: Cluster, tmp_path: Path, coffee: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = primary.fresh()
    store, replica = primary.url(options=options), standby.url(options=options)
    assert main(["admit", "--store", store, "--key", "first", str(coffee)]) == 0
    standby.wait_for(primary)
    replaying(standby, False)
    try:
        assert main(["remove", "--store", store, "first"]) == 0
        capsys.readouterr()
        assert main(["check", "--store", store, "--replica", replica, str(coffee)]) == 1
        assert "[first]" in capsys.readouterr().out
        with Running(store, tmp_path / "log", "--replica", NOBODY, "--replica", replica) as service:
            with httpx.Client(base_url=service.address, timeout=60) as client:
                asked = client.post("/v1/check", content=coffee.read_bytes()).json()
                assert (asked["outcome"], asked["match"]["key"]) == ("duplicate", "first")
                admitted = client.post("/v1/admit?key=second", content=coffee.read_bytes())
                assert admitted.status_code == 201
            messages = [line["message"] for line in service.logged() if line["level"] == "warning"]
            assert any("replica passed over" in line for line in messages)
            assert not [line for line in messages if "secret" in line]
    finally:
        replaying(standby, True)
