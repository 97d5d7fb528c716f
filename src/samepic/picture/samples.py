"""Samples of every kind -> 8-bit RGB and alpha, by stated rules (docs/formats.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.picture.colour import STRIP, Conversion
from samepic.picture.opened import Pixels

__all__ = ["DEEP", "colour_kind", "from_16_bits", "from_float", "from_integers", "gray_of", "resolve"]

DEEP = frozenset(("I;16", "I;16L", "I;16B", "I;16N", "I", "F"))
_KINDS = {"CMYK": "CMYK", "LAB": "LAB", "1": "L", "L": "L", "LA": "L", "La": "L", **dict.fromkeys(DEEP, "L")}


def colour_kind(mode: str) -> str:
    """Return what a profile for a picture of Pillow's `mode` describes: "L", "RGB", "CMYK" or "LAB"."""
    return _KINDS.get(mode, "RGB")


def from_16_bits(samples: NDArray[np.uint16], white: int = 65535) -> NDArray[np.uint8]:
    """Return round(255 x sample / white): for 16 bits that is the sample divided by 257, rounded."""
    if white == 65535:
        return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.rint(np.minimum(samples, white) * (255 / white)).astype(np.uint8)


def from_float(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Return floats as 8 bits: 0 to 1 times 255, else 0 to 255 rounded, else the range stretched.

    What is not a number is black, infinities are the ends.
    """
    values = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=np.inf, neginf=-np.inf)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if low >= 0 and high <= 1:
        scaled = values * 255
    elif low >= 0 and high <= 255:
        scaled = values
    else:
        scaled = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def from_integers(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 32-bit integers as 8 bits: 0 to 255 as they are, else 0 to 65535 as 16 bits, else stretched."""
    low, high = int(samples.min()), int(samples.max())
    if low >= 0 and high <= 255:
        return samples.astype(np.uint8)
    if low >= 0 and high <= 65535:
        return from_16_bits(samples.astype(np.uint16))
    return np.rint((samples.astype(np.float64) - low) * (255 / (high - low))).astype(np.uint8)


def gray_of(image: Image.Image, white: int = 65535) -> NDArray[np.uint8]:
    """Return the (h, w) uint8 gray of an image of one of the `DEEP` modes."""
    samples = np.asarray(image)
    if image.mode == "F":
        return from_float(samples)
    if image.mode == "I":
        # A PGM of more than 8 bits comes as integers that Pillow has scaled to 16 bits.
        if image.format == "PPM":
            return from_16_bits(np.clip(samples, 0, 65535).astype(np.uint16))
        return from_integers(samples)
    return from_16_bits(samples.astype(np.uint16), white)


def resolve(image: Image.Image, conversion: Conversion, white: int = 65535) -> Pixels:
    """Return the pixels of a loaded Pillow image of any mode, strip by strip to save memory."""
    if image.mode in DEEP:
        return Pixels(conversion.on_array(gray_of(image, white)))
    if image.mode == "La":
        image = image.convert("LA")
    width, height = image.size
    rgb = np.empty((height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if image.has_transparency_data else None
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(height, top + rows)))
        if alpha is not None:
            strip = strip if strip.mode == "RGBA" else strip.convert("RGBA")
            bands = np.frombuffer(strip.getchannel("A").tobytes(), np.uint8)
            alpha[top : top + rows] = bands.reshape(-1, width)
        flat = conversion.to_rgb(strip)
        rgb[top : top + rows] = np.frombuffer(flat.tobytes(), np.uint8).reshape(-1, width, 3)
    return Pixels(rgb, alpha)
