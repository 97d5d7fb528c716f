"""Words: what reviewers said of held pictures, pair by pair, as a store remembers it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Claim", "Word"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A held picture and one that it is held for, taken by one reviewer so that nobody else gets it.

    `number` and `key` are those of the held picture, `other` is the key of the kept one, `place` the position of it
    among the `matches` that are left (from 0), whose count `of` is.
    """

    number: int
    key: str
    other: str
    place: int
    of: int


@dataclass(frozen=True, slots=True)
class Word:
    """What a reviewer said of a held picture `key` and a kept one `other`.

    `position` orders all words of a store; `at` is in seconds since 1970 by the store's clock; `undone` tells that it
    was taken back, and `kept` that what it changed is still remembered, so that it could be.
    """

    position: int
    reviewer: str
    at: float
    key: str
    other: str
    same: bool
    undone: bool
    kept: bool
