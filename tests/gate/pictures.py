"""Uploads: pictures as bytes, and copies of them as people make them."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFont

__all__ = ["captioned", "form", "opened", "resaved"]

_WORDS = ("Name", "Street", "Town", "Phone", "Number", "Date", "Account", "Total", "Remarks")


def opened(source: Path | bytes) -> Image.Image:
    """Return a picture in RGB."""
    stream = io.BytesIO(source if isinstance(source, bytes) else source.read_bytes())
    with Image.open(stream) as image:
        return image.convert("RGB")


def resaved(
    source: Path | bytes, kind: str = "JPEG", scale: float = 1, brighter: float = 1, **options: object
) -> bytes:
    """Return a picture saved again, at another size or brightness if wished."""
    image = opened(source)
    if scale != 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)))
    if brighter != 1:
        image = ImageEnhance.Brightness(image).enhance(brighter)
    return _bytes(image, kind, options)


def captioned(source: Path | bytes) -> bytes:
    """Return a picture with a box of another colour pasted over part of it."""
    image = opened(source)
    width, height = image.size
    ImageDraw.Draw(image).rectangle((width // 3, height // 3, width // 2, height // 2), fill=(250, 30, 30))
    return _bytes(image, "JPEG", {"quality": 90})


def form(number: int, height: int = 1200, kind: str = "PNG", **options: object) -> bytes:
    """Return a page of small print, a line of it with a number of six digits."""
    image = Image.new("RGB", (round(height / 1.4), height), (248, 248, 246))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(max(8, height // 75))
    lines = [f"{word}: {1789 * place % 99991} {word.lower()}" for place, word in enumerate(_WORDS)]
    lines[4] = f"Number: {number:06d}"
    for place, line in enumerate(lines):
        draw.text((height * 0.08, height * (0.08 + 0.1 * place)), line, fill=(20, 20, 40), font=font)
    return _bytes(image, kind, options)


def _bytes(image: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
