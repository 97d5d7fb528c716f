"""What every family of alterations shares: the altered copy, its boxes, and the relations that are right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

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
