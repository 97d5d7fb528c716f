"""The labelled pairs: the same name gives the same bytes, and what changed is inside the boxes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from bench.family_base import Pixels, Right
from bench.inks import SPACES, cmyk_of, from_space, icc_of, to_space
from bench.lookalikes import pair_of
from bench.pairs import Twins, changed_mask, labelled_twins, mask_boxes, named_rng
from bench.parts import cover_twins, cut_out_twins
from bench.signs import SIGNS, sign_twins
from samepic.verdict import Relation

DRAWN = ("forms", "screens", "cards", "charts", "maps", *SIGNS)


def pixels(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def scene() -> Pixels:
    rng = np.random.default_rng(3)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("kind", DRAWN)
def test_a_name_gives_the_same_bytes_and_another_half_other_ones(kind: str) -> None:
    first, again, other = pair_of(kind, "test", 1), pair_of(kind, "test", 1), pair_of(kind, "train", 1)
    assert first == again
    assert {first.a, first.b}.isdisjoint({other.a, other.b})


@pytest.mark.parametrize("kind", DRAWN)
def test_drawn_look_alikes_differ_where_the_mask_says(kind: str) -> None:
    pair = pair_of(kind, "train", 2)
    assert not pair.same
    assert pair.truth <= set(Relation) - Right.SAME
    assert pair.changed is not None
    mask = np.asarray(Image.open(io.BytesIO(pair.changed)))
    assert mask.shape == pixels(pair.a).shape[:2]
    assert set(np.unique(mask)) == {0, 255}
    covered = np.zeros(mask.shape, bool)
    for x, y, w, h in pair.boxes:
        covered[y : y + h, x : x + w] = True
    assert covered[mask > 0].all()


@pytest.mark.parametrize("kind", SIGNS)
def test_two_signs_differ_by_what_a_person_sees(kind: str) -> None:
    for seed in range(6):
        twins = sign_twins(kind, np.random.default_rng(seed))
        mask = changed_mask(twins.one, twins.two)
        assert mask is None or float((mask > 0).mean()) > 0.01


def test_a_copy_of_a_drawing_is_the_same_and_has_no_boxes() -> None:
    for number in range(6):
        pair = pair_of("resaved art", "train", number)
        assert pair.same
        assert pair.truth <= Right.SAME
        assert (pair.boxes, pair.changed) == ((), None)


def test_a_cover_changes_its_box_and_nothing_beside_it() -> None:
    for seed in range(12):
        twins = cover_twins(np.random.default_rng(seed), scene(), "photo")
        assert twins.truth == Right.EDITED
        mask = twins.mask
        assert mask is not None
        assert mask.any()
        ((x, y, w, h),) = mask_boxes(mask, whole=True)
        outside = np.ones(mask.shape, bool)
        outside[y : y + h, x : x + w] = False
        change = np.abs(twins.one.astype(int) - twins.two).max(axis=2)
        assert change[outside].max(initial=0) < 12


def test_the_mask_goes_along_when_a_side_is_made_smaller() -> None:
    one = np.full((400, 600, 3), 200, np.uint8)
    two = one.copy()
    two[100:200, 300:450] = 30
    twins = Twins("square", one, two, Right.EDITED, style="photo", whole=True)
    for number in range(8):
        name = f"square {number}"
        pair = labelled_twins("squares", name, twins, named_rng(name))
        height, width = pixels(pair.a).shape[:2]
        ((x, y, w, h),) = pair.boxes
        wanted = (width / 2, height / 4, width / 4, height / 4)
        assert (x, y, w, h) == pytest.approx(wanted, abs=2)


def test_a_clear_cut_out_is_transparent_outside_the_thing() -> None:
    cut = next(
        twins
        for seed in range(60)
        if (twins := cut_out_twins(np.random.default_rng(seed), scene())).alpha is not None
    )
    pair = labelled_twins("cut-outs", "clear", cut, named_rng("clear"))
    images = [Image.open(io.BytesIO(data)) for data in (pair.a, pair.b)]
    clear = [image for image in images if image.mode == "RGBA"]
    assert len(clear) == 1
    assert clear[0].getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("space", SPACES)
def test_the_numbers_of_a_wide_space_are_the_colors_its_profile_says(space: str) -> None:
    rgb = scene()
    wide = to_space(rgb, space)
    assert np.abs(wide.astype(int) - rgb).mean() > 1
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_of(space)))
    shown = ImageCms.profileToProfile(Image.fromarray(wide), profile, ImageCms.createProfile("sRGB"))
    assert shown is not None
    assert np.abs(np.asarray(shown).astype(int) - rgb).mean() < 1
    assert np.abs(from_space(wide, space).astype(int) - rgb).mean() < 1


def test_four_inks_print_the_colors_that_the_press_profile_says() -> None:
    # Muted, since no press prints the colors of a screen.
    rgb = np.asarray(60 + scene() // 2, np.uint8)
    inks = Image.fromarray(cmyk_of(rgb), "CMYK")
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_of("press")))
    shown = ImageCms.profileToProfile(inks, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert shown is not None
    assert np.abs(np.asarray(shown).astype(int) - rgb).mean() < 4
