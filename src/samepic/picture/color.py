"""Color: stored samples and ICC profiles converted to 8-bit sRGB and alpha (docs/formats.md; ICC.1:2022)."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.picture.picture import Pixels

if TYPE_CHECKING:
    from PIL import Image, ImageCms

_STRIP = 1 << 18  # pixels converted at a time, so that the data stays in the processor's cache
_SPACES = {
    ("L", "GRAY"): "L",
    ("L", "RGB "): "RGB",
    ("RGB", "RGB "): "RGB",
    ("CMYK", "CMYK"): "CMYK",
    ("LAB", "Lab "): "LAB",
}
_SAME = 2  # levels by which the conversion of an sRGB profile may round; other profiles change colors by more


class Conversion(NamedTuple):
    """A conversion to sRGB: `name` of the profile, or "unusable"; `mode` of Pillow's that `apply` takes, if any."""

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
        from PIL import Image

        rows = max(1, _STRIP // width)
        for top in range(0, height, rows):
            strip = self.to_rgb(Image.fromarray(samples[top : top + rows]))
            out[top : top + rows] = np.frombuffer(strip.tobytes(), np.uint8).reshape(-1, width, 3)
        return out


PLAIN = Conversion()


@lru_cache(maxsize=16)
def conversion(icc: bytes, mode: str) -> Conversion:
    """Return how samples of `mode` ("L", "RGB", "CMYK" or "LAB") with the profile `icc` become sRGB.

    The intent is relative colorimetric with black point compensation, as in browsers and photo viewers: it keeps white
    and the detail in shadows. A profile that changes no color by more than rounding is not applied. Gray samples with
    an RGB profile lie on its neutral axis. A broken profile or one of another space is ignored.
    """
    if not icc and mode != "LAB":
        return PLAIN
    from PIL import ImageCms

    if not icc:
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return Conversion("", mode, _transform(lab, mode))
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        target = _SPACES[mode, profile.profile.xcolor_space]
        description = profile.profile.profile_description or ""
        name = "".join(filter(str.isprintable, description)).strip()[:80] or "unnamed"
        if target in ("L", "RGB") and _is_srgb(profile, target):
            return Conversion(name)
        return Conversion(name, target, _transform(profile, target))
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError):
        return conversion(b"", mode)._replace(name="unusable")


def _is_srgb(profile: ImageCms.ImageCmsProfile, mode: str) -> bool:
    """Return whether a profile changes neither grays nor an even grid of colors, by its content and not its name."""
    from PIL import Image

    grays = np.repeat(np.arange(0, 256, 5), 3).astype(np.uint8).reshape(1, -1, 3)
    colors = np.concatenate(
        [grays, np.indices((6, 6, 6), np.uint8).reshape(3, 1, -1).transpose(1, 2, 0) * 51], axis=1
    )
    samples = grays[..., 0] if mode == "L" else colors
    shown = np.asarray(_transform(profile, mode, once=True)(Image.fromarray(samples)), np.int16)
    return int(np.abs(shown - (grays if mode == "L" else colors)).max()) <= _SAME


def _transform(
    profile: ImageCms.ImageCmsProfile, mode: str, *, once: bool = False
) -> Callable[[Image.Image], Image.Image]:
    """Return the conversion to RGB of an image of `mode`; for `once`, it is made fast, and converts slowly."""
    from PIL import ImageCms

    # Without NOCACHE lcms caches the last pixel in the transform, which threads share.
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE
    if once:
        flags |= ImageCms.Flags.NOOPTIMIZE
    srgb, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(profile, srgb, mode, "RGB", intent, flags)
    # In place is a quarter faster; Pillow then returns None.
    return lambda strip: ImageCms.applyTransform(strip, transform, inPlace=strip.mode == "RGB") or strip


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


def _from_float(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Return floats of 0 to 1, of 0 to 255, or else stretched, as 8 bits; NaN becomes black, infinities the ends."""
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


def _from_integers(samples: NDArray[Any]) -> NDArray[np.uint8]:
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
        return _from_float(samples)
    if image.mode == "I":
        # Pillow scales a PGM of more than 8 bits to 16 bits.
        if image.format == "PPM":
            return from_16_bits(np.clip(samples, 0, 65535).astype(np.uint16))
        return _from_integers(samples)
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
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(height, top + rows)))
        if alpha is not None:
            strip = strip if strip.mode == "RGBA" else strip.convert("RGBA")
            bands = np.frombuffer(strip.getchannel("A").tobytes(), np.uint8)
            alpha[top : top + rows] = bands.reshape(-1, width)
        flat = conversion.to_rgb(strip)
        rgb[top : top + rows] = np.frombuffer(flat.tobytes(), np.uint8).reshape(-1, width, 3)
    return Pixels(rgb, alpha)
