"""The cutoff of each classical measure, as bench/cutoffs.py found it. docs/cutoffs.md explains them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["CUTOFFS", "FLAT_LEVELS", "FOUND_STRONG", "FOUND_WEAK", "Cutoff"]

FLAT_LEVELS = 0.01
"""2026-11: whitened luma with an RMS below this many levels is flat: float32 rounding, no picture. Chosen."""

FOUND_STRONG = 0.99
"""2026-11: a measure is "strong" if its cutoff still finds this share of re-saves. Chosen, not calibrated."""

FOUND_WEAK = 0.5
"""2026-11: below this share a measure is no evidence at its cutoff. Chosen, not calibrated."""


@dataclass(frozen=True, slots=True)
class Cutoff:
    """Where one measure separates re-saves from distinct photographs at 1 wrong in 10 000.

    A pair passes at or below `value` where `lower` is better, else at or above it. `found` is the share of
    re-saves that pass, `found_interval` and `interval` are 95 % intervals of that share and of the cutoff;
    `pairs` of distinct photographs and `resaves` were measured, `wrong` of those pairs passed.
    """

    measure: str
    value: float
    lower: bool
    found: float
    found_interval: tuple[float, float]
    interval: tuple[float, float]
    pairs: int
    resaves: int
    wrong: int

    def passes(self, value: float) -> bool:
        """Tell whether `value` is within the cutoff."""
        return value <= self.value if self.lower else value >= self.value


# begin: written by bench/cutoffs.py --write
ORIGIN = "not calibrated yet"

_CUTOFFS: tuple[Cutoff, ...] = ()
# end

CUTOFFS: Mapping[str, Cutoff] = MappingProxyType({cutoff.measure: cutoff for cutoff in _CUTOFFS})
"""The cutoffs by the name of the measure."""
