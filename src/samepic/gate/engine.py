"""Engine: who decodes uploads for the gate, in this process or in processes of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from samepic.compare import compare
from samepic.gate.prepare import Prepared, prepare
from samepic.gate.screen import screen
from samepic.profiles import LIMITS, Limits
from samepic.profiles.user import Profile
from samepic.verdict import Relation, Verdict

__all__ = ["Engine", "InProcess"]


class Engine(Protocol):
    """What the gate asks of whoever decodes; `samepic.gate.workers.Workers` does it in processes of its own."""

    def prepare(self, data: bytes, name: str, *, copycode: bool = False) -> Prepared:
        """Return fingerprint, proxy and header facts.

        Raises UnreadableError and kin, WorkerError, and MissingPartError where copy codes cannot be made.
        """

    def compare(
        self,
        a: bytes,
        b: bytes,
        *,
        same_if: Relation | str | None = None,
        profile: Profile | str | os.PathLike[str] | None = None,
        prove: bool = True,
        visibility: bool = True,
    ) -> Verdict:
        """Return what b is to a. Raises as `prepare`."""

    def screen(self, upload: bytes, kept: Sequence[bytes]) -> list[int]:
        """Return how many features each kept proxy shares with the upload's, as `samepic.gate.screen`."""

    def close(self) -> None:
        """End what was started; may be called twice."""


class InProcess:
    """Decodes in the calling process: for pictures that one trusts, such as those of an import."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits

    def prepare(self, data: bytes, name: str, *, copycode: bool = False) -> Prepared:
        """Return fingerprint, proxy and header facts. Raises UnreadableError and kin, and MissingPartError."""
        return prepare(data, name, copycode=copycode, limits=self.limits)

    def compare(
        self,
        a: bytes,
        b: bytes,
        *,
        same_if: Relation | str | None = None,
        profile: Profile | str | os.PathLike[str] | None = None,
        prove: bool = True,
        visibility: bool = True,
    ) -> Verdict:
        """Return what b is to a. Raises UnreadableError and kin."""
        return compare(
            a, b, same_if=same_if, profile=profile, prove=prove, visibility=visibility, limits=self.limits
        )

    def screen(self, upload: bytes, kept: Sequence[bytes]) -> list[int]:
        """Return how many features each kept proxy shares with the upload's."""
        return screen(upload, kept, limits=self.limits)

    def close(self) -> None:
        """Do nothing: nothing was started."""
