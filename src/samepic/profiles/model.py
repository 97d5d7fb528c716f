"""The model that tells, from how two pictures agree once one lies on the other, whether they are one picture."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MODEL", "Model"]


@dataclass(frozen=True, slots=True)
class Model:
    """The weights of two logistic regressions; what each factor is, is told in `samepic.verify.judge`.

    Attributes:
        origin: the weights for "both come from one exposure, edited or not", by factor.
        same: the weights for "the same picture, nothing in it changed", by factor.
        copy: probability of one exposure from which something that differs is an edit, not another picture.
        sure: probability of the same picture from which two pictures are called that.
    """

    origin: dict[str, float]
    same: dict[str, float]
    copy: float
    sure: float


MODEL = Model(
    origin={
        "constant": -6.020,
        "shift": -1.390,
        "stray": -1.150,
        "sharp shift": -0.950,
        "agreement": 0.850,
        "low": 2.710,
        "fair": 2.860,
        "uncontained": -1.940,
        "snug": 3.320,
        "fine": -1.600,
        "matched": 0.080,
    },
    same={
        "constant": -6.020,
        "shift": -1.390,
        "stray": -1.150,
        "sharp shift": -0.950,
        "agreement": 0.850,
        "low": 2.710,
        "fair": 2.860,
        "uncontained": -1.940,
        "snug": 3.320,
        "fine": -1.600,
        "matched": 0.080,
    },
    copy=0.9,
    sure=0.9,
)
"""2026-11-23, `make calibrate`; see bench/RESULTS.md."""
