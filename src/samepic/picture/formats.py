"""Formats recognized by content, the EXIF fields that matter here, and decoder failures as samepic errors."""

from __future__ import annotations

import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from typing import Final, NamedTuple

from PIL import UnidentifiedImageError

from samepic.errors import LimitError, SamepicError, TruncatedError, UnreadableError

_PREFIXES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"IIRO", "RAW"),
    (b"IIU\0", "RAW"),
    (b"II\x1a\0\0\0HEAPCCDR", "RAW"),
    (b"\0MRM", "RAW"),
    (b"FOVb", "RAW"),
    (b"8BPS\0\1", "PSD"),
    (b"qoif", "QOI"),
    (b"icns", "ICNS"),
    (b"DDS ", "DDS"),
    (b"\x01\xda", "SGI"),
    (b"\x59\xa6\x6a\x95", "SUN"),
)

_REFUSED_PREFIXES: Final = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript program"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript program"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
    (b"8BPS\0\2", "a large Photoshop document (PSB)"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"SIMPLE  =", "FITS data"),
    (b"\xd0\xcf\x11\xe0", "an OLE file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BLP1", "a BLP texture"),
    (b"BLP2", "a BLP texture"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"\x1aE\xdf\xa3", "a Matroska video"),
)

_BRANDS: Final = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIF"),
}

KNOWN: Final = (
    "JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP", "JPEG2000",
    "PPM", "TGA", "ICO", "ICNS", "PSD", "QOI", "DDS", "PCX", "SGI", "SUN",
)  # fmt: skip
"""The formats that are decoded, but for RAW, which needs an extra."""

REFUSED: Final = "refused: "
"""The prefix of `sniff` for a known format that is not decoded."""


def sniff(data: bytes) -> str:
    """Return the format of `data`, of `KNOWN` or RAW; `REFUSED` and a name for what is not decoded; "" for others."""
    for prefix, name in _PREFIXES:
        if data.startswith(prefix):
            return "RAW" if name == "TIFF" and data[8:10] == b"CR" else name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _by_brand(data)
    for prefix, name in _REFUSED_PREFIXES:
        if data.startswith(prefix):
            return REFUSED + name
    return _by_structure(data)


def _by_brand(data: bytes) -> str:
    """Distinguish AVIF, HEIF and video by the brands of ISO/IEC 14496-12; the major brand comes first."""
    end = min(int.from_bytes(data[:4]), 256, len(data))
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    if any(_BRANDS.get(brand) == "AVIF" for brand in brands):
        return "AVIF"
    if any(brand in _BRANDS for brand in brands):
        return "HEIF"
    if b"crx " in brands:
        return "RAW"
    return REFUSED + "a video or another ISO media file"


def _by_structure(data: bytes) -> str:
    if b"<svg" in data[:1024].lower():
        return REFUSED + "an SVG drawing"
    second, third, fourth = data[1:2], data[2:3], data[3:4]
    dib_header, icons = int.from_bytes(data[14:18], "little"), int.from_bytes(data[4:6], "little")
    shapes = {
        "BMP": (data[:2] == b"BM" and dib_header in (12, 16, 40, 52, 56, 64, 108, 124)) or _is_dib(data),
        "PPM": data[:1] == b"P" and second in b"1234567Ff" and third.isspace(),
        "ICO": data[:4] == b"\0\0\1\0" and 0 < icons < 1024,
        "PCX": data[:1] == b"\n" and second in b"\0\2\3\5" and third in b"\0\1" and fourth in b"\1\2\4\x08",
        "TGA": data[-18:-2] == b"TRUEVISION-XFILE",
    }
    return next((name for name, fits in shapes.items() if fits), "")


def _is_dib(data: bytes) -> bool:
    """Return whether a bitmap begins with its second header: as Windows hands it on, without the one of the file."""
    if len(data) < 40:
        return False
    size, _, _, planes, bits, compression = struct.unpack_from("<IiiHHI", data)
    return (
        size in (40, 52, 56, 64, 108, 124)
        and planes == 1
        and bits in (1, 4, 8, 16, 24, 32)
        and compression < 7
    )


# What Pillow's and libheif's Python code has raised on malformed files. Neither documents a closed set; anything
# else is a bug that should be noticed.
_FAILURES = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, RuntimeError,
    AssertionError, struct.error, zlib.error,
)  # fmt: skip

_CUT_SHORT = (
    "truncated", "premature", "not enough", "end of file", "eof", "unexpected end", "broken data",
    "decoder error",
)  # fmt: skip

_lock = threading.Lock()
_decoding_threads = 0
_warnings = warnings.catch_warnings()


@contextmanager
def decoding(name: str, form: str, *, quiet: bool = False) -> Iterator[None]:
    """Turn decoders' failures into TruncatedError, LimitError or UnreadableError of `name`; silence their warnings.

    A `quiet` decoder has neither warnings nor logs: simplejpeg.
    """
    try:
        with nullcontext() if quiet else _silenced():
            yield
    except SamepicError:
        raise
    except MemoryError as error:
        raise LimitError(name, f"a {form} that fits in memory", str(error) or "one that does not") from error
    except UnidentifiedImageError as error:
        raise UnreadableError(name, f"a {form}", "a broken one") from error
    except _FAILURES as error:
        message = " ".join(str(error).split())[:200] or type(error).__name__
        cut = any(word in message.lower() for word in _CUT_SHORT) or isinstance(error, EOFError)
        raise (TruncatedError if cut else UnreadableError)(name, f"a whole {form}", message) from error
    except _decompression_bomb() as error:
        raise LimitError(name, f"a {form} within Pillow's own limit", str(error)) from error


def _decompression_bomb() -> type[Exception]:
    from PIL import Image  # a tenth of the time of loading NumPy and OpenCV, and most files are JPEGs

    return Image.DecompressionBombError


@cache
def _silence_logs() -> None:
    """Keep off the terminal what Pillow logs before it raises an error."""
    import logging

    logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextmanager
def _silenced() -> Iterator[None]:
    """Ignore the warnings of decoders while any thread decodes: the filters belong to the process."""
    global _decoding_threads, _warnings  # noqa: PLW0603
    _silence_logs()
    with _lock:
        if _decoding_threads == 0:
            _warnings = warnings.catch_warnings()
            _warnings.__enter__()
            warnings.filterwarnings("ignore", module=r"(PIL|pi_heif)(\.|$)")
        _decoding_threads += 1
    try:
        yield
    finally:
        with _lock:
            _decoding_threads -= 1
            if _decoding_threads == 0:
                _warnings.__exit__(None, None, None)


_VIDEO = rb"\0\0\0[\x08-\xff]ftyp(?:mp4|iso|qt  |3gp|avc|M4V)"


def video_size(data: bytes, start: int) -> int:
    """Return the bytes of the video that follows the picture of a motion photo, from `start` on; 0 without one."""
    found = re.compile(_VIDEO).search(data, start)
    return len(data) - found.start() if found else 0


_DATE = r"(\d{4}):(\d\d?):(\d\d?) +(\d\d?):(\d\d?):(\d\d?)"
_MAKE, _MODEL, _ORIENTATION, _EXIF, _TAKEN, _FRACTION = 0x010F, 0x0110, 0x0112, 0x8769, 0x9003, 0x9291
_TEXT, _MOST_TEXT = 2, 128
_CODES = {3: "H", 4: "I"}  # of short and long
_MOST_ENTRIES = 512


class ExifFacts(NamedTuple):
    """The orientation, 1 to 8, the name of the camera, and when it was taken, as `PictureInfo` has them."""

    orientation: int = 1
    camera: str = ""
    taken: str = ""


def exif_facts(exif: bytes | memoryview) -> ExifFacts:
    """Return what an EXIF block says of orientation, camera and time.

    `exif` starts with a TIFF header, with or without "Exif\\0\\0" before it. The orientation is 1 where it is missing
    or invalid; only the first directory counts, since thumbnails have their own. The camera is Make and Model, the time
    DateTimeOriginal; what editors write about themselves does not count. Exif 3.0 (CIPA DC-008), 4.6.5.
    """
    tiff = memoryview(exif)[6 if bytes(exif[:6]) == b"Exif\0\0" else 0 :]
    order = {b"II": "<", b"MM": ">"}.get(bytes(tiff[:2]), "")
    orientation, texts = 0, dict[int, str]()
    for tag, kind, number, at in directory(tiff, order, 4) if order else ():
        if tag == _ORIENTATION and not orientation:
            code = _CODES.get(kind) if number == 1 else None
            value = struct.unpack_from(order + code, tiff, at)[0] if code else 0
            orientation = value if 1 <= value <= 8 else 1
        elif tag in (_MAKE, _MODEL):
            texts[tag] = _text(tiff, order, kind, number, at)
        elif tag == _EXIF:
            inside = directory(tiff, order, at)
            texts |= {tag: _text(tiff, order, *rest) for tag, *rest in inside if tag in (_TAKEN, _FRACTION)}
    camera = camera_name(texts.get(_MAKE, ""), texts.get(_MODEL, ""))
    return ExifFacts(orientation or 1, camera, _time(texts.get(_TAKEN, ""), texts.get(_FRACTION, "")))


def camera_name(make: str, model: str) -> str:
    """Return the model, after the make where it does not begin with it as most do."""
    brand = make.split(maxsplit=1)[0].lower() if make else ""
    return model if model.lower().startswith(brand) and model else f"{make} {model}".strip()


def _time(date: str, fraction: str = "") -> str:
    """Return the time of the tags DateTimeOriginal and SubSecTimeOriginal in ISO 8601, "" for what is none."""
    found = re.fullmatch(_DATE, date, re.ASCII)  # strptime imports a module, which worker processes cannot
    if found is None:
        return ""
    from datetime import datetime  # 2 ms, for photographs alone

    year, month, day, hour, minute, second = map(int, found.groups())
    with suppress(ValueError):
        time = datetime(year, month, day, hour, minute, second).isoformat()
        return time + (f".{fraction}" if re.fullmatch(r"\d{1,9}", fraction, re.ASCII) else "")
    return ""


def _text(tiff: memoryview, order: str, kind: int, number: int, at: int) -> str:
    """Return a text, whose offset is at `at` unless it is no longer than an offset; "" for what is none."""
    if kind != _TEXT:
        return ""
    with suppress(struct.error):
        start = at if number <= 4 else struct.unpack_from(order + "I", tiff, at)[0]
        raw = bytes(tiff[start : start + min(number, _MOST_TEXT)])
        return "".join(filter(str.isprintable, raw.split(b"\0")[0].decode("utf-8", "replace"))).strip()
    return ""


def directory(tiff: memoryview, order: str, pointer: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the entries of a TIFF directory whose offset is stored at `pointer`, as far as they are there.

    They are tag, kind, number, and where the value, or its offset, is.
    """
    with suppress(struct.error):
        (offset,) = struct.unpack_from(order + "I", tiff, pointer)
        (count,) = struct.unpack_from(order + "H", tiff, offset)
        for at in range(offset + 2, offset + 2 + 12 * min(count, _MOST_ENTRIES), 12):
            tag, kind, number = struct.unpack_from(order + "HHI4x", tiff, at)
            yield tag, kind, number, at + 8
