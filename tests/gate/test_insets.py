"""What shows a kept picture among other things is led back to it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from samepic import Gate, Outcome, Relation
from tests.gate.pictures import opened


def page(path: Path, width: int) -> bytes:
    """Return a page of text that shows a picture so many pixels wide."""
    sheet = Image.new("RGB", (900, 700), (250, 249, 245))
    draw = ImageDraw.Draw(sheet)
    for line in range(24):
        draw.text(
            (40, 20 + 28 * line),
            "What happened on Monday, result once more " * 2,
            fill=(40, 40, 40),
            font_size=17,
        )
    shown = opened(path)
    sheet.paste(shown.resize((width, round(width * shown.height / shown.width))), (180, 150))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=85)
    return stream.getvalue()


@pytest.mark.parametrize("width", [380, 420])
def test_a_page_that_shows_a_kept_picture_is_led_back_to_it(
    gate: Gate, photos: dict[str, Path], width: int
) -> None:
    for name, path in photos.items():
        gate.admit(path, name)
    decision = gate.check(page(photos["coffee"], width))
    matches = [decision.match] if decision.match else list(decision.matches)
    assert [(match.key, match.relation) for match in matches] == [("coffee", Relation.REFRAMED)]
    assert decision.outcome is not Outcome.ACCEPTED


@pytest.mark.parametrize("width", [380, 400, 420, 460])
def test_a_page_that_shows_a_kept_picture_waits_for_a_person(
    gate: Gate, photos: dict[str, Path], width: int
) -> None:
    gate.admit(photos["coffee"], "coffee")
    decision = gate.check(page(photos["coffee"], width))
    assert (decision.outcome, [match.key for match in decision.matches]) == (Outcome.REVIEW, ["coffee"])
