"""Uploads: pictures as bytes, and copies of them as people make them."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance

__all__ = ["captioned", "opened", "resaved"]


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


def _bytes(image: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
