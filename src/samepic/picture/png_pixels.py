"""The pixels of the commonest PNG, 8-bit RGB or RGBA, at three times the speed of Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from samepic.native import native
from samepic.picture.opened import Pixels
from samepic.picture.png import PngHeader, pixel_stream
from samepic.picture.source import Encoded
from samepic.profiles.limits import INFLATED_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAST", "fast_pixels"]

_inflate: Callable[[bytes, int], bytes | bytearray] | None
_refused: tuple[type[Exception], ...] = (ValueError, MemoryError)
try:
    from deflate import DeflateError
    from deflate import zlib_decompress as _inflate
except ImportError:
    _inflate = None
else:
    _refused = (*_refused, DeflateError)

FAST = native is not None and _inflate is not None
"""Whether both the native part and libdeflate (the extra `fast`) are here."""

_BANDS = {2: 3, 6: 4}


def fast_pixels(encoded: Encoded, header: PngHeader) -> Pixels | None:
    """Return the pixels of a sound PNG of 8-bit RGB or RGBA that is not interlaced, None for any other.

    Every lossless decoder returns the same. None too where something is wrong with it, which Pillow tells better.
    """
    bands = _BANDS.get(header.colour)
    if native is None or _inflate is None or bands is None or header.bits != 8 or header.interlaced:
        return None
    if header.raw_bytes > INFLATED_AT_ONCE:
        return None
    try:
        raw = _inflate(b"".join(pixel_stream(encoded.data, encoded.name)), header.raw_bytes)
        rgb, alpha = native.png_pixels(raw, header.width, header.height, bands)
    except _refused:
        return None
    shape = header.height, header.width
    clear = np.frombuffer(alpha, np.uint8).reshape(shape) if bands == 4 else None
    return Pixels(np.frombuffer(rgb, np.uint8).reshape(*shape, 3), clear)
