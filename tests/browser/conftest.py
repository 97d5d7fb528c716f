"""One browser and one service for all tests of this folder; each test has a person's window of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.kits.browser import browser
from tests.kits.service import Running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return the browser: for one file alone, since its driver keeps an event loop running in this thread."""
    with browser() as started:
        yield started


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service without tokens before an empty store."""
    folder = tmp_path_factory.mktemp("site")
    with Running(folder / "uploads.db", folder / "log") as service:
        yield service
