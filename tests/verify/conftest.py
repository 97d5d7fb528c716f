"""Pixels of real photographs for the tests of verification."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from samepic.verdict import Region
from samepic.verify.features import Turn

Pixels: TypeAlias = NDArray[np.uint8]


def saved(image: Image.Image, kind: str = "JPEG", /, **options: object) -> bytes:
    """Return the bytes of `image` as a file of `kind`."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def turned_box(turn: Turn, box: Region, width: int, height: int) -> Region:
    """Return where `box`, in a picture of this size, lies once the picture is turned."""
    m = np.array(turn.matrix(width, height)).reshape(3, 3)
    corners = np.array([[box.x, box.y, 1], [box.x + box.w - 1, box.y + box.h - 1, 1]], float) @ m.T
    (x, y), (right, low) = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    return Region(round(x), round(y), round(right - x) + 1, round(low - y) + 1)


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
