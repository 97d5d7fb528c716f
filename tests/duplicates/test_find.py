"""find: groups of pictures that are the same, each member verified against the best of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

import samepic
from samepic.duplicates.finder import Finder
from samepic.verdict import Relation
from tests.duplicates.find_scene import album, chain, names, settle


def found(folder: Path, **options: object) -> list[samepic.Group]:
    return list(samepic.find(folder, cache=False, **options))  # type: ignore[arg-type]


def test_every_resave_is_in_the_group_of_its_photograph(tmp_path: Path, photos: dict[str, Path]) -> None:
    album(tmp_path, photos)
    groups = found(tmp_path)
    assert [len(group.members) for group in groups] == [4, 4, 4]
    for group in groups:
        (stem,) = {Path(m.file.path).name.split("-")[0].split(".")[0] for m in group.members}
        assert Path(group.reference.path).name == f"{stem}.png"
        assert group.reason.startswith("stored without loss (PNG against")


def test_every_member_is_what_compare_says_it_is(tmp_path: Path, photos: dict[str, Path]) -> None:
    album(tmp_path, photos, ["coffee"])
    (group,) = found(tmp_path)
    for member in group.members:
        pair = group.reference.path, member.file.path
        verdict, unproven = samepic.compare(*pair), samepic.compare(*pair, prove=False)
        assert verdict.same and member.relation == verdict.relation
        # A search proves how a copy was made only where that may make the copy the reference.
        assert member.probability in (verdict.probability, unproven.probability)


def test_groups_are_never_chained(tmp_path: Path, astronaut: Path) -> None:
    """B is the same as A and the same as C; A and C are not the same, so no group holds both."""
    a, b, c = chain(tmp_path, astronaut)
    assert [samepic.compare(*pair).same for pair in ((a, b), (c, b), (a, c))] == [True, True, False]
    assert names(found(tmp_path)) == [["a.png", "b.png"]]
    a.unlink()
    assert names(found(tmp_path)) == [["c.png", "b.png"]]


def test_edited_pictures_are_members_only_when_asked_for(tmp_path: Path, astronaut: Path) -> None:
    chain(tmp_path, astronaut)
    (group,) = found(tmp_path, same_if="edited")
    assert {str(m.relation) for m in group.members} == {"resaved", "edited"}


def test_same_if_says_how_far_a_member_may_be(tmp_path: Path, photos: dict[str, Path]) -> None:
    album(tmp_path, photos, ["chelsea"])
    shutil.copy(tmp_path / "chelsea-75.jpg", tmp_path / "twin.jpg")
    Image.open(tmp_path / "chelsea.png").save(tmp_path / "chelsea.bmp")
    settle(tmp_path)
    assert names(found(tmp_path, same_if="same-file")) == [["chelsea-75.jpg", "twin.jpg"]]
    assert sorted(map(sorted, names(found(tmp_path, same_if="same-pixels")))) == [
        ["chelsea-75.jpg", "twin.jpg"],
        ["chelsea.bmp", "chelsea.png"],
    ]
    assert [len(group.members) for group in found(tmp_path)] == [6]


def test_a_relation_that_cannot_end_same_is_refused_at_once() -> None:
    for name in ("similar", "alike"):
        with pytest.raises(samepic.ProfileError):
            next(samepic.find([], same_if=name), None)


def test_the_original_is_the_reference_though_its_resave_is_coded_more_finely(
    tmp_path: Path, photos: dict[str, Path]
) -> None:
    Image.open(photos["coffee"]).convert("RGB").save(tmp_path / "first.jpg", quality=75)
    Image.open(tmp_path / "first.jpg").save(tmp_path / "again.jpg", quality=95, subsampling=0)
    (group,) = found(tmp_path)
    assert names([group]) == [["first.jpg", "again.jpg"]]
    assert group.reason == "the original: another was made by re-saving it"


def test_a_lossless_file_made_from_a_lossy_one_is_not_the_original(
    tmp_path: Path, photos: dict[str, Path]
) -> None:
    Image.open(photos["coffee"]).convert("RGB").save(tmp_path / "first.jpg", quality=75)
    Image.fromarray(samepic.picture.load(tmp_path / "first.jpg").rgb).save(tmp_path / "export.png")
    (group,) = found(tmp_path)
    assert names([group]) == [["first.jpg", "export.png"]]
    assert group.members[0].relation is Relation.SAME_PIXELS


def test_the_largest_is_the_reference_then_colour_then_the_least_blurred(
    tmp_path: Path, coffee: Path
) -> None:
    image = Image.open(coffee).convert("RGB")
    image.resize((900, 600)).save(tmp_path / "large.jpg", quality=60)
    image.save(tmp_path / "colour.jpg", quality=90)
    image.convert("L").save(tmp_path / "gray.png")
    (group,) = found(tmp_path)
    assert (names([group])[0][0], group.reason) == ("large.jpg", "the largest: 900x600 against 600x400")
    (tmp_path / "large.jpg").unlink()
    (group,) = found(tmp_path)
    assert (names([group])[0][0], group.reason) == ("colour.jpg", "in color, the others are gray")


def test_hard_links_are_told_and_win_nothing(tmp_path: Path, astronaut: Path) -> None:
    shutil.copy(astronaut, tmp_path / "a.jpg")
    os.link(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert found(tmp_path) == []  # one file on disk: nothing to win
    shutil.copy(astronaut, tmp_path / "c.jpg")
    os.link(tmp_path / "c.jpg", tmp_path / "d.jpg")
    (group,) = found(tmp_path)
    links = {Path(m.file.path).name: Path(m.hard_link_to).name for m in group.members}
    assert links == {"b.jpg": "a.jpg", "c.jpg": "", "d.jpg": "c.jpg"}
    assert group.wasted == astronaut.stat().st_size


def test_blank_pictures_are_not_the_same(tmp_path: Path) -> None:
    for level in (100, 140, 180):
        Image.new("RGB", (200, 150), (level, level, level)).save(tmp_path / f"{level}.png")
        Image.new("RGB", (200, 150), (level, level, level)).save(tmp_path / f"{level}.jpg")
    for group in found(tmp_path):
        assert {m.relation for m in group.members} == {Relation.SAME_PIXELS}


def test_files_are_told_by_content_and_none_is_lost(tmp_path: Path, astronaut: Path) -> None:
    shutil.copy(astronaut, tmp_path / "picture.txt")
    shutil.copy(astronaut, tmp_path / "no-suffix")
    (tmp_path / "text.txt").write_text("This is no picture.")
    (tmp_path / "paper.jpg").write_bytes(b"%PDF-1.7 and so on")
    (tmp_path / "zeros.jpg").write_bytes(bytes(5000))
    (tmp_path / "cut.jpg").write_bytes(astronaut.read_bytes()[:20_000])
    finder = Finder([str(tmp_path)], cache=None)
    groups = finder.groups()
    assert names(groups) == [["no-suffix", "picture.txt"]]
    assert (finder.pictures, finder.others) == (2, 2)
    assert [Path(one.path).name for one in finder.unreadable] == ["cut.jpg", "zeros.jpg"]
    assert all(one.error.startswith("expected ") for one in finder.unreadable)


def test_damage_that_only_verification_sees_is_told_and_the_rest_is_grouped(
    tmp_path: Path, astronaut: Path
) -> None:
    """The first half of the scan is sound, so the code is near; the rest is not JPEG at all."""
    image = Image.open(astronaut).convert("RGB")
    image.save(tmp_path / "sound.jpg", quality=90)
    image.save(tmp_path / "other.jpg", quality=80)
    whole = bytearray((tmp_path / "sound.jpg").read_bytes())
    at = len(whole) * 9 // 10
    whole[at : at + 400] = b"\xff\xd3" * 200
    (tmp_path / "spoilt.jpg").write_bytes(whole)
    finder = Finder([str(tmp_path)], cache=None)
    assert names(finder.groups()) == [["sound.jpg", "other.jpg"]]
    assert [Path(one.path).name for one in finder.unreadable] == ["spoilt.jpg"]


HOSTILE = (
    b"new\nline.jpg",
    b"-rf.jpg",
    b"bad\xff\xfeutf8.jpg",
    b"<script>&\"'.jpg",
    b"esc\x1b[2J.jpg",
)


def test_hostile_names_come_through_to_the_byte(tmp_path: Path, astronaut: Path) -> None:
    for name in HOSTILE:
        shutil.copy(astronaut, os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    (group,) = found(tmp_path)
    result = [group.reference.path, *(m.file.path for m in group.members)]
    assert sorted(os.fsencode(Path(path).name) for path in result) == sorted(HOSTILE)


def test_the_same_input_gives_the_same_groups_whatever_the_threads_and_the_order(
    tmp_path: Path, photos: dict[str, Path]
) -> None:
    album(tmp_path / "one", photos, ["chelsea", "coffee"])
    album(tmp_path / "two", photos, ["coffee"])
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    expected = list(samepic.find([one, two], cache=False, jobs=1))
    assert list(samepic.find([two, one], cache=False, jobs=7)) == expected


def test_unreadable_files_are_handed_to_who_asks(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    result: list[samepic.Unreadable] = []
    assert list(samepic.find(str(tmp_path), cache=False, unreadable=result.append)) == []
    assert [one.path for one in result] == [str(tmp_path / "broken.png")]


def test_turned_by_its_tag_is_the_same_picture(tmp_path: Path, photos: dict[str, Path]) -> None:
    image = Image.open(photos["coffee"]).convert("RGB")
    image.save(tmp_path / "a.jpg", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "b.jpg", quality=80, exif=exif)
    assert names(found(tmp_path)) == [["a.jpg", "b.jpg"]]
