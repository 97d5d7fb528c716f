"""HEIC and HEIF -> Opened, through libheif."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from samepic.errors import UnreadableError
from samepic.picture.colour import Conversion, conversion
from samepic.picture.exif import names_camera
from samepic.picture.opened import Opened, Pixels, check_size
from samepic.picture.quiet import decoding
from samepic.picture.samples import colour_kind
from samepic.picture.source import Encoded
from samepic.profiles import Limits

if TYPE_CHECKING:
    from pi_heif import HeifImage

__all__ = ["open_heif"]


def open_heif(encoded: Encoded, limits: Limits) -> Opened:
    """Open a HEIF whose primary picture is within `limits`; its other top-level pictures count as frames.

    libheif turns and mirrors as the container says; the EXIF orientation beside it is only a note of that.
    """
    import pi_heif

    with decoding(encoded.name, "HEIF"):
        container: Any = pi_heif.open_heif(encoded.data, convert_hdr_to_8bit=True)
        if len(container) == 0:
            raise UnreadableError(encoded.name, "a HEIF with a picture", "one without")
        primary = container[container.primary_index]
    width, height = primary.size
    check_size(encoded.name, width, height, len(container), limits)
    colours = conversion(bytes(primary.info.get("icc_profile", b"")), colour_kind(primary.mode))
    return Opened(
        format="HEIF",
        width=width,
        height=height,
        mode=primary.mode,
        decode=partial(_decode, encoded.name, primary, colours),
        frames=len(container),
        metadata=sum(len(primary.info.get(kind) or b"") for kind in ("exif", "xmp", "icc_profile")),
        profile=colours.name,
        camera=names_camera(primary.info.get("exif") or b""),
    )


def _decode(name: str, primary: HeifImage, colours: Conversion) -> Pixels:
    with decoding(name, "HEIF"):
        samples = np.asarray(primary)[:, : primary.size[0]]
        if samples.ndim == 2:
            return Pixels(colours.on_array(samples))
        alpha = np.ascontiguousarray(samples[..., 3]) if samples.shape[2] == 4 else None
        rgb = np.array(samples[..., :3], order="C")
        if alpha is not None and primary.premultiplied_alpha:
            wide = rgb.astype(np.uint16) * 255 // np.maximum(alpha, 1)[..., None]
            rgb = np.minimum(wide, 255).astype(np.uint8)
        return Pixels(colours.on_array(rgb), alpha)
