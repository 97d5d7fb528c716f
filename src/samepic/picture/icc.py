"""ICC profiles by content: name, colour space, and whether one is sRGB (ICC.1:2022)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["IccProfile", "parse_icc"]

# IEC 61966-2-1 primaries adapted to D50: the sRGB profiles of HP, ICC and lcms agree to the third place.
_COLORANTS = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7141),
}
_COLORANT_SLACK = 0.003
_CURVE_AT = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9)
_CURVE_SLACK = 0.004
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}


@dataclass(frozen=True, slots=True)
class IccProfile:
    """What a profile says of itself: `name`, `space` ("RGB ", "GRAY", "CMYK", "Lab "), and `is_srgb`."""

    name: str
    space: str
    is_srgb: bool


def parse_icc(data: bytes) -> IccProfile | None:
    """Read the header, the description and the curves of a profile; None where it is no profile."""
    if len(data) < 132 or data[36:40] != b"acsp":
        return None
    space = data[16:20].decode("latin-1")
    try:
        tags = _tags(data)
        name = _text(tags.get(b"desc", b"")) or "unnamed"
        return IccProfile(name, space, _is_srgb(space, tags))
    except (struct.error, ValueError, IndexError, OverflowError, ZeroDivisionError):
        return IccProfile("unnamed", space, False)


def _tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, 128)
    entries = (struct.unpack_from(">4sII", data, 132 + 12 * i) for i in range(min(count, 100)))
    return {kind: data[at : at + size] for kind, at, size in entries}


def _text(body: bytes) -> str:
    if body[:4] == b"desc":
        (length,) = struct.unpack_from(">I", body, 8)
        text = body[12 : 12 + length].decode("latin-1")
    elif body[:4] == b"mluc":
        length, at = struct.unpack_from(">II", body, 20)
        text = body[at : at + length].decode("utf-16-be", "replace")
    else:
        text = ""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:80]


def _is_srgb(space: str, tags: dict[bytes, bytes]) -> bool:
    if any(kind in tags for kind in (b"A2B0", b"A2B1")):
        return False
    if space == "GRAY":
        return _curve_is_srgb(tags.get(b"kTRC", b""))
    if space != "RGB " or not all(kind in tags for kind in _COLORANTS):
        return False
    for kind, wanted in _COLORANTS.items():
        xyz = (value / 65536 for value in struct.unpack_from(">3i", tags[kind], 8))
        if any(abs(a - b) > _COLORANT_SLACK for a, b in zip(xyz, wanted, strict=True)):
            return False
    return all(_curve_is_srgb(tags.get(kind, b"")) for kind in (b"rTRC", b"gTRC", b"bTRC"))


def _curve_is_srgb(body: bytes) -> bool:
    return bool(body) and all(abs(_curve(body, x) - _srgb(x)) < _CURVE_SLACK for x in _CURVE_AT)


def _srgb(x: float) -> float:
    return x / 12.92 if x <= 0.04045 else float(((x + 0.055) / 1.055) ** 2.4)


def _curve(body: bytes, x: float) -> float:
    """Return the linear light of the device value `x`, 0 to 1."""
    if body[:4] == b"para":
        return _parametric(body, x)
    (count,) = struct.unpack_from(">I", body, 8)
    if body[:4] != b"curv":
        raise ValueError("no curve")
    if count == 0:
        return x
    if count == 1:
        return float(x ** (struct.unpack_from(">H", body, 12)[0] / 256))
    place = x * (count - 1)
    low = int(place)
    a, b = struct.unpack_from(">HH", body, 12 + 2 * low)
    return float(a + (b - a) * (place - low)) / 65535


def _parametric(body: bytes, x: float) -> float:
    (kind,) = struct.unpack_from(">H", body, 8)
    numbers = [v / 65536 for v in struct.unpack_from(f">{_PARAMETERS.get(kind, 1)}i", body, 12)]
    g, a, b, c, d, e, f = (numbers + [0.0] * 7)[:7]
    if kind == 0:
        return float(x**g)
    if kind in (1, 2):
        lift = c if kind == 2 else 0.0
        return float((a * x + b) ** g + lift) if x >= -b / a else lift
    if kind in (3, 4):
        return float((a * x + b) ** g + e) if x >= d else c * x + f
    raise ValueError("an unknown curve")
