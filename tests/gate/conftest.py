"""Gates before empty stores, decoding in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from samepic import Gate
from samepic.sandbox.pool import InProcess
from tests.kits.postgres import fresh_url

Opens = Callable[..., Gate]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store, of either kind."""
    return fresh_url() if request.param == "postgres" else str(tmp_path / "uploads.db")


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """Return a function that opens a gate, by default on one SQLite file; all are closed at the end."""
    made: list[Gate] = []

    def opened(url: str = "", **options: object) -> Gate:
        gate = Gate(url or tmp_path / "uploads.db", **{"workers": InProcess(), **options})  # type: ignore[arg-type]
        made.append(gate)
        return gate

    yield opened
    for gate in made:
        gate.close()


@pytest.fixture
def gate(opens: Opens) -> Gate:
    """Return a gate before an empty SQLite store."""
    return opens()
