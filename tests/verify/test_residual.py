"""What is left of a pair: coding is explained, a small change is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from samepic.picture import load
from samepic.profiles import JUDGE
from samepic.verify.residual import energies, measure_residual, regions_of
from tests.verify.conftest import Pixels, saved


def slow_energies(a: Pixels, b: Pixels) -> Pixels:
    """The oracle: each window of two by two cells of 4 x 4 pixels, one after the other."""
    diff = a.astype(np.float64) - b
    rows, columns = diff.shape[0] // 4, diff.shape[1] // 4
    out = np.zeros((rows, columns, 3))
    for y in range(1, rows):
        for x in range(1, columns):
            window = diff[4 * (y - 1) : 4 * (y + 1), 4 * (x - 1) : 4 * (x + 1)]
            signed = np.abs(window.mean(axis=(0, 1)))
            out[y, x] = np.abs(window[..., 0]).mean(), signed[0], signed[1:].max()
    return out


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_energies_equal_the_slow_oracle(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, 4 * rows, 4 * columns, 3)).astype(np.uint8)
    wanted = slow_energies(a, b)[1:, 1:]
    assert np.allclose(energies(a, b)[1:, 1:], wanted, atol=1e-3)


@pytest.mark.parametrize("quality", [95, 75, 50, 30])
def test_what_jpeg_does_is_explained(cat: Image.Image, quality: int) -> None:
    a, b = np.asarray(cat), load(saved(cat, quality=quality)).rgb
    assert measure_residual(a, b).peak < JUDGE.unexplained


def test_a_small_patch_of_a_thousandth_of_the_frame_is_not_explained_and_is_boxed(cat: Image.Image) -> None:
    changed = cat.copy()
    changed.paste((200, 30, 30), (100, 80, 112, 92))
    b = load(saved(changed, quality=85)).rgb
    residual = measure_residual(np.asarray(cat), b)
    (box,) = regions_of(residual, b.shape[:2])
    assert residual.peak > JUDGE.unexplained
    assert box.x <= 102 and box.y <= 82 and box.x + box.w >= 110 and box.y + box.h >= 90
    assert box.w * box.h < 40 * 40


def test_equal_pictures_leave_nothing(cat: Image.Image) -> None:
    a = np.asarray(cat)
    residual = measure_residual(a, a.copy())
    assert residual.peak == 0.0 and residual.explained == 1.0 and regions_of(residual, a.shape[:2]) == ()
