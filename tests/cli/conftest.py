"""The command line as a user runs it: a real process, its streams and its exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.kits.forks import Forks

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks | None]:
    """Return the process that forks for each command, None where there is no fork."""
    if not hasattr(os, "fork"):
        yield None
        return
    with Forks() as started:
        yield started


@pytest.fixture
def run(tmp_path: Path, forks: Forks | None) -> Run:
    """Return a function that runs `samepic` in an empty folder and returns the completed process."""

    def samepic(
        *arguments: str | Path, stdin: Path | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        given, words = stdin or Path(os.devnull), [*map(str, arguments)]
        variables = {**os.environ, **(env or {})}
        if forks is not None:
            return forks.run(words, tmp_path, variables, given)
        with given.open("rb") as opened:
            return subprocess.run(
                [sys.executable, "-m", "samepic", *words],
                stdin=opened,
                capture_output=True,
                encoding="utf-8",
                cwd=tmp_path,
                env=variables,
                timeout=60,
                check=False,
            )

    return samepic


@pytest.fixture
def resaved(astronaut: Path, tmp_path: Path) -> Path:
    """Return the astronaut, opened and saved again by Pillow as in the question."""
    path = tmp_path / "resaved.jpg"
    Image.open(astronaut).save(path)
    return path


@pytest.fixture
def greys(tmp_path: Path) -> tuple[Path, Path]:
    """Return two flat pictures of different greys."""
    paths = tmp_path / "grey-100.png", tmp_path / "grey-140.png"
    for path, level in zip(paths, (100, 140), strict=True):
        Image.new("RGB", (64, 48), (level, level, level)).save(path)
    return paths
