"""Quantization bounds: whether two encodings on one grid can come from one source.

A JPEG rounds each coefficient of its 8 x 8 blocks to a multiple of a step, so it is off by at most half a step. Two
JPEGs of one source thus differ in no coefficient by more than half of both steps together, and a JPEG and its lossless
source by no more than half of its own. Where they differ by more, the content was changed. No re-enactment is needed,
and it does not matter which is the copy, or whether both are copies of a third.

The bound is that of quantization constraint sets (Rosenholtz and Zakhor, "Iterative procedures for reduction of
blocking effects in transform image coding", 1992), used here to compare.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Floats, Mask, Pixels
from samepic.native import native
from samepic.picture import Picture
from samepic.picture.jpeg import END
from samepic.tuning.verify import QUANTIZATION
from samepic.verdict import JpegInfo, Region
from samepic.verify.photometry import coarse, percentile

_BLOCK = 8
_CROSS = np.ones((3, 3), np.uint8)
_BAND = 64  # rows: more would neither fit the cache nor, all of them together, into memory
LOSSLESS = frozenset({"PNG", "BMP", "TIFF", "PPM", "TGA"})
_TRUE_COLOR = frozenset({"RGB", "L"})
_FREQUENCIES, _PLACES = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
_DCT = np.where(
    _FREQUENCIES == 0, 8**-0.5, 0.5 * np.cos((2 * _PLACES + 1) * _FREQUENCIES * np.pi / 16)
).astype(np.float32)
"""The orthonormal DCT-II of 8 samples, whose products are the coefficients of JPEG (ITU-T T.81, A.3.3)."""


class SampleRows(NamedTuple):
    """The samples of a picture, some rows at a time.

    `rows` returns them as (height, width, 3) or, for gray, (height, width) uint8. With `shown` they are the displayed
    R, G, B, else the stored Y, Cb, Cr.
    """

    rows: Callable[[slice], Pixels]
    shown: bool


class SharedSource(NamedTuple):
    """How far two encodings on one grid are from having one source.

    `excess` is (rows, columns) float32, a whole 8 x 8 block each: the largest difference of a coefficient over what
    both quantizations allow, 1 and less where one source explains the block; `usual` its 90th percentile; `regions`
    are boxes, in pixels of both, where no common source explains what is seen, the largest first.
    """

    excess: Floats
    usual: float
    regions: tuple[Region, ...]


def shared_source(a: Picture, b: Picture) -> SharedSource | None:
    """Return how well one source explains both pictures, upright and of one size, block by block.

    Returns None where nothing can be concluded: one has another lossy format, alpha or a rotated grid, or differs so
    much everywhere that it is no plain re-save. Two lossless pictures must be equal nearly everywhere.
    """
    if a.rgb.shape != b.rgb.shape or min(a.rgb.shape[:2]) < _BLOCK or not (_bounded(a) and _bounded(b)):
        return None
    if a.info.jpeg is None and b.info.jpeg is None:
        return _equal_but_for_places(a.rgb, b.rgb)
    codings, height = (a.info.jpeg, b.info.jpeg), a.rgb.shape[0]
    shown = _shown(a), _shown(b)
    tops = range(0, height // _BLOCK * _BLOCK, _BAND)
    bands, found = [slice(top, min(top + _BAND, height)) for top in tops], list[Floats]()
    while len(found) < len(bands) and (not found or found[-1].max() <= QUANTIZATION.bound):
        found.append(excess_of(*shown, bands[len(found)], codings))
    if found[-1].max() > QUANTIZATION.bound:
        if _far_apart(*shown, height, codings):
            return None
        # Colors out of range are clipped on display: only the stored planes keep to the bound, or, where a re-save was
        # encoded from the clipped colors, one's planes and the other's colors.
        stored = _stored(a), _stored(b)
        pairs = stored, (shown[0], stored[1]), (stored[0], shown[1])
        found += [excess_of(*shown, rows, codings) for rows in bands[len(found) :]]
        for k in [k for k, band in enumerate(found) if band.max() > QUANTIZATION.bound]:
            others = (excess_of(*pair, bands[k], codings) for pair in pairs)
            found[k] = np.asarray(np.minimum.reduce([found[k], *others]), np.float32)
    excess = np.concatenate(found)
    usual = percentile(excess, 90)
    if excess.max() <= QUANTIZATION.bound:
        return SharedSource(excess, usual, ())
    changed = _changed_places(excess, _structured(a.rgb)) if usual <= QUANTIZATION.bound else None
    return None if changed is None else SharedSource(excess, usual, _boxes(changed, a.rgb, b.rgb))


def may_derive(source: Picture, copy: Picture) -> bool:
    """Return whether `copy` may be `source` saved once, judged by a band of rows through their middle.

    Then no coefficient differs by more than half a step of the copy alone. True where nothing can be concluded.
    """
    coding = copy.info.jpeg
    if source.rgb.shape != copy.rgb.shape or coding is None or not (_bounded(source) and _bounded(copy)):
        return True
    height = source.rgb.shape[0]
    top = max(0, height // 2 // _BLOCK * _BLOCK - _BAND // 2)
    rows = slice(top, min(top + _BAND, height))
    if rows.stop - rows.start < _BLOCK:
        return True
    return is_derivable(source.rgb[rows], copy.rgb[rows], coding)


def exceeds_encoding_loss(a: Picture, b: Picture) -> bool:
    """Return whether more than one save each lies between two frames that differ, by a few bands of their rows.

    Their encodings allow no such difference: another shot of the same things looks like that, or a frame to which noise
    was added. False where nothing can be concluded: another size, or an encoding that bounds nothing.
    """
    if a.rgb.shape != b.rgb.shape or min(a.rgb.shape[:2]) < 2 * _BLOCK or not (_bounded(a) and _bounded(b)):
        return False
    if a.info.jpeg is None and b.info.jpeg is None:
        return True
    excess = np.concatenate(_bands(_shown(a), _shown(b), a.rgb.shape[0], (a.info.jpeg, b.info.jpeg)))
    return percentile(excess, 90) > QUANTIZATION.unrelated


def color_stands_out(a: Pixels, b: Pixels) -> bool:
    """Return whether color differs several times as much in one place as in nearly all others.

    What rounding, clipping and subsampling may add to color is more than a small, faint recoloring does. So the bound
    says little about such a place, and what can be seen there has to be judged.
    """
    step = max(1, len(a) // QUANTIZATION.rows)
    color = (_planes_of(coarse(a[::step]), shown=True) - _planes_of(coarse(b[::step]), shown=True))[1:]
    apart = np.abs(color).max(axis=0)
    return float(apart.max()) > QUANTIZATION.outstanding * max(
        percentile(apart, 99), QUANTIZATION.color_noise
    )


def is_derivable(source: Pixels, copy: Pixels, coding: JpegInfo) -> bool:
    """Return whether saving rows of `source` once may give `copy`; both are displayed RGB."""
    rows_a, rows_b = (SampleRows(rgb.__getitem__, shown=True) for rgb in (source, copy))
    excess = excess_of(rows_a, rows_b, slice(0, len(source)), (None, coding))
    return float((excess > QUANTIZATION.bound).mean()) <= QUANTIZATION.underivable


def _equal_but_for_places(a: Pixels, b: Pixels) -> SharedSource | None:
    """Return where two lossless pictures differ, if they are equal nearly everywhere; None for others."""
    worst, structured = _block_most(most_of(cv2.absdiff(a, b))), _structured(a)
    some = worst[structured] if structured.any() else worst
    if float((some == 0).mean()) < QUANTIZATION.equal:
        return None
    excess = worst.astype(np.float32) / np.float32(QUANTIZATION.rounding)
    return SharedSource(excess, 0.0, _boxes(excess > 1.0, a, b) if (excess > 1.0).any() else ())


def _structured(rgb: Pixels) -> Mask:
    """Return the blocks (rows, columns) that contain structure."""
    gradient = most_of(cv2.morphologyEx(rgb, cv2.MORPH_GRADIENT, _CROSS))
    return np.asarray(_block_most(gradient) > QUANTIZATION.structure, np.bool_)


def _changed_places(excess: Floats, structured: Mask) -> Mask | None:
    """Return the blocks (rows, columns) that were changed; None where one source does not explain all others.

    Then something else lies between the two, a further encoding or a palette. Blocks within a block of each other are
    one place.
    """
    changed = excess > QUANTIZATION.changed
    joined = cv2.dilate(changed.astype(np.uint8), np.ones((3, 3), np.uint8))
    places = int(cv2.connectedComponents(joined, connectivity=8)[0]) - 1
    if not 0 < places <= QUANTIZATION.places or (excess[joined == 0] > QUANTIZATION.bound).any():
        return None
    kept = ~changed[structured]
    return changed if kept.size and float(kept.mean()) >= QUANTIZATION.explained else None


def most_of(samples: NDArray[Any]) -> Pixels:
    """Return the largest of three channels."""
    planes = cv2.split(samples)
    return np.asarray(cv2.max(cv2.max(planes[0], planes[1]), planes[2]), np.uint8)


def _block_most(plane: Pixels) -> Pixels:
    """Return the largest value of each whole block of 8 x 8, (rows, columns)."""
    rows, columns = (side // _BLOCK for side in plane.shape)
    whole = plane[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return np.asarray(whole.max(axis=(1, 3)), np.uint8)


def _bounded(picture: Picture) -> bool:
    """Return whether the encoding of a picture bounds its loss, on the grid of its pixels."""
    info, jpeg = picture.info, picture.info.jpeg
    own_colors = info.profile and "srgb" not in info.profile.lower()
    if picture.alpha is not None or info.orientation != 1 or info.frames != 1 or own_colors:
        return False
    if jpeg is None:
        return info.format in LOSSLESS and info.mode in _TRUE_COLOR
    coarsest = max(table[0] for table in jpeg.tables)
    return jpeg.colour in ("gray", "ycbcr") and picture.data is not None and coarsest <= QUANTIZATION.coarsest


def _shown(picture: Picture) -> SampleRows:
    """Return R, G, B of a picture."""
    return SampleRows(picture.rgb.__getitem__, shown=True)


def _stored(picture: Picture) -> SampleRows:
    """Return Y, Cb, Cr as a JPEG stores them, before clipping; R, G, B for other pictures."""
    if picture.info.jpeg is None or picture.data is None:
        return _shown(picture)
    from PIL import Image

    image = Image.open(io.BytesIO(picture.data if picture.info.jpeg.ended else picture.data + END))
    image.draft("YCbCr", image.size)
    image.load()
    if image.mode not in ("YCbCr", "L"):
        return _shown(picture)
    # Only these rows are copied from the decoded image.
    width = image.width
    return SampleRows(lambda rows: np.asarray(image.crop((0, rows.start, width, rows.stop))), shown=False)


def _planes_of(samples: Pixels | Floats, *, shown: bool) -> Floats:
    """Return Y, Cb, Cr as JFIF defines them, (3, height, width), in whole blocks."""
    height, width = (side // _BLOCK * _BLOCK for side in samples.shape[:2])
    samples = samples[:height, :width]
    if not shown:
        planes = np.atleast_3d(samples).transpose(2, 0, 1).astype(np.float32)
        if len(planes) == 1:
            planes = np.concatenate([planes, np.full((2, *planes.shape[1:]), 128, np.float32)])
        return np.ascontiguousarray(planes)
    y, cr, cb = cv2.split(cv2.cvtColor(samples * np.float32(1 / 255), cv2.COLOR_RGB2YCrCb))
    return np.stack([y, cb, cr]) * np.float32(255)


def _far_apart(
    a: SampleRows, b: SampleRows, height: int, codings: tuple[JpegInfo | None, JpegInfo | None]
) -> bool:
    """Return whether a few bands differ so much that nothing else needs to be read."""
    if height < QUANTIZATION.bands * 2 * _BLOCK:
        return False
    far = np.concatenate(_bands(a, b, height, codings)) > QUANTIZATION.far
    return float(far.mean()) >= QUANTIZATION.far_apart


def _bands(
    a: SampleRows, b: SampleRows, height: int, codings: tuple[JpegInfo | None, JpegInfo | None]
) -> list[Floats]:
    """Return the excess of a few bands of two rows of blocks, spread over the frame."""
    tops = np.linspace(0, height // _BLOCK - 2, QUANTIZATION.bands).astype(int) * _BLOCK
    return [excess_of(a, b, slice(top, top + 2 * _BLOCK), codings) for top in tops.tolist()]


def excess_of(
    a: SampleRows, b: SampleRows, rows: slice, codings: tuple[JpegInfo | None, JpegInfo | None]
) -> Floats:
    """Return the largest difference of a coefficient per block of some rows in units of the allowed one."""
    samples_a, samples_b = a.rows(rows), b.rows(rows)
    if native is None:
        planes = _planes_of(samples_a, shown=a.shown), _planes_of(samples_b, shown=b.shown)
        return excess_plain(*planes, *codings)
    luma, color, gray = _allowed(*codings)
    height, width = samples_a.shape[:2]
    one, two = np.ascontiguousarray(samples_a), np.ascontiguousarray(samples_b)
    allowed = _DCT, luma, color, QUANTIZATION.cut, gray
    found = native.excess(one, two, width, height, a.shown, b.shown, *allowed)
    return np.frombuffer(found, np.float32).reshape(height // _BLOCK, width // _BLOCK)


def excess_plain(a: Floats, b: Floats, coding_a: JpegInfo | None, coding_b: JpegInfo | None) -> Floats:
    """Compute `excess_of` from Y, Cb, Cr (3, height, width), without the native module: five times as slow."""
    allowed, color_allowed, gray = _allowed(coding_a, coding_b)
    luma = _over(a[0] - b[0], allowed)
    luma /= np.where(_clipped(a[0]) | _clipped(b[0]), np.float32(QUANTIZATION.cut), np.float32(1))
    if gray:
        return luma
    halved = [_halved(a[k] - b[k]) for k in (1, 2)]
    color = np.maximum(*(_over(plane, color_allowed) for plane in halved))
    rows, columns = (
        np.minimum(np.arange(n) // 2, m - 1) for n, m in zip(luma.shape, color.shape, strict=True)
    )
    return np.asarray(np.maximum(luma, color[rows[:, None], columns]), np.float32)


def _allowed(a: JpegInfo | None, b: JpegInfo | None) -> tuple[Floats, Floats, bool]:
    """Return the allowed differences of luma and color coefficients, (8, 8) each, and whether one is gray."""
    gray = any(info is not None and info.colour == "gray" for info in (a, b))
    same_grid = a is None or b is None or a.subsampling == b.subsampling
    slack = QUANTIZATION.color_slack if same_grid else QUANTIZATION.subsampled_slack
    luma = _half_steps(0, a, b) + np.float32(QUANTIZATION.luma_slack)
    return luma, _half_steps(1, a, b) + np.float32(slack), gray


def _clipped(luma: Floats) -> Mask:
    """Return the blocks (rows, columns) in which levels beyond black or white may have been clipped."""
    # Rows first: they are contiguous in memory.
    rows = luma.reshape(-1, _BLOCK, luma.shape[1])
    lightest, darkest = (
        most(most(rows, axis=1).reshape(len(rows), -1, _BLOCK), axis=2) for most in (np.max, np.min)
    )
    return np.asarray((lightest >= 254.5) | (darkest <= 0.5), np.bool_)


def _half_steps(component: int, *codings: JpegInfo | None) -> Floats:
    total = np.zeros((8, 8), np.float32)
    for info in codings:
        if info is not None:
            table = info.tables[min(component, len(info.tables) - 1)]
            total += np.array(table, np.float32).reshape(8, 8) / 2
    return total


def _halved(plane: Floats) -> Floats:
    """Return a plane at half its size, padded with zeros to whole blocks."""
    height, width = (-(-side // 16) * 16 for side in plane.shape)
    grown = cv2.copyMakeBorder(
        plane, 0, height - plane.shape[0], 0, width - plane.shape[1], cv2.BORDER_CONSTANT, value=0
    )
    return np.asarray(cv2.resize(grown, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.float32)


def _over(difference: Floats, allowed: Floats) -> Floats:
    """Return the largest coefficient of a difference per block, in units of `allowed` (8, 8)."""
    rows, columns = (side // _BLOCK for side in difference.shape)
    blocks = difference.reshape(rows, _BLOCK, columns, _BLOCK).swapaxes(1, 2).reshape(-1, _BLOCK, _BLOCK)
    over = np.sqrt(np.einsum("nij,nij->n", blocks, blocks)) / np.float32(allowed.min())
    # No coefficient exceeds the norm of its block, which is usually small enough.
    loud = np.flatnonzero(over > 1.0)
    if len(loud):
        coefficients = np.abs(np.einsum("ui,nij,vj->nuv", _DCT, blocks[loud], _DCT, optimize=True))
        over[loud] = (coefficients / allowed).max(axis=(1, 2))
    return np.asarray(over.reshape(rows, columns), np.float32)


def _boxes(changed: Mask, a: Pixels, b: Pixels) -> tuple[Region, ...]:
    """Return boxes of connected changed blocks, shrunk to the pixels that differ by a share of the largest."""
    difference = most_of(cv2.absdiff(a, b))
    usual = _usual_difference(changed, difference)
    joined = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for left, top, across, down in (stats[k, :4] * _BLOCK for k in range(1, count)):
        part = difference[top : top + down, left : left + across]
        least = min(max(QUANTIZATION.core * part.max(), usual), QUANTIZATION.most_core * part.max())
        core = (part >= max(1, int(least))).astype(np.uint8)
        x, y, w, h = cv2.boundingRect(core)
        found.append(Region(int(left) + x, int(top) + y, w, h))
    return tuple(sorted(found, key=lambda r: (-r.w * r.h, r.y, r.x)))


def _usual_difference(changed: Mask, difference: Pixels) -> float:
    """Return the level that one pixel in a hundred of the unchanged blocks exceeds."""
    rows, columns = changed.shape
    size = (columns * _BLOCK, rows * _BLOCK)
    still = cv2.resize((~changed).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    if not still.any():
        return 0.0
    whole = difference[: size[1], : size[0]]
    counts = cv2.calcHist([whole], [0], still, [256], [0, 256]).ravel().astype(np.int64)
    return histogram_percentile(counts, 99)


def histogram_percentile(counts: NDArray[np.int64], share: float) -> float:
    """Return the percentile `share`, 0 to 100, of a histogram of levels, interpolated as by `percentile`."""
    below = np.cumsum(counts)
    at = (int(below[-1]) - 1) * share / 100
    low, high = (int(np.searchsorted(below, int(at) + k, side="right")) for k in (0, 1))
    return low + (min(high, len(counts) - 1) - low) * (at - int(at)) if at > int(at) else float(low)
