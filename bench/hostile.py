"""Send hostile files to whatever opens uploads: each gives a picture or a clear error in time, and nothing else.

    python -m bench hostile [load|workers|service ...] [--mutated N] [--threads N] [--group NAME ...] [--all]

load: each file is opened in a process of its own with 1 GiB; the 10 s are CPU time, so that a busy machine fails no
file, and 60 s of wall time are a hang. workers: all of them go through a pool of decoders, after every 100 a sound
picture, which must come out as it does here. service: all are uploaded to the HTTP service, which must go on serving
and know a picture that it had before. There the 10 s are wall time. Files: `given`, below SAMEPIC_BENCH_DATA/hostile,
and `made` here, but for load also `bomb`, `heif` and `mutated`, of which there are N.
Exits 1 where an answer is late, unforeseen or no answer, where something is printed, or beyond the memory allowed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import struct
import tempfile
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from urllib.parse import quote

import httpx
from PIL import Image

from bench.common import (
    ROOT,
    SEED,
    alone,
    counted,
    encoded,
    head,
    memory_of,
    option,
    rgb_of,
    row,
    spread,
    wanted_data,
)
from samepic.errors import SamepicError, UnavailableError
from samepic.limits import UPLOAD
from samepic.picture import load
from samepic.sandbox.decode import prepare
from samepic.sandbox.pool import Workers
from samepic.sandbox.process import WORKERS
from tests.kits.service import Running

_SAVED = (
    "JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "PPM", "TGA", "ICO", "ICNS", "QOI", "DDS", "PCX",
    "SGI",
)  # fmt: skip
_CONVERTED = ("WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "TGA", "PPM", "ICO")
_REAL = {
    "photos/**/*.jp*g": 40, "photos/**/*.png": 8, "clipart/**/*.png": 20, "heic/**/*.[hH][eE][iI][cCfF]": 6,
    "orientation/**/*.jpg": 8, "pdq/**/*.jpg": 8, "screens/**/*.png": 12,
}  # fmt: skip
"""Where real pictures are, and how many are taken there."""
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


def real_pictures() -> list[tuple[str, bytes]]:
    """Return name and bytes of some 160 pictures of the data folder, and of some of them as other formats."""
    found: list[Path] = []
    for pattern, most in _REAL.items():
        paths = sorted(path for path in wanted_data().glob(pattern) if path.stat().st_size < 3_000_000)
        found += spread(paths, most)
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


SECONDS, WALL_SECONDS, MEMORY = 10.0, 60.0, 1 << 30
_LIBRARIES = 160 * 2**20
"""What code of libraries may take beside the memory that a worker is allowed."""
_GROUPS = ("given", "bomb", "heif", "made", "mutated")
_SOUND = ROOT / "examples" / "photos" / "hubble.jpg"
_EXPECTED = {201, 202, 409, 413, 415, 422}


@dataclass(frozen=True)
class Answer:
    """What was said of one file: a kind, such as "picture" or the name of an error, and more words; and when."""

    path: Path
    kind: str
    result: str
    seconds: float
    fault: str = ""

    @property
    def group(self) -> str:
        group, mark, _ = self.path.name.partition("-")
        return group if mark and group in _GROUPS else "given"

    @property
    def wrong(self) -> str:
        """What is wrong with it, "" where nothing is."""
        if self.path.parent.name == "png" and self.path.name.startswith("x") and self.kind == "picture":
            return "opened, and must not"
        return self.fault or ("late" if self.seconds > SECONDS else "")


def _said(call: Callable[[], object]) -> tuple[str, str, str]:
    """Return kind, result and fault of opening a picture: a SamepicError is none."""
    try:
        return "picture", str(call()), ""
    except SamepicError as error:
        result = str(error).partition(": ")[2]
        return type(error).__name__, result, "unforeseen" if "breaks the decoder" in result else ""
    except BaseException as error:  # noqa: BLE001  that nothing else comes out is what is tested
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return type(error).__name__, f"{error} ({frame.filename}:{frame.lineno})", "raised"


def attempt(path: Path) -> Answer:
    """Open a file in a forked child under the limits; the seconds are of CPU."""
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS) + 1, int(SECONDS) + 1))
            os.write(write_end, json.dumps(_said(lambda: load(path).info)).encode()[:60_000])
            os._exit(0)
        os.close(write_end)
        late = threading.Timer(WALL_SECONDS, os.kill, (child, signal.SIGKILL))
        late.start()
        _, status, usage = os.wait4(child, 0)
        late.cancel()
        late.join()
        with os.fdopen(read_end, "rb") as pipe:
            text = pipe.read()
        printed.seek(0)
        words = printed.read(500).decode(errors="replace").strip()
    ended = "hang" if os.waitstatus_to_exitcode(status) == -signal.SIGKILL else "crash"
    kind, result, fault = json.loads(text) if text else ("crash", "", ended)
    fault = fault or (f"printed {words!r}" if words else "")
    return Answer(path, kind, result, usage.ru_utime + usage.ru_stime, fault)


def through_load(files: Sequence[Path], threads: int) -> tuple[list[Answer], bool]:
    """Return what comes of the files one by one."""
    return [attempt(path) for path in files], True


def through_workers(files: Sequence[Path], threads: int) -> tuple[list[Answer], bool]:
    """Return what a pool says of the files, and whether the sound picture and the memory were right."""
    expected, data, asked = prepare(_SOUND.read_bytes(), "sound", limits=UPLOAD), _SOUND.read_bytes(), []

    def one(numbered: tuple[int, Path]) -> Answer:
        number, path = numbered
        if number % 100 == 0:
            try:
                asked.append(str(pool.prepare(data, "sound") == expected))
            except UnavailableError:
                asked.append("told to try again")
        content, began = path.read_bytes(), time.monotonic()
        kind, result, fault = _said(lambda: pool.prepare(content, path.name).info)
        return Answer(path, kind, result, time.monotonic() - began, fault)

    with Workers(threads) as pool, ThreadPoolExecutor(threads) as many:
        answers = list(many.map(one, enumerate([*files, _SOUND])))
        print(f"workers: {pool.status()}; protection complete: {pool.protection.complete}")
    own, used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"peak memory: parent {own.ru_maxrss >> 10} MB, largest worker {used.ru_maxrss >> 10} MB")
    print(f"a sound picture among them is as it should be: {counted(asked)}")
    return answers, "False" not in asked and used.ru_maxrss << 10 <= WORKERS.memory_bytes + _LIBRARIES


def _posted(url: str, data: bytes) -> tuple[int, dict[str, object]]:
    try:
        response = httpx.post(url, content=data, timeout=60)
    except httpx.HTTPError as error:
        return 0, {"outcome": repr(error)}
    return response.status_code, response.json()


def _uploaded(address: str, path: Path) -> Answer:
    """Upload one file; where the service has no time for it, ask again for a while, as its sender would."""
    data = path.read_bytes()
    for _ in range(10):
        began = time.monotonic()
        status, found = _posted(f"{address}/v1/admit?key={quote(path.name)}", data)
        if status != 503:
            break
        time.sleep(1)
    error = found.get("error")
    kind = f"{status} {error['code'] if isinstance(error, dict) else found.get('outcome')}"
    return Answer(path, kind, "", time.monotonic() - began, "" if status in _EXPECTED else "unforeseen")


def through_service(files: Sequence[Path], threads: int) -> tuple[list[Answer], bool]:
    """Return what the service says of the files, and whether it knows a picture afterwards and logged no error."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Running(f"{folder}/uploads.db", Path(folder) / "log", "--workers", str(threads)) as service,
        ThreadPoolExecutor(threads) as many,
    ):
        assert _posted(f"{service.address}/v1/admit?key=sound", _SOUND.read_bytes())[0] == 201
        answers, most = [], 0.0
        for answer in many.map(lambda path: _uploaded(service.address, path), files):
            answers.append(answer)
            most = max(most, memory_of(service.process.pid))
        match = _posted(f"{service.address}/v1/check", _SOUND.read_bytes())[1].get("match")
        errors = [line for line in service.logged() if line["level"] == "error"]
    known = isinstance(match, dict) and match["key"] == "sound"
    print(
        f"at most {most:.0f} MiB in all processes of the service; the sound picture is known afterwards: {known}"
    )
    for line in errors:
        print(f"log: {line}"[:2000])
    return answers, known and not errors


def make(folder: Path, mutated: int, groups: Sequence[str]) -> None:
    """Write the made files of these groups, "GROUP-NAME" each."""
    from tests.kits.heif_bombs import heif_bombs

    makers: dict[str, Callable[[], Iterator[tuple[str, bytes]]]] = {
        "bomb": bombs,
        "heif": heif_bombs,
        "made": made_files,
        "mutated": lambda: _mutated(mutated),
    }
    for group in (group for group in groups if group in makers):
        for name, data in makers[group]():
            (folder / f"{group}-{name}").write_bytes(data)


def _mutated(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield copies of real pictures of every format there is, with bytes changed, cut out, repeated or cut off."""
    pictures, chance = real_pictures(), random.Random(SEED)
    for number in range(count):
        path, whole = pictures[number % len(pictures)]
        yield f"{number:04}-{path}", mutate(whole, chance)


def report(answers: Sequence[Answer], *, everything: bool) -> int:
    """Print what came, by groups and kinds, and return how much was wrong."""
    for answer in answers:
        if everything or answer.wrong:
            shown = f"{answer.seconds:6.2f} s  {answer.path.name}: {answer.kind} {answer.result[:150]}"
            print(f"{answer.wrong or 'ok':12}{shown}")
    head("files", "how many", "answers", "median ms", "slowest s")
    for group in _GROUPS:
        chosen = [one for one in answers if one.group == group]
        if chosen:
            times = sorted(one.seconds for one in chosen)
            ends = f"{1000 * times[len(times) // 2]:.0f}", f"{times[-1]:.2f}"
            row(group, len(chosen), counted(one.kind for one in chosen), *ends)
    worst, wrong = max(answers, key=attrgetter("seconds")), sum(bool(answer.wrong) for answer in answers)
    slowest = f"{worst.path.name}, {worst.seconds:.2f} s: {worst.kind}"
    print(f"\n{len(answers)} files, {wrong} faults; slowest: {slowest}")
    return wrong


OPTIONS = (
    option("--mutated", 2000),
    option("--threads", 2),
    option("--group", action="append", choices=_GROUPS, help="only these (default: all)"),
    option("--all", False, help="print every file, not only faults"),
)
Through = Callable[[Sequence[Path], int], tuple[list[Answer], bool]]


def _sent(through: Through, args: argparse.Namespace) -> int:
    """Make the files in one process and send them from another, so that the memory of each is its own."""
    groups = args.group or (("given", "made") if through is through_load else _GROUPS)
    hostile = wanted_data() / "hostile"
    given = sorted([*hostile.glob("pillow/*"), *hostile.glob("pngsuite/[pb][nm][gp]/*")])
    with tempfile.TemporaryDirectory() as name:
        with alone() as maker:
            maker.submit(make, Path(name), args.mutated, groups).result()
        files = [*(given if "given" in groups else ()), *sorted(Path(name).iterdir())]
        with alone() as sender:
            answers, well = sender.submit(through, files, args.threads).result()
    return 1 if report(answers, everything=args.all) or not well else 0


PARTS = {
    "load": partial(_sent, through_load),
    "workers": partial(_sent, through_workers),
    "service": partial(_sent, through_service),
}
