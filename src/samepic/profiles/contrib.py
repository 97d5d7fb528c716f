"""What the parts for web frameworks allow, where a site says nothing else."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONTRIB", "ContribProfile"]


@dataclass(frozen=True, slots=True)
class ContribProfile:
    """The bounds of uploads through a web framework.

    Attributes:
        upload_bytes: what an upload may take at most.
        chunk_bytes: what is read of an upload at a time.
        orphan_seconds: age from which a kept picture that nothing on the site shows any more is taken out when it would
            refuse an upload; younger, it may belong to a transaction that is still open.
        orphans: such pictures at most that one upload takes out.
        withdraw_seconds: how long the next question waits for what a rollback gave back.
        tenants: gates of tenants that a process keeps open.
        workers: processes that decode uploads.
        copycode: whether crops, borders and captions are looked for, which costs an upload 20 ms more.
    """

    upload_bytes: int = 20 * 2**20
    chunk_bytes: int = 2**20
    orphan_seconds: float = 3600.0
    orphans: int = 10
    withdraw_seconds: float = 10.0
    tenants: int = 64
    workers: int = 2
    copycode: bool = True


CONTRIB = ContribProfile()
"""2026-11-23: chosen, not calibrated; no transaction of a web request lasts an hour."""
