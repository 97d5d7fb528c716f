"""16-bit colours of a TIFF, of which Pillow keeps the upper 8 bits alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from samepic.picture.colour import Conversion
from samepic.picture.deep import Deep, Stored, turned_deep
from samepic.picture.opened import Pixels
from samepic.picture.quiet import decoding
from samepic.picture.samples import DEEP, from_16_bits

__all__ = ["deep_colours", "deep_grays", "has_deep_colours", "shown_colours"]

_BITS, _EXTRA, _PREMULTIPLIED = 258, 338, 1
_UNKNOWN = Deep(None, 0)


def has_deep_colours(image: Image.Image) -> bool:
    """Tell whether a TIFF that Pillow opened stores colours of more than 8 bits, whatever Pillow makes of them."""
    tags = getattr(image, "tag_v2", None)
    bits = tags.get(_BITS, ()) if tags is not None and image.format == "TIFF" else ()
    return image.mode not in DEEP and isinstance(bits, tuple) and max(bits, default=8) > 8


def deep_colours(data: bytes, name: str, orientation: int, page: int = 0) -> Deep:
    """Return the 16-bit samples of one page of a TIFF, upright; without samples where OpenCV does not give them.

    The page must have been decoded by Pillow before, so that what is broken in it was met there.
    """
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its warnings go to the terminal
    with decoding(name, "TIFF"):
        try:
            _, pages = cv2.imdecodemulti(
                np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED, range=(page, page + 1)
            )
        except cv2.error as error:
            if error.code == cv2.Error.StsNoMem:
                raise MemoryError(str(error.err)) from error
            return _UNKNOWN
        finally:
            cv2.utils.logging.setLogLevel(level)
    samples: Any = pages[0] if len(pages) == 1 else None
    if samples is None or samples.ndim != 3 or samples.dtype != np.uint16 or samples.shape[2] not in (3, 4):
        return _UNKNOWN
    order = cv2.COLOR_BGRA2RGBA if samples.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return turned_deep(Deep(np.asarray(cv2.cvtColor(samples, order)), 65535), orientation)


def shown_colours(
    image: Image.Image, decode: Callable[[], Pixels], deep: Stored, colours: Conversion
) -> Pixels:
    """Return what `decode` gives, in which Pillow cut off the lower bits, rounded as other 16-bit pictures are."""
    pixels, samples = decode(), deep().samples
    premultiplied = _PREMULTIPLIED in image.tag_v2.get(_EXTRA, ())  # type: ignore[attr-defined]
    if samples is None or premultiplied or samples.shape[:2] != pixels.rgb.shape[:2]:
        return pixels
    alpha = pixels.alpha if samples.shape[2] < 4 else from_16_bits(np.ascontiguousarray(samples[..., 3]))
    return Pixels(colours.on_array(from_16_bits(np.ascontiguousarray(samples[..., :3]))), alpha)


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
