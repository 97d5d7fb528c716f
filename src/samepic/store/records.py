"""Records: what a store keeps of one picture, and what reviewers decided on pairs of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from samepic.decision import Match
from samepic.fingerprints.fingerprint import VERSION
from samepic.tuning.search import SEARCH
from samepic.values import values_of
from samepic.writing import time_text

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class State(StrEnum):
    """The state of a record: being decided, accepted, or waiting for a reviewer."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Record:
    """One picture as a store keeps it.

    `key` is the caller's name for it, unique in its `tenant`; `sha256` and `coded_digest` are in hex, the latter ""
    for formats without one; `pdq` and `copycode` are 32 bytes or b""; `quality` and `detail` say what the PDQ code
    is worth, `code_version` which fingerprints the copy code is of; `unresolved` is how much writing its proxy does
    not show (`samepic.verify.photometry`), None where an older samepic did not measure it; `width` and `height` are
    upright; `size` and `metadata` are bytes; `grade` is how far its format is trusted; `proxy` is a small picture
    of it, encoded; `data` is the caller's JSON object. `number`, `state`, `created` and `lease_until` (both in
    seconds since 1970 by the store's clock) are the store's; `matches` is what it is held for.
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
    code_version: int = VERSION
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
class ListedPicture:
    """What a list shows of a kept picture: fields of its Record."""

    key: str
    state: State
    created: float
    format: str
    width: int
    height: int
    size: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object, with the time as text."""
        return values_of(self) | {"created": time_text(self.created)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused upload, so that a retry gets the same answer: by the kept `number`, under the text of a policy."""

    tenant: str
    key: str
    sha256: str
    number: int
    policy: str
    match: Match


@dataclass(frozen=True, slots=True)
class ReviewLease:
    """A held picture and the `other` it is held for, the `place`-th (from 0) `of` those left, leased to a reviewer."""

    number: int
    key: str
    other: str
    place: int
    of: int


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """A reviewer's decision, ordered by `position`, `at` in seconds since 1970; while `kept`, it can be undone."""

    position: int
    reviewer: str
    at: float
    key: str
    other: str
    same: bool
    undone: bool
    kept: bool
