"""Pictures of a few levels only: night shots and fog, in which copies are known and other pictures are not the same."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from samepic.api import compare
from tests.conftest import PHOTOS


def _faint(name: str, low: float, share: float, seed: int) -> Image.Image:
    """Return a photograph of which `share` of the contrast is left above the level `low`, under a sensor's noise."""
    with Image.open(PHOTOS / name) as image:
        rgb = np.asarray(image.convert("RGB").resize((480, 360)), np.float32)
    grain = np.random.default_rng(seed).normal(0, 1.0, rgb.shape)
    return Image.fromarray(np.clip(low + share * rgb + grain, 0, 255).astype(np.uint8))


def _saved(image: Image.Image, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.parametrize("low", [3, 215])
@pytest.mark.parametrize("share", [0.04, 0.05])
def test_a_copy_of_a_faint_picture_is_known(low: int, share: float) -> None:
    shown = _faint("coffee.png", low, share, 1)
    smaller = shown.resize((300, 225), Image.Resampling.LANCZOS).point(lambda level: level * 0.9 + 6)
    assert compare(_saved(shown, quality=90), _saved(smaller, quality=80), visibility=False).same is True


@pytest.mark.parametrize("low", [3, 215])
@pytest.mark.parametrize("other", ["rocket.jpg", "chelsea.png"])
def test_another_faint_picture_is_not_the_same(low: int, other: str) -> None:
    one, two = _faint("coffee.png", low, 0.05, 1), _faint(other, low, 0.05, 2)
    assert compare(_saved(one, quality=90), _saved(two, quality=80), visibility=False).same is not True
