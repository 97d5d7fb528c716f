"""Loading: any source as a Picture, its header alone, its frames, or the picture without its color profile."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from samepic.errors import TruncatedError, UnreadableError, UnsupportedError
from samepic.limits import LIMITS, Limits
from samepic.picture import jpeg, pillow, png
from samepic.picture.formats import KNOWN, REFUSED, decoding, sniff
from samepic.picture.jpeg import open_jpeg
from samepic.picture.picture import (
    Deep,
    Encoded,
    OpenedPicture,
    Picture,
    equal_pixels,
    read,
    upright,
    upright_deep,
)
from samepic.picture.png import open_png
from samepic.picture.raw import is_raw, open_raw
from samepic.verdict import PictureInfo

if TYPE_CHECKING:
    from PIL import Image


def load(source: object, *, limits: Limits = LIMITS) -> Picture:
    """Return any source decoded to what a viewer would show: upright, in sRGB, the first frame.

    `source` is a path, bytes, a binary stream, an `Encoded`, a PIL image, or an ndarray of (h, w), (h, w, 1),
    (h, w, 3) or (h, w, 4) bool, uint8, uint16, or floats from 0 to 1. Raises SourceError for anything else;
    UnreadableError, TruncatedError, UnsupportedError or LimitError for what cannot be decoded or exceeds the limits.
    """
    loaded = sys.modules.get("PIL.Image")  # whoever has an image of Pillow has loaded it
    if loaded is not None and isinstance(source, loaded.Image):
        name = str(getattr(source, "filename", "") or "<image>")
        return _picture(pillow.from_image(source, name, source.format or "image", limits), None)
    if isinstance(source, np.ndarray):
        return _picture(pillow.open_array(source, limits), None)
    encoded = read(source, limits=limits)
    return _picture(_open(encoded, limits), encoded.data)


def as_picture(source: object, limits: Limits) -> Picture:
    """Return a picture as it is, and any other source decoded. Raises as `load`."""
    return source if isinstance(source, Picture) else load(source, limits=limits)


def inspect(encoded: Encoded, *, limits: Limits = LIMITS) -> PictureInfo:
    """Return what the header of an encoded picture says, without decoding it. Raises as `load`."""
    return _open(encoded, limits).info


_READERS = {"JPEG": open_jpeg, "PNG": open_png, "HEIF": pillow.open_heif, "RAW": open_raw}


def _open(encoded: Encoded, limits: Limits) -> OpenedPicture:
    form = sniff(encoded.data)
    if form.startswith(REFUSED):
        raise UnsupportedError(encoded.name, f"a picture ({', '.join(KNOWN)})", form.removeprefix(REFUSED))
    if not form:
        raise UnreadableError(encoded.name, f"a picture ({', '.join(KNOWN)})", _described(encoded.data))
    if form == "TIFF" and is_raw(encoded.data):
        form = "RAW"
    if form in _READERS:
        return _READERS[form](encoded, limits)
    return pillow.open_with_pillow(encoded, form, limits)


def _described(data: bytes) -> str:
    head = data[:32]
    try:
        text = head.decode("utf-8", "strict" if len(data) <= 32 else "ignore")
    except UnicodeDecodeError:
        text = ""
    if text and all(letter.isprintable() or letter.isspace() for letter in text):
        return f"text that begins with {text[:24]!r}"
    return f"{len(data)} bytes that begin with {data[:8].hex(' ')}"


def _picture(opened: OpenedPicture, data: bytes | None) -> Picture:
    pixels, info = opened.decode(), opened.info
    rgb, alpha = upright(pixels.rgb, opened.orientation), pixels.alpha
    if alpha is not None and int(alpha.min()) == 255:
        alpha = None
    if alpha is not None:
        alpha = upright(alpha, opened.orientation)
        rgb[alpha == 0] = 0
    if (info.height, info.width) != rgb.shape[:2]:
        found = f"{rgb.shape[1]}x{rgb.shape[0]}"
        raise UnreadableError(info.name, f"{info.width}x{info.height} pixels", found)
    deep = None if opened.deep is None else partial(upright_deep, opened.deep, opened.orientation)
    return Picture(rgb, alpha, info, data, deep)


def unprofiled(picture: Picture, *, limits: Limits = LIMITS) -> Picture | None:
    """Return a JPEG or PNG decoded without its profile, as upload forms often drop it; None without one."""
    if not picture.info.profile or picture.data is None or picture.info.format not in ("JPEG", "PNG"):
        return None
    strip = jpeg.without_icc if picture.info.format == "JPEG" else png.without_icc
    return load(Encoded(picture.info.name, strip(picture.data, picture.info.name)), limits=limits)


def frames(picture: Picture, count: int, *, limits: Limits = LIMITS) -> Iterator[Picture]:
    """Yield `count` frames, evenly spread, as a viewer shows them. Raises TruncatedError, LimitError as `load` does."""
    total = picture.info.frames
    if picture.data is None or total == 1:
        yield picture
        return
    name, form = picture.info.name, picture.info.format
    with decoding(name, form):
        image = _opened(picture.data, form)
    with image:
        for number in frame_numbers(total, count):
            with decoding(name, form):
                try:
                    image.seek(number)
                    image.load()
                    # A page keeps its samples as they are stored.
                    frame = image if form == "TIFF" else image.convert("RGBA")
                except (OSError, EOFError, ValueError, SyntaxError) as error:
                    raise TruncatedError(name, f"{total} frames", f"frame {number}: {error}") from error
            yield load(frame, limits=limits) if form != "TIFF" else _page(image, picture, number, limits)


def is_static(picture: Picture, most: int) -> bool:
    """Return whether a file of 2 to `most` frames shows one picture: all of them are equal, pixel for pixel."""
    if not 1 < picture.info.frames <= most:
        return False
    shown = frames(picture, picture.info.frames)
    first = next(shown)
    return all(equal_pixels(first, other) for other in shown)


def frame_numbers(total: int, count: int) -> list[int]:
    """Return the numbers, from 0, of the frames that `frames` yields for `count` of `total`."""
    step = max(1, (total - 1) / max(1, count - 1))
    return sorted({min(total - 1, round(k * step)) for k in range(min(count, total))})


def _page(image: Image.Image, whole: Picture, number: int, limits: Limits) -> Picture:
    """Return the current page of a TIFF, with all bits of its samples."""
    page = load(image, limits=limits)
    # Read now: the image moves on to the next page.
    stored = page.deep() if page.deep is not None else None
    deep = None if stored is None else partial(Deep, stored.samples, stored.white)
    if pillow.has_deep_colors(image):
        deep = partial(pillow.deep_colors, whole.data or b"", whole.info.name, page.info.orientation, number)
    return replace(page, info=replace(page.info, name=whole.info.name, frames=1), deep=deep)


def _opened(data: bytes, form: str) -> Image.Image:
    if form == "HEIF":  # not registered with Pillow
        from pi_heif.as_plugin import HeifImageFile

        image: Image.Image = HeifImageFile(io.BytesIO(data))
        return image
    from PIL import Image

    return Image.open(io.BytesIO(data))
