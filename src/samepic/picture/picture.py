"""The Picture: what a viewer would show, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from samepic.verdict import PictureInfo

if TYPE_CHECKING:
    from samepic.picture.deep import Deep

__all__ = ["Picture", "equal_shown"]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded picture, upright and in sRGB.

    `rgb` is (height, width, 3) uint8, C-contiguous, straight (not premultiplied) colours, zero where nothing
    can be seen; `alpha` is (height, width) uint8, or None where every pixel is opaque; `data` are the encoded
    bytes, or None for arrays and PIL images. `deep` gives the samples as they are stored where they have more than 8
    bits (see `samepic.picture.deep`), and is None of all other pictures.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    info: PictureInfo
    data: bytes | None = None
    deep: Callable[[], Deep] | None = None

    def on(self, ground: int) -> NDArray[np.uint8]:
        """Return (height, width, 3) uint8: the picture laid on a uniform grey `ground`, 0 to 255."""
        if self.alpha is None:
            return self.rgb
        alpha = self.alpha[..., None].astype(np.uint16)
        mixed = self.rgb * alpha + np.uint16(ground) * (255 - alpha)
        return ((mixed + 127) // 255).astype(np.uint8)


def equal_shown(a: Picture, b: Picture) -> bool:
    """Tell whether every pixel of two pictures, and what can be seen through them, is equal in the 8 bits shown."""
    if a.rgb.shape != b.rgb.shape or (a.alpha is None) != (b.alpha is None):
        return False
    # Rows far apart tell most pairs that differ without reading all of both.
    if not np.array_equal(a.rgb[::64], b.rgb[::64]) or not np.array_equal(a.rgb, b.rgb):
        return False
    return a.alpha is None or b.alpha is None or np.array_equal(a.alpha, b.alpha)
