"""What a command loads before it answers: what it does not need costs more than the answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from samepic.cli import main
from samepic.cli.command import build_parser
from tests.cli.conftest import Run
from tests.kits.pictures import opened, saved

_PROGRAM = """
import sys
before = set(sys.modules)
from samepic.cli import main
status = main(sys.argv[1:])
print(status, *sorted(set(sys.modules) - before))
"""


def loaded(*arguments: object) -> tuple[str, set[str]]:
    """Run a command in a new process; return its status, and the modules that it loaded."""
    command = [sys.executable, "-c", _PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, *modules = done.stdout.splitlines()[-1].split()
    return status, set(modules)


@pytest.mark.parametrize("columns", [50, 57, 80, 100, 200, 49, 20])
@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_the_help_is_that_of_argparse_at_any_width(
    columns: int, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(arguments) == (0 if arguments else 2)
    assert capsys.readouterr().out == build_parser(()).format_help()


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_load_next_to_nothing(argument: str) -> None:
    status, modules = loaded(argument)
    assert status == "0"
    assert modules <= {"__future__", "gc", "samepic", "samepic.cli", "samepic.cli.command"}


def test_whether_one_photograph_is_a_re_save_of_another_is_known_without_pillow(
    astronaut: Path, tmp_path: Path
) -> None:
    for quality in (90, 75):
        (tmp_path / f"{quality}.jpg").write_bytes(saved(opened(astronaut), quality=quality))
    status, modules = loaded("compare", "--quiet", tmp_path / "90.jpg", tmp_path / "75.jpg")
    assert status == "0"
    assert {"numpy", "cv2"} <= modules
    assert not modules & {"PIL.Image", "logging", "pathlib", "shutil", "json"}


def test_equal_files_are_known_without_numpy_and_opencv(rocket: Path) -> None:
    status, modules = loaded("compare", "--quiet", rocket, rocket)
    assert status == "0"
    assert not modules & {"numpy", "cv2"}


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_equal_files_that_are_no_pictures_are_trouble_all_the_same(
    run: Run, rocket: Path, tmp_path: Path, kept: int
) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(rocket.read_bytes()[:kept] if kept != 100 else b"text " * 20)
    assert run("compare", "--quiet", "a", "b").returncode == 2
