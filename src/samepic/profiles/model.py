"""The model that tells, from how two pictures agree once one lies on the other, whether they are one picture."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MODEL", "Model"]


@dataclass(frozen=True, slots=True)
class Model:
    """The weights of two logistic regressions; what each factor is, is told in `samepic.verify.judge`.

    Attributes:
        origin: the weights for "both come from one exposure, edited or not", by factor.
        unchanged: the weights for "nothing in the copy was changed", given that both come from one exposure, by factor.
        slope, intercept: what turns the logarithm of the odds of their product into that of the stated probability.
        copy: probability of one exposure from which two pictures in which nothing differs are called the same.
        zoomed: the same where one is a part of the other and its tone differs, as in a shot with another focal length.
        likely: product of both probabilities that is wanted besides.
        contained: share of what there is to see in one of the two that the other must show for them to be the same.
        edited: the same from which something that differs is called an edit, not another picture.
        same: probability that nothing was changed, given one exposure, that is wanted besides.
        overruled: the same where some place seems changed all the same.
    """

    origin: dict[str, float]
    unchanged: dict[str, float]
    slope: float
    intercept: float
    copy: float
    zoomed: float
    likely: float
    contained: float
    edited: float
    same: float
    overruled: float


MODEL = Model(
    origin={
        "constant": -5.874,
        "band shift": -2.114,
        "agreement": -1.022,
        "low": -1.580,
        "fair": -0.717,
        "uncontained": -3.330,
        "snug": 3.521,
        "fine": -5.067,
        "floor": 7.629,
        "coarse": 1.853,
    },
    unchanged={
        "constant": 11.113,
        "share": -3.821,
        "spread": -2.340,
        "places": -6.704,
        "largest": 0.705,
        "low": -2.083,
        "fair": -0.828,
        "agreement": -0.227,
        "fine": -0.255,
        "coarse": -2.078,
    },
    slope=1.014,
    intercept=1.999,
    copy=0.7,
    zoomed=0.955,
    likely=0.5,
    contained=0.6,
    edited=0.35,
    same=0.5,
    overruled=0.8,
)
"""2026-11-23, `make calibrate`, 1195 pairs; see bench/RESULTS.md."""
