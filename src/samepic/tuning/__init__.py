"""Every number that changes a verdict, each with its meaning and its origin beside it; none is written twice."""

from __future__ import annotations

from typing import Final

__all__ = ["VERSION"]

VERSION: Final = 1
"""Of verdicts and of what is read from a file: raised with every change that can change one of them, of a number, of
weights or of code, so that what was kept before is not used again."""
