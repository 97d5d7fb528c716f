"""How text looks on a terminal, and that it is plain anywhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from samepic.cli.output import table
from samepic.writing import bytes_text, percent, printable


def on_a_terminal(arguments: list[str], env: dict[str, str]) -> str:
    """Run samepic with a pseudo-terminal as its standard output and return what it wrote there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "samepic", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONUTF8": "1", **env},
    ):
        os.close(theirs)
        written = b""
        try:
            while block := os.read(ours, 4096):
                written += block
        except OSError:  # Linux reports the end of a pseudo-terminal as EIO
            pass
        os.close(ours)
    return written.decode()


def test_a_terminal_gets_a_mark_and_colour(rocket: Path) -> None:
    assert on_a_terminal(["compare", str(rocket), str(rocket)], {}).startswith("\x1b[32;1m✓\x1b[0m \x1b[1m")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_colour_gets_none(rocket: Path, env: dict[str, str]) -> None:
    result = on_a_terminal(["compare", str(rocket), str(rocket)], env)
    assert result.startswith("✓ ")
    assert "\x1b" not in result


@pytest.mark.parametrize(("columns", "notes"), [("200", True), ("100", False)])
def test_a_narrow_terminal_gets_the_measures_without_their_notes(
    rocket: Path, columns: str, notes: bool
) -> None:
    result = on_a_terminal(["measure", str(rocket), str(rocket)], {"COLUMNS": columns, "NO_COLOR": "1"})
    assert ("caveat" in result) is notes
    assert max(map(len, result.splitlines())) <= int(columns)


def test_probabilities_are_never_rounded_to_certainty() -> None:
    assert [percent(p) for p in (0, 0.0004, 0.5, 0.123, 0.9996, 1)] == [
        "0 %",
        "under 0.1 %",
        "50 %",
        "12.3 %",
        "over 99.9 %",
        "100 %",
    ]


def test_sizes_are_told_as_people_read_them() -> None:
    assert [bytes_text(n) for n in (812, 41_200, 3_240_000)] == ["812 bytes", "41 KB", "3.2 MB"]


def test_control_characters_are_shown_and_letters_kept() -> None:
    assert printable("Zürich\x1b[2J\n日本") == "Zürich\\x1b[2J\\n日本"


def test_a_table_is_aligned() -> None:
    assert table(("name", "n"), [("a", "10"), ("long name", "9")], right=(1,)).splitlines() == [
        "name        n",
        "a          10",
        "long name   9",
    ]
