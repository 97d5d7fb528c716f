"""Both stores keep to the contract of a review queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kits.postgres import fresh_url
from tests.kits.review_kit import ReviewKit


class TestSqlite(ReviewKit):
    """A file."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """Return the path of a store."""
        return str(tmp_path / "store.db")


class TestPostgres(ReviewKit):
    """A schema of a real server."""

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of a schema."""
        return fresh_url()
