"""Both stores keep to the contract of a review queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from samepic.store import open_store, postgres, sqlite
from samepic.store.tables import MIGRATIONS
from tests.kits.postgres import fresh_url
from tests.kits.review_kit import ReviewKit, put_held
from tests.kits.store_urls import InFile, InSchema, OnShards


class TestSqlite(InFile, ReviewKit):
    """A file."""


@pytest.mark.postgres
class TestPostgres(InSchema, ReviewKit):
    """A schema of a real server."""


@pytest.mark.postgres
class TestShards(OnShards, ReviewKit):
    """A schema that decides, and two that hold the proxies."""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_store_from_before_there_was_a_review_gets_one(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(tmp_path / "store.db") if kind == "sqlite" else fresh_url()
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "MIGRATIONS", MIGRATIONS[:2])
        patched.setattr(postgres, "STEPS", MIGRATIONS[:2])
        for module in (sqlite, postgres):
            patched.setattr(module, "VERSION", 2)
        open_store(url).close()
    store = open_store(url)
    held = put_held(store, "a", "x")
    word = store.record_decision("", "ann", held.number, "x", same=True)
    assert word is not None
    assert store.revert_decision("", word.position) is not None
    store.close()
