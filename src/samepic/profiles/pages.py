"""How long people stay signed in, and how large the pictures are that their pages show."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PAGES", "PageLimits"]


@dataclass(frozen=True, slots=True)
class PageLimits:
    """The bounds of the pages.

    Attributes:
        session_seconds: how long a signed-in browser may ask before the token is wanted again.
        view_side: the longest side of a picture that a page shows, in pixels.
        view_quality: the JPEG quality at which it is encoded.
        view_bytes: the pictures of one pair together, at most.
        days: how far back the status goes.
        refusals: the latest refusals that are counted for it.
        flooding: how many of the pictures that refuse the most are named.
        sample: kept pictures whose distance to the nearest other one is drawn, of the `newest` ones.
        nearest: how many kept pictures are shown that are like a checked one.
    """

    session_seconds: int = 12 * 3600
    view_side: int = 1200
    view_quality: int = 85
    view_bytes: int = 8 * 2**20
    nearest: int = 12
    days: int = 30
    refusals: int = 10_000
    flooding: int = 8
    sample: int = 400
    newest: int = 20_000


PAGES = PageLimits()
"""2026-11-23: chosen: a working day, and pictures that fill a window without filling a process."""
