"""A service that the tests of this folder share, without tokens, before a SQLite store; each test has its tenant."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.kits.service import Running, client_of

_tenants = itertools.count(1)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service on this machine alone, without tokens."""
    folder = tmp_path_factory.mktemp("service")
    with Running(folder / "uploads.db", folder / "log") as service:
        yield service


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    """Return a client of a tenant that has no pictures yet."""
    with client_of(running.address, headers={"Samepic-Tenant": f"tenant-{next(_tenants)}"}) as made:
        yield made


@pytest.fixture
def upload(coffee: Path) -> bytes:
    """Return the bytes of a photograph."""
    return coffee.read_bytes()
