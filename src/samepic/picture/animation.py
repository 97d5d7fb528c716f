"""The frames of an animation, one after the other."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from samepic.errors import TruncatedError
from samepic.picture.loader import load
from samepic.picture.picture import Picture
from samepic.picture.quiet import decoding
from samepic.profiles import LIMITS, Limits

__all__ = ["frames"]


def frames(picture: Picture, count: int, *, limits: Limits = LIMITS) -> Iterator[Picture]:
    """Yield `count` frames (or all, if there are fewer), evenly spread from the first to the last.

    Each is composed as a viewer shows it. A picture without encoded bytes yields itself. Raises TruncatedError
    for a frame that cannot be decoded, LimitError as `load` does.
    """
    total = picture.info.frames
    if picture.data is None or total == 1:
        yield picture
        return
    step = max(1, (total - 1) / max(1, count - 1))
    wanted = sorted({min(total - 1, round(k * step)) for k in range(min(count, total))})
    name, form = picture.info.name, picture.info.format
    with decoding(name, form):
        image = _opened(picture.data, form)
    with image:
        for number in wanted:
            with decoding(name, form):
                try:
                    image.seek(number)
                    frame = image.convert("RGBA")
                except (OSError, EOFError, ValueError, SyntaxError) as error:
                    raise TruncatedError(name, f"{total} frames", f"frame {number}: {error}") from error
            yield load(frame, limits=limits)


def _opened(data: bytes, form: str) -> Image.Image:
    if form == "HEIF":  # which Pillow does not know by itself
        from pi_heif.as_plugin import HeifImageFile

        image: Image.Image = HeifImageFile(io.BytesIO(data))
        return image
    return Image.open(io.BytesIO(data))
