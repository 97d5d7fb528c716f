"""The command line as a user runs it: a real process, its streams and its exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs `samepic` in an empty folder and returns the completed process."""

    def samepic(
        *arguments: str | Path, stdin: Path | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        with (stdin or Path(os.devnull)).open("rb") as given:
            return subprocess.run(
                [sys.executable, "-m", "samepic", *map(str, arguments)],
                stdin=given,
                capture_output=True,
                encoding="utf-8",
                cwd=tmp_path,
                env={**os.environ, **(env or {})},
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
