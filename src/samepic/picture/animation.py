"""The frames of an animation, one after the other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from PIL import Image

from samepic.errors import TruncatedError
from samepic.picture.deep import Deep
from samepic.picture.deep_tiff import deep_colours, has_deep_colours
from samepic.picture.loader import load
from samepic.picture.picture import Picture
from samepic.picture.quiet import decoding
from samepic.profiles import LIMITS, Limits

__all__ = ["chosen", "frames"]


def frames(picture: Picture, count: int, *, limits: Limits = LIMITS) -> Iterator[Picture]:
    """Yield `count` frames (or all, if there are fewer), evenly spread from the first to the last.

    Each is composed as a viewer shows it. A picture without encoded bytes yields itself. Raises TruncatedError
    for a frame that cannot be decoded, LimitError as `load` does.
    """
    total = picture.info.frames
    if picture.data is None or total == 1:
        yield picture
        return
    wanted = chosen(total, count)
    name, form = picture.info.name, picture.info.format
    with decoding(name, form):
        image = _opened(picture.data, form)
    with image:
        for number in wanted:
            with decoding(name, form):
                try:
                    image.seek(number)
                    frame = _frame(image, form)
                except (OSError, EOFError, ValueError, SyntaxError) as error:
                    raise TruncatedError(name, f"{total} frames", f"frame {number}: {error}") from error
            yield load(frame, limits=limits) if form != "TIFF" else _page(image, picture, number, limits)


def chosen(total: int, count: int) -> list[int]:
    """Return which of `total` frames `frames` yields when it is asked for `count`, counted from 0."""
    step = max(1, (total - 1) / max(1, count - 1))
    return sorted({min(total - 1, round(k * step)) for k in range(min(count, total))})


def _frame(image: Image.Image, form: str) -> Image.Image:
    """Return the frame that `image` stands at, decoded; a page keeps its samples as they are stored."""
    if form != "TIFF":
        return image.convert("RGBA")
    image.load()
    return image


def _page(image: Image.Image, whole: Picture, number: int, limits: Limits) -> Picture:
    """Return the page of a TIFF that `image` stands at, with all bits of its samples."""
    page = load(image, limits=limits)
    # Taken now: the image goes on to the next page.
    found = page.deep() if page.deep is not None else None
    deep = None if found is None else partial(Deep, found.samples, found.white)
    if has_deep_colours(image):
        deep = partial(deep_colours, whole.data or b"", whole.info.name, page.info.orientation, number)
    return replace(page, info=replace(page.info, name=whole.info.name, frames=1), deep=deep)


def _opened(data: bytes, form: str) -> Image.Image:
    if form == "HEIF":  # which Pillow does not know by itself
        from pi_heif.as_plugin import HeifImageFile

        image: Image.Image = HeifImageFile(io.BytesIO(data))
        return image
    return Image.open(io.BytesIO(data))
