"""Where the stores under test are: fixtures of an empty store, and of its URL by kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from samepic.store import open_store
from samepic.store.contract import Store
from tests.kits.postgres import fresh_url

__all__ = ["EmptyStore", "InFile", "InSchema", "OnShards"]


class EmptyStore:
    """Gives the `store` of an `url` that names one that is empty."""

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of an empty store."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        """Return an empty store."""
        opened = open_store(url)
        yield opened
        opened.close()


class InFile(EmptyStore):
    """SQLite."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """Return the path of a store."""
        return str(tmp_path / "store.db")


class InSchema(EmptyStore):
    """A schema of a real PostgreSQL."""

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of a schema."""
        return fresh_url()


class OnShards(EmptyStore):
    """A schema of a real PostgreSQL, and two others as its shards."""

    @pytest.fixture
    def url(self) -> str:
        """Return the URLs of three schemas."""
        return " ".join(fresh_url() for _ in range(3))
