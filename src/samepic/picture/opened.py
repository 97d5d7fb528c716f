"""What every format's reader hands over: the header, and a way to the pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from samepic.errors import LimitError
from samepic.profiles import Limits
from samepic.verdict import JpegInfo

if TYPE_CHECKING:
    from samepic.picture.deep import Deep

__all__ = ["Opened", "Pixels", "check_size"]


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Samples in sRGB as stored, not yet upright: `rgb` (h, w, 3) uint8, `alpha` (h, w) uint8 or None."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A picture whose header has been read and found within the limits, and whose pixels have not.

    `orientation` is what `decode` leaves to be applied; `applied` is what it applies by itself. `width` and
    `height` are of what `decode` returns. `deep` gives the samples as they are
    stored, not upright, where they have more than 8 bits; it may be called after `decode` alone.
    """

    format: str
    width: int
    height: int
    mode: str
    decode: Callable[[], Pixels]
    orientation: int = 1
    applied: int = 1
    frames: int = 1
    metadata: int = 0
    profile: str = ""
    jpeg: JpegInfo | None = None
    deep: Callable[[], Deep] | None = None
    camera: bool = False


def check_size(name: str, width: int, height: int, frames: int, limits: Limits) -> None:
    """Raise LimitError when a header declares more pixels, a longer side or more frames than allowed."""
    if width * height > limits.pixels:
        raise LimitError(name, f"at most {limits.pixels} pixels", f"{width}x{height} = {width * height}")
    if max(width, height) > limits.side:
        raise LimitError(name, f"sides of at most {limits.side} pixels", f"{width}x{height}")
    if frames > limits.frames:
        raise LimitError(name, f"at most {limits.frames} frames", f"{frames} or more")
