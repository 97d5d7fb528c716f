"""Two pictures meet at one size by one rule, and only what can be seen counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from samepic.arrays import Pixels
from samepic.errors import SourceError
from samepic.measures.classical import check, lumas, reduced, to_common_form
from tests.measures.pictures import ANY, flat, scene


@given(ANY, ANY)
def test_on_each_axis_the_smaller_size_counts_and_no_alpha_is_dropped(a: Pixels, b: Pixels) -> None:
    left, right = to_common_form(a, b)
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    assert left.shape == right.shape == (height, width, max(a.shape[2], b.shape[2]))


@given(ANY)
def test_pictures_of_one_size_are_left_as_they_are(a: Pixels) -> None:
    left, right = to_common_form(a, a)
    assert np.array_equal(left, a)
    assert np.array_equal(right, a)


def test_shrinking_averages_areas_as_pillows_box_filter_does() -> None:
    a = scene(1, 90, 60)
    ours, _ = to_common_form(a, flat(0, 30, 20))
    theirs = np.asarray(Image.fromarray(a).resize((30, 20), Image.Resampling.BOX), np.int16)
    assert np.abs(ours - theirs).max() <= 1


def test_colors_that_nobody_sees_do_not_bleed_in_when_shrinking() -> None:
    a = np.zeros((2, 2, 4), np.uint8)
    a[:, 0] = (200, 100, 50, 255)
    a[:, 1] = (0, 255, 0, 0)
    shrunk, _ = to_common_form(a, np.zeros((1, 1, 4), np.uint8))
    assert shrunk[0, 0].tolist() == [200, 100, 50, 128]


def test_a_missing_alpha_is_opaque() -> None:
    left, _ = to_common_form(flat(7, 2, 2), np.zeros((2, 2, 4), np.uint8))
    assert left[0, 0].tolist() == [7, 7, 7, 255]


def test_luma_is_pillows_to_one_level() -> None:
    a = scene(2)
    pillow = np.asarray(Image.fromarray(a).convert("L"), np.int16)
    assert np.abs(lumas(a)[0] - pillow).max() <= 1


def test_a_picture_with_alpha_is_seen_on_white_and_on_black() -> None:
    a = scene(3, bands=4)
    image = Image.fromarray(a)
    for ours, ground in zip(lumas(a), ("white", "black"), strict=True):
        laid = Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("L")
        assert np.abs(ours - np.asarray(laid, np.int16)).max() <= 2


def test_reducing_keeps_the_mean_and_enlarging_keeps_a_flat_picture_flat() -> None:
    luma = lumas(scene(4, 96, 64))[0]
    assert reduced(luma, 48, 32).mean() == pytest.approx(luma.mean(), abs=1e-3)
    assert np.all(reduced(lumas(flat(90, 5, 300))[0], 256, 256).round(3) == 90)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32),
    ],
)
def test_what_is_no_picture_is_refused_with_its_shape_or_type(wrong: Pixels) -> None:
    with pytest.raises(SourceError, match=r"expected a uint8 array .* found"):
        check(wrong)
