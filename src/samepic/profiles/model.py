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
        "constant": -6.309,
        "shift": 0.387,
        "band shift": 0.0,
        "wide shift": 1.598,
        "stray": -2.005,
        "sharp shift": -3.409,
        "agreement": 0.587,
        "low": 2.002,
        "fair": 0.817,
        "uncontained": -1.542,
        "snug": 2.317,
        "fine": -3.442,
        "floor": 0.0,
        "coarse": 1.365,
        "matched": -0.015,
    },
    unchanged={
        "constant": 13.050,
        "share": -6.232,
        "spread": -1.660,
        "places": -4.682,
        "largest": -4.566,
        "low": -1.015,
        "fair": 0.903,
        "agreement": -3.189,
        "fine": -1.338,
        "coarse": 0.639,
    },
    slope=1.016,
    intercept=1.978,
    copy=0.5,
    zoomed=0.9,
    likely=0.5,
    contained=0.6,
    edited=0.35,
    same=0.5,
    overruled=0.8,
)
"""2026-11-23, `make calibrate`, 1193 pairs; see bench/RESULTS.md."""
