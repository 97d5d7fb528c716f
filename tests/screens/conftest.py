"""The project that tests of the pytest plugin run pytest in."""

from __future__ import annotations

import pytest

from tests.kits.project import Project


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project with one test, away from any CI."""
    monkeypatch.delenv("CI", raising=False)
    made = Project(pytester)
    made.write()
    return made
