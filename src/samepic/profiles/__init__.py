"""Every threshold of samepic, in named and dated profiles, each with its origin; none is written twice."""

from __future__ import annotations

from samepic.profiles.judge import JUDGE, Judge
from samepic.profiles.limits import LIMITS, Limits

__all__ = ["JUDGE", "LIMITS", "Judge", "Limits"]
