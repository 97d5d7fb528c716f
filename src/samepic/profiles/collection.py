"""How `samepic find` spends memory and time, and what it takes for the better of two copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["COLLECTION", "GRADES", "LOSSLESS", "Collection"]


@dataclass(frozen=True, slots=True)
class Collection:
    """The bounds of a search through a collection.

    Attributes:
        held_bytes: decoded pictures that all threads together keep for the next comparison.
        working_bytes: what all comparisons that run at once may take, as estimated by `bytes_per_pixel`.
        bytes_per_pixel: memory that comparing takes for each pixel of the two pictures.
        peek: bytes of a file that are read to tell whether it is a picture.
        ahead: files that are given to the threads before the first of them is done, for each thread.
        batch: rows after which the cache is committed.
        batch_seconds: seconds after which it is committed anyway.
        settle_ns: a file changed less than this long before it was read is not remembered, since a later change
            within the file system's clock tick would not show.
        busy_seconds: how long to wait for another run that writes the cache.
        thumbnail: longer side, in pixels, of the pictures in an HTML report.
        crowd: candidates of one picture that are kept in memory; more are searched for again.
        misses: candidates in a row, nearest first, that turn out to be other pictures before a reference is done with.
        weight_step: factor between coded sizes that count as different when the better of two copies is chosen.
    """

    held_bytes: int = 100 * 2**20
    working_bytes: int = 220 * 2**20
    bytes_per_pixel: int = 16
    peek: int = 4096
    ahead: int = 8
    batch: int = 500
    batch_seconds: float = 2.0
    settle_ns: int = 2_000_000_000
    busy_seconds: float = 30.0
    thumbnail: int = 160
    crowd: int = 256
    misses: int = 24
    weight_step: float = 1.3


LOSSLESS = 4

GRADES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("PNG", "TIFF", "BMP", "PPM", "TGA", "PSD", "QOI", "SGI", "SUN", "PCX"), LOSSLESS),
        "HEIF": 3,
        **dict.fromkeys(("JPEG", "JPEG2000"), 2),
        **dict.fromkeys(("WEBP", "AVIF"), 1),
    }
)
"""2026-11: how far a format is trusted to be nearer the camera or the artist, among pictures of one size;
LOSSLESS is without loss, those not named are 0. Chosen."""

COLLECTION = Collection()
"""2026-11: chosen for 400 MB in all, measured by bench/collection_memory.py; settle_ns is FAT's clock tick; `misses` so
that thousands of look-alikes take minutes, measured by bench/walk_speed.py."""
