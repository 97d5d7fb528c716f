"""Copies that are the same picture: saved again, scanned, in other colors, altered; and children of one JPEG."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import lru_cache, partial
from itertools import combinations, product
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench import steps
from bench.common import SEED, encoded, rgb_of, saved_in_turn, wanted_data
from bench.families import FAMILIES, alter, level_of, save
from bench.family_base import Altered, Floats, Pixels, Right, Rng
from bench.family_content import EDITS, clear_edit, local_edit
from bench.family_scene import HARSH
from bench.inks import SPACES, cmyk_of, from_space, icc_of, to_space
from bench.pairs import Copy, Labelled, changed_mask, coded, edited_pair, named_rng, png, resized
from bench.pictures import DRAWN, any_original, drawn, file_of, names_of, photo, pixels_of
from bench.signs import SIGNS

Saver = Callable[[Pixels, Rng], bytes]


def _jpeg(rgb: Pixels, rng: Rng, low: int = 60, high: int = 95) -> bytes:
    return encoded(rgb, quality=int(rng.integers(low, high + 1)))


def quantized(rgb: Pixels, count: int, rng: Rng) -> Image.Image:
    """Return the picture in few colors, cut at the median or by an octree, with dots for what is missing or without."""
    image = Image.fromarray(rgb)
    method = Image.Quantize.MEDIANCUT if rng.random() < 0.5 else Image.Quantize.FASTOCTREE
    few = image.quantize(count, method)
    return few if rng.random() >= 0.5 else image.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)


def _palette(rgb: Pixels, rng: Rng, counts: tuple[int, ...] = (16, 64, 256)) -> bytes:
    few = quantized(rgb, int(rng.choice(counts)), rng)
    return encoded(few, "PNG" if rng.random() < 0.7 else "GIF")


def _scaled(rgb: Pixels, rng: Rng, low: float, high: float) -> bytes:
    least = min(1.0, 24 / min(rgb.shape[:2]))
    how = steps.picked(rng, (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC))
    return coded(resized(rgb, max(least, float(rng.uniform(low, high))), how), rng)


_ART: Mapping[str, Saver] = {
    "JPEG": _jpeg,
    "WebP": lambda rgb, rng: encoded(rgb, "WEBP", quality=int(rng.integers(50, 96)), method=2),
    "palette": _palette,
    "gray": lambda rgb, rng: coded(steps.in_gray(rgb), rng),
    "smaller": partial(_scaled, low=0.5, high=1.0),
    "larger": partial(_scaled, low=1.0, high=2.0),
}
_COLOR_IS_CONTENT = ("flags", "sprites", "maps")
"""Without their colors, two parts of these may become one: no copies in gray of them."""


def _lost_in_gray(rgb: Pixels) -> float:
    """The share of the edges between colors that gray no longer shows."""
    edges = steps.edges_of(rgb) >= 60
    return float((steps.edges_of(steps.in_gray(rgb))[edges] < 20).mean()) if edges.any() else 0.0


def resaved_art(half: str, number: int, rng: Rng) -> Copy:
    """Return a drawing of any kind and a copy: another format, size, palette, or gray."""
    kinds = [*DRAWN, *SIGNS]
    kind = kinds[number % len(kinds)]
    rgb = drawn(kind, number // len(kinds), rng)
    flat = kind in _COLOR_IS_CONTENT or _lost_in_gray(rgb) > 0.1
    way = steps.picked(rng, [way for way in _ART if way != "gray" or not flat])
    first = png(rgb) if rng.random() < 0.6 else _jpeg(rgb, rng, 85, 95)
    return Copy(f"{way}, {kind}", (first, _ART[way](rgb, rng)), Right.IN_PLACE)


def unsmoothed(half: str, number: int, rng: Rng) -> Copy:
    """One drawing at one size, its edges smoothed and not, as two programs draw it."""
    rgb = drawn(("flags", "faces", "icons", "sprites")[number // 2 % 4], number, rng)
    scale = float(rng.integers(64, 320)) / max(rgb.shape[:2])
    size = (max(24, round(rgb.shape[1] * scale)), max(24, round(rgb.shape[0] * scale)))
    smooth, sharp = steps.scaled(rgb, size), steps.scaled(rgb, size, cv2.INTER_NEAREST)
    files = png(smooth), png(sharp) if rng.random() < 0.5 else _jpeg(sharp, rng, 70)
    return Copy(f"{max(size) // 80 * 80} px", files)


def _paper(half: str, number: int, rng: Rng) -> tuple[str, Pixels]:
    if rng.random() < 0.65:
        return "receipt", pixels_of(file_of("receipts", half, number))
    return "page", drawn("forms", number, rng)


def _tilt(rgb: Pixels, rng: Rng, low: float = 0.3, high: float = 3.0) -> Pixels:
    height, width = rgb.shape[:2]
    turn = steps.turn_of(width, height, float(rng.uniform(low, high) * rng.choice([-1, 1])))
    ground = int(rng.choice([255, int(np.median(rgb[:4])), 235]))
    return steps.warped(rgb, turn, (width, height), (ground, ground, ground))


def _margin(rgb: Pixels, rng: Rng) -> Pixels:
    height, width = rgb.shape[:2]
    left, top, right, bottom = (float(rng.uniform(0, 0.04)) for _ in range(4))
    rows, columns = np.s_[round(top * height) : round((1 - bottom) * height)], round((1 - right) * width)
    return rgb[rows, round(left * width) : columns]


def shade(shape: tuple[int, ...], rng: Rng, depth: float) -> Floats:
    """Light that falls unevenly: 1 down to 1 - `depth`."""
    small = cv2.GaussianBlur(rng.uniform(0, 1, (6, 6)).astype(np.float32), (0, 0), 1.2)
    small = (small - small.min()) / max(1e-6, float(small.max() - small.min()))
    big = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(1 - depth * np.clip(big, 0, 1)[..., None], np.float32)


def _noisy(values: Floats, rng: Rng, sigma: float) -> Pixels:
    grain = rng.normal(0, sigma, (*values.shape[:2], 1)).astype(np.float32)
    return steps.to_bytes(values + grain)


def _scanned_again(rgb: Pixels, rng: Rng) -> Pixels:
    """Another scan of the paper: tilt, blur, shade, noise, other gain and resolution."""
    out = _tilt(rgb, rng, 0.1, 1.2)
    soft = steps.blurred(out, float(rng.uniform(0.5, 1.1))).astype(np.float32)
    soft = (soft - 128) * float(rng.uniform(0.85, 1.1)) + 128 + float(rng.uniform(-12, 12))
    noisy = _noisy(soft * shade(rgb.shape, rng, 0.08), rng, float(rng.uniform(2, 6)))
    return resized(noisy, float(rng.uniform(0.7, 1.1)))


def _photographed(rgb: Pixels, rng: Rng) -> Pixels:
    """The paper on a table, from a phone: perspective, uneven light, blur, noise."""
    height, width = rgb.shape[:2]
    edge = round(max(height, width) * 0.06)
    corners = steps.corners_of(width, height)
    moved = corners + edge + rng.uniform(-1, 1, (4, 2)) * [width * 0.045, height * 0.03]
    table = steps.any_color(rng, 50, 140)
    out = steps.warped(rgb, steps.between(corners, moved), (width + 2 * edge, height + 2 * edge), table)
    soft = steps.blurred(out, float(rng.uniform(0.6, 1.1))).astype(np.float32)
    warm = np.array([1.0, float(rng.uniform(0.93, 1.0)), float(rng.uniform(0.82, 0.98))], np.float32)
    lit = soft * warm * shade(out.shape, rng, float(rng.uniform(0.15, 0.4)))
    return _noisy(lit, rng, float(rng.uniform(2, 5)))


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
    return steps.to_bytes((rgb.astype(np.float32) - pivot) * gain + pivot)


_SCANS: Mapping[str, Callable[[Pixels, Rng], Pixels]] = {
    "re-saved": lambda rgb, rng: rgb,
    "smaller": lambda rgb, rng: resized(rgb, float(rng.uniform(0.5, 0.95))),
    "tilted": _tilt,
    "margin cropped": _margin,
    "gray": lambda rgb, rng: steps.in_gray(rgb),
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
    truth = Right.IN_PLACE | {"reframed"} if way in _MOVED else Right.IN_PLACE
    return Copy(f"{way}, {what}", files, truth)


def _cmyk(rgb: Pixels, rng: Rng, *, profile: bool) -> bytes:
    """CMYK as a JPEG or a TIFF: by the plain formula, or by a press whose profile is in the file."""
    image = Image.fromarray(cmyk_of(rgb), "CMYK") if profile else Image.fromarray(rgb).convert("CMYK")
    options: dict[str, object] = {"icc_profile": icc_of("press")} if profile else {}
    if rng.random() < 0.7:
        return encoded(image, "JPEG", quality=int(rng.integers(75, 96)), **options)
    return encoded(image, "TIFF", compression="tiff_lzw", **options)


def _in_space(rgb: Pixels, rng: Rng, *, space: str, how: str) -> bytes:
    """The picture in a wide space with its profile, with the profile lost, or taken back to sRGB."""
    wide = to_space(rgb, space)
    if how == "converted":
        return coded(from_space(wide, space), rng, (0.85, 0.05, 0.1))
    options: dict[str, object] = {"icc_profile": icc_of(space)} if how == "kept" else {}
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
    return Copy(f"{way}, {what}", (first, _COLORS[way](rgb, rng)), Right.IN_PLACE)


def _labelled_copy(made: Altered, original: Pixels, rng: Rng) -> Labelled:
    """The original, as a file of its own, and the copy; boxes and mask only where both have one frame."""
    edited = made.expected == Right.EDITED
    files = [coded(original, rng, (0.9, 0.05, 0.05)), save(made, rng)]
    swapped = bool(rng.integers(0, 2))
    in_frame = made.rgb.shape == original.shape and not made.expected & {"reframed"}
    boxes = made.boxes if in_frame or not swapped else ()
    a, b = files[::-1] if swapped else files
    truth = made.expected if edited else made.expected | (Right.SAME - {"same-file"})
    mask = changed_mask(original, made.rgb) if in_frame and edited and made.family != "chain" else None
    return Labelled(f"{made.family} {made.level}", truth, a, b, boxes, None if mask is None else png(mask))


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


CODINGS: tuple[tuple[str, int, int], ...] = (
    *(("JPEG", quality, sampling) for quality in (100, 95, 93, 90, 85, 75, 60) for sampling in (0, 2)),
    ("WEBP", 80, 2),
    ("AVIF", 75, 2),
)
"""(format, quality, 0 for full color or 2 for halved) of the children; AVIF is there for HEIC, which is coded alike."""
HEIC = importlib.util.find_spec("pillow_heif") is not None
"""Whether HEIC can be written: with pillow-heif, which nothing but this bench asks for."""
_QUALITIES = (50, 75, 90)
_WAYS = tuple(combinations(range(len(CODINGS)), 2))
_SHARE = 0.001


def child(rgb: Pixels, coding: tuple[str, int, int]) -> bytes:
    """Return the picture in one of CODINGS."""
    kind, quality, sampling = coding
    options: dict[str, int] = {"subsampling": sampling} if kind == "JPEG" else {}
    if kind == "AVIF":
        options = {"speed": 8, "max_threads": 1}
    if kind == "HEIF":
        importlib.import_module("pillow_heif").register_heif_opener()
    return encoded(rgb, kind, quality=quality, **options)


def _title(coding: tuple[str, int, int]) -> str:
    kind, quality, sampling = coding
    return f"{quality} {'4:4:4' if sampling == 0 else '4:2:0'}" if kind == "JPEG" else kind


@lru_cache(maxsize=1024)
def _order(path: str) -> tuple[int, ...]:
    """All pairs of codings, in an order of this photograph's own."""
    return tuple(int(i) for i in named_rng(f"children {path}").permutation(len(_WAYS)))


def _drawn(half: str, number: int) -> tuple[str, tuple[str, int, int], tuple[str, int, int]]:
    """The photograph of a number and two codings: once through all photographs, then with the next two codings."""
    path = file_of("jpegs", half, number)
    turn = number // len(names_of("jpegs", half))
    one, two = _WAYS[_order(path)[turn % len(_WAYS)]]
    if named_rng(f"{SEED} {path} {turn}").random() < 0.5:
        one, two = two, one
    return path, CODINGS[one], CODINGS[two]


def children(half: str, number: int, rng: Rng) -> Labelled:
    """Return pair `number`; after 120 times the number of photographs, all pairs of codings of all of them."""
    path, one, two = _drawn(half, number)
    rgb = pixels_of(path)
    level = " and ".join(sorted((_title(one), _title(two))))
    return Labelled(level, Right.IN_PLACE | {"same-file"}, child(rgb, one), child(rgb, two))


def edited_children(half: str, number: int, rng: Rng) -> Labelled:
    """Return pair `number` with a local edit of 0.1 % of the frame in a or in b, which a person can see."""
    path, one, two = _drawn(half, number)
    edit, step = clear_edit(pixels_of(path), _SHARE, deepcopy(rng)), 0
    while edit is None:
        # Small or smooth pictures give none that is seen: the next ones of the half take their place.
        step += 1
        edit = clear_edit(pixels_of(file_of("jpegs", half, number + step)), _SHARE, rng)
    sides = edit.before, edit.after
    a, b = sides if rng.random() < 0.5 else sides[::-1]
    return edited_pair(edit.kind, child(a, one), child(b, two), changed_mask(*sides))


def _mild(rgb: Pixels, rng: Rng) -> tuple[str, Pixels]:
    """A small change of exposure, white balance or saturation, or another size."""
    way = str(rng.choice(["exposure", "white balance", "saturation", "size"]))
    if way == "size":
        return way, resized(rgb, float(rng.uniform(0.6, 0.97)))
    values = rgb.astype(np.float32)
    if way == "saturation":
        gray = values.mean(axis=2, keepdims=True)
        gain = float(rng.uniform(0.75, 0.95) if rng.random() < 0.5 else rng.uniform(1.05, 1.3))
        values = np.asarray(gray + (values - gray) * gain, np.float32)
    else:
        spread = 0.06 if way == "white balance" else 0
        gains = np.exp(rng.uniform(-0.12, 0.12)) * (1 + rng.uniform(-spread, spread, 3))
        values = np.asarray(255 * (values / 255) ** rng.uniform(0.88, 1.14) * gains, np.float32)
    return way, steps.to_bytes(values)


def toned_children(half: str, number: int, rng: Rng) -> Labelled:
    """Return a JPEG photograph saved again in two ways, one of them with a mild change or resized first."""
    rgb = pixels_of(file_of("jpegs", half, number))
    one, two = (CODINGS[int(at)] for at in rng.choice(len(CODINGS), 2, replace=False))
    way, out = _mild(rgb, rng)
    a, b = child(rgb, one), child(out, two)
    if rng.random() < 0.5:
        a, b = b, a
    return Labelled(f"{way}, {one[0]} and {two[0]}", Right.IN_PLACE, a, b)


def heic_children(half: str, number: int, rng: Rng) -> Labelled:
    """Return a JPEG photograph saved as HEIC, and in any of CODINGS or as another HEIC."""
    rgb = pixels_of(file_of("jpegs", half, number))
    mine, other = (("HEIF", int(quality), 2) for quality in rng.choice(_QUALITIES, 2, replace=False))
    at = int(rng.integers(0, len(CODINGS) + 1))
    coding = CODINGS[at] if at < len(CODINGS) else other
    files = [child(rgb, mine), child(rgb, coding)]
    one, two = files if rng.random() < 0.5 else files[::-1]
    return Labelled(f"HEIC {mine[1]} and {_title(coding)}", Right.IN_PLACE, one, two)


_KEPT_SEGMENTS = frozenset((0xE0, 0xE2, 0xEE))  # JFIF, ICC and Adobe: they decide what is shown
Pipeline = Callable[[Image.Image], bytes]


def _at_scale(
    image: Image.Image, scale: float, how: Image.Resampling, kind: str = "JPEG", **options: object
) -> bytes:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return encoded(image.resize(size, how), kind, **options)


def _tagged(image: Image.Image, tag: int, undo: Image.Transpose, **options: object) -> bytes:
    """Store the picture turned, with the EXIF tag that turns it back."""
    exif = Image.Exif()
    exif[274] = tag
    return encoded(image.transpose(undo), "JPEG", exif=exif.tobytes(), **options)


def _with_exif(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    return encoded(image, "JPEG", quality=92, exif=exif.tobytes(), comment=b"a comment")


def _sixteen(image: Image.Image) -> bytes:
    """A 16-bit RGB PNG, whose samples are the 8-bit ones times 257."""
    bgr = np.asarray(image.convert("RGB"))[..., ::-1].astype(np.uint16) * 257
    return bytes(cv2.imencode(".png", bgr)[1].tobytes())


def _display_p3(image: Image.Image) -> bytes:
    """The same colours in Display P3 numbers, with the profile embedded, as phones save them."""
    wide = to_space(np.asarray(image.convert("RGB")), "P3")
    return encoded(wide, "JPEG", quality=92, icc_profile=icc_of("P3"))


def stripped(data: bytes) -> bytes:
    """Return a JPEG without metadata: no comment, no application segment but those that decide its colours."""
    kept, at = [data[:2]], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if not (0xE0 <= data[at + 1] <= 0xEF or data[at + 1] == 0xFE) or data[at + 1] in _KEPT_SEGMENTS:
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, data[at:]))


_R, _T = Image.Resampling, Image.Transpose
PIPELINES: dict[str, Pipeline] = {
    "pillow default": encoded,
    **{f"jpeg q{q}": partial(encoded, quality=q) for q in (95, 90, 85, 60, 50, 40, 30)},
    **{f"jpeg q{q} 4:4:4": partial(encoded, quality=q, subsampling=0) for q in (95, 75, 50, 30)},
    "jpeg q80 4:2:2": partial(encoded, quality=80, subsampling=1),
    "progressive q85": partial(encoded, quality=85, progressive=True),
    "progressive q50": partial(encoded, quality=50, progressive=True),
    "optimised q70": partial(encoded, quality=70, optimize=True),
    **{f"webp {q}": partial(encoded, kind="WEBP", quality=q) for q in (90, 75, 50, 30)},
    "webp lossless": partial(encoded, kind="WEBP", lossless=True),
    "avif 60": partial(encoded, kind="AVIF", quality=60),
    "jpeg 2000": partial(encoded, kind="JPEG2000", quality_mode="rates", quality_layers=[20]),
    "half lanczos q85": lambda i: _at_scale(i, 0.5, _R.LANCZOS, quality=85),
    "half bicubic q75": lambda i: _at_scale(i, 0.5, _R.BICUBIC, quality=75),
    "half bilinear png": lambda i: _at_scale(i, 0.5, _R.BILINEAR, "PNG"),
    "third box q80": lambda i: _at_scale(i, 1 / 3, _R.BOX, quality=80),
    "twice as large q85": lambda i: _at_scale(i, 2, _R.BICUBIC, quality=85),
    "double 75, 85": lambda i: saved_in_turn(i, 75, 85),
    "double 50, 90": lambda i: saved_in_turn(i, 50, 90),
    "triple 80, 60, 40": lambda i: saved_in_turn(i, 80, 60, 40),
    "exif added": _with_exif,
    "tag 6 q85": lambda i: _tagged(i, 6, _T.ROTATE_90, quality=85),
    "tag 3 q60": lambda i: _tagged(i, 3, _T.ROTATE_180, quality=60),
    "exif stripped": _with_exif,
    "palette png": lambda i: encoded(i.convert("RGB").quantize(256), "PNG"),
    "web palette png": lambda i: encoded(i.convert("RGB").convert("P"), "PNG"),
    "cmyk jpeg": lambda i: encoded(i.convert("RGB").convert("CMYK"), "JPEG", quality=85),
    "16-bit png": _sixteen,
    "display p3": _display_p3,
}
_EDITS = tuple(product(enumerate(EDITS), (0.001, 0.005), ("original", "q60 of it")))
"""Number and kind of an edit, its share of the frame, and what the edited picture is compared with."""


@lru_cache(maxsize=1)
def _photographs() -> tuple[Path, ...]:
    """Return all of kodak and every tenth of bsds500, 74 pictures."""
    data = wanted_data() / "photos"
    return (*sorted((data / "kodak").glob("*.png")), *sorted((data / "bsds500").glob("*.jpg"))[::10])


def _turn(number: int, ways: int) -> tuple[Path, int]:
    """Return the photograph and the way of a number: the first 74 are of all photographs, in ways that take turns."""
    turn, at = divmod(number, len(_photographs()))
    return _photographs()[at], (turn + at) % ways


def resaves(half: str, number: int, rng: Rng) -> Labelled:
    """Return a photograph of either half and the same saved again; 74 times 40 pairs are all there are."""
    path, way = _turn(number, len(PIPELINES))
    name, pipeline = list(PIPELINES.items())[way]
    original, copy = path.read_bytes(), pipeline(rgb_of(path))
    a, b = (copy, stripped(copy)) if name == "exif stripped" else (original, copy)
    return Labelled(name, Right.IN_PLACE | {"same-file"}, a, b)


def local_edits(half: str, number: int, rng: Rng) -> Labelled:
    """Return a photograph of either half, or a JPEG 60 of it, and the same edited in one place, saved as JPEG 85.

    74 times 32 pairs are all there are; what shows no such edit gives its place to the next photograph.
    """
    path, way = _turn(number, len(_EDITS))
    (seed, kind), share, against = _EDITS[way]
    edit = local_edit(np.asarray(rgb_of(path)), kind, share, SEED + seed)
    if edit is None:
        return local_edits(half, number + 1, rng)
    source = encoded(edit.before, "PNG") if against == "original" else encoded(edit.before, quality=60)
    files, mask = (source, encoded(edit.after, quality=85)), changed_mask(edit.before, edit.after)
    return edited_pair(f"{kind} {share:.1%} against {against}", *files, mask)
