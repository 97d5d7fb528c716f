"""The altered copies of the accuracy benchmark are what their names and their truth say."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image

from bench.families import BOXED, FAMILIES, TONED, alter, save
from bench.family_base import Altered, Pixels
from samepic.verdict import Relation

LEVELS = [(family, level) for family, levels in FAMILIES.items() for level in levels]
BOXED_LEVELS = [(family, level) for family, level in LEVELS if family in BOXED]


def scene(seed: int, height: int = 144, width: int = 200) -> Pixels:
    """A textured picture with soft and sharp parts, so that every alteration can be seen in it."""
    return _scene(seed, height, width).copy()


@cache
def _scene(seed: int, height: int, width: int) -> Pixels:
    rng = np.random.default_rng(seed)
    rough = cv2.GaussianBlur(rng.normal(0, 1, (height, width, 3)), (0, 0), 3)
    fine = cv2.GaussianBlur(rng.normal(0, 1, (height, width, 3)), (0, 0), 0.8)
    mixed = 120 + 40 * rough / rough.std() + 12 * fine / fine.std()
    rgb = np.asarray(np.clip(mixed, 0, 255), np.uint8)
    cv2.circle(rgb, (width // 3, height // 2), 30, (200, 60, 40), -1)
    return rgb


def altered(family: str, level: str, seed: int = 5) -> Altered:
    return alter(family, level, scene(1), np.random.default_rng(seed), scene(2, 150, 260))


@pytest.mark.parametrize(("family", "level"), LEVELS)
def test_every_copy_is_a_picture_with_sound_truth(family: str, level: str) -> None:
    before = scene(1)
    copy = alter(family, level, before, np.random.default_rng(3), scene(2, 150, 260))
    assert np.array_equal(before, scene(1)), "the original must not be touched"
    assert copy.rgb.dtype == np.uint8
    assert copy.rgb.ndim == 3
    assert copy.rgb.shape[2] == 3
    assert min(copy.rgb.shape[:2]) >= 8
    assert copy.expected
    assert copy.expected <= {str(relation) for relation in Relation}
    assert not copy.expected & {"similar", "different", "undecidable"}
    for x, y, w, h in copy.boxes:
        assert 0 <= x < x + w <= 200
        assert 0 <= y < y + h <= 144


@pytest.mark.parametrize(("family", "level"), LEVELS)
def test_the_same_seed_makes_the_same_copy_and_the_same_file(family: str, level: str) -> None:
    one, two = altered(family, level), altered(family, level)
    assert np.array_equal(one.rgb, two.rgb)
    assert one.boxes == two.boxes
    assert save(one, np.random.default_rng(7)) == save(two, np.random.default_rng(7))


@pytest.mark.parametrize(("family", "level"), BOXED_LEVELS)
def test_content_changes_inside_its_boxes_and_nowhere_else(family: str, level: str) -> None:
    before = scene(1)
    for seed in range(3):
        copy = altered(family, level, seed)
        assert copy.expected == {"edited"}
        assert copy.boxes
        changed = (copy.rgb != before).any(axis=2)
        inside = np.zeros_like(changed)
        for x, y, w, h in copy.boxes:
            inside[y : y + h, x : x + w] = True
            part = np.abs(copy.rgb[y : y + h, x : x + w].astype(int) - before[y : y + h, x : x + w])
            assert (part.max(axis=2) >= 15).mean() >= 0.1, "an edit that nobody can see is none"
        assert not (changed & ~inside).any()


@pytest.mark.parametrize("family", TONED)
def test_a_change_of_tone_keeps_the_frame_and_is_no_edit(family: str) -> None:
    for level in FAMILIES[family]:
        copy = altered(family, level)
        assert copy.rgb.shape == (144, 200, 3)
        assert not np.array_equal(copy.rgb, scene(1))
        assert "edited" not in copy.expected
        assert not copy.boxes


@pytest.mark.parametrize("share", [90, 70, 50, 35, 25])
def test_a_crop_keeps_the_share_of_its_name_and_is_a_part_of_the_original(share: int) -> None:
    copy = altered("crop", f"{share} %")
    assert copy.rgb.size / scene(1).size == pytest.approx(share / 100, abs=0.02)
    found = cv2.matchTemplate(scene(1), copy.rgb, cv2.TM_SQDIFF)
    assert found.min() / copy.rgb.size < 0.01


def test_what_shows_other_pictures_shows_the_original_too() -> None:
    for family in ("border", "letterbox", "caption outside", "phone screen"):
        for level in FAMILIES[family]:
            found = cv2.matchTemplate(altered(family, level).rgb, scene(1), cv2.TM_SQDIFF)
            assert found.min() / scene(1).size < 0.01, (family, level)


def test_a_chain_with_content_is_an_edit_in_whatever_frame_and_one_with_a_frame_alone_is_reframed() -> None:
    assert altered("chain", "content and tone").expected == {"edited"}
    assert altered("chain", "content, frame and tone").expected == {"edited"}
    assert altered("chain", "three of frame and tone").expected == {"reframed"}


def test_the_named_groups_are_families() -> None:
    assert {*BOXED, *TONED} <= set(FAMILIES)
    assert all(len(levels) >= 2 for levels in FAMILIES.values())


def test_a_family_of_codings_is_saved_as_it_says() -> None:
    copy = altered("re-save", "webp 30 to 90")
    assert save(copy, np.random.default_rng(1))[8:12] == b"WEBP"
    rough, fine = altered("re-save", "jpeg 10 to 19"), altered("re-save", "jpeg 75 to 95")
    assert len(save(rough, np.random.default_rng(1))) < len(save(fine, np.random.default_rng(1)))


def test_pictures_too_small_for_their_alterations_still_work() -> None:
    tiny = np.asarray(Image.fromarray(scene(1)).resize((40, 30)))
    for family, level in LEVELS:
        copy = alter(family, level, tiny, np.random.default_rng(2), scene(2))
        assert copy.rgb.size, (family, level)
