"""The digest of what decides a picture's pixels, so that copies with other metadata are known without decoding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from samepic.picture.png import coded_chunks, colour_chunks, png_header
from samepic.profiles import Limits

__all__ = ["coded_digest", "png_digest"]


def coded_digest(
    kind: str, orientation: int, colour: Iterable[bytes | memoryview], coded: Iterable[bytes | memoryview]
) -> str:
    """Return the SHA-256, in hex, of what decides the pixels of a picture of the format `kind`.

    `orientation` is the EXIF one, 1 to 8; `colour` are the pieces that decide how samples are shown, `coded` those
    that decide the samples.
    """
    shown = hashlib.sha256()
    for piece in colour:
        shown.update(piece)
    digest = hashlib.sha256(f"samepic {kind} {orientation} {shown.hexdigest()}\n".encode())
    for piece in coded:
        digest.update(piece)
    return digest.hexdigest()


def png_digest(data: bytes, name: str, limits: Limits) -> str:
    """Return the coded digest of a PNG, "" for an animated one. Raises as `png_header`."""
    header = png_header(data, name, limits=limits)
    if header.frames > 1:
        return ""
    return coded_digest("PNG", header.orientation, colour_chunks(data, name), coded_chunks(data, name))
