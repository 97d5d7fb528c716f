"""The ways in which programs make a picture smaller or larger, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.profiles import JUDGE

__all__ = ["SCALINGS", "Scaling", "scaled_rows"]

Pixels: TypeAlias = NDArray[np.uint8]
Scaling: TypeAlias = Callable[[Pixels, tuple[int, int]], Pixels]


def _pillow(rgb: Pixels, size: tuple[int, int], how: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(rgb).resize(size, how), np.uint8)


def _opencv(rgb: Pixels, size: tuple[int, int], how: int) -> Pixels:
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


_PILLOW = MappingProxyType(
    {
        "Lanczos": Image.Resampling.LANCZOS,
        "bicubic": Image.Resampling.BICUBIC,
        "bilinear": Image.Resampling.BILINEAR,
        "box": Image.Resampling.BOX,
    }
)
_SUPPORT = 3  # pixels, of the widest of these kernels

SCALINGS: MappingProxyType[str, Scaling] = MappingProxyType(
    {
        **{name: partial(_pillow, how=how) for name, how in _PILLOW.items()},
        "area": partial(_opencv, how=cv2.INTER_AREA),
        "bilinear without smoothing": partial(_opencv, how=cv2.INTER_LINEAR),
        "bicubic without smoothing": partial(_opencv, how=cv2.INTER_CUBIC),
    }
)
"""From (picture, (width, height)) to the picture at that size: Pillow's kernels, which smooth as they shrink, and
OpenCV's, of which all but the area means do not."""


def scaled_rows(rgb: Pixels, size: tuple[int, int], name: str, rows: slice) -> Pixels:
    """Return some rows of `SCALINGS[name](rgb, size)`; Pillow's kernels need not make the others for it."""
    how = _PILLOW.get(name)
    scale = rgb.shape[0] / size[1]
    # Near its own size some rows made alone came out otherwise than in the whole.
    if how is None or abs(scale - 1) < JUDGE.near_size:
        return SCALINGS[name](rgb, size)[rows]
    reach = math.ceil(_SUPPORT * max(1.0, scale)) + 1
    top, low = rows.start * scale, rows.stop * scale
    first, last = max(0, math.floor(top) - reach), min(rgb.shape[0], math.ceil(low) + reach)
    part = Image.fromarray(np.ascontiguousarray(rgb[first:last]))
    box = (0.0, top - first, float(rgb.shape[1]), low - first)
    return np.asarray(part.resize((size[0], rows.stop - rows.start), how, box), np.uint8)
