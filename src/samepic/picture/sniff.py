"""Format by content: the first bytes decide, never the name."""

from __future__ import annotations

from typing import Final

__all__ = ["KNOWN", "REFUSED", "sniff"]

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
    (b"FUJIFILMCCD-RAW", "a camera's raw file"),
    (b"IIRO", "a camera's raw file"),
    (b"IIU\0", "a camera's raw file"),
)

_BRANDS: Final = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIF"),
}

KNOWN: Final = (
    "JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP", "JPEG2000",
    "PPM", "TGA", "ICO", "ICNS", "PSD", "QOI", "DDS", "PCX", "SGI", "SUN",
)  # fmt: skip
"""The formats that are decoded."""

REFUSED: Final = "refused: "
"""What `sniff` puts before the name of a format that it knows and that is not decoded."""


def sniff(data: bytes) -> str:
    """Return the name of the format that `data` is in, one of `KNOWN`; "" where it is none that is known.

    A format that is recognised and refused comes back as `REFUSED` and its name in words.
    """
    for prefix, name in _PREFIXES:
        if data.startswith(prefix):
            return _raw_or(name, data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _by_brand(data)
    for prefix, name in _REFUSED_PREFIXES:
        if data.startswith(prefix):
            return REFUSED + name
    return _by_structure(data)


def _raw_or(name: str, data: bytes) -> str:
    return REFUSED + "a camera's raw file" if name == "TIFF" and data[8:10] == b"CR" else name


def _by_brand(data: bytes) -> str:
    """Tell AVIF from HEIF from video by the brands of ISO/IEC 14496-12; the major brand goes first."""
    end = min(int.from_bytes(data[:4]), 256, len(data))
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    if any(_BRANDS.get(brand) == "AVIF" for brand in brands):
        return "AVIF"
    if any(brand in _BRANDS for brand in brands):
        return "HEIF"
    return REFUSED + "a video or another ISO media file"


def _by_structure(data: bytes) -> str:
    """Recognise formats whose first bytes alone would take in too much."""
    if b"<svg" in data[:1024].lower():
        return REFUSED + "an SVG drawing"
    second, third, fourth = data[1:2], data[2:3], data[3:4]
    dib_header, icons = int.from_bytes(data[14:18], "little"), int.from_bytes(data[4:6], "little")
    shapes = {
        "BMP": data[:2] == b"BM" and dib_header in (12, 16, 40, 52, 56, 64, 108, 124),
        "PPM": data[:1] == b"P" and second in b"1234567Ff" and third.isspace(),
        "ICO": data[:4] == b"\0\0\1\0" and 0 < icons < 1024,
        "PCX": data[:1] == b"\n" and second in b"\0\2\3\5" and third in b"\0\1" and fourth in b"\1\2\4\x08",
        "TGA": data[-18:-2] == b"TRUEVISION-XFILE",
    }
    return next((name for name, fits in shapes.items() if fits), "")
