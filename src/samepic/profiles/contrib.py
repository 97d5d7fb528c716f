"""What the parts for web frameworks and for pytest allow, where nothing else is said."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONTRIB", "PYTEST", "ContribProfile", "PytestProfile"]


@dataclass(frozen=True, slots=True)
class ContribProfile:
    """The bounds of uploads through a web framework.

    Attributes:
        upload_bytes: what an upload may take at most.
        orphan_seconds: age from which a kept picture that nothing on the site shows any more is taken out when it would
            refuse an upload; younger, it may belong to a transaction that is still open.
        orphans: such pictures at most that one upload takes out.
        withdraw_seconds: how long the next question waits for what a rollback gave back.
        tenants: gates of tenants that a process keeps open.
        workers: processes that decode uploads.
        copycode: whether crops, borders and captions are looked for, which costs an upload 20 ms more.
    """

    upload_bytes: int = 20 * 2**20
    orphan_seconds: float = 3600.0
    orphans: int = 10
    withdraw_seconds: float = 10.0
    tenants: int = 64
    workers: int = 2
    copycode: bool = True


CONTRIB = ContribProfile()
"""2026-11-23: chosen, not calibrated; no transaction of a web request lasts an hour."""


@dataclass(frozen=True, slots=True)
class PytestProfile:
    """The bounds of the pytest plugin.

    Attributes:
        rest_seconds: how long a page may take until it matches its baseline or comes to rest.
        pauses: seconds between two shots of a page; the last one repeats.
        name_letters: letters of a baseline's name; a longer one is cut, and told from others by a digest.
        stale_seconds: age from which what a killed run left half written is removed.
        places: places of change that a message lists.
        inlined_bytes: what the pictures in one report may take; those after that are linked.
    """

    rest_seconds: float = 5.0
    pauses: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)
    name_letters: int = 120
    stale_seconds: float = 600.0
    places: int = 4
    inlined_bytes: int = 96 * 2**20


PYTEST = PytestProfile()
"""2026-11-23: chosen, not calibrated; 5 s is what Playwright waits for, and browsers open pages of 128 MB."""
