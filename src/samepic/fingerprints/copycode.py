"""The copy code: 256 signs of a small convolutional network, for copies that PDQ does not survive.

Crops, borders, captions, turns and tilts leave it near. The network is EfficientNet-lite0 (Tan and Le 2019) without
its classifier; its last features are pooled by generalised means (Radenovic et al. 2019) and projected by a matrix
learned on photographs and altered copies of them (`python -m bench make_model`). OpenCV runs it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from samepic.errors import MissingPartError
from samepic.fingerprints.insets import insets
from samepic.picture import Picture
from samepic.tuning.search import SEARCH

if TYPE_CHECKING:
    import cv2

COPYCODE_BYTES, PARTS = 32, 4
MODEL = Path(__file__).with_name("copycode.onnx")
"""The network, which is part of the package."""

_local = threading.local()


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
    net = _net()
    net.setInput(network_input(rgb))
    return np.asarray(net.forward(), np.float32)


def network_input(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (1, 3, side, side) float32 that the network sees: the picture squeezed or stretched to a square."""
    import cv2

    return np.asarray(cv2.dnn.blobFromImage(squared(rgb), 1 / 128, mean=(127, 127, 127)), np.float32)


def squared(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (h, w, 3) as the square that the network sees, (side, side, 3)."""
    import cv2

    side = SEARCH.copy_side
    # Halving by linear interpolation averages pairs of pixels, in a fifth of the time of area averaging.
    while max(rgb.shape[:2]) >= 2 * side:
        height, width = (size // 2 if size >= 2 * side else size for size in rgb.shape[:2])
        rgb = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rgb.shape[:2] != (side, side):
        rgb = np.asarray(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
    return rgb


def _net() -> cv2.dnn.Net:
    """Return the network of this thread: OpenCV's hold state while they run."""
    import cv2

    net: cv2.dnn.Net | None = getattr(_local, "net", None)
    if net is None:
        if not MODEL.is_file():
            raise MissingPartError(f"copy codes: the network {MODEL} is missing: reinstall samepic")
        try:
            net = cv2.dnn.readNetFromONNX(np.fromfile(MODEL, np.uint8))
        except cv2.error as error:
            raise MissingPartError(
                f"copy codes: expected an OpenCV that reads {MODEL}, found {cv2.__version__}: {error}"
            ) from error
        _local.net = net
    return net
