"""Tuning: every number that changes a verdict, with its meaning and its origin."""

from __future__ import annotations

from typing import Final

__all__ = ["VERSION"]

VERSION: Final = 15
"""The version of verdicts and fingerprints. Raise it with every change of numbers, weights or code that can change one,
so that cached ones are not used again."""
