"""A part of a picture in another color or light, covered or cut out; and other words in memes and comics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.family_base import Box, Pixels, Right, Rng
from bench.family_content import write
from bench.family_frame import side_window
from bench.pairs import Twins, as_mask, changed_mask
from bench.steps import any_color, blurred, hue_turned, in_gray, picked, seed_of, spot, to_bytes, turn_of
from bench.values import COLORS, Values, pixels, put

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
    "shirt": partial(_outlined, line=_SHIRT),
    "shoe": partial(_outlined, line=_SHOE),
    "car": partial(_outlined, line=_CAR),
    "bag": _bag,
}


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


def _ground(side: int, rng: Rng, scene: Pixels | None) -> Mask:
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
    bumps = rng.normal(0, 0.07, (9, 9)).astype(np.float32)
    folds = cv2.resize(bumps, (side, side), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, 0.012, (side, side)).astype(np.float32)
    lit = np.array(paint, np.float32) * (light * (1 + folds) + grain)[..., None]
    rgb = to_bytes(out * (1 - shape[..., None]) + lit * shape[..., None])
    _details(rgb, kind, side)
    return rgb


def _products(rng: Rng, photo: Pixels) -> Twins:
    kind, side = str(rng.choice(list(_SHAPES))), int(rng.integers(220, 900))
    paints = [_PAINTS[int(i)] for i in rng.permutation(len(_PAINTS))[:2]]
    scene = photo if rng.random() < 0.3 else None
    seed = int(rng.integers(0, 1 << 30))
    one, two = (product(kind, side, paint, seed, scene) for paint in paints)
    return Twins(f"{kind}{', in a scene' if scene is not None else ''}", one, two, Right.APART, whole=True)


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
    turned = hue_turned(photo, round(float(rng.uniform(60, 180)) / 2), 50)
    share = (blurred(mask, 1.2).astype(np.float32) / 255)[..., None]
    two = np.rint(photo * (1 - share) + turned * share).astype(np.uint8)
    return Twins("one thing in a photograph", photo, two, Right.EDITED, whole=True, toned=True)


def _swapped(rng: Rng, photo: Pixels) -> Twins:
    return Twins("red and blue swapped", photo, np.ascontiguousarray(photo[..., ::-1]), Right.APART)


def _turned(rng: Rng, photo: Pixels) -> Twins:
    turned = hue_turned(photo, round(float(rng.uniform(70, 290)) / 2), 50)
    return Twins("all hues turned", photo, turned, Right.APART)


def _flat(rng: Rng, photo: Pixels) -> Twins:
    size = (int(rng.integers(60, 480)), int(rng.integers(60, 640)))
    one, two = (np.array(_PAINTS[int(i)], np.uint8) for i in rng.permutation(len(_PAINTS))[:2])
    pair = [np.broadcast_to(color, (*size, 3)).copy() for color in (one, two)]
    return Twins("flat screens", pair[0], pair[1], Right.APART, style="drawing")


def _burst(rng: Rng, photo: Pixels) -> Twins:
    """Rays of all hues from the middle, and the same nearly white."""
    side, rays = int(rng.integers(160, 640)), int(rng.integers(8, 40))
    ys, xs = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    ray = np.floor((np.arctan2(ys, xs) / (2 * np.pi) % 1) * rays).astype(np.int64) % rays
    hues = rng.permutation(rays) / rays
    hsv = np.stack([hues[ray] * 179, np.full_like(xs, 230), np.full_like(xs, 235)], axis=-1).astype(np.uint8)
    one = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)
    two = np.rint(255 - (255 - one.astype(np.float32)) * float(rng.uniform(0.08, 0.2))).astype(np.uint8)
    return Twins("starburst nearly white", one, two, Right.APART, style="drawing")


_MAKERS = (_products, _products, _products, _object, _object, _swapped, _turned, _flat, _burst)


def _colorful(photo: Pixels) -> bool:
    small = cv2.resize(photo, (64, 64), interpolation=cv2.INTER_AREA)
    return float((small.max(axis=2).astype(np.int16) - small.min(axis=2)).mean()) > 30


def recolored_twins(rng: Rng, photo: Pixels) -> Twins:
    """Return a pair that differs in color alone, visibly; a gray photograph gives drawn products."""
    for _ in range(12):
        maker = picked(rng, _MAKERS)
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
            level = f"{'one color' if flat else 'a part'}, {style}"
            return Twins(level, rgb, after, Right.EDITED, as_mask(seen), style, whole=True)


def colored_twins(rng: Rng, rgb: Pixels, style: str) -> Twins:
    """Return a picture without color and the same with colored areas in it, as a map gets its data."""
    gray = in_gray(rgb)
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
            return Twins(f"colored, {style}", gray, after, Right.EDITED, as_mask(seen), style, whole=True)


def _thick(mask: Part) -> Part:
    """Return what is more than a smoothed edge: strokes of five pixels and more."""
    thick = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return np.asarray(thick > 0, np.bool_)


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
    x, y = spot(rng, width - w, height - h)
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


Cover = Callable[[Pixels, Rng], Box]
"""Covers a part in place and returns its box."""
_CHANGED, _SHARE = 12, 0.2
_CAPTIONS = ("found in the attic", "Lot 17, reserved", "breaking news", "what a day", "see profile")
_INKS = ((220, 20, 30), (20, 40, 160), (255, 255, 255), (0, 0, 0))


def _fill(rgb: Pixels, box: Box, color: tuple[int, int, int]) -> Box:
    x, y, w, h = box
    rgb[y : y + h, x : x + w] = color
    return box


def _lower_part(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    tall, gray = round(height * float(rng.uniform(0.55, 0.62))), int(rng.choice([0, 0, 20, 255, 128]))
    return _fill(rgb, (0, height - tall, width, tall), (gray, gray, gray))


def _covered_half(rgb: Pixels, rng: Rng, *, low: float, black: bool) -> Box:
    gray = 0 if black else int(rng.integers(100, 190))
    return _fill(rgb, side_window(rgb, rng, float(rng.uniform(low, 0.55))), (gray, gray, gray))


def _white_quarter(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    x, y = int(rng.integers(0, 2)) * (width // 2), int(rng.integers(0, 2)) * (height // 2)
    return _fill(rgb, (x, y, width - width // 2, height - height // 2), (255, 255, 255))


def _any_box(rgb: Pixels, rng: Rng, low: float, high: float) -> Box:
    height, width = rgb.shape[:2]
    share, aspect = float(rng.uniform(low, high)), float(np.exp(rng.uniform(-0.7, 0.7)))
    w = min(width, max(8, round((share * aspect) ** 0.5 * width)))
    h = min(height, max(8, round(share * width * height / w)))
    return *spot(rng, width - w + 1, height - h + 1), w, h


def _black_box(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    w, h = (round(side * float(rng.uniform(0.3, 0.65))) for side in (width, height))
    return _fill(rgb, ((width - w) // 2, (height - h) // 2, w, h), (0, 0, 0))


def _caption_bar(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    tall = max(12, round(height * float(rng.uniform(0.08, 0.22))))
    y, dark = int(rng.integers(0, 2)) * (height - tall), bool(rng.integers(0, 2))
    box = _fill(rgb, (0, y, width, tall), (0, 0, 0) if dark else (255, 255, 255))
    inside = (width // 20, y + tall // 8, width - width // 10, tall - tall // 4)
    write(rgb, inside, str(rng.choice(_CAPTIONS)), (255, 255, 255) if dark else (0, 0, 0))
    return box


def _color_part(rgb: Pixels, rng: Rng) -> Box:
    color = any_color(rng)
    return _fill(rgb, _any_box(rgb, rng, 0.05, 0.6), color)


def _blurred_part(rgb: Pixels, rng: Rng) -> Box:
    x, y, w, h = box = _any_box(rgb, rng, 0.05, 0.5)
    part = rgb[y : y + h, x : x + w]
    part[:] = blurred(part, max(4.0, min(rgb.shape[:2]) / float(rng.uniform(12, 28))))
    return box


def _stamp(rgb: Pixels, rng: Rng) -> Box:
    """Words across the picture, slanted, sometimes half transparent."""
    height, width = rgb.shape[:2]
    sheet = np.zeros((height, width, 3), np.uint8)
    tall = round(min(height, width) * float(rng.uniform(0.16, 0.34)))
    text = str(rng.choice(["SOLD OUT", "SOLD", "SAMPLE", "VOID", "COPY", "REJECTED", "DRAFT"]))
    write(sheet, (0, (height - tall) // 2, width, tall), text, (255, 255, 255))
    turn = turn_of(width, height, float(rng.uniform(-35, 35)))[:2]
    alpha = cv2.warpAffine(sheet, turn, (width, height))[..., :1].astype(np.float32) / 255
    ink = np.array(_INKS[int(rng.choice(4, p=[0.6, 0.15, 0.15, 0.1]))], np.float32)
    alpha = alpha * float(rng.choice([1.0, 1.0, 0.7]))
    rgb[:] = np.rint(rgb * (1 - alpha) + ink * alpha)
    x, y, w, h = cv2.boundingRect((alpha[..., 0] > 0.05).astype(np.uint8))
    return int(x), int(y), int(w), int(h)


COVERS: dict[str, Cover] = {
    "black half": partial(_covered_half, low=0.45, black=True),
    "lower 60 %": _lower_part,
    "gray half": partial(_covered_half, low=0.4, black=False),
    "white quarter": _white_quarter,
    "black box in the middle": _black_box,
    "caption bar": _caption_bar,
    "colored part": _color_part,
    "blurred part": _blurred_part,
    "stamp": _stamp,
}


def cover_twins(rng: Rng, rgb: Pixels, what: str) -> Twins:
    """Return `rgb` and the same with a part covered, in a way that shows; `what` says what kind of picture it is."""
    names = list(COVERS)
    start = int(rng.integers(0, len(names)))
    for attempt in range(24):
        how = names[(start + attempt // 3) % len(names)]
        two = rgb.copy()
        x, y, w, h = COVERS[how](two, rng)
        changed = cv2.absdiff(rgb, two).max(axis=2) >= _CHANGED
        # Ink that vanishes from a page shows though most of what is covered was white before.
        least = 0.02 if how == "stamp" or what == "page" else 0.08 if how == "blurred part" else _SHARE
        if changed[y : y + h, x : x + w].mean() >= least and changed.mean() >= 0.004:
            break
    else:
        how, two = "black box in the middle", 255 - rgb
    return Twins(f"{how}, {what}", rgb, two, Right.EDITED, as_mask(changed), what, whole=True, toned=True)


def _blob(rgb: Pixels, rng: Rng) -> Pixels:
    """A crooked disc in the middle, as a hand cuts out a thing."""
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    reach = 0.3 + 0.1 * np.convolve(np.tile(rng.normal(0, 1, 60), 3), np.ones(9) / 9, "same")[60:120]
    xs, ys = (0.5 + np.cos(angles) * reach) * width, (0.5 + np.sin(angles) * reach) * height
    cv2.fillPoly(mask, [np.rint(np.stack([xs, ys], axis=1)).astype(np.int32)], 255)
    return mask


def _product_in_scene(rng: Rng, scene: Pixels) -> tuple[Pixels, Pixels]:
    """A drawn thing before a photograph, and where it is."""
    kind, side = str(rng.choice(list(_SHAPES))), int(rng.integers(240, 800))
    shown = product(kind, side, any_color(rng, 30, 230), int(rng.integers(0, 1 << 30)), scene)
    return shown, as_mask(product_shape(kind, side) > 0.5)


def cut_out_twins(rng: Rng, rgb: Pixels) -> Twins:
    """Return a photograph or a drawn thing in a scene, and one thing of it on white, black, gray, or transparent."""
    way = int(rng.integers(0, 3))
    if way == 2:
        rgb, mask = _product_in_scene(rng, rgb)
    else:
        mask = object_mask(rgb, rng) if way else _blob(rgb, rng)
    share = (blurred(mask, 1.0).astype(np.float32) / 255)[..., None]
    name = picked(rng, ("white", "white", "black", "gray", "clear"))
    ground = {"black": 0, "gray": 240}.get(name, 255)
    two = np.rint(rgb * share + ground * (1 - share)).astype(np.uint8)
    alpha = np.rint(share[..., 0] * 255).astype(np.uint8) if name == "clear" else None
    truth = Right.EDITED | {"similar", "different"}
    return Twins(f"on {name}", rgb, two, truth, whole=True, toned=True, alpha=alpha)


Area = tuple[float, float, float, float]
_TOP = (
    "WHEN YOU FINALLY", "ME BEFORE COFFEE", "NOBODY EXPECTED", "I HAVE FISH", "I HATE FISH", "ONE DOES NOT SIMPLY",
    "MONDAY MORNING", "MY CAT AT 3 AM", "THEY SAID IT WAS EASY", "WHAT IF I TOLD YOU", "SO IT BEGINS",
    "BRACE YOURSELVES",
)  # fmt: skip
_BOTTOM = (
    "FOR YOU", "FROM YOU", "AND NOW I AM LATE", "IT WAS NOT", "WINTER IS HERE", "CLOSE THE TICKET", "SEND HELP",
    "AGAIN", "NEVER MIND", "BUT AT WHAT COST", "EVERY SINGLE TIME", "WALK INTO A MEETING", "OH NO",
)  # fmt: skip


def _captioned(photo: Pixels, style: str, tall: int, words: tuple[str, str]) -> Pixels:
    """The words at the top and at the bottom: outlined on the photograph, on bars over it, or on one bar above."""
    height, width = photo.shape[:2]
    out = photo.copy()
    if style == "bar above":
        out = np.vstack([np.full((tall * 2, width, 3), 255, np.uint8), out])
        for row, text in enumerate(words):
            write(out, (width // 30, row * tall, width - width // 15, tall), text.capitalize(), (10, 10, 10))
        return out
    for y, text in ((0, words[0]), (height - tall, words[1])):
        box = (width // 40, y, width - width // 20, tall)
        if style == "bars":
            out[y : y + tall] = 255
            write(out, box, text, (0, 0, 0))
        else:
            write(out, box, text, (255, 255, 255), (0, 0, 0))
    return out


def caption_twins(rng: Rng, photo: Pixels) -> Twins:
    """Return a photograph with two captions: one line of it or both are other words."""
    style = str(rng.choice(["letters", "letters", "bars", "bar above"]))
    tall = max(14, round(photo.shape[0] * float(rng.uniform(0.09, 0.18))))
    top, bottom = (rng.permutation(len(words)) for words in (_TOP, _BOTTOM))
    how = int(rng.integers(0, 3))
    first = (_TOP[int(top[0])], _BOTTOM[int(bottom[0])])
    second = (_TOP[int(top[int(how != 1)])], _BOTTOM[int(bottom[int(how != 0)])])
    one, two = (_captioned(photo, style, tall, words) for words in (first, second))
    return Twins(style, one, two, Right.EDITED, toned=True)


def _figure(draw: ImageDraw.ImageDraw, x: float, y: float, s: float, rng: Rng) -> None:
    coat = COLORS[int(rng.integers(0, 5))]
    draw.ellipse((x - 9 * s, y, x + 9 * s, y + 18 * s), fill=(250, 220, 190), outline=(20, 20, 20), width=2)
    body = [(x + across * s, y + down * s) for across, down in ((-14, 50), (-7, 18), (7, 18), (14, 50))]
    draw.polygon(body, fill=coat, outline=(20, 20, 20))
    for side in (-3, 3):
        draw.ellipse((x + (side - 1) * s, y + 7 * s, x + (side + 1) * s, y + 10 * s), fill=(20, 20, 20))
    draw.arc((x - 4 * s, y + 9 * s, x + 4 * s, y + 15 * s), 20, 160, fill=(20, 20, 20), width=2)


def _bubble(draw: ImageDraw.ImageDraw, box: Area, lines: list[str], size: int) -> None:
    x, y, w, h = box
    white, line = (255, 255, 255), (20, 20, 20)
    tail = [(x + w * across, y + h * down) for across, down in ((0.4, 0.9), (0.55, 0.9), (0.45, 1.3))]
    draw.polygon(tail, fill=white, outline=line)
    draw.rounded_rectangle((x, y, x + w, y + h), radius=h / 4, fill=white, outline=line, width=2)
    for row, text in enumerate(lines):
        at = (x + w / 2, y + h * (0.28 + 0.44 * row))
        put(draw, at, text, size, (10, 10, 10), face="Sans-Bold", anchor="mm")


def _comic(rng: Rng, v: Values, scene: Pixels | None) -> Image.Image:
    """Two to four panels with figures who talk."""
    panels = int(rng.integers(2, 5))
    wide, tall = int(rng.integers(200, 340)), int(rng.integers(220, 380))
    image = Image.new("RGB", (panels * wide + 12, tall + 12), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    for panel in range(panels):
        x, s = 6 + panel * wide, wide / 100
        ground = any_color(rng, 150, 250)
        draw.rectangle((x, 6, x + wide - 8, tall), fill=ground, outline=(20, 20, 20), width=3)
        if scene is not None:
            small = cv2.resize(scene, (wide - 14, tall - 12), interpolation=cv2.INTER_AREA)
            image.paste(Image.fromarray(small), (x + 3, 9))
        for side in (28, 68):
            _figure(draw, x + side * s, tall - 56 * s + float(rng.uniform(-4, 4)) * s, s, rng)
        lines = [v.text(f"say {panel} {row}", "line")[:17] for row in range(2)]
        _bubble(draw, (x + 8 * s, 6 + 6 * s, 76 * s, 26 * s), lines, max(10, round(7 * s)))
    return image


def comic_twins(rng: Rng, photo: Pixels) -> Twins:
    """Return a comic with other words in one bubble or in all."""
    seed = seed_of(rng)
    scene = photo if rng.random() < 0.3 else None
    values = Values(seed)
    one = pixels(_comic(np.random.default_rng(seed), values, scene))
    names = sorted(values.asked)
    changed = frozenset(names if rng.random() < 0.5 else names[:2])
    two = pixels(_comic(np.random.default_rng(seed), Values(seed, changed), scene))
    return Twins("comic", one, two, Right.EDITED, style="drawing", toned=True)
