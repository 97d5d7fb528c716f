"""Embedded colour profiles -> sRGB."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from samepic.picture.icc import parse_icc

__all__ = ["PLAIN", "Conversion", "conversion"]

STRIP = 1 << 18
"""Pixels that are converted at a time: what passes through Pillow stays in the processor's cache."""

_SPACES = {("L", "GRAY"): "L", ("L", "RGB "): "RGB", ("RGB", "RGB "): "RGB", ("CMYK", "CMYK"): "CMYK"}
_SPACES[("LAB", "Lab ")] = "LAB"
UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Conversion:
    """How samples become sRGB: `name` of the profile, "" without one, "unusable" where it cannot be followed;
    `wants` is the mode of Pillow that `apply` takes, "" where nothing is to be done.
    """

    name: str = ""
    wants: str = ""
    apply: Callable[[Image.Image], Image.Image] | None = None

    def to_rgb(self, strip: Image.Image) -> Image.Image:
        """Return the strip as an sRGB image of mode RGB; the strip is used up."""
        if self.apply is None:
            return strip if strip.mode == "RGB" else strip.convert("RGB")
        return self.apply(strip if strip.mode == self.wants else strip.convert(self.wants))

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

    Relative colorimetric with black point compensation: what browsers and photo viewers do, and what keeps
    white white and detail in the shadows. A profile that is sRGB by its content is not applied; gray samples
    with an RGB profile are its neutral axis; a broken profile or one of another space is left out.
    """
    if not icc:
        return (
            Conversion("", "LAB", _transform(ImageCms.createProfile("LAB"), "LAB"))
            if mode == "LAB"
            else PLAIN
        )
    profile = parse_icc(icc)
    wants = _SPACES.get((mode, profile.space)) if profile else None
    if profile is None or wants is None:
        return Conversion(UNUSABLE, *_lab_rest(mode))
    if profile.is_srgb:
        return Conversion(profile.name)
    try:
        return Conversion(profile.name, wants, _transform(ImageCms.ImageCmsProfile(io.BytesIO(icc)), wants))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return Conversion(UNUSABLE, *_lab_rest(mode))


def _lab_rest(mode: str) -> tuple[str, Callable[[Image.Image], Image.Image] | None]:
    plain = conversion(b"", mode)
    return plain.wants, plain.apply


def _transform(profile: object, mode: str) -> Callable[[Image.Image], Image.Image]:
    # Without NOCACHE lcms keeps the last pixel in the transform, which threads would share.
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
    # Without a new image it is a quarter faster; Pillow returns None then.
    return ImageCms.applyTransform(strip, transform, inPlace=strip.mode == "RGB") or strip
