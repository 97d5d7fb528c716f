"""Parts: what every admission of one gate shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from samepic.gate.engine import Engine
from samepic.gate.index import Index
from samepic.profiles.user import Profile
from samepic.store.protocol import Store

__all__ = ["Originals", "Parts"]

Originals = Callable[[str], object]
"""Gives the original of a key as bytes, a path or a binary file; None where it has none."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every admission of one gate shares: its store, index and decoder, and what the caller gave it.

    `copycode` tells that copy codes are made, `lease` is in seconds.
    """

    store: Store
    index: Index
    engine: Engine
    tenant: str
    profile: Profile | None
    originals: Originals | None
    copycode: bool
    lease: float
