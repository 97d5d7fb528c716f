"""Copies that are the same picture: drawings saved again, papers scanned, palettes, color spaces, altered copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import cv2
import numpy as np
from PIL import Image

from bench.art import art, art_names
from bench.common import encoded
from bench.families import FAMILIES, alter, level_of, save
from bench.family_base import Altered, Pixels, to_bytes, warped
from bench.family_harsh import HARSH
from bench.originals import DRAWN, any_original, drawn, file_of, photo
from bench.pairs import EDITED_ONLY, IN_PLACE, SAME_WORDS, Copy, Labelled, changed_mask, coded, png, resized
from bench.profiles_made import SPACES, cmyk_of, from_space, press_profile, space_profile, to_space
from bench.signs import SIGNS
from bench.sources import pixels_of

Rng = np.random.Generator
Saver = Callable[[Pixels, Rng], bytes]


def _jpeg(rgb: Pixels, rng: Rng, low: int = 60, high: int = 95) -> bytes:
    return encoded(rgb, quality=int(rng.integers(low, high + 1)))


def _webp(rgb: Pixels, rng: Rng) -> bytes:
    return encoded(rgb, "WEBP", quality=int(rng.integers(50, 96)), method=2)


def quantized(rgb: Pixels, count: int, rng: Rng) -> Image.Image:
    """Return the picture in few colors, cut at the median or by an octree, with dots for what is missing or without."""
    image = Image.fromarray(rgb)
    method = Image.Quantize.MEDIANCUT if rng.random() < 0.5 else Image.Quantize.FASTOCTREE
    few = image.quantize(count, method)
    return few if rng.random() >= 0.5 else image.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)


def _palette(rgb: Pixels, rng: Rng, counts: tuple[int, ...] = (16, 64, 256)) -> bytes:
    few = quantized(rgb, int(rng.choice(counts)), rng)
    return encoded(few, "PNG" if rng.random() < 0.7 else "GIF")


def _gray_paper(rgb: Pixels, rng: Rng) -> Pixels:
    return np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def _scaled(rgb: Pixels, rng: Rng, low: float, high: float) -> bytes:
    least = min(1.0, 24 / min(rgb.shape[:2]))
    how = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(0, 3))]
    return coded(resized(rgb, max(least, float(rng.uniform(low, high))), how), rng)


_ART: Mapping[str, Saver] = {
    "JPEG": _jpeg,
    "WebP": _webp,
    "palette": _palette,
    "gray": lambda rgb, rng: coded(_gray_paper(rgb, rng), rng),
    "smaller": partial(_scaled, low=0.5, high=1.0),
    "larger": partial(_scaled, low=1.0, high=2.0),
}
_COLOR_IS_CONTENT = ("flags", "sprites", "maps")
"""Without their colors, two parts of these may become one: no copies in gray of them."""


def _lost_in_gray(rgb: Pixels) -> float:
    """The share of the edges between colors that gray no longer shows."""
    lifted = cv2.morphologyEx(rgb, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    left = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    edges = lifted >= 60
    return float((left[edges] < 20).mean()) if edges.any() else 0.0


def resaved_art(half: str, number: int, rng: Rng) -> Copy:
    """Return a drawing of any kind and a copy: another format, size, palette, or gray."""
    kinds = [*DRAWN, *SIGNS]
    kind = kinds[number % len(kinds)]
    rgb = drawn(kind, number // len(kinds), rng)
    flat = kind in _COLOR_IS_CONTENT or _lost_in_gray(rgb) > 0.1
    ways = [way for way in _ART if way != "gray" or not flat]
    way = ways[int(rng.integers(0, len(ways)))]
    first = png(rgb) if rng.random() < 0.6 else _jpeg(rgb, rng, 85, 95)
    return Copy(f"{way}, {kind}", (first, _ART[way](rgb, rng)), IN_PLACE)


def unsmoothed(half: str, number: int, rng: Rng) -> Copy:
    """One drawing at one size, its edges smoothed and not, as two programs draw it."""
    rgb = _drawing_of(half, number, rng)
    scale = float(rng.integers(64, 320)) / max(rgb.shape[:2])
    size = (max(24, round(rgb.shape[1] * scale)), max(24, round(rgb.shape[0] * scale)))
    smooth, sharp = (
        np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)
        for how in (cv2.INTER_AREA, cv2.INTER_NEAREST)
    )
    files = png(smooth), png(sharp) if rng.random() < 0.5 else _jpeg(sharp, rng, 70)
    return Copy(f"{max(size) // 80 * 80} px", files)


def _drawing_of(half: str, number: int, rng: Rng) -> Pixels:
    """Return a drawing of many flat areas, of real art where that was fetched."""
    names = art_names(half)
    if names and number % 2:
        return art(names[int(rng.integers(len(names)))])
    return drawn(("flags", "faces", "icons", "sprites")[number // 2 % 4], number, rng)


def _paper(half: str, number: int, rng: Rng) -> tuple[str, Pixels]:
    if rng.random() < 0.65:
        return "receipt", pixels_of(file_of("receipts", half, number))
    return "page", drawn("forms", number, rng)


def _tilt(rgb: Pixels, rng: Rng, low: float = 0.3, high: float = 3.0) -> Pixels:
    height, width = rgb.shape[:2]
    degrees = float(rng.uniform(low, high) * rng.choice([-1, 1]))
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), [0, 0, 1]])
    edge = int(np.median(rgb[:4]))
    ground = int(rng.choice([255, edge, 235]))
    return warped(rgb, turn, (width, height), (ground, ground, ground))


def _margin(rgb: Pixels, rng: Rng) -> Pixels:
    height, width = rgb.shape[:2]
    left, top, right, bottom = (float(rng.uniform(0, 0.04)) for _ in range(4))
    rows, columns = np.s_[round(top * height) : round((1 - bottom) * height)], round((1 - right) * width)
    return rgb[rows, round(left * width) : columns]


def shade(
    shape: tuple[int, ...], rng: Rng, depth: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Light that falls unevenly: 1 down to 1 - `depth`."""
    small = cv2.GaussianBlur(rng.uniform(0, 1, (6, 6)).astype(np.float32), (0, 0), 1.2)
    small = (small - small.min()) / max(1e-6, float(small.max() - small.min()))
    big = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(1 - depth * np.clip(big, 0, 1)[..., None], np.float32)


def _noisy(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]], rng: Rng, sigma: float) -> Pixels:
    grain = rng.normal(0, sigma, (*values.shape[:2], 1)).astype(np.float32)
    return to_bytes(values + grain)


def _scanned_again(rgb: Pixels, rng: Rng) -> Pixels:
    """Another scan of the paper: tilt, blur, shade, noise, other gain and resolution."""
    out = _tilt(rgb, rng, 0.1, 1.2)
    soft = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.5, 1.1))).astype(np.float32)
    soft = (soft - 128) * float(rng.uniform(0.85, 1.1)) + 128 + float(rng.uniform(-12, 12))
    return resized(
        _noisy(soft * shade(rgb.shape, rng, 0.08), rng, float(rng.uniform(2, 6))),
        float(rng.uniform(0.7, 1.1)),
    )


def _photographed(rgb: Pixels, rng: Rng) -> Pixels:
    """The paper on a table, from a phone: perspective, uneven light, blur, noise."""
    height, width = rgb.shape[:2]
    edge = round(max(height, width) * 0.06)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + edge + rng.uniform(-1, 1, (4, 2)) * [width * 0.045, height * 0.03]
    matrix = np.asarray(cv2.getPerspectiveTransform(corners, moved.astype(np.float32)), np.float64)
    table = tuple(int(c) for c in rng.integers(50, 140, 3))
    out = warped(rgb, matrix, (width + 2 * edge, height + 2 * edge), (table[0], table[1], table[2]))
    soft = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.6, 1.1))).astype(np.float32)
    warm = np.array([1.0, float(rng.uniform(0.93, 1.0)), float(rng.uniform(0.82, 0.98))], np.float32)
    return _noisy(
        soft * warm * shade(out.shape, rng, float(rng.uniform(0.15, 0.4))), rng, float(rng.uniform(2, 5))
    )


def one_bit(rgb: Pixels, rng: Rng) -> Pixels:
    """As a fax sends it: black or white, at the size it was or a little less."""
    gray = cv2.cvtColor(resized(rgb, float(rng.uniform(0.75, 1.0))), cv2.COLOR_RGB2GRAY)
    if rng.random() < 0.5:
        block = max(15, min(gray.shape) // 20 * 2 + 1)
        bits = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, 15)
    else:
        bits = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    return np.asarray(np.repeat(bits[..., None], 3, axis=2), np.uint8)


def _contrast(rgb: Pixels, rng: Rng) -> Pixels:
    gain, pivot = float(rng.uniform(0.6, 1.6)), float(rng.uniform(110, 200))
    return to_bytes((rgb.astype(np.float32) - pivot) * gain + pivot)


_SCANS: Mapping[str, Callable[[Pixels, Rng], Pixels]] = {
    "re-saved": lambda rgb, rng: rgb,
    "smaller": lambda rgb, rng: resized(rgb, float(rng.uniform(0.5, 0.95))),
    "tilted": _tilt,
    "margin cropped": _margin,
    "gray": _gray_paper,
    "contrast": _contrast,
    "scanned again": _scanned_again,
    "photographed": _photographed,
    "one bit": one_bit,
}
_MOVED = ("tilted", "margin cropped", "scanned again", "photographed")


def scans(half: str, number: int, rng: Rng) -> Copy:
    """Return a receipt or a drawn page, and the same paper saved, scanned or photographed again."""
    what, rgb = _paper(half, number, rng)
    way = list(_SCANS)[number % len(_SCANS)]
    other = np.ascontiguousarray(_SCANS[way](rgb, rng))
    files = coded(rgb, rng, (0.8, 0.1, 0.1)), coded(other, rng, (0.8, 0.1, 0.1))
    truth = IN_PLACE | {"reframed"} if way in _MOVED else IN_PLACE
    return Copy(f"{way}, {what}", files, truth)


def _cmyk(rgb: Pixels, rng: Rng, *, profile: bool) -> bytes:
    """CMYK as a JPEG or a TIFF: by the plain formula, or by a press whose profile is in the file."""
    image = Image.fromarray(cmyk_of(rgb), "CMYK") if profile else Image.fromarray(rgb).convert("CMYK")
    options: dict[str, object] = {"icc_profile": press_profile()} if profile else {}
    if rng.random() < 0.7:
        return encoded(image, "JPEG", quality=int(rng.integers(75, 96)), **options)
    return encoded(image, "TIFF", compression="tiff_lzw", **options)


def _in_space(rgb: Pixels, rng: Rng, *, space: str, how: str) -> bytes:
    """The picture in a wide space with its profile, with the profile lost, or taken back to sRGB."""
    wide = to_space(rgb, space)
    if how == "converted":
        return coded(from_space(wide, space), rng, (0.85, 0.05, 0.1))
    options: dict[str, object] = {"icc_profile": space_profile(space)} if how == "kept" else {}
    if rng.random() < 0.8:
        return encoded(wide, "JPEG", quality=int(rng.integers(75, 96)), **options)
    return encoded(wide, "PNG", **options)


_COLORS: Mapping[str, Saver] = {
    **{f"{n} colors": partial(_palette, counts=(n,)) for n in (16, 32, 64, 128, 256)},
    "CMYK": partial(_cmyk, profile=False),
    "CMYK with profile": partial(_cmyk, profile=True),
    **{
        f"{space}, {how}": partial(_in_space, space=space, how=how)
        for space in SPACES
        for how in ("kept", "lost", "converted")
    },
}


def recolored_files(half: str, number: int, rng: Rng) -> Copy:
    """Return a photograph, drawing or page, and the same with a palette, in inks or in another color space."""
    what, rgb = any_original(half, number, rng)
    way = list(_COLORS)[number % len(_COLORS)]
    first = png(rgb) if rng.random() < 0.4 else _jpeg(rgb, rng, 80, 95)
    return Copy(f"{way}, {what}", (first, _COLORS[way](rgb, rng)), IN_PLACE)


def _labelled_copy(made: Altered, original: Pixels, rng: Rng) -> Labelled:
    """The original, as a file of its own, and the copy; boxes and mask only where both have one frame."""
    same = made.expected != EDITED_ONLY
    files = [coded(original, rng, (0.9, 0.05, 0.05)), save(made, rng)]
    swapped = bool(rng.integers(0, 2))
    in_frame = made.rgb.shape == original.shape and not made.expected & {"reframed"}
    boxes = made.boxes if in_frame or not swapped else ()
    a, b = files[::-1] if swapped else files
    level = f"{made.family} {made.level}"
    truth = made.expected if not same else made.expected | (SAME_WORDS - {"same-file"})
    exact = in_frame and not same and made.family != "chain"
    mask = changed_mask(original, made.rgb) if exact else None
    return Labelled(level, truth, a, b, boxes, None if mask is None else png(mask))


def altered(half: str, number: int, rng: Rng) -> Labelled:
    """Return a photograph and a copy of one of `bench.families`, which take turns."""
    family = list(FAMILIES)[number % len(FAMILIES)]
    rgb, other = photo(half, number), photo(half, number + 1 + int(rng.integers(0, 50)))
    made = alter(family, level_of(family, rng), rgb, rng, other)
    return _labelled_copy(made, rgb, rng)


def harsh(half: str, number: int, rng: Rng) -> Labelled:
    """Return a photograph and a copy of one of `bench.family_harsh`; all families and strengths take turns."""
    ways = [(family, level) for family, group in HARSH.items() for level in group.makers]
    family, level = ways[number % len(ways)]
    rgb = photo(half, number)
    made = HARSH[family].makers[level](rgb, rng, rgb)
    full = Altered(family, level, made.rgb, made.boxes, HARSH[family].right(level))
    return _labelled_copy(full, rgb, rng)
