"""The copy code: 256 signs of a small convolutional network, for copies that PDQ does not survive.

Crops, borders, captions, turns and tilts leave it near. The network is EfficientNet-lite0 (Tan and Le 2019) without
its classifier; its last features are pooled by generalised means (Radenovic et al. 2019) and projected by a matrix
learned on photographs and altered copies of them (`python -m bench make_model`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from samepic.fingerprints.insets import insets
from samepic.fingerprints.network import values_of
from samepic.picture import Picture
from samepic.tuning.search import SEARCH

COPYCODE_BYTES, PARTS = 32, 4
MODEL = Path(__file__).with_name("copycode.onnx")
"""The network, which is part of the package."""


def copycode(picture: Picture | NDArray[np.uint8]) -> bytes:
    """Return the 32-byte copy code of a Picture, on white, or of (h, w, 3) uint8 RGB. Raises MissingPartError."""
    rgb = picture.on(255) if isinstance(picture, Picture) else picture
    return _codes(rgb)[:COPYCODE_BYTES]


def copycodes(rgb: NDArray[np.uint8]) -> bytes:
    """Return the copy codes, 32 bytes each, of (h, w, 3) uint8 RGB, its quarters, row by row, and its insets."""
    return b"".join((_codes(rgb), *(_codes(inset.of(rgb))[:COPYCODE_BYTES] for inset in insets(rgb))))


def _codes(rgb: NDArray[np.uint8]) -> bytes:
    """Return the signs of the values of an (h, w, 3) uint8 RGB picture and of its quarters."""
    return np.packbits(copycode_values(rgb) > 0, axis=1).tobytes()


def copycode_values(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (5, 256) values whose signs are the copy codes of an (h, w, 3) uint8 RGB picture and its quarters."""
    return values_of(squared(rgb), MODEL)


def squared(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (h, w, 3) squeezed or stretched to the square that the network sees, (side, side, 3)."""
    import cv2

    side = SEARCH.copy_side
    # Halving by linear interpolation averages pairs of pixels, in a fifth of the time of area averaging.
    while max(rgb.shape[:2]) >= 2 * side:
        height, width = (size // 2 if size >= 2 * side else size for size in rgb.shape[:2])
        rgb = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rgb.shape[:2] != (side, side):
        rgb = np.asarray(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
    return rgb
