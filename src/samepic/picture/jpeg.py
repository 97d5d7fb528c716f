"""JPEG without decoding: how its pixels were coded, what else it carries, which bytes decide its pixels.

Markers and segments after ITU-T T.81 annex B; colour models after libjpeg's rules (jdapimin.c), which
browsers, Pillow and phones share.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from samepic.errors import LimitError, TruncatedError, UnreadableError, UnsupportedError
from samepic.native import native
from samepic.picture.exif import exif_orientation, names_camera
from samepic.picture.quantisation import ijg_quality, natural_order
from samepic.profiles import LIMITS, Limits
from samepic.verdict import JpegInfo

__all__ = ["JpegHeader", "coded_segments", "jpeg_header", "jpeg_parts", "without_icc"]

_SOI, _EOI, _SOS, _DQT, _DNL, _COM, _APP0, _APP1, _APP2, _APP14 = (
    0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE,
)  # fmt: skip
_FRAMES = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_DECODABLE = frozenset((0xC0, 0xC1, 0xC2, 0xC9, 0xCA))
_TABLES = frozenset((0xC4, 0xCC, 0xDB, 0xDD, 0xDC))
_BARE = frozenset((0x01, *range(0xD0, 0xD8)))

# Inside a scan 0xFF is data when 0x00 follows, a restart when 0xD0 to 0xD7 does, and fill when 0xFF does.
_MARKER_IN_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MARKER = re.compile(rb"\xff+([\x01-\xfe])")


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What a JPEG says before its pixels: `width`, `height` as stored, `bits` a sample, number of `scans`,
    EXIF `orientation`, `icc` profile or b"", bytes of `metadata`, `coding`, and whether EXIF names a `camera`.
    """

    width: int
    height: int
    bits: int
    scans: int
    orientation: int
    icc: bytes
    metadata: int
    coding: JpegInfo
    camera: bool = False


class _Segment(NamedTuple):
    """One marker with its segment: data[start:end] from the marker's 0xFF on, scan data included."""

    marker: int
    start: int
    body: int
    end: int


def _segments(data: bytes, name: str) -> Iterator[_Segment]:
    if data[:2] != b"\xff\xd8":
        raise UnreadableError(name, "a JPEG", "bytes that do not begin as one")
    at = 2
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            raise TruncatedError(
                name, "a whole JPEG", f"a file that ends after {len(data)} bytes without its end marker"
            )
        body = found.end()
        marker, start = data[body - 1], body - 2
        if marker == _EOI:
            return
        if marker in _BARE or marker == _SOI:
            at = body
            continue
        length = int.from_bytes(data[body : body + 2])
        end = body + length
        if length < 2 or end > len(data):
            raise TruncatedError(name, "a whole JPEG", f"a segment that runs past its end at byte {start}")
        if marker == _SOS:
            end = _scan_end(data, end)
        yield _Segment(marker, start, body + 2, end)
        at = end


def _scan_end(data: bytes, start: int) -> int:
    """Return where the first marker behind a scan's data is, the end where there is none."""
    if native is not None:
        return native.scan_end(data, start)
    after = _MARKER_IN_SCAN.search(data, start)
    return after.start() if after else len(data)


def jpeg_header(data: bytes, name: str = "<bytes>", *, limits: Limits = LIMITS) -> JpegHeader:
    """Read how a JPEG was coded without decoding it.

    Raises UnreadableError where there is no frame, TruncatedError where a segment or the end is missing,
    LimitError for more metadata or scans than the limits allow, UnsupportedError for codings that no common
    decoder reads (lossless, hierarchical, 12 bits).
    """
    return jpeg_parts(data, name, limits=limits)[0]


def jpeg_parts(
    data: bytes, name: str = "<bytes>", *, limits: Limits = LIMITS
) -> tuple[JpegHeader, list[memoryview]]:
    """Return what `jpeg_header` and `coded_segments` do, from one walk over the bytes. Raises as `jpeg_header`."""
    parts = _collect(data, name)
    if parts.frame is None:
        raise UnreadableError(name, "a JPEG with a picture", "one without a frame header")
    frame = _frame(data, parts, name)
    return _header(parts, frame, name, limits), list(_coded_views(data, parts, frame))


def _header(parts: _Parts, frame: _Frame, name: str, limits: Limits) -> JpegHeader:
    if parts.metadata > limits.metadata_bytes:
        raise LimitError(name, f"at most {limits.metadata_bytes} bytes of metadata", str(parts.metadata))
    if parts.scans == 0:
        raise TruncatedError(name, "a JPEG with pixels", "one without a scan")
    # A scan of a few bytes makes a decoder walk over the whole picture once more.
    walked, most = (
        frame.width * frame.height * parts.scans,
        10 * max(limits.pixels, frame.width * frame.height),
    )
    if walked > most:
        raise LimitError(name, f"at most {most} pixels in all scans", f"{walked} in {parts.scans} scans")
    tables = tuple(natural_order(parts.tables.get(number, b"")) for number in frame.table_numbers)
    quality, exact = ijg_quality(tables)
    coding = JpegInfo(
        tables,
        frame.sampling,
        frame.progressive,
        quality,
        exact,
        _colour_model(parts, frame.ids),
    )
    icc = _join_icc(parts.icc)
    size = (frame.width, frame.height)
    return JpegHeader(
        *size, frame.bits, parts.scans, parts.orientation, icc, parts.metadata, coding, parts.camera
    )


def coded_segments(data: bytes, name: str = "<bytes>") -> Iterator[memoryview]:
    """Yield what decides the pixels of a JPEG, in its order: colour model, frame, tables, scans.

    EXIF, XMP, ICC, comments, thumbnails and whatever follows the end marker are left out. The colour model
    comes first, as its name: it is all that JFIF and Adobe markers decide. Raises as `jpeg_header`.
    """
    parts = _collect(data, name)
    if parts.frame is None:
        raise UnreadableError(name, "a JPEG with a picture", "one without a frame header")
    yield from _coded_views(data, parts, _frame(data, parts, name))


def _coded_views(data: bytes, parts: _Parts, frame: _Frame) -> Iterator[memoryview]:
    yield memoryview(_colour_model(parts, frame.ids).encode())
    view = memoryview(data)
    for segment in parts.coded:
        yield view[segment.start : segment.end]


@dataclass(slots=True)
class _Parts:
    frame: _Segment | None
    coded: list[_Segment]
    tables: dict[int, bytes]
    icc: dict[int, bytes]
    orientation: int = 1
    metadata: int = 0
    scans: int = 0
    height: int = 0
    jfif: bool = False
    adobe: int | None = None
    camera: bool = False


def without_icc(data: bytes, name: str = "<bytes>") -> bytes:
    """Return a JPEG without its colour profile (APP2 segments "ICC_PROFILE", ICC.1:2010 annex B.4)."""
    kept, at = [], 0
    for segment in _segments(data, name):
        if segment.marker == _APP2 and data.startswith(b"ICC_PROFILE\0", segment.body):
            kept.append(data[at : segment.start])
            at = segment.end
    return b"".join([*kept, data[at:]])


def _collect(data: bytes, name: str) -> _Parts:
    parts = _Parts(None, [], {}, {})
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
        exif = memoryview(data)[segment.body : segment.end]
        parts.camera = parts.camera or names_camera(exif)
        if parts.orientation == 1:
            parts.orientation = exif_orientation(exif)
    elif segment.marker == _APP2 and head.startswith(b"ICC_PROFILE\0") and len(head) == 14:
        parts.icc[head[12]] = data[segment.body + 14 : segment.end]


def _join_icc(pieces: dict[int, bytes]) -> bytes:
    """Join the numbered pieces of a profile (ICC.1:2022, B.4)."""
    return b"".join(pieces[number] for number in sorted(pieces))


class _Frame(NamedTuple):
    width: int
    height: int
    bits: int
    ids: tuple[int, ...]
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
        raise UnsupportedError(
            name, "an 8-bit baseline or progressive JPEG", f"{bits} bits, coding {marker - 0xC0}"
        )
    if not (width and height) or count not in (1, 3, 4) or any(not 0 < c[1] >> 4 < 5 for c in components):
        raise UnreadableError(name, "a JPEG frame of 1, 3 or 4 components", f"{count} of {width}x{height}")
    return _Frame(
        width,
        height,
        bits,
        tuple(c[0] for c in components),
        tuple((c[1] >> 4, c[1] & 15) for c in components),
        tuple(c[2] for c in components),
        marker in _PROGRESSIVE,
    )


def _colour_model(parts: _Parts, ids: tuple[int, ...]) -> str:
    if len(ids) == 1:
        return "gray"
    if len(ids) == 4:
        return "ycck" if parts.adobe == 2 else "cmyk"
    if parts.jfif:
        return "ycbcr"
    if parts.adobe is not None:
        return "rgb" if parts.adobe == 0 else "ycbcr"
    return "rgb" if bytes(ids) == b"RGB" else "ycbcr"
