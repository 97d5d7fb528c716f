"""Killed in the middle: every picture keeps a readable copy, and undo brings everything back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from samepic.cleanup.plan import CleanupAction
from tests.cleanup.clean_scene import make_sets
from tests.kits.clean_rounds import Rounds

ROOT = Path(__file__).parent.parent.parent
SHM = Path("/dev/shm")
TWO_FILE_SYSTEMS = SHM.is_dir() and SHM.stat().st_dev != Path("/tmp").stat().st_dev

pytestmark = [pytest.mark.slow, pytest.mark.crash]


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    path = SHM / f"samepic-kill-{os.getpid()}"
    yield path
    shutil.rmtree(path, ignore_errors=True)


def killed(folder: Path, action: str, stride: int, *elsewhere: Path) -> int:
    """Return at how many moments clean and undo were killed in processes of their own, one after the other."""
    program = [sys.executable, "-m", "tests.cleanup.clean_killer"]
    command = [*program, str(folder), action, str(stride), *map(str, elsewhere)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return int(done.stdout)


STRIDES = pytest.mark.parametrize("stride", [37, pytest.param(7, marks=pytest.mark.stress)])


@STRIDES
@pytest.mark.parametrize("action", ["trash", "move-to", "hardlink"])
def test_killed_at_any_line_nothing_is_lost_and_undo_works(tmp_path: Path, action: str, stride: int) -> None:
    assert killed(tmp_path / "work", action, stride) > 460 / stride


@pytest.mark.skipif(not TWO_FILE_SYSTEMS, reason="/dev/shm is no file system beside that of /tmp")
@STRIDES
def test_killed_at_any_line_on_the_way_to_another_file_system(
    tmp_path: Path, elsewhere: Path, stride: int
) -> None:
    assert killed(tmp_path / "work", "move-to", stride, elsewhere) > 460 / stride


@pytest.mark.parametrize("action", [CleanupAction.TRASH, CleanupAction.HARDLINK])
@pytest.mark.parametrize("count", [1, pytest.param(20, marks=pytest.mark.stress)])
def test_the_command_killed_at_random_moments_loses_nothing(
    tmp_path: Path, action: CleanupAction, count: int
) -> None:
    rounds = Rounds(tmp_path, seed=1)
    for _ in range(count):
        assert rounds.one(action, None) == []


@pytest.mark.parametrize("action", [CleanupAction.TRASH, CleanupAction.MOVE])
@pytest.mark.parametrize("count", [1, pytest.param(20, marks=pytest.mark.stress)])
def test_fifty_sets_killed_at_random_moments_come_back_together(
    tmp_path: Path, action: CleanupAction, count: int
) -> None:
    rounds = Rounds(tmp_path, seed=count, make=make_sets, number=50)
    for _ in range(count):
        assert rounds.one(action, None) == []
