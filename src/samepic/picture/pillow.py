"""Readers built on Pillow and libheif: every format but JPEG and PNG, 16-bit TIFF, and arrays."""

from __future__ import annotations

import ctypes
import importlib
import io
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from samepic.errors import LimitError, SourceError, UnreadableError, UnsupportedError
from samepic.limits import Limits
from samepic.picture.color import DEEP, Conversion, conversion, from_16_bits, profile_mode, resolve
from samepic.picture.formats import camera_name, decoding, exif_facts, video_size
from samepic.picture.picture import (
    Deep,
    Encoded,
    OpenedPicture,
    Pixels,
    Stored,
    check_size,
    upright_deep,
    upright_size,
)
from samepic.verdict import PictureInfo

if TYPE_CHECKING:
    from pi_heif import HeifImage
    from PIL import Image

_MAKE, _MODEL, _ORIENTATION, _BITS, _EXTRA = 0x010F, 0x0110, 0x0112, 258, 338
_PREMULTIPLIED = 1  # of _EXTRA
_UNKNOWN = Deep(None, 0)


def _tiff_tags(image: Image.Image) -> Mapping[int, Any]:
    """Return the directory of a TIFF that Pillow opened, which holds its EXIF fields too; empty for other formats."""
    return getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}


def has_deep_colors(image: Image.Image) -> bool:
    """Return whether a TIFF that Pillow opened stores colors of more than 8 bits."""
    bits = _tiff_tags(image).get(_BITS, ())
    return image.mode not in DEEP and isinstance(bits, tuple) and max(bits, default=8) > 8


def deep_colors(data: bytes, name: str, orientation: int, page: int = 0) -> Deep:
    """Return the 16-bit samples of a page of a TIFF, which Pillow has decoded, upright; none where OpenCV cannot."""
    import cv2

    log = getattr(cv2.utils, "logging", cv2)  # OpenCV 4 has it there
    level = log.getLogLevel()
    log.setLogLevel(0)  # its warnings go to the terminal
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
            log.setLogLevel(level)
    samples: Any = pages[0] if len(pages) == 1 else None
    if samples is None or samples.ndim != 3 or samples.dtype != np.uint16 or samples.shape[2] not in (3, 4):
        return _UNKNOWN
    order = cv2.COLOR_BGRA2RGBA if samples.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return upright_deep(partial(Deep, np.asarray(cv2.cvtColor(samples, order)), 65535), orientation)


def _rounded_deep_colors(
    image: Image.Image, decode: Callable[[], Pixels], deep: Stored, to_srgb: Conversion
) -> Pixels:
    """Return the pixels rounded from 16 bits; `decode`, by Pillow, truncates them."""
    pixels, samples = decode(), deep().samples
    premultiplied = _PREMULTIPLIED in _tiff_tags(image).get(_EXTRA, ())
    if samples is None or premultiplied or samples.shape[:2] != pixels.rgb.shape[:2]:
        return pixels
    alpha = pixels.alpha if samples.shape[2] < 4 else from_16_bits(np.ascontiguousarray(samples[..., 3]))
    return Pixels(to_srgb.on_array(from_16_bits(np.ascontiguousarray(samples[..., :3]))), alpha)


def _deep_grays(image: Image.Image) -> Deep:
    samples = np.asarray(image)[..., None]
    if image.mode.startswith("I;16"):
        return Deep(samples, _white(image))
    if image.format == "PPM":
        return Deep(samples, 65535)
    for scale in (255, 65535) if image.mode == "I" else (1, 255):
        if samples.min() >= 0 and samples.max() <= scale:
            return Deep(samples, scale)
    return Deep(samples, 0)


def open_heif(encoded: Encoded, limits: Limits) -> OpenedPicture:
    """Open a HEIF, which its container rotates and EXIF does not; its other top-level pictures count as frames."""
    import pi_heif

    with decoding(encoded.name, "HEIF"):
        container: Any = pi_heif.open_heif(encoded.data, convert_hdr_to_8bit=True)
        if len(container) == 0:
            raise UnreadableError(encoded.name, "a HEIF with a picture", "one without")
        primary = container[container.primary_index]
    width, height = primary.size
    check_size(encoded.name, width, height, len(container), limits)
    to_srgb = conversion(bytes(primary.info.get("icc_profile", b"")), profile_mode(primary.mode))
    exif = exif_facts(primary.info.get("exif") or b"")
    info = PictureInfo(
        name=encoded.name,
        format="HEIF",
        width=width,
        height=height,
        size=len(encoded.data),
        mode=primary.mode,
        frames=len(container),
        metadata=sum(len(primary.info.get(kind) or b"") for kind in ("exif", "xmp", "icc_profile")),
        profile=to_srgb.name,
        camera=exif.camera,
        taken=exif.taken,
        video=video_size(encoded.data, 32),
    )
    return OpenedPicture(info, partial(_decode_heif, encoded.name, primary, to_srgb))


def _decode_heif(name: str, primary: HeifImage, to_srgb: Conversion) -> Pixels:
    with decoding(name, "HEIF"):
        samples = np.asarray(primary)[:, : primary.size[0]]
        if samples.ndim == 2:
            return Pixels(to_srgb.on_array(samples))
        alpha = np.ascontiguousarray(samples[..., 3]) if samples.shape[2] == 4 else None
        rgb = np.array(samples[..., :3], order="C")
        if alpha is not None and primary.premultiplied_alpha:
            wide = rgb.astype(np.uint16) * 255 // np.maximum(alpha, 1)[..., None]
            rgb = np.minimum(wide, 255).astype(np.uint8)
        return Pixels(to_srgb.on_array(rgb), alpha)


def _gif_frames(data: bytes, name: str, limits: Limits) -> int:
    """Count the pictures of a GIF (GIF89a, 1990), at least 1; raise LimitError beyond `limits.frames`."""
    at, count = 13 + _color_table(data, 10), 0
    while at < len(data):
        kind = data[at]
        if kind == 0x2C:
            count += 1
            _check_count(count, name, limits)
            at = _blocks_end(data, at + 11 + _color_table(data, at + 9))
        elif kind == 0x21:
            at = _blocks_end(data, at + 2)
        else:
            break
    return max(1, count)


def _check_count(count: int, name: str, limits: Limits, unit: str = "frames") -> None:
    if count > limits.frames:
        raise LimitError(name, f"at most {limits.frames} {unit}", "more", "frames", limits.frames)


def _color_table(data: bytes, at: int) -> int:
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _webp_canvas(data: bytes) -> tuple[int, int] | None:
    """Return width and height as the first chunk of a WebP declares them (RFC 9649), or None."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _webp_frames(data: bytes, name: str, limits: Limits) -> int:
    """Count the frames of a WebP, at least 1; LimitError beyond `limits.frames`."""
    at, count = 12, 0
    while at + 8 <= len(data):
        if data[at : at + 4] == b"ANMF":
            count += 1
            _check_count(count, name, limits)
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + (size & 1)
    return max(1, count)


def _tiff_pages(data: bytes, name: str, limits: Limits) -> int:
    """Count the directories of a TIFF, at least 1, cycles once. Raises LimitError."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    word, count_code, entry = (order + "Q", order + "Q", 20) if big else (order + "I", order + "H", 12)
    seen: set[int] = set()
    with suppress(struct.error, OverflowError):
        (at,) = struct.unpack_from(word, data, 8 if big else 4)
        while at and at not in seen:
            (entries,) = struct.unpack_from(count_code, data, at)
            first = at + struct.calcsize(count_code)
            (following,) = struct.unpack_from(word, data, first + entry * entries)
            seen.add(at)
            _check_count(len(seen), name, limits, "pages")
            at = following
    return max(1, len(seen))


PLUGINS: Final = {
    form: f"{name}ImagePlugin"
    for form, name in (
        ("WEBP", "WebP"), ("AVIF", "Avif"), ("GIF", "Gif"), ("TIFF", "Tiff"), ("BMP", "Bmp"), ("JPEG2000", "Jpeg2K"),
        ("PPM", "Ppm"), ("TGA", "Tga"), ("ICO", "Ico"), ("ICNS", "Icns"), ("PSD", "Psd"), ("QOI", "Qoi"),
        ("DDS", "Dds"), ("PCX", "Pcx"), ("SGI", "Sgi"), ("SUN", "Sun"),
    )
}  # fmt: skip
"""The module in Pillow that opens a format."""
_FEATURES: Final = {"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}


def open_with_pillow(encoded: Encoded, form: str, limits: Limits) -> OpenedPicture:
    """Open a picture in the format `form`, a key of `PLUGINS`, whose header is within `limits`."""
    from PIL import features

    if form in _FEATURES and not features.check(_FEATURES[form]):
        found = f"{form}, which this Pillow is built without"
        raise UnsupportedError(encoded.name, "a picture that Pillow decodes", found)
    frames = _count_frames(encoded, form, limits)
    with decoding(encoded.name, form):
        # The class is called directly: Image.open would try every plugin and apply its own limits.
        if form == "TIFF":
            _silence_libtiff()
        module = importlib.import_module(f"PIL.{PLUGINS[form]}")
        headerless = form == "BMP" and not encoded.data.startswith(b"BM")
        factory = getattr(module, "DibImageFile" if headerless else PLUGINS[form].replace("Plugin", "File"))
        image: Image.Image = factory(io.BytesIO(encoded.data), "")
    opened = from_image(image, encoded.name, form, limits, frames=frames, size=len(encoded.data))
    if has_deep_colors(image):
        deep = partial(deep_colors, encoded.data, encoded.name, opened.info.orientation)
        to_srgb = conversion(_block(image, "icc_profile"), profile_mode(image.mode))
        decode = partial(_rounded_deep_colors, image, opened.decode, deep, to_srgb)
        opened = OpenedPicture(replace(opened.info, mode=f"{image.mode};16"), decode, deep=deep)
    if form == "WEBP" and image.mode == "RGB" and not _is_animated_webp(encoded.data):
        to_srgb = conversion(_block(image, "icc_profile"), profile_mode(image.mode))
        decode = partial(_webp_colors, encoded.data, image.size, opened.decode, to_srgb)
        opened = opened._replace(decode=decode)
    return opened


def _is_animated_webp(data: bytes) -> bool:
    """Return whether a WebP is an animation, be it of one frame (RFC 9649, 2.7)."""
    return data[12:16] == b"VP8X" and bool(data[20] & 2)


def _webp_colors(
    data: bytes, size: tuple[int, int], decode: Callable[[], Pixels], to_srgb: Conversion
) -> Pixels:
    """Return the pixels of a still WebP by OpenCV, in two thirds of the time and memory that `decode`, by Pillow,
    takes; by that where OpenCV cannot, since it knows what is wrong."""
    import cv2

    with suppress(cv2.error):
        how = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        shown = cv2.imdecode(np.frombuffer(data, np.uint8), how)
        if shown is not None and shown.shape == (size[1], size[0], 3):
            return Pixels(to_srgb.on_array(np.asarray(shown, np.uint8)), None)
    return decode()


def from_image(
    image: Image.Image, name: str, form: str, limits: Limits, *, frames: int = 0, size: int = 0
) -> OpenedPicture:
    """Return a Pillow image, loaded or not, as an OpenedPicture; with 0 `frames` the image counts its own."""
    rotates_itself = image.format == "TIFF"  # Pillow rotates TIFFs, and nothing else, as it loads them
    with decoding(name, form):
        width, height = image.size
        frames = frames or int(getattr(image, "n_frames", 1))
        check_size(name, width, height, frames, limits)
        icc, exif = _block(image, "icc_profile"), _block(image, "exif")
        declared, camera, taken = exif_facts(exif)
        if rotates_itself:
            tags = _tiff_tags(image)
            declared = tags.get(_ORIENTATION, 1)
            declared = declared if declared in range(1, 9) else 1
            camera = camera or camera_name(*(str(tags.get(tag) or "") for tag in (_MAKE, _MODEL)))
        metadata = len(icc) + len(exif) + len(_block(image, "xmp"))
    if metadata > limits.metadata_bytes:
        raise LimitError(name, f"at most {limits.metadata_bytes} bytes of metadata", str(metadata))
    to_srgb = conversion(icc, profile_mode(image.mode))
    left = 1 if rotates_itself else declared
    width, height = upright_size(width, height, left)
    info = PictureInfo(
        name=name,
        format=form,
        width=width,
        height=height,
        size=size,
        orientation=declared,
        mode=image.mode,
        frames=frames,
        metadata=metadata,
        profile=to_srgb.name,
        camera=camera,
        taken=taken,
    )
    deep = partial(_deep_grays, image) if image.mode in DEEP else None
    return OpenedPicture(info, partial(_decode, image, name, form, limits), left, deep)


@cache
def _silence_libtiff() -> None:
    """Remove the handler of Pillow's libtiff, where it is found, that prints errors, since Pillow raises them."""
    with suppress(OSError, AttributeError):
        libtiff = ctypes.CDLL(str(importlib.import_module("PIL._imaging").__file__))
        libtiff.TIFFSetErrorHandler.restype = ctypes.c_void_p
        libtiff.TIFFSetErrorHandler(None)


def _count_frames(encoded: Encoded, form: str, limits: Limits) -> int:
    if form == "GIF":
        return _gif_frames(encoded.data, encoded.name, limits)
    if form == "WEBP":
        canvas = _webp_canvas(encoded.data)
        if canvas is None:
            raise UnreadableError(encoded.name, "a WebP with a size", "one without")
        check_size(encoded.name, *canvas, 1, limits)
        return _webp_frames(encoded.data, encoded.name, limits)
    if form == "TIFF":
        return _tiff_pages(encoded.data, encoded.name, limits)
    return 0 if form == "AVIF" else 1


def _block(image: Image.Image, kind: str) -> bytes:
    value = image.info.get(kind)
    return bytes(value) if isinstance(value, (bytes, bytearray)) else b""


def _decode(image: Image.Image, name: str, form: str, limits: Limits) -> Pixels:
    with decoding(name, form):
        image.load()
        # Some headers declare another size than the data has (ICNS, ICO).
        check_size(name, *image.size, 1, limits)
        to_srgb = conversion(_block(image, "icc_profile"), profile_mode(image.mode))
        return resolve(image, to_srgb, _white(image))


def _white(image: Image.Image) -> int:
    """Return the largest sample of a TIFF; Pillow leaves those of 9 to 15 bits unscaled."""
    bits = _tiff_tags(image).get(_BITS, (16,))
    return (1 << bits[0]) - 1 if isinstance(bits, tuple) and 8 < bits[0] < 16 else 65535


_ARRAYS = "an array of (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) bool, uint8, uint16, or floats from 0 to 1"

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}

_DEEP_MODES = {1: "I;16", 3: "RGB;16", 4: "RGBA;16"}


def open_array(samples: NDArray[Any], limits: Limits) -> OpenedPicture:
    """Open an array of gray, RGB or RGBA samples in sRGB; raise SourceError for other shapes, types or ranges."""
    shaped = samples[..., None] if samples.ndim == 2 else samples
    if shaped.ndim != 3 or shaped.shape[2] not in _MODES or shaped.size == 0:
        raise SourceError(f"expected {_ARRAYS}, found shape {samples.shape}")
    height, width, channels = shaped.shape
    check_size("<array>", width, height, 1, limits)
    if not (shaped.dtype in (np.bool_, np.uint8, np.uint16) or np.issubdtype(shaped.dtype, np.floating)):
        raise SourceError(f"expected {_ARRAYS}, found {samples.dtype}")
    mode, deep = _MODES[channels], None
    if shaped.dtype.itemsize > 1:
        white, samples = (65535 if shaped.dtype == np.uint16 else 1), shaped.copy()
        mode, deep = _DEEP_MODES[channels], partial(Deep, samples, white)
    info = PictureInfo("<array>", "array", width, height, mode=mode)
    return OpenedPicture(info, partial(_decode_array, shaped), deep=deep)


def _decode_array(samples: NDArray[Any]) -> Pixels:
    eight = _eight_bits(samples)
    rgb = eight[..., :3] if eight.shape[2] >= 3 else np.broadcast_to(eight, (*eight.shape[:2], 3))
    # A copy: the picture must not change when the caller modifies the array.
    alpha = np.array(eight[..., 3], order="C") if eight.shape[2] == 4 else None
    return Pixels(np.array(rgb, order="C"), alpha)


def _eight_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype == np.uint16:
        return from_16_bits(samples)
    low, high = float(samples.min()), float(samples.max())
    if not (low >= 0 and high <= 1):
        raise SourceError(f"expected {_ARRAYS}, found floats from {low:g} to {high:g}")
    return np.rint(samples.astype(np.float32) * 255).astype(np.uint8)
