"""Series: shots that belong together are listed together, and are never taken for copies."""

from __future__ import annotations

import itertools
from pathlib import Path

from PIL import Image, ImageFilter

import samepic
from samepic.duplicates.groups import ShotSeries
from samepic.duplicates.series import _natural
from tests.conftest import PHOTOS

SECOND = "2026:11:30 12:00:{:02}"


def shot(path: Path, left: int, *, taken: str = "", model: str = "EOS R5", blur: float = 0) -> None:
    """Write a part of one photograph, so far from the next that the two are no near copies."""
    with Image.open(PHOTOS / "coffee.png") as image:
        shown = image.convert("RGB").resize((900, 600)).crop((left, 40, left + 420, 520))
    exif = Image.Exif()
    if taken:
        exif[0x0110] = model
        exif.get_ifd(0x8769)[0x9003] = taken
    path.parent.mkdir(exist_ok=True)
    shown.filter(ImageFilter.GaussianBlur(blur)).save(path, quality=92, exif=exif)


def _found(folder: Path) -> tuple[list[list[str]], list[list[str]]]:
    series: list[ShotSeries] = []
    groups = list(samepic.find(folder, cache=False, series=series.append))
    return [[Path(shot.file.path).name for shot in one.shots] for one in series], [
        [Path(group.reference.path).name, *(Path(one.file.path).name for one in group.members)]
        for group in groups
    ]


def test_shots_of_one_camera_soon_after_another_are_a_series_with_the_sharpest_first(tmp_path: Path) -> None:
    shot(tmp_path / "a.jpg", 0, taken=SECOND.format(0), blur=1.2)
    shot(tmp_path / "b.jpg", 170, taken=SECOND.format(1))
    shot(tmp_path / "c.jpg", 340, taken=SECOND.format(3), blur=0.6)
    series, groups = _found(tmp_path)
    assert series == [["b.jpg", "c.jpg", "a.jpg"]]
    assert not groups


def test_other_times_other_cameras_and_other_things_are_no_series(tmp_path: Path) -> None:
    shot(tmp_path / "a.jpg", 0, taken=SECOND.format(0))
    shot(tmp_path / "b.jpg", 170, taken="2026:11:30 12:20:00")
    shot(tmp_path / "c.jpg", 340, taken=SECOND.format(1), model="Pixel 9")
    with Image.open(PHOTOS / "chelsea.png") as image:
        image.convert("RGB").save(tmp_path / "d.jpg")
    assert _found(tmp_path) == ([], [])


def test_a_copy_is_no_shot_of_its_own(tmp_path: Path) -> None:
    shot(tmp_path / "a.jpg", 0, taken=SECOND.format(0))
    shot(tmp_path / "b.jpg", 170, taken=SECOND.format(1))
    with Image.open(tmp_path / "b.jpg") as image:
        image.save(tmp_path / "b-again.jpg", quality=60)
    series, groups = _found(tmp_path)
    assert [sorted(names) for names in series] == [["a.jpg", "b.jpg"]]
    assert groups == [["b.jpg", "b-again.jpg"]]


def test_a_crop_beside_its_picture_is_no_series(tmp_path: Path) -> None:
    with Image.open(PHOTOS / "chelsea.png") as image:
        whole = image.convert("RGB")
        whole.save(tmp_path / "img1.png")
        whole.crop((60, 20, 380, 280)).save(tmp_path / "img2.png")
    assert _found(tmp_path)[0] == []


def test_names_are_counted_as_people_count_them() -> None:
    names = ["/x/IMG_10.jpg", "/x/IMG_9.jpg", "/x/a.jpg", "/x/2.jpg", "/w/IMG_11.jpg"]
    assert sorted(names, key=_natural) == [names[4], names[3], names[1], names[0], names[2]]
    for one, other in itertools.product(names, names):
        assert (_natural(one) == _natural(other)) == (one == other)
