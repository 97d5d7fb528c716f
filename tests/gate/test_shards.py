"""A gate whose store keeps its small pictures on shards: three servers, the answers of one, and any of them gone."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import numpy as np
import psycopg
import pytest
from PIL import Image

from samepic import Decision, Gate, Outcome, StoreError
from samepic.cli import main
from samepic.sandbox.pool import InProcess
from samepic.store import open_store
from samepic.store.shards import ShardedStore
from tests.gate.conftest import Opens
from tests.gate.pictures import captioned, opened, resaved
from tests.kits.cluster import Cluster
from tests.kits.crashes import aftermath, crash_round
from tests.kits.pictures import saved
from tests.kits.postgres import fresh_url
from tests.kits.records import record
from tests.kits.service import Running
from tests.kits.uploaders import Upload, Uploaders, deal, wrong_round

pytestmark = pytest.mark.postgres

Servers = tuple[Cluster, Cluster, Cluster]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Return three servers."""
    with ExitStack() as stack:
        made = [stack.enter_context(Cluster(settings=["fsync = off"])) for _ in range(3)]
        yield made[0], made[1], made[2]


@pytest.fixture
def url(servers: Servers) -> str:
    """Return the URL of an empty store with three shards, the first of them beside the store itself."""
    return " ".join(server.url(options=server.fresh()) for server in (servers[0], *servers))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pass shards over for a moment only."""
    monkeypatch.setattr("samepic.store.connections._PASSED_OVER_SECONDS", 0.1)


def numbers_on(url: str) -> list[list[int]]:
    """Return the numbers of the thumbnails on each shard of a store."""
    found = []
    for shard in url.split()[1:]:
        with psycopg.connect(shard) as connection:
            rows = connection.execute("SELECT number FROM thumbnails WHERE number > 0 ORDER BY number")
            found.append([number for (number,) in rows])
    return found


def small(path: Path, size: int = 240) -> bytes:
    """Return a photograph made small, so that many uploads of it take little time."""
    image = opened(path)
    image.thumbnail((size, size))
    return saved(image, "PNG")


def scene(number: int) -> bytes:
    """Return a picture that is unlike those of other numbers."""
    blocks = np.random.default_rng(number).integers(0, 255, (32, 32, 3), np.uint8)
    return saved(Image.fromarray(blocks).resize((240, 240), Image.Resampling.BICUBIC), "PNG")


@pytest.mark.parametrize(
    "rounds",
    [range(2), *(pytest.param(range(n, n + 10), marks=pytest.mark.stress) for n in range(0, 100, 10))],
)
def test_of_16_copies_that_arrive_at_once_one_is_accepted(url: str, rounds: range) -> None:
    wrong, accepted = [], 0
    with Uploaders(url, count=2, threads=8) as uploaders:
        for number in rounds:
            picture = scene(number)
            uploads = [
                # Whichever is first, the others are clearly copies of it: who wins is asked here, not what is seen.
                Upload(f"{number}/{copy}", resaved(picture, quality=95 - copy))
                for copy in range(16)
            ]
            answers = uploaders.round(uploads)
            wrong += wrong_round(answers, {upload.key: str(number) for upload in uploads})
            accepted += sum(answer.outcome == "accepted" for answer in answers)
    assert (wrong, accepted) == ([], len(rounds))
    assert sum(map(len, numbers_on(url))) == len(rounds)  # none is left of the copies


def decisions(gate: Gate, uploads: list[Upload]) -> list[tuple[object, ...]]:
    """Return what a gate says of uploads in turn, checked before, and of two reviewers' decisions in between."""
    said: list[tuple[object, ...]] = []

    def note(decision: Decision) -> None:
        match = decision.match
        said.append(
            (decision.outcome, decision.detail, match and (match.key, match.relation, match.probability))
        )

    for place, upload in enumerate(uploads):
        note(gate.check(upload.data))
        note(gate.admit(upload.data, upload.key))
        waiting = gate.held(1)
        if place % 4 == 3 and waiting and gate.get(waiting[0].matches[0].key):
            note(gate.settle(waiting[0].key, waiting[0].matches[0].key, same=bool(place % 8 == 3)))
        for newest in gate.accepted(1 if place % 10 == 9 else 0):
            gate.remove(newest.key)
    said += [(one.key, one.proxy, one.state) for one in (*gate.accepted(1000), *gate.held(1000))]
    status = gate.status()
    return [*said, *((name, status[name]) for name in ("accepted", "held", "pending", "indexed"))]


@pytest.mark.parametrize("often", [1, pytest.param(10, marks=pytest.mark.stress)])
def test_the_answers_are_those_of_one_server(
    url: str, opens: Opens, photos: dict[str, Path], often: int
) -> None:
    draw, uploads = random.Random(3), list[Upload]()
    for name in sorted(photos)[: 2 if often == 1 else None]:
        picture = small(photos[name])
        for n in range(often):
            image = opened(picture)
            width, height = (round(side * draw.uniform(0.7, 0.9)) for side in image.size)
            copies = {
                "itself": picture,
                "saved": resaved(picture, scale=draw.uniform(0.5, 1), quality=draw.randrange(40, 90)),
                "light": resaved(picture, brighter=draw.uniform(1, 1.3), quality=80),
                "cropped": saved(image.crop((0, 0, width, height)), quality=85),
                "covered": captioned(resaved(picture, scale=draw.uniform(0.6, 1), quality=90)),
            }
            uploads += [Upload(f"{name}/{n}/{kind}", data) for kind, data in copies.items()]
    draw.shuffle(uploads)
    answers = decisions(opens(url), uploads)
    assert answers == decisions(opens(fresh_url()), uploads)
    assert {said[0] for said in answers} >= {Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.REVIEW}


@pytest.mark.crash
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("place", "delay"),
    [(1, 0.1), *(pytest.param(n % 3, n / 40, marks=pytest.mark.stress) for n in range(12))],
)
def test_a_server_that_breaks_off_in_the_middle_costs_errors_and_lets_nothing_in_twice(
    url: str, servers: Servers, photos: dict[str, Path], place: int, delay: float
) -> None:
    uploads, shows = [], {}
    for name in ("coffee", "rocket"):
        for n in range(6):
            uploads.append(Upload(f"{name}/{n}", resaved(small(photos[name]), scale=0.9, quality=60 + n)))
            shows[uploads[-1].key] = name
    with Uploaders(url, count=2, threads=3, lease=0.5) as uploaders:
        at = time.time() + 0.05
        for member, part in zip(uploaders.members, deal(uploads, 2), strict=True):
            member.send(part, at)
        time.sleep(max(0.0, at + delay - time.time()))
        servers[place].stop()
        try:
            answers = [answer for member in uploaders.members for answer in member.answers()]
        finally:
            servers[place].start()
    assert all(f":{servers[place].port}/" in answer.match for answer in answers if answer.outcome == "error")
    assert aftermath(url, uploads, shows, answers, lease=0.5).wrong == []


@pytest.mark.stress
@pytest.mark.crash
def test_a_killed_process_leaves_no_small_picture_behind(
    url: str, opens: Opens, photos: dict[str, Path]
) -> None:
    uploads = [
        Upload(f"{name}/{n}", resaved(small(photos[name]), quality=60 + n))
        for name in photos
        for n in range(2)
    ]
    shows = {upload.key: upload.key.partition("/")[0] for upload in uploads}
    assert crash_round(url, uploads, shows, delay=0.15, lease=0.5).wrong == []
    gate = opens(url)
    for number in range(3):  # on each shard, whatever a dead process left there is gone then
        gate.admit(scene(number), f"then/{number}")
    assert sorted(itertools.chain.from_iterable(numbers_on(url))) == sorted(
        one.number for one in gate.accepted(1000)
    )


def test_without_a_shard_nothing_is_decided_that_needs_it_and_the_error_names_it(
    url: str, servers: Servers, photos: dict[str, Path]
) -> None:
    with closing(open_store(url)) as store:
        names = sorted(photos)[:3]
        gates = {name: Gate(store, tenant=name, workers=InProcess()) for name in names}
        for name, gate in gates.items():
            assert gate.admit(small(photos[name]), name).outcome is Outcome.ACCEPTED
        found = numbers_on(url)
        assert [len(numbers) for numbers in found] == [1, 1, 1]
        lost = next(name for name, gate in gates.items() if gate.accepted()[0].number in found[2])
        copies = {name: resaved(small(photos[name]), quality=60) for name in names}
        gone = f":{servers[2].port}/"
        servers[2].stop()
        try:
            for name in set(names) - {lost}:
                assert gates[name].admit(copies[name], "copy").outcome is Outcome.DUPLICATE
                # New pictures go to the shards that are there.
                assert gates[name].admit(scene(1), "new").outcome is Outcome.ACCEPTED
                assert gates[name].check(resaved(scene(1), quality=70)).outcome is Outcome.DUPLICATE
            with pytest.raises(StoreError, match=gone):
                gates[lost].check(copies[lost])
            with pytest.raises(StoreError, match=gone):
                gates[lost].admit(copies[lost], "copy")
            with pytest.raises(StoreError, match=gone):
                store.try_writing()
            gates[lost].remove(lost)  # which needs the first server alone
            assert gates[lost].admit(copies[lost], "again").outcome is Outcome.ACCEPTED
        finally:
            servers[2].start()
        assert numbers_on(url)[2] == found[2]
        store.try_writing()
        assert numbers_on(url)[2] == []
        assert gates[lost].check(small(photos[lost])).outcome is Outcome.DUPLICATE


def test_what_a_dead_process_left_on_a_shard_is_deleted_by_the_next_one_there(url: str) -> None:
    with closing(open_store(url)) as store:
        assert isinstance(store, ShardedStore)
        made = [store.put_pending(record(key), 60) for key in "abc"]
        numbers = [one.number for one in made if one]
        for shard in store._shards:
            shard.put(store._id, numbers[-1] + 1, b"of a process that died")
            shard.put(store._id, numbers[-1] + 1000, b"of a store that was restored from a backup")
        numbers += [one.number for key in "def" if (one := store.put_pending(record(key), 60))]
        assert sorted(itertools.chain.from_iterable(numbers_on(url))) == numbers


def test_what_was_not_committed_is_never_seen_and_is_replaced(
    url: str, servers: Servers, opens: Opens, coffee: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first server ends the connection after the shard has the picture, and with it the lock of numbers."""
    gate, rival = opens(url), opens(url)
    store = gate._store
    assert isinstance(store, ShardedStore)
    keep, rivals = store._keep_proxy, list[Decision]()

    def broken(run: object, number: int, proxy: bytes) -> bytes:
        mark = keep(run, number, proxy)  # type: ignore[arg-type]
        with psycopg.connect(servers[0].url(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
                " WHERE l.locktype = 'advisory' AND a.application_name = 'samepic'"
            )
        rivals.append(rival.admit(resaved(coffee), "rival"))
        return mark

    monkeypatch.setattr(store, "_keep_proxy", broken)
    with pytest.raises(StoreError, match=f":{servers[0].port}/"):
        gate.admit(coffee, "photo")
    monkeypatch.undo()
    assert [decision.outcome for decision in rivals] == [Outcome.ACCEPTED]
    decision = gate.admit(coffee, "photo")
    assert decision.match is not None
    assert (decision.outcome, decision.match.key) == (Outcome.DUPLICATE, "rival")
    assert gate.status()["accepted"] == 1


def test_a_store_that_has_pictures_gets_shards_and_is_not_opened_without_them(url: str) -> None:
    first, one, two, three = url.split()
    with closing(open_store(first)) as store:
        before = store.put_pending(record("before"), 60)
    with closing(open_store(f"{first} {one}")) as store:
        on_one = store.put_pending(record("one", proxy=b"on the first"), 60)
        assert store.get("", "before") == before
        assert store.get("", "one") == on_one
    with closing(open_store(first)) as store:
        assert store.get("", "before") == before
        with pytest.raises(StoreError, match="expected its shards to be named after it"):
            store.get("", "one")
    missing = pytest.raises(StoreError, match="expected all shards of this store to be named")
    with closing(open_store(f"{first} {two}")) as store, missing:
        store.get("", "one")
    with closing(open_store(f"{first} {three} {two} {one}")) as store:
        assert store.get("", "one") == on_one
        for key in "abc":
            store.put_pending(record(key), 60)
    assert [len(numbers) for numbers in numbers_on(url)] == [2, 1, 1]


def test_a_shard_that_lost_a_picture_is_named(url: str) -> None:
    with closing(open_store(url)) as store:
        made = store.put_pending(record("a"), 60)
        assert made is not None
        store.try_writing()  # so that each has the tables
        for shard in url.split()[1:]:
            with psycopg.connect(shard) as connection:
                connection.execute("DELETE FROM thumbnails")
        with pytest.raises(StoreError, match=r"small picture of 'a', found none"):
            store.get("", "a")
        assert store.remove("", "a")


def test_a_newer_shard_is_left_alone(url: str) -> None:
    open_store(url).close()
    with closing(open_store(url)) as store:
        store.try_writing()
    with psycopg.connect(url.split()[1]) as connection:
        connection.execute("UPDATE samepic_shard SET version = version + 1")
    with closing(open_store(url)) as store, pytest.raises(StoreError, match="update samepic to open it"):
        store.try_writing()


def test_each_server_is_backed_up_by_itself(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--store", url, str(tmp_path / "copy.db")]) == 2
    assert (
        "(PostgreSQL: pg_dump and pg_restore of each, of the first before its shards)"
        in capsys.readouterr().err
    )


def test_the_service_is_ready_while_all_shards_are_there(
    url: str, servers: Servers, tmp_path: Path, coffee: Path
) -> None:
    with Running(url, tmp_path / "log") as service:
        with httpx.Client(base_url=service.address, timeout=60) as client:
            assert client.post("/v1/admit?key=first", content=coffee.read_bytes()).status_code == 201
            assert client.get("/v1/ready").status_code == 200
            place = [bool(numbers) for numbers in numbers_on(url)].index(True)
            servers[place].stop()
            try:
                assert client.get("/v1/ready").status_code == 503
                assert client.post("/v1/check", content=resaved(coffee)).status_code == 503
                assert client.post("/v1/admit?key=third", content=resaved(coffee)).status_code == 503
            finally:
                servers[place].start()
            asked = client.post("/v1/admit?key=third", content=resaved(coffee)).json()
            assert asked["outcome"] == "duplicate"
        stores = [line["store"] for line in service.logged() if line["message"] == "ready"]
        assert [len(store.split()) for store in stores] == [4]
