"""Color: stored samples and ICC profiles converted to 8-bit sRGB and alpha (docs/formats.md; ICC.1:2022)."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from samepic.picture.picture import Pixels

__all__ = [
    "DEEP",
    "PLAIN",
    "Conversion",
    "IccProfile",
    "conversion",
    "from_16_bits",
    "from_float",
    "from_integers",
    "gray_of",
    "parse_icc",
    "profile_mode",
    "resolve",
]

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
    """The `name`, `space` ("RGB ", "GRAY", "CMYK", "Lab ") and `is_srgb` of a profile."""

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
    for kind, expected in _COLORANTS.items():
        xyz = (value / 65536 for value in struct.unpack_from(">3i", tags[kind], 8))
        if any(abs(a - b) > _COLORANT_SLACK for a, b in zip(xyz, expected, strict=True)):
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


STRIP = 1 << 18
"""Pixels converted at a time, so that the data stays in the processor's cache."""

_SPACES = {("L", "GRAY"): "L", ("L", "RGB "): "RGB", ("RGB", "RGB "): "RGB", ("CMYK", "CMYK"): "CMYK"}

_SPACES[("LAB", "Lab ")] = "LAB"

UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion of samples to sRGB.

    `name` is that of the profile, "" without one, "unusable" where it cannot be applied. `mode` is the mode of Pillow
    that `apply` takes, "" where there is nothing to do.
    """

    name: str = ""
    mode: str = ""
    apply: Callable[[Image.Image], Image.Image] | None = None

    def to_rgb(self, strip: Image.Image) -> Image.Image:
        """Return the strip as an sRGB image of mode RGB; the strip may be overwritten."""
        if self.apply is None:
            return strip if strip.mode == "RGB" else strip.convert("RGB")
        return self.apply(strip if strip.mode == self.mode else strip.convert(self.mode))

    def on_array(self, samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (h, w, 3) uint8 sRGB of (h, w, 3) RGB or (h, w) gray samples; RGB is converted in place."""
        height, width = samples.shape[:2]
        out = samples if samples.ndim == 3 else np.empty((height, width, 3), np.uint8)
        if self.apply is None:
            if samples.ndim == 2:
                out[:] = samples[..., None]
            return out
        rows = max(1, STRIP // width)
        for top in range(0, height, rows):
            strip = self.to_rgb(Image.fromarray(samples[top : top + rows]))
            out[top : top + rows] = np.frombuffer(strip.tobytes(), np.uint8).reshape(-1, width, 3)
        return out


PLAIN = Conversion()


@lru_cache(maxsize=16)
def conversion(icc: bytes, mode: str) -> Conversion:
    """Return how samples of `mode` ("L", "RGB", "CMYK" or "LAB") with the profile `icc` become sRGB.

    The intent is relative colorimetric with black point compensation, as in browsers and photo viewers: it keeps white
    and the detail in shadows. A profile that equals sRGB is not applied. Gray samples with an RGB profile lie on its
    neutral axis. A broken profile or one of another space is ignored.
    """
    if not icc:
        return (
            Conversion("", "LAB", _transform(ImageCms.createProfile("LAB"), "LAB"))
            if mode == "LAB"
            else PLAIN
        )
    profile = parse_icc(icc)
    target = _SPACES.get((mode, profile.space)) if profile else None
    if profile is None or target is None:
        return Conversion(UNUSABLE, *_without_profile(mode))
    if profile.is_srgb:
        return Conversion(profile.name)
    try:
        return Conversion(profile.name, target, _transform(ImageCms.ImageCmsProfile(io.BytesIO(icc)), target))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return Conversion(UNUSABLE, *_without_profile(mode))


def _without_profile(mode: str) -> tuple[str, Callable[[Image.Image], Image.Image] | None]:
    plain = conversion(b"", mode)
    return plain.mode, plain.apply


def _transform(profile: object, mode: str) -> Callable[[Image.Image], Image.Image]:
    # Without NOCACHE lcms caches the last pixel in the transform, which threads share.
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE
    transform = ImageCms.buildTransform(
        profile,  # type: ignore[arg-type]
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags,
    )
    return lambda strip: _applied(strip, transform)


def _applied(strip: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    # In place is a quarter faster; Pillow then returns None.
    return ImageCms.applyTransform(strip, transform, inPlace=strip.mode == "RGB") or strip


DEEP = frozenset(("I;16", "I;16L", "I;16B", "I;16N", "I", "F"))

_KINDS = {"CMYK": "CMYK", "LAB": "LAB", "1": "L", "L": "L", "LA": "L", "La": "L", **dict.fromkeys(DEEP, "L")}


def profile_mode(mode: str) -> str:
    """Return the mode that a profile describes for a picture of Pillow's `mode`: "L", "RGB", "CMYK" or "LAB"."""
    return _KINDS.get(mode, "RGB")


def from_16_bits(samples: NDArray[np.uint16], white: int = 65535) -> NDArray[np.uint8]:
    """Return round(255 x sample / white): for 16 bits that is the sample divided by 257, rounded."""
    if white == 65535:
        return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.rint(np.minimum(samples, white) * (255 / white)).astype(np.uint8)


def from_float(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Return floats as 8 bits: 0 to 1 times 255, else 0 to 255 rounded, else the range stretched.

    NaN becomes black, infinities the ends of the range.
    """
    values = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=np.inf, neginf=-np.inf)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if low >= 0 and high <= 1:
        scaled = values * 255
    elif low >= 0 and high <= 255:
        scaled = values
    else:
        scaled = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def from_integers(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 32-bit integers as 8 bits: 0 to 255 as they are, else 0 to 65535 as 16 bits, else stretched."""
    low, high = int(samples.min()), int(samples.max())
    if low >= 0 and high <= 255:
        return samples.astype(np.uint8)
    if low >= 0 and high <= 65535:
        return from_16_bits(samples.astype(np.uint16))
    return np.rint((samples.astype(np.float64) - low) * (255 / (high - low))).astype(np.uint8)


def gray_of(image: Image.Image, white: int = 65535) -> NDArray[np.uint8]:
    """Return the (h, w) uint8 gray of an image of one of the `DEEP` modes."""
    samples = np.asarray(image)
    if image.mode == "F":
        return from_float(samples)
    if image.mode == "I":
        # Pillow scales a PGM of more than 8 bits to 16 bits.
        if image.format == "PPM":
            return from_16_bits(np.clip(samples, 0, 65535).astype(np.uint16))
        return from_integers(samples)
    return from_16_bits(samples.astype(np.uint16), white)


def resolve(image: Image.Image, conversion: Conversion, white: int = 65535) -> Pixels:
    """Return the pixels of a loaded Pillow image of any mode, strip by strip to save memory."""
    if image.mode in DEEP:
        return Pixels(conversion.on_array(gray_of(image, white)))
    if image.mode == "La":
        image = image.convert("LA")
    width, height = image.size
    rgb = np.empty((height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if image.has_transparency_data else None
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(height, top + rows)))
        if alpha is not None:
            strip = strip if strip.mode == "RGBA" else strip.convert("RGBA")
            bands = np.frombuffer(strip.getchannel("A").tobytes(), np.uint8)
            alpha[top : top + rows] = bands.reshape(-1, width)
        flat = conversion.to_rgb(strip)
        rgb[top : top + rows] = np.frombuffer(flat.tobytes(), np.uint8).reshape(-1, width, 3)
    return Pixels(rgb, alpha)
