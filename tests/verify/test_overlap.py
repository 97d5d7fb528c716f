"""The overlap: which of two pictures is the larger, how much of it is kept, and where content has changed in a."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from samepic.profiles import ALIGN
from samepic.verdict import Region
from samepic.verify.features import inverse, scaling
from samepic.verify.overlap import Overlap, find_overlap
from tests.verify.alterations import (
    Altered,
    bordered,
    corner_error,
    cropped,
    iou,
    mirrored,
    placed,
    seen_from_the_side,
    turned,
)
from tests.verify.conftest import Pixels

COPIES = ("crop", "border", "picture in picture", "perspective", "turn")


def altered(pixels: dict[str, Pixels], stem: str, name: str) -> Altered:
    """Return an altered copy of a photograph."""
    a = pixels[stem]
    height, width = a.shape[:2]
    if name == "picture in picture":
        other = pixels["hubble" if stem == "astronaut" else "astronaut"]
        ground = np.asarray(cv2.resize(other, (800, 700), interpolation=cv2.INTER_AREA), np.uint8)
        return placed(a, ground, 330, 200, 320)
    return {
        "crop": lambda: cropped(a, width // 5, height // 6, width // 2, round(height * 0.7)),
        "border": lambda: bordered(a, width // 10, 240),
        "perspective": lambda: seen_from_the_side(a),
        "turn": lambda: turned(a, 5),
    }[name]()


def laid(a: Pixels, b: Pixels) -> Overlap:
    """Return the overlap of two pictures that have one."""
    found = find_overlap(a, b)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("stem", ["astronaut", "chelsea", "coffee", "rocket"])
def test_either_way_round_the_larger_one_and_the_kept_share_are_the_same(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a, b = pixels[stem], altered(pixels, stem, name).pixels
    forth, back = laid(a, b), laid(b, a)
    one, two = forth.transform(), back.transform()
    assert (one.larger, two.larger) in (("a", "b"), ("b", "a"), ("", ""))
    assert one.larger == {"crop": "a", "turn": ""}.get(name, "b")
    assert one.kept == pytest.approx(two.kept, abs=0.02)
    assert forth.contained == pytest.approx(back.contained, abs=0.02)
    assert forth.regions == back.regions == ()
    assert forth.pasted == back.pasted or not one.larger
    together = np.array(one.matrix).reshape(3, 3) @ np.array(two.matrix).reshape(3, 3)
    assert corner_error(together, np.eye(3), a.shape) < 0.01 * max(a.shape)


@pytest.mark.parametrize("stem", ["astronaut", "chelsea", "coffee", "rocket"])
def test_the_kept_share_is_the_share_of_the_larger_picture(pixels: dict[str, Pixels], stem: str) -> None:
    a = pixels[stem]
    crop, border = altered(pixels, stem, "crop").pixels, altered(pixels, stem, "border").pixels
    assert laid(a, crop).transform().kept == pytest.approx(crop.size / a.size, abs=0.01)
    assert laid(a, border).transform().kept == pytest.approx(a.size / border.size, abs=0.01)


def test_what_was_put_into_another_picture_is_pasted_and_a_crop_is_not(pixels: dict[str, Pixels]) -> None:
    for stem in ("astronaut", "chelsea", "coffee"):
        a = pixels[stem]
        assert laid(altered(pixels, stem, "picture in picture").pixels, a).pasted
        assert laid(a, altered(pixels, stem, "picture in picture").pixels).pasted
        assert laid(altered(pixels, stem, "border").pixels, a).pasted
        assert not laid(a, altered(pixels, stem, "crop").pixels).pasted
        assert not laid(altered(pixels, stem, "crop").pixels, a).pasted


def test_a_crop_and_a_bordered_copy_are_contained_and_neighbours_in_a_panorama_are_not(
    pixels: dict[str, Pixels],
) -> None:
    a = pixels["coffee"]
    assert laid(a, altered(pixels, "coffee", "crop").pixels).contained > 0.99
    assert laid(a, altered(pixels, "coffee", "border").pixels).contained > 0.99
    left, right = np.ascontiguousarray(a[:, :420]), np.ascontiguousarray(a[:, 180:])
    found = laid(left, right)
    assert found.contained < 0.9 and found.transform().larger == ""


def test_a_whole_frame_of_another_size_is_snug(cat: Image.Image) -> None:
    a, b = np.asarray(cat), np.asarray(cat.resize((300, 200), Image.Resampling.LANCZOS))
    found = laid(a, b)
    assert found.is_snug and found.transform().larger == "" and found.transform().kept == 1.0
    guessed = find_overlap(a, b, [scaling(b.shape, a.shape)])
    assert guessed is not None and guessed.is_snug and guessed.alignment.matched == 0


@pytest.mark.parametrize(
    ("degrees", "flip", "told"), [(0, True, (0, True)), (90, False, (90, False)), (180, False, (180, False))]
)
def test_a_turned_or_mirrored_copy_is_told_by_how_b_must_be_held(
    cat: Image.Image, degrees: int, flip: bool, told: tuple[int, bool]
) -> None:
    b = mirrored(np.asarray(cat)).pixels if flip else np.asarray(cat.rotate(degrees, expand=True))
    found = laid(np.asarray(cat), b).transform()
    assert (found.turned, found.mirrored) == told


def test_a_guess_that_fits_badly_is_given_up_for_what_features_find(pixels: dict[str, Pixels]) -> None:
    a = pixels["coffee"]
    copy = altered(pixels, "coffee", "crop")
    found = find_overlap(a, copy.pixels, [scaling(copy.pixels.shape, a.shape), np.eye(3)])
    assert found is not None and found.alignment.matched >= ALIGN.credible
    assert corner_error(found.alignment.matrix, copy.to_source, copy.pixels.shape) < 2


def sticker(pixels: dict[str, Pixels], stem: str) -> tuple[Pixels, tuple[int, int, int, int]]:
    """Return a photograph with something stuck on, and where."""
    a = pixels[stem].copy()
    x, y, w, h = a.shape[1] * 2 // 5, a.shape[0] * 2 // 5, 80, 64
    a[y : y + h, x : x + w] = pixels["hubble"][200 : 200 + h, 300 : 300 + w] // 2 + 90
    return a, (x, y, w, h)


def box(region: Region) -> tuple[int, int, int, int]:
    """Return a region as a tuple."""
    return region.x, region.y, region.w, region.h


@pytest.mark.parametrize("name", ["crop", "border", "turn", "perspective"])
@pytest.mark.parametrize("stem", ["astronaut", "coffee", "rocket"])
def test_a_sticker_is_boxed_in_pixels_of_a_however_b_lies_on_it(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a = pixels[stem]
    changed, where = sticker(pixels, stem)
    copy = altered({**pixels, stem: changed}, stem, name)
    found = laid(a, copy.pixels)
    assert max((iou(box(r), where) for r in found.regions), default=0) >= 0.5
    corners = np.array([[[where[0], where[1]], [where[0] + where[2], where[1] + where[3]]]], float)
    there = cv2.perspectiveTransform(corners, inverse(copy.to_source))[0]
    (left, top), (right, low) = there
    wanted = (round(left), round(top), round(right - left), round(low - top))
    back = laid(copy.pixels, a)
    assert max((iou(box(r), wanted) for r in back.regions), default=0) >= 0.4


@pytest.mark.parametrize("name", COPIES)
def test_regions_lie_within_a(pixels: dict[str, Pixels], name: str) -> None:
    a = pixels["coffee"]
    corner = a.copy()
    corner[:70, :90] = pixels["hubble"][200:270, 300:390]
    corner[-70:, -90:] = pixels["hubble"][400:470, 500:590]
    b = altered({**pixels, "coffee": corner}, "coffee", name).pixels
    for one, two in ((a, b), (b, a)):
        for r in laid(one, two).regions:
            assert r.w > 0 and r.h > 0 and r.x >= 0 and r.y >= 0
            assert r.x + r.w <= one.shape[1] and r.y + r.h <= one.shape[0]


def test_two_flat_pictures_have_nothing_in_common_to_lay_over_each_other() -> None:
    flat = np.full((200, 300, 3), 90, np.uint8)
    assert find_overlap(flat, flat) is None and find_overlap(flat, flat, [np.eye(3)]) is None
