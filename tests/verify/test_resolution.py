"""Writing that a small picture does not show is found; the fine texture of photographs is not taken for it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from samepic.picture import load
from samepic.tuning.verify import RESOLUTION
from samepic.verify.photometry import unresolved
from tests.gate.pictures import form

SIDE = 320


@pytest.mark.parametrize("height", [500, 800, 1200, 2400, 4000])
def test_small_print_is_lost_on_a_small_picture_whatever_the_size_of_the_page(height: int) -> None:
    assert unresolved(load(form(123456, height)).rgb, SIDE) >= RESOLUTION.unresolved


def test_the_same_is_found_of_a_turned_a_gray_and_a_dark_page() -> None:
    rgb = load(form(123456)).rgb
    gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    whole = unresolved(rgb, SIDE)
    assert unresolved(gray, SIDE) == whole
    for other in (np.rot90(rgb), np.rot90(rgb, 2), 255 - rgb):
        assert unresolved(np.ascontiguousarray(other), SIDE) == pytest.approx(whole, rel=0.3)


def test_nothing_is_lost_where_nothing_is_reduced_and_letters_that_stay_large_are_not() -> None:
    rgb = load(form(123456, 300)).rgb
    assert unresolved(rgb, SIDE) == 0.0
    large = cv2.resize(rgb, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    assert unresolved(np.asarray(large, np.uint8), 900) < RESOLUTION.unresolved


def test_photographs_noise_and_flat_pictures_hold_no_writing(
    coffee: Path, astronaut: Path, chelsea: Path
) -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (900, 900, 3), np.uint8)
    leaves = np.asarray(cv2.GaussianBlur(rng.normal(0, 1, (900, 900)), (0, 0), 1.5), np.float64)
    grass = np.clip(128 + 40 * leaves / leaves.std(), 0, 255).astype(np.uint8)
    pictures = [load(path).rgb for path in (coffee, astronaut, chelsea)]
    pictures += [noise, grass, np.full((900, 900, 3), 250, np.uint8)]
    assert max(unresolved(picture, SIDE) for picture in pictures) < RESOLUTION.unresolved


@pytest.mark.parametrize("shape", [(1, 2000, 3), (2000, 1, 3), (5, 5, 3), (15, 900), (900, 20)])
def test_strips_and_tiny_pictures_are_measured_too(shape: tuple[int, ...]) -> None:
    assert (
        unresolved(np.random.default_rng(2).integers(0, 256, shape, np.uint8), SIDE) < RESOLUTION.unresolved
    )
