"""The pages on which the groups that find found are decided, served by the command that found them."""

from __future__ import annotations

__all__: list[str] = []
