"""Odd places: what is drawn in or taken out small shows under any change of tone; a change of tone alone does not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance

from samepic import Relation, compare
from samepic.picture import load
from samepic.verdict import Region
from samepic.verify.odd import odd_places
from tests.verify.conftest import Pixels, saved

STEMS = ("astronaut", "chelsea", "coffee", "rocket")


def curved(p: Pixels, power: float) -> Pixels:
    """Return a picture with another gamma."""
    return np.asarray(np.rint(255 * (p / 255) ** power), np.uint8)


def enhanced(
    how: Callable[[Image.Image], ImageEnhance._Enhance], factor: float
) -> Callable[[Pixels], Pixels]:
    """Return one of Pillow's enhancements as a function of pixels."""
    return lambda p: np.array(how(Image.fromarray(p)).enhance(factor), np.uint8)


def sepia(p: Pixels) -> Pixels:
    """Return a picture in shades of brown."""
    mix = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return np.asarray(np.clip(p @ mix.T, 0, 255), np.uint8)


def equalised(p: Pixels) -> Pixels:
    """Return a picture with the histogram of its luma made even."""
    ycc = cv2.cvtColor(p, cv2.COLOR_RGB2YCrCb)
    ycc[..., 0] = cv2.equalizeHist(np.ascontiguousarray(ycc[..., 0]))
    return np.asarray(cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB), np.uint8)


TONES: dict[str, Callable[[Pixels], Pixels]] = {
    "none": lambda p: p,
    "gamma 0.6": lambda p: curved(p, 0.6),
    "gamma 1.6": lambda p: curved(p, 1.6),
    "more contrast": enhanced(ImageEnhance.Contrast, 1.4),
    "less colour": enhanced(ImageEnhance.Color, 0.4),
    "more colour": enhanced(ImageEnhance.Color, 1.6),
    "brighter": enhanced(ImageEnhance.Brightness, 1.25),
    "sepia": sepia,
    "equalised": equalised,
}


def everywhere(p: Pixels) -> NDArray[np.bool_]:
    """Return that all of a picture counts."""
    return np.ones(p.shape[:2], np.bool_)


def copy(p: Pixels) -> Pixels:
    """Return a picture as it is after JPEG of quality 80."""
    return load(saved(Image.fromarray(p), quality=80)).rgb


def stamped(p: Pixels, at: tuple[int, int]) -> Pixels:
    """Return a picture with a price tag of 44 x 14 pixels: less than what counts as changed structure."""
    image = Image.fromarray(p)
    draw = ImageDraw.Draw(image)
    draw.rectangle((at[0], at[1], at[0] + 43, at[1] + 13), fill=(250, 220, 40))
    draw.text((at[0] + 3, at[1] + 1), "17.99", fill=(20, 20, 20), font_size=12)
    return np.asarray(image)


def touches(box: Region, at: tuple[int, int]) -> bool:
    """Tell whether a box lies on the price tag at a place."""
    return box.x < at[0] + 44 and at[0] < box.x + box.w and box.y < at[1] + 14 and at[1] < box.y + box.h


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("stem", STEMS)
def test_a_change_of_tone_alone_leaves_no_place_odd(pixels: dict[str, Pixels], stem: str, tone: str) -> None:
    picture = pixels[stem]
    assert odd_places(picture, copy(TONES[tone](picture)), everywhere(picture)) == ()


@pytest.mark.parametrize("tone", TONES)
def test_a_small_tag_is_found_under_any_change_of_tone_and_from_either_side(
    pixels: dict[str, Pixels], tone: str
) -> None:
    picture, at = pixels["chelsea"], (300, 40)
    other = copy(TONES[tone](stamped(picture, at)))
    for one, two in ((picture, other), (other, picture)):
        found = odd_places(one, two, everywhere(one))
        assert found and touches(found[0], at), found


def test_what_lies_outside_the_overlap_is_not_odd(pixels: dict[str, Pixels]) -> None:
    picture, at = pixels["chelsea"], (300, 40)
    inside = everywhere(picture)
    inside[:70] = False
    assert odd_places(picture, copy(stamped(picture, at)), inside) == ()


def test_a_colour_that_is_in_one_place_alone_says_nothing() -> None:
    """A red beak on a black swan: nothing tells what its red should become, so its green tint is tone."""
    rng = np.random.default_rng(3)
    picture = np.repeat(rng.integers(60, 200, (240, 320, 1), np.uint8), 3, axis=2)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 6), np.uint8)
    picture[100:130, 100:140] = (200, 20, 20)
    other = picture.copy()
    other[100:130, 100:140] = (170, 60, 20)
    assert odd_places(picture, other, everywhere(picture)) == ()


def test_what_overlaps_in_a_few_cells_is_not_looked_at(pixels: dict[str, Pixels]) -> None:
    small = np.ascontiguousarray(pixels["chelsea"][:30, :30])
    assert odd_places(small, 255 - small, everywhere(small)) == ()


@pytest.mark.parametrize("tone", ["less colour", "gamma 0.6", "more contrast"])
def test_a_mirrored_copy_with_another_tone_and_a_small_tag_is_edited_there(
    pixels: dict[str, Pixels], tone: str
) -> None:
    picture, at = pixels["chelsea"], (300, 40)
    other = np.ascontiguousarray(TONES[tone](stamped(picture, at))[:, ::-1])
    verdict = compare(Image.fromarray(picture), saved(Image.fromarray(other), quality=80))
    assert verdict.relation is Relation.EDITED and not verdict.same
    assert any(touches(region, at) for region in verdict.regions), verdict.regions
