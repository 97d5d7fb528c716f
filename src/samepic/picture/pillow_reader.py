"""Every other format -> Opened, through the plugins of Pillow that docs/formats.md lists, and no others."""

from __future__ import annotations

import ctypes
import importlib
import io
from dataclasses import replace
from functools import cache, partial
from typing import Final

from PIL import Image, features

from samepic.errors import LimitError, UnreadableError, UnsupportedError
from samepic.picture.colour import conversion
from samepic.picture.deep import Deep
from samepic.picture.deep_tiff import deep_colours, deep_grays, has_deep_colours, shown_colours
from samepic.picture.exif import exif_orientation, names_camera
from samepic.picture.frames import gif_frames, tiff_pages, webp_canvas, webp_frames
from samepic.picture.opened import Opened, Pixels, check_size
from samepic.picture.quiet import decoding
from samepic.picture.samples import DEEP, colour_kind, resolve
from samepic.picture.source import Encoded
from samepic.profiles import Limits

__all__ = ["PLUGINS", "from_image", "open_with_pillow"]

PLUGINS: Final = {
    "WEBP": "WebPImagePlugin.WebPImageFile",
    "AVIF": "AvifImagePlugin.AvifImageFile",
    "GIF": "GifImagePlugin.GifImageFile",
    "TIFF": "TiffImagePlugin.TiffImageFile",
    "BMP": "BmpImagePlugin.BmpImageFile",
    "JPEG2000": "Jpeg2KImagePlugin.Jpeg2KImageFile",
    "PPM": "PpmImagePlugin.PpmImageFile",
    "TGA": "TgaImagePlugin.TgaImageFile",
    "ICO": "IcoImagePlugin.IcoImageFile",
    "ICNS": "IcnsImagePlugin.IcnsImageFile",
    "PSD": "PsdImagePlugin.PsdImageFile",
    "QOI": "QoiImagePlugin.QoiImageFile",
    "DDS": "DdsImagePlugin.DdsImageFile",
    "PCX": "PcxImagePlugin.PcxImageFile",
    "SGI": "SgiImagePlugin.SgiImageFile",
    "SUN": "SunImagePlugin.SunImageFile",
}
_FEATURES: Final = {"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}
_MAKE: Final = 0x010F
_MODEL: Final = 0x0110
_ORIENTATION: Final = 0x0112


def open_with_pillow(encoded: Encoded, form: str, limits: Limits) -> Opened:
    """Open a picture in the format `form`, a key of `PLUGINS`, whose header is within `limits`."""
    feature = _FEATURES.get(form)
    if feature and not features.check(feature):
        raise UnsupportedError(
            encoded.name, "a picture that Pillow decodes", f"{form}, which this Pillow is built without"
        )
    frames = _counted(encoded, form, limits)
    with decoding(encoded.name, form):
        image = _plugin_image(encoded, form)
    opened = from_image(image, encoded.name, form, limits, frames=frames)
    if has_deep_colours(image):
        deep = partial(deep_colours, encoded.data, encoded.name, opened.applied)
        colours = conversion(_block(image, "icc_profile"), colour_kind(image.mode))
        decode = partial(shown_colours, image, opened.decode, deep, colours)
        opened = replace(opened, mode=f"{image.mode};16", decode=decode, deep=deep)
    return opened


def from_image(image: Image.Image, name: str, form: str, limits: Limits, *, frames: int = 0) -> Opened:
    """Return what is known of a Pillow image that may not have been loaded yet; 0 `frames` asks the image."""
    with decoding(name, form):
        width, height = image.size
        frames = frames or int(getattr(image, "n_frames", 1))
        check_size(name, width, height, frames, limits)
        declared = _declared_orientation(image)
        icc, exif = _block(image, "icc_profile"), _block(image, "exif")
        camera = names_camera(exif) or _names_camera(image)
        metadata = len(icc) + len(exif) + len(_block(image, "xmp"))
    if metadata > limits.metadata_bytes:
        raise LimitError(name, f"at most {limits.metadata_bytes} bytes of metadata", str(metadata))
    colours = conversion(icc, colour_kind(image.mode))
    by_itself = image.format == "TIFF"  # Pillow turns TIFFs, and nothing else, while it loads them
    return Opened(
        format=form,
        width=width,
        height=height,
        mode=image.mode,
        decode=partial(_decode, image, name, form, limits),
        orientation=1 if by_itself else declared,
        applied=declared if by_itself else 1,
        frames=frames,
        metadata=metadata,
        profile=colours.name,
        camera=camera,
        deep=partial(_deep, image) if image.mode in DEEP else None,
    )


def _plugin_image(encoded: Encoded, form: str) -> Image.Image:
    # The class is called directly: Image.open would try every plugin, and apply limits of its own.
    if form == "TIFF":
        _hush_libtiff()
    module, _, plugin = PLUGINS[form].partition(".")
    factory = getattr(importlib.import_module(f"PIL.{module}"), plugin)
    image: Image.Image = factory(io.BytesIO(encoded.data), "")
    return image


@cache
def _hush_libtiff() -> None:
    """Take from Pillow's libtiff the handler that prints errors on the terminal; Pillow raises them anyway.

    Pillow silences warnings only. Where libtiff is linked into Pillow statically there is no such symbol to call.
    """
    try:
        libtiff = ctypes.CDLL(str(importlib.import_module("PIL._imaging").__file__))
        libtiff.TIFFSetErrorHandler.restype = ctypes.c_void_p
        libtiff.TIFFSetErrorHandler(None)
    except (OSError, AttributeError):
        return


def _counted(encoded: Encoded, form: str, limits: Limits) -> int:
    if form == "GIF":
        return gif_frames(encoded.data, encoded.name, limits)
    if form == "WEBP":
        canvas = webp_canvas(encoded.data)
        if canvas is None:
            raise UnreadableError(encoded.name, "a WebP with a size", "one without")
        check_size(encoded.name, *canvas, 1, limits)
        return webp_frames(encoded.data, encoded.name, limits)
    if form == "TIFF":
        pages, raw = tiff_pages(encoded.data, encoded.name, limits)
        if raw:
            raise UnsupportedError(encoded.name, "a developed picture", "a camera's raw file (DNG)")
        return pages
    return 0 if form == "AVIF" else 1


def _declared_orientation(image: Image.Image) -> int:
    tags = getattr(image, "tag_v2", None)
    if tags is not None and image.format == "TIFF":
        value = tags.get(_ORIENTATION, 1)
        return value if value in range(1, 9) else 1
    return exif_orientation(_block(image, "exif"))


def _names_camera(image: Image.Image) -> bool:
    """Tell whether a TIFF, whose own directory is what EXIF is elsewhere, names the camera."""
    tags = getattr(image, "tag_v2", None)
    return tags is not None and image.format == "TIFF" and bool(tags.get(_MAKE) or tags.get(_MODEL))


def _block(image: Image.Image, kind: str) -> bytes:
    value = image.info.get(kind)
    return bytes(value) if isinstance(value, (bytes, bytearray)) else b""


def _decode(image: Image.Image, name: str, form: str, limits: Limits) -> Pixels:
    with decoding(name, form):
        image.load()
        # Some headers speak of another size than the data (ICNS, ICO): what came is what counts.
        check_size(name, *image.size, 1, limits)
        colours = conversion(_block(image, "icc_profile"), colour_kind(image.mode))
        return resolve(image, colours, _white(image))


def _deep(image: Image.Image) -> Deep:
    return deep_grays(image, _white(image))


def _white(image: Image.Image) -> int:
    """Return the largest sample of a TIFF of 9 to 15 bits, which Pillow hands over unscaled."""
    tags = getattr(image, "tag_v2", None)
    bits = tags.get(258, (16,)) if tags is not None else (16,)
    return (1 << bits[0]) - 1 if isinstance(bits, tuple) and 8 < bits[0] < 16 else 65535
