"""load and inspect: any source -> Picture, or what its header says."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image

from samepic.errors import UnreadableError, UnsupportedError
from samepic.picture.arrays import open_array
from samepic.picture.deep import upright_deep
from samepic.picture.heif_reader import open_heif
from samepic.picture.jpeg_reader import open_jpeg
from samepic.picture.opened import Opened
from samepic.picture.picture import Picture
from samepic.picture.pillow_reader import from_image, open_with_pillow
from samepic.picture.png_reader import open_png
from samepic.picture.sniff import KNOWN, REFUSED, sniff
from samepic.picture.source import Encoded, read
from samepic.picture.upright import turned, upright
from samepic.profiles import LIMITS, Limits
from samepic.verdict import PictureInfo

__all__ = ["inspect", "load", "opened"]


def load(source: object, *, limits: Limits = LIMITS) -> Picture:
    """Decode any source to what a viewer would show: upright, in sRGB, the first frame.

    `source` is a path, bytes, a binary stream, an `Encoded`, a PIL image, or an ndarray of (h, w), (h, w, 1),
    (h, w, 3) or (h, w, 4) bool, uint8, uint16, or floats from 0 to 1. Raises SourceError for anything else;
    UnreadableError, TruncatedError, UnsupportedError or LimitError for what cannot or must not be decoded.
    """
    if isinstance(source, Image.Image):
        name = str(getattr(source, "filename", "") or "<image>")
        return _picture(from_image(source, name, source.format or "image", limits), name, None)
    if isinstance(source, np.ndarray):
        return _picture(open_array(source, limits), "<array>", None)
    encoded = read(source, limits=limits)
    return _picture(_open(encoded, limits), encoded.name, encoded.data)


def opened(source: object, limits: Limits) -> Picture:
    """Return a picture as it is, and any other source decoded. Raises as `load`."""
    return source if isinstance(source, Picture) else load(source, limits=limits)


def inspect(encoded: Encoded, *, limits: Limits = LIMITS) -> PictureInfo:
    """Tell what the header of an encoded picture says, without decoding it. Raises as `load`."""
    return _info(_open(encoded, limits), encoded.name, len(encoded.data))


def _open(encoded: Encoded, limits: Limits) -> Opened:
    form = sniff(encoded.data)
    if form.startswith(REFUSED):
        raise UnsupportedError(encoded.name, f"a picture ({', '.join(KNOWN)})", form.removeprefix(REFUSED))
    match form:
        case "JPEG":
            return open_jpeg(encoded, limits)
        case "PNG":
            return open_png(encoded, limits)
        case "HEIF":
            return open_heif(encoded, limits)
        case "":
            raise UnreadableError(encoded.name, f"a picture ({', '.join(KNOWN)})", _described(encoded.data))
        case _:
            return open_with_pillow(encoded, form, limits)


def _described(data: bytes) -> str:
    head = data[:32]
    try:
        text = head.decode("utf-8", "strict" if len(data) <= 32 else "ignore")
    except UnicodeDecodeError:
        text = ""
    if text and all(letter.isprintable() or letter.isspace() for letter in text):
        return f"text that begins with {text[:24]!r}"
    return f"{len(data)} bytes that begin with {data[:8].hex(' ')}"


def _info(opened: Opened, name: str, size: int) -> PictureInfo:
    width, height = opened.width, opened.height
    if turned(opened.orientation):
        width, height = height, width
    return PictureInfo(
        name=name,
        format=opened.format,
        width=width,
        height=height,
        size=size,
        orientation=opened.orientation if opened.orientation != 1 else opened.applied,
        mode=opened.mode,
        frames=opened.frames,
        metadata=opened.metadata,
        profile=opened.profile,
        jpeg=opened.jpeg,
        camera=opened.camera,
    )


def _picture(opened: Opened, name: str, data: bytes | None) -> Picture:
    pixels = opened.decode()
    rgb, alpha = upright(pixels.rgb, opened.orientation), pixels.alpha
    if alpha is not None and int(alpha.min()) == 255:
        alpha = None
    if alpha is not None:
        alpha = upright(alpha, opened.orientation)
        rgb[alpha == 0] = 0
    info = _info(opened, name, len(data or b""))
    if (info.height, info.width) != rgb.shape[:2]:
        raise UnreadableError(name, f"{info.width}x{info.height} pixels", f"{rgb.shape[1]}x{rgb.shape[0]}")
    deep = None if opened.deep is None else partial(upright_deep, opened.deep, opened.orientation)
    return Picture(rgb, alpha, info, data, deep)
