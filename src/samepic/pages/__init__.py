"""The pages that people look at, served beside /v1 by the same process."""

from __future__ import annotations

__all__: list[str] = []
