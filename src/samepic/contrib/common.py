"""Shared by the parts for all web frameworks: sentences for uploaders, and removal of orphans."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from samepic.decision import Decision, Outcome
from samepic.errors import StoreKeyError

if TYPE_CHECKING:
    from samepic.gate.gate import Gate

UPLOAD_BYTES: Final = 20 * 2**20
"""The largest upload."""

ORPHAN_SECONDS: Final = 3600.0
"""The age from which on an unused kept picture is removed instead of refusing an upload; a younger one may belong to an
open transaction."""

_ORPHANS: Final = 10  # how many of these one upload removes at most
SEE = "See the picture that is already here."
LATER = "Pictures cannot be taken just now: try again."
STATUS = {Outcome.DUPLICATE: 409, Outcome.REFUSED: 422}
"""The HTTP statuses of uploads that are not accepted."""

SHARED = ("store", "tenant", "policy", "profile", "workers", "copycode", "replicas")
"""The options of the gate that a site may set."""

Shown = Callable[[str], bool]
"""Says whether the site shows the picture of a key."""


@dataclass(frozen=True, slots=True)
class AdmittedPicture:
    """An upload that was accepted under `key`, with its bytes and file name; `decision` says accepted or review."""

    key: str
    decision: Decision
    data: bytes
    filename: str


def sentence(decision: Decision) -> str:
    reason = decision.reason
    return f"{reason[:1].upper()}{reason[1:]}{'' if reason.endswith(('.', '!', '?')) else '.'}"


def too_large(limit: int) -> str:
    units = ((2**30, "GB"), (2**20, "MB"), (2**10, "KB"))
    size = next((f"{limit / unit:.3g} {name}" for unit, name in units if limit >= unit), f"{limit} bytes")
    return f"This file is too large: at most {size} are taken."


def past_orphans(
    gate: Gate, ask: Callable[[], Decision], shown: Shown | None, seconds: float = ORPHAN_SECONDS
) -> Decision:
    """Return the decision of `ask`, made anew where a picture that is not `shown`, older than `seconds`, refused."""
    if shown is None:
        return ask()
    for _ in range(_ORPHANS):
        decision = ask()
        if decision.outcome is not Outcome.DUPLICATE or decision.match is None:
            return decision
        if not _forgotten(gate, decision.match.key, shown, seconds):
            return decision
    return ask()


def give_back(gate: Gate, key: str, shown: Shown | None) -> None:
    """Remove the picture of a failed upload, unless the site shows it anyway."""
    if shown is None or not shown(key):
        with suppress(StoreKeyError):
            gate.remove(key)


def _forgotten(gate: Gate, key: str, shown: Shown, seconds: float) -> bool:
    kept = gate.get(key)
    if kept is None:
        return True
    if kept.created > time.time() - seconds or shown(key):
        return False
    with suppress(StoreKeyError):
        gate.remove(key)
    return True
