"""Pictures as files, and files as pictures."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

__all__ = ["opened", "saved"]


def saved(image: Image.Image, kind: str = "JPEG", /, **options: object) -> bytes:
    """Return the bytes of `image` as a file of `kind`."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(path: Path) -> Image.Image:
    """Return a photograph as RGB, its file closed."""
    with Image.open(path) as image:
        return image.convert("RGB")
