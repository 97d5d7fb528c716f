"""What every family of alterations shares: the altered copy, its boxes, and the share of the original it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Rng = np.random.Generator
Color = tuple[int, int, int]
Box = tuple[int, int, int, int]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Shares of red, green and blue in the lightness of a pixel."""


class Right:
    """The relations that are right, of a copy or of a pair."""

    SAME = frozenset({"same-file", "same-pixels", "resaved", "adjusted", "reframed"})
    IN_PLACE = frozenset({"same-pixels", "resaved", "adjusted"})
    ADJUSTED = frozenset({"adjusted"})
    GENTLE = frozenset({"adjusted", "resaved"})
    WHOLE = frozenset({"resaved", "adjusted", "reframed"})
    REFRAMED = frozenset({"reframed"})
    EDITED = frozenset({"edited"})
    FRAMED = frozenset({"reframed", "edited"})
    """Content was added round or beside the picture: either word is right."""
    APART = frozenset({"edited", "similar", "different"})


@dataclass(frozen=True)
class Altered:
    """A copy made from an original: (height, width, 3) uint8 RGB and the truth about it.

    `boxes` are (x, y, w, h) in pixels of the original, where its content was changed; `expected` are the right
    relations; `saved_as` is "kind quality" where the coding is the alteration, else "" and `save` draws one.
    """

    family: str
    level: str
    rgb: Pixels
    boxes: tuple[Box, ...]
    expected: frozenset[str]
    saved_as: str = ""


class Made(NamedTuple):
    """What a maker returns: the pixels, and what else it knows of them."""

    rgb: Pixels
    boxes: tuple[Box, ...] = ()
    saved_as: str = ""


Maker = Callable[[Pixels, Rng, Pixels], Made]
"""From the original, a random generator and another photograph to the altered copy."""


@dataclass(frozen=True)
class Family:
    """Levels by name, the right relations of them all, and of some levels others."""

    makers: Mapping[str, Maker]
    expected: frozenset[str]
    by_level: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def right(self, level: str) -> frozenset[str]:
        """Return the right relations of one level."""
        return self.by_level.get(level, self.expected)


def varied(maker: Callable[..., Made], names: str, levels: Mapping[str, object]) -> dict[str, Maker]:
    """Return a maker for each level: `maker` with the values of these parameters, whose names have spaces between.

    The value of a single parameter stands by itself.
    """
    parameters, made = names.split(), dict[str, Maker]()
    for level, value in levels.items():
        values = value if isinstance(value, tuple) and len(parameters) > 1 else (value,)
        made[level] = partial(maker, **dict(zip(parameters, values, strict=True)))
    return made


def any_color(rng: Rng, low: int = 0, high: int = 256) -> Color:
    """Return a color by chance."""
    red, green, blue = (int(level) for level in rng.integers(low, high, 3))
    return red, green, blue


def to_bytes(values: NDArray[np.floating]) -> Pixels:
    """Return samples 0 to 255 rounded to uint8; what is beyond them is cut off."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def changed_box(before: Pixels, after: Pixels) -> Box | None:
    """Return the smallest box (x, y, w, h) that holds every changed pixel, or None where none changed."""
    changed = (before != after).any(axis=2).astype(np.uint8)
    if not changed.any():
        return None
    x, y, w, h = cv2.boundingRect(changed)
    return int(x), int(y), int(w), int(h)


def is_visible(before: Pixels, after: Pixels, box: Box) -> bool:
    """An edit that nobody can see is no edit: a fifth of the box must change by 15 levels in some channel."""
    x, y, w, h = box
    change = cv2.absdiff(before, after)[y : y + h, x : x + w].max(axis=2)
    return bool((change >= 15).mean() >= 0.2)


def warped(rgb: Pixels, matrix: NDArray[np.float64], size: tuple[int, int], fill: Color | None) -> Pixels:
    """Return `rgb` taken by a 3x3 matrix into (width, height); outside is `fill`, or mirrored where None."""
    border = cv2.BORDER_REFLECT_101 if fill is None else cv2.BORDER_CONSTANT
    out = cv2.warpPerspective(
        rgb, matrix, size, flags=cv2.INTER_CUBIC, borderMode=border, borderValue=fill or (0, 0, 0)
    )
    return np.asarray(out, np.uint8)


def fitted(rgb: Pixels, width: int, height: int) -> Pixels:
    """Return the middle of `rgb` that has the aspect of width x height, scaled to it."""
    have_h, have_w = rgb.shape[:2]
    scale = max(width / have_w, height / have_h)
    w, h = min(have_w, max(1, round(width / scale))), min(have_h, max(1, round(height / scale)))
    x, y = (have_w - w) // 2, (have_h - h) // 2
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb[y : y + h, x : x + w], (width, height), interpolation=how), np.uint8)
