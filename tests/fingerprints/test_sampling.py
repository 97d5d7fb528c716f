"""Sampling: the short way agrees with the filters as they are defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from samepic.fingerprints.pdq import SIDE, Reduction, samples
from tests.fingerprints.pictures import textured


def box(line: list[float], window: int) -> list[float]:
    """Return the mean over each pixel's window, which holds one more pixel ahead than behind where it is even."""
    behind, ahead = (window - 1) // 2, window // 2
    windows = (line[max(0, i - behind) : i + ahead + 1] for i in range(len(line)))
    return [sum(part) / len(part) for part in windows]


def sampled(line: list[float]) -> list[float]:
    """Return 64 samples of a line: two boxes, then the pixels in the middle of equal parts. The slow oracle."""
    n = len(line)
    if n != SIDE:
        line = box(box(line, (n + 127) // 128), (n + 127) // 128)
    return [line[int((i + 0.5) * n / SIDE)] for i in range(SIDE)]


def oracle(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    columns = np.array([sampled(list(map(float, row))) for row in luma])
    return np.array([sampled(list(column)) for column in columns.T]).T


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 700), st.integers(1, 12), st.booleans())
def test_samples_are_the_middles_of_the_twice_filtered_picture(long: int, short: int, tall: bool) -> None:
    height, width = (long, short) if tall else (short, long)
    luma = textured(height, width)[..., 1]
    np.testing.assert_allclose(samples(luma, Reduction(height, width)), oracle(luma), atol=2e-3)


@pytest.mark.parametrize("eighths", [1, 2, 4])
def test_samples_of_a_reduced_picture_are_near_those_of_the_full_one(eighths: int) -> None:
    full = textured(1024, 1280)[..., 1]
    step = 8 // eighths
    means = full.reshape(1024 // step, step, 1280 // step, step).mean(axis=(1, 3))
    reduced = np.asarray(np.rint(means), np.uint8)
    taken = samples(reduced, Reduction(1024, 1280, eighths / 8, eighths / 8))
    assert np.abs(taken - samples(full, Reduction(1024, 1280))).mean() < 0.6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(200, 330), (97, 64)])
def test_samples_of_a_stored_picture_are_those_of_the_upright_one(
    orientation: int, size: tuple[int, int]
) -> None:
    stored = textured(*size)[..., 1]
    image = Image.fromarray(stored)
    image.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image))
    assert (upright.shape == size) == (orientation < 5)
    taken = samples(stored, Reduction(*size, orientation=orientation))
    np.testing.assert_allclose(taken, samples(upright, Reduction(*upright.shape)), atol=2e-3)
