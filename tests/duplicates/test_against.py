"""find against folders: what is there already is named, and those folders' own files are left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import samepic
from samepic.cleanup.plan import Keep, plan
from samepic.duplicates.finder import Finder
from samepic.duplicates.groups import Group, ScanReport, json_lines, read_scan
from samepic.duplicates.walk import FileFilter, Walk
from samepic.profile import Policy
from tests.duplicates.find_scene import names


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Path:
    """Return a folder with an archive, which has copies of its own, and an inbox."""
    folder = tmp_path_factory.mktemp("against")
    for name in ("archive", "inbox"):
        (folder / name).mkdir()
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        with Image.open(photos[name]) as opened:
            image = opened.convert("RGB").resize((320, 240))
        small = image.resize((160, 120))
        if name == "astronaut":  # as good or better in the archive, which has it twice
            image.save(folder / "archive" / "a.png")
            image.save(folder / "archive" / "a.jpg", quality=90)
            small.save(folder / "inbox" / "a-small.jpg")
        elif name == "chelsea":  # better in the inbox
            small.save(folder / "archive" / "c.jpg")
            image.save(folder / "inbox" / "c.png")
        elif name == "coffee":  # twice in the archive alone
            image.save(folder / "archive" / "o.png")
            image.save(folder / "archive" / "o.jpg")
        else:  # twice in the inbox alone
            image.save(folder / "inbox" / "r.png")
            image.save(folder / "inbox" / "r.jpg")
    return folder


@pytest.fixture(scope="module")
def found(folders: Path) -> list[Group]:
    return list(samepic.find(folders / "inbox", against=folders / "archive", cache=False))


def test_what_is_in_the_archive_is_named_around_its_file_there(found: list[Group]) -> None:
    assert names(found) == [["a.png", "a-small.jpg"], ["c.jpg", "c.png"], ["r.png", "r.jpg"]]
    assert [group.reference.protected for group in found] == [True, True, False]
    assert not any(member.file.protected for group in found for member in group.members)
    assert [bool(member.better) for group in found for member in group.members] == [False, True, False]
    assert found[1].wasted == 0


def test_a_folder_within_the_searched_one_is_the_archive_however_it_is_reached(
    folders: Path, found: list[Group], tmp_path: Path
) -> None:
    (tmp_path / "way").symlink_to(folders)
    for against in (folders / "archive", tmp_path / "way" / "archive"):
        within = samepic.find([tmp_path / "way", folders], against=[against], cache=False, follow=True)
        assert sorted(names(within)) == sorted(names(found))


def test_a_copy_is_found_by_another_file_of_the_archive_than_its_best(folders: Path) -> None:
    """The archive's best file of a picture may be too far from a copy, and another one near."""
    only = FileFilter.of(1, None, ("jpg",), ())
    finder = Finder(
        [str(folders / "inbox")], Policy(), only=only, cache=None, against=[str(folders / "archive")]
    )
    assert names(finder.groups()) == [["a.jpg", "a-small.jpg"]]
    assert (finder.pictures, finder.protected) == (2, 3)


def test_the_report_alone_makes_clean_keep_the_archive_and_what_is_better(
    found: list[Group], folders: Path
) -> None:
    scan = read_scan((line.encode() for line in json_lines(found, [])), "report")
    decided = plan(scan)
    assert [Path(step.target.place).name for step in decided.steps] == ["a-small.jpg", "r.jpg"]
    (left,) = decided.skipped
    assert (Path(left.path).name, left.reason.split(": ")[0]) == (
        "c.png",
        f"it is better than {folders}/archive/c.jpg",
    )
    asked = plan(scan, keep=Keep.of(prefer=[str(folders / "archive")]))
    assert [Path(step.target.place).name for step in asked.steps] == ["a-small.jpg", "c.png", "r.jpg"]
    for rule in ("newest", "smallest", "largest", "path"):
        steps = plan(scan, keep=Keep.of(rule, prefer=[str(folders / "inbox")])).steps
        assert not [step for step in steps if "archive" in step.target.place]


def test_reports_without_an_archive_have_the_shape_they_had(folders: Path) -> None:
    groups = samepic.find(folders / "inbox", cache=False)
    (line,) = json_lines(groups, [])
    value = json.loads(line)
    assert not {"protected", "better"} & {*value["reference_file"], *value["members"][0]}
    assert read_scan([line.encode()], "report") != ScanReport(())


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*.tmp", ["keep/a.jpg", "raw/b.jpg", "raw/deep/raw/c.jpg"]),
        ("raw", ["keep/a.jpg", "x.tmp"]),
        ("raw/", ["keep/a.jpg", "x.tmp"]),
        ("a.jpg/", ["keep/a.jpg", "raw/b.jpg", "raw/deep/raw/c.jpg", "x.tmp"]),
        ("raw/deep", ["keep/a.jpg", "raw/b.jpg", "x.tmp"]),
        ("/deep", ["keep/a.jpg", "raw/b.jpg", "raw/deep/raw/c.jpg", "x.tmp"]),
        ("raw/*.jpg", ["keep/a.jpg", "x.tmp"]),
        ("?.jpg", ["x.tmp"]),
        ("[ab].JPG", ["keep/a.jpg", "raw/b.jpg", "raw/deep/raw/c.jpg", "x.tmp"]),
    ],
)
def test_a_pattern_excludes_names_or_with_a_slash_paths_below_the_folder_that_was_named(
    tmp_path: Path, pattern: str, left: list[str]
) -> None:
    for name in ("raw/b.jpg", "raw/deep/raw/c.jpg", "keep/a.jpg", "x.tmp"):
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / name).write_bytes(b"x")
    walk = Walk([str(tmp_path / "raw")], only=FileFilter(exclude=(pattern,)))
    assert sorted(str(Path(file.path).relative_to(tmp_path / "raw")) for file in walk.files()) == left


def test_extensions_and_sizes_choose_files_that_are_named_too(tmp_path: Path) -> None:
    for name, size in (("a.JPG", 10), ("b.jpeg", 10), ("c.jpg", 30), ("jpg", 10)):
        (tmp_path / name).write_bytes(b"x" * size)
    only = FileFilter.of(1, 29, [".Jpg"], [])
    for paths in ([tmp_path], sorted(tmp_path.iterdir())):
        walk = Walk(map(str, paths), only=only)
        assert [Path(file.path).name for file in walk.files()] == ["a.JPG"]
        assert walk.skipped == 3
