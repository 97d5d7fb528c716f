"""A part of a picture in other light or color, its structure as it was: a correlation sees nothing of that."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.family_base import Pixels
from bench.pairs import EDITED_ONLY, Twins

Rng = np.random.Generator
Mask = NDArray[np.bool_]
_SEEN = 30
"""Levels of change from which somebody sees that a part was painted over."""


def repainted_twins(rng: Rng, rgb: Pixels, style: str) -> Twins:
    """Return a picture and the same with one part, or all areas of one flat color, in other light or color."""
    while True:
        flat = style != "photo" and rng.random() < 0.7
        mask = _thick(_one_color(rgb, rng)) if flat else _part(rgb, rng)
        after = _painted(rgb, mask, rng)
        seen = mask & (cv2.absdiff(rgb, after).max(axis=2) >= _SEEN)
        if seen.sum() >= max(60, 0.5 * mask.sum()) and seen.mean() <= 0.5:
            level = "one color" if flat else "a part"
            shown = np.where(seen, 255, 0).astype(np.uint8)
            return Twins(f"{level}, {style}", rgb, after, EDITED_ONLY, shown, style, whole=True)


def colored_twins(rng: Rng, rgb: Pixels, style: str) -> Twins:
    """Return a picture without color and the same with colored areas in it, as a map gets its data."""
    gray = np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)
    while True:
        after = gray.copy()
        for _ in range(int(rng.integers(1, 5))):
            flat = style != "photo" and rng.random() < 0.6
            mask = _thick(_one_color(gray, rng)) if flat else _part(gray, rng)
            paint = rng.uniform(0, 255, 3).astype(np.float32)
            share = np.float32(rng.uniform(0.4, 1.0))
            lit = gray * (paint / 255) if rng.random() < 0.5 else gray * (1 - share) + paint * share
            after = np.where(mask[..., None], np.clip(lit, 0, 255), after).astype(np.uint8)
        seen = cv2.absdiff(gray, after).max(axis=2) >= _SEEN
        if seen.sum() >= 60 and seen.mean() <= 0.6:
            shown = np.where(seen, 255, 0).astype(np.uint8)
            return Twins(f"colored, {style}", gray, after, EDITED_ONLY, shown, style, whole=True)


def _thick(mask: Mask) -> Mask:
    """Return what is more than a smoothed edge: strokes of five pixels and more."""
    return np.asarray(
        cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0, np.bool_
    )


def _one_color(rgb: Pixels, rng: Rng) -> Mask:
    """Return all or some of the areas of one of the flat colors of a drawing."""
    shades = (rgb >> 4).astype(np.uint32)
    codes = shades[..., 0] << 8 | shades[..., 1] << 4 | shades[..., 2]
    colors, counts = np.unique(codes, return_counts=True)
    likely = colors[counts >= 0.004 * codes.size]
    mask = codes == rng.choice(likely if len(likely) else colors)
    count, areas = cv2.connectedComponents(mask.astype(np.uint8))
    if rng.random() < 0.6 and count > 2:
        some = rng.permutation(np.arange(1, count))[: max(1, int(rng.integers(1, count)))]
        mask = np.isin(areas, some)
    return np.asarray(mask, np.bool_)


def _part(rgb: Pixels, rng: Rng) -> Mask:
    """Return an ellipse, a rectangle or a half of the frame."""
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    w, h = (max(8, int(side * rng.uniform(0.12, 0.7))) for side in (width, height))
    x, y = int(rng.integers(0, max(1, width - w))), int(rng.integers(0, max(1, height - h)))
    if rng.random() < 0.5:
        cv2.ellipse(mask, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360, 1, -1)
    else:
        mask[y : y + h, x : x + w] = 1
    return np.asarray(mask > 0, np.bool_)


def _painted(rgb: Pixels, mask: Mask, rng: Rng) -> Pixels:
    wide = rgb.astype(np.float32)
    match int(rng.integers(0, 5)):
        case 0:  # a colored light
            shown = wide * rng.uniform(0.1, 1.0, 3).astype(np.float32)
        case 1:
            shown = wide + np.float32(rng.choice([-1, 1]) * rng.uniform(40, 160))
        case 2:
            shown = wide + rng.uniform(-160, 160, 3).astype(np.float32)
        case 3:
            shown = 255 - wide
        case _:
            shown = wide[..., rng.permutation(3)]
    return np.where(mask[..., None], np.clip(shown, 0, 255), wide).astype(np.uint8)
