"""OKLab: the published figures, and distances as a person would order them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from samepic.screens.pixels import distances, oklab

# sRGB red, green, blue and white in OKLab, to five digits: CSS Color Module Level 4 (W3C).
PUBLISHED = {
    (255, 0, 0): (0.62796, 0.22486, 0.12585),
    (0, 255, 0): (0.86644, -0.23389, 0.17950),
    (0, 0, 255): (0.45201, -0.03246, -0.31153),
    (255, 255, 255): (1.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
}


def toe(lightness: float) -> float:
    """Return the lightness of okhsl (Ottosson, "Okhsv and Okhsl", 2021)."""
    k1, k2 = 0.206, 0.03
    k3 = (1 + k1) / (1 + k2)
    over = k3 * lightness - k1
    return 0.5 * (over + math.sqrt(over * over + 4 * k2 * k3 * lightness))


@pytest.mark.parametrize("colour", PUBLISHED)
def test_the_published_colours_come_out(colour: tuple[int, int, int]) -> None:
    lightness, a, b = PUBLISHED[colour]
    found = oklab(np.array(colour, np.uint8))
    assert found == pytest.approx((toe(lightness), a, b), abs=2e-5)


def test_black_and_white_are_one_apart_and_equal_colours_nothing() -> None:
    black, white = np.zeros((1, 3), np.uint8), np.full((1, 3), 255, np.uint8)
    assert distances(black, white)[0] == pytest.approx(1, abs=1e-6)
    assert distances(white, white)[0] == 0


def test_ten_levels_of_grey_look_about_as_far_apart_wherever_they_are() -> None:
    greys = np.arange(20, 246, 5, dtype=np.uint8)
    one = np.repeat(greys[:, None], 3, axis=1)
    apart = distances(one, one + np.uint8(10))
    assert 0.8 < apart.min() / apart.max() <= 1
