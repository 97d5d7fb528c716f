"""Shared by the parts for all web frameworks: limits, statuses, and removal of orphans."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from samepic.decision import Decision, Outcome
from samepic.errors import StoreKeyError, UnreadableError
from samepic.messages import catalogue_language

if TYPE_CHECKING:
    from samepic.gate.gate import Gate

UPLOAD_BYTES: Final = 20 * 2**20
"""The largest upload."""

ORPHAN_SECONDS: Final = 3600.0
"""The age from which on an unused kept picture is removed instead of refusing an upload; a younger one may belong to an
open transaction."""

_ORPHANS: Final = 10  # how many of these one upload removes at most
STATUS = {Outcome.DUPLICATE: 409, Outcome.REFUSED: 422}
"""The HTTP statuses of uploads that are not accepted."""

RETRY_SECONDS: Final = 5
"""What Retry-After says while the store cannot be reached."""

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


def error_page(language: str, title: str, html: str) -> str:
    """Return a small page of one sentence; `html` may have a link in it."""
    lang = catalogue_language(language) or "en"
    head = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{escape(title)}</title>'
    return f'{head}<meta name="viewport" content="width=device-width"><p>{html}</p>'


def problem(
    code: str, message: str, *, detail: str = "", name: str = "", error: UnreadableError | None = None
) -> dict[str, Any]:
    """Return the JSON object of an error, in the shape that the service's errors have; `name` is that of the field."""
    expected, found = (error.wanted, error.got) if error else ("", "")
    values = {"code": code, "message": message, "detail": detail}
    return {**values, "wanted": expected, "got": found, "name": name}


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
