"""What the measures share: the shape of a picture array, one size for two pictures, luma and grounds."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.errors import SourceError

__all__ = [
    "Float",
    "Pixels",
    "alike",
    "check",
    "luma_pairs",
    "lumas",
    "reduced",
    "shown",
    "to_bands",
    "to_one_size",
]

Pixels = NDArray[np.uint8]
Float = NDArray[np.float32]

WHITE, BLACK = 255, 0


def check(pixels: Pixels) -> Pixels:
    """Return `pixels` if it is a picture: uint8, (height, width, 3 or 4), neither side empty.

    Raises SourceError otherwise.
    """
    wanted = "a uint8 array of shape (height, width, 3 or 4)"
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise SourceError(f"measures: wanted {wanted}, got {getattr(pixels, 'dtype', type(pixels).__name__)}")
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or 0 in pixels.shape:
        raise SourceError(f"measures: wanted {wanted}, got the shape {pixels.shape}")
    return pixels


def to_bands(pixels: Pixels, bands: int) -> Pixels:
    """Return `pixels` with 3 or 4 `bands`; a missing alpha is opaque, 255. Alpha is never dropped."""
    if pixels.shape[2] >= bands:
        return pixels
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    return np.concatenate([pixels, opaque], axis=2)


def to_one_size(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """Bring two pictures to one size: on each axis the smaller of the two, by area averaging.

    No picture is ever enlarged, so no detail is made up. Aspect ratios are not kept: 400x300 and 300x400 meet
    at 300x300. Colours are averaged weighted by alpha, so what nobody sees does not bleed in.
    """
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    return _shrunk(a, width, height), _shrunk(b, width, height)


def alike(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """Return both pictures with the same number of bands and one size (`to_bands`, `to_one_size`)."""
    bands = max(check(a).shape[2], check(b).shape[2])
    return to_one_size(to_bands(a, bands), to_bands(b, bands))


def luma_pairs(a: Pixels, b: Pixels) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield the luma of both, (height, width) uint8, at their own sizes: once, or on white and on black.

    Pictures with alpha are laid on white, then on black; a measure of luma takes the worse of the two, since
    two drawings in black ink on nothing are equal on black.
    """
    bands = max(check(a).shape[2], check(b).shape[2])
    yield from zip(lumas(to_bands(a, bands)), lumas(to_bands(b, bands)), strict=True)


def lumas(pixels: Pixels) -> list[Pixels]:
    """Return the Rec. 601 luma of a picture, (height, width) uint8: one, or on white and on black."""
    return [_luma(rgb) for rgb in shown(pixels)]


def shown(pixels: Pixels) -> list[Pixels]:
    """Return what a viewer shows of a picture, (height, width, 3) uint8: one, or on white and on black."""
    if pixels.shape[2] == 3:
        return [pixels]
    return [_laid_on(pixels, ground) for ground in (WHITE, BLACK)]


def reduced(luma: Pixels, width: int, height: int) -> Float:
    """Return `luma` as float32 (height, width): area averaged where it shrinks, linear where it grows."""
    samples = luma.astype(np.float32)
    small = (min(width, luma.shape[1]), min(height, luma.shape[0]))
    if small != luma.shape[::-1]:
        samples = np.asarray(cv2.resize(samples, small, interpolation=cv2.INTER_AREA), np.float32)
    if small != (width, height):
        samples = np.asarray(cv2.resize(samples, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return samples


def _shrunk(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    if pixels.shape[2] == 3:
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    size, area = (width, height), cv2.INTER_AREA
    *colours, alpha = cv2.split(pixels)
    weight = np.maximum(cv2.resize(alpha.astype(np.float32), size, interpolation=area), 1e-3)
    shrunk = np.empty((height, width, 4), np.uint8)
    shrunk[..., 3] = np.rint(weight)
    for band, colour in enumerate(colours):
        seen = cv2.resize(cv2.multiply(colour, alpha, dtype=cv2.CV_32F), size, interpolation=area)
        shrunk[..., band] = np.clip(np.rint(seen / weight), 0, 255)
    return shrunk


def _luma(rgb: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def _laid_on(pixels: Pixels, ground: int) -> Pixels:
    # c a + g (255 - a) over 255, rounded; never a tie, since 255 is odd
    *colours, alpha = cv2.split(pixels)
    if ground == WHITE:
        colours = [255 - colour for colour in colours]
    laid = [cv2.multiply(colour, alpha, scale=1 / 255) for colour in colours]
    if ground == WHITE:
        laid = [255 - colour for colour in laid]
    return np.asarray(cv2.merge(laid), np.uint8)
