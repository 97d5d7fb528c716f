"""Altered copies of a picture, each with the true map from its pixels to those of the picture it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.verify.conftest import Pixels

__all__ = [
    "Altered",
    "Matrix",
    "bordered",
    "corner_error",
    "cropped",
    "iou",
    "mirrored",
    "placed",
    "seen_from_the_side",
    "turned",
    "whole",
]

Matrix: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Altered:
    """A copy (height, width, 3) and the map from its pixels to those of its source."""

    pixels: Pixels
    to_source: Matrix


def shifted(x: float, y: float) -> Matrix:
    """Return the map that moves by x and y."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def whole(picture: Pixels) -> Altered:
    """Return the picture as it is."""
    return Altered(picture, np.eye(3))


def cropped(picture: Pixels, left: int, top: int, width: int, height: int) -> Altered:
    """Return a crop of the picture."""
    cut = np.ascontiguousarray(picture[top : top + height, left : left + width])
    return Altered(cut, shifted(left, top))


def bordered(picture: Pixels, width: int, shade: int = 30) -> Altered:
    """Return the picture in a plain border."""
    framed = cv2.copyMakeBorder(
        picture, width, width, width, width, cv2.BORDER_CONSTANT, value=(shade, shade, shade)
    )
    return Altered(np.asarray(framed, np.uint8), shifted(-width, -width))


def mirrored(picture: Pixels) -> Altered:
    """Return the picture mirrored left to right."""
    flip = np.array([[-1, 0, picture.shape[1] - 1], [0, 1, 0], [0, 0, 1]], np.float64)
    return Altered(np.ascontiguousarray(picture[:, ::-1]), flip)


def turned(picture: Pixels, degrees: float) -> Altered:
    """Return the picture turned about its middle within its frame, black in the corners."""
    height, width = picture.shape[:2]
    there = np.vstack([cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0), [0, 0, 1]])
    shown = cv2.warpPerspective(picture, there, (width, height), flags=cv2.INTER_CUBIC)
    return Altered(np.asarray(shown, np.uint8), np.asarray(np.linalg.inv(there), np.float64))


def seen_from_the_side(picture: Pixels, depth: float = 0.08) -> Altered:
    """Return the picture with its upper edge drawn in and its right edge drawn down, black around it."""
    height, width = picture.shape[:2]
    right, low = width - 1.0, height - 1.0
    before = np.array([[0, 0], [right, 0], [right, low], [0, low]], np.float32)
    after = np.array(
        [[depth * right, 0], [right, depth * low], [right * (1 - depth), low], [0, low]], np.float32
    )
    there = cv2.getPerspectiveTransform(before, after)
    shown = cv2.warpPerspective(picture, there, (width, height), flags=cv2.INTER_CUBIC)
    return Altered(np.asarray(shown, np.uint8), np.asarray(np.linalg.inv(there), np.float64))


def placed(picture: Pixels, ground: Pixels, left: int, top: int, width: int) -> Altered:
    """Return another picture with this one, reduced to a width, pasted into it."""
    height = round(picture.shape[0] * width / picture.shape[1])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    out = ground.copy()
    out[top : top + height, left : left + width] = small
    across, down = width / picture.shape[1], height / picture.shape[0]
    there = np.array(
        [[across, 0, (across - 1) / 2 + left], [0, down, (down - 1) / 2 + top], [0, 0, 1]], np.float64
    )
    return Altered(out, np.asarray(np.linalg.inv(there), np.float64))


def corner_error(found: Matrix, true: Matrix, shape: tuple[int, ...]) -> float:
    """Return how far, in pixels of the target, the corners of a frame (height, width) go astray."""
    right, low = shape[1] - 1.0, shape[0] - 1.0
    corners = np.array([[[0, 0], [right, 0], [right, low], [0, low]]], np.float64)
    there, wanted = (cv2.perspectiveTransform(corners, m)[0] for m in (found, true))
    return float(np.linalg.norm(there - wanted, axis=1).max())


def iou(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    """Return the intersection of two boxes (x, y, w, h) over their union."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0, across) * max(0, down)
    return common / (a[2] * a[3] + b[2] * b[3] - common)
