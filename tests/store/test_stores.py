"""Both stores keep to the contract, and each to what is its own."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from samepic.errors import StoreError
from samepic.gate.options import GateOptions
from samepic.service.settings import ServiceSettings
from samepic.store import open_store, postgres, sqlite
from samepic.store.tables import COLUMNS, MIGRATIONS, VERSION
from tests.kits.postgres import fresh_url
from tests.kits.records import record
from tests.kits.store_kit import StoreKit
from tests.kits.store_urls import InFile, InSchema, OnShards


class TestSqlite(InFile, StoreKit):
    """A file."""


@pytest.mark.postgres
class TestPostgres(InSchema, StoreKit):
    """A schema of a real server."""


@pytest.mark.postgres
class TestShards(OnShards, StoreKit):
    """A schema that decides, and two that hold the proxies."""


def test_a_store_can_be_named_by_path_and_by_url(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first = open_store(f"sqlite:///{path}")
    first.put_pending(record("a"), 60)
    first.close()
    second = open_store(str(path))
    assert second.get("", "a") is not None
    second.close()


def test_a_new_file_is_for_its_user_alone_and_an_older_one_keeps_its_mode(tmp_path: Path) -> None:
    path, before = tmp_path / "store.db", os.umask(0)
    try:
        for mode in (0o600, 0o660):
            store = open_store(str(path))
            store.put_pending(record("a"), 60)
            assert {name.name: stat.S_IMODE(name.stat().st_mode) for name in tmp_path.iterdir()} == {
                "store.db": mode, "store.db-wal": mode, "store.db-shm": mode
            }  # fmt: skip
            store.close()
            path.chmod(0o660)
    finally:
        os.umask(before)


def test_a_file_is_opened_where_the_driver_of_postgresql_is_missing(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None; from samepic.store import open_store; "
        f"open_store({str(tmp_path / 'store.db')!r}).close()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("url", ["mysql://host/db", "https://example.org"])
def test_other_kinds_of_stores_are_refused_by_name(url: str) -> None:
    with pytest.raises(StoreError, match=rf"expected a path, .* found {url.partition(':')[0]}"):
        open_store(url)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere.*folder that is there"):
        open_store(str(tmp_path / "nowhere" / "store.db"))


def test_a_newer_sqlite_store_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    open_store(path).close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(StoreError, match=rf"version {VERSION} or older, found version {VERSION + 1}: update"):
        open_store(path)


@pytest.mark.postgres
def test_a_newer_postgres_store_is_left_alone() -> None:
    url = fresh_url()
    open_store(url).close()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE samepic SET version = version + 1")
    known = postgres.VERSION
    with pytest.raises(StoreError, match=rf"version {known} or older, found version {known + 1}: update"):
        open_store(url)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_store_from_before_there_were_lists_and_events_gets_them(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(tmp_path / "store.db") if kind == "sqlite" else fresh_url()
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "MIGRATIONS", MIGRATIONS[:4])
        patched.setattr(sqlite, "VERSION", 4)
        patched.setattr(postgres, "STEPS", postgres.STEPS[:5])
        patched.setattr(postgres, "VERSION", 5)
        patched.setitem(COLUMNS, "codes", COLUMNS["codes"][:-1])  # without the version of copy codes
        with closing(open_store(url)) as old:
            for key in ("b", "é", "B"):
                assert old.put_pending(record(key), 60)
            with old._writing() as run:
                run("UPDATE pictures SET state = 'accepted'", ())
    with closing(open_store(url)) as store:
        assert [picture.key for picture in store.pictures("", 9)] == ["B", "b", "é"]
        assert not store.recording
        store.record_events(60)
        assert store.remove("", "b")
        assert [event.data["key"] for event in store.events("", "", 9).events] == ["b"]


def test_another_database_is_not_taken_for_a_store(tmp_path: Path) -> None:
    path = str(tmp_path / "photos.db")
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE photos (name TEXT)")
    database.close()
    with pytest.raises(StoreError, match="another SQLite database"):
        open_store(path)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, and longer than the header of one " * 30)
    with pytest.raises(StoreError, match=r"notes\.txt.*not a database"):
        open_store(str(path))


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/uploads") as restore:
        open_store("postgresql://joe:secret@127.0.0.1:1/uploads")
    assert "secret" not in str(restore.value)


@pytest.mark.postgres
def test_a_restarted_server_is_reached_again() -> None:
    url = fresh_url()
    store = open_store(url)
    store.put_pending(record("a"), 60)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'samepic'"
        )
        # They end at some time after they are asked to; a server that restarts has none of them left.
        left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'samepic'"
        end = time.monotonic() + 30
        while connection.execute(left).fetchone() != (0,) and time.monotonic() < end:
            time.sleep(0.02)
    assert store.get("", "a") is not None
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_store_goes_on_in_a_forked_child_and_in_its_parent(kind: str, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store.db") if kind == "sqlite" else fresh_url())
    store.put_pending(record("before"), 60)
    child = os.fork()
    if child == 0:
        made = store.put_pending(record("child"), 60)
        store.close()
        os._exit(0 if made else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.get("", "child") is not None
    assert store.put_pending(record("after"), 60) is not None
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bob:S3CR3T%zz@127.0.0.1/x",
        "postgresql://bob:S3CR3T/pw@127.0.0.1/x",
        "postgresql://bob:12/S3CR3T@127.0.0.1/x",
        "postgresql://bob:S3CR3T@[::1/x",
        "postgresql://bob:S3@CR3T@127.0.0.1:1/x",
        "postgresql://bob:12?host=S3CR3T/x@127.0.0.1:1/x",
        "postgresql://bob@127.0.0.1:1/x?pasword=S3CR3T",
        "postgresql://127.0.0.1:1/x?password=S3CR3T",
        "postgresql://bob:S3CR3T@127.0.0.1:port/x",
        "POSTGRESQL://bob:S3CR3T@127.0.0.1/x",
        "postgresql:/bob:S3CR3T@127.0.0.1/x",
        "host=127.0.0.1 password=S3CR3T dbname=x",
        "mysql://bob:S3CR3T@127.0.0.1/x",
        "bob:S3CR3T://x",
        "postgresql://bob:S3 CR3T@127.0.0.1:1/x postgresql://127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x postgresql://bob:S3/CR3T@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x postgresql://bob:S3CR3T@127.0.0.1:1/x sqlite:///x",
    ],
)
def test_no_message_shows_any_part_of_a_password(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError) as raised:
        open_store(url)
    assert not [part for part in ("S3", "CR3T") if part in str(raised.value)]
    assert not list(tmp_path.iterdir())
    options = GateOptions(url, replicas=(url,)), ServiceSettings(url, replicas=(url,))
    assert "S3" not in repr(options)


def test_a_full_disk_is_noticed_by_trying(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store, (_, hard) = open_store(str(path)), resource.getrlimit(resource.RLIMIT_FSIZE)
    store.try_writing()
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "store.db-wal").stat().st_size + 32 * 1024, hard))
    try:
        with pytest.raises(StoreError, match="expected a store that works"):
            store.try_writing()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    store.try_writing()
    store.close()
