"""The one EXIF field that decides how a picture is shown: its orientation."""

from __future__ import annotations

import struct

__all__ = ["exif_orientation"]

_ORIENTATION = 0x0112
_SHORT, _LONG = 3, 4


def exif_orientation(exif: bytes | memoryview) -> int:
    """Return the orientation, 1 to 8, that an EXIF block asks for, and 1 where it says nothing sensible.

    `exif` starts with a TIFF header, with or without "Exif\\0\\0" before it. Only the first directory is
    read: thumbnails carry an orientation of their own. Exif 3.0 (CIPA DC-008), 4.6.5.
    """
    block = bytes(exif[:6])
    start = 6 if block == b"Exif\0\0" else 0
    tiff = memoryview(exif)[start:]
    order = {b"II": "<", b"MM": ">"}.get(bytes(tiff[:2]))
    if order is None or len(tiff) < 14:
        return 1
    try:
        (offset,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, offset)
        for entry in range(offset + 2, offset + 2 + 12 * min(count, 512), 12):
            tag, kind, number = struct.unpack_from(order + "HHI", tiff, entry)
            if tag == _ORIENTATION:
                return _value(tiff, order, entry + 8, kind) if number == 1 else 1
    except struct.error:
        return 1
    return 1


def _value(tiff: memoryview, order: str, at: int, kind: int) -> int:
    if kind not in (_SHORT, _LONG):
        return 1
    value: int = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), tiff, at)[0]
    return value if 1 <= value <= 8 else 1
