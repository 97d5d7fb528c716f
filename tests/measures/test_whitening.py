"""The whitening filter is the published one; correlation after it parts what plain correlation mixes up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samepic.arrays import Pixels
from samepic.measures.classical import Float, lumas, whiten, whitened_measures, working_square
from tests.measures.pictures import ANY, drawing, flat, scene

SCENES = st.integers(0, 10_000).map(scene)


def mirrored_filter(samples: Float) -> np.ndarray:
    """Filter with complex transforms of the picture continued as in a mirror, and return its own part."""
    from scipy import fft

    height, width = samples.shape
    whole = np.pad(samples.astype(np.float64), ((0, height), (0, width)), mode="symmetric")
    cycles = 512 * np.hypot(fft.fftfreq(2 * height)[:, None], fft.fftfreq(2 * width)[None, :])
    gain = cycles * np.exp(-((cycles / 200) ** 4))
    every = np.linspace(0, 300, 300_001)
    gain /= np.max(every * np.exp(-((every / 200) ** 4)))
    return np.asarray(fft.ifft2(fft.fft2(whole) * gain).real[:height, :width])


def test_correlation_and_rms_are_those_of_an_independent_filter_in_the_plane() -> None:
    from scipy import signal

    a, b = scene(1, 300, 200), scene(1, 300, 200)
    b[50:150] = scene(2, 300, 200)[50:150]
    left, right = (mirrored_filter(working_square(lumas(picture)[0])) for picture in (a, b))
    correlation, rms = whitened_measures(a, b)
    product = signal.correlate(left, right, mode="valid")[0, 0]
    assert correlation == pytest.approx(product / np.sqrt(np.sum(left**2) * np.sum(right**2)), abs=1e-4)
    assert correlation == pytest.approx(np.corrcoef(left.ravel(), right.ravel())[0, 1], abs=1e-3)
    assert rms == pytest.approx(float(np.sqrt(np.mean((left - right) ** 2))), rel=1e-3)


def test_a_wave_at_the_peak_keeps_its_height_and_a_finer_one_vanishes() -> None:
    across = np.arange(256) + 0.5
    waves = [np.tile(np.cos(np.pi * k * across / 256), (256, 1)).astype(np.float32) for k in (141, 245)]
    peak, finer = (float(np.sqrt(np.sum(whiten(wave) ** 2) / np.sum(wave**2))) for wave in waves)
    assert peak == pytest.approx(1, abs=1e-3)
    assert finer < 0.25


@given(SCENES, SCENES)
def test_it_is_symmetric_and_in_range_and_a_picture_is_equal_to_itself(a: Pixels, b: Pixels) -> None:
    assert whitened_measures(a, a) == pytest.approx((1, 0), abs=1e-5)
    assert whitened_measures(a, b) == pytest.approx(whitened_measures(b, a))
    correlation, rms = whitened_measures(a, b)
    assert -1 <= correlation <= 1
    assert rms >= 0


@given(ANY, ANY)
def test_it_has_a_value_in_range_or_none_for_any_two_pictures(a: Pixels, b: Pixels) -> None:
    correlation, rms = whitened_measures(a, b)
    assert math.isnan(correlation) or -1 <= correlation <= 1
    assert math.isfinite(rms)


def test_it_hardly_depends_on_the_size() -> None:
    a = scene(1, 512, 512)
    half = a.reshape(256, 2, 256, 2, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    correlation, rms = whitened_measures(a, half)
    assert correlation > 0.99
    assert rms < 0.5


def test_two_pictures_bright_above_and_dark_below_are_told_apart_though_plain_correlation_is_high() -> None:
    ramp = np.linspace(200, 0, 200)[:, None, None]
    grain = [np.random.default_rng(seed).integers(0, 50, (200, 300, 3)) for seed in (1, 2)]
    a, b = ((ramp + noise).astype(np.uint8) for noise in grain)
    plain = np.corrcoef(lumas(a)[0].ravel(), lumas(b)[0].ravel())[0, 1]
    assert plain > 0.9
    assert abs(whitened_measures(a, b)[0]) < 0.2


def test_flat_pictures_have_no_correlation_and_a_flat_one_has_none_with_a_scene() -> None:
    assert math.isnan(whitened_measures(flat(10), flat(200))[0])
    assert whitened_measures(flat(10), scene(1))[0] == 0


def test_drawings_in_black_ink_are_told_apart_on_white() -> None:
    assert whitened_measures(drawing(1), drawing(2))[0] < 0.3
    assert whitened_measures(drawing(1), drawing(1))[0] == pytest.approx(1)
