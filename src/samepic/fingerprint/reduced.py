"""From a source to its PDQ codes, decoding no more of it than they need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from samepic.fingerprint.pdq import Pdq, pdq, pdq_reference
from samepic.fingerprint.sampling import Reduction
from samepic.picture import load
from samepic.picture.colour import conversion
from samepic.picture.jpeg import JpegHeader
from samepic.profiles import LIMITS, Limits
from samepic.profiles.search import SEARCH

__all__ = ["Seen", "see", "see_jpeg"]

_EIGHTHS = (1, 2, 4, 8)
"""The scales that libjpeg-turbo has vector code for; those between cost as much as the next one up."""

_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen of a picture: upright codes, upright `width` and `height`, and the `format` by content."""

    pdq: Pdq
    width: int
    height: int
    format: str


def see(source: object, *, reference: bool = False, limits: Limits = LIMITS) -> Seen:
    """Decode a whole picture, lay it on white and code it, in the reference's order of sums if `reference`."""
    picture = load(source, limits=limits)
    rgb = picture.on(255)
    codes = pdq_reference(rgb) if reference else _from_rgb(rgb)
    return Seen(codes, picture.info.width, picture.info.height, picture.info.format)


def see_jpeg(data: bytes, header: JpegHeader, segments: list[memoryview]) -> Seen | None:
    """Code a JPEG from a reduced decode of its luma; None where only a whole decode tells what it shows.

    That is so for stored RGB and CMYK, for profiles made of lookup tables, and for broken data. Of a profile made of
    curves and a matrix the curves are applied, and the matrix, which leaves grays alone, is passed over. Of a large
    progressive JPEG only the DC scans are decoded.
    """
    if header.coding.colour not in ("gray", "ycbcr") or b"A2B0" in header.icc[:2048]:
        return None
    height, width = header.height, header.width
    eighths = next((n for n in _EIGHTHS if min(height, width) * n // 8 >= SEARCH.side), 8)
    if eighths == 1 and header.coding.progressive:
        data = _dc_scans(segments)
    luma = _decode(data, -(-height * eighths // 8), -(-width * eighths // 8))
    if luma is None:
        return None
    neutrals = _neutrals(header.icc, "L" if header.coding.colour == "gray" else "RGB")
    if neutrals is not None:
        luma = neutrals[luma]
    codes = pdq(luma, Reduction(height, width, eighths / 8, eighths / 8, header.orientation))
    if header.orientation >= 5:
        height, width = width, height
    return Seen(codes, width, height, "JPEG")


@lru_cache(maxsize=64)
def _neutrals(icc: bytes, mode: str) -> NDArray[np.uint8] | None:
    """Return how bright, 0 to 255, each of the 256 grays with a profile shows; None where it shows as it is."""
    colours = conversion(icc, mode)
    if colours.apply is None:
        return None
    ramp = np.arange(256, dtype=np.uint8)[None]
    shown = colours.on_array(ramp if mode == "L" else np.stack([ramp] * 3, axis=-1))
    return np.ascontiguousarray(shown[0, :, 1])


def _decode(data: bytes, height: int, width: int) -> NDArray[np.uint8] | None:
    import simplejpeg

    try:
        decoded = simplejpeg.decode_jpeg(data, "GRAY", min_height=height, min_width=width, min_factor=1)
    except ValueError:
        return None
    luma: NDArray[np.uint8] = decoded[..., 0]
    return luma if luma.shape == (height, width) else None


def _dc_scans(segments: list[memoryview]) -> bytes:
    """Return a JPEG that ends before its first scan of AC terms; at an eighth of the size those do not count.

    Without the markers that say so, three components are YCbCr (libjpeg, jdapimin.c).
    """
    kept = [_START]
    for segment in segments:
        if segment[1] == _SCAN and segment[5 + 2 * segment[4]] > 0:
            break
        kept.append(bytes(segment))
    return b"".join((*kept, _END))


def _from_rgb(rgb: NDArray[np.uint8]) -> Pdq:
    import cv2

    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    height, width = luma.shape
    factor = min(height, width) // (2 * SEARCH.side)
    if factor > 1:
        size = (width // factor, height // factor)
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    reduction = Reduction(height, width, luma.shape[0] / height, luma.shape[1] / width)
    return pdq(np.asarray(luma, np.uint8), reduction)
