"""16-bit colours of a TIFF, of which Pillow keeps the upper 8 bits alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from samepic.picture.deep import Deep
from samepic.picture.quiet import decoding
from samepic.picture.samples import DEEP

__all__ = ["deep_colours", "deep_grays", "has_deep_colours"]

_BITS = 258
_UNKNOWN = Deep(None, 0)


def has_deep_colours(image: Image.Image) -> bool:
    """Tell whether a TIFF that Pillow opened stores colours of more than 8 bits, whatever Pillow makes of them."""
    tags = getattr(image, "tag_v2", None)
    bits = tags.get(_BITS, ()) if tags is not None and image.format == "TIFF" else ()
    return image.mode not in DEEP and isinstance(bits, tuple) and max(bits, default=8) > 8


def deep_colours(data: bytes, name: str, page: int = 0) -> Deep:
    """Return the 16-bit samples of one page of a TIFF; without samples where OpenCV does not give them.

    The page must have been decoded by Pillow before, so that what is broken in it was met there.
    """
    import cv2

    with decoding(name, "TIFF"):
        try:
            _, pages = cv2.imdecodemulti(
                np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED, range=(page, page + 1)
            )
        except cv2.error as error:
            if error.code == cv2.Error.StsNoMem:
                raise MemoryError(str(error.err)) from error
            return _UNKNOWN
    samples: Any = pages[0] if len(pages) == 1 else None
    if samples is None or samples.ndim != 3 or samples.dtype != np.uint16 or samples.shape[2] not in (3, 4):
        return _UNKNOWN
    order = cv2.COLOR_BGRA2RGBA if samples.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return Deep(np.asarray(cv2.cvtColor(samples, order)), 65535)


def deep_grays(image: Image.Image, white: int = 65535) -> Deep:
    """Return the samples of a loaded Pillow image of one of the `DEEP` modes, shown as `gray_of` says."""
    samples = np.asarray(image)[..., None]
    if image.mode.startswith("I;16"):
        return Deep(samples, white)
    if image.format == "PPM":
        return Deep(samples, 65535)
    for scale in (255, 65535) if image.mode == "I" else (1, 255):
        if samples.min() >= 0 and samples.max() <= scale:
            return Deep(samples, scale)
    return Deep(samples, 0)
