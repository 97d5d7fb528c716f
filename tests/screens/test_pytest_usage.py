"""Baselines that no test uses: listed after whole runs, pruned where asked for, and never after a part of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from samepic.screens.pytest.usage import prune
from tests.kits.project import Project

pytest_plugins = ["pytester"]

TWO = """
def test_menu(same_picture):
    same_picture(scene(top()), "menu")

def test_cart(same_picture):
    same_picture(scene(80), "cart")
"""
LEFT = ("old", "menu-windows", "menu-firefox", "menu-390x844@3x", "menu-@iPhone_13")


@pytest.fixture
def stale(project: Project) -> Project:
    """Return a project of two tests with an old baseline, of other browsers, and of a removed file."""
    project.write(TWO)
    assert project.run("--samepic-update")[0] == {"passed": 2}
    data = project.baseline().read_bytes()
    for name in LEFT:
        project.baseline(name).write_bytes(data)
    gone = project.path / "__screens__" / "test_gone"
    gone.mkdir()
    (gone / "page.png").write_bytes(data)
    (gone / "notes.txt").write_text("mine")
    return project


def files(project: Project) -> set[str]:
    folder = project.path / "__screens__"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}


def test_a_whole_run_lists_what_no_test_uses_and_a_pruning_one_removes_it(stale: Project) -> None:
    before = files(stale)
    outcomes, result = stale.run()
    assert outcomes == {"passed": 2}
    assert "samepic: 2 baselines that no test used; to remove: pytest --samepic-prune\n" in result
    assert "  __screens__/test_gone/page.png\n  __screens__/test_site/old.png\n" in result
    assert files(stale) == before
    outcomes, result = stale.run("--samepic-prune")
    assert outcomes == {"passed": 2}
    assert "samepic: 2 baselines that no test used were removed\n" in result
    assert before - files(stale) == {"test_gone/page.png", "test_site/old.png"}
    assert (stale.path / "__screens__" / "test_gone" / "notes.txt").read_text() == "mine"
    assert "samepic" not in stale.run()[1]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-k", "menu"], "1 test was deselected"),
        (["test_site.py"], "only test_site.py was asked for"),
        (["-x"], "stopping after 1 failures"),
        ([], "1 file could not be collected"),
    ],
)
def test_a_part_of_the_tests_prunes_nothing_and_says_why(
    options: list[str], reason: str, stale: Project
) -> None:
    if options == ["-x"]:
        stale.move(53)
    elif not options:
        (stale.path / "test_broken.py").write_text("import nothing_of_that_name")
        options = ["--continue-on-collection-errors"]
    before = files(stale)
    _, result = stale.run("--samepic-prune", *options)
    assert "samepic: nothing was pruned, since not all tests ran: " in result
    assert reason in result
    assert "no test used" not in stale.run(*options)[1]
    assert files(stale) == before


def test_files_of_which_a_test_did_not_pass_or_run_are_left_alone(stale: Project) -> None:
    stale.move(53)
    (stale.path / "test_skipped.py").write_text("def test_none(): pass")
    _, result = stale.run("--samepic-prune", "--ignore", "test_skipped.py")
    assert "left alone, not all its tests passed: test_site.py" in result
    assert {"test_site/old.png", "test_site/menu.png"} <= files(stale)
    assert "test_gone/page.png" not in files(stale)


def test_links_are_not_followed(stale: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "photo.png").write_bytes(stale.baseline().read_bytes())
    (stale.path / "__screens__" / "test_link").symlink_to(outside)
    stale.baseline("linked").symlink_to(outside / "photo.png")
    stale.run("--samepic-prune")
    assert (outside / "photo.png").exists()
    assert stale.baseline("linked").is_symlink()


@pytest.mark.slow
def test_processes_count_together(stale: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ("-p", "samepic", "-p", "xdist")
    done = stale.pytester.runpytest_subprocess(*plugins, "-n", "2", "-q", "--samepic-prune")
    assert done.parseoutcomes() == {"passed": 2}
    assert "samepic: 2 baselines that no test used were removed" in done.stdout.str()


def test_what_cannot_be_removed_is_returned_with_the_reason_and_the_others_are_gone(tmp_path: Path) -> None:
    stuck, free = tmp_path / "one" / "stuck.png", tmp_path / "two" / "free.png"
    stuck.mkdir(parents=True)
    free.parent.mkdir()
    free.write_bytes(b"")
    assert prune([stuck, free]) == {stuck: "Is a directory"}
    assert stuck.exists()
    assert not free.parent.exists()
