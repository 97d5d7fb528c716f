"""Every threshold of samepic, in named and dated profiles, each with its origin; none is written twice."""

from __future__ import annotations

from samepic.profiles.limits import LIMITS, Limits

__all__ = ["LIMITS", "Limits"]
