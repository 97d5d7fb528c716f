"""Backups of a store that is in use, and stores that are put back from them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import numpy as np
import psycopg
import pytest
from PIL import Image
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from samepic import Gate
from samepic.cli import main
from samepic.store import open_store
from tests.kits.pictures import saved
from tests.kits.postgres import program, server
from tests.kits.service import Running


def samepic(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, object]]:
    """Return the status of a command, and the object that it prints."""
    status = main([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def picture(number: int) -> bytes:
    """Return a photograph-like picture that is unlike those of other numbers."""
    blocks = np.random.default_rng(number).integers(0, 255, (6, 6, 3), np.uint8)
    return saved(Image.fromarray(blocks).resize((256, 256), Image.Resampling.BICUBIC), quality=90)


@contextmanager
def uploading(address: str, keys: list[str]) -> Iterator[threading.Event]:
    """Admit one picture after the other, while the block lasts; `keys` are those that were accepted."""
    end = threading.Event()

    def run() -> None:
        with httpx.Client(base_url=address, timeout=60) as client:
            for number in range(60):
                if end.is_set():
                    return
                key = f"{number}.jpg"
                answer = client.post("/v1/admit", params={"key": key}, content=picture(number))
                assert answer.status_code == 201, answer.text
                keys.append(key)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield end
    finally:
        end.set()
        thread.join()


def wait_for(keys: list[str], count: int) -> None:
    until = time.monotonic() + 60
    while len(keys) < count:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_backup_of_a_service_that_admits_has_all_that_was_admitted_before_and_nothing_in_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, backup, keys = tmp_path / "u.db", tmp_path / "backup.db", list[str]()
    with Running(store, tmp_path / "log") as service:
        with uploading(service.address, keys):
            wait_for(keys, 3)
            before = len(keys)
            status, made = samepic(capsys, "backup", "--store", store, backup)
            after = len(keys)
            wait_for(keys, after + 2)
        service.process.kill()
    assert status == 0
    assert [path.name for path in tmp_path.glob("backup.db*")] == ["backup.db"]
    assert backup.stat().st_mode & 0o777 == 0o600
    for path in tmp_path.glob("u.db*"):
        path.unlink()
    status, restored = samepic(capsys, "restore", backup, "--store", store)
    assert (status, restored["pictures"]) == (0, made["pictures"])
    with Gate(store) as gate:
        known = [key for key in keys if (found := gate.get(key)) and found.state == "accepted"]
        # One was on its way at most, which a restored store ends as that of a dead process.
        assert known == keys[: len(known)]
        assert before <= len(known) <= after + 1
        assert gate.check(picture(before - 1)).match.key == keys[before - 1]  # type: ignore[union-attr]
        # What `samepic admit` of the folder does then.
        for number, key in enumerate(keys):
            assert gate.admit(picture(number), key).outcome == "accepted"


def test_a_backup_is_refused_where_it_would_be_worth_nothing_or_cost_something(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, damaged, other = tmp_path / "u.db", tmp_path / "damaged.db", tmp_path / "other.db"
    open_store(str(store)).close()
    samepic(capsys, "backup", "--store", store, damaged)
    damaged.write_bytes(damaged.read_bytes()[:9000] + b"\xff" * 8000 + damaged.read_bytes()[17000:])
    with closing(sqlite3.connect(other)) as made:
        made.execute("CREATE TABLE x (y)")
    empty, leftover = tmp_path / "empty.db", tmp_path / "left.db"
    empty.touch()
    leftover.with_name("left.db-wal").touch()
    refused = {
        ("backup", "--store", tmp_path / "nowhere.db", tmp_path / "b.db"): "nowhere.db: no such file",
        ("backup", "--store", "postgresql://a:hunter2@b/c", tmp_path / "b.db"): "pg_dump",
        ("backup", "--store", store, damaged): "damaged.db: expected no file",
        ("backup", "--store", store, tmp_path / "no" / "b.db"): "no such folder",
        ("restore", damaged, "--store", store): "u.db: expected no file",
        ("restore", damaged, "--store", tmp_path / "b.db"): "damaged.db: expected a store",
        ("restore", other, "--store", tmp_path / "b.db"): "found another SQLite database",
        ("restore", empty, "--store", tmp_path / "b.db"): "found an empty file",
        ("restore", store, "--store", leftover): "left.db-wal: expected no file",
    }
    for arguments, message in refused.items():
        status, answer = samepic(capsys, *arguments)
        assert (status, message in str(answer["error"])) == (2, True), answer
        assert "hunter2" not in str(answer)
    assert not (tmp_path / "b.db").exists()


@pytest.mark.postgres
def test_postgresql_is_backed_up_and_put_back_with_its_own_programs(tmp_path: Path) -> None:
    with psycopg.connect(server(), autocommit=True) as connection:
        for name in ("saved", "restored"):
            connection.execute(f"CREATE DATABASE {name}".encode())
    source, target = (make_conninfo(server(), dbname=name) for name in ("saved", "restored"))
    dump, keys = tmp_path / "uploads.dump", list[str]()
    urls = [f"postgresql:///?{urlencode(conninfo_to_dict(one))}" for one in (source, target)]
    with Running(urls[0], tmp_path / "log") as service, uploading(service.address, keys):
        wait_for(keys, 3)
        before = len(keys)
        subprocess.run([program("pg_dump"), "--format=custom", "--file", dump, source], check=True)
        after = len(keys)
        wait_for(keys, after + 1)
    subprocess.run([program("pg_restore"), "--dbname", target, "--no-owner", dump], check=True)
    with Gate(urls[1]) as gate:
        known = [key for key in keys if (found := gate.get(key)) and found.state == "accepted"]
        assert known == keys[: len(known)]
        assert before <= len(known) <= after + 1
        # Numbers go on where they were.
        assert gate.admit(picture(99), "99.jpg").outcome == "accepted"
