"""The cache: the second run reads no pictures, whatever happened to the first; what is wrong is never trusted."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from samepic.duplicates import cache as cache_module
from samepic.duplicates.cache import VERSION, Cache, CachedVerdict, cache_file
from samepic.duplicates.finder import Finder
from samepic.duplicates.groups import Group
from tests.duplicates.find_scene import HOUR_AGO, album, chain, names, settle


@pytest.fixture
def folder(tmp_path: Path, photos: dict[str, Path]) -> Path:
    album(tmp_path / "album", photos, ["chelsea"])
    return tmp_path / "album"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "find.db"


def search(folder: Path, cache: Path | None) -> tuple[list[Group], Finder]:
    finder = Finder([str(folder)], cache=cache)
    return finder.groups(), finder


def start(folder: Path, cache: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "samepic", "find", "--json", str(folder)],
        env={**os.environ, "SAMEPIC_CACHE": str(cache.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_second_run_reads_and_compares_nothing_and_says_the_same(folder: Path, cache: Path) -> None:
    first, cold = search(folder, cache)
    second, warm = search(folder, cache)
    assert first == second
    assert (cold.read, cold.compared) == (5, 4)
    assert (warm.read, warm.compared) == (0, 0)


def test_the_second_run_does_not_even_open_the_pictures(folder: Path, cache: Path) -> None:
    """Their bytes are gone, their names, sizes and times are not; only the cache can know what they were."""
    first, _ = search(folder, cache)
    before = {path: path.stat() for path in folder.iterdir()}
    for path, known in before.items():
        with path.open("r+b") as file:
            file.write(b"spoilt")
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert search(folder, cache)[0] == first


def test_what_is_remembered_of_pictures_is_for_its_user_alone(folder: Path, cache: Path) -> None:
    search(folder, cache)
    assert {stat.S_IMODE(path.stat().st_mode) for path in cache.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(cache.parent.stat().st_mode) == 0o700


def test_a_file_that_changed_is_read_again(folder: Path, cache: Path, coffee: Path) -> None:
    search(folder, cache)
    Image.open(coffee).save(folder / "chelsea-75.jpg")
    groups, finder = search(folder, cache)
    assert finder.read == 1
    assert "chelsea-75.jpg" not in names(groups)[0]


def test_a_file_that_changed_just_now_is_not_remembered(folder: Path, cache: Path) -> None:
    (folder / "chelsea-75.jpg").touch()
    search(folder, cache)
    assert search(folder, cache)[1].read == 1


def test_a_file_that_moved_is_read_but_not_compared_again(folder: Path, cache: Path) -> None:
    search(folder, cache)
    (folder / "chelsea-75.jpg").rename(folder / "moved.jpg")
    groups, finder = search(folder, cache)
    assert (finder.read, finder.compared) == (1, 0)
    assert "moved.jpg" in names(groups)[0]


def test_what_was_found_damaged_stays_told(folder: Path, cache: Path) -> None:
    whole = bytearray((folder / "chelsea-75.jpg").read_bytes())
    at = len(whole) * 9 // 10
    whole[at : at + 200] = b"\xff\xd3" * 100
    (folder / "spoilt.jpg").write_bytes(whole)
    (folder / "cut.png").write_bytes((folder / "chelsea.png").read_bytes()[:9000])
    settle(folder)
    first, cold = search(folder, cache)
    second, warm = search(folder, cache)
    assert (first, cold.unreadable) == (second, warm.unreadable)
    assert [Path(one.path).name for one in warm.unreadable] == ["cut.png", "spoilt.jpg"]
    assert warm.read == 0


@pytest.mark.parametrize("damage", ["noise", "start", "middle", "cut"])
def test_a_corrupt_cache_is_begun_anew_with_a_word(
    folder: Path, cache: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = search(folder, cache)
    data = bytearray(cache.read_bytes())
    noise = random.Random(7).randbytes(len(data))
    match damage:
        case "noise":
            data[:] = noise
        case "start":
            data[:100] = noise[:100]
        case "middle":
            data[4096:] = noise[4096:]
        case _:
            del data[len(data) // 2 :]
    cache.write_bytes(data)
    second, finder = search(folder, cache)
    assert second == first
    assert finder.read == 5
    assert any("is replaced" in record.message for record in caplog.records)
    caplog.clear()
    assert search(folder, cache)[1].read == 0
    assert not caplog.records


def test_a_cache_of_a_newer_version_is_left_alone_with_a_word(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.parent.mkdir()
    with sqlite3.connect(cache) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
        database.execute("CREATE TABLE ours (number)")
    database.close()
    before = cache.read_bytes()
    groups, _ = search(folder, cache)
    assert len(groups) == 1
    assert cache.read_bytes() == before
    assert any("newer" in record.message for record in caplog.records)


def test_a_cache_that_cannot_be_written_is_gone_without_with_a_word(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    groups, _ = search(folder, tmp_path / "file" / "find.db")
    assert len(groups) == 1
    assert any("continuing without" in record.message for record in caplog.records)


def test_no_cache_writes_none(folder: Path, cache: Path) -> None:
    search(folder, None)
    assert not cache.exists()


def test_the_cache_lies_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMEPIC_CACHE", str(tmp_path / "own"))
    assert cache_file() == tmp_path / "own" / "find.db"
    monkeypatch.delenv("SAMEPIC_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_file() == tmp_path / "xdg" / "samepic" / "find.db"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_file() == Path.home() / ".cache" / "samepic" / "find.db"


def test_a_verdict_is_kept_with_what_was_compared_not_with_names(
    cache: Path, tmp_path: Path, astronaut: Path
) -> None:
    chain(tmp_path / "one", astronaut)
    search(tmp_path / "one", cache)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two" / "b.png").rename(tmp_path / "two" / "renamed.png")
    settle(tmp_path / "two")
    groups, finder = search(tmp_path / "two", cache)
    assert finder.compared == 0
    assert names(groups) == [["a.png", "renamed.png"]]
    assert "b.png" not in groups[0].members[0].explanation


def test_what_an_earlier_version_kept_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = CachedVerdict("resaved", 0.99, "the same picture saved again", "a")
    with Cache(tmp_path / "find.db") as cache:
        cache.put_verdict("1", "2", said)
        cache.put_picture("3", "text", "facts", "")
    with Cache(tmp_path / "find.db") as cache:
        assert cache.verdict("1", "2") == said
        assert cache.picture("3") is not None
    monkeypatch.setattr(cache_module, "_VERDICT_VERSION", "0")
    monkeypatch.setattr(cache_module, "_PICTURE_VERSION", "0")
    with Cache(tmp_path / "find.db") as cache:
        assert cache.verdict("1", "2") is None
        assert cache.picture("3") is None


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("rounds", [2, pytest.param(30, marks=pytest.mark.stress)])
def test_a_run_that_was_cut_off_anywhere_goes_on_and_ends_the_same(
    tmp_path: Path, photos: dict[str, Path], how: signal.Signals, rounds: int
) -> None:
    folder, cache = tmp_path / "album", tmp_path / "cache" / "find.db"
    album(folder, photos, ["chelsea"])
    begin = time.monotonic()
    expected, _ = start(folder, cache).communicate(timeout=120)
    whole = time.monotonic() - begin
    assert json.loads(expected.splitlines()[0])["group"] == 1
    chance = random.Random(int(how))
    for round_ in range(rounds):
        if round_ % 3 == 0:
            shutil.rmtree(cache.parent)
        process = start(folder, cache)
        time.sleep(chance.random() * whole)
        process.send_signal(how)
        out, err = process.communicate(timeout=120)
        if how is signal.SIGINT:
            # Before Python listens, the signal ends the process without a word; before Python has come to samepic,
            # it is told in Python's own way; after all that was to be said, it ends the process as it ends any.
            assert (process.returncode, out, err) in (
                (-signal.SIGINT, b"", b""),
                (130, b"", b""),
                (0, expected, b""),
                (-signal.SIGINT, expected, b""),
            ) or b"Traceback" in err
        again = start(folder, cache)
        out, err = again.communicate(timeout=120)
        assert (again.returncode, out, err) == (0, expected, b"")


@pytest.mark.slow
def test_two_runs_at_once_on_one_cache_say_the_same(tmp_path: Path, photos: dict[str, Path]) -> None:
    folder, cache = tmp_path / "album", tmp_path / "cache" / "find.db"
    album(folder, photos, ["chelsea", "coffee"])
    expected, _ = start(folder, tmp_path / "alone" / "find.db").communicate(timeout=120)
    both = [start(folder, cache) for _ in range(3)]
    said = [process.communicate(timeout=120) for process in both]
    assert said == [(expected, b"")] * 3
    assert search(folder, cache)[1].read == 0


def test_times_before_now_are_what_these_tests_stand_on(folder: Path) -> None:
    assert all(abs(path.stat().st_mtime - HOUR_AGO) < 1 for path in folder.iterdir())
