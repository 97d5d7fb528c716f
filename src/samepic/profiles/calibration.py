"""How a user's own labelled pairs are measured and a profile is made of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CALIBRATION", "Calibration"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The constants of `samepic calibrate`.

    Attributes:
        confidence: of every interval.
        bins: equal parts of 0 to 1 that probabilities are sorted into for the reliability diagram.
        cutoffs: probabilities as stated, rising, that are tried as the least that counts as the same.
        clamp: probabilities are held this far from 0 and 1 before their logarithms are taken.
        slope_spread, intercept_spread: standard deviations of the normal prior round "rescale nothing" (1 and 0).
        least_slope: rescaling never turns the order of probabilities round.
        told: disagreements and unreadable pairs that are listed unless all are asked for.
    """

    confidence: float = 0.95
    bins: int = 10
    cutoffs: tuple[float, ...] = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
    clamp: float = 1e-6
    slope_spread: float = 0.5
    intercept_spread: float = 2.0
    least_slope: float = 0.05
    told: int = 10


CALIBRATION = Calibration()
"""2026-11: the prior weighs as much as a handful of pairs: probabilities that were right stay, four perfectly
parted pairs move nothing far, and some hundred pairs outweigh it. Chosen, not calibrated."""
