"""A cutoff lets no more distinct pairs pass than it may, and its intervals are honest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cutoffs import ALLOWED, Distinct, calibrate, strict_cutoff
from samepic.calibration.statistics import wilson


@given(st.lists(st.integers(0, 9), min_size=5, max_size=40), st.integers(0, 4))
def test_no_more_than_allowed_pass_and_the_next_value_up_would_be_too_many(
    costs: list[int], allowed: int
) -> None:
    values = np.array(costs, np.float64)
    cutoff = strict_cutoff(values, allowed)
    assert np.sum(values <= cutoff) <= allowed
    above = values[values > cutoff]
    assert np.sum(values <= above.min()) > allowed


def test_wilsons_interval_is_the_published_one() -> None:
    assert wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == pytest.approx(1)
    assert 0 < wilson(1, 10)[0] < 0.1 < wilson(1, 10)[1]


@pytest.mark.parametrize("lower", [True, False])
def test_a_measure_that_parts_both_kinds_gets_a_cutoff_between_them(lower: bool) -> None:
    n = 300
    first, second = np.triu_indices(n, 1)
    random = np.random.default_rng(5)
    sign = 1 if lower else -1
    distinct = Distinct(sign * random.normal(10, 1, len(first)), first, second, n)
    resaves = sign * random.normal(2, 1, (n, 4))
    cutoff = calibrate("rms_distance", lower, distinct, resaves, 1)
    # a normal distribution has 1 in 10 000 below 3.72 standard deviations
    assert sign * cutoff.value == pytest.approx(10 - 3.72, abs=0.3)
    assert cutoff.interval[0] <= cutoff.value <= cutoff.interval[1]
    assert cutoff.wrong <= ALLOWED * cutoff.pairs
    assert cutoff.found > 0.999
    assert cutoff.resaves == 4 * n


def test_a_measure_that_parts_nothing_finds_next_to_nothing() -> None:
    n = 300
    first, second = np.triu_indices(n, 1)
    random = np.random.default_rng(5)
    distinct = Distinct(random.random(len(first)), first, second, n)
    cutoff = calibrate("rms_distance", True, distinct, random.random((n, 4)), 1)
    assert cutoff.found < 0.01
    assert cutoff.found_interval[1] > 0


def test_an_infinite_value_never_passes() -> None:
    n = 200
    first, second = np.triu_indices(n, 1)
    values = np.linspace(1, 2, len(first))
    resaves = np.full((n, 1), math.inf)
    cutoff = calibrate("kullback_leibler", True, Distinct(values, first, second, n), resaves, 1)
    assert cutoff.found == 0
    assert math.isfinite(cutoff.value)
