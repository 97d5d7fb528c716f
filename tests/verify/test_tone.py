"""One change of tone is found whatever covers the picture, and what turns hues is no tone."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from samepic.native import native
from samepic.verify.tone import ToneMap, ToneSamples, fit_tone_map, fits_of, fits_plain, planes_of
from tests.verify.conftest import Pixels


def cells(rgb: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return 24 x 24 mean colors in Y, Cr, Cb, (576, 3)."""
    planes = [cv2.resize(p, (24, 24), interpolation=cv2.INTER_AREA).ravel() for p in planes_of(rgb)]
    return np.stack(planes, axis=1).astype(np.float32)


def fitted(a: Pixels, b: Pixels) -> ToneMap:
    return fit_tone_map(cells(a), cells(b), np.ones(576, np.float32))


def left_over(a: Pixels, b: Pixels) -> float:
    """Return the 80th percentile of what the fitted change of tone leaves of luma, in levels."""
    shown = fitted(a, b).apply(*planes_of(a))
    return float(np.percentile(np.abs(shown[0] - planes_of(b)[0]), 80))


@pytest.mark.parametrize("stem", ["astronaut", "chelsea", "coffee"])
@pytest.mark.parametrize("gamma", [0.6, 1.0, 1.7])
@pytest.mark.parametrize("gain", [0.7, 1.0])
def test_gamma_and_contrast_are_found(
    pixels: dict[str, Pixels], stem: str, gamma: float, gain: float
) -> None:
    a = pixels[stem]
    b = np.rint(255 * (a / 255) ** gamma * gain).astype(np.uint8)
    assert left_over(a, b) < 8


def test_nothing_is_found_between_equal_pictures(pixels: dict[str, Pixels]) -> None:
    found = fitted(pixels["coffee"], pixels["coffee"])
    assert found.identity
    assert found.change < 1
    assert found.misfit < 0.5


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.58])
def test_a_cover_does_not_bend_it(pixels: dict[str, Pixels], shade: int, share: float) -> None:
    a = pixels["coffee"]
    b = a.copy()
    b[: round(share * len(b))] = shade
    assert fitted(a, b).change < 12


def test_lost_colors_are_a_change_of_tone(pixels: dict[str, Pixels]) -> None:
    a = pixels["chelsea"]
    gray = np.asarray(cv2.cvtColor(cv2.cvtColor(a, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    found = fitted(a, gray)
    assert abs(found.gain) < 0.1
    assert left_over(a, gray) < 3


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 2, 0)])
def test_channels_that_change_places_are_left_over(pixels: dict[str, Pixels], order: tuple[int, ...]) -> None:
    a = pixels["coffee"]
    b = np.ascontiguousarray(a[..., order])
    shown, wanted = fitted(a, b).apply(*planes_of(a)), planes_of(b)
    off = np.hypot(shown[1] - wanted[1], shown[2] - wanted[2])
    assert float(np.percentile(off, 70)) > 12


def test_a_curve_never_falls(pixels: dict[str, Pixels]) -> None:
    found = fitted(pixels["rocket"], 255 - pixels["rocket"])
    assert bool((np.diff(found.curve) >= -1e-9).all())


CHANGES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "none": lambda s: s,
    "darker": lambda s: s * 0.8 + 10,
    "gray": lambda s: s * (1, 0, 0),
    "half covered": lambda s: np.where(np.arange(len(s))[:, None] < len(s) // 2, (128.0, 0.0, 0.0), s),
    "hues turned": lambda s: s[:, (0, 2, 1)] * (1, 1.5, -1),
    "unrelated": lambda s: s[np.random.default_rng(2).permutation(len(s))],
}


@pytest.mark.skipif(native is None, reason="the native part was not built")
@pytest.mark.parametrize("name", list(CHANGES))
@pytest.mark.parametrize("count", [1, 40, 2304])
def test_fits_are_the_same_with_the_native_part_and_without(name: str, count: int) -> None:
    rng = np.random.default_rng(count)
    source = np.clip(rng.normal((128, 0, 0), 40, (count, 3)), (0, -120, -120), (255, 120, 120))
    target = CHANGES[name](source) + rng.normal(0, 2, (count, 3)) * (name != "gray")
    y, to_y = source[:, 0], target[:, 0]
    c, to_c = source[:, 1] + 1j * source[:, 2], target[:, 1] + 1j * target[:, 2]
    weights = rng.random(count).astype(np.float32)
    weights[1::7] = 0
    pair = ToneSamples(y, c, to_y, to_c, weights)
    apart = np.hypot(to_y - y, np.abs(to_c - c))
    starts = np.stack([np.zeros(count), apart, np.abs(to_y - y - np.median(to_y - y))])
    for fast, slow in zip(fits_of(pair, starts), fits_plain(pair, starts), strict=True):
        assert np.allclose(fast.curve, slow.curve, atol=1e-6)
        for attribute in ("mix", "gain", "tint", "slope", "misfit", "rest", "change", "power"):
            assert np.allclose(getattr(fast, attribute), getattr(slow, attribute), atol=1e-6)
