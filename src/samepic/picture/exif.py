"""What EXIF says that matters here: how a picture is held, and whether a camera wrote it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["exif_orientation", "names_camera"]

_MAKE, _MODEL, _ORIENTATION, _EXIF, _TAKEN = 0x010F, 0x0110, 0x0112, 0x8769, 0x9003
_SHORT, _LONG = 3, 4
_MOST_ENTRIES = 512


class _Entry(NamedTuple):
    tag: int
    kind: int
    number: int
    value: int  # where the value, or its offset, is


def exif_orientation(exif: bytes | memoryview) -> int:
    """Return the orientation, 1 to 8, that an EXIF block asks for, and 1 where it says nothing sensible.

    `exif` starts with a TIFF header, with or without "Exif\\0\\0" before it. Only the first directory is
    read: thumbnails carry an orientation of their own. Exif 3.0 (CIPA DC-008), 4.6.5.
    """
    tiff, order = _block(exif)
    try:
        for entry in _directory(tiff, order, 4):
            if entry.tag == _ORIENTATION:
                value = _number(tiff, order, entry)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def names_camera(exif: bytes | memoryview) -> bool:
    """Tell whether an EXIF block names the camera (Make or Model) or when the picture was taken (DateTimeOriginal).

    What editors write of themselves (Software, DateTime) does not count. Exif 3.0 (CIPA DC-008), 4.6.5.
    """
    tiff, order = _block(exif)
    try:
        for entry in _directory(tiff, order, 4):
            if entry.tag in (_MAKE, _MODEL) and entry.number > 1:
                return True
            if entry.tag == _EXIF and any(
                inner.tag == _TAKEN and inner.number > 1 for inner in _directory(tiff, order, entry.value)
            ):
                return True
    except struct.error:
        return False
    return False


def _block(exif: bytes | memoryview) -> tuple[memoryview, str]:
    """Return the TIFF structure and its byte order for struct, "" where there is none."""
    start = 6 if bytes(exif[:6]) == b"Exif\0\0" else 0
    tiff = memoryview(exif)[start:]
    order = {b"II": "<", b"MM": ">"}.get(bytes(tiff[:2]), "")
    return tiff, order if len(tiff) >= 14 else ""


def _directory(tiff: memoryview, order: str, pointer: int) -> Iterator[_Entry]:
    """Yield the entries of the directory whose offset is stored at `pointer`; struct.error where it is cut off."""
    if not order:
        return
    (offset,) = struct.unpack_from(order + "I", tiff, pointer)
    (count,) = struct.unpack_from(order + "H", tiff, offset)
    for at in range(offset + 2, offset + 2 + 12 * min(count, _MOST_ENTRIES), 12):
        tag, kind, number = struct.unpack_from(order + "HHI", tiff, at)
        yield _Entry(tag, kind, number, at + 8)


def _number(tiff: memoryview, order: str, entry: _Entry) -> int:
    """Return a single SHORT or LONG, 0 for anything else."""
    if entry.kind not in (_SHORT, _LONG) or entry.number != 1:
        return 0
    value: int = struct.unpack_from(order + ("H" if entry.kind == _SHORT else "I"), tiff, entry.value)[0]
    return value
