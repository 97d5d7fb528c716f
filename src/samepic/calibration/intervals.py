"""Intervals of a share that was counted: `hits` of `trials`."""

from __future__ import annotations

import math
from statistics import NormalDist

from samepic.profiles.calibration import CALIBRATION

__all__ = ["clopper_pearson", "outward", "wilson"]

_TINY = 1e-300
_NOTHING = 1e-6


def wilson(hits: int, trials: int, confidence: float = CALIBRATION.confidence) -> tuple[float, float]:
    """Return Wilson's score interval of a share, each bound 0 to 1; (0, 1) where there were no trials.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927.
    """
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = hits / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = math.sqrt(share * (1 - share) * weight + weight * weight / 4) / (1 + weight)
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    return low, 1.0 if hits == trials else min(1.0, centre + half)


def clopper_pearson(
    hits: int, trials: int, confidence: float = CALIBRATION.confidence
) -> tuple[float, float]:
    """Return the exact interval of a share, each bound 0 to 1; (0, 1) where there were no trials.

    It holds the true share at least as often as `confidence` says, however small the counts. C. J. Clopper and
    E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial, Biometrika 26,
    1934. The bounds are quantiles of beta distributions.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _beta_quantile(tail, hits, trials - hits + 1)
    high = 1.0 if hits == trials else _beta_quantile(1 - tail, hits + 1, trials - hits)
    return low, high


def outward(bound: float, *, up: bool) -> str:
    """Return a bound, 0 to 1, in percent with two digits that count, from 0 or from 100; never rounded inward."""
    percent = bound * 100
    near = min(percent, 100 - percent)
    if near < _NOTHING:
        return "100" if percent > 50 else f"{_NOTHING:f}" if up and percent > 0 else "0"
    digits = 1 - math.floor(math.log10(near))
    scaled = percent * 10.0**digits
    # What a product of floats adds in its last digit is no reason to go a step farther.
    whole = math.ceil(scaled - 1e-6) if up else math.floor(scaled + 1e-6)
    text = f"{whole / 10.0**digits:.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _beta_quantile(share: float, a: float, b: float) -> float:
    """Return where the cumulated beta distribution reaches `share`, by halving."""
    low, high = 0.0, 1.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if _beta_cumulated(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta_cumulated(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) of 0 < x < 1. DLMF 8.17.4 and 8.17.22."""
    if x > (a + 1) / (a + b + 2):  # where the fraction converges faster for the mirrored function
        return 1 - _beta_cumulated(1 - x, b, a)
    scale = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(scale) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Return 1 + d1/(1 + d2/(1 + ...)) of DLMF 8.17.22, by Lentz's method (Thompson and Barnett, 1986)."""
    value, c, d, change, step = 1.0, 1.0, 0.0, 0.0, 0
    while abs(change - 1) > 1e-15:
        step += 1
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        c = 1 + term / c or _TINY
        d = 1 / (1 + term * d or _TINY)
        change = c * d
        value *= change
    return value
