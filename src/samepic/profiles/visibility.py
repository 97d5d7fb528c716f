"""What a score of visibility means."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["VISIBILITY", "VisibilityAnchors"]


@dataclass(frozen=True, slots=True)
class VisibilityAnchors:
    """The scores of SSIMULACRA 2.1 from which an average observer, at 1:1 and a usual distance, sees no difference.

    Attributes:
        flickering: not even where the two take turns in one place.
        in_place: not where the one follows the other in one place.
        side_by_side: not where they lie side by side.
        hardly: side by side, but barely; below, the difference is perceptible.
        least_side: the shorter side, in pixels, from which there are all six scales for which the anchors hold.
    """

    flickering: float = 90.0
    in_place: float = 85.0
    side_by_side: float = 80.0
    hardly: float = 70.0
    least_side: int = 113


VISIBILITY = VisibilityAnchors()
"""2023-04: the anchors as Cloudinary publishes them with SSIMULACRA 2.1 (README of the reference implementation).

2026-11-23: `least_side`: a side of 113 pixels can be halved five times; with fewer scales the published weights fall on
other scales, and a score means something else.
"""
