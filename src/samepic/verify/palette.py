"""A picture saved in few colors, and the other in the same ones: what a palette takes away is no change of content."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.profiles.evidence import PALETTE

__all__ = ["in_one_palette", "palette_of"]

Pixels: TypeAlias = NDArray[np.uint8]

_MOST = 256
_STEP = 7
_FIRST = 8


def palette_of(rgb: Pixels) -> Pixels | None:
    """Return the colors (n, 3) of a picture (height, width, 3) that holds at most 256; None for all others."""
    some = rgb[::_STEP, ::_STEP]
    for step in (_FIRST, 1):
        # Few samples show that nearly all pictures hold more.
        if len(np.unique(_codes(some[::step, ::step]))) > _MOST:
            return None
    colors = np.unique(_codes(rgb))
    if not PALETTE.fewest <= len(colors) <= _MOST:
        return None
    return np.stack([colors >> 16, (colors >> 8) & 255, colors & 255], axis=1).astype(np.uint8)


def in_one_palette(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """Return both; where one alone holds few colors, the other in the nearest of these, if they are near.

    A color moves no farther than the colors of the palette lie apart: farther off is another color, not a lost shade.
    """
    palettes = palette_of(a), palette_of(b)
    if palettes[0] is None and palettes[1] is not None:
        return _reduced(a, palettes[1]), b
    if palettes[1] is None and palettes[0] is not None:
        return a, _reduced(b, palettes[0])
    return a, b


def _reduced(rgb: Pixels, palette: Pixels) -> Pixels:
    apart = np.abs(palette[:, None].astype(np.int16) - palette[None].astype(np.int16)).max(axis=2)
    apart[np.diag_indices(len(palette))] = 255
    reach = PALETTE.reach * float(np.median(apart.min(axis=1)))
    holder = Image.new("P", (1, 1))
    holder.putpalette(palette.tobytes() + palette[-1].tobytes() * (_MOST - len(palette)))
    nearest = Image.fromarray(rgb).quantize(palette=holder, dither=Image.Dither.NONE).convert("RGB")
    shown = np.asarray(nearest, np.uint8)
    near = np.abs(shown.astype(np.int16) - rgb).max(axis=2) <= reach
    return np.where(near[..., None], shown, rgb)


def _codes(rgb: Pixels) -> NDArray[np.uint32]:
    wide = rgb.reshape(-1, 3).astype(np.uint32)
    return np.asarray(wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2], np.uint32)
