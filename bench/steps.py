"""Small steps of all that draws and alters pictures: chance, colors, sizes, turns, and what has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.family_base import LUMA, Box, Color, Floats, Pixels, Rng

T = TypeVar("T")
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)


def any_color(rng: Rng, low: int = 0, high: int = 256) -> Color:
    """Return a color by chance."""
    red, green, blue = (int(level) for level in rng.integers(low, high, 3))
    return red, green, blue


def to_bytes(values: NDArray[np.floating]) -> Pixels:
    """Return samples 0 to 255 rounded to uint8; what is beyond them is cut off."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def picked(rng: Rng, options: Sequence[T]) -> T:
    """Return one of the options."""
    return options[int(rng.integers(0, len(options)))]


def seed_of(rng: Rng) -> tuple[int, ...]:
    """Return two numbers from which a drawing can be made again."""
    return tuple(int(n) for n in rng.integers(0, 1 << 30, 2))


def spot(rng: Rng, right: int, low: int) -> tuple[int, int]:
    """Return a point (x, y) left of `right` and above `low`."""
    return int(rng.integers(0, max(1, right))), int(rng.integers(0, max(1, low)))


def changed_boxes(before: Pixels, after: Pixels) -> tuple[Box, ...]:
    """Return the smallest box (x, y, w, h) that holds every changed pixel, none where none changed."""
    changed = (before != after).any(axis=2).astype(np.uint8)
    x, y, w, h = (int(n) for n in cv2.boundingRect(changed))
    return ((x, y, w, h),) if w else ()


def blurred(rgb: Pixels, sigma: float) -> Pixels:
    """Return pixels under a Gaussian blur."""
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma), np.uint8)


def scaled(rgb: Pixels, size: tuple[int, int], how: int = cv2.INTER_AREA) -> Pixels:
    """Return pixels at another size (width, height)."""
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


def in_gray(rgb: Pixels) -> Pixels:
    """Return three equal channels of the lightness."""
    return np.repeat(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)


def edges_of(rgb: Pixels) -> Pixels:
    """Return by how many levels the 3x3 pixels about each differ, (h, w), in the channel where they differ most."""
    edges = cv2.morphologyEx(rgb, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return np.asarray(edges.max(axis=2), np.uint8)


def on_light(rgb: Pixels, change: Callable[[Pixels], np.ndarray]) -> Pixels:
    """Return pixels of which the luminance alone was changed."""
    parts = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    parts[..., 0] = change(np.ascontiguousarray(parts[..., 0]))
    return np.asarray(cv2.cvtColor(parts, cv2.COLOR_YCrCb2RGB), np.uint8)


def saturated(rgb: Floats, gain: float) -> Floats:
    """Return samples with so many times the saturation."""
    gray = (rgb @ LUMA)[..., None]
    return np.asarray(gray + (rgb - gray) * np.float32(gain), np.float32)


def hue_turned(rgb: Pixels, by: int, more: int = 0) -> Pixels:
    """Return pixels whose hue was turned by twice as many degrees, and their saturation raised."""
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + by) % 180
    hsv[..., 1] = np.clip(hsv[..., 1].astype(np.int16) + more, 0, 255)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def turn_of(width: float, height: float, degrees: float, zoom: float = 1.0) -> NDArray[np.float64]:
    """Return the 3x3 matrix of a turn about the middle of so large a frame."""
    return np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom), [0.0, 0.0, 1.0]])


def corners_of(width: float, height: float) -> Floats:
    """Return the corners (x, y) of a frame from the upper left one on, clockwise."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def between(corners: NDArray[np.floating], moved: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the 3x3 matrix that takes four corners to where they were moved."""
    pairs = corners.astype(np.float32), moved.astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(*pairs), np.float64)


def warped(rgb: Pixels, matrix: NDArray[np.float64], size: tuple[int, int], fill: Color | None) -> Pixels:
    """Return `rgb` taken by a 3x3 matrix into (width, height); outside is `fill`, or mirrored where None."""
    border = cv2.BORDER_REFLECT_101 if fill is None else cv2.BORDER_CONSTANT
    out = cv2.warpPerspective(
        rgb, matrix, size, flags=cv2.INTER_CUBIC, borderMode=border, borderValue=fill or (0, 0, 0)
    )
    return np.asarray(out, np.uint8)
