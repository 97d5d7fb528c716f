"""Every threshold of samepic, in named and dated profiles, each with its origin; none is written twice."""

from __future__ import annotations

from samepic.profiles.align import ALIGN, Align
from samepic.profiles.judge import JUDGE, Judge
from samepic.profiles.limits import LIMITS, Limits
from samepic.profiles.quantization import QUANTIZATION, Quantization

__all__ = [
    "ALIGN",
    "JUDGE",
    "LIMITS",
    "QUANTIZATION",
    "Align",
    "Judge",
    "Limits",
    "Quantization",
]
