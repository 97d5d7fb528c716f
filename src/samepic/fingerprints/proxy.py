"""Proxy: a small copy of a picture, compared where the original is not available."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from samepic.picture import Picture
from samepic.picture.load import frames
from samepic.tuning.search import GATE

Samples = NDArray[np.uint8]


def proxy(picture: Picture) -> bytes:
    """Return a JPEG, or a WebP with transparency, of at most 320 pixels and 16 KB; up to four frames of animations."""
    if picture.info.frames > 1 and picture.data is not None:
        return proxy_of(_sheet(picture))
    return proxy_of(picture.rgb, picture.alpha)


def proxy_of(rgb: Samples, alpha: Samples | None = None) -> bytes:
    """Return the proxy of upright sRGB samples, (h, w, 3) uint8, and their opacity, (h, w) uint8 or None."""
    height, width = rgb.shape[:2]
    scale = min(1.0, GATE.proxy_side / max(height, width))
    while True:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = _scaled(rgb, size) if alpha is None else _scaled_under(rgb, alpha, size)
        for quality in GATE.proxy_qualities:
            data = _encoded(small, quality)
            if len(data) <= GATE.proxy_bytes:
                return data
        scale /= 2  # noise that no quality makes small enough


def first_tile(sheet: Picture, count: int) -> Samples:
    """Return the first frame, (h, w, 3) uint8 on white, of the decoded proxy of a picture of `count` frames."""
    rows, columns = (1, count) if count < GATE.proxy_frames else (2, GATE.proxy_frames // 2)
    height, width = sheet.rgb.shape[:2]
    return np.ascontiguousarray(sheet.on(255)[: height // rows, : width // columns])


def _sheet(picture: Picture) -> Samples:
    """Return frames from the beginning of an animation, evenly spread, on white, side by side or two by two."""
    # Each frame is drawn on the one before, so decoding the end of a long animation is slow.
    spread = replace(picture, info=replace(picture.info, frames=min(picture.info.frames, GATE.proxy_spread)))
    height, width = picture.rgb.shape[:2]
    scale = min(1.0, GATE.proxy_side / (2 * max(height, width)))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    tiles = [_scaled(frame.on(255), size) for frame in frames(spread, GATE.proxy_frames)]
    if len(tiles) < GATE.proxy_frames:
        return np.concatenate(tiles, axis=1)
    half = GATE.proxy_frames // 2
    return np.concatenate([np.concatenate(row, axis=1) for row in (tiles[:half], tiles[half:])], axis=0)


def _encoded(samples: Samples, quality: int) -> bytes:
    """Return (h, w, 3) samples as a JPEG, (h, w, 4) as a WebP."""
    if samples.shape[2] == 3:
        subsampling = "420" if min(samples.shape[:2]) >= 16 else "444"
        data: bytes = simplejpeg.encode_jpeg(samples, quality, "RGB", subsampling, fastdct=False)
        return data
    stream = io.BytesIO()
    Image.fromarray(samples).save(stream, "WEBP", quality=quality, method=2)
    return stream.getvalue()


def _scaled_under(rgb: Samples, alpha: Samples, size: tuple[int, int]) -> Samples:
    """Return (h, w, 4) with colors weighted by opacity, so that hidden colors do not show at the edges."""
    share = alpha[..., None].astype(np.float32) / 255
    mixed = cv2.resize(rgb * share, size, interpolation=cv2.INTER_AREA)
    opacity = cv2.resize(share, size, interpolation=cv2.INTER_AREA)[..., None]
    colors = np.where(opacity > 0, mixed / np.maximum(opacity, 1e-6), 0)
    return np.asarray(np.clip(np.rint(np.dstack([colors, opacity * 255])), 0, 255), np.uint8)


def _scaled(samples: Samples, size: tuple[int, int]) -> Samples:
    if samples.shape[1::-1] == size:
        return np.ascontiguousarray(samples)
    return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA), np.uint8)
