"""Arrows, toggles and letters are signs; photographs and pages are none."""

from __future__ import annotations

import io

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


def test_a_plus_is_no_cross() -> None:
    image = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle([118, 40, 138, 216], fill="black")
    draw.rectangle([40, 118, 216, 138], fill="black")
    cross = image.rotate(45, Image.Resampling.BICUBIC, fillcolor="white").resize((64, 64))
    assert samepic.compare(np.asarray(image.resize((64, 64))), np.asarray(cross)).same is False


@pytest.mark.parametrize("quality", [60, 85])
def test_a_small_sign_stays_one_when_saved_lossily(quality: int) -> None:
    image = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle([16, 64, 240, 192], 64, fill="#109050")
    draw.ellipse([126, 74, 230, 182], fill="white")
    held = io.BytesIO()
    image.resize((32, 32), Image.Resampling.BOX).save(held, "JPEG", quality=quality)
    off = image.resize((32, 32), Image.Resampling.BOX).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert is_sign(np.asarray(Image.open(held).convert("RGB")))
    assert samepic.compare(held.getvalue(), np.asarray(off)).same is False
