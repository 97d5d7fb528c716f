"""PNG -> Opened: the fast way where it is here, Pillow for all else of up to 8 bits, exact ways for 16."""

from __future__ import annotations

import io
import struct
import zlib
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from samepic.errors import TruncatedError
from samepic.picture.colour import PLAIN, Conversion, conversion
from samepic.picture.deep import Deep
from samepic.picture.opened import Opened, Pixels, check_size
from samepic.picture.png import PngHeader, pixel_stream, pixels_only, png_header
from samepic.picture.png_pixels import fast_pixels
from samepic.picture.quiet import decoding
from samepic.picture.samples import resolve
from samepic.picture.source import Encoded
from samepic.profiles import Limits

__all__ = ["open_png"]

_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_MODES = {_GRAY: "L", _RGB: "RGB", _PALETTE: "P", _GRAY_ALPHA: "LA", _RGBA: "RGBA"}
_DISPLAY_GAMMA = 1 / 2.2
_GAMMA_SLACK = 0.05  # libpng's PNG_GAMMA_THRESHOLD: a nearer gamma is not corrected


def open_png(encoded: Encoded, limits: Limits) -> Opened:
    """Open a PNG of which the header is within `limits`; of an animated one, the default image."""
    header = png_header(encoded.data, encoded.name, limits=limits)
    check_size(encoded.name, header.width, header.height, header.frames, limits)
    colours = conversion(header.icc, "L" if header.colour in (_GRAY, _GRAY_ALPHA) else "RGB")
    return Opened(
        format="PNG",
        width=header.width,
        height=header.height,
        mode=_mode(header),
        decode=partial(_decode, encoded, header, colours),
        orientation=header.orientation,
        frames=header.frames,
        metadata=header.metadata,
        profile=colours.name,
        deep=partial(_deep, encoded, header) if header.bits == 16 else None,
        camera=header.camera,
    )


def _mode(header: PngHeader) -> str:
    if header.bits == 16:
        return {_GRAY: "I;16"}.get(header.colour, _MODES[header.colour] + ";16")
    return "1" if header.bits == 1 and header.colour == _GRAY else _MODES[header.colour]


def _decode(encoded: Encoded, header: PngHeader, colours: Conversion) -> Pixels:
    with decoding(encoded.name, "PNG"):
        if header.bits == 16:
            samples = _deep_samples(encoded, header)
            pixels = _from_deep(samples, header)
        else:
            pixels = _shallow(encoded, header)
        return Pixels(colours.on_array(pixels.rgb), pixels.alpha)


def _shallow(encoded: Encoded, header: PngHeader) -> Pixels:
    pixels = fast_pixels(encoded, header)
    if pixels is None:
        image = _loaded(pixels_only(encoded.data, encoded.name, key=header.colour == _PALETTE))
        pixels = resolve(image, PLAIN)
    alpha = pixels.alpha
    if header.colour in (_GRAY, _RGB) and header.transparent:
        key = np.frombuffer(header.transparent[: 6 if header.colour == _RGB else 2], ">u2").astype(np.uint32)
        key = key * 255 // ((1 << header.bits) - 1)
        alpha = _keyed(pixels.rgb, key)
    table = _table(header, 256)
    return Pixels(pixels.rgb if table is None else table[pixels.rgb], alpha)


def _loaded(data: bytes) -> Image.Image:
    with io.BytesIO(data) as stream:
        image = PngImagePlugin.PngImageFile(stream, "")
        image.load()
    return image


def _deep(encoded: Encoded, header: PngHeader) -> Deep:
    with decoding(encoded.name, "PNG"):
        return Deep(_deep_samples(encoded, header), 65535)


def _deep_samples(encoded: Encoded, header: PngHeader) -> NDArray[np.uint16]:
    """Return (h, w, channels) of all 16 bits."""
    shape = (header.height, header.width, -1)
    if header.colour == _GRAY:
        image = _loaded(pixels_only(encoded.data, encoded.name, key=False))
        return np.asarray(image).astype(np.uint16).reshape(shape)
    if header.colour == _GRAY_ALPHA:
        # Two samples of 16 bits are filtered like four of 8, so the same bytes read as RGBA give both halves.
        ihdr = struct.pack(">IIBBBBB", header.width, header.height, 8, _RGBA, 0, 0, header.interlaced)
        image = _loaded(pixels_only(encoded.data, encoded.name, key=False, header=ihdr))
        return np.frombuffer(image.tobytes(), ">u2").astype(np.uint16).reshape(shape)
    return _deep_colour(encoded, header)


def _deep_colour(encoded: Encoded, header: PngHeader) -> NDArray[np.uint16]:
    """Decode 16-bit RGB(A) with OpenCV, the one library here that keeps all bits of it.

    Its libpng prints on the terminal when it stumbles, so the stream is proved whole first.
    """
    import cv2

    _prove_stream(encoded, header)
    plain = np.frombuffer(pixels_only(encoded.data, encoded.name, key=False), np.uint8)
    try:
        decoded: Any = cv2.imdecode(plain, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(str(error.err)) from error
        raise ValueError(f"OpenCV cannot decode it: {error.err}") from error
    if decoded is None or decoded.dtype != np.uint16:
        raise ValueError("OpenCV cannot decode it")
    order = cv2.COLOR_BGRA2RGBA if decoded.shape[2] == 4 else cv2.COLOR_BGR2RGB
    samples: NDArray[np.uint16] = cv2.cvtColor(decoded, order)
    return samples


def _prove_stream(encoded: Encoded, header: PngHeader) -> None:
    inflate, total = zlib.decompressobj(), 0
    for piece in pixel_stream(encoded.data, encoded.name):
        rest: bytes | memoryview = piece
        while rest and total <= header.raw_bytes:
            total += len(inflate.decompress(rest, 1 << 20))
            rest = inflate.unconsumed_tail
    if total != header.raw_bytes or not inflate.eof:
        raise TruncatedError(encoded.name, f"{header.raw_bytes} bytes of pixels", f"{total}")


def _from_deep(samples: NDArray[np.uint16], header: PngHeader) -> Pixels:
    table = _table(header, 65536)
    if table is None:
        table = np.rint(np.arange(65536) / 257).astype(np.uint8)
    colours = 1 if header.colour in (_GRAY, _GRAY_ALPHA) else 3
    alpha = None
    if samples.shape[2] > colours:
        alpha = np.rint(np.arange(65536) / 257).astype(np.uint8)[samples[..., colours]]
    elif header.transparent:
        alpha = _keyed(samples, np.frombuffer(header.transparent[: 2 * colours], ">u2").astype(np.uint32))
    eight = table[samples[..., :colours]]
    return Pixels(np.repeat(eight, 3, axis=2) if colours == 1 else eight, alpha)


def _keyed(samples: NDArray[Any], key: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return alpha that is 0 where all samples equal the tRNS `key` and 255 elsewhere."""
    hidden = (samples == key).all(axis=2)
    return np.where(hidden, np.uint8(0), np.uint8(255))


def _table(header: PngHeader, size: int) -> NDArray[np.uint8] | None:
    """Return the correction from the file's gamma to 1/2.2 with 8-bit results, or None.

    PNG, third edition, 13.13.
    """
    if header.gamma is None or abs(_DISPLAY_GAMMA / header.gamma - 1) < _GAMMA_SLACK:
        return None
    ramp = np.linspace(0, 1, size) ** (_DISPLAY_GAMMA / header.gamma)
    return np.rint(ramp * 255).astype(np.uint8)
