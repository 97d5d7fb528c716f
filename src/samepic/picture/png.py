"""PNG without decoding: its header, its colour, what else it carries, and which bytes decide its pixels.

Chunks after the PNG specification, third edition (W3C, 2025).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from samepic.errors import LimitError, TruncatedError, UnreadableError
from samepic.picture.exif import exif_orientation, names_camera
from samepic.profiles import LIMITS, Limits

__all__ = [
    "PngHeader",
    "coded_chunks",
    "colour_chunks",
    "pixel_stream",
    "pixels_only",
    "png_header",
    "without_icc",
]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND"))
_COMPRESSED = frozenset((b"zTXt", b"iTXt", b"iCCP"))
_META = frozenset((b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tIME", b"dSIG"))
_COLOUR = frozenset((b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP"))
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True, slots=True)
class PngHeader:
    """What a PNG says before its pixels; `gamma` is the gAMA value where it alone decides colour, else None;
    `transparent` is the raw tRNS payload, `camera` whether EXIF names a camera.
    """

    width: int
    height: int
    bits: int
    colour: int
    interlaced: bool
    frames: int
    orientation: int
    icc: bytes
    gamma: float | None
    transparent: bytes
    metadata: int
    camera: bool = False

    @property
    def raw_bytes(self) -> int:
        """The size of the pixels once inflated, filter bytes included."""
        bits = self.bits * _SAMPLES[self.colour]
        passes = _ADAM7 if self.interlaced else ((0, 0, 1, 1),)
        total = 0
        for x, y, dx, dy in passes:
            columns, rows = max(0, -(-(self.width - x) // dx)), max(0, -(-(self.height - y) // dy))
            total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
        return total


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    start: int
    end: int  # of its payload: data[start:end]


def _chunks(data: bytes, name: str) -> Iterator[_Chunk]:
    if not data.startswith(SIGNATURE):
        raise UnreadableError(name, "a PNG", "bytes that do not begin as one")
    at, view, count = len(SIGNATURE), memoryview(data), 0
    most = LIMITS.chunks + len(data) // 1024  # a million empty ones would be walked for many seconds
    while at + 12 <= len(data):
        count += 1
        if count > most:
            raise LimitError(name, f"at most {most} chunks in a PNG of this size", "more")
        length, kind = struct.unpack_from(">I4s", data, at)
        start, end = at + 8, at + 8 + length
        if not kind.isalpha():
            raise UnreadableError(name, "a PNG chunk", f"{kind!r} at byte {at + 4}")
        if end + 4 > len(data):
            break
        good = zlib.crc32(view[at + 4 : end]) == int.from_bytes(data[end : end + 4])
        if not good and kind in _CRITICAL:
            raise TruncatedError(
                name, "a whole PNG", f"a {kind.decode()} chunk with a wrong checksum at byte {at}"
            )
        if good:  # a broken chunk that no pixel depends on is passed over, as viewers do
            yield _Chunk(kind, start, end)
        if kind == b"IEND":
            return
        at = end + 4
    raise TruncatedError(
        name, "a whole PNG", f"a file that ends after {len(data)} bytes without its end chunk"
    )


def png_header(data: bytes, name: str = "<bytes>", *, limits: Limits = LIMITS) -> PngHeader:
    """Read what a PNG says of itself without decoding its pixels.

    Raises TruncatedError where it ends early or a checksum of a critical chunk is wrong, UnreadableError for
    impossible headers, LimitError for metadata that would grow beyond the limits.
    """
    chunks = list(_chunks(data, name))
    by_kind: dict[bytes, bytes] = {}
    for chunk in chunks:
        if chunk.kind != b"IDAT" and chunk.kind not in by_kind:
            by_kind[chunk.kind] = data[chunk.start : chunk.end]
    width, height, bits, colour, interlaced = _ihdr(chunks, by_kind, name)
    if not any(chunk.kind == b"IDAT" for chunk in chunks):
        raise TruncatedError(name, "a PNG with pixels", "one without an IDAT chunk")
    if colour == 3 and b"PLTE" not in by_kind:
        raise UnreadableError(name, "a PNG with its palette", "one without")
    metadata = sum(chunk.end - chunk.start + 12 for chunk in chunks if chunk.kind in _META)
    _check_metadata(data, chunks, name, limits)
    # What acTL declares may be a lie; the frames that are there are counted.
    frames = max(1, sum(chunk.kind == b"fcTL" for chunk in chunks)) if b"acTL" in by_kind else 1
    icc = _profile(by_kind.get(b"iCCP", b""), limits)
    gamma = _gamma(by_kind, icc)
    exif = by_kind.get(b"eXIf", b"")
    orientation, camera = exif_orientation(exif), names_camera(exif)
    transparent = by_kind.get(b"tRNS", b"")
    size = (width, height)
    return PngHeader(
        *size, bits, colour, interlaced, frames, orientation, icc, gamma, transparent, metadata, camera
    )


def pixel_stream(data: bytes, name: str = "<bytes>") -> Iterator[memoryview]:
    """Yield the payloads of all IDAT chunks: one zlib stream."""
    view = memoryview(data)
    yield from (view[chunk.start : chunk.end] for chunk in _chunks(data, name) if chunk.kind == b"IDAT")


def coded_chunks(data: bytes, name: str = "<bytes>") -> Iterator[memoryview]:
    """Yield what decides the samples of a PNG: the payloads of IHDR, PLTE and tRNS, then all IDAT payloads.

    How IDAT was cut into chunks does not show. Raises as `png_header`.
    """
    view, chunks = memoryview(data), list(_chunks(data, name))
    for kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT"):
        yield from (view[chunk.start : chunk.end] for chunk in chunks if chunk.kind == kind)


def colour_chunks(data: bytes, name: str = "<bytes>") -> Iterator[memoryview]:
    """Yield what decides how the samples are shown: gAMA, cHRM, sRGB, iCCP and cICP with their names."""
    view, chunks = memoryview(data), _chunks(data, name)
    yield from (view[chunk.start - 4 : chunk.end] for chunk in chunks if chunk.kind in _COLOUR)


def pixels_only(data: bytes, name: str = "<bytes>", *, key: bool = True, header: bytes = b"") -> bytes:
    """Return the PNG with only what its first picture needs: IHDR, PLTE, IDAT, IEND, and tRNS if `key`.

    A decoder that is given this meets no text, profile or frame that could trip it. `header` replaces the
    payload of IHDR.
    """
    pieces = [SIGNATURE]
    for chunk in _chunks(data, name):
        if chunk.kind == b"IHDR" and header:
            pieces.append(struct.pack(">I4s", len(header), b"IHDR") + header)
            pieces.append(struct.pack(">I", zlib.crc32(b"IHDR" + header)))
        elif chunk.kind in _CRITICAL or (key and chunk.kind == b"tRNS"):
            pieces.append(data[chunk.start - 8 : chunk.end + 4])
    return b"".join(pieces)


def without_icc(data: bytes, name: str = "<bytes>") -> bytes:
    """Return a PNG without its colour profile (the chunk iCCP)."""
    kept, at = [], 0
    for chunk in _chunks(data, name):
        if chunk.kind == b"iCCP":
            kept.append(data[at : chunk.start - 8])
            at = chunk.end + 4
    return b"".join([*kept, data[at:]])


def _ihdr(chunks: list[_Chunk], by_kind: dict[bytes, bytes], name: str) -> tuple[int, int, int, int, bool]:
    body = by_kind.get(b"IHDR", b"")
    if not chunks or chunks[0].kind != b"IHDR" or len(body) != 13:
        raise UnreadableError(name, "a PNG that begins with IHDR", "one that does not")
    width, height, bits, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if not (0 < width < 2**31 and 0 < height < 2**31):
        raise UnreadableError(name, "a PNG of at least one pixel", f"{width}x{height}")
    if bits not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise UnreadableError(
            name,
            "a PNG of a known kind",
            f"colour type {colour}, {bits} bits, methods {compression}, {filtering}, {interlace}",
        )
    return width, height, bits, colour, bool(interlace)


def _check_metadata(data: bytes, chunks: list[_Chunk], name: str, limits: Limits) -> None:
    left = limits.metadata_bytes
    for chunk in chunks:
        if chunk.kind not in _META:
            continue
        left -= chunk.end - chunk.start
        if chunk.kind in _COMPRESSED and left >= 0:
            left -= _inflated_size(_stream(chunk.kind, data[chunk.start : chunk.end]), left)
        if left < 0:
            raise LimitError(name, f"at most {limits.metadata_bytes} bytes of metadata", "more once inflated")


def _stream(kind: bytes, body: bytes) -> bytes:
    """Return the deflate stream inside a zTXt, iTXt or iCCP payload, b"" where there is none."""
    _, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        flag, rest = rest[:1], rest[2:]
        return rest.split(b"\0", 2)[-1] if flag == b"\1" else b""
    return rest[1:]


def _inflated_size(stream: bytes, most: int) -> int:
    """Return the inflated size of `stream`, or some size above `most` as soon as it is known to be larger."""
    inflate, total = zlib.decompressobj(), 0
    try:
        while stream and total <= most:
            block = inflate.decompress(stream, 1 << 20)
            if not block:
                break
            total += len(block)
            stream = inflate.unconsumed_tail
    except zlib.error:
        return total
    return total


def _profile(body: bytes, limits: Limits) -> bytes:
    try:
        return zlib.decompressobj().decompress(_stream(b"iCCP", body), limits.metadata_bytes) if body else b""
    except zlib.error:
        return b"broken"


def _gamma(by_kind: dict[bytes, bytes], icc: bytes) -> float | None:
    body = by_kind.get(b"gAMA", b"")
    if icc or b"sRGB" in by_kind or b"cICP" in by_kind or len(body) != 4:
        return None
    return int.from_bytes(body) / 100_000 or None
