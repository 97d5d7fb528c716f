"""JPEG: its encoding, its metadata, the bytes that decide its pixels, and its decoder.

Markers and segments follow ITU-T T.81 annex B; color models follow libjpeg (jdapimin.c), as browsers, Pillow and
phones do. simplejpeg (libjpeg-turbo) decodes gray and color, Pillow CMYK.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from samepic.errors import LimitError, TruncatedError, UnreadableError, UnsupportedError
from samepic.limits import LIMITS, Limits
from samepic.native import native
from samepic.picture.color import Conversion, conversion, resolve
from samepic.picture.formats import ExifFacts, decoding, exif_facts, video_size
from samepic.picture.picture import Encoded, OpenedPicture, Pixels, check_size, upright_size
from samepic.verdict import JpegInfo, PictureInfo

# ITU-T T.81, figure A.6: the natural (row-major) place of each coefficient of the zigzag.
_ZIGZAG = sorted(range(64), key=lambda n: (n // 8 + n % 8, n // 8 if (n // 8 + n % 8) % 2 else n % 8))

# ITU-T T.81, tables K.1 and K.2, which the Independent JPEG Group's encoder scales by its quality.
_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip

_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip


@lru_cache(maxsize=256)
def _natural_order(body: bytes) -> tuple[int, ...]:
    """Return the 64 numbers of a table, 8 or 16 bits each in zigzag, row by row; () where it is cut short."""
    width = 2 if len(body) >= 128 else 1
    if len(body) < 64 * width:
        return ()
    table = [0] * 64
    for place, index in enumerate(_ZIGZAG):
        table[index] = int.from_bytes(body[place * width : place * width + width])
    return tuple(table)


@lru_cache(maxsize=1)
def _all_tables() -> NDArray[np.int64]:
    """Return (100, 128): luma and chroma tables of the qualities 1 to 100 (libjpeg, jcparam.c)."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    base = np.array(_LUMA + _CHROMA, dtype=np.int64)
    return np.clip((base * scale[:, None] + 50) // 100, 1, 255)


@lru_cache(maxsize=256)
def _ijg_quality(tables: tuple[tuple[int, ...], ...]) -> tuple[int, bool]:
    """Return the IJG quality, 1 to 100, nearest to these tables, and whether it is exact; (0, False) without tables."""
    chosen = [table for table in tables[:2] if len(table) == 64]
    if not chosen or len(tables[0]) != 64:
        return 0, False
    found = np.concatenate([np.array(table, dtype=np.int64) for table in chosen])
    distance = np.abs(_all_tables()[:, : found.size] - np.minimum(found, 255)).sum(axis=1)
    best = int(distance.argmin())
    same_chroma = len(tables) < 3 or tables[1] == tables[2]
    return best + 1, bool(distance[best] == 0 and same_chroma)


_SOI, _EOI, _SOS, _DQT, _DNL, _COM, _APP0, _APP1, _APP2, _APP14 = (
    0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE,
)  # fmt: skip
END = b"\xff\xd9"
"""The last bytes of a JPEG. What follows them is ignored."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_DECODABLE = frozenset((0xC0, 0xC1, 0xC2, 0xC9, 0xCA))
_HUFFMAN = frozenset((0xC0, 0xC1, 0xC2))
_TABLES = frozenset((0xC4, 0xCC, _DQT, 0xDD, _DNL))
_BARE = frozenset((0x01, *range(0xD0, 0xD8)))
# Inside a scan 0xFF is data when 0x00 follows, a restart when 0xD0 to 0xD7 does, and fill when 0xFF does.
_MARKER_IN_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MARKER = re.compile(rb"\xff+([\x01-\xfe])")


class JpegHeader(NamedTuple):
    """The header of a JPEG, its size as stored; `metadata` and `video` count bytes, `camera`, `taken` are of EXIF."""

    width: int
    height: int
    bits: int
    scans: int
    orientation: int
    icc: bytes
    metadata: int
    coding: JpegInfo
    camera: str = ""
    taken: str = ""
    video: int = 0


class _Segment(NamedTuple):
    marker: int
    start: int
    body: int
    end: int


def _segments(data: bytes, name: str) -> Iterator[_Segment]:
    """Yield every segment, the end marker last: it is empty where the file ends after a scan, complete or not."""
    if data[:2] != b"\xff\xd8":
        raise UnreadableError(name, "a JPEG", "bytes that do not begin as one")
    at, scans = 2, 0
    while True:
        found = _MARKER.search(data, at)
        if found is None and scans:
            yield _Segment(_EOI, len(data), len(data), len(data))
            return
        if found is None:
            raise _without_end(data, name)
        body = found.end()
        marker, start = data[body - 1], body - 2
        if marker == _EOI:
            yield _Segment(marker, start, body, body)
            return
        if marker in _BARE or marker == _SOI:
            at = body
            continue
        length = int.from_bytes(data[body : body + 2])
        end = body + length
        if length < 2 or end > len(data):
            raise TruncatedError(name, "a whole JPEG", f"a segment that runs past its end at byte {start}")
        if marker == _SOS:
            end, scans = _scan_end(data, end), scans + 1
            end -= end == len(data) and data.endswith(b"\xff")  # half an end marker
        yield _Segment(marker, start, body + 2, end)
        at = end


def _without_end(data: bytes, name: str) -> TruncatedError:
    cut = f"a file that ends after {len(data)} bytes without its end marker"
    return TruncatedError(name, "a whole JPEG", cut)


def _scan_end(data: bytes, start: int) -> int:
    if native is not None:
        return native.scan_end(data, start)
    after = _MARKER_IN_SCAN.search(data, start)
    return after.start() if after else len(data)


def jpeg_parts(
    data: bytes, name: str = "<bytes>", *, limits: Limits = LIMITS
) -> tuple[JpegHeader, list[memoryview]]:
    """Return the header of a JPEG, undecoded, and what decides its pixels: the color model and the coded segments.

    Raises UnreadableError without a frame, TruncatedError where anything but the end marker is missing, LimitError for
    too much metadata or too many scans, UnsupportedError for codings that no common decoder reads.
    """
    parts = _collect(data, name)
    if parts.frame is None:
        raise UnreadableError(name, "a JPEG with a picture", "one without a frame header")
    frame, view = _frame(data, parts, name), memoryview(data)
    segments = [view[segment.start : segment.end] for segment in parts.coded]
    color_model = memoryview(_color_model(parts, frame.ids).encode())
    header = _header(parts, frame, name, limits)
    if not parts.ended:
        check_size(name, frame.width, frame.height, 1, limits)
        if not _is_complete(data, parts, frame):
            raise _without_end(data, name)
    return header, [color_model, *segments]


def _is_complete(data: bytes, parts: _Parts, frame: _Frame) -> bool:
    """Return whether a file without end marker has every bit of its scans, and not one byte more.

    libjpeg warns of bits that are missing and of bytes that are left. It decodes all of them at any scale, but a scan
    that is missing as a whole it passes over, and with arithmetic coding it cannot know. Encoders fill the last byte
    with ones: zeros there are those of a download that was cut off.
    """
    assert parts.frame is not None
    zeros = data.endswith(b"\0") and not data.endswith(b"\xff\0")
    if zeros or parts.frame.marker not in _HUFFMAN or not _codes_everything(data, parts, frame):
        return False
    space = "CMYK" if len(frame.ids) == 4 else "GRAY"
    try:
        simplejpeg.decode_jpeg(data + END, space, min_height=1, min_width=1, min_factor=1)
    except ValueError:
        return False
    return True


def _codes_everything(data: bytes, parts: _Parts, frame: _Frame) -> bool:
    """Return whether the scans reach the last bit of each coefficient of each component (ITU-T T.81, G.1.1.1)."""
    last_bits = {component: [1] * 64 for component in frame.ids}
    for segment in parts.coded:
        length = int.from_bytes(data[segment.body - 2 : segment.body])
        head = data[segment.body : segment.body + length - 2]
        if segment.marker == _SOS and len(head) > 3:
            *components, first, last, bits = *head[1:-3:2], *head[-3:]
            for component in last_bits.keys() & set(components):
                last_bits[component][first : last + 1] = [bits & 15] * (min(last, 63) + 1 - first)
    return not any(map(any, last_bits.values()))


def _header(parts: _Parts, frame: _Frame, name: str, limits: Limits) -> JpegHeader:
    if parts.metadata > limits.metadata_bytes:
        raise LimitError(name, f"at most {limits.metadata_bytes} bytes of metadata", str(parts.metadata))
    if parts.scans == 0:
        raise TruncatedError(name, "a JPEG with pixels", "one without a scan")
    # Even a scan of a few bytes makes a decoder process the whole picture once more.
    pixels = frame.width * frame.height
    walked, most = pixels * parts.scans, 10 * max(limits.pixels, pixels)
    if walked > most:
        raise LimitError(name, f"at most {most} pixels in all scans", f"{walked} in {parts.scans} scans")
    tables = tuple(_natural_order(parts.tables.get(number, b"")) for number in frame.table_numbers)
    quality, exact = _ijg_quality(tables)
    color_model = _color_model(parts, frame.ids)
    coding = JpegInfo(tables, frame.sampling, frame.progressive, quality, exact, color_model, parts.ended)
    icc = b"".join(piece for _, piece in sorted(parts.icc.items()))  # ICC.1:2022, B.4
    stored = frame.width, frame.height, frame.bits
    exif, last = parts.exif, (parts.metadata, coding)
    return JpegHeader(
        *stored, parts.scans, exif.orientation, icc, *last, exif.camera, exif.taken, parts.video
    )


class _Parts:
    def __init__(self) -> None:
        self.frame: _Segment | None = None
        self.coded: list[_Segment] = []
        self.tables: dict[int, bytes] = {}
        self.icc: dict[int, bytes] = {}
        self.exif, self.metadata = ExifFacts(), 0
        self.scans, self.height, self.video = 0, 0, 0
        self.jfif = self.ended = False
        self.adobe: int | None = None


def without_icc(data: bytes, name: str = "<bytes>") -> bytes:
    """Return a JPEG without its color profile (APP2 segments "ICC_PROFILE", ICC.1:2010 annex B.4)."""
    kept, at = [], 0
    for segment in _segments(data, name):
        if segment.marker == _APP2 and data.startswith(b"ICC_PROFILE\0", segment.body):
            kept.append(data[at : segment.start])
            at = segment.end
    return b"".join([*kept, data[at:]])


def _collect(data: bytes, name: str) -> _Parts:
    parts = _Parts()
    for segment in _segments(data, name):
        if segment.marker in _FRAMES:
            if parts.frame is not None:
                raise UnreadableError(name, "a JPEG with one frame", "a hierarchical or broken one")
            parts.frame = segment
        if segment.marker in _FRAMES or segment.marker in _TABLES or segment.marker == _SOS:
            parts.coded.append(segment)
            _coded(data, segment, parts)
        elif _APP0 <= segment.marker <= _APP0 + 15 or segment.marker == _COM:
            _application(data, segment, parts)
        elif segment.marker == _EOI:
            parts.ended = segment.start < segment.end
            parts.video = video_size(data, segment.end)
    return parts


def _coded(data: bytes, segment: _Segment, parts: _Parts) -> None:
    if segment.marker == _SOS:
        parts.scans += 1
    elif segment.marker == _DNL:
        parts.height = int.from_bytes(data[segment.body : segment.body + 2])
    elif segment.marker == _DQT:
        at = segment.body
        while at < segment.end:
            size = 128 if data[at] >> 4 else 64
            parts.tables[data[at] & 15] = data[at + 1 : min(at + 1 + size, segment.end)]
            at += 1 + size


def _application(data: bytes, segment: _Segment, parts: _Parts) -> None:
    head = data[segment.body : min(segment.body + 14, segment.end)]
    if segment.marker == _APP0 and head.startswith((b"JFIF\0", b"JFXX\0")):
        parts.jfif = parts.jfif or head.startswith(b"JFIF\0")
        return
    if segment.marker == _APP14 and head.startswith(b"Adobe"):
        parts.adobe = data[segment.body + 11] if segment.end - segment.body >= 12 else parts.adobe
        return
    parts.metadata += segment.end - segment.start
    if segment.marker == _APP1 and head.startswith(b"Exif\0\0"):
        found, before = exif_facts(memoryview(data)[segment.body : segment.end]), parts.exif
        orientation = found.orientation if before.orientation == 1 else before.orientation
        parts.exif = ExifFacts(orientation, before.camera or found.camera, before.taken or found.taken)
    elif segment.marker == _APP2 and head.startswith(b"ICC_PROFILE\0") and len(head) == 14:
        parts.icc[head[12]] = data[segment.body + 14 : segment.end]


class _Frame(NamedTuple):
    width: int
    height: int
    bits: int
    ids: tuple[int, ...]  # of its components
    sampling: tuple[tuple[int, int], ...]
    table_numbers: tuple[int, ...]
    progressive: bool


def _frame(data: bytes, parts: _Parts, name: str) -> _Frame:
    assert parts.frame is not None
    body, end, marker = parts.frame.body, parts.frame.end, parts.frame.marker
    fields = data[body:end]
    try:
        bits, height, width, count = struct.unpack_from(">BHHB", fields)
        components = [struct.unpack_from(">BBB", fields, 6 + 3 * i) for i in range(count)]
    except struct.error:
        raise TruncatedError(name, "a whole JPEG frame header", "one that is cut short") from None
    height = height or parts.height
    if marker not in _DECODABLE or bits != 8:
        found = f"{bits} bits, coding {marker - 0xC0}"
        raise UnsupportedError(name, "an 8-bit baseline or progressive JPEG", found)
    if not (width and height) or count not in (1, 3, 4) or any(not 0 < c[1] >> 4 < 5 for c in components):
        raise UnreadableError(name, "a JPEG frame of 1, 3 or 4 components", f"{count} of {width}x{height}")
    ids, samplings, tables = zip(*components, strict=True)
    sampling = tuple((both >> 4, both & 15) for both in samplings)
    return _Frame(width, height, bits, ids, sampling, tables, marker in _PROGRESSIVE)


def _color_model(parts: _Parts, ids: tuple[int, ...]) -> str:
    if len(ids) == 1:
        return "gray"
    if len(ids) == 4:
        return "ycck" if parts.adobe == 2 else "cmyk"
    if parts.jfif:
        return "ycbcr"
    if parts.adobe is not None:
        return "rgb" if parts.adobe == 0 else "ycbcr"
    return "rgb" if bytes(ids) == b"RGB" else "ycbcr"


_MODES = {"gray": "L", "cmyk": "CMYK", "ycck": "CMYK"}
# libjpeg's warnings about bytes that no pixel depends on. Any other warning means wrong pixels; simplejpeg stops at
# the first.
_HARMLESS = ("extraneous bytes before marker", "Unknown Adobe color transform", "Unsupported marker type")


def open_jpeg(encoded: Encoded, limits: Limits) -> OpenedPicture:
    """Open a JPEG whose header is within `limits`; of a multi-picture file, its first picture."""
    header, _ = jpeg_parts(encoded.data, encoded.name, limits=limits)
    check_size(encoded.name, header.width, header.height, 1, limits)
    mode = _MODES.get(header.coding.colour, "RGB")
    to_srgb = conversion(header.icc, mode)
    decode = _decode_with_pillow if mode == "CMYK" else _decode
    shown = encoded if header.coding.ended else Encoded(encoded.name, encoded.data + END)
    width, height = upright_size(header.width, header.height, header.orientation)
    info = PictureInfo(
        name=encoded.name,
        format="JPEG",
        width=width,
        height=height,
        size=len(encoded.data),
        orientation=header.orientation,
        mode=mode,
        metadata=header.metadata,
        profile=to_srgb.name,
        jpeg=header.coding,
        camera=header.camera,
        taken=header.taken,
        video=header.video,
    )
    return OpenedPicture(info, partial(decode, shown, header, to_srgb), header.orientation)


def _decode(encoded: Encoded, header: JpegHeader, to_srgb: Conversion) -> Pixels:
    space = "GRAY" if header.coding.colour == "gray" else "RGB"
    with decoding(encoded.name, "JPEG", quiet=True):
        try:
            decoded: Any = simplejpeg.decode_jpeg(encoded.data, space)
        except ValueError as error:
            message = str(error)
            if any(words in message for words in _HARMLESS):
                return _decode_with_pillow(encoded, header, to_srgb)
            broken = any(word in message for word in ("Premature", "Corrupt", "Inconsistent", "Invalid SOS"))
            kind = TruncatedError if broken else UnreadableError
            raise kind(encoded.name, "a whole JPEG", message) from error
        samples: NDArray[np.uint8] = decoded[..., 0] if space == "GRAY" else decoded
        return Pixels(to_srgb.on_array(samples))


def _decode_with_pillow(encoded: Encoded, header: JpegHeader, to_srgb: Conversion) -> Pixels:
    """Decode what simplejpeg does not: CMYK (inverted, as Adobe stores it), and files with harmless warnings."""
    from PIL import JpegImagePlugin

    with decoding(encoded.name, "JPEG"), io.BytesIO(encoded.data) as stream:
        image = JpegImagePlugin.JpegImageFile(stream, "")
        if image.size != (header.width, header.height):
            expected, found = f"{header.width}x{header.height}", f"{image.width}x{image.height}"
            raise UnreadableError(encoded.name, expected, found)
        image.load()
        return resolve(image, to_srgb)
