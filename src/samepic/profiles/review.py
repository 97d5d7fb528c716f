"""How long reviewers keep what they took, and how long their words can be taken back."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["REVIEW", "ReviewProfile"]


@dataclass(frozen=True, slots=True)
class ReviewProfile:
    """The bounds of review queues.

    Attributes:
        lease_seconds: how long nobody else gets a pair after its reviewer was last heard of.
        undo_seconds: how long what a word changed is remembered, so that it can be taken back.
        page: held pictures that are read at a time to find the next pair.
    """

    lease_seconds: float = 90.0
    undo_seconds: float = 86_400.0
    page: int = 100


REVIEW = ReviewProfile()
"""2026-11-23: chosen. The page renews its lease every 30 s, so that two calls may be lost."""
