"""samepic fingerprint: one line for each file, and trouble with one does not keep the others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import samepic
from samepic import Fingerprint
from tests.cli.conftest import Run


def test_each_file_is_a_line_of_its_fingerprint_and_its_name(run: Run, astronaut: Path, coffee: Path) -> None:
    done = run("fingerprint", astronaut, coffee)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    assert [name for _, name in lines] == [str(astronaut), str(coffee)]
    assert [Fingerprint.parse(text) for text, _ in lines] == [
        samepic.fingerprint(astronaut),
        samepic.fingerprint(coffee),
    ]


def test_a_dash_is_standard_input(run: Run, astronaut: Path, coffee: Path) -> None:
    done = run("fingerprint", coffee, "-", stdin=astronaut)
    assert (done.returncode, done.stderr) == (0, "")
    text, name = done.stdout.splitlines()[1].split("  ")
    assert (name, Fingerprint.parse(text)) == ("-", samepic.fingerprint(astronaut))


def test_standard_input_named_twice_or_closed_is_trouble(run: Run, astronaut: Path) -> None:
    done = run("fingerprint", "-", "-", stdin=astronaut)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    command = f'"{sys.executable}" -m samepic fingerprint - <&-'
    closed = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (closed.returncode, closed.stdout, closed.stderr.count("\n")) == (2, "", 1)


def test_a_file_that_cannot_be_read_is_one_line_and_the_others_go_on(
    run: Run, astronaut: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.jpg").write_text("This is no picture.\n")
    done = run("fingerprint", "nowhere.jpg", astronaut, "notes.jpg", astronaut)
    assert done.returncode == 2
    assert [line.split("  ")[1] for line in done.stdout.splitlines()] == [str(astronaut)] * 2
    first, second = done.stderr.splitlines()
    assert first == "samepic: nowhere.jpg: no such file" and second.startswith(
        "samepic: notes.jpg: expected "
    )


def test_json_is_one_object_a_line_for_errors_too(run: Run, astronaut: Path) -> None:
    done = run("fingerprint", "--json", astronaut, "nowhere.jpg")
    assert (done.returncode, done.stderr) == (2, "")
    result, trouble = map(json.loads, done.stdout.splitlines())
    made = samepic.fingerprint(astronaut)
    assert result.pop("path") == str(astronaut) and result == made.to_dict()
    assert Fingerprint.parse(result["fingerprint"]) == made
    assert result["pdq"] == made.pdq.hex() == result["pdq_forms"]["upright"] and len(result["pdq_forms"]) == 8
    assert (result["weak"], result["mode"], result["version"]) == (False, "fast", 4)
    assert (trouble["unreadable"], trouble["kind"]) == ("nowhere.jpg", "UnreadableError")
    assert trouble["error"] == "no such file"


def test_a_code_that_says_nothing_is_told_so(run: Run, astronaut: Path, greys: tuple[Path, Path]) -> None:
    lines = run("fingerprint", astronaut, greys[0]).stdout.splitlines()
    assert ["too plain for its code" in line for line in lines] == [False, True]
    assert json.loads(run("fingerprint", "--json", greys[0]).stdout)["weak"] is True


@pytest.mark.parametrize("mode", ["fast", "reference"])
def test_the_mode_is_that_of_the_library(run: Run, astronaut: Path, mode: str) -> None:
    result = json.loads(run("fingerprint", "--mode", mode, "--json", astronaut).stdout)
    assert result["mode"] == mode
    assert Fingerprint.parse(result["fingerprint"]) == samepic.fingerprint(
        astronaut, reference=mode == "reference"
    )


def test_a_name_cannot_steer_the_terminal_or_make_a_second_line(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a\n\x1b[2Jb.png")
    lines = run("fingerprint", "a\n\x1b[2Jb.png").stdout.splitlines()
    assert len(lines) == 1 and "\x1b" not in lines[0]
