"""Differences pixel by pixel agree with Pillow's, scikit-image's and the plain formula."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from PIL import Image, ImageChops, ImageStat

from samepic.arrays import Pixels
from samepic.measures import classical
from samepic.measures.classical import to_common_form
from tests.measures.pictures import ANY, flat, scene


def chops(a: Pixels, b: Pixels) -> Image.Image:
    return ImageChops.difference(Image.fromarray(a), Image.fromarray(b))


@pytest.mark.parametrize("bands", [3, 4])
def test_sums_and_means_of_absolute_differences_are_pillows(bands: int) -> None:
    a, b = scene(1, bands=bands), scene(2, bands=bands)
    stat = ImageStat.Stat(chops(a, b))
    assert classical.absolute_difference_sum(a, b) == pytest.approx(stat.sum)
    assert classical.absolute_difference_mean(a, b) == pytest.approx(stat.mean)


@given(ANY, ANY)
def test_the_bounding_box_is_pillows(a: Pixels, b: Pixels) -> None:
    left, right = to_common_form(a, b)
    options = {"alpha_only": False} if left.shape[2] == 4 else {}
    assert classical.difference_box(a, b) == chops(left, right).getbbox(**options)


def test_the_bounding_box_sees_colors_where_pillows_plain_getbbox_sees_alpha_alone() -> None:
    a = scene(1, bands=4)
    a[..., 3] = 255
    b = a.copy()
    b[5, 7, 0] ^= 1
    assert chops(a, b).getbbox() is None
    assert classical.difference_box(a, b) == (7, 5, 8, 6)


@pytest.mark.parametrize("bands", [3, 4])
def test_the_rms_distance_is_the_root_of_the_mean_squared_euclidean_distance(bands: int) -> None:
    a, b = scene(3, bands=bands), scene(4, bands=bands)
    distances = np.linalg.norm(a.astype(float) - b.astype(float), axis=2)
    assert classical.rms_distance(a, b) == pytest.approx(math.sqrt(np.mean(distances**2)))


def test_the_rms_distance_does_not_depend_on_the_size() -> None:
    a, b = scene(3), scene(4)
    tiled = classical.rms_distance(np.tile(a, (2, 3, 1)), np.tile(b, (2, 3, 1)))
    assert tiled == pytest.approx(classical.rms_distance(a, b))


def test_black_and_white_are_the_farthest_apart() -> None:
    white, black = flat(255), flat(0)
    assert classical.rms_distance(white, black) == pytest.approx(255 * math.sqrt(3))
    assert classical.psnr(white, black) == 0
    assert classical.absolute_difference_mean(white, black) == (255, 255, 255)


def test_psnr_is_scikit_images() -> None:
    from skimage import metrics

    peak_signal_noise_ratio: Any = metrics.peak_signal_noise_ratio  # which scikit-image does not type
    a, b = scene(5), scene(6)
    assert classical.psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255))


def test_sums_of_squares_stay_exact_for_a_large_picture() -> None:
    a, b = flat(0, 3000, 2000), flat(255, 3000, 2000)
    assert classical.rms_distance(a, b) == pytest.approx(255 * math.sqrt(3), rel=1e-12)


@given(ANY)
def test_a_picture_is_equal_to_itself(a: Pixels) -> None:
    assert classical.same_pixels(a, a.copy())
    assert classical.difference_box(a, a) is None
    assert classical.rms_distance(a, a) == 0
    assert classical.psnr(a, a) == math.inf
    assert set(classical.absolute_difference_sum(a, a)) == {0}


@given(ANY, ANY)
def test_differences_are_the_same_both_ways_and_stay_in_range(a: Pixels, b: Pixels) -> None:
    distance = classical.rms_distance(a, b)
    assert distance == classical.rms_distance(b, a)
    assert 0 <= distance <= 510
    assert classical.psnr(a, b) == classical.psnr(b, a) >= 0
    assert classical.difference_box(a, b) == classical.difference_box(b, a)
    assert all(0 <= band <= 255 for band in classical.absolute_difference_mean(a, b))


@given(ANY, ANY)
def test_pixels_are_the_same_exactly_if_nothing_differs_at_one_size(a: Pixels, b: Pixels) -> None:
    equal = a.shape[:2] == b.shape[:2] and classical.difference_box(a, b) is None
    assert classical.same_pixels(a, b) == equal


def test_an_opaque_alpha_makes_no_difference_and_another_size_does() -> None:
    a = scene(1)
    assert classical.same_pixels(a, np.dstack([a, np.full(a.shape[:2], 255, np.uint8)]))
    assert not classical.same_pixels(flat(9, 8, 8), flat(9, 9, 8))
