"""Histogram distances agree with Pillow and SciPy, and are as blind as they are said to be."""

from __future__ import annotations

import functools
import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samepic.arrays import Pixels
from samepic.measures import classical
from tests.measures.pictures import ANY, flat, pixels, scene

FULL = st.integers(0, 10_000).map(lambda seed: scene(seed, 200, 160))


@given(ANY)
def test_counts_are_pillows(a: Pixels) -> None:
    assert classical.histogram(a).tolist() == Image.fromarray(a).histogram()


def test_rms_is_the_recipe_of_the_origin_question() -> None:
    a, b = scene(1), scene(2)
    h1, h2 = Image.fromarray(a).histogram(), Image.fromarray(b).histogram()
    squares = functools.reduce(operator.add, ((one - two) ** 2 for one, two in zip(h1, h2, strict=True)))
    assert classical.histogram_rms(*classical.histograms(a, b)) == pytest.approx(math.sqrt(squares / len(h1)))


@given(FULL, FULL)
def test_divergences_are_scipys(a: Pixels, b: Pixels) -> None:
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import entropy

    h1, h2 = classical.histograms(a, b)
    assert classical.kullback_leibler(h1, h2) == pytest.approx(float(entropy(h1, h2, base=2)), abs=1e-9)
    expected = float(jensenshannon(h1, h2, base=2)) ** 2
    assert classical.jensen_shannon(h1, h2) == pytest.approx(expected, abs=1e-9)


def test_kullback_leibler_is_the_mean_of_the_bands() -> None:
    from scipy.stats import entropy

    counts = np.random.default_rng(1).integers(1, 99, (2, 3, 256))
    counts[..., 0] += 50_000 - counts.sum(axis=2)
    h1, h2 = counts.reshape(2, -1)
    bands = [float(entropy(counts[0, band], counts[1, band], base=2)) for band in range(3)]
    assert classical.kullback_leibler(h1, h2) == pytest.approx(sum(bands) / 3)


def test_kullback_leibler_is_infinite_only_towards_a_picture_that_lacks_a_level() -> None:
    few, more = classical.histograms(flat(10, 2, 2), np.vstack([flat(10, 2, 1), flat(20, 2, 1)]))
    assert classical.kullback_leibler(more, few) == math.inf
    assert classical.kullback_leibler(few, more) == 1
    assert classical.jensen_shannon(few, more) < 1


@given(pixels(st.just(3)), pixels(st.just(3)))
def test_distances_are_zero_for_one_picture_symmetric_and_in_range(a: Pixels, b: Pixels) -> None:
    h1, h2 = classical.histograms(a, b)
    for measure, most in (
        (classical.histogram_rms_normalised, math.sqrt(2 / 256)),
        (classical.jensen_shannon, 1.0),
    ):
        assert measure(h1, h1) == pytest.approx(0, abs=1e-12)
        assert measure(h1, h2) == pytest.approx(measure(h2, h1))
        assert 0 <= measure(h1, h2) <= most + 1e-12
    assert classical.kullback_leibler(h1, h1) == 0
    assert classical.kullback_leibler(h1, h2) >= 0


def test_normalised_distances_do_not_depend_on_the_size_and_the_plain_one_does() -> None:
    a, b = scene(1), scene(2)
    small, large = (
        classical.histograms(a, b),
        classical.histograms(np.tile(a, (2, 2, 1)), np.tile(b, (2, 2, 1))),
    )
    assert classical.histogram_rms_normalised(*small) == pytest.approx(
        classical.histogram_rms_normalised(*large)
    )
    assert classical.jensen_shannon(*small) == pytest.approx(classical.jensen_shannon(*large))
    assert classical.histogram_rms(*large) == pytest.approx(4 * classical.histogram_rms(*small))


def test_colors_with_nothing_in_common_are_as_far_as_it_goes() -> None:
    h1, h2 = classical.histograms(flat(0), flat(255))
    assert classical.jensen_shannon(h1, h2) == 1
    assert classical.histogram_rms_normalised(h1, h2) == pytest.approx(math.sqrt(2 / 256))


def test_shuffled_pixels_are_no_different() -> None:
    a = scene(1)
    shuffled = np.random.default_rng(0).permutation(a.reshape(-1, 3)).reshape(a.shape)
    h1, h2 = classical.histograms(a, shuffled)
    assert classical.histogram_rms(h1, h2) == 0
    assert classical.kullback_leibler(h1, h2) == 0


def test_counts_stay_exact_beyond_what_a_float_can_count() -> None:
    counts = classical.histogram(np.zeros((4097, 4099, 3), np.uint8))
    assert counts[[0, 256, 512]].tolist() == [4097 * 4099] * 3
