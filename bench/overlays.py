"""Pictures under a translucent other that lies over all of them, as in a double exposure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.family_base import Floats, Pixels, Right, Rng
from bench.pairs import Twins, as_mask
from bench.steps import scaled, to_bytes

_SEEN = 7.0
"""Levels by which what was laid over must vary within `_WINDOW` of the longer side to be seen there."""
_WINDOW = 0.03
_LEAST = 0.2
"""Share of the frame in which it must be seen."""


_WAYS: Mapping[str, Callable[[Floats, Floats, float], np.ndarray]] = {
    "mixed": lambda rgb, over, level: rgb * (1 - level) + over * level,
    "screened": lambda rgb, over, level: 255 - (255 - rgb) * (255 - over * level) / 255,
    "multiplied": lambda rgb, over, level: rgb * (255 - (255 - over) * level) / 255,
}


def _ghost(rgb: Pixels, rng: Rng) -> Pixels:
    """The picture itself a little aside, or mirrored."""
    if rng.random() < 0.3:
        return rgb[:, ::-1]
    far = [int(rng.uniform(0.04, 0.25) * side * rng.choice([-1, 1])) for side in rgb.shape[:2]]
    return np.roll(rgb, far, axis=(0, 1))


def _texture(rgb: Pixels, rng: Rng) -> Pixels:
    """Soft noise, as paper, clouds and bokeh have it."""
    height, width = rgb.shape[:2]
    noise = rng.normal(0, 1, (height, width)).astype(np.float32)
    reach = float(np.exp(rng.uniform(np.log(0.005), np.log(0.04)))) * max(height, width)
    soft = cv2.GaussianBlur(noise, (0, 0), reach)
    return np.repeat(to_bytes(128 + 70 * soft / soft.std())[..., None], 3, axis=2)


def _retoned(below: Pixels, two: Floats) -> Floats:
    """Return `below` in the tone of `two`: each level of a channel becomes the mean of what lies there."""
    found = np.empty_like(two)
    for k in range(3):
        level = below[..., k].ravel() // 8
        mean = np.bincount(level, two[..., k].ravel(), 32) / np.maximum(np.bincount(level, minlength=32), 1)
        found[..., k] = mean.astype(np.float32)[level].reshape(below.shape[:2])
    return found


def _seen(below: Pixels, two: Floats) -> NDArray[np.bool_]:
    """Return where what was added, beyond another tone, varies enough to be seen, (height, width)."""
    light = (two - _retoned(below, two)).mean(axis=2)
    side = max(3, round(_WINDOW * max(light.shape)))
    mean = cv2.blur(light, (side, side))
    spread = np.sqrt(np.maximum(cv2.blur(light * light, (side, side)) - mean * mean, 0))
    return np.asarray(spread >= _SEEN)


def overlay_twins(rgb: Pixels, other: Pixels, what: str, rng: Rng) -> Twins:
    """Return `rgb` and the same under `other`, under itself or under soft noise, at an eighth of its strength or more.

    The mask is where that can be seen; elsewhere it is too faint to tell, not unchanged.
    """
    height, width = rgb.shape[:2]
    below = rgb.astype(np.float32)
    name = str(rng.choice(["other", "ghost", "texture"], p=[0.7, 0.15, 0.15]))
    for attempt in range(20):
        if name == "other":
            over = scaled(other, (width, height))
        else:
            over = (_ghost if name == "ghost" else _texture)(rgb, rng)
        way = str(rng.choice(list(_WAYS), p=[0.6, 0.2, 0.2]))
        level = float(rng.uniform(0.13, 0.6)) + 0.02 * attempt
        two = _WAYS[way](below, over.astype(np.float32), min(level, 0.6)).astype(np.float32)
        seen = _seen(rgb, two)
        if seen.mean() >= _LEAST:
            break
    else:
        two, seen = _WAYS["mixed"](below, 255 - below[::-1, ::-1], 0.5), np.ones((height, width), bool)
    title, mask = f"{name} {way}", as_mask(seen)
    return Twins(title, rgb, to_bytes(two), Right.APART, mask, what, whole=True, toned=True)
