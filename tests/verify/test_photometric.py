"""The photometric fit: a change of tone over all of the picture is found, an edit does not bend it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from samepic.profiles import JUDGE
from samepic.verify.photometric import agreement, coarse, fit_tone
from tests.verify.conftest import Pixels

TONES: dict[str, Callable[[Pixels], Pixels]] = {
    "brighter": lambda p: np.clip(p.astype(float) * 1.2, 0, 255).astype(np.uint8),
    "darker": lambda p: (p * 0.7).astype(np.uint8),
    "gamma": lambda p: (255 * (p / 255) ** 0.7).astype(np.uint8),
    "grey": lambda p: np.repeat((p @ [0.299, 0.587, 0.114]).astype(np.uint8)[..., None], 3, axis=2),
    "warmer": lambda p: np.clip(p * [1.1, 1.0, 0.85], 0, 255).astype(np.uint8),
    "inverted": lambda p: 255 - p,
    "less colour": lambda p: np.asarray(ImageEnhance.Color(Image.fromarray(p)).enhance(0.4)),
    "posterised": lambda p: np.asarray(ImageOps.posterize(Image.fromarray(p), 3)),
}


@pytest.mark.parametrize("name", TONES)
def test_a_change_of_tone_is_fitted(cat: Image.Image, name: str) -> None:
    a = np.asarray(cat)
    first, second = coarse(a), coarse(TONES[name](a))
    tone = fit_tone(first, second)
    assert tone.change > JUDGE.same_tone
    assert agreement(coarse(tone.apply(a)), second) > 0.97
    assert tone.grey == (name == "grey")


def test_coding_is_no_change_of_tone(cat: Image.Image) -> None:
    a = np.asarray(cat)
    noisy = np.clip(a + np.random.default_rng(1).normal(0, 8, a.shape), 0, 255).astype(np.uint8)
    assert fit_tone(coarse(a), coarse(noisy)).matrix is None


def test_a_sticker_on_a_tenth_of_the_frame_does_not_bend_the_fit(cat: Image.Image) -> None:
    a = np.asarray(cat)
    darker = (a * 0.8).astype(np.uint8)
    darker[20:120, 20:155] = (255, 0, 0)
    fitted = fit_tone(coarse(a), coarse(darker)).apply(a).astype(float)
    assert np.abs(fitted[150:] - darker[150:]).mean() < 3


def test_another_picture_does_not_agree_whatever_the_tone(cat: Image.Image, cup: Image.Image) -> None:
    first, second = coarse(np.asarray(cat)), coarse(np.asarray(cup))
    tone = fit_tone(first, second)
    assert agreement(coarse(tone.apply(np.asarray(cat))), second) < JUDGE.apart
