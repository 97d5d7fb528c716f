"""How the groups of a report are shown."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FOUND", "FoundPages"]


@dataclass(frozen=True, slots=True)
class FoundPages:
    """The bounds of a review of what find found.

    Attributes:
        groups: groups on one page.
        files: files of one group that are shown; more are counted, and keep their marks.
        steps: files on one page of the plan.
        side: longer side of a thumbnail in pixels.
        thumbnail_bytes: thumbnails that are kept in memory.
        threads: thumbnails that are made at once.
        field_bytes: the body of a request.
        finish_seconds: how long the last page is served.
    """

    groups: int = 20
    files: int = 60
    steps: int = 200
    side: int = 320
    thumbnail_bytes: int = 32 * 2**20
    threads: int = 2
    field_bytes: int = 16 * 1024
    finish_seconds: float = 1.5


FOUND = FoundPages()
"""2026-11-23: chosen; 32 MB are about 1500 thumbnails."""
