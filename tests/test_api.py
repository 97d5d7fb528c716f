"""compare: the promises of each relation, on real photographs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

import samepic
from samepic.errors import ProfileError, SourceError, UnreadableError
from samepic.verdict import Relation, Verdict
from tests.kits.pictures import opened, saved


def animation(frames: list[Image.Image], kind: str = "GIF", /, **options: object) -> bytes:
    """Return frames as one animation of 80 ms a frame."""
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=80, **options)


def test_the_origin_case_is_proven(astronaut: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jpg"
    opened(astronaut).save(copy)
    verdict = samepic.compare(astronaut, copy)
    assert verdict.relation is Relation.RESAVED and verdict.same is True and verdict.probability > 0.999
    assert verdict.explanation.startswith(
        "copy.jpg is astronaut.jpg re-saved as JPEG quality 75 (4:2:0), confirmed by re-encoding"
    )
    assert verdict.original == "a"


def test_a_copy_that_lost_its_wide_profile_is_proven_too_and_an_edit_in_it_found(rocket: Path) -> None:
    with Image.open(rocket) as image:
        plain = Image.fromarray(np.asarray(image))
    verdict = samepic.compare(rocket, saved(plain))
    assert verdict.relation is Relation.RESAVED and verdict.probability > 0.999
    assert "color profile" in verdict.explanation and "lost" in verdict.explanation
    for kind, options in (("PNG", {}), ("WEBP", {"quality": 80}), ("JPEG", {"quality": 40})):
        assert samepic.compare(rocket, saved(plain, kind, **options)).same is True
    plain.paste((255, 0, 0), (300, 200, 320, 215))
    edited = samepic.compare(rocket, saved(plain, quality=85))
    assert edited.relation is Relation.EDITED
    assert any(r.x <= 310 <= r.x + r.w and r.y <= 207 <= r.y + r.h for r in edited.regions)


def test_the_proof_leads_the_other_way_when_the_pair_is_turned_round(astronaut: Path) -> None:
    verdict = samepic.compare(saved(opened(astronaut)), astronaut)
    assert verdict.relation is Relation.RESAVED and verdict.original == "b"
    assert "a is astronaut.jpg re-saved" in verdict.explanation


def test_two_photographs_are_different(chelsea: Path, coffee: Path, astronaut: Path) -> None:
    for a, b in ((chelsea, coffee), (coffee, astronaut), (chelsea, chelsea.with_name("rocket.jpg"))):
        verdict = samepic.compare(a, b)
        assert verdict.relation is Relation.DIFFERENT and verdict.same is False and verdict.probability < 0.05


def test_the_same_bytes_are_the_same_file(chelsea: Path) -> None:
    assert samepic.compare(chelsea, chelsea.read_bytes()).relation is Relation.SAME_FILE


def test_another_lossless_format_holds_the_same_pixels(chelsea: Path) -> None:
    image = opened(chelsea)
    for kind, options in (("BMP", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"lossless": True})):
        verdict = samepic.compare(chelsea, saved(image, kind, **options))
        assert verdict.relation is Relation.SAME_PIXELS and verdict.probability == 1.0


def test_turned_pixels_with_the_tag_that_turns_them_back_are_the_same_pixels(chelsea: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(opened(chelsea).transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
    verdict = samepic.compare(chelsea, turned)
    assert verdict.relation is Relation.SAME_PIXELS and "orientation tag" in verdict.explanation


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("WEBP", {"quality": 50}),
        ("AVIF", {"quality": 50}),
        ("JPEG2000", {"quality_layers": [20]}),
        ("GIF", {}),
    ],
)
def test_lossy_copies_in_other_formats_are_the_same(
    chelsea: Path, kind: str, options: dict[str, object]
) -> None:
    verdict = samepic.compare(chelsea, saved(opened(chelsea), kind, **options))
    assert verdict.relation in (Relation.RESAVED, Relation.ADJUSTED) and verdict.same is True


@pytest.mark.parametrize("name", ["blur", "sharpen", "brighter", "gray", "noise", "sepia"])
def test_a_change_over_all_of_the_frame_is_adjusted(chelsea: Path, name: str) -> None:
    image = opened(chelsea)
    pixels = np.asarray(image).astype(float)
    made = {
        "blur": image.filter(ImageFilter.GaussianBlur(2)),
        "sharpen": image.filter(ImageFilter.UnsharpMask(2, 200, 0)),
        "brighter": image.point(lambda v: min(255, int(v * 1.25))),
        "gray": image.convert("L"),
        "noise": Image.fromarray(
            np.clip(pixels + np.random.default_rng(3).normal(0, 15, pixels.shape), 0, 255).astype(np.uint8)
        ),
        "sepia": image.convert("RGB", (0.39, 0.77, 0.19, 0, 0.35, 0.69, 0.17, 0, 0.27, 0.53, 0.13, 0)),
    }[name]
    verdict = samepic.compare(chelsea, saved(made, quality=90))
    assert verdict.relation is Relation.ADJUSTED and verdict.same is True


def test_a_painted_out_thousandth_of_the_frame_is_never_resaved(chelsea: Path) -> None:
    image = opened(chelsea)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x, y = int(rng.integers(0, image.width - 12)), int(rng.integers(0, image.height - 12))
        edited = image.copy()
        shade = int(np.asarray(image)[y : y + 12, x : x + 12].mean())
        edited.paste(((shade + 90) % 256,) * 3, (x, y, x + 12, y + 12))
        verdict = samepic.compare(chelsea, saved(edited, quality=85))
        assert verdict.relation is Relation.EDITED and verdict.same is False
        assert any(r.x <= x + 6 <= r.x + r.w and r.y <= y + 6 <= r.y + r.h for r in verdict.regions)


def test_a_changed_word_is_edited_and_counts_as_same_only_if_asked(chelsea: Path) -> None:
    one, two = opened(chelsea), opened(chelsea)
    for image, word in ((one, "left"), (two, "right")):
        ImageDraw.Draw(image).text((20, 20), word, (255, 255, 255))
    a, b = saved(one, "PNG"), saved(two, quality=85)
    assert samepic.compare(a, b).relation is Relation.EDITED
    assert samepic.compare(a, b).same is False
    assert samepic.compare(a, b, same_if="edited").same is True


def test_two_flat_greys_cannot_be_told() -> None:
    one, two = (Image.new("RGB", (300, 200), (shade,) * 3) for shade in (120, 130))
    verdict = samepic.compare(saved(one, "PNG"), saved(two, quality=80))
    assert verdict.relation is Relation.UNDECIDABLE and verdict.same is None


def test_a_flat_picture_is_not_a_photograph(chelsea: Path) -> None:
    flat = Image.new("RGB", opened(chelsea).size, (120, 120, 120))
    assert samepic.compare(chelsea, saved(flat, "PNG")).relation is Relation.DIFFERENT


def test_a_tiny_picture_that_differs_cannot_be_told() -> None:
    one, two = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 200, np.uint8)
    assert samepic.compare(one, two).same is None


def test_drawings_in_black_ink_on_clear_ground_are_told_apart() -> None:
    drawings = []
    for box in ((20, 20, 120, 120), (60, 100, 260, 180)):
        image = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
        ImageDraw.Draw(image).ellipse(box, fill=(0, 0, 0, 255))
        drawings.append(saved(image, "PNG"))
    verdict = samepic.compare(*drawings)
    assert verdict.same is False


def test_colors_that_nobody_can_see_do_not_count() -> None:
    pixels = np.zeros((100, 150, 4), np.uint8)
    pixels[20:80, 30:120] = (200, 60, 10, 255)
    hidden = pixels.copy()
    hidden[..., :3][hidden[..., 3] == 0] = (9, 200, 77)
    assert samepic.compare(pixels, hidden).relation is Relation.SAME_PIXELS


def test_a_picture_laid_on_white_is_the_same_as_with_its_clear_ground(chelsea: Path) -> None:
    clear = opened(chelsea).convert("RGBA")
    mask = Image.new("L", clear.size, 0)
    ImageDraw.Draw(mask).ellipse((40, 30, 400, 280), fill=255)
    clear.putalpha(mask)
    white = Image.new("RGB", clear.size, "white")
    white.paste(clear, mask=mask)
    assert samepic.compare(saved(clear, "PNG"), saved(white, quality=85)).same is True


def test_a_still_of_an_animation_is_told_and_is_not_the_same(chelsea: Path) -> None:
    image = opened(chelsea)
    frames = [image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), image.rotate(180)]
    verdict = samepic.compare(animation(frames), saved(frames[1], quality=90))
    assert verdict.relation is Relation.SIMILAR and verdict.same is False
    assert verdict.explanation == "b is frame 2 of the other, an animation of 3 frames"


def test_two_animations_are_the_same_when_their_frames_are(chelsea: Path) -> None:
    image = opened(chelsea).resize((225, 150))
    frames = [image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), image.rotate(180)]
    other = [*frames[:2], image]
    one = animation(frames)
    assert samepic.compare(one, animation(frames, "WEBP", quality=90)).same is True
    verdict = samepic.compare(one, animation(other, "WEBP", quality=90))
    assert verdict.same is False and "frame 3" in verdict.explanation


def test_pages_of_a_tiff_are_called_pages(chelsea: Path) -> None:
    image = opened(chelsea).resize((225, 150))
    one, other = [image, image.rotate(180)], [image, image]
    verdict = samepic.compare(animation(one, "TIFF"), animation(other, "TIFF"))
    assert verdict.facts.series is samepic.Series.PAGES and verdict.facts.frame == 2
    assert verdict.same is False and verdict.explanation.startswith("page 2 of 2 differs: ")
    single = samepic.compare(animation(one, "TIFF"), one[1])
    assert single.explanation == "b is page 2 of the other, a document of 2 pages"


def test_a_verdict_has_no_truth_value(chelsea: Path) -> None:
    with pytest.raises(TypeError, match=r"\.same"):
        bool(samepic.compare(chelsea, chelsea))


def test_a_verdict_is_the_same_json_object_as_the_contract_says(chelsea: Path) -> None:
    shape = samepic.compare(chelsea, saved(opened(chelsea))).to_dict()
    wanted = "relation same probability explanation regions transform measures original visibility facts a b"
    assert set(wanted.split()) == set(shape) and json.loads(json.dumps(shape)) == shape
    assert (shape["b"]["format"], shape["b"]["jpeg"]["quality"]) == ("JPEG", 75)


def test_the_difference_image_frames_the_change(chelsea: Path) -> None:
    edited = opened(chelsea)
    edited.paste((255, 0, 0), (100, 100, 130, 130))
    picture = samepic.compare(chelsea, saved(edited, "PNG")).difference_image()
    assert picture.mode == "RGB" and picture.width == 3 * 451 + 2 * 8 and picture.height == 300
    assert (np.asarray(picture)[100:130, 96:99] == (214, 39, 40)).all(axis=2).any()


def test_every_kind_of_source_gives_the_same_verdict(chelsea: Path) -> None:
    image = opened(chelsea)
    copy = saved(image, quality=80)
    data = chelsea.read_bytes()
    verdicts: list[Verdict] = [
        samepic.compare(source, copy)
        for source in (chelsea, str(chelsea), data, io.BytesIO(data), image, np.asarray(image))
    ]
    assert {(v.relation, v.same, v.probability) for v in verdicts} == {(Relation.RESAVED, True, 0.9999)}


def test_bad_input_is_named(chelsea: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    with pytest.raises(UnreadableError, match=r"notes\.txt: expected a picture"):
        samepic.compare(chelsea, text)
    for address in ("http://example.com/a.jpg", "https://example.com/a.jpg"):
        with pytest.raises(
            UnreadableError, match=rf"^{address}: .* not fetched: pass urllib\.request\.urlopen"
        ):
            samepic.compare(chelsea, address)
    with pytest.raises(SourceError, match="expected a path"):
        samepic.compare(chelsea, 17)  # type: ignore[arg-type]
    with pytest.raises(ProfileError, match="same_if"):
        samepic.compare(chelsea, chelsea, same_if="different")
    with pytest.raises(ProfileError, match="relation"):
        samepic.compare(chelsea, chelsea, same_if="nearly")


@pytest.mark.parametrize("shape", [(1, 1), (12, 12), (12, 3000), (20000, 100), (13, 17), (64, 63)])
@pytest.mark.parametrize(
    "kinds", [("noise", "noise"), ("noise", "flat"), ("slope", "slope"), ("two", "slope")]
)
def test_every_shape_gets_an_answer(shape: tuple[int, int], kinds: tuple[str, str]) -> None:
    rng = np.random.default_rng(2)
    made = {
        "noise": rng.integers(0, 256, (*shape, 3)).astype(np.uint8),
        "flat": np.full((*shape, 3), 90, np.uint8),
        "slope": np.linspace(0, 255, shape[1])
        .astype(np.uint8)[None, :, None]
        .repeat(shape[0], 0)
        .repeat(3, 2),
        "two": ((np.arange(shape[1]) >= shape[1] // 2) * np.uint8(255))[None, :, None]
        .repeat(shape[0], 0)
        .repeat(3, 2),
    }
    a, b = made[kinds[0]], np.clip(made[kinds[1]].astype(int) + rng.integers(-3, 4, (*shape, 3)), 0, 255)
    verdict = samepic.compare(a, b.astype(np.uint8))
    assert verdict.same is not True or kinds[0] == kinds[1]
    json.dumps(verdict.to_dict(), allow_nan=False)
