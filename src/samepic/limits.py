"""Limits of operation: the memory and time of sources, gates, workers, pages, reviews and searches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one picture, checked against its header before memory is taken.

    `file_bytes` of the encoded file; `pixels` of one frame (width x height as declared); `side` of the longer
    side; `frames` of an animation that are counted; `metadata_bytes` of all text chunks, profiles and EXIF
    after decompression; `chunks` of a PNG, beside one a kilobyte of the file.
    """

    file_bytes: int = 512 * 2**20
    pixels: int = 300_000_000
    side: int = 100_000
    frames: int = 10_000
    metadata_bytes: int = 32 * 2**20
    chunks: int = 10_000


LIMITS = Limits()
"""2026-11: a 300-megapixel panorama passes; a decompression bomb does not. Chosen, not calibrated."""


UPLOAD = Limits(file_bytes=128 * 2**20, pixels=100_000_000, metadata_bytes=16 * 2**20)
"""2026-11-23: the limits of an upload, chosen to fit the memory and time of a worker."""
