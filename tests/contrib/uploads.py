"""Uploads for the tests of the web parts: photographs as their bytes, and what people make of them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

__all__ = ["CAT", "PHOTOS", "ROCKET", "cropped", "refused_until_deleted", "saved_again"]

ROOT = Path(__file__).parent.parent.parent
PHOTOS = ROOT / "examples" / "photos"
ROCKET, CAT = (PHOTOS / "rocket.jpg").read_bytes(), (PHOTOS / "chelsea.png").read_bytes()


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


def refused_until_deleted(
    upload: Callable[[bytes], Any], delete: Callable[[Any], Any], statuses: tuple[int, int, int]
) -> tuple[Any, Any]:
    """Assert that a copy is refused until its picture is deleted; return the answers to the first and to the copy.

    The statuses are of what was added, of a copy that was not, and of what was deleted.
    """
    added, refused, deleted = statuses
    first = upload(ROCKET)
    assert first.status_code == added
    again = upload(saved_again())
    assert again.status_code == refused
    assert "This picture has already been uploaded" in again.text
    assert upload(CAT).status_code == added
    assert delete(first).status_code == deleted
    assert upload(saved_again()).status_code == added
    return first, again
