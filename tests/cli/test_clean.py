"""samepic clean: tells first, acts with --yes, and brings everything back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cleanup.clean_scene import make_scene, snapshot, write_report
from tests.cli.conftest import Run

Groups = list[dict[Path, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep trash and journals of these tests in a folder of their own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def groups(tmp_path: Path, photos: dict[str, Path]) -> Groups:
    return make_scene(tmp_path / "tree", photos, number=1)


@pytest.fixture
def report(tmp_path: Path, groups: Groups) -> Path:
    return write_report(tmp_path / "found.jsonl", groups)


def test_without_yes_it_only_tells(run: Run, report: Path, groups: Groups, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    kept, *others = groups[0]
    for options in ((), ("--list",), ("--trash",), ("--trash", "--dry-run"), ("--move-to", "elsewhere")):
        done = run("clean", report, *options)
        assert (done.returncode, done.stderr) == (0, "")
        first, *lines, last = done.stdout.splitlines()
        assert first == f"keep {kept}"
        assert [line.split()[1] for line in lines] == [str(path).split()[0] for path in others]
        assert last.startswith("4 files of 1 group, ")
        assert snapshot(tmp_path) == before


def test_relative_paths_of_another_folder_are_an_error(run: Run, report: Path, tmp_path: Path) -> None:
    found = report.read_text()
    report.write_text(found.replace(f"{tmp_path}/", ""))
    assert run("clean", report).returncode == 0
    report.write_text(found.replace(f"{tmp_path}/tree/", ""))
    done = run("clean", report)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("run this in the folder where samepic find ran\n")


def test_yes_does_it_and_undo_brings_it_back(run: Run, report: Path, groups: Groups, tmp_path: Path) -> None:
    before = snapshot(tmp_path / "tree")
    done = run("clean", report, "--trash", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.exists() for path in groups[0]] == [True, False, False, False, False]
    assert done.stdout.splitlines()[-1].startswith("undo with: samepic clean --undo ")
    done = run("clean", "--undo")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("4 files restored, 0 skipped")
    assert snapshot(tmp_path / "tree") == before
    again = run("clean", "--undo")
    assert (again.returncode, again.stdout.splitlines()[-1][:17]) == (0, "0 files restored,")


def test_a_file_that_is_left_alone_is_told_and_exits_1(run: Run, report: Path, groups: Groups) -> None:
    changed = list(groups[0])[2]
    changed.write_bytes(b"new")
    done = run("clean", report, "--trash", "--yes")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"skipped {changed}: it has changed since the scan: other size or time" in done.stdout
    assert changed.read_bytes() == b"new"


def test_a_path_over_a_symlink_is_told_with_where_it_leads(run: Run, groups: Groups, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("tree")
    report = tmp_path / "found.jsonl"
    report.write_text(run("find", "--json", "--no-cache", tmp_path / "link").stdout)
    done = run("clean", report, "--trash", "--same-if", "reframed")
    lines = [line for line in done.stdout.splitlines() if line.startswith("  trash")]
    assert len(lines) == 4
    for line in lines:
        path, _, place = line.removeprefix("  trash ").rpartition("  (")[0].partition(", which is ")
        assert Path(path).parts[: len(tmp_path.parts) + 1] == (*tmp_path.parts, "link")
        assert place == str(Path(path).resolve())


def test_undo_leaves_alone_what_came_to_a_path_meanwhile(
    run: Run, report: Path, groups: Groups, tmp_path: Path
) -> None:
    run("clean", report, "--move-to", "moved", "--yes")
    taken, other = list(groups[0])[1:3]
    taken.write_bytes(b"new")
    done = run("clean", "--undo")
    assert (done.returncode, done.stderr) == (1, "")
    where = tmp_path / "moved" / taken.name
    result = f"skipped {taken}: another file is there now; the earlier file is {where}"
    assert result in done.stdout.splitlines()
    assert (taken.read_bytes(), where.exists(), other.exists()) == (b"new", True, True)
    taken.unlink()
    assert run("clean", "--undo").returncode == 0
    assert taken.exists()


def test_json_is_one_object_a_line(run: Run, report: Path, groups: Groups) -> None:
    would = [json.loads(line) for line in run("clean", report, "--json", "--hardlink").stdout.splitlines()]
    assert [set(line) for line in would] == [{"group", "path", "kept", "relation", "size", "would"}] * 2 + [
        {"group", "path", "left"}
    ] * 2
    *_, last = [
        json.loads(line) for line in run("clean", report, "--json", "--trash", "--yes").stdout.splitlines()
    ]
    assert (last["done"], last["left"], Path(last["journal"]).exists()) == (4, 0, True)
    lines = [
        json.loads(line) for line in run("clean", "--undo", last["journal"], "--json").stdout.splitlines()
    ]
    assert [line["done"] for line in lines] == ["undo"] * 4 + [4]


def test_a_report_comes_from_standard_input_too(run: Run, report: Path) -> None:
    done = run("clean", "-", "--trash", stdin=report)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_journal_has_a_name_of_the_callers_choice_that_must_be_new(
    run: Run, report: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("precious")
    done = run("clean", report, "--trash", "--yes", "--journal", "mine")
    assert (done.returncode, (tmp_path / "mine").read_text()) == (2, "precious")
    assert run("clean", report, "--trash", "--yes", "--journal", "new").returncode == 0
    assert run("clean", "--undo", "new").returncode == 0


@pytest.mark.parametrize(
    "case",
    [
        ((), "expected a REPORT or --undo"),
        (("found.jsonl", "--yes"), "--yes: expected --trash"),
        (("found.jsonl", "--yes", "--list"), "--yes: expected --trash"),
        (("found.jsonl", "--trash", "--hardlink"), "not allowed with"),
        (("found.jsonl", "--yes", "--dry-run", "--trash"), "not allowed with"),
        (("found.jsonl", "--undo", "x"), "--undo: expected only a JOURNAL"),
        (("--undo",), "--undo: no journal in "),
        (("--undo", "found.jsonl"), "found.jsonl: line 1: expected a line of a journal"),
        (("nowhere.jsonl",), "nowhere.jsonl: no such file"),
        (("rocket.jpg",), "rocket.jpg: line 1: expected one JSON object"),
    ],
)
def test_what_makes_no_sense_is_trouble(
    run: Run, report: Path, rocket: Path, tmp_path: Path, case: tuple[tuple[str, ...], str]
) -> None:
    arguments, result = case
    (tmp_path / "rocket.jpg").symlink_to(rocket)
    done = run("clean", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert result in done.stderr


def test_find_and_clean_work_together(run: Run, groups: Groups, tmp_path: Path) -> None:
    found = run("find", "--no-cache", "--json", "tree")
    (tmp_path / "found.jsonl").write_text(found.stdout)
    done = run("clean", "found.jsonl", "--trash", "--yes")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert sum(path.exists() for path in groups[0]) == 1
    assert run("clean", "--undo").returncode == 0
    assert all(path.exists() for path in groups[0])


def test_what_clean_can_be_asked_for_ends_before_edited(run: Run, report: Path) -> None:
    done = run("clean", report, "--same-if", "edited")
    assert (done.returncode, done.stdout) == (2, "")
    assert "reframed" in done.stderr and "invalid choice" in done.stderr
    assert "(default: resaved)" in " ".join(run("clean", "--help").stdout.split())
