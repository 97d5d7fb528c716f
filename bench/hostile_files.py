"""The hostile files that bench/hostile.py makes: bombs, liars, cut and mutated pictures of every format."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

__all__ = ["made_files"]

_SAVED = (
    "JPEG",
    "PNG",
    "WEBP",
    "AVIF",
    "GIF",
    "TIFF",
    "BMP",
    "JPEG2000",
    "PPM",
    "TGA",
    "ICO",
    "ICNS",
    "QOI",
    "DDS",
    "PCX",
    "SGI",
)
_MAGIC = {
    "heif": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
    "psd": b"8BPS\0\1",
    "sun": b"\x59\xa6\x6a\x95",
    "webp": b"RIFF\xff\xff\0\0WEBPVP8X",
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
    "tiff": b"II*\0\x08\0\0\0",
}


def made_files() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every made file, the same ones in every run."""
    yield from _bombs()
    yield from _liars()
    chance = random.Random(0)
    for form in _SAVED:
        whole = _saved(form)
        for part in (0.1, 0.5, 0.9, 0.99):
            yield f"cut-{part}.{form.lower()}", whole[: int(len(whole) * part)]
        for number in range(25):
            yield f"mutated-{number}.{form.lower()}", _mutated(whole, chance)
    for name, magic in _MAGIC.items():
        for number in range(5):
            yield f"random-{number}.{name}", magic + chance.randbytes(3000)


def _mutated(whole: bytes, chance: random.Random) -> bytes:
    """Return the file with a few bytes changed, half of them in its header."""
    changed = bytearray(whole)
    for _ in range(chance.randint(1, 8)):
        end = min(200, len(whole)) if chance.random() < 0.5 else len(whole)
        changed[chance.randrange(4, end)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(changed)


def _saved(form: str) -> bytes:
    picture = Image.linear_gradient("L").convert("RGB").resize((128, 128))
    picture.putpixel((5, 5), (200, 10, 30))
    out = io.BytesIO()
    picture.save(out, form, **({"compression": "tiff_lzw"} if form == "TIFF" else {}))
    return out.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, bits: int, colour: int, stream: bytes, *extra: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = _chunk(b"IHDR", header) + b"".join(extra) + _chunk(b"IDAT", stream) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _zeros(size: int) -> bytes:
    """Return the deflate stream of `size` zeros without holding them."""
    squeeze = zlib.compressobj(9)
    pieces = [squeeze.compress(bytes(min(1 << 20, size - at))) for at in range(0, size, 1 << 20)]
    return b"".join(pieces) + squeeze.flush()


def _bombs() -> Iterator[tuple[str, bytes]]:
    pixel = _zeros(2)
    yield "huge.png", _png(60000, 60000, 8, 0, pixel)
    yield "within-pixels.png", _png(17000, 17000, 8, 2, _zeros(17000 * 51001))
    yield "within-pixels-16.png", _png(12000, 12000, 16, 2, _zeros(12000 * 72001))
    yield "one-bit.png", _png(17000, 17000, 1, 0, _zeros(17000 * 2126))
    yield "line.png", _png(2**31 - 1, 1, 1, 0, pixel)
    yield "more-than-declared.png", _png(10, 10, 16, 2, _zeros(1 << 30))
    yield "text.png", _png(1, 1, 8, 0, pixel, _chunk(b"zTXt", b"k\0\0" + _zeros(1 << 30)))
    yield "itxt.png", _png(1, 1, 8, 0, pixel, *[_chunk(b"iTXt", b"k\0\1\0\0\0" + _zeros(1 << 24))] * 50)
    yield "profile.png", _png(1, 1, 8, 0, pixel, _chunk(b"iCCP", b"k\0\0" + _zeros(1 << 30)))
    yield "frames.png", _png(1, 1, 8, 0, pixel, _chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)))
    frame = b"!\xf9\x04\0\1\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    yield "frames.gif", head + frame * 100_000 + b";"
    yield "canvas.gif", b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6) + frame + b";"
    yield "blocks.gif", head + b",\0\0\0\0\1\0\1\0\0\2" + b"\1\0" * 1_000_000
    jpeg = _saved("JPEG")
    size = jpeg.index(b"\xff\xc0") + 5
    yield "huge.jpg", jpeg[:size] + struct.pack(">HH", 65500, 65500) + jpeg[size + 4 :]
    yield "larger.jpg", jpeg[:size] + struct.pack(">HH", 8000, 8000) + jpeg[size + 4 :]
    yield "scans.jpg", _many_scans(4000, 400)
    yield "scans-over.jpg", _many_scans(16000, 1000)
    yield "comments.jpg", jpeg[:2] + (b"\xff\xfe\xff\xff" + bytes(65533)) * 600 + jpeg[2:]
    yield "canvas.webp", b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0" + b"\xff\xff\xff" * 2 + bytes(20)
    yield "frames.webp", _webp_frames(100_000)


def _many_scans(side: int, count: int) -> bytes:
    """Return a progressive JPEG that walks over all its blocks `count` times for a few bytes each."""
    out = io.BytesIO()
    Image.new("L", (side, side), 128).save(out, "JPEG", progressive=True)
    whole = out.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + whole[-2:]


def _webp_frames(count: int) -> bytes:
    frame = b"ANMF" + struct.pack("<I", 24) + bytes(24)
    body = b"WEBPVP8X\x0a\0\0\0\2\0\0\0" + bytes(6) + b"ANIM\6\0\0\0" + bytes(6) + frame * count
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _tiff(*tags: tuple[int, int, int, int], following: int = 0) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


def _liars() -> Iterator[tuple[str, bytes]]:
    yield "empty.jpg", b""
    yield "text.jpg", b"This is a text, whatever its name says.\n"
    yield "page.pdf", b"%PDF-1.7\n"
    yield "drawing.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
    yield "program.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    yield "film.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(100)
    yield "soi.jpg", b"\xff\xd8\xff"
    yield (
        "bmp-huge.bmp",
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    yield (
        "bmp-short.bmp",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 9000, 9000, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    yield "loop.tif", _tiff((256, 4, 1, 1), (257, 4, 1, 1), following=8)
    gray = ((258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1))
    yield (
        "huge.tif",
        _tiff((256, 4, 1, 2**31), (257, 4, 1, 2**31), *gray, (278, 4, 1, 2**31), (279, 4, 1, 99)),
    )
    yield (
        "strip.tif",
        _tiff((256, 4, 1, 9000), (257, 4, 1, 9000), *gray, (278, 4, 1, 9000), (279, 4, 1, 2**32 - 1)),
    )
    packed = ((258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1))
    yield (
        "deflate.tif",
        _tiff((256, 4, 1, 9000), (257, 4, 1, 9000), *packed, (278, 4, 1, 9000), (279, 4, 1, 99)),
    )
    yield "count.tif", _tiff((256, 4, 1, 9), (257, 4, 1, 9), *gray, (270, 2, 2**32 - 1, 8))
    yield "huge.ppm", b"P6 99999999 99999999 255\n"
    yield "short.ppm", b"P6 9000 9000 255\n" + bytes(100)
    yield "plain.pgm", b"P2 9000 9000 255\n" + b"1 " * 100_000
    yield "huge.qoi", b"qoif" + struct.pack(">IIBB", 2**31, 2**31, 4, 0)
    yield "huge.psd", b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 300000, 300000, 8, 3) + bytes(12)
    yield (
        "icon.ico",
        b"\0\0\1\0\1\0"
        + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, 60, 22)
        + _png(60000, 60000, 8, 0, _zeros(2)),
    )
    yield "box.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\0" * 2000
