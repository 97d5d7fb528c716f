"""Rescaling: the published fit where there is no prior; little moves where pairs are few or perfectly parted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samepic.calibration.statistics import LEAST_SLOPE, fit_line, fit_rescaling
from samepic.profile import CLAMP, Profile

# The O-rings of 23 flights of the space shuttle. S. R. Dalal, E. B. Fowlkes and B. Hoadley, Risk analysis of the space
# shuttle, JASA 84, 1989: joint temperature in Fahrenheit, and whether a ring was damaged. R's
# glm(damaged ~ temperature, binomial) gives 15.0429 - 0.2322 temperature.
TEMPERATURES = (66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58)
DAMAGED = (0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1)

labelled = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def test_without_a_prior_the_line_is_the_published_logistic_regression() -> None:
    x, labels = np.array(TEMPERATURES, np.float64), np.array(DAMAGED, np.float64)
    slope, intercept = fit_line(-x, labels, (math.inf, math.inf))
    assert (slope, intercept) == pytest.approx((0.2322, 15.0429), abs=6e-5)


@given(labelled)
def test_the_line_is_the_best_that_another_method_finds(pairs: list[tuple[float, bool]]) -> None:
    from scipy.optimize import minimize

    least = CLAMP
    held = np.clip([p for p, _ in pairs], least, 1 - least)
    x, labels = np.log(held / (1 - held)), np.array([float(label) for _, label in pairs])
    spreads = np.array([0.5, 2.0])

    def loss(line: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        z = line[0] * x + line[1]
        prior = np.sum(((line - (1.0, 0.0)) / spreads) ** 2) / 2
        return float(np.sum(np.logaddexp(0, z) - labels * z) + prior)

    found = loss(np.array(fit_line(x, labels, (0.5, 2.0))))
    assert found <= loss(minimize(loss, [1.0, 0.0], method="Nelder-Mead").x) + 1e-9


def test_no_pairs_rescale_nothing() -> None:
    assert fit_rescaling([], []) == (1.0, 0.0)


@pytest.mark.parametrize("pairs", [1, 4, 40, 4000])
def test_perfectly_parted_pairs_do_not_explode(pairs: int) -> None:
    """Without a prior the slope would be infinite. Four pairs of each kind move 0.995 by less than 0.003."""
    slope, intercept = fit_rescaling([0.995] * pairs + [0.01] * pairs, [True] * pairs + [False] * pairs)
    assert 1 <= slope < 3
    assert abs(intercept) < 1
    if pairs <= 4:
        assert Profile(slope=slope, intercept=intercept).rescaled(0.995) == pytest.approx(0.995, abs=0.003)


def test_probabilities_that_are_right_stay_as_they_are() -> None:
    stated = [p for p in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98) for _ in range(100)]
    same = [number < p * 100 for p in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98) for number in range(100)]
    assert fit_rescaling(stated, same) == pytest.approx((1, 0), abs=0.02)


def test_probabilities_that_are_too_bold_are_drawn_in() -> None:
    """Of pairs stated at 0.99 nine in ten are the same, of those at 0.01 one in ten."""
    stated = [0.99] * 1000 + [0.01] * 1000
    same = [number % 10 != 0 for number in range(1000)] + [number % 10 == 0 for number in range(1000)]
    profile = Profile("reframed", 0.0, *fit_rescaling(stated, same))
    assert profile.rescaled(0.99) == pytest.approx(0.9, abs=0.005)
    assert profile.rescaled(0.01) == pytest.approx(0.1, abs=0.005)


@given(labelled)
def test_the_order_of_probabilities_is_never_turned_round(pairs: list[tuple[float, bool]]) -> None:
    slope, intercept = fit_rescaling([p for p, _ in pairs], [label for _, label in pairs])
    assert slope >= LEAST_SLOPE
    profile = Profile(slope=slope, intercept=intercept)
    rescaled = [profile.rescaled(p) for p in sorted(p for p, _ in pairs)]
    assert rescaled == sorted(rescaled)
    assert all(0 <= p <= 1 for p in rescaled)


def test_labels_against_all_that_is_stated_flatten_but_do_not_turn() -> None:
    slope, intercept = fit_rescaling([0.99] * 300 + [0.01] * 300, [False] * 300 + [True] * 300)
    assert slope == LEAST_SLOPE
    assert abs(intercept) < 0.1
