"""Hostile files: bombs, liars, cut and mutated pictures of every format; and bombs for uploads, just within limits."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from bench.common import encoded, rgb_of

_SAVED = (
    "JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "PPM", "TGA", "ICO", "ICNS", "QOI", "DDS", "PCX",
    "SGI",
)  # fmt: skip
_CONVERTED = ("WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "TGA", "PPM", "ICO")
_MAGIC = {
    "heif": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
    "psd": b"8BPS\0\1",
    "sun": b"\x59\xa6\x6a\x95",
    "webp": b"RIFF\xff\xff\0\0WEBPVP8X",
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
    "tiff": b"II*\0\x08\0\0\0",
}
_FRAME = b"!\xf9\x04\0\1\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
"""A frame of a GIF, one pixel large."""
_SIDE = 9990
"""Just within the pixels that an upload may declare."""
Files = Iterator[tuple[str, bytes]]


def made_files() -> Files:
    """Yield name and content of every made file, the same ones in every run."""
    yield from _bombs()
    yield from _liars()
    chance = random.Random(0)
    for form in _SAVED:
        whole = _saved(form)
        for part in (0.1, 0.5, 0.9, 0.99):
            yield f"cut-{part}.{form.lower()}", whole[: int(len(whole) * part)]
        for number in range(25):
            yield f"mutated-{number}.{form.lower()}", mutate(whole, chance)
    for name, magic in _MAGIC.items():
        for number in range(5):
            yield f"random-{number}.{name}", magic + chance.randbytes(3000)


def _saved(form: str) -> bytes:
    picture = Image.linear_gradient("L").convert("RGB").resize((128, 128))
    picture.putpixel((5, 5), (200, 10, 30))
    return encoded(picture, form, **({"compression": "tiff_lzw"} if form == "TIFF" else {}))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(
    width: int, height: int, bits: int, colour: int, stream: bytes, *extra: bytes, interlaced: int = 0
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    body = _chunk(b"IHDR", header) + b"".join(extra) + _chunk(b"IDAT", stream) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _with(kind: bytes, body: bytes, count: int = 1) -> bytes:
    """Return a PNG of one pixel with so many chunks of a kind."""
    return _png(1, 1, 8, 0, _zeros(2), *[_chunk(kind, body)] * count)


def _zeros(size: int) -> bytes:
    """Return the deflate stream of `size` zeros without holding them."""
    squeeze = zlib.compressobj(9)
    pieces = [squeeze.compress(bytes(min(1 << 20, size - at))) for at in range(0, size, 1 << 20)]
    return b"".join(pieces) + squeeze.flush()


def _gif(width: int, height: int, *frames: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + b"".join(frames) + b";"


def _tiff(width: int, height: int, *tags: tuple[int, int, int, int], following: int = 0) -> bytes:
    entries = [(256, 4, 1, width), (257, 4, 1, height), *tags]
    body = b"".join(struct.pack("<HHII", *tag) for tag in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


def _strip(side: int, length: int, compression: int = 1, at: int = 8) -> bytes:
    """Return the head of a square TIFF with one strip of gray."""
    return _tiff(side, side, *_gray(compression, at), (278, 4, 1, side), (279, 4, 1, length))


def _gray(compression: int = 1, at: int = 8) -> tuple[tuple[int, int, int, int], ...]:
    return (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1), (273, 4, 1, at), (277, 3, 1, 1)


def _bmp(side: int, bits: int = 24, runs: int = 0, colors: int = 0) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, bits, runs, 0, 0, 0, colors, 0)
    return b"BM" + struct.pack("<IHHI", 0 if colors else 54, 0, 0, 54 + 4 * colors) + info + bytes(4 * colors)


def _psd(side: int) -> bytes:
    return b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, side, side, 8, 3) + bytes(12)


def _qoi(side: int, channels: int) -> bytes:
    return b"qoif" + struct.pack(">IIBB", side, side, channels, 0)


def _bombs() -> Files:
    yield "huge.png", _png(60000, 60000, 8, 0, _zeros(2))
    yield "within-pixels.png", _png(17000, 17000, 8, 2, _zeros(17000 * 51001))
    yield "within-pixels-16.png", _png(12000, 12000, 16, 2, _zeros(12000 * 72001))
    yield "one-bit.png", _png(17000, 17000, 1, 0, _zeros(17000 * 2126))
    yield "line.png", _png(2**31 - 1, 1, 1, 0, _zeros(2))
    yield "more-than-declared.png", _png(10, 10, 16, 2, _zeros(1 << 30))
    yield "text.png", _with(b"zTXt", b"k\0\0" + _zeros(1 << 30))
    yield "itxt.png", _with(b"iTXt", b"k\0\1\0\0\0" + _zeros(1 << 24), 50)
    yield "profile.png", _with(b"iCCP", b"k\0\0" + _zeros(1 << 30))
    yield "frames.png", _with(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    yield "frames.gif", _gif(1, 1, _FRAME * 100_000)
    yield "canvas.gif", _gif(65535, 65535, _FRAME)
    yield "blocks.gif", _gif(1, 1)[:-1] + b",\0\0\0\0\1\0\1\0\0\2" + b"\1\0" * 1_000_000
    jpeg = _saved("JPEG")
    size = jpeg.index(b"\xff\xc0") + 5
    for name, side in (("huge", 65500), ("larger", 8000)):
        yield f"{name}.jpg", jpeg[:size] + struct.pack(">HH", side, side) + jpeg[size + 4 :]
    yield "scans.jpg", _many_scans(4000, 400)
    yield "scans-over.jpg", _many_scans(16000, 1000)
    yield "comments.jpg", jpeg[:2] + (b"\xff\xfe\xff\xff" + bytes(65533)) * 600 + jpeg[2:]
    yield "canvas.webp", b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0" + b"\xff\xff\xff" * 2 + bytes(20)
    frames = (b"ANMF" + struct.pack("<I", 24) + bytes(24)) * 100_000
    body = b"WEBPVP8X\x0a\0\0\0\2\0\0\0" + bytes(6) + b"ANIM\6\0\0\0" + bytes(6) + frames
    yield "frames.webp", b"RIFF" + struct.pack("<I", len(body)) + body


def _many_scans(side: int, count: int) -> bytes:
    """Return a progressive JPEG that walks over all its blocks `count` times for a few bytes each."""
    whole = encoded(Image.new("L", (side, side), 128), progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + whole[-2:]


def _liars() -> Files:
    yield "empty.jpg", b""
    yield "text.jpg", b"This is a text, whatever its name says.\n"
    yield "page.pdf", b"%PDF-1.7\n"
    yield "drawing.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
    yield "program.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    yield "film.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(100)
    yield "soi.jpg", b"\xff\xd8\xff"
    yield "bmp-huge.bmp", _bmp(2**31 - 1)
    yield "bmp-short.bmp", _bmp(9000)
    yield "loop.tif", _tiff(1, 1, following=8)
    yield "huge.tif", _strip(2**31, 99)
    yield "strip.tif", _strip(9000, 2**32 - 1)
    yield "deflate.tif", _strip(9000, 99, compression=8)
    yield "count.tif", _tiff(9, 9, *_gray(), (270, 2, 2**32 - 1, 8))
    yield "huge.ppm", b"P6 99999999 99999999 255\n"
    yield "short.ppm", b"P6 9000 9000 255\n" + bytes(100)
    yield "plain.pgm", b"P2 9000 9000 255\n" + b"1 " * 100_000
    yield "huge.qoi", _qoi(2**31, 4)
    yield "huge.psd", _psd(300000)
    icon = b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, 60, 22)
    yield "icon.ico", icon + _png(60000, 60000, 8, 0, _zeros(2))
    yield "box.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\0" * 2000


def bombs() -> Files:
    """Yield name and content of every bomb for uploads, the same ones in every run."""
    side, pixels, huge, long = _SIDE, _SIDE * _SIDE, _zeros(1 << 30), 200 * 2**20
    yield "100000x100000.png", _png(100_000, 100_000, 8, 0, huge)
    yield "100000x1000.png", _png(100_000, 1000, 8, 0, _zeros(100_001 * 1000))
    yield "99mp-rgb.png", _png(side, side, 8, 2, _zeros((side * 3 + 1) * side))
    yield "99mp-rgba-16.png", _png(side, side, 16, 6, _zeros((side * 8 + 1) * side))
    yield "99mp-interlaced.png", _png(side, side, 8, 6, huge, interlaced=1)
    yield "1x1-of-a-gigabyte.png", _png(1, 1, 8, 0, huge)
    yield "200mb.ztxt.png", _with(b"zTXt", b"k\0\0" + _zeros(long))
    yield "100mb-stored.ztxt.png", _with(b"zTXt", b"k\0\0" + zlib.compress(bytes(long // 2), 0))
    yield "100mb.text.png", _with(b"tEXt", b"k\0" + b"x" * (long // 2))
    yield "200mb-file.png", _with(b"tEXt", b"k\0" + b"x" * long)
    yield "20000-ztxt.png", _with(b"zTXt", b"k\0\0" + _zeros(1 << 20), 20_000)
    yield "million-chunks.png", _with(b"teXt", b"", 1_000_000)
    dot = _FRAME.replace(b"\x04\0", b"\x04\x08", 1)
    for name, of, count in (("100000-frames", 1, 100_000), ("10000-frames", 1, 10_000),
                            ("9999-frames-of-4mp", 2000, 9999), ("9999-frames-of-99mp", side, 9999)):  # fmt: skip
        yield f"{name}.gif", _gif(of, of, dot * count)
    body = encoded(Image.new("P", (3000, 3000)), "GIF")
    yield "500-whole-frames-of-9mp.gif", body[:-1] + body[body.index(b",", 13 + 3) : -1] * 500 + b";"
    yield "99mp.qoi", _qoi(side, 3) + b"\xfd" * (pixels // 62 + 1) + bytes(7) + b"\1"
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, side, side, 24, 0)
    yield "99mp.tga", head + b"\xff\1\2\3" * (pixels // 128 + 1) + bytes(8) + b"TRUEVISION-XFILE.\0"
    row = b"\xff\0" * (side // 255) + bytes((side % 255, 0)) + b"\0\0"
    yield "99mp.bmp", _bmp(side, 8, 1, 256) + row * side + b"\0\1"
    stream = _zeros(pixels)
    yield "99mp.tif", _strip(side, len(stream), 8, len(_strip(side, 0))) + stream
    page = struct.pack("<H", 1) + struct.pack("<HHII", 256, 4, 1, 1)
    pages = b"".join(page + struct.pack("<I", 8 + 18 * (at + 1)) for at in range(100_000))
    yield "100000-pages.tif", b"II*\0\x08\0\0\0" + pages
    rows = struct.pack(">H", 2 * (side // 128) + 2) * (side * 3)
    yield "99mp.psd", _psd(side) + struct.pack(">H", 1) + rows + b"\x81\0" * (side // 128 + 1) * (side * 3)
    # Pictures of one colour as large as may be, which their coders make tiny.
    flat = Image.new("RGB", (side, side), (90, 120, 60))
    yield "99mp.jpg", encoded(flat)
    yield "99mp-progressive.jpg", encoded(flat, progressive=True)
    yield "99mp.webp", encoded(flat, "WEBP", lossless=True, quality=0, method=0)
    yield "36mp.avif", encoded(flat.crop((0, 0, 6000, 6000)), "AVIF", speed=10, quality=30)
    yield "25mp.jp2", encoded(flat.crop((0, 0, 5000, 5000)), "JPEG2000")
    yield "scans.jpg", _many_scans(4000, 55)
    yield "scans-of-99mp.jpg", _many_scans(side, 4)
    moving = [Image.new("RGB", (1000, 1000), (at, 0, 0)) for at in range(250)]
    animated = {"save_all": True, "append_images": moving[1:], "quality": 0, "method": 0}
    yield "250-frames.webp", encoded(moving[0], "WEBP", **animated)


def real_pictures(data: Path) -> list[tuple[str, bytes]]:
    """Return name and bytes of some 160 pictures under `data`, and of some of them as other formats."""
    found: list[Path] = []
    for pattern, most in (
        ("photos/**/*.jp*g", 40),
        ("photos/**/*.png", 8),
        ("clipart/**/*.png", 20),
        ("heic/**/*.[hH][eE][iI][cCfF]", 6),
        ("orientation/**/*.jpg", 8),
        ("pdq/**/*.jpg", 8),
        ("screens/**/*.png", 12),
    ):
        paths = sorted(path for path in data.glob(pattern) if path.stat().st_size < 3_000_000)
        found += paths[:: max(1, len(paths) // most)][:most]
    pictures = [(path.name, path.read_bytes()) for path in found]
    for form in _CONVERTED:
        pictures += [(f"{path.stem}.{form.lower()}", encoded(rgb_of(path), form)) for path in found[1:40:8]]
    return pictures


def mutate(whole: bytes, chance: random.Random) -> bytes:
    """Return the file with one to four wounds, half of them in its first kilobyte."""
    changed = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        end = min(1024, len(changed)) if chance.random() < 0.5 else len(changed)
        at = chance.randrange(min(4, end - 1), end)
        long = slice(at, at + chance.randint(1, 200))
        match chance.randrange(6):
            case 0 | 1:
                changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            case 2:
                most = b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4), chance.randbytes(4)
                changed[at : at + 4] = chance.choice(most)
            case 3:
                del changed[long]
            case 4:
                changed[at:at] = changed[long]
            case _:
                changed = changed[: max(16, at)] if chance.random() < 0.3 else changed
    return bytes(changed)
