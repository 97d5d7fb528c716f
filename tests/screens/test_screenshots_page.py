"""docs/screenshots.md is run from top to bottom in a real Chromium: its files are written, its commands typed."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from tests.contrib.uploads import ROOT
from tests.kits.browser import CHROMEDRIVER, CHROMIUM, LEAN, Watched, browser, path_of

PAGE = (ROOT / "docs" / "screenshots.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"(?:# |<!-- )([\w./]+)")
BROWSER = """
# What the page leaves to `playwright install`: here a Chromium is installed already, and wants no sandbox.
import pytest
from selenium import webdriver

@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    args = ["--no-sandbox", "--disable-gpu", *%(lean)r]
    return {**browser_type_launch_args, "executable_path": %(chromium)r, "args": args}

class Options(webdriver.ChromeOptions):
    def __init__(self):
        super().__init__()
        self.binary_location = %(chromium)r
        self.add_argument("--no-sandbox")
        for option in %(lean)r:
            self.add_argument(option)

webdriver.ChromeOptions = Options
"""


def commands(block: str) -> list[tuple[str, str]]:
    """Return each `$ command` of a console block with the output shown below it."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def typed(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "PATH": path,
            "PYTEST_ADDOPTS": "-p no:anyio -p no:hypothesispytest",  # what only takes time to load
            "PYTHONWARNINGS": "ignore",
            "SE_CHROMEDRIVER": path_of(CHROMEDRIVER),
            "SE_OFFLINE": "true",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    return done.stdout


def shown(output: str) -> re.Pattern[str]:
    """Return the pattern for an output in which `...` stands for anything, on a line of its own for any lines."""
    lines = re.sub(r"^\.\.\.\n", "\0", output, flags=re.MULTILINE)
    pattern = re.escape(lines).replace("\0", r"(?:.*\n)*?").replace(re.escape("..."), ".*")
    return re.compile(pattern)


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_works_from_top_to_bottom(tmp_path: Path) -> None:
    path_of(CHROMEDRIVER)
    (tmp_path / "conftest.py").write_text(BROWSER % {"chromium": path_of(CHROMIUM), "lean": LEAN})
    seen = 0
    for language, block in BLOCK.findall(PAGE):
        if language == "console":
            for command, output in commands(block):
                result = typed(command, tmp_path)
                assert shown(output).fullmatch(result), f"$ {command}\n{result}"
                if "1 picture differs" in result:
                    seen += 1
                    if os.environ.get("SAMEPIC_SCREENSHOTS") == "1":
                        pictured(tmp_path / "samepic-report" / "index.html")
        elif language != "sh":
            name = NAMED.match(block)
            assert name is not None, block
            place = tmp_path / name[1]
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("a") as file:
                file.write(block)
    assert seen == 1


def pictured(report: Path) -> None:
    """Draw docs/img/screenshots.png anew: the report of the page in a browser."""
    with browser() as started, Watched(started, "file://", (1160, 760)) as page:
        page.goto(report.as_uri())
        page.get_by_role("heading", name="1 picture differs").wait_for()
        page.get_by_role("button", name="To the change").click()
        taken = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
        taken.convert("RGB").quantize(200).save(ROOT / "docs" / "img" / "screenshots.png", optimize=True)


def test_the_page_names_every_option_and_setting() -> None:
    plugin = (ROOT / "src" / "samepic" / "screens" / "pytest" / "plugin.py").read_text()
    named = set(re.findall(r'"(--samepic-\w+)"', plugin)) | set(re.findall(r'addini\(\s*"(\w+)"', plugin))
    assert len(named) == 7
    table = PAGE.split("## Settings")[1]
    assert {name for name in named if f"`{name}" not in table} == set()


def test_the_page_and_its_workflow_install_the_extra_that_they_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert PAGE.count("samepic with its extra") == 2
    assert project["optional-dependencies"]["pytest"]
    assert project["entry-points"]["pytest11"] == {"samepic": "samepic.screens.pytest.plugin"}
