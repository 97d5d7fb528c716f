"""Copy codes of an older samepic are not mixed with those of this one, and are made again from the proxies."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from samepic import Gate, Outcome
from samepic.cli import main
from samepic.fingerprints.fingerprint import VERSION
from samepic.gate.recode import recode
from samepic.sandbox.pool import InProcess
from samepic.store import open_store
from samepic.store.contract import Store
from tests.gate.pictures import opened
from tests.kits.pictures import saved
from tests.kits.postgres import fresh_url

NAMES = ("rocket", "astronaut", "coffee", "chelsea")


@pytest.fixture(
    params=["sqlite", *(pytest.param(kind, marks=pytest.mark.postgres) for kind in ("postgres", "shards"))]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    return " ".join(fresh_url() for _ in range(3 if request.param == "shards" else 1))


@pytest.fixture
def kept(url: str, photos: dict[str, Path]) -> Iterator[Store]:
    """Return a store of some photographs and an animation, whose copy codes an older samepic made."""
    frames = [opened(photos[name]).resize((200, 200)) for name in ("hubble", "retina")]
    with Gate(url, workers=InProcess()) as gate, Gate(url, tenant="other", workers=InProcess()) as other:
        for name in NAMES:
            assert gate.admit(photos[name], name).outcome is Outcome.ACCEPTED
        moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
        assert other.admit(moving, "moving").outcome is Outcome.ACCEPTED
    with closing(open_store(url)) as store:
        with store._writing() as run:
            run("UPDATE codes SET copycode = ?, code_version = ?", (bytes(32), VERSION - 1))
        yield store


def cropped(path: Path) -> bytes:
    image = opened(path)
    width, height = image.size
    return saved(image.crop((width // 8, height // 8, width * 3 // 4, height * 3 // 4)), quality=85)


def found(url: str, photos: dict[str, Path]) -> list[str]:
    """Return the keys that a gate finds by crops."""
    with Gate(url, workers=InProcess()) as gate:
        decisions = [gate.check(cropped(photos[name])) for name in NAMES]
    return [decision.match.key for decision in decisions if decision.match is not None]


def test_older_codes_are_not_searched_until_they_are_made_again(
    url: str, kept: Store, photos: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "samepic.gate"):
        assert found(url, photos) == []
    assert [record.getMessage() for record in caplog.records] == [
        f"{kept.name}: 4 pictures have copy codes of an older samepic and are found by PDQ alone, without crops and"
        " captions: run samepic recode, then restart"
    ]
    seen: list[tuple[int, int]] = []
    assert kept.count_outdated() == 5
    assert recode(kept, InProcess(), 2, lambda *so_far: seen.append(so_far)) == (5, ())
    assert seen == [(4, 5), (5, 5)]  # a page of each tenant
    assert kept.count_outdated() == 0
    caplog.clear()
    assert found(url, photos) == list(NAMES)
    assert not caplog.records
    assert recode(kept, InProcess(), 2) == (0, ())


def test_codes_of_proxies_are_near_those_of_the_pictures(kept: Store, photos: dict[str, Path]) -> None:
    recode(kept, InProcess(), 1)
    with Gate(":memory:", workers=InProcess()) as gate:
        for name in NAMES:
            gate.admit(photos[name], name)
        for name in NAMES:
            record, fresh = kept.get("", name), gate._store.get("", name)
            assert record is not None
            assert fresh is not None
            bits = int.from_bytes(record.copycode) ^ int.from_bytes(fresh.copycode)
            assert bits.bit_count() <= 28


def test_who_is_stopped_goes_on_from_there(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samepic.gate.recode._AT_ONCE", 2)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recode(kept, InProcess(), 1, stop)
    assert recode(kept, InProcess(), 1).replaced == 3


def test_what_was_removed_meanwhile_and_what_cannot_be_decoded_are_left_out(kept: Store) -> None:
    assert kept.recode("", {10**6: bytes(32)}) == 0
    with kept._writing() as run:
        run("UPDATE proxies SET proxy = ? WHERE number = 2", (b"no picture",))
    replaced, ((tenant, key, error),) = recode(kept, InProcess(), 2)
    assert (replaced, tenant, key) == (4, "", NAMES[1])
    assert error.startswith("expected a picture")


def test_the_command_says_how_many(url: str, kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert kept.tenants() == ["", "other"]
    assert main(["recode", "--store", url, "--jobs", "1"]) == 0
    assert capsys.readouterr().out == "made 5 copy codes again\n"
    assert main(["recode", "--store", url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"recoded": 0, "failed": []}


def test_the_command_names_what_it_cannot_make_again(
    url: str, kept: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    with kept._writing() as run:
        run("UPDATE proxies SET proxy = ? WHERE number = 1", (b"no picture",))
    assert main(["recode", "--store", url, "--jobs", "1"]) == 2
    made, failed = capsys.readouterr().out.splitlines()
    assert made == "made 4 copy codes again"
    assert failed.startswith(f"cannot be made again: {NAMES[0]}: expected a picture")


def test_no_store_is_made_of_a_mistyped_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recode", "--store", str(tmp_path / "uplaods.db")]) == 2
    assert "uplaods.db: no such file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
