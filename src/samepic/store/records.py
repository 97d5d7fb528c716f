"""Records: what a store keeps of one picture, and what reviewers decided on pairs of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from samepic.decision import Match
from samepic.tuning.search import SEARCH

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class State(StrEnum):
    """The state of a record: being decided, accepted, or waiting for a reviewer."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Record:
    """One picture as a store keeps it.

    `key` is the caller's name for it, unique in its `tenant`; `sha256` and `coded_digest` are in hex, the latter "" for
    formats without one; `pdq` and `copycode` are 32 bytes or b""; `quality` and `detail` say what the PDQ code is
    worth; `unresolved` is how much writing its proxy does not show (`samepic.verify.photometry`), None where an older
    samepic did not measure it; `width` and `height` are upright; `size` and `metadata` are bytes; `grade` is how far
    its format is trusted; `proxy` is a small picture of it, encoded; `data` is the caller's JSON object. `number`,
    `state`, `created` and `lease_until` (both in seconds since 1970 by the store's clock) are the store's; `matches` is
    what it is held for.
    """

    tenant: str
    key: str
    sha256: str
    coded_digest: str
    pdq: bytes
    quality: int
    detail: int
    copycode: bytes
    width: int
    height: int
    format: str
    size: int
    proxy: bytes
    frames: int = 1
    metadata: int = 0
    jpeg_quality: int | None = None
    grade: int = 0
    unresolved: float | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    number: int = 0
    state: State = State.PENDING
    created: float = 0.0
    lease_until: float = 0.0
    matches: tuple[Match, ...] = ()

    @property
    def identity(self) -> str:
        """What is equal for files that show the same pixels by the same code: the coded digest, else the sha256."""
        return self.coded_digest or self.sha256

    @property
    def is_weak(self) -> bool:
        """Whether the PDQ code says nothing: the picture must not be found by it alone."""
        return self.quality < SEARCH.quality or self.detail < SEARCH.detail


@dataclass(frozen=True, slots=True)
class Refusal:
    """An upload that was refused as a duplicate, so that a retry gets the same answer.

    `number` is that of the kept picture that decided, `policy` the text of the policy under which it did, `match` the
    answer.
    """

    tenant: str
    key: str
    sha256: str
    number: int
    policy: str
    match: Match


@dataclass(frozen=True, slots=True)
class ReviewLease:
    """A held picture and one that it is held for, leased to one reviewer.

    `number` and `key` are those of the held picture, `other` is the key of the kept one, `place` the position of it
    among the `matches` that are left (from 0), whose count `of` is.
    """

    number: int
    key: str
    other: str
    place: int
    of: int


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """The decision of a reviewer on a held picture `key` and a kept one `other`.

    `position` orders all decisions of a store; `at` is in seconds since 1970 by the store's clock; `undone`: it was
    taken back; `kept`: what it changed is still stored, so that it can be.
    """

    position: int
    reviewer: str
    at: float
    key: str
    other: str
    same: bool
    undone: bool
    kept: bool
