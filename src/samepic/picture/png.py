"""PNG: its header, its metadata, the bytes that decide its pixels, and its decoder.

Chunks follow the PNG specification, third edition (W3C, 2025). The most common kind, 8-bit RGB or RGBA, is decoded
two to three times as fast as by Pillow where `deflate` is installed. Pillow decodes the others of up to 8 bits; those
of 16 bits are decoded exactly.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.errors import LimitError, TruncatedError, UnreadableError
from samepic.limits import LIMITS, Limits
from samepic.native import native
from samepic.picture.color import PLAIN, Conversion, conversion, resolve
from samepic.picture.formats import decoding, exif_facts
from samepic.picture.picture import Deep, Encoded, OpenedPicture, Pixels, check_size, upright_size
from samepic.verdict import PictureInfo

if TYPE_CHECKING:
    from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND"))
_COMPRESSED = frozenset((b"zTXt", b"iTXt", b"iCCP"))
_META = _COMPRESSED | {b"tEXt", b"eXIf", b"tIME", b"dSIG"}
_COLOR = frozenset((b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP"))
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_DEPTHS = {
    _GRAY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GRAY_ALPHA: (8, 16),
    _RGBA: (8, 16),
}
_MODES = {_GRAY: "L", _RGB: "RGB", _PALETTE: "P", _GRAY_ALPHA: "LA", _RGBA: "RGBA"}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_INFLATED_AT_ONCE = 1 << 27  # bytes of lines to inflate at once, to bound the memory beside the pixels
_DISPLAY_GAMMA = 1 / 2.2
_GAMMA_SLACK = 0.05  # libpng's PNG_GAMMA_THRESHOLD: a nearer gamma is not corrected


class PngHeader(NamedTuple):
    """The header of a PNG; `gamma` is that of gAMA where it alone decides color, `transparent` the payload of tRNS."""

    width: int
    height: int
    bits: int
    color_type: int
    interlaced: bool
    frames: int
    orientation: int
    icc: bytes
    gamma: float | None
    transparent: bytes
    metadata: int
    camera: str = ""
    taken: str = ""

    @property
    def raw_bytes(self) -> int:
        """The size of the pixels once inflated, filter bytes included."""
        bits = self.bits * len(_MODES[self.color_type])
        passes = _ADAM7 if self.interlaced else ((0, 0, 1, 1),)
        total = 0
        for x, y, dx, dy in passes:
            columns, rows = max(0, -(-(self.width - x) // dx)), max(0, -(-(self.height - y) // dy))
            total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
        return total


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    end: int  # of its payload: data[start:end]


def _chunks(data: bytes, name: str) -> Iterator[_Chunk]:
    if not data.startswith(_SIGNATURE):
        raise UnreadableError(name, "a PNG", "bytes that do not begin as one")
    at, view, count = len(_SIGNATURE), memoryview(data), 0
    most = LIMITS.chunks + len(data) // 1024  # walking a million empty ones would take many seconds
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
            found = f"a {kind.decode()} chunk with a wrong checksum at byte {at}"
            raise TruncatedError(name, "a whole PNG", found)
        if good:  # a broken chunk that no pixel depends on is passed over, as viewers do
            yield _Chunk(kind, start, end)
        if kind == b"IEND":
            return
        at = end + 4
    found = f"a file that ends after {len(data)} bytes without its end chunk"
    raise TruncatedError(name, "a whole PNG", found)


def png_header(data: bytes, name: str = "<bytes>", *, limits: Limits = LIMITS) -> PngHeader:
    """Read the header, undecoded. Raises TruncatedError, UnreadableError, LimitError for metadata once inflated."""
    chunks = list(_chunks(data, name))
    by_kind: dict[bytes, bytes] = {}
    for chunk in chunks:
        if chunk.kind != b"IDAT" and chunk.kind not in by_kind:
            by_kind[chunk.kind] = data[chunk.start : chunk.end]
    kind = _ihdr(chunks, by_kind, name)
    if not any(chunk.kind == b"IDAT" for chunk in chunks):
        raise TruncatedError(name, "a PNG with pixels", "one without an IDAT chunk")
    if kind[3] == _PALETTE and b"PLTE" not in by_kind:
        raise UnreadableError(name, "a PNG with its palette", "one without")
    about, left = [chunk for chunk in chunks if chunk.kind in _META], limits.metadata_bytes
    for chunk in about:
        left -= chunk.end - chunk.start
        if chunk.kind in _COMPRESSED and left >= 0:
            left -= _inflated_size(_stream(chunk.kind, data[chunk.start : chunk.end]), left)
        if left < 0:
            raise LimitError(name, f"at most {limits.metadata_bytes} bytes of metadata", "more once inflated")
    metadata = sum(chunk.end - chunk.start + 12 for chunk in about)
    # acTL may declare a wrong number, so the frames themselves are counted.
    frames = max(1, sum(chunk.kind == b"fcTL" for chunk in chunks)) if b"acTL" in by_kind else 1
    icc = _profile(by_kind.get(b"iCCP", b""), limits)
    orientation, *shot = exif_facts(by_kind.get(b"eXIf", b""))
    gamma, transparent = _gamma(by_kind, icc), by_kind.get(b"tRNS", b"")
    return PngHeader(*kind, frames, orientation, icc, gamma, transparent, metadata, *shot)


def coded_chunks(
    data: bytes, name: str = "<bytes>", kinds: tuple[bytes, ...] = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")
) -> Iterator[memoryview]:
    """Yield what decides the samples: the payloads of all chunks of each kind in turn. Raises as `png_header`."""
    view, chunks = memoryview(data), list(_chunks(data, name))
    for kind in kinds:
        yield from (view[chunk.start : chunk.end] for chunk in chunks if chunk.kind == kind)


def color_chunks(data: bytes, name: str = "<bytes>") -> Iterator[memoryview]:
    """Yield what decides how the samples are displayed: gAMA, cHRM, sRGB, iCCP and cICP with their names."""
    view, chunks = memoryview(data), _chunks(data, name)
    yield from (view[chunk.start - 4 : chunk.end] for chunk in chunks if chunk.kind in _COLOR)


def _pixels_only(data: bytes, name: str, *, key: bool = False, header: bytes = b"") -> bytes:
    """Return the PNG with nothing else that could break a decoder; `header` replaces the payload of IHDR."""
    pieces = [_SIGNATURE]
    for chunk in _chunks(data, name):
        if chunk.kind == b"IHDR" and header:
            pieces.append(struct.pack(">I4s", len(header), b"IHDR") + header)
            pieces.append(struct.pack(">I", zlib.crc32(b"IHDR" + header)))
        elif chunk.kind in _CRITICAL or (key and chunk.kind == b"tRNS"):
            pieces.append(data[chunk.start - 8 : chunk.end + 4])
    return b"".join(pieces)


def without_icc(data: bytes, name: str = "<bytes>") -> bytes:
    """Return a PNG without its color profile (the chunk iCCP)."""
    kept = (chunk for chunk in _chunks(data, name) if chunk.kind != b"iCCP")
    return b"".join((_SIGNATURE, *(data[chunk.start - 8 : chunk.end + 4] for chunk in kept)))


def _ihdr(chunks: list[_Chunk], by_kind: dict[bytes, bytes], name: str) -> tuple[int, int, int, int, bool]:
    body = by_kind.get(b"IHDR", b"")
    if not chunks or chunks[0].kind != b"IHDR" or len(body) != 13:
        raise UnreadableError(name, "a PNG that begins with IHDR", "one that does not")
    width, height, bits, color_type, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if not (0 < width < 2**31 and 0 < height < 2**31):
        raise UnreadableError(name, "a PNG of at least one pixel", f"{width}x{height}")
    if bits not in _DEPTHS.get(color_type, ()) or compression or filtering or interlace > 1:
        found = f"color type {color_type}, {bits} bits, methods {compression}, {filtering}, {interlace}"
        raise UnreadableError(name, "a PNG of a known kind", found)
    return width, height, bits, color_type, bool(interlace)


def _stream(kind: bytes, body: bytes) -> bytes:
    """Return the deflate stream inside a zTXt, iTXt or iCCP payload, b"" where there is none."""
    _, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        flag, rest = rest[:1], rest[2:]
        return rest.split(b"\0", 2)[-1] if flag == b"\1" else b""
    return rest[1:]


def _inflated_size(stream: bytes, most: int) -> int:
    """Return the inflated size of `stream`, or any size above `most` once it is larger."""
    inflate, total = zlib.decompressobj(), 0
    with suppress(zlib.error):
        while total <= most and (block := inflate.decompress(stream, 1 << 20)):
            total += len(block)
            stream = inflate.unconsumed_tail
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


def fast_pixels(encoded: Encoded, header: PngHeader) -> Pixels | None:
    """Return the pixels of a valid, plain 8-bit RGB or RGBA PNG; None for others, or without native part, `deflate`."""
    bands = len(_MODES[header.color_type])
    if native is None or header.bits != 8 or header.interlaced or header.raw_bytes > _INFLATED_AT_ONCE:
        return None
    if header.color_type not in (_RGB, _RGBA):
        return None
    try:
        import deflate
    except ImportError:
        return None
    try:
        stream = b"".join(coded_chunks(encoded.data, encoded.name, (b"IDAT",)))
        raw = deflate.zlib_decompress(stream, header.raw_bytes)
        rgb, alpha = native.png_pixels(raw, header.width, header.height, bands)
    except (ValueError, MemoryError, deflate.DeflateError):
        return None
    shape = header.height, header.width
    clear = np.frombuffer(alpha, np.uint8).reshape(shape) if bands == 4 else None
    return Pixels(np.frombuffer(rgb, np.uint8).reshape(*shape, 3), clear)


def open_png(encoded: Encoded, limits: Limits) -> OpenedPicture:
    """Open a PNG whose header is within `limits`; of an animated one, the default image."""
    header = png_header(encoded.data, encoded.name, limits=limits)
    check_size(encoded.name, header.width, header.height, header.frames, limits)
    to_srgb = conversion(header.icc, "L" if header.color_type in (_GRAY, _GRAY_ALPHA) else "RGB")
    width, height = upright_size(header.width, header.height, header.orientation)
    info = PictureInfo(
        name=encoded.name,
        format="PNG",
        width=width,
        height=height,
        size=len(encoded.data),
        orientation=header.orientation,
        mode=_mode(header),
        frames=header.frames,
        metadata=header.metadata,
        profile=to_srgb.name,
        camera=header.camera,
        taken=header.taken,
    )
    deep = partial(_deep, encoded, header) if header.bits == 16 else None
    return OpenedPicture(info, partial(_decode, encoded, header, to_srgb), header.orientation, deep)


def _mode(header: PngHeader) -> str:
    if header.bits == 16:
        return {_GRAY: "I;16"}.get(header.color_type, _MODES[header.color_type] + ";16")
    return "1" if header.bits == 1 and header.color_type == _GRAY else _MODES[header.color_type]


def _decode(encoded: Encoded, header: PngHeader, to_srgb: Conversion) -> Pixels:
    with decoding(encoded.name, "PNG"):
        deep = header.bits == 16
        pixels = _from_deep(_deep_samples(encoded, header), header) if deep else _shallow(encoded, header)
        return Pixels(to_srgb.on_array(pixels.rgb), pixels.alpha)


def _shallow(encoded: Encoded, header: PngHeader) -> Pixels:
    pixels = fast_pixels(encoded, header)
    if pixels is None:
        image = _loaded(_pixels_only(encoded.data, encoded.name, key=header.color_type == _PALETTE))
        pixels = resolve(image, PLAIN)
    alpha = pixels.alpha
    if header.color_type in (_GRAY, _RGB) and header.transparent:
        alpha = _keyed(pixels.rgb, _key(header) * 255 // ((1 << header.bits) - 1))
    table = _table(header, 256)
    return Pixels(pixels.rgb if table is None else table[pixels.rgb], alpha)


def _loaded(data: bytes) -> Image.Image:
    from PIL import PngImagePlugin

    with io.BytesIO(data) as stream:
        image = PngImagePlugin.PngImageFile(stream, "")
        image.load()
    return image


def _deep(encoded: Encoded, header: PngHeader) -> Deep:
    with decoding(encoded.name, "PNG"):
        return Deep(_deep_samples(encoded, header), 65535)


def _deep_samples(encoded: Encoded, header: PngHeader) -> NDArray[np.uint16]:
    """Return (h, w, channels) of all 16 bits."""
    shape = (header.height, header.width, -1)
    if header.color_type == _GRAY:
        image = _loaded(_pixels_only(encoded.data, encoded.name))
        return np.asarray(image).astype(np.uint16).reshape(shape)
    if header.color_type == _GRAY_ALPHA:
        # Two samples of 16 bits are filtered like four of 8, so reading them as RGBA returns both halves.
        ihdr = struct.pack(">IIBBBBB", header.width, header.height, 8, _RGBA, 0, 0, header.interlaced)
        image = _loaded(_pixels_only(encoded.data, encoded.name, header=ihdr))
        return np.frombuffer(image.tobytes(), ">u2").astype(np.uint16).reshape(shape)
    return _deep_rgb(encoded, header)


def _deep_rgb(encoded: Encoded, header: PngHeader) -> NDArray[np.uint16]:
    """Decode 16-bit RGB(A) with OpenCV, the only library here that keeps all bits."""
    import cv2

    # The stream is checked first: OpenCV's libpng prints errors to the terminal.
    inflate, total = zlib.decompressobj(), 0
    for piece in coded_chunks(encoded.data, encoded.name, (b"IDAT",)):
        rest: bytes | memoryview = piece
        while rest and total <= header.raw_bytes:
            total += len(inflate.decompress(rest, 1 << 20))
            rest = inflate.unconsumed_tail
    if total != header.raw_bytes or not inflate.eof:
        raise TruncatedError(encoded.name, f"{header.raw_bytes} bytes of pixels", f"{total}")
    plain = np.frombuffer(_pixels_only(encoded.data, encoded.name), np.uint8)
    try:
        decoded: Any = cv2.imdecode(plain, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(str(error.err)) from error
        raise ValueError(f"OpenCV cannot decode it: {error.err}") from error
    if decoded is None or decoded.dtype != np.uint16:
        raise ValueError("OpenCV cannot decode it")
    order = cv2.COLOR_BGRA2RGBA if decoded.shape[2] == 4 else cv2.COLOR_BGR2RGB
    samples: NDArray[np.uint16] = cv2.cvtColor(decoded, order)
    return samples


def _from_deep(samples: NDArray[np.uint16], header: PngHeader) -> Pixels:
    table, linear = _table(header, 65536), np.rint(np.arange(65536) / 257).astype(np.uint8)
    channels = 1 if header.color_type in (_GRAY, _GRAY_ALPHA) else 3
    alpha = None
    if samples.shape[2] > channels:
        alpha = linear[samples[..., channels]]
    elif header.transparent:
        alpha = _keyed(samples, _key(header))
    eight = (linear if table is None else table)[samples[..., :channels]]
    return Pixels(np.repeat(eight, 3, axis=2) if channels == 1 else eight, alpha)


def _key(header: PngHeader) -> NDArray[np.uint32]:
    """Return the gray or the RGB color that tRNS says is transparent."""
    length = 2 if header.color_type == _GRAY else 6
    return np.frombuffer(header.transparent[:length], ">u2").astype(np.uint32)


def _keyed(samples: NDArray[Any], key: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return np.where((samples == key).all(axis=2), np.uint8(0), np.uint8(255))


def _table(header: PngHeader, size: int) -> NDArray[np.uint8] | None:
    """Return the correction from the file's gamma to 1/2.2 with 8-bit results, or None (PNG, third edition, 13.13)."""
    if header.gamma is None or abs(_DISPLAY_GAMMA / header.gamma - 1) < _GAMMA_SLACK:
        return None
    ramp = np.linspace(0, 1, size) ** (_DISPLAY_GAMMA / header.gamma)
    return np.rint(ramp * 255).astype(np.uint8)
