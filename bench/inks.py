"""Color spaces and inks: Adobe RGB (1998), Display P3, and a press with four inks, with their profiles in profiles/.

The profiles were made of the numbers here, once: matrices and curves, and for the press tables between inks and Lab.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.family_base import Pixels
from bench.steps import to_bytes

Floats = NDArray[np.float64]

SPACES: Mapping[str, tuple[Floats, float]] = {
    "Adobe RGB": (
        np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]), 2.19921875
    ),
    "P3": (np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]), 0.0),
}  # fmt: skip
"""Matrix from linear RGB to XYZ under D50, and the gamma; 0 stands for the curve of sRGB."""
_SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
_INKS = ((0.0, 0.62, 0.93), (0.91, 0.10, 0.52), (1.0, 0.94, 0.07))
"""sRGB of full cyan, magenta and yellow on paper, as offset presses print them, roughly."""


def _linear(values: Floats, gamma: float) -> Floats:
    if gamma:
        return np.asarray(np.clip(values, 0, 1) ** gamma)
    return np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def _coded(values: Floats, gamma: float) -> Floats:
    values = np.clip(values, 0, 1)
    if gamma:
        return np.asarray(values ** (1 / gamma))
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


def to_space(rgb: Pixels, space: str) -> Pixels:
    """Return the numbers that stand in `space` for the colors of sRGB pixels."""
    matrix, gamma = SPACES[space]
    return to_bytes(255 * _coded(_linear(rgb / 255, 0.0) @ (np.linalg.inv(matrix) @ _SRGB).T, gamma))


def from_space(rgb: Pixels, space: str) -> Pixels:
    """Return sRGB pixels of the colors that the numbers stand for in `space`."""
    matrix, gamma = SPACES[space]
    return to_bytes(255 * _coded(_linear(rgb / 255, gamma) @ (np.linalg.inv(_SRGB) @ matrix).T, 0.0))


@lru_cache(maxsize=4)
def icc_of(name: str) -> bytes:
    """Return the ICC profile of one of SPACES, or of the "press"."""
    return Path(__file__).with_name("profiles").joinpath(f"{name}.icc").read_bytes()


def _printed(cmyk: Floats) -> Floats:
    """sRGB 0 to 1 of shares of four inks: each lets through what its full tone does, in proportion."""
    out = np.ones((*cmyk.shape[:-1], 3))
    for index, ink in enumerate(_INKS):
        out *= 1 - cmyk[..., index : index + 1] * (1 - np.array(ink))
    return out * (1 - 0.93 * cmyk[..., 3:])


def _inks(rgb: Floats) -> Floats:
    """Shares of four inks that print nearly these sRGB colors, found by a few steps of correction."""
    ink = 1 - rgb
    black = np.clip(ink.min(axis=-1, keepdims=True) * 1.2 - 0.35, 0, 0.9)
    cmy = np.clip((ink - 0.9 * black) / np.maximum(0.1, 1 - 0.93 * black), 0, 1)
    for _ in range(12):
        left = _printed(np.concatenate([cmy, black], axis=-1)) - rgb
        cmy = np.clip(cmy + 0.7 * left, 0, 1)
    return np.concatenate([cmy, black], axis=-1)


def cmyk_of(rgb: Pixels) -> Pixels:
    """Return the (h, w, 4) uint8 shares of ink (255 is full) that print sRGB pixels on that press."""
    return to_bytes(255 * _inks(rgb / 255))
