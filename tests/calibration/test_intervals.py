"""Intervals: the published ones, those of another implementation, and what must hold for any counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samepic.calibration.statistics import clopper_pearson, format_bound, wilson

Interval = Callable[[int, int], tuple[float, float]]

# R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17, 1998, table I:
# hits, trials, method 3 (score, without correction), method 5 (exact)
NEWCOMBE = (
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    trials = draw(st.one_of(st.integers(1, 300), st.integers(1, 600_000)))
    return draw(st.integers(0, trials)), trials


@pytest.mark.parametrize(("hits", "trials", "score", "exact"), NEWCOMBE)
def test_intervals_are_the_published_ones(
    hits: int, trials: int, score: tuple[float, float], exact: tuple[float, float]
) -> None:
    assert wilson(hits, trials) == pytest.approx(score, abs=5.1e-5)
    assert clopper_pearson(hits, trials) == pytest.approx(exact, abs=5.1e-5)


def test_none_of_n_has_the_upper_bound_that_can_be_written_down() -> None:
    for trials in (1, 12, 118, 20_000, 530_965):
        assert clopper_pearson(0, trials) == pytest.approx((0, 1 - 0.025 ** (1 / trials)), rel=1e-8)


@given(counts(), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_the_exact_interval_is_that_of_scipys_beta_distribution(
    hits_trials: tuple[int, int], confidence: float
) -> None:
    from scipy.stats import beta  # takes a second to import

    hits, trials = hits_trials
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, trials - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, trials - hits)) if hits < trials else 1.0
    assert clopper_pearson(hits, trials, confidence) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
@given(counts())
def test_an_interval_holds_the_share_and_mirrors(interval: Interval, hits_trials: tuple[int, int]) -> None:
    hits, trials = hits_trials
    low, high = interval(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1
    assert interval(trials - hits, trials) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
@given(counts(), st.integers(2, 5))
def test_an_interval_rises_with_hits_and_narrows_with_trials(
    interval: Interval, hits_trials: tuple[int, int], more: int
) -> None:
    hits, trials = hits_trials
    low, high = interval(hits, trials)
    if hits < trials:
        above = interval(hits + 1, trials)
        assert low <= above[0]
        assert high <= above[1]
    narrower = interval(hits * more, trials * more)
    assert narrower[1] - narrower[0] < high - low


@given(counts())
def test_the_exact_interval_is_never_narrower_than_its_promise(hits_trials: tuple[int, int]) -> None:
    """The bounds leave at most 2.5 % on either side: checked against the binomial distribution itself."""
    from scipy.stats import binom

    hits, trials = hits_trials
    low, high = clopper_pearson(hits, trials)
    assert hits == 0 or binom.sf(hits - 1, trials, low) <= 0.025 + 1e-6
    assert hits == trials or binom.cdf(hits, trials, high) <= 0.025 + 1e-6


def test_where_nothing_was_tried_everything_is_possible() -> None:
    assert wilson(0, 0) == clopper_pearson(0, 0) == (0, 1)


@pytest.mark.parametrize(
    ("bound", "down", "up"),
    [
        (0.0, "0", "0"),
        (1.0, "100", "100"),
        (0.1611, "16", "17"),
        (0.0312, "3.1", "3.2"),
        (0.00731, "0.73", "0.74"),
        (0.2, "20", "20"),
        (0.9991, "99.91", "99.91"),
    ],
)
def test_a_bound_is_never_rounded_into_its_interval(bound: float, down: str, up: str) -> None:
    assert (format_bound(bound, up=False), format_bound(bound, up=True)) == (down, up)


@given(st.floats(0, 1))
def test_rounding_outward_goes_outward(bound: float) -> None:
    assert float(format_bound(bound, up=False)) <= bound * 100 + 1e-6
    assert float(format_bound(bound, up=True)) >= bound * 100 - 1e-6
