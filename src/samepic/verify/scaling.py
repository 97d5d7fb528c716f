"""The ways in which programs make a picture smaller or larger, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["SCALINGS", "Scaling"]

Pixels: TypeAlias = NDArray[np.uint8]
Scaling: TypeAlias = Callable[[Pixels, tuple[int, int]], Pixels]


def _pillow(rgb: Pixels, size: tuple[int, int], how: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(rgb).resize(size, how), np.uint8)


def _opencv(rgb: Pixels, size: tuple[int, int], how: int) -> Pixels:
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


SCALINGS: MappingProxyType[str, Scaling] = MappingProxyType(
    {
        "Lanczos": partial(_pillow, how=Image.Resampling.LANCZOS),
        "bicubic": partial(_pillow, how=Image.Resampling.BICUBIC),
        "bilinear": partial(_pillow, how=Image.Resampling.BILINEAR),
        "box": partial(_pillow, how=Image.Resampling.BOX),
        "area": partial(_opencv, how=cv2.INTER_AREA),
        "bilinear without smoothing": partial(_opencv, how=cv2.INTER_LINEAR),
        "bicubic without smoothing": partial(_opencv, how=cv2.INTER_CUBIC),
    }
)
"""From (picture, (width, height)) to the picture at that size: Pillow's kernels, which smooth as they shrink, and
OpenCV's, of which all but the area means do not."""
