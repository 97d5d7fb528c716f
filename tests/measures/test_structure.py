"""SSIM is that of Wang and others as scikit-image computes it, at the authors' scale."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from samepic.arrays import Pixels
from samepic.measures.classical import lumas, ssim, ssim_scale
from tests.measures.pictures import drawing, flat, scene

SCENES = st.integers(0, 10_000).map(lambda seed: scene(seed, 40, 30))


def structural_similarity(*pictures: NDArray[Any], **options: object) -> float:
    from skimage import metrics

    # scikit-image types some of its functions and not others
    independent: Any = metrics.structural_similarity
    return float(independent(*pictures, **options))


def reference(a: Pixels, b: Pixels) -> float:
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return structural_similarity(lumas(a)[0], lumas(b)[0], **options)


@given(SCENES, SCENES)
def test_it_is_scikit_images(a: Pixels, b: Pixels) -> None:
    assert ssim(a, b) == pytest.approx(reference(a, b), abs=1e-4)


@pytest.mark.parametrize("size", [(61, 1300), (1300, 61)])
def test_it_is_scikit_images_across_the_strips_of_a_long_picture(size: tuple[int, int]) -> None:
    a, b = scene(1, *size), scene(2, *size)
    assert ssim(a, b) == pytest.approx(reference(a, b), abs=1e-4)


def test_a_large_picture_is_judged_at_the_scale_of_its_half() -> None:
    a, b = scene(1, 1024, 512), scene(2, 1024, 512)
    small = [lumas(picture)[0].reshape(256, 2, 512, 2).mean(axis=(1, 3)) for picture in (a, b)]
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    assert ssim(a, b) == pytest.approx(structural_similarity(*small, **options), abs=1e-4)


@pytest.mark.parametrize(
    ("sides", "factor"), [((321, 481), 1), ((512, 768), 2), ((3000, 4000), 12), ((5, 9), 1)]
)
def test_the_scale_brings_the_shorter_side_near_256(sides: tuple[int, int], factor: int) -> None:
    assert ssim_scale(*sides) == factor


@given(SCENES, SCENES)
def test_it_is_one_for_one_picture_symmetric_and_in_range(a: Pixels, b: Pixels) -> None:
    assert ssim(a, a) == pytest.approx(1, abs=1e-6)
    assert ssim(a, b) == pytest.approx(ssim(b, a), abs=1e-6)
    assert -1 <= ssim(a, b) <= 1


def test_the_negative_of_a_picture_is_below_zero() -> None:
    a = scene(1)
    assert ssim(a, 255 - a) < 0


def test_drawings_in_black_ink_are_told_apart_on_white() -> None:
    assert ssim(drawing(1), drawing(2)) < 0.5
    assert ssim(drawing(1), drawing(1)) == pytest.approx(1)


def test_a_picture_smaller_than_the_window_has_no_value() -> None:
    assert math.isnan(ssim(flat(1, 10, 40), flat(1, 10, 40)))
    assert ssim(flat(1, 11, 11), flat(1, 11, 11)) == pytest.approx(1)


def test_two_sizes_of_one_picture_are_near() -> None:
    a = scene(1, 120, 80)
    half = np.ascontiguousarray(a.reshape(40, 2, 60, 2, 3).mean(axis=(1, 3)).round().astype(np.uint8))
    assert ssim(a, half) > 0.99
