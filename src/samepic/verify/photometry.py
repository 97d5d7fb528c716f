"""Photometry: reduced pictures, percentiles, filters, palettes, and the writing that a reduced copy loses."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Floats, Mask, Pixels
from samepic.native import native
from samepic.tuning.evidence import EVIDENCE, PALETTE
from samepic.tuning.verify import JUDGE, RESOLUTION, Resolution

Samples = NDArray[np.uint8]
_Sample = TypeVar("_Sample", np.uint8, np.float32)
Cells = NDArray[np.uint8]


def unresolved(samples: Samples, side: int, rules: Resolution = RESOLUTION) -> float:
    """Return how much writing of a picture is lost when its longer side is reduced to `side` pixels.

    `samples` is an upright or turned picture, (h, w, 3) RGB or (h, w) gray, uint8. It is divided into cells. A cell
    loses its strokes when less than half of its strong contrast survives the reduction. It is writing when its strokes
    lie on an even background, and so do those of its neighbors. Leaves, sand and fur lose as much contrast, but have no
    even background.

    Returns the share, 0 to 1, of the cells with strong contrast that are lost writing; 0 where nothing is reduced.
    Pictures from `rules.unresolved` on are not fully represented by the reduced copy.
    """
    gray = _working(samples, rules.pixels)
    height, width = gray.shape
    rows, columns = height // rules.cell, width // rules.cell
    scale = side / max(height, width)
    if scale >= 1 or not rows or not columns:
        return 0.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    shown = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    cells = _cells(gray, rows, columns, rules.cell)
    where = np.flatnonzero(np.ptp(cells, axis=1) >= rules.contrast)
    before, after = cells[where], _cells(np.asarray(shown, np.uint8), rows, columns, rules.cell)[where]
    strong, lost = where.size, after.var(axis=1) < rules.kept * before.var(axis=1)
    where, before = where[lost], before[lost]
    if not where.size:
        return 0.0
    paper, written = _written(before, rules)
    levels = np.full(rows * columns, -1, np.int16)
    levels[where[written]] = paper[written]
    levels = levels.reshape(rows, columns)
    writing = int((_runs(levels, rules) | _runs(levels.T, rules).T).sum())
    return writing / strong


def _working(samples: Samples, pixels: int) -> Samples:
    """Return the picture in gray, reduced to at most `pixels` pixels."""
    gray = samples if samples.ndim == 2 else cv2.cvtColor(samples, cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    scale = math.sqrt(pixels / (height * width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(gray, np.uint8)


def _cells(gray: Samples, rows: int, columns: int, side: int) -> Cells:
    """Return the whole cells of a picture, (rows * columns, pixels of a cell)."""
    whole = gray[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return whole.swapaxes(1, 2).reshape(rows * columns, side * side)


def _written(cells: Cells, rules: Resolution) -> tuple[NDArray[np.int16], Mask]:
    """Return the background level of each cell, and whether it has strokes."""
    half = cells.shape[1] // 2
    paper = np.partition(cells, half, axis=1)[:, half].astype(np.int16)
    apart = cells.astype(np.int16) - paper[:, None]
    least = np.ptp(cells, axis=1).astype(np.int16)[:, None] // 2
    darker, lighter = apart < -least, apart > least
    shares = darker.mean(axis=1), lighter.mean(axis=1)
    strokes = np.where((shares[0] >= shares[1])[:, None], darker, lighter)
    even = np.partition(np.abs(apart), half, axis=1)[:, half] <= rules.flat
    one_sided = np.minimum(*shares) <= rules.other
    return paper, even & one_sided & (np.maximum(*shares) >= rules.ink) & _stroked(strokes, rules)


def _stroked(ink: Mask, rules: Resolution) -> Mask:
    """Return for each cell whether ink alternates often along rows or columns, and at all in both directions."""
    side = rules.cell
    ink = ink.reshape(-1, side, side)
    across = (ink[:, :, 1:] != ink[:, :, :-1]).sum(axis=(1, 2)) / np.maximum(1, ink.any(axis=2).sum(axis=1))
    down = (ink[:, 1:] != ink[:, :-1]).sum(axis=(1, 2)) / np.maximum(1, ink.any(axis=1).sum(axis=1))
    mask: Mask = (np.maximum(across, down) >= rules.strokes) & (np.minimum(across, down) >= 1)
    return mask


def _runs(levels: NDArray[np.int16], rules: Resolution) -> Mask:
    """Return which written cells are part of a run on one background; -1 marks cells without writing."""
    run, columns = rules.run, levels.shape[1]
    written = levels >= 0
    linked = written[:, 1:] & written[:, :-1] & (np.abs(np.diff(levels, axis=1)) <= rules.level)
    kept = np.zeros_like(written)
    starts = columns - run + 1
    if starts < 1:
        return kept
    whole = np.logical_and.reduce([linked[:, at : at + starts] for at in range(run - 1)])
    for at in range(run):
        kept[:, at : at + starts] |= whole
    return kept


_GRID = 48


def coarse(rgb: Pixels) -> Floats:
    """Return (48, 48, 3) float32 block means of `rgb`, whatever its size and aspect."""
    times = int(np.log2(max(1.0, min(rgb.shape[:2]) / (2 * _GRID))))
    small = halved(rgb, times)
    return np.asarray(cv2.resize(small, (_GRID, _GRID), interpolation=cv2.INTER_AREA), np.float32)


def coarse_row(rgb: Pixels) -> Floats:
    """Return (1, 48, 3) float32 block means of the row of `coarse` below the middle, for a small part of the work."""
    top, rows = rgb.shape[0] // 2, max(1, rgb.shape[0] // _GRID)
    return area_means(rgb[top : top + rows], (_GRID, 1)).astype(np.float32)


def halved(picture: Pixels, times: int) -> Pixels:
    """Return area means over squares of 2 ** times pixels, in steps of two: ten times as fast as at once."""
    for _ in range(times):
        height, width = max(1, picture.shape[0] // 2), max(1, picture.shape[1] // 2)
        even = picture[: 2 * height, : 2 * width]
        picture = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return picture


def shrunk(picture: Pixels, times: int) -> Pixels:
    """Return the whole picture at 1 / 2 ** times of its size, to the nearest pixel; no odd row or column is lost."""
    step = 2**times
    if picture.shape[0] % step == 0 and picture.shape[1] % step == 0:
        return halved(picture, times)
    return area_means(
        picture, (max(1, round(picture.shape[1] / step)), max(1, round(picture.shape[0] / step)))
    )


def area_means(picture: NDArray[_Sample], size: tuple[int, int]) -> NDArray[_Sample]:
    """Return a picture of uint8 or float32 at `size`, (width, height), by the means of the areas that it covers.

    The native part takes a third of OpenCV's time, but where OpenCV is faster: at whole parts of the size.
    """
    (height, width), (columns, rows) = picture.shape[:2], size
    whole = height % rows == 0 and width % columns == 0
    if native is None or whole or height < rows or width < columns:
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), picture.dtype)
    floats = picture.dtype == np.float32
    found = native.shrunk(np.ascontiguousarray(picture), height, width, rows, columns, floats)
    return np.frombuffer(found, picture.dtype).reshape(rows, columns, *picture.shape[2:])


def percentile(values: NDArray[Any], share: float) -> float:
    """Return the percentile `share`, 0 to 100, of all `values`, interpolated linearly as `numpy.percentile` does."""
    flat = values.ravel()
    at = (flat.size - 1) * share / 100
    low = int(at)
    if low + 1 >= flat.size:
        return float(flat.max())
    parted = np.partition(flat, low)  # for two places at once it takes half as long again
    below, above = float(parted[low]), float(parted[low + 1 :].min())
    return below + (above - below) * (at - low)


_BLURS = (0.7, 1.4, 2.8)
_SLOPE = np.array([[-0.5, 0.0, 0.5]], np.float32)
_QUIET = 80


def filtered(source: Floats, target: Floats, inside: Mask) -> Floats:
    """Return `source` filtered so that it comes nearest to `target`: a mix of blurs and of its two slopes.

    Fitted by least squares twice, the second time where the first left little.
    """
    where = np.flatnonzero(inside)
    if not len(where):
        return source
    parts = np.empty((len(_BLURS) + 2, *source.shape), np.float32)
    for part, sigma in zip(parts, _BLURS, strict=False):
        cv2.subtract(cv2.GaussianBlur(source, (0, 0), sigma), source, part)
    for part, kernel in zip(parts[len(_BLURS) :], (_SLOPE, _SLOPE.T), strict=True):
        cv2.filter2D(source, -1, kernel, part)
    mix = mix_plain if native is None else mix_of
    mixed = source.copy()
    weights = mix(parts, source, target, where[:: max(1, len(where) // EVIDENCE.samples)])
    for weight, part in zip(weights.tolist(), parts, strict=True):
        cv2.scaleAdd(part, weight, mixed, mixed)
    return np.asarray(np.clip(mixed, 0, 255, mixed), np.float32)


def mix_of(parts: Floats, source: Floats, target: Floats, where: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the weights of five parts (5, height, width) with which they bring source nearest to target.

    `where` are the places, counted through, by which they are fitted.
    """
    some, one, two = (np.ascontiguousarray(plane, np.float32) for plane in (parts, source, target))
    found = native.mix(some, one, two, np.ascontiguousarray(where, np.int64), _QUIET)
    return np.frombuffer(found, np.float64)


def mix_plain(parts: Floats, source: Floats, target: Floats, where: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what `mix_of` does, without the native part: three times as slow."""
    design = np.stack([part.ravel()[where] for part in parts]).astype(np.float64)
    wanted = (target - source).ravel()[where].astype(np.float64)
    wanted -= np.median(wanted)
    left: NDArray[Any] = np.abs(wanted)
    weights: NDArray[Any] = np.zeros(len(parts))
    for _ in range(2):
        quiet = left <= percentile(left, _QUIET)
        some = design[:, quiet]
        gram = some @ some.T
        gram += np.eye(len(gram)) * (1e-3 * float(np.trace(gram)) / len(gram) + 1e-6)
        weights = np.linalg.solve(gram, some @ wanted[quiet])
        left = np.asarray(np.abs(wanted - weights @ design), np.float64)
    return np.asarray(weights, np.float64)


_MOST = 256
_SAMPLES = 2048
_BLOCK = 1 << 16  # pixels, of which the colors are counted at once


def palette_of(rgb: Pixels) -> Pixels | None:
    """Return the colors (n, 3) of a picture (height, width, 3) that holds at most 256; None for all others."""
    step = max(1, math.isqrt(rgb.shape[0] * rgb.shape[1] // _SAMPLES))
    # A few samples rule out nearly all pictures, and some rows most of the others.
    colors = set(_codes(rgb[::step, ::step]).tolist())
    rows = max(1, _BLOCK // rgb.shape[1])
    for start in range(0, len(rgb), rows):
        if len(colors) > _MOST:
            return None
        colors.update(np.unique(_codes(rgb[start : start + rows])).tolist())
    if not PALETTE.fewest <= len(colors) <= _MOST:
        return None
    codes = np.array(sorted(colors), np.uint32)
    return np.stack([codes >> 16, (codes >> 8) & 255, codes & 255], axis=1).astype(np.uint8)


def in_one_palette(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """Return both pictures; where only one has a palette, the other is reduced to its nearest colors.

    No color moves farther than the colors of the palette lie apart: beyond, it is another color, not a lost shade.
    Unless the palette is rich, as of a photograph, and the other shows just there, with an edge round it, the color
    that is nearest in it: a palette lacks colors, but makes no word the ground that it is written on.
    """
    palettes = palette_of(a), palette_of(b)
    if palettes[0] is None and palettes[1] is not None:
        return _reduced(a, palettes[1], b), b
    if palettes[1] is None and palettes[0] is not None:
        return a, _reduced(b, palettes[0], a)
    return a, b


def _reduced(rgb: Pixels, palette: Pixels, other: Pixels) -> Pixels:
    from PIL import Image

    apart = np.abs(palette[:, None].astype(np.int16) - palette[None].astype(np.int16)).max(axis=2)
    apart[np.diag_indices(len(palette))] = 255
    reach = PALETTE.reach * float(np.median(apart.min(axis=1)))
    palette_image = Image.new("P", (1, 1))
    palette_image.putpalette(palette.tobytes() + palette[-1].tobytes() * (_MOST - len(palette)))
    nearest = Image.fromarray(rgb).quantize(palette=palette_image, dither=Image.Dither.NONE)
    shown = np.asarray(nearest.convert("RGB"), np.uint8)
    near = np.abs(shown.astype(np.int16) - rgb).max(axis=2) <= reach
    if len(palette) >= PALETTE.rich and shown.shape == other.shape:
        near |= _lacking(~near, (shown == other).all(axis=2), other)
    return np.where(near[..., None], shown, rgb)


def _lacking(far: Mask, nearest: Mask, other: Pixels) -> Mask:
    """Return the connected parts of `far` and `nearest`, (height, width), at whose outline `other` changes its color.

    Empty where `nearest` holds little of what is far: dots stand for the colors that lack.
    """
    mask = far & nearest
    if mask.sum() < PALETTE.filled * far.sum():
        return np.zeros_like(mask)
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    outline, changes = np.ones(count), np.zeros(count)
    for one, two in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        crossed = mask[one] != mask[two]
        owner = np.maximum(labels[one], labels[two])[crossed]
        outline += np.bincount(owner, minlength=count)
        changes += np.bincount(owner, (other[one][crossed] != other[two][crossed]).any(axis=1), count)
    return np.asarray(mask & (changes >= PALETTE.edged * outline)[labels], np.bool_)


def _codes(rgb: Pixels) -> NDArray[np.uint32]:
    wide = rgb.reshape(-1, 3).astype(np.uint32)
    return np.asarray(wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2], np.uint32)


Scaling: TypeAlias = Callable[[Pixels, tuple[int, int]], Pixels]


def _pillow(
    rgb: Pixels, size: tuple[int, int], name: str, box: tuple[float, float, float, float] | None = None
) -> Pixels:
    from PIL import Image

    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling[name.upper()], box), np.uint8)


def _opencv(rgb: Pixels, size: tuple[int, int], how: int) -> Pixels:
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


_PILLOW = ("Lanczos", "bicubic", "bilinear", "box")
_SUPPORT = 3  # pixels, of the widest of these kernels

SCALINGS: MappingProxyType[str, Scaling] = MappingProxyType(
    {
        **{name: partial(_pillow, name=name) for name in _PILLOW},
        "area": partial(_opencv, how=cv2.INTER_AREA),
        "bilinear without smoothing": partial(_opencv, how=cv2.INTER_LINEAR),
        "bicubic without smoothing": partial(_opencv, how=cv2.INTER_CUBIC),
    }
)
"""Functions from (picture, (width, height)) to the picture at that size: Pillow's kernels, which smooth as they shrink,
and OpenCV's, of which only the area means do."""


def scaled_rows(rgb: Pixels, size: tuple[int, int], name: str, rows: slice) -> Pixels:
    """Return some rows of `SCALINGS[name](rgb, size)`, of which only these are computed where that is possible."""
    scale = rgb.shape[0] / size[1]
    # Close to the original size, rows scaled alone can differ from those of the whole.
    if abs(scale - 1) < JUDGE.near_size:
        return SCALINGS[name](rgb, size)[rows]
    reach = math.ceil(_SUPPORT * max(1.0, scale)) + 1
    if name not in _PILLOW:
        # Rows of both begin together after every `own` and `scaled` of them; OpenCV can begin nowhere else.
        times = math.gcd(rgb.shape[0], size[1])
        own, scaled = rgb.shape[0] // times, size[1] // times
        start = max(0, rows.start // scaled - -(-reach // own))
        end = min(times, -(-rows.stop // scaled) + -(-reach // own))
        part = SCALINGS[name](rgb[start * own : end * own], (size[0], (end - start) * scaled))
        return part[rows.start - start * scaled : rows.stop - start * scaled]
    top, low = rows.start * scale, rows.stop * scale
    first, last = max(0, math.floor(top) - reach), min(rgb.shape[0], math.ceil(low) + reach)
    box = (0.0, top - first, float(rgb.shape[1]), low - first)
    return _pillow(np.ascontiguousarray(rgb[first:last]), (size[0], rows.stop - rows.start), name, box)
