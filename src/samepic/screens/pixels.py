"""Pixels of two screenshots: which differ visibly (OKLab), which are ignored, and the boxes around them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Mask, Pixels
from samepic.measures.classical import LINEAR
from samepic.native import native
from samepic.tuning.screens import LAYOUT, Box, Screen

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]

_RGB_TO_LMS = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
_LMS_TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip
_TOE = np.array([0.206, 0.03, 1.206 / 1.03])
_LMS_TABLES: Floats = _RGB_TO_LMS[:, :, None] * LINEAR
_TABLES: Floats = np.concatenate([_LMS_TABLES.ravel(), _LMS_TO_LAB.ravel(), _TOE])
"""The OKLab constants of the native part: tables from levels to LMS, the matrix to OKLab, the constants of the toe."""


def oklab(pixels: NDArray[np.uint8]) -> Floats:
    """Return (..., 3) lightness and two opponent colors of (..., 3) sRGB: 0 to 1, and about -0.4 to 0.4.

    Ottosson, "A perceptual color space for image processing", 2020; the lightness is that of his "Okhsv and Okhsl",
    2021, whose toe makes dark levels as far apart as they look.
    """
    red, green, blue = (pixels[..., band] for band in range(3))
    lms = [np.cbrt(table[0][red] + table[1][green] + table[2][blue]) for table in _LMS_TABLES]
    lab: Any = np.stack(lms, axis=-1) @ _LMS_TO_LAB.T
    k1, k2, k3 = _TOE
    over = k3 * lab[..., 0] - k1
    lab[..., 0] = 0.5 * (over + np.sqrt(over * over + 4 * k2 * k3 * lab[..., 0]))
    return np.asarray(lab, np.float64)


def distances(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Floats:
    """Return (...) distances of (..., 3) colors in OKLab: 0 to about 1, which is black against white."""
    return np.asarray(np.linalg.norm(oklab(a) - oklab(b), axis=-1), np.float64)


_AROUND = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]
_BATCH = 1 << 18


class PixelKind(IntEnum):
    """How two pixels differ, from equal to different."""

    EQUAL = 0
    UNSEEN = 1
    FAINT = 2
    SMOOTHED = 3
    DIFFERENT = 4


def classify_pixels(a: Pixels, b: Pixels, screen: Screen) -> tuple[Pixels, float]:
    """Return the `PixelKind` of each pixel, (height, width) uint8, and the largest distance of two, 0 to about 1.

    `a` and `b` are (height, width, 3) uint8 of one size. A pixel over the threshold that smooths an edge in either
    picture is SMOOTHED: it is between a darker and a brighter neighbor, of which one is in a plain area in both
    (Vysniauskas, "Anti-aliased Pixel and Intensity Slope Detector", 2009, as implemented by pixelmatch).
    """
    if native is None or a.size == 0:
        return classify_in_python(a, b, screen)
    pixels_a, pixels_b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    found, largest = native.screens(
        pixels_a, pixels_b, a.shape[1], _TABLES, screen.threshold, screen.faint, screen.antialiasing
    )
    return np.frombuffer(found, np.uint8).reshape(a.shape[:2]), largest


def classify_in_python(a: Pixels, b: Pixels, screen: Screen) -> tuple[Pixels, float]:
    """Return what `classify_pixels` returns, without the native part."""
    found = np.zeros(a.shape[:2], np.uint8)
    rows, columns = np.nonzero((a != b).any(axis=2))
    largest = 0.0
    for start in range(0, len(rows), _BATCH):
        part = slice(start, start + _BATCH)
        y, x = rows[part], columns[part]
        apart = distances(a[y, x], b[y, x])
        largest = max(largest, float(apart.max()))
        kind = np.where(apart < screen.faint, PixelKind.UNSEEN, PixelKind.FAINT).astype(np.uint8)
        over = apart > screen.threshold
        kind[over] = PixelKind.DIFFERENT
        if screen.antialiasing and over.any():
            one, two = (_is_antialiased(picture, (a, b), y[over], x[over]) for picture in (a, b))
            kind[over] = np.where(one | two, np.uint8(PixelKind.SMOOTHED), np.uint8(PixelKind.DIFFERENT))
        found[y, x] = kind
    return found, largest


def _is_antialiased(picture: Pixels, both: tuple[Pixels, Pixels], y: Places, x: Places) -> Mask:
    """Return which pixels are between a darker and a brighter one, of which one is in a plain area."""
    here = _luma(picture[y, x])
    equal = _on_edge(picture, y, x).astype(int)
    extremes = [(np.zeros(len(y), int), y.copy(), x.copy()) for _ in range(2)]
    for dx, dy in _AROUND:
        inside, v, u = _neighbors(picture, y + dy, x + dx)
        step = np.where(inside, _luma(picture[v, u]) - here, 0)
        equal += inside & (step == 0)
        for sign, (most, at_y, at_x) in zip((-1, 1), extremes, strict=True):
            farther = step * sign > most * sign
            most[farther], at_y[farther], at_x[farther] = step[farther], v[farther], u[farther]
    between = (equal <= 2) & (extremes[0][0] < 0) & (extremes[1][0] > 0)
    plain = [[_has_plain_neighbors(one, v, u) for one in both] for _, v, u in extremes]
    return np.asarray(between & (plain[0][0] & plain[0][1] | plain[1][0] & plain[1][1]))


def _has_plain_neighbors(picture: Pixels, y: Places, x: Places) -> Mask:
    equal = _on_edge(picture, y, x).astype(int)
    for dx, dy in _AROUND:
        inside, v, u = _neighbors(picture, y + dy, x + dx)
        equal += inside & (picture[v, u] == picture[y, x]).all(axis=1)
    return np.asarray(equal > 2)


def _neighbors(picture: Pixels, y: Places, x: Places) -> tuple[Mask, Places, Places]:
    height, width = picture.shape[:2]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return inside, y.clip(0, height - 1), x.clip(0, width - 1)


def _on_edge(picture: Pixels, y: Places, x: Places) -> Mask:
    height, width = picture.shape[:2]
    return np.asarray((y == 0) | (x == 0) | (y == height - 1) | (x == width - 1), np.bool_)


def _luma(pixels: Pixels) -> NDArray[np.int64]:
    return np.asarray(pixels.astype(np.int64) @ np.array([299, 587, 114]), np.int64)


class DifferingBox(NamedTuple):
    """The box of differing pixels that are close together, and their number."""

    box: Box
    pixels: int


def box_of(mask: Mask) -> Box:
    """Return the bounding box of a mask, (height, width) of bool; 0, 0, 0, 0 where nothing is in it."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return x, y, width, height


def slices_around(box: Box, shape: tuple[int, ...], by: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns of a box, `by` pixels wider all around, within a picture of that shape."""
    x, y, w, h = box
    return slice(max(0, y - by), min(shape[0], y + h + by)), slice(max(0, x - by), min(shape[1], x + w + by))


def find_spots(different: Mask) -> list[DifferingBox]:
    """Return the boxes of a mask, top to bottom, left to right; gaps of at most LAYOUT.gap pixels are joined."""
    gap = LAYOUT.gap
    left, top, width, height = box_of(different)
    if not width:
        return []
    part = different[top : top + height, left : left + width]
    # The dilation widens each box by the gap to the right and bottom, which is subtracted below.
    wide = cv2.copyMakeBorder(part.astype(np.uint8), 0, gap, 0, gap, cv2.BORDER_CONSTANT, value=0)
    wide = cv2.dilate(wide, np.ones((gap + 1, gap + 1), np.uint8), anchor=(gap, gap))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    inner = np.asarray(labels[: part.shape[0], : part.shape[1]], np.intp)
    pixels = np.bincount(inner[part], minlength=count)
    boxes = (stats[:, :4] + (left, top, -gap, -gap)).tolist()
    found = [DifferingBox(tuple(boxes[at]), int(pixels[at])) for at in range(1, count)]
    return sorted(found, key=lambda spot: (spot.box[1], spot.box[0]))


def mask_of(shape: tuple[int, int], boxes: Sequence[Box]) -> Mask:
    """Return the mask of boxes, (height, width) of bool, cut off at the frame."""
    found = np.zeros(shape, np.bool_)
    for left, top, width, height in boxes:
        found[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = True
    return found


def promote_faint(kinds: Pixels, screen: Screen) -> Pixels:
    """Return the kinds with FAINT pixels in larger areas, where a small contrast is visible, as DIFFERENT."""
    result = kinds.copy()
    box = box_of(kinds == PixelKind.FAINT)
    part = result[slices_around(box, kinds.shape, screen.faint_side)]
    if box[2]:
        square = np.ones((screen.faint_side, screen.faint_side), np.uint8)
        squares = cv2.morphologyEx((part >= PixelKind.FAINT).astype(np.uint8), cv2.MORPH_OPEN, square)
        part[(part == PixelKind.FAINT) & (squares > 0)] = PixelKind.DIFFERENT
    return result


def is_speck(a: Pixels, b: Pixels, kinds: Pixels, spot: DifferingBox, screen: Screen) -> bool:
    """Return whether a spot has few pixels, all of which differ little."""
    if spot.pixels > screen.speck_pixels:
        return False
    different = kinds[slices_around(spot.box, kinds.shape)] == PixelKind.DIFFERENT
    return float(_distances(a, b, different, spot).max()) <= screen.speck


def is_letter(a: Pixels, b: Pixels, smooth: Mask, spot: DifferingBox, screen: Screen) -> bool:
    """Return whether smoothed pixels are a changed letter, as a comma for a period: edges are longer or fainter."""
    if not screen.ink or max(spot.box[2:]) > screen.letter:
        return False
    return float(_distances(a, b, smooth[slices_around(spot.box, smooth.shape)], spot).sum()) >= screen.ink


def _distances(a: Pixels, b: Pixels, mask: Mask, spot: DifferingBox) -> NDArray[np.float64]:
    cut = slices_around(spot.box, a.shape)
    return distances(a[cut][mask], b[cut][mask])
