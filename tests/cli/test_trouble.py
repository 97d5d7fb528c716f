"""Whatever goes wrong is one line and exit status 2: no traceback, and no 1 that says "not the same"."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from samepic.cli import main
from tests.cli.conftest import Run
from tests.kits.interrupts import interrupts

VERBS = ("compare", "measure", "diff")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "notes.jpg"
    path.write_text("This is no picture.\n")
    return path


@pytest.mark.parametrize("verb", VERBS)
def test_a_text_file_is_trouble_in_one_line_that_names_it(
    run: Run, rocket: Path, text: Path, verb: str
) -> None:
    done = run(verb, rocket, text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"samepic: {text}: expected ")
    assert ", found " in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_missing_file_is_trouble(run: Run, rocket: Path, verb: str) -> None:
    done = run(verb, "nowhere.jpg", rocket)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("samepic: nowhere.jpg: ")


def test_a_folder_and_an_empty_file_are_trouble(run: Run, rocket: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    for name in (".", "empty.jpg"):
        done = run("compare", rocket, name)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_truncated_photograph_is_trouble(run: Run, rocket: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(rocket.read_bytes()[:60_000])
    done = run("compare", rocket, cut)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("verb", VERBS)
def test_json_prints_one_object_for_an_error_too(run: Run, rocket: Path, text: Path, verb: str) -> None:
    done = run(verb, "--json", rocket, text)
    assert (done.returncode, done.stderr) == (2, "")
    result = json.loads(done.stdout)
    assert set(result) == {"error", "kind"}
    assert result["kind"] == "UnreadableError"
    assert str(text) in result["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare",),
        ("compare", "one.jpg"),
        ("compare", "a", "b", "c"),
        ("compare", "a", "b", "--sam", "resaved"),
        ("compare", "a", "b", "--same-if", "similar"),
        ("compare", "a", "b", "-q", "--json"),
        ("compare", "-", "-"),
        ("guess", "a", "b"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_trouble(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    if "--json" in arguments:
        assert json.loads(done.stdout)["kind"] == "UsageError"
    else:
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)
        assert done.stderr.startswith("samepic: ")


def test_a_command_without_anything_is_helped_and_never_says_that_pictures_are_the_same(run: Run) -> None:
    done = run()
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == run("--help").stdout


def test_a_verb_that_is_mistyped_is_suggested(run: Run) -> None:
    done = run("comapre", "a", "b")
    assert (done.returncode, done.stderr) == (
        2,
        "samepic: comapre: no such verb; did you mean compare? (see samepic --help)\n",
    )
    assert "expected one of compare, measure, " in run("xyz").stderr
    assert json.loads(run("finde", ".", "--json").stdout)["kind"] == "UsageError"


def test_help_and_version_are_no_trouble(run: Run) -> None:
    for arguments in (("--help",), ("--version",), ("compare", "--help"), ("diff", "--help")):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


def interrupted(rocket: Path) -> tuple[int, bytes]:
    """Interrupt a comparison while it reads; return its status and what it said."""
    with subprocess.Popen(
        [sys.executable, "-m", "samepic", "compare", "-", rocket],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        process.stdin.write(b"\xff\xd8" * 60_000)  # more than a pipe holds: once written, it is being read
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        process.stdin.close()
        assert process.stdout
        assert process.stderr
        said = process.stdout.read() + process.stderr.read()
        return process.wait(60), said


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_leaves_quietly_with_130(rocket: Path) -> None:
    assert interrupted(rocket) == (130, b"")


def test_an_interrupt_that_is_ignored_around_it_ends_nothing(rocket: Path) -> None:
    """Under `nohup` it goes on, as `cmp` does: here to the end of what is no picture."""
    with interrupts("are ignored"):
        status, said = interrupted(rocket)
    assert (status, said.count(b"\n")) == (2, 1)


def test_a_reader_that_leaves_is_not_told_of(rocket: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "samepic", "compare", rocket, rocket],
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("redirection", "status"),
    [(">/dev/full", 2), (">/dev/full --json", 2), (">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("<&-", 0)],
)
def test_a_full_or_closed_stream_never_says_1(rocket: Path, redirection: str, status: int) -> None:
    command = f'"{sys.executable}" -m samepic compare "{rocket}" "{rocket}" {redirection}'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stderr.count("\n") == (1 if status else 0)


def test_a_dash_is_trouble_when_standard_input_is_closed(rocket: Path) -> None:
    command = f'"{sys.executable}" -m samepic compare - "{rocket}" <&-'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_errors_with_no_stream_to_tell_them_are_still_a_2(rocket: Path) -> None:
    command = f'"{sys.executable}" -m samepic compare nowhere.jpg "{rocket}" 2>&-'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_bug_is_one_line_and_2_not_the_1_of_python(
    rocket: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("made by this test")

    monkeypatch.setattr(import_module("samepic.api"), "compare", broken)
    assert main(["compare", str(rocket), str(rocket)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "ZeroDivisionError: made by this test" in err


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from Python 3.12 on the interrupt comes as itself")
def test_an_interrupt_while_a_class_is_made_is_an_interrupt() -> None:
    """A Ctrl-C in the middle of an import ends as any other one, not as a bug to report."""
    program = """
import sys
from importlib import import_module

command = import_module("samepic.cli.command")

class Interrupted:
    def __set_name__(self, owner, name):
        raise KeyboardInterrupt

def build_parser(*_):
    type("Made", (), {"field": Interrupted()})

command.build_parser = build_parser
sys.exit(command.main(["doctor"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
