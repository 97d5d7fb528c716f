"""How text looks on a terminal, and that it is plain anywhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest

from samepic.cli.output import Remaining, table
from samepic.writing import bytes_text, percent, printable
from tests.cli.conftest import Run


def on_a_terminal(arguments: list[str], env: dict[str, str]) -> str:
    """Run samepic with a pseudo-terminal as its standard output and return what it wrote there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "samepic", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        env={
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            **{"TERM": "xterm", "PYTHONUTF8": "1", **env},
        },
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
    assert on_a_terminal(["compare", str(rocket), str(rocket)], {}).startswith(
        "\x1b[32;1m✓ SAME\x1b[0m: \x1b[1m"
    )


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_colour_gets_none(rocket: Path, env: dict[str, str]) -> None:
    result = on_a_terminal(["compare", str(rocket), str(rocket)], env)
    assert result.startswith("✓ SAME: ")
    assert "\x1b" not in result


def test_color_can_be_forced_where_output_is_piped_but_not_against_no_color(run: Run, rocket: Path) -> None:
    for env, first in (
        ({"FORCE_COLOR": "1"}, "\x1b[32;1msame\x1b[0m: "),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "same: "),
        ({"FORCE_COLOR": ""}, "same: "),
    ):
        assert run("compare", rocket, rocket, env=env).stdout.startswith(first)


@pytest.mark.parametrize(("columns", "notes"), [("200", True), ("100", False)])
def test_a_narrow_terminal_gets_the_measures_without_their_notes(
    rocket: Path, columns: str, notes: bool
) -> None:
    result = on_a_terminal(["measure", str(rocket), str(rocket)], {"COLUMNS": columns, "NO_COLOR": "1"})
    assert ("caveat" in result) is notes
    assert max(map(len, result.splitlines())) <= int(columns)


def remaining(steps: Iterable[tuple[float, float]]) -> list[float | None]:
    """Return what is said to be left, in seconds, every second after this much of all that is known of is done."""
    left = Remaining()
    return [left.seconds(now, done, total) for now, (done, total) in enumerate(steps)]


def test_the_time_left_is_not_guessed_at_first_and_then_right() -> None:
    said = remaining((done, 100) for done in range(101))
    assert said[:3] == [None] * 3
    assert all(left is not None and abs(left - 100 + now) < 0.01 for now, left in enumerate(said) if now > 3)


def test_the_time_left_rises_slowly_when_more_turns_out_to_be_ahead_and_is_right_again_soon() -> None:
    """A minute of reading, with a guess of four more, and then a quarter of an hour of comparing."""
    reading = [(n, 300.0) for n in range(60)]
    comparing = [(60 + n, 960.0) for n in range(901)]
    said = [left or 0.0 for left in remaining(reading + comparing)]
    assert all(after <= max(before, 1) * 1.1001 for before, after in pairwise(said[4:]))
    assert abs(said[59] - 241) < 10
    assert all(abs(said[now] - 960 + now) < 30 for now in range(80, 961))
    slower = [(60 + n / 10, 960.0) for n in range(9001)]  # the weights of the stages are wrong by ten
    said = [left or 0.0 for left in remaining(reading + slower)]
    assert all(abs(said[now] - 9060 + now) < 300 for now in range(120, 9000))


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
