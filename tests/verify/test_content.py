"""Changed content: what was added is boxed, what was done to all of the picture is not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from samepic.picture import load
from samepic.profiles import CONTENT
from samepic.verdict import Region
from samepic.verify.content import look_for_changes
from tests.verify.alterations import iou
from tests.verify.conftest import Pixels, saved

STEMS = ("astronaut", "chelsea", "coffee", "rocket")


def box(region: Region) -> tuple[int, int, int, int]:
    """Return a region as a tuple."""
    return region.x, region.y, region.w, region.h


def noisy(p: Pixels) -> Pixels:
    """Return a picture with noise of 8 levels."""
    return np.clip(p + np.random.default_rng(1).normal(0, 8, p.shape), 0, 255).astype(np.uint8)


def shaded(p: Pixels) -> Pixels:
    """Return a picture whose light falls off to a third towards the corners, as that of a cheap lens."""
    y, x = np.mgrid[-1 : 1 : p.shape[0] * 1j, -1 : 1 : p.shape[1] * 1j]
    return np.asarray(np.rint(p * (1 - np.clip(x * x + y * y, 0, 2) / 3)[..., None]), np.uint8)


def speckled(p: Pixels) -> Pixels:
    """Return a picture of which one pixel in fifty is black or white."""
    drawn, out = np.random.default_rng(1).random(p.shape[:2]), p.copy()
    out[drawn < 0.01], out[drawn > 0.99] = 0, 255
    return out


ALL_OVER: dict[str, Callable[[Pixels], Pixels]] = {
    "nothing": lambda p: p,
    "gamma 0.7": lambda p: np.rint(255 * (p / 255) ** 0.7).astype(np.uint8),
    "gamma 1.5": lambda p: np.rint(255 * (p / 255) ** 1.5).astype(np.uint8),
    "blur of a pixel": lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 1), np.uint8),
    "noise of 8 levels": noisy,
    "JPEG quality 30": lambda p: load(saved(Image.fromarray(p), quality=30)).rgb,
    "grey": lambda p: np.repeat((p @ [0.299, 0.587, 0.114]).astype(np.uint8)[..., None], 3, axis=2),
    "pale": lambda p: np.asarray(ImageEnhance.Color(Image.fromarray(p)).enhance(0.3)),
}


@pytest.mark.parametrize("name", ALL_OVER)
@pytest.mark.parametrize("stem", STEMS)
def test_what_is_done_to_all_of_a_picture_changes_no_content(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a = pixels[stem]
    b = ALL_OVER[name](a)
    for found in (look_for_changes(a, b), look_for_changes(b, a)):
        assert found.regions == () and found.share < 0.02


@pytest.mark.parametrize("how", [shaded, speckled])
@pytest.mark.parametrize("stem", STEMS)
def test_neither_light_that_falls_off_nor_specks_all_over_draw_a_box(
    pixels: dict[str, Pixels], stem: str, how: Callable[[Pixels], Pixels]
) -> None:
    a = pixels[stem]
    assert look_for_changes(a, how(a)).regions == () == look_for_changes(how(a), a).regions


@pytest.mark.parametrize("name", ["nothing", "gamma 1.5", "noise of 8 levels", "JPEG quality 30"])
@pytest.mark.parametrize("stem", STEMS)
def test_a_pasted_patch_is_boxed_whatever_else_was_done(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a = pixels[stem]
    other = pixels["hubble"]
    b = a.copy()
    x, y, w, h = a.shape[1] // 3, a.shape[0] // 4, 90, 70
    b[y : y + h, x : x + w] = other[200 : 200 + h, 300 : 300 + w] // 2 + 90
    b = ALL_OVER[name](b)
    for found in (look_for_changes(a, b), look_for_changes(b, a)):
        assert max((iou(box(r), (x, y, w, h)) for r in found.regions), default=0) >= 0.5
        assert len(found.regions) <= 2 and found.spread < CONTENT.gathered


def test_two_patches_are_two_places_and_the_larger_comes_first(cat: Image.Image, cup: Image.Image) -> None:
    b = cat.copy()
    b.paste(cup.crop((200, 150, 280, 210)), (30, 30))
    b.paste(cup.crop((100, 100, 220, 180)), (300, 190))
    found = look_for_changes(np.asarray(cat), np.asarray(b))
    assert len(found.regions) == 2
    assert iou(box(found.regions[0]), (300, 190, 120, 80)) >= 0.5
    assert iou(box(found.regions[1]), (30, 30, 80, 60)) >= 0.5


def test_a_word_written_on_a_picture_is_boxed(cup: Image.Image) -> None:
    b = cup.copy()
    ImageDraw.Draw(b).text((40, 20), "SOLD OUT", (255, 255, 255), font=ImageFont.load_default(44))
    true = ImageDraw.Draw(b).textbbox((40, 20), "SOLD OUT", font=ImageFont.load_default(44))
    wanted = (int(true[0]), int(true[1]), int(true[2] - true[0]), int(true[3] - true[1]))
    found = look_for_changes(np.asarray(cup), load(saved(b, quality=85)).rgb)
    left, top = min(r.x for r in found.regions), min(r.y for r in found.regions)
    right = max(r.x + r.w for r in found.regions)
    low = max(r.y + r.h for r in found.regions)
    assert iou((left, top, right - left, low - top), wanted) >= 0.5


def test_a_change_outside_the_mask_is_none(cat: Image.Image, cup: Image.Image) -> None:
    b = cat.copy()
    b.paste(cup.crop((200, 150, 300, 230)), (20, 20))
    inside = np.ones((300, 451), np.bool_)
    assert look_for_changes(np.asarray(cat), np.asarray(b), inside).regions != ()
    inside[:, :150] = False
    found = look_for_changes(np.asarray(cat), np.asarray(b), inside)
    assert found.regions == () and found.share == 0


def test_no_box_reaches_out_of_the_picture_and_none_is_empty(pixels: dict[str, Pixels]) -> None:
    for stem in STEMS:
        a = pixels[stem]
        height, width = a.shape[:2]
        for left, top in ((0, 0), (width - 80, 0), (width - 80, height - 60), (0, height - 60)):
            b = a.copy()
            b[top : top + 60, left : left + 80] = pixels["hubble"][300:360, 500:580]
            for r in look_for_changes(a, b).regions:
                assert r.x >= 0 and r.y >= 0 and r.x + r.w <= width and r.y + r.h <= height
                assert r.w * r.h >= 100


def test_another_picture_disagrees_nearly_everywhere(cat: Image.Image, cup: Image.Image) -> None:
    found = look_for_changes(np.asarray(cat), np.asarray(cup.resize(cat.size)))
    assert found.share > CONTENT.most / 2 and found.spread > 0.5


def test_the_loss_of_colour_and_the_change_of_tone_are_told(cat: Image.Image) -> None:
    a = np.asarray(cat)
    same, grey = look_for_changes(a, a), look_for_changes(a, ALL_OVER["grey"](a))
    bright = look_for_changes(a, ALL_OVER["gamma 0.7"](a))
    assert same.tone == 0 and not same.grey
    assert grey.grey and not bright.grey and bright.tone > 10


@pytest.mark.parametrize("shape", [(20, 20), (8, 300), (300, 8)])
def test_small_and_narrow_overlaps_are_searched_without_trouble(shape: tuple[int, int]) -> None:
    a, b = np.random.default_rng(1).integers(0, 256, (2, *shape, 3)).astype(np.uint8)
    for found in (look_for_changes(a, b), look_for_changes(a, b, np.zeros(shape, np.bool_))):
        assert 0 <= found.share <= 1 and 0 <= found.spread <= 1
