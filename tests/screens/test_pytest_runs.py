"""Runs of pytest with `same_picture`: thresholds, settings, many processes at once, and the report they leave."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samepic.errors import install_command
from samepic.screens.pytest.baselines import read_baseline
from tests.kits.project import Project, size_of

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    "options",
    [
        "ignore=[(0, 0, 300, 100)]",
        "ignore=(40, 50, 80, 33)",
        "mask=np.ones((200, 300), bool)",
        "mask=HERE / 'mask.png'",
        "most_pixels=480",
        "most_share=0.008",
        "threshold=1.0",
        "profile=samepic.Screen(most_pixels=480)",
        "profile=samepic.Screen(most_pixels=1), most_pixels=480",
    ],
)
def test_a_change_that_the_test_allows_passes(options: str, project: Project) -> None:
    Image.new("L", (300, 200), 255).save(project.path / "mask.png")
    project.write(f"""
import samepic
def test_menu(same_picture):
    same_picture(scene(top()), "menu", {options})
""")
    assert project.run("--samepic-update")[0] == {"passed": 1}
    project.move(53)
    assert project.run()[0] == {"passed": 1}
    project.write()
    assert project.run()[0] == {"failed": 1}


def test_a_project_has_a_profile_of_its_own(project: Project) -> None:
    (project.path / "conftest.py").write_text("""
import pytest, samepic
@pytest.fixture(scope="session")
def samepic_screen():
    return samepic.Screen(most_pixels=480)
""")
    project.run("--samepic-update")
    project.move(53)
    assert project.run()[0] == {"passed": 1}
    project.move(54)
    assert project.run()[0] == {"failed": 1}


def test_another_size_is_told(project: Project) -> None:
    project.run("--samepic-update")
    project.write('def test_menu(same_picture):\n    same_picture(scene(size=(220, 300)), "menu")')
    outcomes, result = project.run()
    assert outcomes == {"failed": 1}
    assert "PictureChangedError: menu: the picture is 20 px taller" in result
    assert re.search(r"size +300x220 instead of 300x200", result)
    # In the report both lie on one canvas, so that they can be laid on each other.
    pair = re.search(r'data-pair="([^"]*)"', project.report())
    assert pair is not None
    assert json.loads(pair[1].replace("&quot;", '"'))["height"] == 220


def test_a_broken_baseline_is_named_and_an_update_replaces_it(project: Project) -> None:
    project.run("--samepic-update")
    whole = project.baseline().read_bytes()
    project.baseline().write_bytes(whole[: len(whole) // 2])
    outcomes, result = project.run()
    assert outcomes == {"failed": 1}
    assert re.search(r"BaselineError: the baseline .*menu\.png cannot be read: expected", result)
    assert 'To update it: pytest "test_site.py::test_menu" --samepic-update' in result
    assert project.run("--samepic-update")[0] == {"passed": 1}
    assert project.baseline().read_bytes() == whole


def test_settings_name_the_folder_of_baselines_the_platform_and_the_output(project: Project) -> None:
    (project.path / "pytest.ini").write_text(
        "[pytest]\nsamepic_baselines = shots\nsamepic_platform = system\nsamepic_output = out/look\n"
    )
    assert project.run()[0] == {"failed": 1}
    assert (project.path / "out" / "look" / "index.html").exists()
    project.run("--samepic-update")
    own = {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    assert (project.path / "shots" / "test_site" / f"menu-{own}.png").exists()
    project.move(53)
    _, result = project.run("--samepic-output", "elsewhere")
    assert "report: elsewhere/index.html" in result
    assert (project.path / "elsewhere" / "index.html").exists()


def test_the_plugin_can_be_switched_off(project: Project) -> None:
    (project.path / "test_site.py").write_text("def test_one():\n    pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:samepic", "-p", "no:playwright", "-q", "--fixtures"],
        cwd=project.path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "same_picture" not in done.stdout


def test_a_run_that_looks_at_no_picture_loads_nothing_heavy(project: Project) -> None:
    (project.path / "test_site.py").write_text(
        "import sys\n"
        "def test_light(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.has_plugin('samepic')\n"
        "    heavy = {'numpy', 'cv2', 'PIL', 'playwright', 'selenium', 'samepic.tuning', 'samepic.verdict'}\n"
        "    assert heavy & set(sys.modules) == set()\n"
    )
    (project.path / "samepic-report").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:playwright", "-q"],
        cwd=project.path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_without_pytest_the_plugin_names_its_extra() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, samepic\nsys.modules['pytest'] = None\ntry: import samepic.screens.pytest.plugin\n"
            "except samepic.MissingPartError as error: print(error)",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert install_command("pytest") in done.stdout


def test_what_the_last_run_left_is_removed_and_nothing_of_others(project: Project, tmp_path: Path) -> None:
    project.run("--samepic-update")
    project.move(53)
    project.run()
    output = project.path / "samepic-report"
    (folder,) = (path for path in output.iterdir() if path.is_dir())
    others = [
        output / "mine.txt",
        output / "own" / "menu-actual.png",
        folder / "note.txt",
        tmp_path / "far.json",
    ]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "samepic.json").write_text("{}")
    (output / "link").symlink_to(linked)
    project.run("--collect-only")
    assert (output / "index.html").exists()
    project.move(50)
    project.run()
    kept_files = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert kept_files == {"mine.txt", "own/menu-actual.png", f"{folder.name}/note.txt"}
    assert (linked / "samepic.json").exists()
    assert [path.read_text() for path in others] == ["mine"] * 4


def test_a_report_is_never_written_over_a_page_of_others(project: Project) -> None:
    (project.path / "index.html").write_text("<h1>My site</h1>")
    done = project.pytester.runpytest_inprocess("--samepic-output", ".", "-p", "no:cacheprovider")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*index.html is not samepic's: choose another folder with --samepic-output*"])
    assert (project.path / "index.html").read_text() == "<h1>My site</h1>"


def test_the_last_word_of_a_test_that_is_run_again_counts(project: Project) -> None:
    project.run("--samepic-update")
    project.move(53)
    (project.path / "conftest.py").write_text("""
from pathlib import Path
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    for outcome in ("rerun", None):
        item._initrequest()
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            report.outcome = outcome or report.outcome
            item.ihook.pytest_runtest_logreport(report=report)
        (Path(__file__).parent / "top").write_text("50")
    return True
""")
    _, result = project.run()
    assert "samepic:" not in result
    assert not (project.path / "samepic-report" / "index.html").exists()


def test_the_report_holds_all_it_shows_and_escapes_what_it_is_told(project: Project) -> None:
    project.write("""
@pytest.mark.parametrize("case", ["<script>alert(1)</script>", "'\\"&"])
def test_menu(same_picture, case):
    same_picture(scene(top()), "menu & <b>more".replace("<", "(").replace(">", ")"))
""")
    project.run("--samepic-update")
    project.move(53)
    assert project.run()[0] == {"failed": 2}
    page = project.report()
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("<script") == 1
    assert page.count("<article") == 2
    sources = re.findall(r'(?:src|href)="([^"]{0,40})', page)
    assert len(sources) > 6
    assert {source.split(":")[0] for source in sources if not source.startswith("#")} == {"data"}
    assert "default-src 'none'; img-src data:; script-src 'sha256-" in page


def test_pictures_beyond_the_room_of_a_report_are_linked(project: Project) -> None:
    from datetime import datetime

    from samepic.screens.pytest.report import Event, page

    project.run("--samepic-update")
    project.move(53)
    project.run()
    output = project.path / "samepic-report"
    (result,) = output.glob("*/samepic.json")
    event = Event(**json.loads(result.read_text()))
    whole = "".join(page(output, [event], datetime.now()))
    full = "".join(page(output, [event], datetime.now(), budget=0))
    assert "data:image/png" in whole
    assert "data:image/png" not in full
    for link in re.findall(r'href="([^"#:]+\.png)"', full):
        assert size_of(output / link) == (300, 200)
    assert full.count(".png") > whole.count(".png")


MANY = """
@pytest.mark.parametrize("number", range(20))
def test_many(same_picture, number):
    same_picture(scene(20 + 3 * number + (top() - 50) * (number % 16 == 3)))
    same_picture(scene(50), "shared-by-all")

@pytest.mark.parametrize("number", range(20))
def test_one(number, request, tmp_path_factory):
    from samepic.screens.pytest.baselines import read_baseline, write_baseline
    from samepic.picture import load
    place = HERE / "contended.png"
    write_baseline(place, load(scene(number)))
    assert read_baseline(place).picture.rgb.shape == (200, 300, 3)
"""


@pytest.mark.slow
def test_processes_write_baselines_at_once_and_report_as_one(project: Project) -> None:
    project.write(MANY)
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    needed = (
        "-p",
        "samepic",
        "-p",
        "xdist",
        "-n",
        "2",
    )  # other plugins only take time to load, in each process

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *needed, *options],
            cwd=project.path,
            env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    missing = run("-k", "test_many").stdout
    assert "20 failed" in missing, missing
    assert "samepic: 20 pictures without a baseline; report: samepic-report/index.html" in missing
    taken = run("--samepic-update").stdout
    assert "40 passed" in taken, taken
    files = sorted(project.baseline().parent.iterdir())
    assert len(files) == 40
    assert not list(project.path.rglob(".samepic-*"))
    for number in range(20):
        baseline = read_baseline(project.baseline(f"test_many-{number}"))
        assert baseline is not None
        assert np.array_equal(baseline.picture.rgb[20 + 3 * number, 60], (20, 90, 200))
    project.move(53)
    changed = run().stdout
    assert "2 failed, 38 passed" in changed
    assert changed.count("samepic: 2 pictures differ; report: samepic-report/index.html\n") == 1
    moved = re.findall(r"(test_many-\d+): something of 80x30 pixels at \(40, \d+\) moved 3 px down", changed)
    assert set(moved) == {"test_many-3", "test_many-19"}
    assert project.report().count("<article") == 2
    assert len(list(project.path.glob("samepic-report/*/samepic.json"))) == 2
