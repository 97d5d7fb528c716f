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
        copy: probability of one exposure from which two pictures in which nothing differs are called the same.
        contained: share of what there is to see in one of the two that the other must show for them to be the same.
        edited: the same from which something that differs is called an edit, not another picture.
        same: probability that nothing was changed, given one exposure, that is wanted besides.
        overruled: the same where some place seems changed all the same.
    """

    origin: dict[str, float]
    unchanged: dict[str, float]
    copy: float
    contained: float
    edited: float
    same: float
    overruled: float


MODEL = Model(
    origin={
        "constant": -3.972,
        "shift": -0.398,
        "wide shift": 0.969,
        "stray": -1.812,
        "sharp shift": -2.569,
        "agreement": -1.120,
        "low": 0.302,
        "fair": 0.567,
        "uncontained": -1.814,
        "snug": 2.318,
        "fine": -3.086,
        "coarse": 2.172,
        "matched": -0.051,
    },
    unchanged={
        "constant": 11.833,
        "share": -6.171,
        "spread": -0.416,
        "places": -5.272,
        "largest": -4.460,
        "low": -0.717,
        "fair": 2.076,
        "agreement": -1.451,
        "fine": -0.688,
        "coarse": -0.990,
    },
    copy=0.5,
    contained=0.6,
    edited=0.35,
    same=0.5,
    overruled=0.8,
)
"""2026-11-23, `make calibrate`, 1294 pairs; see bench/RESULTS.md."""
