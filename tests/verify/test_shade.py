"""Light that falls unevenly is taken out; what was painted over does not bend it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from samepic.verify.tone import explains, fit_shade

SIZE = (48, 48)


def surface(seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.uniform(60, 220, SIZE).astype(np.float32)


def light(power: float) -> NDArray[np.float32]:
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    return np.asarray(np.exp(-power * (x * x + y * y) + 0.2 * x), np.float32)


@pytest.mark.parametrize("power", [0.1, 0.3, 0.5])
def test_a_slow_light_is_found_and_explains_what_is_left(power: float) -> None:
    one, weights = surface(1), np.ones(SIZE, np.float32)
    two = np.asarray(one * light(power), np.float32)
    shade = fit_shade(one, two, weights)
    assert shade is not None
    assert shade.strength > 0.1
    assert explains(one, one * shade.field(SIZE), two, weights) < 0.2


def test_a_part_that_was_painted_over_does_not_bend_the_light() -> None:
    one, weights = surface(2), np.ones(SIZE, np.float32)
    even = np.asarray(one * light(0.3), np.float32)
    two = even.copy()
    two[5:20, 8:24] = 10
    shade = fit_shade(one, two, weights)
    assert shade is not None
    left = np.abs(one * shade.field(SIZE) - even)
    assert float(np.percentile(left, 90)) < 12
    assert float(np.median(np.abs(one * shade.field(SIZE) - two)[5:20, 8:24])) > 40


def test_a_part_in_other_light_is_not_explained() -> None:
    one, weights = surface(3), np.ones(SIZE, np.float32)
    two = one.copy()
    two[:, 24:] *= np.float32(0.5)
    shade = fit_shade(one, two, weights)
    assert shade is None or explains(one, one * shade.field(SIZE), two, weights) > 0.3


def test_even_light_and_darkness_have_no_shade() -> None:
    one, weights = surface(4), np.ones(SIZE, np.float32)
    assert fit_shade(one, one, weights) is None
    assert fit_shade(one, one * np.float32(1.005), weights) is None
    assert fit_shade(one, one, np.zeros(SIZE, np.float32)) is None
