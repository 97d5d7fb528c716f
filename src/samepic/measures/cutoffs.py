"""The cutoff of each classical measure, as bench/cutoffs.py found it. docs/cutoffs.md explains them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

FLAT_LEVELS = 0.01  # 2026-11: whitened luma with a lower RMS is flat: float32 rounding, no picture. Chosen.
FOUND_STRONG = 0.99  # 2026-11: share of re-saves that the cutoff of a "strong" measure still finds. Chosen.
FOUND_WEAK = 0.5  # 2026-11: below this share a measure is no evidence at its cutoff. Chosen.


class Cutoff(NamedTuple):
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
        """Return whether `value` is within the cutoff."""
        return value <= self.value if self.lower else value >= self.value


# begin: written by bench/cutoffs.py --write
ORIGIN = "2026-11-22: bench/cutoffs.py, 1031 photographs x 21 re-saves, seed 20261122"

# fmt: off
_ROWS = (
    ("same_bytes", 1.0, False, 0.0, (0.0, 0.000177), (1.0, 1.0), 530965, 21651, 0),
    ("same_pixels", 1.0, False, 4.6e-05, (0.0, 0.000262), (1.0, 1.0), 530965, 21651, 0),
    ("difference_box", 0.9896, True, 0.024156, (0.016019, 0.030673), (0.8833, 0.998), 120000, 21651, 10),
    ("absolute_difference_mean", 26.55, True, 1.0, (0.999823, 1.0), (21.19, 29.63), 120000, 21651, 11),
    ("absolute_difference_sum", 679300.0, True, 0.183225, (0.167744, 0.622748), (631900.0, 2085000.0), 120000, 21651, 11),  # noqa: E501
    ("rms_distance", 60.73, True, 1.0, (0.999823, 1.0), (54.49, 67.36), 120000, 21651, 11),
    ("psnr", 17.24, False, 1.0, (0.999823, 1.0), (16.33, 18.18), 120000, 21651, 11),
    ("histogram_rms", 132.5, True, 0.590596, (0.522638, 0.687051), (107.7, 187.5), 530965, 21651, 52),
    ("histogram_rms_normalised", 0.001388, True, 0.791372, (0.767892, 0.814793), (0.001295, 0.001501), 530965, 21651, 52),  # noqa: E501
    ("kullback_leibler", 0.1084, True, 0.432774, (0.40497, 0.45597), (0.09558, 0.1191), 1061930, 21651, 105),
    ("jensen_shannon", 0.02462, True, 0.926793, (0.912297, 0.936919), (0.0211, 0.02693), 530965, 21651, 52),
    ("whitened_correlation", 0.1425, False, 1.0, (0.999823, 1.0), (0.1023, 0.1763), 530965, 21651, 52),
    ("whitened_rms", 6.173, True, 0.993164, (0.990114, 0.996075), (5.651, 6.892), 530965, 21651, 52),
    ("ssim", 0.6583, False, 0.999908, (0.999443, 1.0), (0.6123, 0.7104), 120000, 21651, 11),
)
# fmt: on
# end

CUTOFFS: Mapping[str, Cutoff] = MappingProxyType({row[0]: Cutoff(*row) for row in _ROWS})
"""The cutoffs by the name of the measure."""
