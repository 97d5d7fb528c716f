"""What is kept and what is acted on: decided without touching anything."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from samepic.cleanup.plan import CleanupAction, Keep, KeepRule, Plan, plan
from samepic.duplicates.groups import Group, Member, json_lines, read_scan
from samepic.duplicates.walk import Walk
from samepic.errors import ReportError
from samepic.verdict import Relation
from tests.cleanup.clean_scene import scan_of, snapshot


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return three files, the oldest last; the first lies in a folder of its own."""
    (tmp_path / "albums").mkdir()
    paths = [tmp_path / "albums" / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.jpg"]
    for number, path in enumerate(paths):
        path.write_bytes(path.name.encode())
        os.utime(path, ns=(0, 10**18 - number * 10**9 + (5 * 10**9 if number == 1 else 0)))
    return paths


def group(files: list[Path]) -> dict[Path, str]:
    return dict.fromkeys(files, "resaved")


def acted(decided: Plan) -> tuple[set[str], set[str]]:
    """Return the names that are kept and those that are acted on."""
    kept = {step.kept.name for step in decided.steps}
    return kept, {step.target.name for step in decided.steps}


@pytest.mark.parametrize(("keep", "kept"), [("best", "a.jpg"), ("newest", "b.jpg"), ("oldest", "c.jpg")])
def test_the_policy_says_which_one_is_kept(files: list[Path], keep: str, kept: str) -> None:
    decided = plan(scan_of([group(files)]), keep=Keep(KeepRule(keep)))
    assert acted(decided) == ({kept}, {path.name for path in files} - {kept})


@pytest.fixture
def shots(tmp_path: Path) -> list[Path]:
    """Return three saves of one picture: large and taken first, small and taken last, of 2020 by its time of change."""
    image, paths = Image.effect_noise((80, 60), 90), []
    for name, size, taken, changed in (
        ("c.jpg", (80, 60), "2019:05:01 10:00:00", 3),
        ("b/a.jpg", (40, 30), "2021:05:01 10:00:00", 1),
        ("a.jpg", (60, 45), "", 1_590_000_000),
    ):
        exif = Image.Exif()
        if taken:
            exif.get_ifd(0x8769)[0x9003] = taken
        paths.append(tmp_path / name)
        paths[-1].parent.mkdir(exist_ok=True)
        image.resize(size).save(paths[-1], exif=exif)
        os.utime(paths[-1], (changed, changed))
    return paths


@pytest.mark.parametrize(
    ("rule", "kept"),
    [("largest", 0), ("smallest", 1), ("oldest", 0), ("newest", 1), ("path", 2), ("best", 0)],
)
def test_each_rule_keeps_what_it_says_by_pixels_date_taken_or_path(
    shots: list[Path], rule: str, kept: int
) -> None:
    (step, _) = plan(scan_of([group(shots)]), keep=Keep.of(rule)).steps
    assert step.kept.place == str(shots[kept])


def test_folders_come_first_in_their_order_then_paths_then_the_rule(
    shots: list[Path], tmp_path: Path
) -> None:
    def kept(rule: str = "best", prefer: Sequence[str] = (), match: str = "") -> str:
        return plan(scan_of([group(shots)]), keep=Keep.of(rule, prefer, match)).steps[0].kept.name

    folder = str(tmp_path / "b")
    assert kept(rule="largest", prefer=[folder]) == "a.jpg"
    assert kept(rule="smallest", prefer=[str(tmp_path)]) == "a.jpg"
    assert kept(rule="smallest", prefer=[folder], match="c[.]jpg$") == "a.jpg"
    assert kept(rule="smallest", match="c[.]jpg$") == "c.jpg"
    assert kept(rule="smallest", match="no such name") == "a.jpg"
    with pytest.raises(ReportError, match="expected a regular expression"):
        kept(match="(")
    with pytest.raises(ReportError, match="none: no such folder"):
        kept(prefer=["none"])


def test_no_rule_puts_an_altered_copy_in_the_place_of_the_reference(shots: list[Path]) -> None:
    scan = scan_of([{shots[0]: "same-file", shots[1]: "adjusted", shots[2]: "resaved"}])
    for rule in KeepRule:
        decided = plan(scan, keep=Keep.of(rule, [str(shots[1].parent)], "b/"))
        assert not [step for step in decided.steps if str(shots[1]) in (step.kept.place, step.target.place)]
        assert [Path(left.path).parent.name for left in decided.skipped] == ["b"]
    asked = plan(scan, keep=Keep.of(prefer=[str(shots[1].parent)]), same_if=Relation.ADJUSTED)
    assert {(step.kept.place, str(step.relation)) for step in asked.steps} == {(str(shots[1]), "adjusted")}


def test_a_folder_to_keep_is_never_acted_on_and_gives_the_kept_one(files: list[Path]) -> None:
    decided = plan(scan_of([group(files[1:] + files[:1])]), keep_in=[str(files[0].parent)])
    assert acted(decided) == ({"a.jpg"}, {"b.jpg", "c.jpg"})
    whole = plan(scan_of([group(files)]), keep_in=[str(files[1].parent)])
    assert whole.steps == ()
    assert {left.reason for left in whole.skipped} == {"it is in a folder whose files are kept"}


def test_a_folder_whose_name_only_begins_alike_is_not_kept(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "alb").mkdir()
    assert acted(plan(scan_of([group(files)]), keep_in=[str(tmp_path / "alb")]))[0] == {"a.jpg"}


def test_a_group_without_one_in_the_folder_keeps_its_best(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    decided = plan(scan_of([group(files)]), keep_in=[str(tmp_path / "empty")])
    assert acted(decided)[0] == {"a.jpg"}


def test_what_one_group_keeps_no_other_group_acts_on(files: list[Path]) -> None:
    a, b, c = files
    decided = plan(scan_of([group([a, b]), group([b, c])]))
    assert [(step.kept.name, step.target.name) for step in decided.steps] == [("b.jpg", "c.jpg")]
    assert [(Path(left.path).name, left.reason) for left in decided.skipped] == [
        ("b.jpg", "group 2 keeps it")
    ]


def test_a_file_in_two_groups_is_acted_on_once(files: list[Path]) -> None:
    a, b, c = files
    decided = plan(scan_of([group([a, c]), group([b, c])]))
    assert [step.target.name for step in decided.steps] == ["c.jpg"]
    assert [left.reason for left in decided.skipped] == ["it is listed twice in the report"]


def test_the_kept_file_written_another_way_is_still_the_kept_file(files: list[Path]) -> None:
    other_way = files[1].parent / "albums" / ".." / "b.jpg"
    assert plan(scan_of([group([files[1], other_way])])).steps == ()


def test_only_equal_bytes_are_linked(files: list[Path], tmp_path: Path) -> None:
    twin = tmp_path / "twin.jpg"
    twin.write_bytes(files[0].read_bytes())
    for action in (CleanupAction.HARDLINK, CleanupAction.REFLINK):
        decided = plan(scan_of([group([*files, twin])]), action=action)
        assert acted(decided)[1] == {"twin.jpg"}
        assert [left.reason.split(":")[0] for left in decided.skipped] == [
            f"its bytes differ from those of {files[0]}"
        ] * 2


def test_what_is_gone_changed_or_a_symlink_by_now_is_left_with_its_reason(
    files: list[Path], tmp_path: Path
) -> None:
    twin = tmp_path / "d.jpg"
    twin.write_bytes(b"twin")
    scan = scan_of([group([*files, twin])])
    files[1].unlink()
    files[2].write_bytes(b"longer than before")
    twin.unlink()
    twin.symlink_to(files[0])
    decided = plan(scan)
    assert decided.steps == ()
    assert [left.reason for left in decided.skipped] == [
        "it is gone",
        "it has changed since the scan: other size or time",
        "it is a symlink",
    ]


@pytest.mark.parametrize("swapped", ["", "albums", "link"])
def test_a_path_over_a_symlink_leads_only_to_where_the_scan_found_it(
    files: list[Path], tmp_path: Path, swapped: str
) -> None:
    (tmp_path / "link").symlink_to("albums")
    (tmp_path / "plain").mkdir()
    shutil.copy2(files[0], tmp_path / "plain" / "a.jpg")
    digest = hashlib.sha256(files[0].read_bytes()).hexdigest()
    walk = Walk([str(tmp_path / "plain"), str(tmp_path / "link")])
    kept, copy = (replace(file, sha256=digest) for file in walk.files())
    group = Group(1, kept, "first", (Member(copy, Relation.SAME_FILE, 1.0, "equal"),))
    scan = read_scan([line.encode() for line in json_lines([group], [])], "report")
    shutil.copytree(tmp_path / "albums", tmp_path / "elsewhere")  # the same bytes and times
    if swapped:
        path = tmp_path / swapped
        path.rename(tmp_path / "before")
        path.symlink_to("elsewhere")
    decided = plan(scan)
    assert [step.target.place for step in decided.steps] == ([] if swapped else [str(files[0])])
    there = f"a symlink on its path leads to {tmp_path / 'elsewhere'}, and the scan did not find it there"
    assert [left.reason for left in decided.skipped] == ([there] if swapped else [])


def test_a_folder_that_is_a_symlink_by_now_is_refused_whatever_the_time_of_the_report(
    files: list[Path], tmp_path: Path
) -> None:
    scan = scan_of([group(files)])
    (tmp_path / "albums").rename(tmp_path / "moved")
    (tmp_path / "albums").symlink_to("moved")
    decided = plan(scan)
    assert acted(decided) == ({"b.jpg"}, {"c.jpg"})  # the reference is left, the others have each other
    assert [Path(left.path).name for left in decided.skipped] == ["a.jpg"]


def test_planning_touches_nothing(files: list[Path], tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    plan(scan_of([group(files)]), action=CleanupAction.MOVE, move_to=str(tmp_path / "elsewhere"))
    assert snapshot(tmp_path) == before


def test_relative_paths_count_from_the_current_folder(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    decided = plan(scan_of([group([path.relative_to(tmp_path) for path in files])]))
    assert {step.target.place for step in decided.steps} == {str(files[1]), str(files[2])}
    assert json.dumps([step.to_dict() for step in decided.steps])


def test_a_move_without_a_folder_and_a_folder_that_does_not_exist_are_refused(files: list[Path]) -> None:
    with pytest.raises(ReportError, match="move_to: expected a folder"):
        plan(scan_of([group(files)]), action=CleanupAction.MOVE)
    with pytest.raises(ReportError, match="nowhere: no such folder"):
        plan(scan_of([group(files)]), keep_in=["nowhere"])
