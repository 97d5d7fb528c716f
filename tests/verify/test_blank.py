"""Pictures of one color each: other colors are other pictures, one color says nothing."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

import samepic
from samepic.verdict import Relation


@pytest.mark.parametrize(
    "colors", [("red", "blue"), ("white", "black"), ("navy", "black"), ("gray", "orange"), ("lime", "cyan")]
)
@pytest.mark.parametrize("order", [1, -1])
def test_clearly_different_colors_are_different_pictures(colors: tuple[str, str], order: int) -> None:
    a, b = (Image.new("RGB", (200, 150), color) for color in colors[::order])
    verdict = samepic.compare(a, b)
    assert (verdict.relation, verdict.same) == (Relation.DIFFERENT, False)
    assert "color" in verdict.explanation


def test_they_are_in_other_sizes_and_coded_too() -> None:
    a, stream = Image.new("RGB", (300, 200), "red"), io.BytesIO()
    noise = np.random.default_rng(1).normal(0, 2, (150, 200, 3))
    blue = np.clip(noise + np.array((20, 40, 200)), 0, 255).astype(np.uint8)
    Image.fromarray(blue).save(stream, "JPEG", quality=60)
    assert samepic.compare(a, Image.new("RGB", (100, 160), "blue")).same is False
    assert samepic.compare(a.resize((200, 150)), stream.getvalue()).same is False


@pytest.mark.parametrize("levels", [(255, 243), (100, 140), (128, 129)])
def test_shades_that_another_exposure_gives_cannot_be_told(levels: tuple[int, int]) -> None:
    a, b = (Image.new("L", (200, 150), level) for level in levels)
    assert samepic.compare(a, b).same is None


def test_what_is_clear_all_over_has_no_color() -> None:
    a, b = (Image.new("RGBA", (200, 150), color) for color in ((255, 0, 0, 0), (0, 0, 255, 0)))
    assert samepic.compare(a, b).relation is Relation.SAME_PIXELS
    half = Image.new("RGBA", (200, 150), (255, 255, 255, 0))
    assert samepic.compare(half, Image.new("RGB", (200, 150), "white")).same is not False


def ink(kind: str) -> Image.Image:
    """Return a drawing in black on nothing."""
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    if kind == "rays":
        for end in range(0, 100, 5):
            draw.line((50, 50, end, 8), fill="black")
            draw.line((50, 50, end, 92), fill="black")
    else:
        draw.polygon([(0, 25), (48, 5), (48, 45)], fill="black")
        draw.polygon([(52, 50), (98, 30), (98, 70)], fill="black")
    return image


@pytest.mark.parametrize("order", [1, -1])
def test_black_ink_on_nothing_is_no_other_drawing(order: int) -> None:
    """On a black ground it is a black frame, which was taken for a darker copy of anything."""
    opaque = Image.new("RGB", (100, 100), "white")
    opaque.paste(ink("stars"), mask=ink("stars"))
    a, b = (ink("rays"), opaque)[::order]
    assert samepic.compare(a, b).relation in (Relation.DIFFERENT, Relation.SIMILAR)
    a, b = (ink("rays"), ink("stars"))[::order]
    assert not samepic.compare(a, b).same
    a, b = (ink("stars"), opaque)[::order]
    assert samepic.compare(a, b).same
