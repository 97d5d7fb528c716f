"""JPEG -> Opened: simplejpeg (libjpeg-turbo) for gray and colour, Pillow for CMYK."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import JpegImagePlugin

from samepic.errors import TruncatedError, UnreadableError
from samepic.picture.colour import Conversion, conversion
from samepic.picture.jpeg import JpegHeader, jpeg_header
from samepic.picture.opened import Opened, Pixels, check_size
from samepic.picture.quiet import decoding
from samepic.picture.samples import resolve
from samepic.picture.source import Encoded
from samepic.profiles import Limits

__all__ = ["open_jpeg"]

_MODES = {"gray": "L", "cmyk": "CMYK", "ycck": "CMYK"}
# libjpeg's warnings about bytes that no pixel needs. Every other warning means wrong pixels, and simplejpeg
# stops at the first.
_HARMLESS = ("extraneous bytes before marker", "Unknown Adobe color transform", "Unsupported marker type")


def open_jpeg(encoded: Encoded, limits: Limits) -> Opened:
    """Open a JPEG of which the header is within `limits`; of a multi-picture file, its first picture."""
    header = jpeg_header(encoded.data, encoded.name, limits=limits)
    check_size(encoded.name, header.width, header.height, 1, limits)
    mode = _MODES.get(header.coding.colour, "RGB")
    colours = conversion(header.icc, mode)
    decode = _decode_with_pillow if mode == "CMYK" else _decode
    return Opened(
        format="JPEG",
        width=header.width,
        height=header.height,
        mode=mode,
        decode=partial(decode, encoded, header, colours),
        orientation=header.orientation,
        metadata=header.metadata,
        profile=colours.name,
        jpeg=header.coding,
        camera=header.camera,
    )


def _decode(encoded: Encoded, header: JpegHeader, colours: Conversion) -> Pixels:
    space = "GRAY" if header.coding.colour == "gray" else "RGB"
    with decoding(encoded.name, "JPEG"):
        try:
            decoded: Any = simplejpeg.decode_jpeg(encoded.data, space)
        except ValueError as error:
            if any(words in str(error) for words in _HARMLESS):
                return _decode_with_pillow(encoded, header, colours)
            raise _failure(encoded.name, error) from error
        samples: NDArray[np.uint8] = decoded[..., 0] if space == "GRAY" else decoded
        return Pixels(colours.on_array(samples))


def _failure(name: str, error: ValueError) -> UnreadableError:
    said = str(error)
    broken = "Premature" in said or "Corrupt" in said or "Inconsistent" in said or "Invalid SOS" in said
    return (TruncatedError if broken else UnreadableError)(name, "a whole JPEG", said)


def _decode_with_pillow(encoded: Encoded, header: JpegHeader, colours: Conversion) -> Pixels:
    """Decode what simplejpeg does not: CMYK, YCCK, and files that libjpeg grumbles about without need.

    CMYK is stored inverted, as Adobe began; without a profile R is (255 - C)(255 - K) / 255.
    """
    with decoding(encoded.name, "JPEG"), io.BytesIO(encoded.data) as stream:
        image = JpegImagePlugin.JpegImageFile(stream, "")
        if image.size != (header.width, header.height):
            raise UnreadableError(
                encoded.name, f"{header.width}x{header.height}", f"{image.width}x{image.height}"
            )
        image.load()
        return resolve(image, colours)
