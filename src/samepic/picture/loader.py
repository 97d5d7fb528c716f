"""load: any source -> Picture."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps

from samepic.errors import UnreadableError
from samepic.picture.picture import Picture
from samepic.picture.source import read
from samepic.profiles import LIMITS, Limits
from samepic.verdict import PictureInfo

__all__ = ["load"]


def load(source: object, *, limits: Limits = LIMITS) -> Picture:
    """Decode any source."""
    if isinstance(source, Image.Image):
        return _finish(source, "<image>", None)
    if isinstance(source, np.ndarray):
        rgb = np.ascontiguousarray(source if source.ndim == 3 else np.dstack([source] * 3))
        return Picture(rgb, None, PictureInfo("<array>", "array", rgb.shape[1], rgb.shape[0]))
    encoded = read(source, limits=limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(encoded.data))
            image.load()
        except (OSError, ValueError, SyntaxError) as error:
            raise UnreadableError(encoded.name, "a picture", str(error)) from error
        return _finish(image, encoded.name, encoded.data)


def _finish(image: Any, name: str, data: bytes | None) -> Picture:
    form, mode = image.format or "image", image.mode
    orientation = image.getexif().get(0x0112, 1)
    icc = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if icc and image.mode == "RGB":
        try:
            image = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"))
        except ImageCms.PyCMSError:
            pass
    rgba = np.asarray(image.convert("RGBA")) if image.has_transparency_data else np.asarray(image.convert("RGB"))
    rgb = np.ascontiguousarray(rgba[..., :3])
    alpha = np.ascontiguousarray(rgba[..., 3]) if rgba.shape[2] == 4 else None
    if alpha is not None and alpha.min() == 255:
        alpha = None
    info = PictureInfo(name, form, rgb.shape[1], rgb.shape[0], len(data or b""), orientation, mode)
    return Picture(rgb, alpha, info, data)
