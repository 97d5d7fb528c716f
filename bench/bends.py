"""Copies that were bent by a few pixels: by a smooth field, as by a lens, sheared, or stretched in one direction."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.family_base import Pixels
from bench.originals import clear_original
from bench.pairs import SAME_WORDS, Labelled, coded, named_rng
from bench.resaved import swapped

Rng = np.random.Generator
Floats = NDArray[np.float32]

_LEAST_BENT = 160


def _field(shape: tuple[int, ...], rng: Rng) -> Floats:
    """Return smooth shifts in pixels, (h, w, 2), of 1 to 8 at most."""
    count = int(rng.integers(3, 6))
    coarse = rng.uniform(-1, 1, (count, count, 2)).astype(np.float32)
    field = np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
    most = float(np.exp(rng.uniform(0, np.log(8))))
    return field * np.float32(min(most, 0.025 * min(shape[:2])) / np.abs(field).max())


def _lens(shape: tuple[int, ...], rng: Rng) -> Floats:
    """Return the shifts of a lens that draws the corners in or out by 0.5 to 3 %."""
    height, width = shape[:2]
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    away = np.stack([xs - width / 2, ys - height / 2], axis=2)
    far = np.square(away).sum(axis=2, keepdims=True) / ((width / 2) ** 2 + (height / 2) ** 2)
    return np.asarray(away * far * (rng.uniform(0.005, 0.03) * rng.choice([-1, 1])), np.float32)


def bent(rgb: Pixels, rng: Rng) -> tuple[str, Pixels]:
    """Return how the picture was bent, sheared or stretched a little, and the result."""
    height, width = rgb.shape[:2]
    # In small pictures even little of a field makes straight lines wavy.
    ways = ["lens", "shear", "stretch"] + ["field"] * 2 * (min(height, width) >= _LEAST_BENT)
    way = str(rng.choice(ways))
    if way == "stretch":
        by = float(rng.uniform(0.9, 0.985) if rng.random() < 0.5 else rng.uniform(1.015, 1.1))
        size = (round(width * by), height) if rng.random() < 0.5 else (width, round(height * by))
        return way, np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    if way == "shear":
        lean = float(np.tan(np.radians(rng.uniform(0.5, 2) * rng.choice([-1, 1]))))
        across = np.array([[1, lean, -lean * height / 2], [0, 1, 0]])
        down = np.array([[1, 0, 0], [lean, 1, -lean * width / 2]])
        matrix = across if rng.random() < 0.6 else down
        return way, np.asarray(
            cv2.warpAffine(
                rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            ),
            np.uint8,
        )
    shift = _field(rgb.shape, rng) if way == "field" else _lens(rgb.shape, rng)
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    moved = cv2.remap(
        rgb, xs + shift[..., 0], ys + shift[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return way, np.asarray(moved, np.uint8)


def bends(half: str, number: int, name: str) -> Labelled:
    """Return any picture and the same bent by 1 to 8 pixels, as by a lens, sheared or stretched."""
    rng = named_rng(name)
    what, rgb = clear_original(half, number, rng)
    way, out = bent(rgb, rng)
    return swapped("bends", f"{way}, {what}", (coded(rgb, rng), coded(out, rng)), name, SAME_WORDS)
