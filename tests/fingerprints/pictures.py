"""Pictures for fingerprint tests: made of integers alone, so that they are the same on every machine."""

from __future__ import annotations

import io
import json
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]

SIZES = ((5, 7), (16, 16), (64, 64), (63, 129), (128, 64), (129, 257), (320, 320), (300, 517), (1030, 641))
"""Heights and widths on both sides of each rule: the smallest, 64x64, windows of one, two, odd and even pixels."""
GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "pdq.json").read_text())["vectors"]
"""The codes of `golden_pictures`, by name: names need no pictures, which take a while to make."""


def textured(height: int, width: int, seed: int = 1) -> Rgb:
    """Return a (height, width, 3) picture of soft blobs in many sizes, with some grain."""
    return _textured(height, width, seed).copy()


@lru_cache(maxsize=8)
def _textured(height: int, width: int, seed: int) -> Rgb:
    channels = [_blobs(height, width, seed * 97 + channel) for channel in range(4)]
    # What the channels share is twice as strong as what they do not, as in most pictures.
    mixed = [(2 * channels[3] + own) // 3 for own in channels[:3]]
    stack = np.stack(mixed, axis=-1) + _hashed((height, width, 3), seed) // 32
    return np.asarray(np.clip(stack, 0, 255), np.uint8)


@cache
def golden_pictures() -> dict[str, Rgb]:
    """Return the pictures whose codes are in tests/golden/pdq.json, by name."""
    named = {f"textured {h}x{w}": textured(h, w) for h, w in SIZES}
    y, x = np.mgrid[:200, :300]
    named["gray"] = np.full((200, 300, 3), 128, np.uint8)
    named["black"] = np.zeros((70, 90, 3), np.uint8)
    named["slope"] = np.repeat(((x + 2 * y) * 255 // 698)[..., None], 3, axis=2).astype(np.uint8)
    named["two tones"] = np.repeat(np.where(x < 110, 20, 235)[..., None], 3, axis=2).astype(np.uint8)
    named["checks"] = np.repeat(((x // 25 + y // 25) % 2 * 255)[..., None], 3, axis=2).astype(np.uint8)
    named["noise"] = _hashed((257, 190, 3), 5).astype(np.uint8)
    return named


def encoded(rgb: Rgb, kind: str = "JPEG", /, **options: object) -> bytes:
    """Return `rgb` as a file of the format `kind`, written by Pillow with `options`."""
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, kind, **options)
    return stream.getvalue()


def exif(orientation: int) -> Image.Exif:
    """Return an EXIF block with nothing but an orientation."""
    block = Image.Exif()
    block[0x0112] = orientation
    return block


def _blobs(height: int, width: int, seed: int) -> NDArray[np.int64]:
    y, x = np.arange(height), np.arange(width)
    total = np.zeros((height, width), np.int64)
    for octave in range(1, 6):
        cell = max(2, max(height, width) >> octave)
        grid = _hashed((height // cell + 2, width // cell + 2), seed * 31 + octave) - 128
        total += _blended(grid, y, x, cell) * (7 - octave)
    return total // 5 + 128


def _hashed(shape: tuple[int, ...], seed: int) -> NDArray[np.int64]:
    """Return integers 0 to 255 that look random: SplitMix64 (Steele, Lea, Flood 2014) of their place."""
    z = np.arange(int(np.prod(shape)), dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z += np.uint64(seed * 0x632BE59BD9B4E019 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(56)).astype(np.int64).reshape(shape)


def _blended(
    grid: NDArray[np.int64], y: NDArray[np.int64], x: NDArray[np.int64], cell: int
) -> NDArray[np.int32]:
    """Return the grid, a value each `cell` pixels, between its values too: first along the rows, then across."""
    column, right = x // cell, x % cell
    rows = (grid[:, column] * (cell - right) + grid[:, column + 1] * right).astype(np.int32)
    row, down = y // cell, (y % cell).astype(np.int32)[:, None]
    across = rows[row] * (cell - down) + rows[row + 1] * down
    return np.asarray(across // np.int32(cell * cell), np.int32)
