"""The rectangle in which two pictures agree: found where it stands apart, as in a collage, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from samepic.tuning.verify import ALIGN
from samepic.verify.align import Planes, agreeing_rectangle, align
from tests.verify.conftest import Pixels

Floats = NDArray[np.float32]


def correlations(top: int, low: int, left: int, right: int, within: float = 0.95) -> Floats:
    """Return local correlations of 200 x 320 that agree in a rectangle and nowhere else."""
    found = np.full((200, 320), 0.05, np.float32)
    found[top:low, left:right] = within
    return found


def everywhere() -> NDArray[np.bool_]:
    """Return a mask in which every place is informative."""
    return np.ones((200, 320), np.bool_)


@pytest.mark.parametrize("box", [(0, 200, 80, 240), (0, 96, 0, 320), (40, 160, 80, 240), (0, 104, 0, 160)])
def test_the_rectangle_that_agrees_is_found_to_a_few_pixels(box: tuple[int, int, int, int]) -> None:
    found = agreeing_rectangle(correlations(*box), everywhere())
    assert found is not None
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    edges = (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    assert np.abs(np.array(edges) - box).max() <= 8


def test_pictures_that_agree_everywhere_have_no_such_rectangle() -> None:
    assert agreeing_rectangle(correlations(0, 200, 0, 320), everywhere()) is None


def test_a_small_rectangle_is_chance() -> None:
    assert agreeing_rectangle(correlations(40, 80, 80, 130), everywhere()) is None


def test_what_agrees_here_and_there_is_no_rectangle() -> None:
    rng = np.random.default_rng(2)
    found = np.repeat(np.repeat(rng.random((10, 16)), 20, axis=0), 20, axis=1)
    assert agreeing_rectangle(np.where(found > 0.5, 0.95, 0.05).astype(np.float32), everywhere()) is None


def test_where_a_third_round_it_agrees_too_it_does_not_stand_apart() -> None:
    found = correlations(0, 200, 80, 240)
    found[::3] = 0.95
    assert agreeing_rectangle(found, everywhere()) is None


def collage(rgb: Pixels, other: Pixels, width: int = 200, height: int = 300) -> Pixels:
    """Return the middle of a picture as the left half of a collage, a piece of another as its right half."""
    scale = max(width / rgb.shape[1], height / rgb.shape[0])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    y, x = (small.shape[0] - height) // 2, (small.shape[1] - width) // 2
    piece = cv2.resize(other[100:400, 100:400], (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.hstack([small[y : y + height, x : x + width], piece]))


@pytest.mark.parametrize("stem", ["chelsea", "coffee"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_tile_of_a_collage_fits_to_a_part_of_a_pixel(
    pixels: dict[str, Pixels], stem: str, swapped: bool
) -> None:
    pair = (pixels[stem], collage(pixels[stem], pixels["hubble"]))
    found = align(Planes(*pair[::-1]) if swapped else Planes(*pair))
    assert found is not None and found.tiled
    assert found.shift < ALIGN.fine_shift and found.low < 0.05
