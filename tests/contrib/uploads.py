"""Uploads for the tests of the web parts: photographs as their bytes, and what people make of them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

__all__ = ["PHOTOS", "cropped", "saved_again"]

ROOT = Path(__file__).parent.parent.parent
PHOTOS = ROOT / "examples" / "photos"


def saved_again(name: str = "rocket.jpg", quality: int = 75) -> bytes:
    """Return a photograph as Pillow saves it anew."""
    out = BytesIO()
    with Image.open(PHOTOS / name) as picture:
        picture.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def cropped(name: str = "rocket.jpg") -> bytes:
    """Return a photograph without a tenth at each side."""
    out = BytesIO()
    with Image.open(PHOTOS / name) as picture:
        width, height = picture.size
        box = (width // 10, height // 10, width - width // 10, height - height // 10)
        picture.crop(box).save(out, "PNG")
    return out.getvalue()
