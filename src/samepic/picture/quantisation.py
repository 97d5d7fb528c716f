"""Quantisation tables of JPEG: their natural order, and the IJG quality that makes them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["ijg_quality", "ijg_tables", "natural_order"]

# ITU-T T.81, figure A.6: the natural (row-major) place of each coefficient of the zigzag.
_ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip

# ITU-T T.81, tables K.1 and K.2, which the Independent JPEG Group's encoder scales by its quality.
_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip


@lru_cache(maxsize=256)
def natural_order(body: bytes) -> tuple[int, ...]:
    """Return the 64 numbers of a table, 8 or 16 bits each in zigzag, row by row; () where it is cut short."""
    width = 2 if len(body) >= 128 else 1
    if len(body) < 64 * width:
        return ()
    table = [0] * 64
    for place, index in enumerate(_ZIGZAG):
        table[index] = int.from_bytes(body[place * width : place * width + width])
    return tuple(table)


@lru_cache(maxsize=1)
def _all_tables() -> NDArray[np.int64]:
    """Return (100, 128): luma and chroma tables of the qualities 1 to 100 (libjpeg, jcparam.c)."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    base = np.array(_LUMA + _CHROMA, dtype=np.int64)
    return np.clip((base * scale[:, None] + 50) // 100, 1, 255)


def ijg_tables(quality: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the luma and the chroma table of an IJG `quality`, 1 to 100, in natural order."""
    row = _all_tables()[quality - 1]
    return tuple(map(int, row[:64])), tuple(map(int, row[64:]))


@lru_cache(maxsize=256)
def ijg_quality(tables: tuple[tuple[int, ...], ...]) -> tuple[int, bool]:
    """Return the IJG quality, 1 to 100, whose tables are nearest, and whether they are exactly its tables.

    `tables` are by component; nearest is the least sum of absolute differences. Without tables: (0, False).
    """
    chosen = [table for table in tables[:2] if len(table) == 64]
    if not chosen or len(tables[0]) != 64:
        return 0, False
    wanted = np.concatenate([np.array(table, dtype=np.int64) for table in chosen])
    distance = np.abs(_all_tables()[:, : wanted.size] - np.minimum(wanted, 255)).sum(axis=1)
    best = int(distance.argmin())
    same_chroma = len(tables) < 3 or tables[1] == tables[2]
    return best + 1, bool(distance[best] == 0 and same_chroma)
