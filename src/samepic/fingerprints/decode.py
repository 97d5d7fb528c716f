"""Codes of a picture from any source, decoded no further than the codes need."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.fingerprints.copycode import copycodes
from samepic.fingerprints.pdq import Pdq, Reduction, pdq, pdq_reference
from samepic.native import native
from samepic.picture import Picture
from samepic.picture.color import conversion
from samepic.picture.jpeg import JpegHeader
from samepic.picture.picture import upright, upright_size
from samepic.tuning.search import SEARCH

# libjpeg-turbo has vector code for these scales; others cost as much as the next larger one.
_EIGHTHS = (1, 2, 4, 8)
_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA


class DecodedPicture(NamedTuple):
    """The codes of a decoded picture, its upright size and format; `copycodes` are of whole, quarters, insets."""

    pdq: Pdq
    width: int
    height: int
    format: str
    copycodes: bytes = b""


def hash_picture(picture: Picture, reference: bool = False, copies: bool = False) -> DecodedPicture:
    """Hash a picture on white, bit for bit as the reference if `reference`; with `copies`, make copy codes too."""
    rgb, info = picture.on(255), picture.info
    codes = pdq_reference(rgb) if reference else _from_rgb(rgb)
    return DecodedPicture(codes, info.width, info.height, info.format, copycodes(rgb) if copies else b"")


def hash_jpeg(
    data: bytes, header: JpegHeader, segments: list[memoryview], copies: bool = False
) -> DecodedPicture | None:
    """Hash a JPEG from a reduced decode of its luma; None where only a whole decode shows its pixels.

    That is so for stored RGB and CMYK, profiles made of lookup tables, and what is broken or lacks its end. Of a large
    progressive JPEG only the DC scans are decoded. With `copies`, copy codes are made from another decode, in color.
    """
    if _needs_whole_decode(header):
        return None
    data, eighths = _reduction(data, header, segments, SEARCH.side)
    luma = _decode(data, "GRAY", header, eighths)
    copy = _copycodes(data, header, segments) if copies else b""
    if luma is None or copy is None:
        return None
    neutrals = _neutrals(header.icc, "L" if header.coding.colour == "gray" else "RGB")
    if neutrals is not None:
        luma = neutrals[luma]
    whole = Reduction(header.height, header.width, eighths / 8, eighths / 8, header.orientation)
    codes = pdq(luma[..., 0], whole)
    width, height = upright_size(header.width, header.height, header.orientation)
    return DecodedPicture(codes, width, height, "JPEG", copy)


def hash_and_decode_jpeg(
    data: bytes, header: JpegHeader, segments: list[memoryview], longer: int, copies: bool = False
) -> tuple[DecodedPicture, NDArray[np.uint8]] | None:
    """Hash a JPEG nearly as `hash_jpeg`, from a decode in color of `longer` pixels or more, and return that too."""
    if _needs_whole_decode(header):
        return None
    shape = max(header.height, header.width) / max(1, min(header.height, header.width))
    side = max(SEARCH.copy_decode if copies else SEARCH.side, math.ceil(longer / shape))
    reduced, eighths = _reduction(data, header, segments, side)
    components = len(header.coding.sampling)
    if reduced is not data and reduced[reduced.index(bytes((0xFF, _SCAN))) + 4] != components:
        reduced = data  # its first scan lacks colors
    shown = _decode_color(reduced, header, eighths)
    if shown is None:
        return None
    rgb = np.ascontiguousarray(shown)
    width, height = upright_size(header.width, header.height, header.orientation)
    codes = _from_rgb(rgb, Reduction(height, width, eighths / 8, eighths / 8))
    return DecodedPicture(codes, width, height, "JPEG", copycodes(rgb) if copies else b""), rgb


def _needs_whole_decode(header: JpegHeader) -> bool:
    coding = header.coding
    return coding.colour not in ("gray", "ycbcr") or not coding.ended or b"A2B0" in header.icc[:2048]


def _copycodes(data: bytes, header: JpegHeader, segments: list[memoryview]) -> bytes | None:
    shown = decode_for_copies(data, header, segments)
    return None if shown is None else copycodes(shown)


def decode_for_copies(
    data: bytes, header: JpegHeader, segments: list[memoryview]
) -> NDArray[np.uint8] | None:
    """Return a JPEG as it shows, (h, w, 3), no larger than its copy code needs; None where `hash_jpeg` returns that."""
    if _needs_whole_decode(header):
        return None
    data, eighths = _reduction(data, header, segments, SEARCH.copy_decode)
    return _decode_color(data, header, eighths)


def _decode_color(data: bytes, header: JpegHeader, eighths: int) -> NDArray[np.uint8] | None:
    gray = header.coding.colour == "gray"
    decoded = _decode(data, "GRAY" if gray else "RGB", header, eighths)
    if decoded is None:
        return None
    to_srgb = conversion(header.icc, "L" if gray else "RGB")
    return upright(to_srgb.on_array(decoded[..., 0] if gray else decoded), header.orientation)


def _reduction(data: bytes, header: JpegHeader, segments: list[memoryview], side: int) -> tuple[bytes, int]:
    """Return the bytes to decode, and at how many eighths, for `side` pixels on the shorter side."""
    eighths = next((n for n in _EIGHTHS if min(header.height, header.width) * n // 8 >= side), 8)
    if eighths > 1 or not header.coding.progressive:
        return data, eighths
    # At an eighth of the size, scans of AC terms do not count: the bytes end before the first.
    # Without the markers that say so, three components are YCbCr (libjpeg, jdapimin.c).
    kept = [_START]
    for segment in segments:
        if segment[1] == _SCAN and segment[5 + 2 * segment[4]] > 0:
            break
        kept.append(bytes(segment))
    return b"".join((*kept, _END)), eighths


@lru_cache(maxsize=64)
def _neutrals(icc: bytes, mode: str) -> NDArray[np.uint8] | None:
    """Return the displayed level, 0 to 255, of each of 256 grays with a profile; None where nothing changes."""
    to_srgb = conversion(icc, mode)
    if to_srgb.apply is None:
        return None
    ramp = np.arange(256, dtype=np.uint8)[None]
    shown = to_srgb.on_array(ramp if mode == "L" else np.stack([ramp] * 3, axis=-1))
    return np.ascontiguousarray(shown[0, :, 1])


def _decode(data: bytes, space: str, header: JpegHeader, eighths: int) -> NDArray[np.uint8] | None:
    import simplejpeg

    height, width = -(-header.height * eighths // 8), -(-header.width * eighths // 8)
    # The DC coefficients alone, in half the time; where they are not plain, libjpeg has to see to it.
    quick = native is not None and eighths == 1 and space == "GRAY"
    if quick and (found := native.eighth(data, header.width, header.height)) is not None:
        return np.frombuffer(found, np.uint8).reshape(height, width, 1)
    try:
        decoded: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, space, min_height=height, min_width=width, min_factor=1
        )
    except ValueError:
        return None
    return decoded if decoded.shape[:2] == (height, width) else None


def _from_rgb(rgb: NDArray[np.uint8], whole: Reduction | None = None) -> Pdq:
    import cv2

    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    height, width = luma.shape
    factor = min(height, width) // (2 * SEARCH.side)
    if factor > 1:
        size = (width // factor, height // factor)
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    down, across = luma.shape[0] / height, luma.shape[1] / width
    full = whole or Reduction(height, width)
    reduction = Reduction(full.height, full.width, full.down * down, full.across * across)
    return pdq(np.asarray(luma, np.uint8), reduction)
