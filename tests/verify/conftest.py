"""Pixels of real photographs for the tests of verification."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

Pixels: TypeAlias = NDArray[np.uint8]


def saved(image: Image.Image, kind: str = "JPEG", /, **options: object) -> bytes:
    """Return the bytes of `image` as a file of `kind`."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="session")
def cat(chelsea: Path) -> Image.Image:
    """Return the cat, 451x300, RGB."""
    with Image.open(chelsea) as image:
        return image.convert("RGB")


@pytest.fixture(scope="session")
def cup(coffee: Path) -> Image.Image:
    """Return the cup, 600x400, RGB."""
    with Image.open(coffee) as image:
        return image.convert("RGB")


@pytest.fixture(scope="session")
def pixels(photos: dict[str, Path]) -> dict[str, Pixels]:
    """Return the six photographs by their stem, (height, width, 3), as their files hold them."""
    found = {}
    for stem, path in photos.items():
        with Image.open(path) as image:
            found[stem] = np.asarray(image.convert("RGB"))
    return found
