"""Whole frames: which sizes are one frame, and what is blank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samepic.tuning.verify import JUDGE
from samepic.verify.mapping import same_frame, texture


@given(st.integers(16, 6000), st.integers(16, 6000), st.floats(0.05, 1.0))
def test_a_frame_scaled_and_rounded_is_the_same_frame(width: int, height: int, scale: float) -> None:
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    assert same_frame((width, height), small) and same_frame(small, (width, height))


@pytest.mark.parametrize(
    ("a", "b"), [((600, 400), (400, 600)), ((600, 400), (600, 380)), ((800, 600), (400, 310))]
)
def test_another_shape_is_another_frame(a: tuple[int, int], b: tuple[int, int]) -> None:
    assert not same_frame(a, b) and not same_frame(b, a)


def test_a_blank_page_with_noise_and_a_gradient_hold_no_texture_but_a_photograph_does(
    cat: Image.Image,
) -> None:
    rng = np.random.default_rng(7)
    noise = np.clip(rng.normal(250, 1.5, (900, 700, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    slope = np.tile(np.linspace(0, 255, 600).astype(np.uint8)[None, :, None], (400, 1, 3))
    assert texture(noise) < JUDGE.blank_detail
    assert texture(slope) < JUDGE.blank_detail
    assert texture(np.asarray(cat)) > 10 * JUDGE.blank_detail


@given(st.integers(0, 2**32 - 1), st.integers(257, 700), st.integers(257, 700), st.floats(0, 40))
def test_rows_show_enough_texture_only_where_the_whole_picture_does(
    seed: int, height: int, width: int, strength: float
) -> None:
    rng = np.random.default_rng(seed)
    places = rng.random((height // 64 + 1, width // 64 + 1, 1)) * strength + 100
    picture = np.kron(places, np.ones((64, 64, 3)))[:height, :width].astype(np.uint8)
    whole = texture(picture)
    for enough in (JUDGE.blank_detail, JUDGE.some_detail):
        found = texture(picture, enough)
        assert found == whole or enough <= found <= whole + 0.5
