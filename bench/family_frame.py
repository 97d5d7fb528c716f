"""Alterations of the frame: crops, borders, turns, mirrors, perspective, stretch; all of them are `reframed`."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.family_base import Box, Color, Family, Made, Maker, Pixels, Right, Rng, varied
from bench.steps import any_color, between, blurred, corners_of, scaled, spot, turn_of, warped


def fitted(rgb: Pixels, width: int, height: int) -> Pixels:
    """Return the middle of `rgb` that has the aspect of width x height, scaled to it."""
    have_h, have_w = rgb.shape[:2]
    scale = max(width / have_w, height / have_h)
    w, h = min(have_w, max(1, round(width / scale))), min(have_h, max(1, round(height / scale)))
    x, y = (have_w - w) // 2, (have_h - h) // 2
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return scaled(rgb[y : y + h, x : x + w], (width, height), how)


def _cut(rgb: Pixels, window: Box) -> Made:
    x, y, w, h = window
    return Made(rgb[y : y + h, x : x + w].copy())


def _crop(rgb: Pixels, rng: Rng, other: Pixels, *, share: float) -> Made:
    """A window of `share` of the area, its aspect nearly that of the frame, placed anywhere."""
    (height, width), aspect = rgb.shape[:2], float(rng.uniform(0.8, 1.25))
    grow = min(aspect, 1 / share / 1.0001, max(aspect, share))
    w = min(width, round(width * (share * grow) ** 0.5))
    h = min(height, round(share * width * height / max(w, 1)))
    return _cut(rgb, (*spot(rng, width - w + 1, height - h + 1), w, h))


def _crop_to(rgb: Pixels, rng: Rng, other: Pixels, *, aspect: float) -> Made:
    """The largest window of one aspect (width / height), placed anywhere."""
    height, width = rgb.shape[:2]
    w, h = min(width, round(height * aspect)), min(height, round(width / aspect))
    return _cut(rgb, (*spot(rng, width - w + 1, height - h + 1), w, h))


def side_window(rgb: Pixels, rng: Rng, share: float) -> Box:
    """Return the window of `share` of the frame at one of its sides."""
    height, width = rgb.shape[:2]
    side = int(rng.integers(0, 4))
    w, h = (round(width * share), height) if side < 2 else (width, round(height * share))
    return (width - w) * (side % 2), (height - h) * (side % 2), w, h


def _one_side(rgb: Pixels, rng: Rng, other: Pixels, *, share: float) -> Made:
    return _cut(rgb, side_window(rgb, rng, share))


def _bordered(rgb: Pixels, wide: int, bottom: int, colour: Color) -> Pixels:
    out = cv2.copyMakeBorder(rgb, wide, bottom, wide, wide, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(out, np.uint8)


def _border(rgb: Pixels, rng: Rng, other: Pixels, *, colour: Color | None) -> Made:
    wide = max(2, round(min(rgb.shape[:2]) * float(rng.uniform(0.03, 0.15))))
    chance = any_color(rng, 20, 236)
    return Made(_bordered(rgb, wide, wide, colour or chance))


def _polaroid(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    side = max(3, round(min(rgb.shape[:2]) * 0.06))
    return Made(_bordered(rgb, side, side * 4, (247, 246, 242)))


def _letterbox(rgb: Pixels, rng: Rng, other: Pixels, *, colour: Color | None) -> Made:
    """Bars that bring the frame to another aspect; None fills them with the picture itself, blurred."""
    height, width = rgb.shape[:2]
    aspect = width / height * float(rng.choice([0.5, 0.65, 1.5, 2.0]))
    w, h = max(width, round(height * aspect)), max(height, round(width / aspect))
    x, y = (w - width) // 2, (h - height) // 2
    soft = blurred(fitted(rgb, w, h), max(w, h) / 30) if colour is None else None
    out = np.full((h, w, 3), colour, np.uint8) if soft is None else soft
    out[y : y + height, x : x + width] = rgb
    return Made(out)


def _oriented(rgb: Pixels, rng: Rng, other: Pixels, *, turns: int, mirror: bool, scale: float = 1.0) -> Made:
    out = np.rot90(rgb[:, ::-1] if mirror else rgb, turns).copy()
    half = cv2.resize(out, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale != 1 else out
    return Made(np.asarray(half, np.uint8))


def _turned_in(rgb: Pixels, degrees: float, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the matrix that turns a picture and moves its middle to that of a frame (width, height)."""
    height, width = rgb.shape[:2]
    centered = np.array([[1, 0, (size[0] - width) / 2], [0, 1, (size[1] - height) / 2], [0, 0, 1]])
    return np.asarray(centered @ turn_of(width - 1, height - 1, degrees))


def _tilt(rgb: Pixels, rng: Rng, other: Pixels, *, fill: Color | None, grown: bool = False) -> Made:
    """A turn by 2 to 15 degrees that leaves corners; `grown` makes the frame large enough for all of it."""
    height, width = rgb.shape[:2]
    degrees = float(rng.uniform(2, 15) * rng.choice([-1, 1]))
    if grown:
        sin, cos = abs(np.sin(np.radians(degrees))), abs(np.cos(np.radians(degrees)))
        width, height = round(width * cos + height * sin), round(width * sin + height * cos)
    return Made(warped(rgb, _turned_in(rgb, degrees, (width, height)), (width, height), fill))


def _tilt_inside(rgb: Pixels, rng: Rng, other: Pixels, *, low: float, high: float) -> Made:
    """A turn, cropped to the largest window of the same aspect that holds no corner."""
    height, width = rgb.shape[:2]
    degrees = float(rng.uniform(low, high) * rng.choice([-1, 1]))
    sin, cos = abs(np.sin(np.radians(degrees))), abs(np.cos(np.radians(degrees)))
    scale = min(width / (width * cos + height * sin), height / (width * sin + height * cos))
    size = (max(8, int(width * scale) - 2), max(8, int(height * scale) - 2))
    return Made(warped(rgb, _turned_in(rgb, degrees, size), size, None))


def _perspective(rgb: Pixels, rng: Rng, other: Pixels, *, by: float, outward: bool) -> Made:
    """Corners moved by up to `by` of the side: inward leaves black corners, outward cuts the picture."""
    height, width = rgb.shape[:2]
    corners, inward = corners_of(width - 1, height - 1), 1 - 2 * corners_of(1, 1)
    moved = rng.uniform(0.2, 1.0, (4, 2)).astype(np.float32) * by * np.array([width, height], np.float32)
    target = corners - inward * moved if outward else corners + inward * moved
    return Made(warped(rgb, between(corners, target), (width, height), (0, 0, 0)))


def _stretch(rgb: Pixels, rng: Rng, other: Pixels, *, aspect: float) -> Made:
    height, width = rgb.shape[:2]
    size = (max(8, round(width * aspect**0.5)), max(8, round(height / aspect**0.5)))
    return Made(scaled(rgb, size))


def _shear(rgb: Pixels, rng: Rng, other: Pixels, *, degrees: float) -> Made:
    height, width = rgb.shape[:2]
    slope = float(np.tan(np.radians(degrees)) * rng.choice([-1, 1]))
    size = (round(width + abs(slope) * height), height)
    matrix = np.array([[1, slope, max(0.0, -slope * height)], [0, 1, 0], [0, 0, 1]])
    return Made(warped(rgb, matrix, size, (0, 0, 0)))


_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_TURNS = {"90": 1, "180": 2, "270": 3}
_MAKERS: dict[str, dict[str, Maker]] = {
    "crop": varied(_crop, "share", {f"{s} %": s / 100 for s in (90, 70, 50, 35, 25)}),
    "crop to aspect": varied(_crop_to, "aspect", {"wide": 2.0, "square": 1.0, "tall": 0.6}),
    "crop one side": varied(_one_side, "share", {f"{s} %": s / 100 for s in (95, 80, 60)}),
    "border": {
        **varied(_border, "colour", {"white": _WHITE, "black": _BLACK, "colour": None}),
        "polaroid": _polaroid,
    },
    "letterbox": varied(_letterbox, "colour", {"black": _BLACK, "white": _WHITE, "blurred": None}),
    "mirror": varied(
        _oriented, "turns mirror scale", {"full size": (0, True, 1.0), "half size": (0, True, 0.5)}
    ),
    "quarter turns": varied(
        _oriented, "turns mirror", {name: (turns, False) for name, turns in _TURNS.items()}
    ),
    "turned mirror": varied(
        _oriented, "turns mirror", {name: (turns, True) for name, turns in _TURNS.items()}
    ),
    "tilt with corners": varied(
        _tilt,
        "fill grown",
        {"black": (_BLACK, False), "white, grown": (_WHITE, True), "mirrored": (None, False)},
    ),
    "tilt inside": varied(
        _tilt_inside, "low high", {"2 to 5": (2, 5), "5 to 10": (5, 10), "10 to 15": (10, 15)}
    ),
    "perspective": varied(
        _perspective, "by outward", {"slight": (0.08, False), "strong": (0.2, False), "cut": (0.12, True)}
    ),
    "stretch": varied(_stretch, "aspect", {f"{a}": a for a in (0.75, 0.87, 1.15, 1.33)}),
    "shear": varied(_shear, "degrees", {f"{d} degrees": d for d in (4, 8, 12)}),
}
FRAME = {
    name: Family(makers, Right.WHOLE if name == "stretch" else Right.REFRAMED)
    for name, makers in _MAKERS.items()
}
