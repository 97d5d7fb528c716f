"""Arrows, toggles and letters are signs; photographs and pages are none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

import samepic
from samepic.verify.judge import is_sign
from tests.verify.conftest import Pixels


def arrow(size: int, color: str = "black") -> Image.Image:
    image = Image.new("RGB", (size * 4, size * 4), "white")
    draw = ImageDraw.Draw(image)
    draw.line([size * 0.6, size * 2, size * 3.4, size * 2], fill=color, width=max(4, size // 3))
    draw.line(
        [size * 2.2, size * 0.9, size * 3.4, size * 2, size * 2.2, size * 3.1],
        fill=color,
        width=max(4, size // 3),
    )
    return image.resize((size, size), Image.Resampling.BOX)


@pytest.mark.parametrize("size", [32, 64, 256])
@pytest.mark.parametrize("color", ["black", "#c02020"])
def test_an_arrow_is_a_sign(size: int, color: str) -> None:
    assert is_sign(np.asarray(arrow(size, color)))


def test_photographs_and_pages_are_none(pixels: dict[str, Pixels]) -> None:
    assert not any(is_sign(rgb) for rgb in pixels.values())
    page = Image.new("RGB", (800, 1000), "white")
    draw = ImageDraw.Draw(page)
    for line in range(30):
        draw.text(
            (60, 40 + 30 * line), "The quick brown fox jumps over the lazy dog", fill="black", font_size=22
        )
    assert not is_sign(np.asarray(page))


@pytest.mark.parametrize("size", [64, 200])
def test_a_sign_that_is_equal_only_once_turned_is_similar(size: int) -> None:
    image = arrow(size)
    for turned in (image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), image.rotate(90), image.rotate(180)):
        verdict = samepic.compare(np.asarray(image), np.asarray(turned))
        assert verdict.same is False


def test_a_photograph_that_was_mirrored_is_the_same(pixels: dict[str, Pixels]) -> None:
    rgb = pixels["coffee"]
    assert samepic.compare(rgb, np.ascontiguousarray(rgb[:, ::-1])).relation == "reframed"
