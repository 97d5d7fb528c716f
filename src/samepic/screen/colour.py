"""How far two colours are apart for a person: OKLab."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["TABLES", "distances", "oklab"]

Floats: TypeAlias = NDArray[np.float64]

_TO_CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
_TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip
_TOE = np.array([0.206, 0.03, 1.206 / 1.03])


def _linear() -> Floats:
    """Return the light of each level of sRGB (IEC 61966-2-1), 0 to 1."""
    level = np.arange(256) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


_CONES: Floats = _TO_CONES[:, :, None] * _linear()
TABLES: Floats = np.concatenate([_CONES.ravel(), _TO_LAB.ravel(), _TOE])
"""What the native part reckons OKLab by: tables from levels to cones, the matrix to OKLab, the three of the toe."""


def oklab(pixels: NDArray[np.uint8]) -> Floats:
    """Return (..., 3) lightness and two opponent colours of (..., 3) sRGB: 0 to 1, and about -0.4 to 0.4.

    Ottosson, "A perceptual color space for image processing", 2020; the lightness is that of his "Okhsv and Okhsl",
    2021, whose toe makes dark levels as far apart as they look.
    """
    red, green, blue = (pixels[..., band] for band in range(3))
    cones = [np.cbrt(table[0][red] + table[1][green] + table[2][blue]) for table in _CONES]
    lab: Any = np.stack(cones, axis=-1) @ _TO_LAB.T
    k1, k2, k3 = _TOE
    over = k3 * lab[..., 0] - k1
    lab[..., 0] = 0.5 * (over + np.sqrt(over * over + 4 * k2 * k3 * lab[..., 0]))
    return np.asarray(lab, np.float64)


def distances(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Floats:
    """Return (...) distances of (..., 3) colours in OKLab: 0 to about 1, which is black against white."""
    return np.asarray(np.linalg.norm(oklab(a) - oklab(b), axis=-1), np.float64)
