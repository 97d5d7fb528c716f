"""Two copies of one picture, neither of them made from the other: as uploads meet."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

import samepic
from samepic.picture import load
from samepic.verify.quantization import shared_source
from tests.conftest import PHOTOS
from tests.verify.conftest import saved


@pytest.mark.parametrize("fine", [75, 85, 90, 95])
@pytest.mark.parametrize("coarse", [50, 40, 30, 20])
def test_a_coarse_and_a_fine_copy_are_resaves(
    cat: Image.Image, cup: Image.Image, fine: int, coarse: int
) -> None:
    for image in (cat, cup):
        one, two = saved(image, quality=fine), saved(image, quality=coarse)
        assert samepic.compare(one, two).relation == samepic.compare(two, one).relation == "resaved"


@pytest.mark.parametrize("quality", [30, 50, 75])
def test_copies_that_differ_in_the_subsampling_of_color_alone_are_resaves(
    cat: Image.Image, quality: int
) -> None:
    one, two = saved(cat, quality=quality), saved(cat, quality=quality, subsampling=0)
    assert samepic.compare(one, two).relation == "resaved"
    changed = cat.copy()
    ImageDraw.Draw(changed).text((40, 40), "SOLD", fill=(255, 255, 255), font_size=40)
    verdict = samepic.compare(one, saved(changed, quality=quality, subsampling=0))
    assert verdict.relation == "edited"


@pytest.mark.parametrize("quality", [60, 75])
def test_small_words_are_found_where_texture_makes_coding_coarse(quality: int) -> None:
    fine = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 1, (320, 480)), (0, 0), 0.8)
    slow = np.random.default_rng(2).uniform(70, 170, (4, 6, 3))
    sand = cv2.resize(slow, (480, 320), interpolation=cv2.INTER_CUBIC) + (45 * fine / fine.std())[..., None]
    plain = Image.fromarray(np.clip(sand, 0, 255).astype(np.uint8))
    written = plain.copy()
    ImageDraw.Draw(written).text((60, 60), "page 17", fill=(250, 240, 230), font_size=16)
    verdict = samepic.compare(saved(plain, quality=quality), saved(written, quality=85))
    assert verdict.relation == "edited"
    (box,) = verdict.regions
    assert 50 <= box.x <= 66
    assert 110 <= box.x + box.w <= 130
    assert samepic.compare(saved(plain, quality=quality), saved(plain, quality=85)).same is True


@pytest.mark.parametrize("ground", ["white", "#123456"])
@pytest.mark.parametrize("frame", [(640, 480, 520, 160), (1200, 900, 200, 150), (800, 600, 90, 60)])
def test_a_thing_on_plain_ground_saved_again_is_a_resave_and_a_word_beside_it_an_edit(
    cat: Image.Image, ground: str, frame: tuple[int, int, int, int]
) -> None:
    width, height, wide, high = frame
    shown = Image.new("RGB", (width, height), ground)
    shown.paste(cat.resize((wide, high)), ((width - wide) // 2, (height - high) // 2))
    priced = shown.copy()
    ImageDraw.Draw(priced).text((20, 20), "NEW 7", fill="red", font_size=24)
    for one, two in ((50, 70), (80, 60), (75, 85), (90, 70)):
        kept = saved(shown, quality=one)
        assert samepic.compare(kept, saved(shown, quality=two)).relation == "resaved"
        assert samepic.compare(kept, saved(priced, quality=two)).relation == "edited"


@pytest.mark.parametrize(("name", "x", "y"), [("chelsea.png", 204, 140), ("coffee.png", 300, 204)])
def test_a_small_thing_recolored_by_a_few_levels_is_an_edit_though_the_codings_allow_it(
    name: str, x: int, y: int
) -> None:
    with Image.open(PHOTOS / name) as photograph:
        plain = photograph.convert("RGB").resize((480, 320), Image.Resampling.LANCZOS)
    rgb = np.asarray(plain, np.float32).copy()
    rgb[y : y + 11, x : x + 13] += (14, -12, 19)
    kept = saved(plain, "PNG")
    recolored = saved(Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)), quality=85)
    shared = shared_source(load(kept), load(recolored))
    assert shared is not None
    assert shared.regions == ()
    verdict = samepic.compare(kept, recolored)
    assert verdict.relation == "edited"
    assert any(r.x <= x + 6 < r.x + r.w and r.y <= y + 5 < r.y + r.h for r in verdict.regions)
    assert samepic.compare(kept, saved(plain, quality=85)).relation == "resaved"
