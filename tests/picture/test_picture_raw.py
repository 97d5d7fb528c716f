"""Raw files of cameras are seen by their preview."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import samepic
from samepic.cleanup.apply import apply
from samepic.cleanup.plan import CleanupAction, plan
from samepic.cleanup.undo import undo
from samepic.duplicates.groups import ScanReport, json_lines, read_scan
from samepic.errors import UnreadableError, UnsupportedError, install_command
from samepic.picture import load
from samepic.sandbox.pool import Workers
from tests.cleanup.clean_scene import snapshot
from tests.picture.picture_files import dng, saved, scene


def _photo(astronaut: Path) -> Image.Image:
    return Image.open(astronaut).convert("RGB").resize((320, 240))


def test_a_raw_file_is_its_preview_as_it_is_shown() -> None:
    image = Image.fromarray(scene(160, 96))
    upright = load(saved(image, "JPEG", quality=92)).rgb
    for orientation, shown in ((1, upright), (6, np.rot90(upright, -1))):
        picture = load(dng(image, orientation))
        assert_array_equal(picture.rgb, shown)
        info = picture.info
        assert (info.format, info.width, info.height) == ("RAW", shown.shape[1], shown.shape[0])
        assert info.camera == "Maker Model"
        assert info.jpeg is None


@pytest.mark.parametrize(
    "head",
    [
        b"II*\0\x10\0\0\0CR\2\0",
        b"FUJIFILMCCD-RAW 0201",
        b"IIRO\x08\0\0\0",
        b"II\x1a\0\0\0HEAPCCDR",
        b"\0MRM\0\0\x0a\x0c",
        b"FOVb\2\0\3\0",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    ],
)
def test_a_broken_raw_file_is_an_error(head: bytes) -> None:
    with pytest.raises(UnreadableError):
        load(head + bytes(400))
    whole = dng(Image.fromarray(scene(160, 96)))
    for cut in (300, 2000, len(whole) // 2, len(whole) - 40):
        with pytest.raises(UnreadableError):
            load(whole[:cut])


def test_without_rawpy_and_in_uploads_it_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dng(Image.fromarray(scene(160, 96)))
    with Workers(1) as pool, pytest.raises(UnsupportedError, match="raw file"):
        pool.prepare(data)
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(UnsupportedError, match=re.escape(install_command("raw"))):
        load(data)


def test_a_raw_file_and_its_jpeg_are_named_a_pair_and_are_not_parted(tmp_path: Path, astronaut: Path) -> None:
    album, backup = tmp_path / "tree" / "album", tmp_path / "tree" / "backup"
    album.mkdir(parents=True)
    (album / "a.dng").write_bytes(dng(_photo(astronaut)))
    _photo(astronaut).resize((640, 480)).save(album / "a.jpg", quality=95)
    shutil.copytree(album, backup)
    _photo(astronaut).resize((640, 480)).save(album / "web.jpg", quality=60)
    before = snapshot(tmp_path / "tree")
    (group,) = samepic.find(tmp_path / "tree", cache=False)
    assert (group.reference.path, group.reason) == (
        str(album / "a.dng"),
        "the raw file: others were developed from it",
    )
    pairs = {member.file.path: member.pair_of for member in group.members if member.pair_of}
    assert pairs == {
        str(album / "a.jpg"): str(album / "a.dng"),
        str(backup / "a.jpg"): str(backup / "a.dng"),
        str(backup / "a.dng"): str(backup / "a.jpg"),
    }
    goes = [album / "web.jpg", *backup.iterdir()]
    assert group.wasted == sum(path.stat().st_size for path in goes), "a pair with what is kept is no waste"
    scan = read_scan((line.encode() for line in json_lines([group], [])), "report")
    assert [member.pair_of for member in scan.groups[0].members] == [one.pair_of for one in group.members]
    made = plan(scan, action=CleanupAction.MOVE, move_to=str(tmp_path / "moved"))
    assert {step.target.place for step in made.steps} == set(map(str, goes))
    list(apply(made, tmp_path / "journal"))
    assert not any(map(Path.exists, goes))
    assert not any(one.skipped for one in undo(tmp_path / "journal"))
    assert snapshot(tmp_path / "tree") == before


def test_neither_of_a_raw_file_and_the_only_one_developed_from_it_goes_for_the_other(
    tmp_path: Path, astronaut: Path
) -> None:
    for part, name in (("keep", "b.jpg"), ("raw", "a.dng")):
        (tmp_path / part).mkdir()
        data = dng(_photo(astronaut)) if name == "a.dng" else saved(_photo(astronaut), "JPEG", quality=92)
        (tmp_path / part / name).write_bytes(data)
    scan = ScanReport(tuple(samepic.find(tmp_path, cache=False)))
    for keep_in, reason in (
        ([str(tmp_path / "keep")], "it is a raw file"),
        ([], "the only picture developed"),
    ):
        made = plan(scan, keep_in=keep_in, action=CleanupAction.TRASH)
        assert made.steps == ()
        assert any(reason in skipped.reason for skipped in made.skipped)
