"""One thing in another color: drawn products, objects in photographs, and parts in other light or color."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.family_base import Pixels, to_bytes
from bench.pairs import APART, EDITED_ONLY, Twins, changed_mask

Rng = np.random.Generator
Point = tuple[float, float]
Mask = NDArray[np.float32]
_PAINTS = (
    (200, 35, 45), (30, 80, 175), (35, 135, 70), (240, 190, 40), (225, 120, 40), (110, 60, 150), (60, 170, 175),
    (225, 110, 150), (70, 70, 74), (235, 232, 226), (120, 80, 50),
)  # fmt: skip
_VISIBLE = 25


def _mug(draw: ImageDraw.ImageDraw, s: float) -> None:
    draw.arc((58 * s, 36 * s, 86 * s, 68 * s), 0, 360, fill=255, width=round(5 * s))
    draw.rectangle((24 * s, 26 * s, 68 * s, 74 * s), fill=255)
    draw.ellipse((24 * s, 66 * s, 68 * s, 80 * s), fill=255)
    draw.ellipse((24 * s, 20 * s, 68 * s, 32 * s), fill=255)


def _outlined(draw: ImageDraw.ImageDraw, s: float, *, line: Sequence[Point]) -> None:
    draw.polygon([(x * s, y * s) for x, y in line], fill=255)


def _bag(draw: ImageDraw.ImageDraw, s: float) -> None:
    draw.arc((34 * s, 10 * s, 66 * s, 58 * s), 180, 360, fill=255, width=round(4 * s))
    draw.rounded_rectangle((20 * s, 34 * s, 80 * s, 86 * s), radius=6 * s, fill=255)


_SHIRT = (
    (36, 18), (44, 24), (56, 24), (64, 18), (88, 30), (80, 48), (70, 43), (70, 86), (30, 86), (30, 43), (20, 48),
    (12, 30),
)  # fmt: skip
_SHOE = (14, 40), (34, 36), (44, 48), (66, 56), (86, 60), (90, 70), (12, 70)
_CAR = (6, 60), (10, 50), (28, 46), (40, 34), (66, 34), (78, 47), (92, 51), (94, 64), (6, 64)
_SHAPES: dict[str, Callable[[ImageDraw.ImageDraw, float], None]] = {
    "mug": _mug,
    **{
        name: partial(_outlined, line=line)
        for name, line in (("shirt", _SHIRT), ("shoe", _SHOE), ("car", _CAR))
    },
    "bag": _bag,
}


def cut_out_shapes() -> tuple[str, ...]:
    """Return the names of the drawn products."""
    return tuple(_SHAPES)


def product_shape(kind: str, side: int) -> Mask:
    """Return (side, side) float32 0 to 1: where a drawn product is."""
    image = Image.new("L", (side * 2, side * 2))
    _SHAPES[kind](ImageDraw.Draw(image), side * 2 / 100)
    return np.asarray(np.asarray(image.resize((side, side), Image.Resampling.BOX)) / 255, np.float32)


def _details(rgb: Pixels, kind: str, side: int) -> None:
    """What no version changes: wheels and windows, a sole, a collar, a hole."""
    image = Image.fromarray(rgb)
    draw, s = ImageDraw.Draw(image), side / 100
    if kind == "car":
        for x in (26, 74):
            draw.ellipse(((x - 9) * s, 55 * s, (x + 9) * s, 73 * s), fill=(28, 28, 30))
            draw.ellipse(((x - 4) * s, 60 * s, (x + 4) * s, 68 * s), fill=(180, 182, 186))
        draw.polygon([(x * s, y * s) for x, y in ((42, 37), (53, 37), (53, 46), (33, 46))], fill=(60, 75, 90))
        draw.polygon([(x * s, y * s) for x, y in ((56, 37), (65, 37), (72, 46), (56, 46))], fill=(60, 75, 90))
    elif kind == "shoe":
        draw.rounded_rectangle((11 * s, 69 * s, 91 * s, 76 * s), radius=3 * s, fill=(245, 245, 242))
        for lace in range(4):
            ends = ((36 + lace * 5) * s, (44 + lace * 3) * s, (44 + lace * 5) * s, (42 + lace * 3) * s)
            draw.line(ends, fill=(250, 250, 250), width=max(1, round(s)))
    elif kind == "shirt":
        wide = max(1, round(1.5 * s))
        draw.arc((42 * s, 12 * s, 58 * s, 28 * s), 10, 170, fill=(240, 240, 240), width=wide)
    elif kind == "mug":
        draw.ellipse((27 * s, 22 * s, 65 * s, 30 * s), fill=(70, 45, 30))
    rgb[:] = np.asarray(image)


def _ground(side: int, rng: Rng, scene: Pixels | None) -> NDArray[np.float32]:
    if scene is not None:
        return np.asarray(cv2.resize(scene, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    fall = np.linspace(0, 1, side, dtype=np.float32)[:, None, None] * float(rng.uniform(0, 18))
    return np.asarray(np.broadcast_to(255 - fall, (side, side, 3)), np.float32)


def product(kind: str, side: int, paint: tuple[int, int, int], seed: int, scene: Pixels | None) -> Pixels:
    """Return (side, side, 3) uint8: a product with shade, folds and a shadow on the ground or in a scene."""
    rng = np.random.default_rng(seed)
    shape, out = product_shape(kind, side), _ground(side, rng, scene)
    shadow = cv2.GaussianBlur(np.roll(shape, (side // 30, side // 40), (0, 1)), (0, 0), side / 25)[..., None]
    out = out * (1 - 0.35 * shadow)
    xs = np.linspace(0, 1, side, dtype=np.float32)[None, :]
    light = 0.75 + 0.5 * np.exp(-(((xs - float(rng.uniform(0.3, 0.5))) / 0.22) ** 2))
    folds = cv2.resize(
        rng.normal(0, 0.07, (9, 9)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC
    )
    grain = rng.normal(0, 0.012, (side, side)).astype(np.float32)
    lit = np.array(paint, np.float32) * (light * (1 + folds) + grain)[..., None]
    mixed = out * (1 - shape[..., None]) + lit * shape[..., None]
    rgb = to_bytes(mixed)
    _details(rgb, kind, side)
    return rgb


def _products(rng: Rng, photo: Pixels) -> Twins:
    kind, side = str(rng.choice(list(_SHAPES))), int(rng.integers(220, 900))
    first, second = (tuple(int(c) for c in _PAINTS[int(i)]) for i in rng.permutation(len(_PAINTS))[:2])
    scene = photo if rng.random() < 0.3 else None
    seed = int(rng.integers(0, 1 << 30))
    pair = [product(kind, side, (p[0], p[1], p[2]), seed, scene) for p in (first, second)]
    return Twins(f"{kind}{', in a scene' if scene is not None else ''}", pair[0], pair[1], APART, whole=True)


def _hue_turned(rgb: Pixels, degrees: float) -> Pixels:
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + round(degrees / 2)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1].astype(np.int16) + 50, 0, 255)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def object_mask(rgb: Pixels, rng: Rng) -> Pixels:
    """Return (h, w) uint8 0 or 255: one thing of a photograph, by its color round a point, else an ellipse."""
    height, width = rgb.shape[:2]
    soft = cv2.bilateralFilter(rgb, 7, 40, 7)
    for _ in range(12):
        seed = (int(rng.uniform(0.15, 0.85) * width), int(rng.uniform(0.15, 0.85) * height))
        mask = np.zeros((height + 2, width + 2), np.uint8)
        step = int(rng.integers(4, 12))
        cv2.floodFill(
            soft.copy(), mask, seed, 0, (step,) * 3, (step,) * 3, 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY
        )
        inside = mask[1:-1, 1:-1]
        if 0.02 < float((inside > 0).mean()) < 0.45:
            return np.asarray(cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), np.uint8)
    out = np.zeros((height, width), np.uint8)
    middle = (int(rng.uniform(0.3, 0.7) * width), int(rng.uniform(0.3, 0.7) * height))
    axes = (max(4, int(rng.uniform(0.08, 0.25) * width)), max(4, int(rng.uniform(0.08, 0.25) * height)))
    cv2.ellipse(out, middle, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    return out


def _object(rng: Rng, photo: Pixels) -> Twins:
    """A photograph of which one thing has another hue."""
    mask = object_mask(photo, rng)
    turned = _hue_turned(photo, float(rng.uniform(60, 180)))
    share = (cv2.GaussianBlur(mask, (0, 0), 1.2).astype(np.float32) / 255)[..., None]
    two = np.rint(photo * (1 - share) + turned * share).astype(np.uint8)
    truth = frozenset({"edited"})
    return Twins("one thing in a photograph", photo, two, truth, whole=True, toned=True)


def _swapped(rng: Rng, photo: Pixels) -> Twins:
    return Twins("red and blue swapped", photo, np.ascontiguousarray(photo[..., ::-1]), APART)


def _turned(rng: Rng, photo: Pixels) -> Twins:
    return Twins("all hues turned", photo, _hue_turned(photo, float(rng.uniform(70, 290))), APART)


def _flat(rng: Rng, photo: Pixels) -> Twins:
    size = (int(rng.integers(60, 480)), int(rng.integers(60, 640)))
    one, two = (np.array(_PAINTS[int(i)], np.uint8) for i in rng.permutation(len(_PAINTS))[:2])
    pair = [np.broadcast_to(color, (*size, 3)).copy() for color in (one, two)]
    return Twins("flat screens", pair[0], pair[1], APART, style="drawing")


def _burst(rng: Rng, photo: Pixels) -> Twins:
    """Rays of all hues from the middle, and the same nearly white."""
    side, rays = int(rng.integers(160, 640)), int(rng.integers(8, 40))
    ys, xs = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    ray = np.floor((np.arctan2(ys, xs) / (2 * np.pi) % 1) * rays).astype(np.int64) % rays
    hues = rng.permutation(rays) / rays
    hsv = np.stack([hues[ray] * 179, np.full_like(xs, 230), np.full_like(xs, 235)], axis=-1).astype(np.uint8)
    one = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)
    two = np.rint(255 - (255 - one.astype(np.float32)) * float(rng.uniform(0.08, 0.2))).astype(np.uint8)
    return Twins("starburst nearly white", one, two, APART, style="drawing")


_MAKERS = (_products, _products, _products, _object, _object, _swapped, _turned, _flat, _burst)


def _colorful(photo: Pixels) -> bool:
    small = cv2.resize(photo, (64, 64), interpolation=cv2.INTER_AREA)
    return float((small.max(axis=2).astype(np.int16) - small.min(axis=2)).mean()) > 30


def recolored_twins(rng: Rng, photo: Pixels) -> Twins:
    """Return a pair that differs in color alone, visibly; a gray photograph gives drawn products."""
    for _ in range(12):
        maker = _MAKERS[int(rng.integers(0, len(_MAKERS)))]
        if maker in (_object, _swapped, _turned) and not _colorful(photo):
            continue
        twins = maker(rng, photo)
        seen = changed_mask(twins.one, twins.two, _VISIBLE)
        if seen is not None and float((seen > 0).mean()) >= 0.015:
            return twins
    return _products(rng, photo)


Part = NDArray[np.bool_]
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


def _thick(mask: Part) -> Part:
    """Return what is more than a smoothed edge: strokes of five pixels and more."""
    return np.asarray(
        cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0, np.bool_
    )


def _one_color(rgb: Pixels, rng: Rng) -> Part:
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


def _part(rgb: Pixels, rng: Rng) -> Part:
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


def _painted(rgb: Pixels, mask: Part, rng: Rng) -> Pixels:
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
