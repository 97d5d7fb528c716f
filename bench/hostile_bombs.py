"""Bombs for uploads: small files, or files just within the limits, that ask for as much as they can."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

__all__ = ["bombs"]

_SIDE = 9990
"""Just within the pixels that an upload may declare."""


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every bomb, the same ones in every run."""
    yield from _png_bombs()
    yield from _gif_bombs()
    yield from _run_lengths()
    yield from _coded()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _zeros(size: int) -> bytes:
    squeeze = zlib.compressobj(9)
    pieces = [squeeze.compress(bytes(min(1 << 20, size - at))) for at in range(0, size, 1 << 20)]
    return b"".join(pieces) + squeeze.flush()


def _png(width: int, height: int, kind: tuple[int, int, int], stream: bytes, *extra: bytes) -> bytes:
    bits, colour, interlaced = kind
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    body = _chunk(b"IHDR", header) + b"".join(extra) + _chunk(b"IDAT", stream) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _png_bombs() -> Iterator[tuple[str, bytes]]:
    gray, colour, deep = (8, 0, 0), (8, 2, 0), (16, 6, 0)
    huge = _zeros(1 << 30)
    yield "100000x100000.png", _png(100_000, 100_000, gray, huge)
    yield "100000x1000.png", _png(100_000, 1000, gray, _zeros(100_001 * 1000))
    yield "99mp-rgb.png", _png(_SIDE, _SIDE, colour, _zeros((_SIDE * 3 + 1) * _SIDE))
    yield "99mp-rgba-16.png", _png(_SIDE, _SIDE, deep, _zeros((_SIDE * 8 + 1) * _SIDE))
    yield "99mp-interlaced.png", _png(_SIDE, _SIDE, (8, 6, 1), huge)
    yield "1x1-of-a-gigabyte.png", _png(1, 1, gray, huge)
    pixel = _zeros(2)
    long = 200 * 2**20
    yield "200mb.ztxt.png", _png(1, 1, gray, pixel, _chunk(b"zTXt", b"k\0\0" + _zeros(long)))
    yield (
        "100mb-stored.ztxt.png",
        _png(1, 1, gray, pixel, _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(long // 2), 0))),
    )
    yield "100mb.text.png", _png(1, 1, gray, pixel, _chunk(b"tEXt", b"k\0" + b"x" * (long // 2)))
    yield "200mb-file.png", _png(1, 1, gray, pixel, _chunk(b"tEXt", b"k\0" + b"x" * long))
    small = [_chunk(b"zTXt", b"k\0\0" + _zeros(1 << 20))] * 20_000
    yield "20000-ztxt.png", _png(1, 1, gray, pixel, *small)
    yield "million-chunks.png", _png(1, 1, gray, pixel, *[_chunk(b"teXt", b"")] * 1_000_000)


def _gif(width: int, height: int, *frames: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + b"".join(frames) + b";"


def _gif_bombs() -> Iterator[tuple[str, bytes]]:
    dot = b"!\xf9\x04\x08\x01\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    yield "100000-frames.gif", _gif(1, 1, dot * 100_000)
    yield "10000-frames.gif", _gif(1, 1, dot * 10_000)
    yield "9999-frames-of-4mp.gif", _gif(2000, 2000, dot * 9999)
    yield "9999-frames-of-99mp.gif", _gif(_SIDE, _SIDE, dot * 9999)
    whole = io.BytesIO()
    Image.new("P", (3000, 3000)).save(whole, "GIF")
    body = whole.getvalue()
    yield "500-whole-frames-of-9mp.gif", body[:-1] + body[body.index(b",", 13 + 3) : -1] * 500 + b";"


def _run_lengths() -> Iterator[tuple[str, bytes]]:
    side, pixels = _SIDE, _SIDE * _SIDE
    yield (
        "99mp.qoi",
        b"qoif" + struct.pack(">IIBB", side, side, 3, 0) + b"\xfd" * (pixels // 62 + 1) + bytes(7) + b"\1",
    )
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, side, side, 24, 0)
    footer = bytes(8) + b"TRUEVISION-XFILE.\0"
    yield "99mp.tga", head + b"\xff\1\2\3" * (pixels // 128 + 1) + footer
    row = b"\xff\0" * (side // 255) + bytes((side % 255, 0)) + b"\0\0"
    palette = bytes(1024)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, 0, 0, 0, 256, 0)
    yield "99mp.bmp", b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + info + palette + row * side + b"\0\1"
    stream = _zeros(pixels)
    tags = (
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 1, 8),
        (259, 3, 1, 8),
        (262, 3, 1, 1),
        (273, 4, 1, 122),
        (277, 3, 1, 1),
        (278, 4, 1, side),
        (279, 4, 1, len(stream)),
    )
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    yield "99mp.tif", b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + stream
    page = struct.pack("<H", 1) + struct.pack("<HHII", 256, 4, 1, 1)
    pages = b"".join(page + struct.pack("<I", 8 + 18 * (at + 1)) for at in range(100_000))
    yield "100000-pages.tif", b"II*\0\x08\0\0\0" + pages
    rows = struct.pack(">H", 2 * (side // 128) + 2) * (side * 3)
    line = b"\x81\0" * (side // 128 + 1)
    psd = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, side, side, 8, 3) + bytes(12)
    yield "99mp.psd", psd + struct.pack(">H", 1) + rows + line * (side * 3)


def _coded() -> Iterator[tuple[str, bytes]]:
    """Pictures of one colour as large as may be, which their coders make tiny."""
    flat = Image.new("RGB", (_SIDE, _SIDE), (90, 120, 60))
    for name, form, options in (
        ("99mp.jpg", "JPEG", {}),
        ("99mp-progressive.jpg", "JPEG", {"progressive": True}),
        ("99mp.webp", "WEBP", {"lossless": True, "quality": 0, "method": 0}),
    ):
        out = io.BytesIO()
        flat.save(out, form, **options)
        yield name, out.getvalue()
    for name, form, side, options in (
        ("36mp.avif", "AVIF", 6000, {"speed": 10, "quality": 30}),
        ("25mp.jp2", "JPEG2000", 5000, {}),
    ):
        out = io.BytesIO()
        flat.crop((0, 0, side, side)).save(out, form, **options)
        yield name, out.getvalue()
    yield "scans.jpg", _many_scans(4000, 55)
    yield "scans-of-99mp.jpg", _many_scans(_SIDE, 4)
    moving = [Image.new("RGB", (1000, 1000), (at, 0, 0)) for at in range(250)]
    out = io.BytesIO()
    moving[0].save(out, "WEBP", save_all=True, append_images=moving[1:], quality=0, method=0)
    yield "250-frames.webp", out.getvalue()


def _many_scans(side: int, count: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (side, side), 128).save(out, "JPEG", progressive=True)
    whole = out.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + whole[-2:]
