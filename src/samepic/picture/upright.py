"""Turn stored pixels the way EXIF says they are to be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["turned", "upright"]


def turned(orientation: int) -> bool:
    """Tell whether an EXIF orientation swaps width and height."""
    return orientation >= 5


def upright(samples: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return (h, w[, 3]) uint8 samples as EXIF `orientation` 1 to 8 asks (CIPA DC-008, 4.6.5)."""
    if orientation == 1:
        return samples
    import cv2  # three to five times as fast as strided copies, and loaded by every comparison anyway

    result: Any
    match orientation:
        case 2:
            result = cv2.flip(samples, 1)
        case 3:
            result = cv2.rotate(samples, cv2.ROTATE_180)
        case 4:
            result = cv2.flip(samples, 0)
        case 5:
            result = cv2.transpose(samples)
        case 6:
            result = cv2.rotate(samples, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            result = cv2.rotate(cv2.transpose(samples), cv2.ROTATE_180)
        case _:
            result = cv2.rotate(samples, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return np.ascontiguousarray(result)
