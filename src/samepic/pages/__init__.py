"""The web pages, served beside /v1 by the same process."""

from __future__ import annotations

__all__: list[str] = []
