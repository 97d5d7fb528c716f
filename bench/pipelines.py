"""The 40 ways in which people save a picture again, as functions from a PIL image to the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from bench.common import encoded
from bench.profiles_made import space_profile

Pipeline = Callable[[Image.Image], bytes]


def _chain(image: Image.Image, *qualities: int) -> bytes:
    data = b""
    for quality in qualities:
        data = encoded(image, "JPEG", quality=quality)
        image = Image.open(io.BytesIO(data))
    return data


def _scaled(
    image: Image.Image, scale: float, how: Image.Resampling, kind: str = "JPEG", **options: object
) -> bytes:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return encoded(image.resize(size, how), kind, **options)


def _tagged(image: Image.Image, tag: int, undo: Image.Transpose, **options: object) -> bytes:
    """Store the picture turned, with the EXIF tag that turns it back."""
    exif = Image.Exif()
    exif[274] = tag
    return encoded(image.transpose(undo), "JPEG", exif=exif.tobytes(), **options)


def _with_exif(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    return encoded(image, "JPEG", quality=92, exif=exif.tobytes(), comment=b"a comment")


def _sixteen(image: Image.Image) -> bytes:
    """A 16-bit RGB PNG, whose samples are the 8-bit ones times 257."""
    import cv2

    bgr = np.asarray(image.convert("RGB"))[..., ::-1].astype(np.uint16) * 257
    return bytes(cv2.imencode(".png", bgr)[1].tobytes())


_TO_P3 = np.array([[0.822462, 0.177538, 0.0], [0.033194, 0.966806, 0.0], [0.017083, 0.072397, 0.910520]])


def _display_p3(image: Image.Image) -> bytes:
    """The same colours in Display P3 numbers, with the profile embedded, as phones save them."""
    srgb = np.asarray(image.convert("RGB")) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4) @ _TO_P3.T
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)
    out = Image.fromarray(np.round(np.clip(coded, 0, 1) * 255).astype(np.uint8))
    return encoded(out, "JPEG", quality=92, icc_profile=space_profile("P3"))


def _jpeg(quality: int, **options: object) -> Pipeline:
    return lambda image: encoded(image, "JPEG", quality=quality, **options)


_R, _T = Image.Resampling, Image.Transpose

PIPELINES: dict[str, Pipeline] = {
    "pillow default": partial(encoded, kind="JPEG"),
    **{f"jpeg q{q}": _jpeg(q) for q in (95, 90, 85, 60, 50, 40, 30)},
    **{f"jpeg q{q} 4:4:4": _jpeg(q, subsampling=0) for q in (95, 75, 50, 30)},
    "jpeg q80 4:2:2": _jpeg(80, subsampling=1),
    "progressive q85": _jpeg(85, progressive=True),
    "progressive q50": _jpeg(50, progressive=True),
    "optimised q70": _jpeg(70, optimize=True),
    **{f"webp {q}": partial(encoded, kind="WEBP", quality=q) for q in (90, 75, 50, 30)},
    "webp lossless": partial(encoded, kind="WEBP", lossless=True),
    "avif 60": partial(encoded, kind="AVIF", quality=60),
    "jpeg 2000": partial(encoded, kind="JPEG2000", quality_mode="rates", quality_layers=[20]),
    "half lanczos q85": lambda i: _scaled(i, 0.5, _R.LANCZOS, quality=85),
    "half bicubic q75": lambda i: _scaled(i, 0.5, _R.BICUBIC, quality=75),
    "half bilinear png": lambda i: _scaled(i, 0.5, _R.BILINEAR, "PNG"),
    "third box q80": lambda i: _scaled(i, 1 / 3, _R.BOX, quality=80),
    "twice as large q85": lambda i: _scaled(i, 2, _R.BICUBIC, quality=85),
    "double 75, 85": lambda i: _chain(i, 75, 85),
    "double 50, 90": lambda i: _chain(i, 50, 90),
    "triple 80, 60, 40": lambda i: _chain(i, 80, 60, 40),
    "exif added": _with_exif,
    "tag 6 q85": lambda i: _tagged(i, 6, _T.ROTATE_90, quality=85),
    "tag 3 q60": lambda i: _tagged(i, 3, _T.ROTATE_180, quality=60),
    "exif stripped": partial(encoded, kind="JPEG", quality=92),
    "palette png": lambda i: encoded(i.convert("RGB").quantize(256), "PNG"),
    "web palette png": lambda i: encoded(i.convert("RGB").convert("P"), "PNG"),
    "cmyk jpeg": lambda i: encoded(i.convert("RGB").convert("CMYK"), "JPEG", quality=85),
    "16-bit png": _sixteen,
    "display p3": _display_p3,
}
