"""samepic completion: shells complete verbs, options and files; the man page is made of the same parser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from samepic.cli.command import VERBS
from tests.cli.conftest import Run

_ASK = """
source ./script
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_shtab_samepic
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(folder: Path, words: str) -> set[str]:
    """Return what bash offers for the last of some words."""
    ask = _ASK.format(words=words)
    done = subprocess.run(["bash", "-c", ask], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_bash_completes_verbs_options_values_and_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(run("completion", "bash").stdout)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photo.jpg").touch()
    assert completed(tmp_path, "samepic com") == {"compare", "completion"}
    assert {"--against", "--exclude"} <= completed(tmp_path, "samepic find --")
    assert completed(tmp_path, "samepic clean --keep ol") == {"oldest"}
    assert completed(tmp_path, "samepic compare ph") == {"photo.jpg", "photos"}
    assert completed(tmp_path, "samepic clean --prefer ph") == {"photos"}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_know_every_verb_and_accept_the_script(run: Run, tmp_path: Path, shell: str) -> None:
    script = json.loads(run("completion", shell, "--json").stdout)["script"]
    assert not [verb for verb in VERBS if verb not in script]
    (tmp_path / "script").write_text(script)
    if shutil.which(shell):
        subprocess.run([shell, "-n", "script"], cwd=tmp_path, check=True)


def test_another_shell_is_refused(run: Run) -> None:
    assert (run("completion", "ksh").returncode, run("completion").returncode) == (2, 2)


def test_the_man_page_has_every_verb_and_no_fault(tmp_path: Path) -> None:
    """The command of docs/cli.md."""
    program = str(Path(sys.executable).parent / "argparse-manpage")
    asked = ("--module", "samepic.cli.command", "--function", "build_parser", "--output", "samepic.1")
    subprocess.run([program, *asked], cwd=tmp_path, check=True)
    page = (tmp_path / "samepic.1").read_text()
    assert not [verb for verb in VERBS if f"samepic {verb}" not in page]
    if shutil.which("man"):
        ask = ["man", "--warnings=all", "-l", "samepic.1"]
        wide = {**os.environ, "MANWIDTH": "300"}  # a line that cannot be adjusted is no fault of the page
        shown = subprocess.run(ask, cwd=tmp_path, env=wide, capture_output=True, text=True, check=True)
        assert (shown.stderr, "--against DIR" in shown.stdout) == ("", True)
