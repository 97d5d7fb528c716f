"""One picture drawn on the other: where it lies, which one is moved, and where a place of the overlay is in a."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from samepic.verify.features import inverse, scaling
from samepic.verify.overlay import Overlay, moved, overlaid, polygon
from tests.verify.alterations import (
    Altered,
    Matrix,
    bordered,
    cropped,
    mirrored,
    placed,
    seen_from_the_side,
    turned,
    whole,
)
from tests.verify.conftest import Pixels

MUCH = 10**7


def area(corners: Matrix) -> float:
    """Return the area of a polygon (n, 2), by the shoelace formula."""
    x, y = corners.T
    return 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))


def laid(a: Pixels, copy: Altered, pixels: int = MUCH) -> Overlay:
    """Return a copy laid on a by its true map."""
    found = overlaid(a, copy.pixels, copy.to_source, pixels)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("left", "top", "width", "height"), [(0, 0, 200, 100), (250, 0, 201, 300), (80, 60, 90, 33)]
)
def test_a_crop_covers_its_own_area_of_the_whole_and_the_whole_covers_all_of_it(
    cat: Image.Image, left: int, top: int, width: int, height: int
) -> None:
    a = np.asarray(cat)
    crop = cropped(a, left, top, width, height)
    assert area(polygon(a.shape, crop.pixels.shape, crop.to_source)) == pytest.approx(width * height)
    assert area(polygon(crop.pixels.shape, a.shape, inverse(crop.to_source))) == pytest.approx(width * height)


def test_frames_side_by_side_share_nothing() -> None:
    plane = np.zeros((50, 100), np.uint8)
    for gone in (100.5, 130.0, 900.0):
        beside = np.array([[1, 0, gone], [0, 1, 0], [0, 0, 1]])
        assert overlaid(plane, plane, beside, MUCH) is None


def test_half_of_two_frames_overlap_where_one_is_moved_by_half_its_width() -> None:
    a = np.zeros((60, 100), np.uint8)
    found = overlaid(a, a, np.array([[1, 0, 50.0], [0, 1, 0], [0, 0, 1]]), MUCH)
    assert found is not None and (found.part_a, found.part_b) == pytest.approx((0.5, 0.5))


def test_an_exact_crop_is_equal_pixel_by_pixel_either_way_round(cat: Image.Image) -> None:
    a = np.asarray(cat)
    crop = cropped(a, 101, 53, 222, 160)
    for found in (
        laid(a, crop),
        laid(crop.pixels, Altered(a, inverse(crop.to_source))),
    ):
        assert found.one.shape == found.two.shape == crop.pixels.shape
        assert np.array_equal(found.one, found.two) and np.array_equal(found.one, crop.pixels)
        assert found.inside[2:-2, 2:-2].all()


def test_a_mirrored_picture_is_equal_pixel_by_pixel(cat: Image.Image) -> None:
    a = np.asarray(cat)
    found = laid(a, mirrored(a))
    ground = a if found.on_a else mirrored(a).pixels
    assert np.array_equal(found.one, ground) and np.array_equal(found.two, ground)


def test_the_parts_are_the_shares_of_either_picture(cat: Image.Image) -> None:
    a = np.asarray(cat)
    share = (451 * 300) / (531 * 380)
    border, crop = laid(a, bordered(a, 40)), laid(a, cropped(a, 50, 50, 200, 150))
    assert (border.part_a, border.part_b) == pytest.approx((1, share))
    assert (crop.part_a, crop.part_b) == pytest.approx((200 * 150 / (451 * 300), 1))


def test_the_finer_picture_is_moved_onto_the_coarser_whichever_it_is(cat: Image.Image) -> None:
    large = np.asarray(cat)
    small = np.asarray(cat.resize((226, 150), Image.Resampling.BOX))
    onto_b = laid(large, Altered(small, scaling(small.shape, large.shape)))
    assert not onto_b.on_a and np.array_equal(onto_b.two, small)
    onto_a = laid(small, Altered(large, scaling(large.shape, small.shape)))
    assert onto_a.on_a and np.array_equal(onto_a.one, small)
    for found in (onto_a, onto_b):
        assert found.one.shape == found.two.shape == small.shape
        off = np.abs(found.one.astype(int) - found.two)[found.inside]
        assert off.mean() < 2.5


@pytest.mark.parametrize("make", [whole, mirrored, seen_from_the_side, lambda p: turned(p, 7)])
def test_what_the_overlay_shows_is_a_at_the_place_that_to_a_names(cat: Image.Image, make: object) -> None:
    a = np.asarray(cat.resize((902, 600), Image.Resampling.BICUBIC))
    copy: Altered = make(a)  # type: ignore[operator]
    for pixels in (MUCH, 60_000):
        found = laid(a, copy, pixels)
        assert found.one.shape[0] * found.one.shape[1] <= pixels * 1.02
        size = (found.one.shape[1], found.one.shape[0])
        shown = cv2.warpPerspective(a, inverse(found.to_a), size, flags=cv2.INTER_AREA)
        inner = cv2.erode(found.inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        for side in (found.one, found.two):
            off = cv2.absdiff(cv2.GaussianBlur(side, (0, 0), 2), cv2.GaussianBlur(shown, (0, 0), 2))
            assert off[inner].mean() < 2.0


def test_to_a_takes_the_corners_of_a_box_to_those_of_the_same_box_in_a(cat: Image.Image) -> None:
    a = np.asarray(cat)
    ground = np.zeros((600, 800, 3), np.uint8)
    b = placed(a, ground, 300, 120, 200)
    found = laid(a, b)
    scale = 200 / 451
    box = np.array([[[10.0, 20.0], [110.0, 80.0]]])
    in_a = cv2.perspectiveTransform(box, found.to_a)[0]
    assert np.allclose(in_a, (box[0] + 0.5) / scale - 0.5, atol=1.5)


def test_a_step_of_the_moved_picture_is_a_step_of_the_map_either_way_round(cat: Image.Image) -> None:
    a = np.asarray(cat)
    small = np.asarray(cat.resize((226, 150), Image.Resampling.BOX))
    for one, copy in (
        (a, Altered(small, scaling(small.shape, a.shape))),
        (small, Altered(a, scaling(a.shape, small.shape))),
    ):
        off = np.array([[1, 0, 2.5], [0, 1, -1.5], [0, 0, 1]]) @ copy.to_source
        wrong = laid(one, Altered(copy.pixels, off))
        # Where the moved picture should be drawn, seen from where it was drawn.
        truth = copy.to_source @ inverse(off)
        in_overlay = inverse(wrong.to_a) @ truth @ wrong.to_a
        step = in_overlay if wrong.on_a else inverse(in_overlay)
        corrected = wrong.corrected(step)
        assert np.allclose(corrected, copy.to_source / copy.to_source[2, 2], atol=1e-9)


def test_a_picture_moved_by_nothing_is_itself_and_one_moved_out_of_sight_is_nowhere(cat: Image.Image) -> None:
    a = np.asarray(cat)
    shown, inside = moved(a, np.eye(3), a.shape)
    assert np.array_equal(shown, a) and inside.all()
    _, inside = moved(a, np.array([[1, 0, 5000.0], [0, 1, 0], [0, 0, 1]]), a.shape)
    assert not inside.any()


@pytest.mark.parametrize("factor", [2, 3, 5, 11])
def test_a_picture_that_shrinks_is_smoothed_so_that_it_holds_no_moire(factor: int) -> None:
    fine = np.zeros((660, 660, 3), np.uint8)
    fine[:, ::2] = 255
    small, _ = moved(fine, scaling((660, 660), (660 // factor,) * 2), (660 // factor, 660 // factor))
    inner = small[4:-4, 4:-4].astype(int)
    assert np.abs(inner - 127.5).max() < 40


def test_grey_pictures_are_laid_on_each_other_as_well(cat: Image.Image) -> None:
    a = np.asarray(cat.convert("L"))
    crop = np.ascontiguousarray(a[50:200, 60:300])
    found = overlaid(a, crop, np.array([[1, 0, 60.0], [0, 1, 50], [0, 0, 1]]), MUCH)
    assert found is not None and found.one.ndim == 2 and np.array_equal(found.one, found.two)
