"""How many frames a file declares, and how large they are, without decoding: GIF, WebP, TIFF."""

from __future__ import annotations

import struct

from samepic.errors import LimitError
from samepic.profiles import Limits

__all__ = ["gif_frames", "tiff_pages", "webp_canvas", "webp_frames"]

_RAW_TAGS = frozenset((50706,))  # DNGVersion


def gif_frames(data: bytes, name: str, limits: Limits) -> int:
    """Count the pictures of a GIF (GIF89a, 1990), at least 1; raise LimitError beyond `limits.frames`."""
    at, count = 13 + _colour_table(data, 10), 0
    while at < len(data):
        kind = data[at]
        if kind == 0x2C:
            count += 1
            if count > limits.frames:
                raise LimitError(name, f"at most {limits.frames} frames", "more")
            at = _blocks_end(data, at + 11 + _colour_table(data, at + 9))
        elif kind == 0x21:
            at = _blocks_end(data, at + 2)
        else:
            break
    return max(1, count)


def _colour_table(data: bytes, at: int) -> int:
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def webp_canvas(data: bytes) -> tuple[int, int] | None:
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


def webp_frames(data: bytes, name: str, limits: Limits) -> int:
    """Count the frames of a WebP, at least 1; LimitError beyond `limits.frames`."""
    at, count = 12, 0
    while at + 8 <= len(data):
        if data[at : at + 4] == b"ANMF":
            count += 1
            if count > limits.frames:
                raise LimitError(name, f"at most {limits.frames} frames", "more")
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + (size & 1)
    return max(1, count)


def tiff_pages(data: bytes, name: str, limits: Limits) -> tuple[int, bool]:
    """Count the directories of a TIFF or BigTIFF, at least 1, and tell whether it is a raw file (DNG).

    Raises LimitError beyond `limits.frames`. A chain that bites its tail ends there.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    word, count_code, entry = (order + "Q", order + "Q", 20) if big else (order + "I", order + "H", 12)
    seen: set[int] = set()
    raw = False
    try:
        (at,) = struct.unpack_from(word, data, 8 if big else 4)
        while at and at not in seen:
            (entries,) = struct.unpack_from(count_code, data, at)
            first = at + struct.calcsize(count_code)
            (following,) = struct.unpack_from(word, data, first + entry * entries)
            seen.add(at)
            if len(seen) > limits.frames:
                raise LimitError(name, f"at most {limits.frames} pages", "more")
            if len(seen) == 1:
                tags = (struct.unpack_from(order + "H", data, first + entry * i)[0] for i in range(entries))
                raw = any(tag in _RAW_TAGS for tag in tags)
            at = following
    except (struct.error, OverflowError):
        return max(1, len(seen)), raw
    return max(1, len(seen)), raw
