"""Encoded pictures for tests, made here: no file is needed."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# A 64x48 red picture with blue in its upper left quarter, turned by irot and by the EXIF tag beside it, 6 both.
# pillow-heif 1.8.1, libheif 1.23.6, x265 4.3: image.save(file, "HEIF", quality=80, exif=<orientation 6>).
HEIC_TURNED = base64.b64decode(
    """
    AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA
    ADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAAH0AAgAAAAACaQABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAA
    AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAA
    kAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq
    5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xh
    cAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEA
    AQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAKltZGF0AAAAeSgBrwT47Frolrf9Y0F1/5fH//5G3Lfcsgun2oqH
    /6maYX45btrP0pAYop3TxPKzWfx2KQrEN8KZIO+IVcbi9KnwpCmWsTATDSgk4ZiaWJXsi7mGfpX//+1P+x/JRWBYb2+19vwdOpZV
    eDuKCEDES3FF/5PCl2kQdNwAAAAGRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA=
    """
)

Samples = NDArray[np.uint8]


def saved(picture: Image.Image | Samples, form: str, **options: Any) -> bytes:  # noqa: ANN401
    """Return the picture as Pillow saves it in the format `form`."""
    out = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(out, form, **options)
    return out.getvalue()


def scene(width: int = 48, height: int = 32) -> Samples:
    """Return a picture of which no turn or mirror image looks like another: smooth, with one red corner."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 150 // width, y * 200 // height, 60 + 0 * x], axis=2)
    rgb[: height // 3, : width // 3] = (230, 20, 30)
    return rgb.astype(np.uint8)


def oriented(orientation: int) -> bytes:
    """Return an EXIF block that asks for `orientation` and says nothing else."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


# How pixels must be stored so that each orientation shows them upright, by the tables of the EXIF standard.
STORED: dict[int, Callable[[Samples], Samples]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: np.rot90,
    7: lambda a: np.swapaxes(a[::-1, ::-1], 0, 1),
    8: lambda a: np.rot90(a, -1),
}


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(samples: NDArray[Any], *extra: bytes, size: tuple[int, int] | None = None) -> bytes:
    """Return a plain PNG of (h, w, 1 to 4) uint8 or uint16 samples with `extra` chunks; `size` to lie about."""
    height, width, channels = samples.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    big = samples.astype(samples.dtype.newbyteorder(">"))
    rows = b"".join(b"\0" + row.tobytes() for row in big)
    header = struct.pack(">IIBBBBB", *(size or (width, height)), 8 * samples.itemsize, color, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def profile(name: str, colorants: tuple[tuple[float, float, float], ...], gamma: float) -> bytes:
    """Return a matrix and curve RGB profile of ICC version 2: D50 colorants of red, green and blue, one gamma."""
    xyz = [b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in c) for c in colorants]
    white = b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in (0.9642, 1.0, 0.8249))
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    words = name.encode() + b"\0"
    desc = b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(78 + -len(words) % 4 + 1)
    desc += bytes(-len(desc) % 4)
    kinds = (b"desc", b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    bodies = (desc, white, *xyz, curve, curve, curve)
    at, table = 128 + 4 + 12 * len(kinds), struct.pack(">I", len(kinds))
    for kind, body in zip(kinds, bodies, strict=True):
        table += struct.pack(">4sII", kind, at, len(body))
        at += len(body)
    head = struct.pack(">I4xI4s4s4s12x4s", at, 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + b"".join(bodies)


def dng(preview: Image.Image, orientation: int = 1) -> bytes:
    """Return a raw file (DNG 1.4): the samples of a sensor, and a preview as JPEG."""
    width, height = preview.size
    jpeg = saved(preview, "JPEG", quality=92)
    sensor = (np.asarray(preview.convert("L"), "<u2") * 128).astype("<u2").tobytes()
    size = [(256, "I", [width]), (257, "I", [height]), (278, "I", [height])]

    def both(inside: int, samples: int, picture: int) -> tuple[bytes, bytes]:
        head = _directory(
            8,
            *(
                (254, "I", [1]),
                *size,
                (258, "H", [8, 8, 8]),
                (259, "H", [7]),
                (262, "H", [6]),
                (271, "s", b"Maker\0"),
            ),
            *((272, "s", b"Model\0"), (273, "I", [picture]), (274, "H", [orientation]), (277, "H", [3])),
            *(
                (279, "I", [len(jpeg)]),
                (330, "I", [inside]),
                (50706, "B", [1, 4, 0, 0]),
                (50708, "s", b"Maker Model\0"),
            ),
            *((50721, "i", [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]), (50778, "H", [21])),
        )
        body = _directory(
            inside,
            *(
                (254, "I", [0]),
                *size,
                (258, "H", [16]),
                (259, "H", [1]),
                (262, "H", [32803]),
                (273, "I", [samples]),
            ),
            *((277, "H", [1]), (279, "I", [len(sensor)]), (33421, "H", [2, 2]), (33422, "B", [0, 1, 1, 2])),
            *((50714, "H", [0]), (50717, "I", [32767])),
        )
        return head, body

    head, body = both(0, 0, 0)
    inside, samples = 8 + len(head), 8 + len(head) + len(body)
    head, body = both(inside, samples, samples + len(sensor))
    return b"II*\0" + struct.pack("<I", 8) + head + body + sensor + jpeg


_TIFF_KINDS = {"B": 1, "s": 2, "H": 3, "I": 4, "i": 10}


def _directory(at: int, *entries: tuple[int, str, Any]) -> bytes:
    """Return a TIFF directory that lies at `at`, and the values that are too long for it."""
    head, more = struct.pack("<H", len(entries)), b""
    for tag, kind, values in sorted(entries):
        data = values if kind == "s" else struct.pack(f"<{len(values)}{kind}", *values)
        number = len(values) // 2 if kind == "i" else len(values)
        head += struct.pack("<HHI", tag, _TIFF_KINDS[kind], number)
        if len(data) > 4:
            head += struct.pack("<I", at + 6 + 12 * len(entries) + len(more))
            more += data + bytes(len(data) % 2)
        else:
            head += data.ljust(4, b"\0")
    return head + bytes(4) + more


DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))


@cache
def many_pixels(depth: int = 8) -> bytes:
    """Return a PNG of 95 megapixels of one color, small as a file, which takes a reader some seconds.

    With a `depth` of 16 bits it takes some four times as long.
    """
    rows = zlib.compress(bytes(10_000 * (1 + 3 * 9_500 * depth // 8)), 1)
    head = struct.pack(">IIBBBBB", 9_500, 10_000, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
