"""Copies whose whole frame was changed: tone, color and light in any strength, few colors, or bent by a few pixels.

A change that makes two neighboring colors one would take content away: it is drawn again (`lost_edges`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from bench.copies import one_bit, quantized, shade
from bench.family_base import LUMA, Floats, Pixels, Right, Rng
from bench.pairs import Copy, coded, resized
from bench.pictures import clear_original, photo
from bench.steps import SEPIA, edges_of, on_light, picked, saturated, scaled, to_bytes

Change = Callable[[Floats, Rng], Floats]
"""From samples 0 to 255, (h, w, 3), to changed ones, which may leave that range."""

_SEPIAS = (
    SEPIA,
    np.outer([1.07, 0.95, 0.74], LUMA).astype(np.float32),
    np.outer([1.12, 0.98, 0.82], [0.33, 0.5, 0.17]).astype(np.float32),
)
_COLORLESS = 0.01
"""Share of pixels with color up to which the colors of a drawing say nothing."""


def _either(rng: Rng, low: float, high: float) -> float:
    """Return a factor from `low` to `high`, as often below 1 as above, and off 1 by a twelfth or more."""
    below = rng.random() < 0.5
    return float(np.exp(rng.uniform(np.log(low), -0.08) if below else rng.uniform(0.08, np.log(high))))


def _contrast(rgb: Floats, rng: Rng) -> Floats:
    pivot = np.float32(rng.uniform(90, 170))
    return (rgb - pivot) * np.float32(_either(rng, 0.5, 1.8)) + pivot


def _temperature(rgb: Floats, rng: Rng) -> Floats:
    warm = rng.uniform(0.04, 0.2) * rng.choice([-1, 1])
    gains = [1 + warm, 1 + rng.uniform(-0.06, 0.06), 1 - warm]
    return rgb * np.array(gains, np.float32)


def _sepia(rgb: Floats, rng: Rng) -> Floats:
    share, matrix = float(rng.uniform(0.3, 1.0)), picked(rng, _SEPIAS)
    return np.asarray(rgb * (1 - share) + rgb @ matrix.T * share, np.float32)


def _fade(rgb: Floats, rng: Rng) -> Floats:
    """Blacks lifted and whites lowered, as old prints and film filters have them."""
    low, high = float(rng.uniform(10, 70)), float(rng.uniform(205, 255))
    return np.asarray(low + rgb * ((high - low) / 255), np.float32)


def _auto_levels(rgb: Floats, rng: Rng) -> Floats:
    cut = float(rng.uniform(0.2, 2))
    each = bool(rng.random() < 0.5)
    low, high = np.percentile(rgb[::2, ::2], (cut, 100 - cut), axis=(0, 1) if each else None)
    return np.asarray((rgb - low) / np.maximum(high - low, 32) * 255, np.float32)


def _equalized(rgb: Floats, rng: Rng) -> Floats:
    share = np.float32(rng.uniform(0.4, 1.0))
    return rgb + share * (on_light(to_bytes(rgb), cv2.equalizeHist).astype(np.float32) - rgb)


def _local_contrast(rgb: Floats, rng: Rng) -> Floats:
    tiles = int(rng.integers(4, 13))
    method = cv2.createCLAHE(float(rng.uniform(1.2, 4)), (tiles, tiles))
    return on_light(to_bytes(rgb), method.apply).astype(np.float32)


def _curves(rgb: Floats, rng: Rng) -> Floats:
    """A rising curve for each channel, or one for all."""
    count, knots = (3 if rng.random() < 0.7 else 1), np.array([0.0, 64, 128, 192, 255])
    bent = [knots + rng.uniform(-28, 28, 5) + [14, 0, 0, 0, -14] for _ in range(count)]
    each = [np.interp(rgb[..., band], knots, bent[band % count]) for band in range(3)]
    return np.stack(each, axis=2).astype(np.float32)


def _vignette(rgb: Floats, rng: Rng) -> Floats:
    height, width = rgb.shape[:2]
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    away = (xs - rng.uniform(-0.2, 0.2)) ** 2 + (ys - rng.uniform(-0.2, 0.2)) ** 2
    fall = 1 - float(rng.uniform(0.12, 0.35)) * np.clip(away, 0, 2) ** float(rng.uniform(0.7, 1.5))
    return np.asarray(rgb * np.clip(fall, 0.2, 1)[..., None], np.float32)


def _uneven(rgb: Floats, rng: Rng) -> Floats:
    light = shade(rgb.shape, rng, float(rng.uniform(0.1, 0.45)))
    tint = rng.uniform(0.9, 1.06, 3) if rng.random() < 0.4 else np.ones(3)
    return np.asarray(rgb * light * (1 + (1 - light) * (tint - 1) * 3), np.float32)


def _overlaid(rgb: Floats, rng: Rng) -> Floats:
    share = float(rng.uniform(0.1, 0.3))
    return np.asarray(rgb * (1 - share) + share * rng.uniform(0, 255, 3), np.float32)


def _posterized(rgb: Floats, rng: Rng) -> Floats:
    step = 255 / (int(rng.integers(5, 25)) - 1)
    return np.asarray(np.rint(rgb / step) * step, np.float32)


def _blurred(rgb: Floats, rng: Rng, high: float = 2.4) -> Floats:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(0.5, high))), np.float32)


def _sharpened(rgb: Floats, rng: Rng) -> Floats:
    soft = cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(0.8, 2)))
    return np.asarray(rgb + float(rng.uniform(0.3, 1.8)) * (rgb - soft), np.float32)


def _noisy(rgb: Floats, rng: Rng, high: float = 20.0) -> Floats:
    shape = (*rgb.shape[:2], 1 if rng.random() < 0.5 else 3)
    return rgb + rng.standard_normal(shape, np.float32) * np.float32(rng.uniform(3, high))


_IN_ORDER: Mapping[str, Change] = {
    "gamma": lambda rgb, rng: np.asarray(255 * (rgb / 255) ** _either(rng, 0.5, 2.0), np.float32),
    "brightness": lambda rgb, rng: rgb + np.float32(rng.uniform(12, 70) * rng.choice([-1, 1])),
    "contrast": _contrast,
    "fade": _fade,
    "vignette": _vignette,
    "uneven light": _uneven,
}
"""Changes that keep colors in order, whatever they are."""
_ANY_COLOR: Mapping[str, Change] = {"temperature": _temperature, "sepia": _sepia, "overlay": _overlaid}
"""Of drawings, those without color only."""
_PHOTOS: Mapping[str, Change] = {
    **_IN_ORDER,
    **_ANY_COLOR,
    "saturation": lambda rgb, rng: saturated(rgb, rng.uniform(0, 2)),
    "auto levels": _auto_levels,
    "equalized": _equalized,
    "local contrast": _local_contrast,
    "curves": _curves,
    "posterized": _posterized,
    "blur": _blurred,
    "sharpened": _sharpened,
    "noise": _noisy,
}
_DRAWINGS: Mapping[str, Change] = {
    **_IN_ORDER,
    "saturation": lambda rgb, rng: saturated(rgb, rng.uniform(0.6, 1.4)),
    "blur": lambda rgb, rng: _blurred(rgb, rng, 0.9),
    "sharpened": _sharpened,
    "noise": lambda rgb, rng: _noisy(rgb, rng, 10),
}
_TEXTURE = ("blur", "sharpened", "noise")
"""What keeps all edges at these strengths, and what the check of edges cannot measure."""


def lost_edges(rgb: Pixels, other: Pixels, seen: int = 24, left: int = 8) -> tuple[float, int]:
    """Return what of the edges of `seen` levels and more the other picture shows by less than `left` levels.

    Both are (h, w, 3) uint8 of one size: the share of the edges, and the pixels of the largest lost piece.
    """
    edges = edges_of(rgb) >= seen
    lost = edges & (edges_of(other) < left)
    if not lost.any():
        return 0.0, 0
    _, _, sizes, _ = cv2.connectedComponentsWithStats(lost.astype(np.uint8), connectivity=8)
    return float(lost.sum() / edges.sum()), int(sizes[1:, cv2.CC_STAT_AREA].max())


def keeps_edges(rgb: Pixels, other: Pixels, *, photograph: bool) -> bool:
    """Tell whether nothing is lost: of a photograph most strong edges are enough, of a drawing all must be left."""
    if photograph:
        return lost_edges(rgb, other, 48, 8)[0] <= 0.08
    share, piece = lost_edges(rgb, other)
    return share <= 0.01 and piece < 40


def _keeps_colors(rgb: Pixels, other: Pixels) -> bool:
    """Tell whether no flat area of a drawing got a color that a person calls another one."""
    shifts = cv2.blur(rgb, (9, 9)).astype(np.int16) - cv2.blur(other, (9, 9))
    return float(np.percentile(np.abs(shifts[::3, ::3]).max(axis=2), 98)) <= 12


def _is_colorless(rgb: Pixels) -> bool:
    chroma = rgb.max(axis=2).astype(np.int16) - rgb.min(axis=2)
    return float((chroma >= 40).mean()) <= _COLORLESS


def toned_copy(rgb: Pixels, rng: Rng, *, photograph: bool) -> tuple[str, Pixels]:
    """Return the names of one change or two, and the picture with them, (h, w, 3) uint8.

    A drawing gets only what keeps its colors apart; what loses edges is drawn again.
    """
    changes = _PHOTOS if photograph else {**_DRAWINGS, **(_ANY_COLOR if _is_colorless(rgb) else {})}
    while True:
        count = 1 if rng.random() < 0.6 else 2
        ways = [str(way) for way in rng.choice(list(changes), count, replace=False)]
        chosen = sorted(ways, key=lambda way: way in _TEXTURE)
        out, kept = rgb.astype(np.float32), True
        for way in chosen:
            out = np.clip(changes[way](out, rng), 0, 255)
            kept = way in _TEXTURE or keeps_edges(rgb, to_bytes(out), photograph=photograph)
            if not kept:
                break
        if kept and np.abs(out - rgb).mean() >= 1:
            return " and ".join(chosen), to_bytes(out)


def toned(half: str, number: int, rng: Rng) -> Copy:
    """Return any picture and the same in another tone, light, sharpness or noise, now and then smaller."""
    what, rgb = clear_original(half, number, rng)
    way, out = toned_copy(rgb, rng, photograph=what == "photo")
    if rng.random() < 0.4:
        out = resized(out, max(float(rng.uniform(0.5, 1)), min(1.0, 200 / max(out.shape[:2]))))
    files = coded(rgb, rng, (0.75, 0.1, 0.15)), coded(out, rng, (0.7, 0.15, 0.15))
    return Copy(f"{what}, {way.split(' and ')[0]}", files)


def _ordered(rgb: Pixels, rng: Rng) -> Pixels:
    """Dots in a fixed order between a few levels of each channel."""
    small = np.array([[0, 2], [3, 1]])
    grid = np.block([[4 * small, 4 * small + 2], [4 * small + 3, 4 * small + 1]])
    step = 255 / int(rng.integers(2, 6))
    height, width = rgb.shape[:2]
    raised = np.tile(grid, (height // 4 + 1, width // 4 + 1))[:height, :width, None] / 16 - 0.47
    return to_bytes(np.rint(rgb / step + raised) * step)


def _quantized(rgb: Pixels, rng: Rng) -> Pixels:
    """At most 12 to 96 colors, with dots for what is missing or without."""
    count = int(np.exp(rng.uniform(np.log(12), np.log(97))))
    if rng.random() < 0.15:
        return np.asarray(np.rint(rgb / 51) * 51, np.uint8)  # the colors that all screens once had
    return np.asarray(quantized(rgb, count, rng).convert("RGB"), np.uint8)


def _squares(rgb: Pixels, rng: Rng) -> Pixels:
    """Squares, 40 to 160 along the longer side."""
    cells = float(np.exp(rng.uniform(np.log(40), np.log(160))))
    small = resized(rgb, min(1.0, cells / max(rgb.shape[:2])), cv2.INTER_AREA)
    return scaled(small, rgb.shape[1::-1], cv2.INTER_NEAREST)


def _nearest(rgb: Pixels, rng: Rng) -> Pixels:
    """Smaller by leaving pixels out, and back to its size by repeating them, or not."""
    small = resized(rgb, float(rng.uniform(0.5, 0.95)), cv2.INTER_NEAREST)
    return small if rng.random() < 0.5 else scaled(small, rgb.shape[1::-1], cv2.INTER_NEAREST)


def _repeated(rgb: Pixels, rng: Rng) -> Pixels:
    """Larger by repeating pixels here and there: thin lines of drawings stay, as some thicker than others."""
    return resized(rgb, float(rng.uniform(1.05, 1.3)), cv2.INTER_NEAREST)


_COARSER: Mapping[str, Mapping[str, Callable[[Pixels, Rng], Pixels]]] = {
    "photo": {"palette": _quantized, "ordered": _ordered, "squares": _squares, "nearest": _nearest},
    "drawing": {"palette": _quantized, "repeated": _repeated},
    "page": {"palette": _quantized, "repeated": _repeated, "one bit": one_bit},
}
"""Small writing is not made of squares."""


def _says_the_same(rgb: Pixels, out: Pixels, way: str) -> bool:
    """Tell whether a drawing that was made coarser has all its lines and areas, and a palette its colors."""
    if way == "palette":
        return keeps_edges(rgb, out, photograph=False) and _keeps_colors(rgb, out)
    if way == "repeated":
        return True
    return lost_edges(rgb, scaled(out, rgb.shape[1::-1], cv2.INTER_NEAREST), 60, 20)[0] <= 0.08


def fewer_colors(rgb: Pixels, rng: Rng, what: str) -> tuple[str, Pixels]:
    """Return how a "photo", "page" or "drawing" was made coarser in color or in pixels, and the result."""
    ways = _COARSER[what]
    while True:
        way = str(rng.choice([*ways, "palette"]))
        out = ways[way](rgb, rng)
        if what == "photo" or _says_the_same(rgb, out, way):
            return way, out


def few_colors(half: str, number: int, rng: Rng) -> Copy:
    """Return a picture, seven of ten photographs, and the same in few colors, in squares or with pixels left out."""
    what, rgb = ("photo", photo(half, number)) if rng.random() < 0.3 else clear_original(half, number, rng)
    way, out = fewer_colors(rgb, rng, what)
    files = coded(rgb, rng, (0.8, 0.1, 0.1)), coded(out, rng, (0.35, 0.15, 0.5))
    return Copy(f"{what}, {way}", files, Right.IN_PLACE)


_LEAST_BENT = 160


def _field(shape: tuple[int, ...], rng: Rng) -> Floats:
    """Return smooth shifts in pixels, (h, w, 2), of 1 to 8 at most."""
    count = int(rng.integers(3, 6))
    coarse = rng.uniform(-1, 1, (count, count, 2)).astype(np.float32)
    field = np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
    most = float(np.exp(rng.uniform(0, np.log(8))))
    return field * np.float32(min(most, 0.025 * min(shape[:2])) / np.abs(field).max())


def _lens(shape: tuple[int, ...], rng: Rng) -> Floats:
    """Return the shifts of a lens that draws the corners in or out by 0.5 to 3 %."""
    height, width = shape[:2]
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    away = np.stack([xs - width / 2, ys - height / 2], axis=2)
    far = np.square(away).sum(axis=2, keepdims=True) / ((width / 2) ** 2 + (height / 2) ** 2)
    return np.asarray(away * far * (rng.uniform(0.005, 0.03) * rng.choice([-1, 1])), np.float32)


def bent(rgb: Pixels, rng: Rng) -> tuple[str, Pixels]:
    """Return how the picture was bent, sheared or stretched a little, and the result."""
    height, width = rgb.shape[:2]
    # In small pictures even little of a field makes straight lines wavy.
    ways = ["lens", "shear", "stretch"] + ["field"] * 2 * (min(height, width) >= _LEAST_BENT)
    way = str(rng.choice(ways))
    if way == "stretch":
        by = float(rng.uniform(0.9, 0.985) if rng.random() < 0.5 else rng.uniform(1.015, 1.1))
        size = (round(width * by), height) if rng.random() < 0.5 else (width, round(height * by))
        return way, scaled(rgb, size, cv2.INTER_CUBIC)
    if way == "shear":
        lean = float(np.tan(np.radians(rng.uniform(0.5, 2) * rng.choice([-1, 1]))))
        across = np.array([[1, lean, -lean * height / 2], [0, 1, 0]])
        down = np.array([[1, 0, 0], [lean, 1, -lean * width / 2]])
        matrix, edge = across if rng.random() < 0.6 else down, cv2.BORDER_REPLICATE
        moved = cv2.warpAffine(rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=edge)
        return way, np.asarray(moved, np.uint8)
    shift = _field(rgb.shape, rng) if way == "field" else _lens(rgb.shape, rng)
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    maps = xs + shift[..., 0], ys + shift[..., 1]
    return way, np.asarray(cv2.remap(rgb, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def bends(half: str, number: int, rng: Rng) -> Copy:
    """Return any picture and the same bent by 1 to 8 pixels, as by a lens, sheared or stretched."""
    what, rgb = clear_original(half, number, rng)
    way, out = bent(rgb, rng)
    return Copy(f"{way}, {what}", (coded(rgb, rng), coded(out, rng)))
