"""ndarray -> Opened."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samepic.errors import SourceError
from samepic.picture.deep import Deep
from samepic.picture.opened import Opened, Pixels, check_size
from samepic.picture.samples import from_16_bits
from samepic.profiles import Limits

__all__ = ["open_array"]

_WANTED = "an array of (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) bool, uint8, uint16, or floats from 0 to 1"
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_DEEP_MODES = {1: "I;16", 3: "RGB;16", 4: "RGBA;16"}


def open_array(samples: NDArray[Any], limits: Limits) -> Opened:
    """Take gray, RGB or RGBA samples in sRGB; raise SourceError for any other shape, type or range."""
    shaped = samples[..., None] if samples.ndim == 2 else samples
    if shaped.ndim != 3 or shaped.shape[2] not in _MODES or shaped.size == 0:
        raise SourceError(f"wanted {_WANTED}, got shape {samples.shape}")
    height, width, channels = shaped.shape
    check_size("<array>", width, height, 1, limits)
    if not (shaped.dtype in (np.bool_, np.uint8, np.uint16) or np.issubdtype(shaped.dtype, np.floating)):
        raise SourceError(f"wanted {_WANTED}, got {samples.dtype}")
    mode, deep = _MODES[channels], None
    if shaped.dtype.itemsize > 1:
        white, samples = (65535 if shaped.dtype == np.uint16 else 1), shaped.copy()
        mode, deep = _DEEP_MODES[channels], partial(Deep, samples, white)
    return Opened("array", width, height, mode, partial(_decode, shaped), deep=deep)


def _decode(samples: NDArray[Any]) -> Pixels:
    eight = _eight_bits(samples)
    colours = eight[..., :3] if eight.shape[2] >= 3 else np.broadcast_to(eight, (*eight.shape[:2], 3))
    # A copy: the picture must not change when the caller goes on drawing on the array.
    alpha = np.array(eight[..., 3], order="C") if eight.shape[2] == 4 else None
    return Pixels(np.array(colours, order="C"), alpha)


def _eight_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype == np.uint16:
        return from_16_bits(samples)
    low, high = float(samples.min()), float(samples.max())
    if not (low >= 0 and high <= 1):
        raise SourceError(f"wanted {_WANTED}, got floats from {low:g} to {high:g}")
    return np.rint(samples.astype(np.float32) * 255).astype(np.uint8)
