"""What belongs to a file moves with it and comes back with it: sidecars, Live and motion photos, RAW beside JPEG."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

import samepic
from samepic.cleanup.apply import Applied, apply
from samepic.cleanup.plan import CleanupAction, Plan, Skipped
from samepic.cleanup.undo import undo
from samepic.duplicates.companions import NamesInFolder
from tests.cleanup.clean_scene import planned, snapshot

LONG = "PXL_20230101_123456789_HDR_and_so_on_with_a_long_name.jpg"
LONGISH = "PXL_20230101_1234567.PORTRAIT-01.COVER.jpg"
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(500)


@pytest.mark.parametrize(
    ("picture", "belongs"),
    [
        (
            "IMG_1.JPG",
            ["IMG_1.AAE", "IMG_1.MOV", "IMG_1.MOV.json", "IMG_1.jpg.xmp", "IMG_1.xmp", "IMG_O1.AAE"],
        ),
        ("IMG_E1.HEIC", ["IMG_1.AAE", "IMG_O1.AAE"]),
        ("IMG_12.JPG", ["IMG_12.mp4"]),
        ("a.jpg", ["a.jpg.json"]),
        ("a-edited.jpg", ["a.jpg.json"]),
        ("a(1).jpg", ["a.jpg(1).json"]),
        ("b.c.jpg", ["b.c.jpg.supplemental-metadata.json", "b.c.jpg.suppl.json"]),
        (LONG, [LONG[:46] + ".json"]),
        (LONGISH, [(LONGISH + ".supplemental-metadata")[:46] + ".json"]),
        ("d.NEF", ["d.nef.pp3", "d.xmp"]),
        ("e.png", []),  # a picture of a video is no Live Photo
    ],
)
def test_a_file_belongs_to_a_picture_by_its_name(picture: str, belongs: list[str]) -> None:
    pictures = (
        "IMG_1.JPG",
        "IMG_E1.HEIC",
        "IMG_12.JPG",
        "a.jpg",
        "a-edited.jpg",
        "a(1).jpg",
        "b.c.jpg",
        LONG,
        LONGISH,
    )
    sidecars = (
        *(
            "IMG_1.AAE",
            "IMG_1.MOV",
            "IMG_1.MOV.json",
            "IMG_1.jpg.xmp",
            "IMG_1.xmp",
            "IMG_O1.AAE",
            "IMG_12.mp4",
        ),
        *("a.jpg.json", "a.jpg(1).json", "b.c.jpg.supplemental-metadata.json", "b.c.jpg.suppl.json"),
        *(
            LONG[:46] + ".json",
            (LONGISH + ".supplemental-metadata")[:46] + ".json",
            "d.nef.pp3",
            "d.xmp",
            "e.mov",
        ),
        *("notes.json", "IMG_1.txt", "b.json"),
    )
    names = NamesInFolder([*pictures, *sidecars, "d.NEF", "e.png"])
    assert sorted(one.name for one in names.companions(picture)) == sorted(belongs)


def test_a_pair_is_a_raw_file_and_what_was_developed_of_it() -> None:
    names = NamesInFolder(["a.CR2", "a.JPG", "a.png", "b.nef", "c.jpg", "c.heic"])
    assert names.pair("a.CR2") == names.pair("a.JPG") == {"a.CR2", "a.JPG"}
    assert not any(map(names.pair, ("a.png", "b.nef", "c.jpg", "c.heic")))


class Album:
    """Two folders with one picture: what is in `backup` goes."""

    def __init__(self, root: Path, photo: Path) -> None:
        self.root, self.data = root, photo.read_bytes()
        self.journal, self.moved = root / "journal", root / "moved"
        self.album, self.backup = root / "tree" / "album", root / "tree" / "backup"

    def write(self, folder: Path, *names: str, data: bytes = b"") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_bytes(
                self.data + data if name.lower().endswith(("jpg", "cr2")) else name.encode()
            )

    def plan(self, *pairs: tuple[str, str], relation: str = "same-file") -> Plan:
        groups = [{self.album / kept: "same-file", self.backup / target: relation} for kept, target in pairs]
        return planned(groups, CleanupAction.MOVE, self.moved)

    def run(self, plan: Plan) -> list[Applied | Skipped]:
        return list(apply(plan, self.journal))

    def names(self, folder: Path) -> list[str]:
        return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def tree(tmp_path: Path, astronaut: Path) -> Album:
    return Album(tmp_path, astronaut)


def test_all_that_belongs_to_a_file_moves_and_comes_back_with_it(tree: Album) -> None:
    tree.write(tree.album, "a.jpg", "a.mov")
    tree.write(tree.backup, "a.jpg", "a.mov", "a.xmp", "a.jpg.json", "other.xmp")
    before = snapshot(tree.root / "tree")
    (step,) = tree.plan(("a.jpg", "a.jpg")).steps
    assert step.to_dict()["with"] == ["a.jpg.json", "a.mov", "a.xmp"]
    assert all(isinstance(one, Applied) for one in tree.run(tree.plan(("a.jpg", "a.jpg"))))
    assert tree.names(tree.moved) == ["a.jpg", "a.jpg.json", "a.mov", "a.xmp"]
    assert tree.names(tree.backup) == ["other.xmp"]
    assert not any(one.skipped for one in undo(tree.journal))
    assert snapshot(tree.root / "tree") == before


def test_of_identical_files_that_one_is_the_best_that_has_more_with_it(tree: Album) -> None:
    tree.write(tree.album, "a.jpg", "a.mov")
    tree.write(tree.backup, "a.jpg", "a.mov", "a.xmp")
    (group,) = samepic.find(tree.root / "tree", cache=False)
    assert group.reference.path == str(tree.backup / "a.jpg")
    assert group.reason == "identical files; this one has most with it"


def test_a_companion_of_two_pictures_moves_only_if_none_of_them_stays(tree: Album) -> None:
    for folder in (tree.album, tree.backup):
        tree.write(folder, "a.jpg", "a.mov", "a.xmp")
    tree.write(tree.backup, "a.heic")
    tree.run(tree.plan(("a.jpg", "a.jpg")))
    assert tree.names(tree.backup) == ["a.heic", "a.mov", "a.xmp"]
    list(undo(tree.journal))
    tree.journal.unlink()
    (tree.backup / "a.heic").write_bytes(tree.data)
    groups = [
        {
            tree.album / "a.jpg": "same-file",
            tree.backup / "a.heic": "same-file",
            tree.backup / "a.jpg": "same-file",
        }
    ]
    tree.run(planned(groups, CleanupAction.MOVE, tree.moved))
    assert tree.names(tree.backup) == []
    assert not any(one.skipped for one in undo(tree.journal))
    assert tree.names(tree.backup) == ["a.heic", "a.jpg", "a.mov", "a.xmp"]


def test_a_set_gets_new_names_that_still_fit_together(tree: Album) -> None:
    for folder in (tree.album, tree.backup):
        tree.write(folder, "a.jpg", "a.mov", "a.jpg.xmp")
    tree.write(tree.moved, "a.mov")
    tree.run(tree.plan(("a.jpg", "a.jpg")))
    assert tree.names(tree.moved) == ["a.2.jpg", "a.2.jpg.xmp", "a.2.mov", "a.mov"]


def test_a_set_of_which_one_file_cannot_move_stays_whole(tree: Album) -> None:
    for folder in (tree.album, tree.backup):
        tree.write(folder, "a.jpg", "a.mov", "a.xmp")
    before = snapshot(tree.root / "tree")
    plan = tree.plan(("a.jpg", "a.jpg"))
    with (tree.backup / "a.xmp").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        (skipped,) = tree.run(plan)
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "a.xmp, which belongs to it: another process has locked it"
    assert snapshot(tree.root / "tree") == before


@pytest.mark.parametrize("broken", ["a.cr2", "a.jpg"])
def test_a_pair_of_raw_and_jpeg_goes_together_or_stays(tree: Album, broken: str) -> None:
    for folder in (tree.album, tree.backup):
        tree.write(folder, "a.jpg", "a.xmp")
        tree.write(folder, "a.cr2", data=b"raw")
    assert not tree.plan(("a.jpg", "a.jpg")).steps
    assert (
        tree.plan(("a.jpg", "a.jpg")).skipped[0].reason
        == "it is a pair of RAW and JPEG with a.cr2, which stays"
    )
    pair = ("a.jpg", "a.jpg"), ("a.cr2", "a.cr2")
    before, plan = snapshot(tree.root / "tree"), tree.plan(*pair)
    with (tree.backup / broken).open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert [type(one) for one in tree.run(plan)] == [Skipped, Skipped]
    assert snapshot(tree.root / "tree") == before
    assert [type(one) for one in tree.run(plan)] == [Applied, Applied]
    assert tree.names(tree.moved) == ["a.cr2", "a.jpg", "a.xmp"]
    assert not any(one.skipped for one in undo(tree.journal))
    assert snapshot(tree.root / "tree") == before


def test_an_error_in_the_middle_of_a_set_moves_the_rest_back(
    tree: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    from samepic.cleanup import files

    for folder in (tree.album, tree.backup):
        tree.write(folder, "a.jpg", "a.mov", "a.xmp")
    before, rename = snapshot(tree.root / "tree"), files.rename_exclusive

    def fails(source: int, name: str, target: int, new: str) -> None:
        if new == "a.jpg" and source != target:
            raise PermissionError(13, "Permission denied")
        rename(source, name, target, new)

    monkeypatch.setattr(files, "rename_exclusive", fails)
    (skipped,) = tree.run(tree.plan(("a.jpg", "a.jpg")))
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "Permission denied"
    assert snapshot(tree.root / "tree") == before
    assert list(undo(tree.journal)) == []


def test_a_companion_stays_with_a_picture_that_cannot_come_back(tree: Album) -> None:
    for folder in (tree.album, tree.backup):
        tree.write(folder, "a.jpg", "a.xmp")
    tree.run(tree.plan(("a.jpg", "a.jpg")))
    (tree.backup / "a.jpg").write_bytes(b"another picture")
    assert [bool(one.skipped) for one in undo(tree.journal)] == [True, True]
    assert tree.names(tree.moved) == ["a.jpg", "a.xmp"]
    (tree.backup / "a.jpg").unlink()
    assert not any(one.skipped for one in undo(tree.journal))
    assert tree.names(tree.backup) == ["a.jpg", "a.xmp"]


@pytest.mark.parametrize("beside", [False, True])
def test_a_video_is_not_given_up_for_a_still(tree: Album, *, beside: bool) -> None:
    tree.write(tree.album, "a.jpg", data=b"\0")
    tree.write(tree.backup, "a.jpg", *(["a.mov"] if beside else []), data=b"" if beside else VIDEO)
    plan = tree.plan(("a.jpg", "a.jpg"), relation="same-pixels")
    results = [*plan.skipped, *tree.run(plan)]
    assert [type(one) for one in results] == [Skipped]
    assert "video" in json.dumps([one.to_dict() for one in results])
    assert "a.jpg" in tree.names(tree.backup)


def test_a_long_video_of_the_same_name_is_a_work_of_its_own(tree: Album) -> None:
    for folder in (tree.album, tree.backup):
        tree.write(folder, "film.jpg", "film.mp4")
        os.truncate(folder / "film.mp4", 50_000_000)
    tree.run(tree.plan(("film.jpg", "film.jpg")))
    assert tree.names(tree.backup) == ["film.mp4"]


def test_links_move_no_name_and_no_companion(tree: Album) -> None:
    for folder in (tree.album, tree.backup):
        tree.write(folder, "a.jpg", "a.cr2", "a.xmp")
    groups = [{tree.album / "a.jpg": "same-file", tree.backup / "a.jpg": "same-file"}]
    plan = planned(groups, CleanupAction.HARDLINK)
    assert [type(one) for one in tree.run(plan)] == [Applied]
    assert (tree.album / "a.jpg").samefile(tree.backup / "a.jpg")
    assert not (tree.album / "a.xmp").samefile(tree.backup / "a.xmp")
