"""The fixture `same_picture` in runs of pytest: what passes, what fails, what is said and written."""

from __future__ import annotations

import io
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import samepic
from samepic.picture import load
from samepic.screens.pytest.baselines import Names, write_baseline
from samepic.screens.pytest.fixture import FixtureSettings, SamePicture
from tests.kits.project import Project, size_of

pytest_plugins = ["pytester"]


@pytest.fixture
def called(tmp_path: Path) -> SamePicture:
    """Return what the fixture gives to a test `test_odd`."""
    folder, output = "__screens__", tmp_path / "report"
    settings = FixtureSettings(
        "test_a.py::test_odd", tmp_path / "test_a.py", folder, "none", output, tmp_path, False, False
    )
    return SamePicture(settings, Names("test_odd", ""), None, [])


def test_a_missing_baseline_fails_and_says_how_it_is_taken(project: Project) -> None:
    outcomes, result = project.run()
    assert outcomes == {"failed": 1}
    assert "samepic.NoBaselineError: menu: there is no baseline yet" in result
    assert 'To take it as the baseline: pytest "test_site.py::test_menu" --samepic-update' in result
    assert "samepic: 1 picture without a baseline; report: samepic-report/index.html" in result
    assert not project.baseline().exists()
    (shot,) = project.path.glob("samepic-report/*/menu-actual.png")
    assert str(shot.relative_to(project.path)) in result
    assert size_of(shot) == (300, 200)


def test_a_baseline_is_taken_compared_and_left_alone_while_it_is_the_same(project: Project) -> None:
    outcomes, result = project.run("--samepic-update")
    assert outcomes == {"passed": 1}
    assert "samepic: 1 baseline written for the first time\n" in result
    before = project.baseline().stat()
    for options in ((), ("--samepic-update",)):
        outcomes, result = project.run(*options)
        assert (outcomes, "samepic" in result) == ({"passed": 1}, False)
    after = project.baseline().stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert not (project.path / "samepic-report").exists()


def test_a_change_fails_with_what_moved_where_and_where_to_look(project: Project) -> None:
    project.run("--samepic-update")
    project.move(53)
    outcomes, result = project.run()
    assert outcomes == {"failed": 1}
    lines = [line.removeprefix("E").strip() for line in result.splitlines() if line.startswith("E ")]
    heading, *rows = lines
    assert heading == (
        "samepic.PictureChangedError: menu: something of 80x30 pixels at (40, 50) moved 3 px down"
    )
    assert "different pixels  480 (0.8 %), by up to" in rows[0]
    assert rows[1] == "changed           80x33 at (40, 50)"
    for row, kind in zip(rows[2:5], ("expected", "actual", "difference"), strict=True):
        name, path = row.split()
        assert name == kind
        assert size_of(project.path / path) == (300, 200)
    assert rows[5].split() == ["report", "samepic-report/index.html"]
    assert rows[6] == 'To take it as the baseline: pytest "test_site.py::test_menu" --samepic-update'
    # The traceback ends at the line of the test.
    assert 'same_picture(scene(top()), "menu")' in result
    assert "outcome.py" not in result


def test_an_update_takes_what_changed(project: Project) -> None:
    project.run("--samepic-update")
    project.move(53)
    outcomes, result = project.run("--samepic-update")
    assert outcomes == {"passed": 1}
    assert "samepic: 1 baseline written again\n" in result
    assert project.run()[0] == {"passed": 1}
    project.move(50)
    assert project.run()[0] == {"failed": 1}


@pytest.mark.parametrize("ci", ["true", "1", "woodpecker"])
def test_in_ci_a_baseline_that_was_just_taken_is_no_pass(
    ci: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    outcomes, result = project.run()
    assert outcomes == {"failed": 1}
    assert (
        'run pytest "test_site.py::test_menu" --samepic-update on your machine, check it and commit it'
        in result
    )
    outcomes, result = project.run("--samepic-update")
    assert outcomes == {"failed": 1}
    assert "samepic.NoBaselineError: menu: this is a new baseline that nobody has checked" in result
    assert "in CI a new baseline fails the test" in result
    assert project.run("--samepic-update")[0] == {"passed": 1}
    project.move(53)
    outcomes, result = project.run("--samepic-update")
    assert outcomes == {"failed": 1}
    assert "PictureChangedError: menu: something of 80x30 pixels at (40, 50) moved 3 px down" in result
    assert "samepic: 1 baseline written again, 1 picture differs; report:" in result
    assert project.run()[0] == {"passed": 1}


@pytest.mark.parametrize("ci", ["", "0", "false", "FALSE", "no"])
def test_a_ci_that_says_it_is_none_is_none(
    ci: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    assert project.run("--samepic-update")[0] == {"passed": 1}


def test_every_picture_has_a_baseline_of_its_own(project: Project) -> None:
    project.write("""
@pytest.mark.parametrize("top", [10, 20, "a/b", "a b"])
def test_cases(same_picture, top):
    number = top if isinstance(top, int) else len(top) * ord(top[1])
    same_picture(scene(number))
    same_picture(scene(number + 1))
    same_picture(scene(number + 2), "named")

class TestMenu:
    def test_open(self, same_picture):
        same_picture(scene(30))

class TestOther:
    def test_open(self, same_picture):
        same_picture(scene(60))

def test_platform(same_picture):
    same_picture(scene(70), "menu", platform=True)
    same_picture(scene(80), "menu", platform="kiosk")
    same_picture(scene(90), "menu")
""")
    assert project.run("--samepic-update")[0] == {"passed": 7}
    names = sorted(path.name for path in project.baseline().parent.iterdir())
    assert len(names) == 4 * 3 + 2 + 3
    own = {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    assert {"test_cases-10.png", "test_cases-10~2.png", "named-20.png", "TestMenu-test_open.png"} <= set(
        names
    )
    assert {"menu.png", "menu-kiosk.png", f"menu-{own}.png"} <= set(names)
    assert project.run()[0] == {"passed": 7}


def test_a_name_used_twice_for_two_pictures_is_an_error(project: Project) -> None:
    project.write("""
def test_menu(same_picture):
    same_picture(scene(50), "menu")
    same_picture(scene(50), "menu")
    same_picture(scene(53), "menu")
""")
    outcomes, result = project.run("--samepic-update")
    assert outcomes == {"failed": 1}
    assert "BaselineError: name: 'menu' was used in this test before: give each picture" in result
    outcomes, result = project.run()
    assert outcomes == {"failed": 1}
    assert "moved 3 px down" in result
    assert re.search(r"name +was used in this test before", result)


def test_a_picture_comes_in_every_form(project: Project) -> None:
    project.write("""
import base64

@pytest.mark.parametrize("form", ["array", "image", "bytes", "path", "text", "file", "memory", "base64"])
def test_forms(same_picture, form, tmp_path):
    path = tmp_path / "shot.png"
    path.write_bytes(png(top()))
    with path.open("rb") as file:
        actual = {
            "array": scene(top()), "image": Image.fromarray(scene(top())), "bytes": path.read_bytes(), "path": path,
            "text": str(path), "file": file, "memory": memoryview(path.read_bytes()),
            "base64": base64.b64encode(path.read_bytes()).decode(),
        }[form]
        same_picture(actual)
""")
    assert project.run("--samepic-update")[0] == {"passed": 8}
    assert len({path.read_bytes() for path in project.baseline().parent.iterdir()}) == 1
    assert project.run()[0] == {"passed": 8}
    project.move(52)
    assert project.run()[0] == {"failed": 8}


def moving() -> bytes:
    stream = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    return stream.getvalue()


async def coming() -> bytes:
    return b""


@pytest.mark.parametrize(
    ("actual", "result"),
    [
        (3, "expected a path, bytes, .* Playwright or Selenium, found int"),
        (None, "expected a path.*found NoneType"),
        (coming, "expected a path.*found function"),
        ("nowhere.png", "nowhere.png: no such file"),
        ("iVBORw0KGgo!", "expected a PNG in base64"),
        (b"no picture", "<bytes>: expected a picture .*found text that begins with 'no picture'"),
        (np.zeros((9, 9, 2), np.uint8), r"expected an array.*found shape \(9, 9, 2\)"),
        (moving(), "<bytes>: expected a still picture, found an animation of 2 frames"),
    ],
)
def test_what_is_no_picture_is_an_error_that_says_what_was_wanted(
    actual: object, result: str, called: SamePicture
) -> None:
    with pytest.raises(samepic.SamepicError, match=f"(?s){result}") as error:
        called(actual)
    assert not isinstance(error.value, AssertionError)
    assert len(error.traceback) == 2  # this line, and one that pytest hides


def test_what_must_be_awaited_is_not_taken(called: SamePicture) -> None:
    shot = coming()
    with pytest.raises(
        samepic.SourceError, match=r"found an awaitable: await its screenshot and pass the bytes"
    ):
        called(shot)
    shot.close()


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ({"name": "a/b"}, "name: expected a plain file name such as 'menu-open', found 'a/b', with '/'"),
        ({"platform": "../x"}, "name: expected a plain file name"),
        ({"ignore": ".clock"}, "ignore: selectors and elements need a page"),
        ({"ignore": [(1, 2, 3)]}, r"ignore: expected boxes.*found \(1, 2, 3\)"),
        ({"threshold": 2}, "threshold: expected a number from 0 to 1, found 2"),
        ({"profile": "screen"}, "profile: expected a samepic.Screen, found str"),
        (
            {"full_page": True},
            "full_page: expected a page of Playwright or a driver of Selenium, found ndarray",
        ),
        ({"mask": np.ones((2, 2), np.bool_)}, "mask: expected 9x9 pixels"),
        ({"mask": "nowhere.png"}, "nowhere.png: no such file"),
    ],
)
def test_an_option_that_makes_no_sense_is_an_error(
    options: dict[str, Any], result: str, called: SamePicture, tmp_path: Path
) -> None:
    picture = np.zeros((9, 9, 3), np.uint8)
    write_baseline(tmp_path / "__screens__" / "test_a" / "test_odd.png", load(picture))
    called(picture)
    with pytest.raises(samepic.SamepicError, match=result) as error:
        called(picture, **{"name": "test_odd", **options})
    assert not isinstance(error.value, AssertionError)


SOFT = """
def test_soft(same_picture):
    same_picture(scene(top()), "menu", soft=True)
    same_picture(scene(80), "cart", soft=True)
    same_picture(scene(2 * top()), "foot", soft=True)
    assert top() != 54
"""


def test_soft_checks_are_all_made_and_fail_the_test_at_its_end(project: Project) -> None:
    project.write(SOFT)
    assert project.run("--samepic-update")[0] == {"passed": 1}
    project.move(53)
    outcomes, result = project.run()
    assert outcomes == {"failed": 1}
    sentences = [f"{name}: something of 80x30 pixels at (40, {y}) moved {by} px down"
                 for name, y, by in (("menu", 50, 3), ("foot", 100, 6))]  # fmt: skip
    assert f"samepic.PictureChangedError: 2 checks failed: {'; '.join(sentences)}" in result
    assert '>       same_picture(scene(top()), "menu", soft=True)' in result
    assert "line 24: foot: something of" in result
    assert "samepic: 2 pictures differ; report: samepic-report/index.html" in result
    assert project.report().count("<article") == 2
    project.move(54)
    outcomes, result = project.run()
    assert outcomes == {"failed": 1}
    assert "assert 54 != 54" in result
    assert re.search(r"Before that: 2 checks failed: menu: .*moved 4 px down; foot:", result)
    assert "2 baselines written again" in project.run("--samepic-update")[1]
    project.move(53)
    assert project.run("--samepic-update")[0] == {"passed": 1}


def test_one_soft_check_that_failed_looks_like_one_that_is_not_soft(project: Project) -> None:
    project.run("--samepic-update")
    project.move(53)
    hard = project.run()[1]
    project.write('\ndef test_menu(same_picture):\n    same_picture(scene(top()), "menu", soft=True)\n')
    soft = project.run()[1].replace(", soft=True", "")
    hide = partial(re.sub, r"0x\w+|\d\.\d+s", "")
    assert hide(soft) == hide(hard)


def test_the_summary_has_whole_sentences_whatever_the_window(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "menu: something of 80x30 pixels at (40, 50) moved 3 px down"
    project.run("--samepic-update")
    project.move(53)
    for columns, line in (
        ("60", "FAILED test_site.py::test_menu - menu: "),
        ("160", f"test_menu - {sentence}\n"),
    ):
        monkeypatch.setenv("COLUMNS", columns)
        _, result = project.run()
        assert line in result
        assert f"samepic-report/index.html\n  {sentence}\n" in result


def test_a_device_is_in_the_name_where_asked(project: Project) -> None:
    (project.path / "conftest.py").write_text(
        "def pytest_addoption(parser): parser.addoption('--device')  # as pytest-playwright has it\n"
    )
    (project.path / "pytest.ini").write_text("[pytest]\nsamepic_variants = device\n")
    assert project.run("--samepic-update")[0] == {"passed": 1}
    assert project.run("--samepic-update", "--device", "iPhone 13 (landscape)")[0] == {"passed": 1}
    assert {path.name for path in project.baseline().parent.iterdir()} == {
        "menu.png", "menu-@iPhone_13_landscape.png"
    }  # fmt: skip


def test_github_shows_the_sentences_and_the_command(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project.write(SOFT)
    project.run("--samepic-update")
    project.move(53)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    project.run()
    text = summary.read_text()
    assert text.startswith(
        "before\n### samepic: 2 pictures differ\n\n| picture | what | test |\n|---|---|---|\n"
    )
    assert (
        "| menu | something of 80x30 pixels at (40, 50) moved 3 px down | test_site.py::test_soft |\n" in text
    )
    assert text.count('pytest "test_site.py::test_soft" --samepic-update\n') == 1
    assert "pytest &quot;test_site.py::test_soft&quot; --samepic-update</code>" in project.report()
