"""Codes in partitions: those of an older store stay where they are, and there is always room for more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest

from samepic.errors import StoreError
from samepic.store import open_store, postgres
from samepic.store.postgres import PostgresStore
from samepic.store.tables import MIGRATIONS, Run
from tests.kits.postgres import fresh_url
from tests.kits.records import record
from tests.kits.review_kit import ReviewKit
from tests.kits.store_kit import StoreKit, put, put_accepted

pytestmark = pytest.mark.postgres

_PARTITIONS = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'codes'::regclass"
_OLD = (
    "INSERT INTO pictures (tenant, key, state, created, lease_until, identity, sha256, coded, format, width, height,"
    " frames, size, metadata, jpeg_quality, grade) SELECT CASE WHEN n %% 3 = 0 THEN 'other' ELSE '' END, 'old/' || n,"
    " 'accepted', 1, 1, sha256(int8send(n)), sha256(int8send(n)), '', 'JPEG', 1, 1, 1, 1, 0, 90, 0"
    " FROM generate_series(1, %s::bigint) AS n",
    "INSERT INTO codes SELECT tenant, number, sha256(int8send(number)), sha256(int8send(-number)), 100, 90"
    " FROM pictures WHERE %s > 0",
    "INSERT INTO proxies SELECT number, 'proxy', '{}', '[]' FROM pictures WHERE %s > 0",
)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make partitions of eight numbers."""
    monkeypatch.setattr(postgres, "_PARTITION", 8)


@pytest.mark.usefixtures("narrow")
class TestStore(StoreKit):
    """A store of many small partitions."""

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of a schema."""
        return fresh_url()


@pytest.mark.usefixtures("narrow")
class TestReviews(ReviewKit):
    """A review queue in many small partitions."""

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of a schema."""
        return fresh_url()


def asked(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


def old_store(monkeypatch: pytest.MonkeyPatch, count: int) -> str:
    """Return the URL of a store that was made and filled by the statements of version 3."""
    url = fresh_url()
    with monkeypatch.context() as patched:
        patched.setattr(postgres, "STEPS", MIGRATIONS[:3])
        patched.setattr(postgres, "VERSION", 3)
        open_store(url).close()
    with psycopg.connect(url) as connection:
        for statement in _OLD:
            connection.execute(statement.encode(), (count,))
    return url


CODES = "SELECT tenant, number, pdq, copycode, quality, detail FROM codes ORDER BY number"


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("count", [0, 1, 8, 300])
def test_the_rows_of_an_older_store_are_all_there(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    url = old_store(monkeypatch, count)
    before = asked(url, CODES)
    assert asked(url, "SELECT version FROM samepic") == [(3,)]
    with closing(open_store(url)) as store:
        assert asked(url, "SELECT version FROM samepic") == [(postgres.VERSION,)]
        assert asked(url, CODES) == before
        assert len(before) == count
        made = [put(store, f"new/{number}").number for number in range(40)]
        assert made == sorted(made)
        assert made[0] > count
        assert (
            len([*store.fetch("", range(1, count + 1)), *store.fetch("other", range(1, count + 1))]) == count
        )
    assert asked(url, f"{_PARTITIONS} AND inhrelid = 'codes_0'::regclass") == [(1,)]


def test_an_older_store_that_cannot_be_brought_up_to_date_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = old_store(monkeypatch, 20)
    before = asked(url, CODES)

    def fails(run: Run) -> None:
        postgres.partition_codes(run)
        run("SELECT 1 / 0", ())

    with monkeypatch.context() as patched:
        patched.setattr(postgres, "STEPS", (*MIGRATIONS[:3], fails))
        with pytest.raises(StoreError, match="division by zero"):
            open_store(url)
    assert asked(url, "SELECT version FROM samepic") == [(3,)]
    assert asked(url, "SELECT relkind FROM pg_class WHERE oid = 'codes'::regclass") == [("r",)]
    assert asked(url, CODES) == before


def test_several_that_open_an_older_store_at_once_bring_it_up_to_date_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = old_store(monkeypatch, 20)
    with ThreadPoolExecutor(4) as pool:
        for store in pool.map(open_store, [url] * 4):
            store.close()
    assert asked(url, _PARTITIONS) == [(1,)]
    assert asked(url, "SELECT count(*) FROM codes") == [(20,)]


@pytest.mark.usefixtures("narrow")
def test_there_is_room_for_every_number_also_when_what_made_it_was_undone() -> None:
    url = fresh_url()
    with closing(PostgresStore(url)) as store:
        for number in range(30):
            with pytest.raises(KeyError), store._writing(numbered=True):
                raise KeyError  # whatever it made is gone
            # A key that is taken draws a number too.
            assert store.put_pending(record("taken"), 60) is None or number == 0
            put_accepted(store, f"k{number}")
        with psycopg.connect(url) as connection:
            connection.execute("SELECT setval(pg_get_serial_sequence('pictures', 'number'), 1000)")
        assert put(store, "far").number > 1000
        assert len(store.codes("", 0, 1000).pdq_numbers) == 32
    assert asked(url, _PARTITIONS)[0][0] > 5


@pytest.mark.usefixtures("narrow")
def test_writers_of_several_processes_share_the_room() -> None:
    url = fresh_url()

    def write(who: int) -> None:
        with closing(open_store(url)) as store:
            for turn in range(30):
                put(store, f"{who}/{turn}")

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(write, who) for who in range(3)]:
            done.result()
    assert asked(url, "SELECT count(*) FROM codes") == [(90,)]
