"""The documentation is run: what README shows is what happens, and the page of the command line names every option."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from samepic.cli.command import build_parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CLI = (ROOT / "docs" / "cli.md").read_text()
# Pages whose blocks are run, each in a folder of its own.
RUN = ("README.md", "docs/notebooks.md", "docs/photos.md")
# What sets a machine up is run by the CI, and the sites of examples/ by tests/contrib.
SETUP = ("git clone", "cd ", "make ", "pip install", "python examples/")


@pytest.fixture(scope="module", params=RUN)
def page(request: pytest.FixtureRequest) -> str:
    """Return the text of each page that is run."""
    return (ROOT / str(request.param)).read_text()


@pytest.fixture(scope="module")
def folder(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that looks like a fresh clone, where blocks of a page leave files for those after them."""
    path = tmp_path_factory.mktemp("readme")
    (path / "examples").symlink_to(ROOT / "examples")
    return path


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Yield each `$ command` of a console block with the output shown below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=500,
        check=False,
    )


def actual(block: str, folder: Path) -> str:
    """Run each command of a console block and return the block with what it printed."""
    lines = []
    for command, output in commands(block):
        done = shell(command, folder)
        assert done.stderr == "", command
        pattern = "(?:.*\n)*".join(re.escape(part) for part in output.split("...\n"))
        lines.append(f"$ {command}\n{output if re.fullmatch(pattern, done.stdout) else done.stdout}")
    return "".join(lines)


@pytest.mark.slow
def test_every_console_command_prints_what_is_shown(page: str, folder: Path) -> None:
    """A shown line that is only `...` stands for any lines; `make readme` brings the rest up to date."""
    found = blocks(page, "console")
    assert found
    for block in found:
        assert actual(block, folder) == block


@pytest.mark.slow
def test_every_python_block_runs(page: str, folder: Path) -> None:
    found = blocks(page, "python")
    assert found
    for block in found:
        done = subprocess.run(
            [sys.executable, "-c", block],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), block


def test_every_other_command_of_the_readme_sets_a_machine_up() -> None:
    for block in blocks(README, "sh"):
        for line in block.splitlines():
            assert line.startswith(SETUP), line


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(blocks(README, "sh")))) <= targets


def test_every_link_into_the_project_leads_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text()):
            if not target.startswith("http"):
                place = page.parent / target if target else page
                assert place.exists(), f"{page.name}: {target}"
                assert not anchor or anchor in anchors(place), f"{page.name}: {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the addresses of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower())) for heading in headings}


def options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield (verb, option) of every option that a user may type."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, below in action.choices.items():
                yield from ((verb, option) for _, option in options(below))
        else:
            yield from (("", option) for option in action.option_strings)


def test_every_option_of_every_verb_is_documented_in_its_section() -> None:
    sections = dict(re.findall(r"^## ([a-z]+)\n(.*?)(?=^##? |\Z)", CLI, re.DOTALL | re.MULTILINE))
    for verb, option in options(build_parser()):
        place = CLI if option in ("-h", "--help", "--version") else sections[verb]
        assert re.search(rf"`[^`]*{option}\b[^`]*`", place), f"{verb} {option}"


def test_no_option_is_documented_that_does_not_exist() -> None:
    documented = set(re.findall(r"`(--[a-z-]+)", CLI))
    assert documented <= {option for _, option in options(build_parser())}


if __name__ == "__main__":
    for name in RUN:
        text = (ROOT / name).read_text()
        with tempfile.TemporaryDirectory() as made:
            (Path(made) / "examples").symlink_to(ROOT / "examples")
            for shown in blocks(text, "console"):
                text = text.replace(shown, actual(shown, Path(made)))
        (ROOT / name).write_text(text)
