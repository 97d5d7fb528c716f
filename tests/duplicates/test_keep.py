"""Which copy of a picture is the reference, and what clean does by itself: nothing that cannot be made again goes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

import samepic
from samepic.cleanup.apply import apply
from samepic.cleanup.plan import CLEANED, FARTHEST, CleanupAction, Plan, plan
from samepic.duplicates.groups import read_scan
from samepic.verdict import Relation
from tests.cleanup.clean_scene import entry


def camera() -> Image.Exif:
    """Return what a camera writes of itself."""
    exif = Image.Exif()
    exif.update({0x010F: "NIKON", 0x0110: "Coolpix 950"})
    return exif


def grouped(folder: Path) -> samepic.Group:
    (group,) = samepic.find(folder, cache=False)
    return group


def cleaned(folder: Path, same_if: Relation = CLEANED) -> tuple[Plan, list[str]]:
    """Return the plan for what find says of a folder, and the names that are left once it was carried out."""
    lines = [json.dumps(group.to_dict()).encode() for group in samepic.find(folder, cache=False)]
    scan = read_scan(lines, "report")
    target = folder.parent / "gone"
    target.mkdir(exist_ok=True)
    made = plan(scan, action=CleanupAction.MOVE, move_to=str(target), same_if=same_if)
    list(apply(made, folder.parent / "journal"))
    return made, sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "album"
    made.mkdir()
    return made


def test_16_bits_are_kept_before_their_preview(folder: Path, chelsea: Path) -> None:
    gray = np.asarray(Image.open(chelsea).convert("L"), np.uint16)
    noise = np.random.default_rng(3).integers(0, 120, gray.shape, np.uint16)
    Image.fromarray(np.minimum(gray * np.uint16(257), 65400) + noise).save(folder / "z_master.png")
    Image.fromarray(gray.astype(np.uint8)).save(folder / "a_preview.png")
    assert grouped(folder).reason == "higher bit depth: 16 bits per sample, not 8"
    assert cleaned(folder)[1] == ["z_master.png"]


def test_a_cut_out_is_kept_before_its_flattened_copy(folder: Path, chelsea: Path) -> None:
    cut = Image.fromarray(np.asarray(Image.open(chelsea).convert("RGB")))
    mask = Image.new("L", cut.size, 0)
    ImageDraw.Draw(mask).ellipse((60, 30, 390, 280), 255)
    cut.putalpha(mask)
    cut.save(folder / "z_cut.png")
    flat = Image.new("RGB", cut.size, "white")
    flat.paste(cut, mask=mask)
    flat.save(folder / "a_flat.png")
    flat.save(folder / "flat.bmp")
    group = grouped(folder)
    assert Path(group.reference.path).name == "z_cut.png"
    assert group.reason.startswith("a cutout")
    assert cleaned(folder)[1] == ["z_cut.png"]


def test_an_alpha_that_hides_nothing_is_worth_nothing(folder: Path, chelsea: Path) -> None:
    image = Image.open(chelsea).convert("RGB")
    image.save(folder / "a.png")
    image.convert("RGBA").resize((226, 150)).save(folder / "z.png")
    assert Path(grouped(folder).reference.path).name == "a.png"


@pytest.mark.parametrize("form", ["jpg", "png"])
def test_the_original_is_kept_before_its_enlargement(folder: Path, chelsea: Path, form: str) -> None:
    small = Image.open(chelsea).convert("RGB").resize((240, 160), Image.Resampling.LANCZOS)
    small.save(folder / "original.png")
    small.resize((480, 320), Image.Resampling.BICUBIC).save(folder / f"enlarged.{form}")
    group = grouped(folder)
    assert Path(group.reference.path).name == "original.png"
    assert "enlarged" in group.reason
    assert cleaned(folder)[1] == ["original.png"]


def test_a_reduced_copy_never_takes_the_place_of_the_larger_original(folder: Path, coffee: Path) -> None:
    image = Image.open(coffee).convert("RGB")
    image.save(folder / "z.jpg", quality=80)
    Image.open(folder / "z.jpg").resize((300, 200), Image.Resampling.LANCZOS).save(folder / "a.png")
    assert cleaned(folder)[1] == ["z.jpg"]


def test_a_soft_original_is_not_taken_for_an_enlargement_of_its_reduction(folder: Path, coffee: Path) -> None:
    soft = np.asarray(Image.open(coffee).convert("RGB").filter(ImageFilter.GaussianBlur(4)), np.float32)
    grain = np.random.default_rng(2).normal(0, 1.2, soft.shape)
    image = Image.fromarray(np.clip(np.rint(soft + grain), 0, 255).astype(np.uint8))
    image.save(folder / "z.png")
    image.resize((300, 200), Image.Resampling.LANCZOS).save(folder / "a.png")
    assert cleaned(folder)[1] == ["z.png"]


def test_an_edited_export_is_left_alone_and_the_cameras_file_goes_before_it(
    folder: Path, photos: dict[str, Path]
) -> None:
    image = Image.open(photos["hubble"]).convert("RGB").resize((480, 400))
    image.save(folder / "photo.jpg", quality=90, exif=camera())
    edited = ImageEnhance.Brightness(Image.open(folder / "photo.jpg")).enhance(1.25)
    edited.save(folder / "a-edited.jpg", quality=97)
    group = grouped(folder)
    assert Path(group.reference.path).name == "photo.jpg"
    assert [member.relation for member in group.members] == [Relation.ADJUSTED]
    made, left = cleaned(folder)
    assert (made.steps, left) == ((), ["a-edited.jpg", "photo.jpg"])
    assert "--same-if resaved skips that" in made.skipped[0].reason
    assert cleaned(folder, Relation.ADJUSTED)[1] == ["photo.jpg"]


def test_a_thumbnail_with_the_cameras_data_is_not_kept_before_the_full_picture(
    folder: Path, photos: dict[str, Path]
) -> None:
    image = Image.open(photos["hubble"]).convert("RGB")
    image.resize((240, 200)).save(folder / "a.jpg", quality=90, exif=camera())
    ImageEnhance.Brightness(image.resize((480, 400))).enhance(1.25).save(folder / "z.jpg", quality=90)
    assert Path(grouped(folder).reference.path).name == "z.jpg"


def test_a_crop_is_left_alone_unless_asked_for(folder: Path, coffee: Path) -> None:
    image = Image.open(coffee).convert("RGB")
    image.save(folder / "whole.png")
    image.crop((8, 8, 592, 392)).save(folder / "crop.png")
    assert grouped(folder).members[0].relation is Relation.REFRAMED
    assert cleaned(folder)[1] == cleaned(folder, Relation.ADJUSTED)[1] == ["crop.png", "whole.png"]
    assert cleaned(folder, FARTHEST)[1] == ["whole.png"]


def test_a_defaced_larger_copy_never_takes_the_place_of_the_picture(folder: Path, coffee: Path) -> None:
    """Even where the report is wrong about it: both are compared once more."""
    image = Image.open(coffee).convert("RGB")
    image.save(folder / "picture.png")
    defaced = image.resize((1200, 800))
    ImageDraw.Draw(defaced).rectangle((0, 400, 1200, 800), "black")
    defaced.save(folder / "defaced.png")
    for relation in ("resaved", "edited"):
        member = entry(folder / "picture.png", relation=relation, probability=0.99, explanation="as said")
        line = {
            "group": 1,
            "reference": str(folder / "defaced.png"),
            "reason": "the largest",
            "reference_file": entry(folder / "defaced.png"),
            "members": [member],
        }
        scan = read_scan([json.dumps(line).encode()], "report")
        made = plan(scan, action=CleanupAction.MOVE, move_to=str(folder.parent))
        list(apply(made, folder.parent / f"journal-{relation}"))
        assert (folder / "picture.png").exists()
    assert not any(
        member.relation.is_same(Relation.ADJUSTED)
        for g in samepic.find(folder, cache=False)
        for member in g.members
    )


def test_a_jpeg_without_its_end_marker_goes_before_the_whole_one(folder: Path, astronaut: Path) -> None:
    whole = astronaut.read_bytes()
    (folder / "z.jpg").write_bytes(whole)
    (folder / "a.jpg").write_bytes(whole[:-2])
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    group = grouped(folder)
    assert (Path(group.reference.path).name, group.reason) == ("z.jpg", "has its end marker")
    assert [member.relation for member in group.members] == [Relation.SAME_PIXELS]
    assert samepic.compare(folder / "z.jpg", folder / "a.jpg").relation is Relation.SAME_PIXELS
    assert cleaned(folder)[1] == ["half.jpg", "z.jpg"]


def test_a_motion_photo_is_kept_before_a_finer_copy_without_its_video(folder: Path, astronaut: Path) -> None:
    still, video = astronaut.read_bytes(), b"\0\0\0\x18ftypmp42" + bytes(40_000)
    (folder / "z.jpg").write_bytes(still + video)
    (folder / "a.jpg").write_bytes(still)
    assert samepic.compare(folder / "z.jpg", folder / "a.jpg").a.video == len(video)
    assert grouped(folder).reason == "holds a video: a motion photo"
    assert cleaned(folder)[1] == ["z.jpg"]


def test_compare_names_the_copy_that_holds_more(chelsea: Path) -> None:
    image = Image.open(chelsea).convert("RGB")
    streams = io.BytesIO(), io.BytesIO()
    image.save(streams[0], "JPEG", quality=85, exif=camera())
    ImageEnhance.Brightness(image).enhance(1.2).save(streams[1], "JPEG", quality=95)
    one, two = (stream.getvalue() for stream in streams)
    assert samepic.compare(one, two).original == "a"
    assert samepic.compare(two, one).original == "b"
    assert "camera" in samepic.compare(one, two).original_reason
