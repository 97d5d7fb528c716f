"""The closed shapes of what a worker answers."""

from __future__ import annotations

from dataclasses import dataclass, fields

from samepic.errors import LimitError, TruncatedError, UnreadableError, UnsupportedError
from samepic.facts import Facts
from samepic.verdict import PictureInfo, Region, Relation, Transform, Visibility

__all__ = [
    "ERRORS",
    "MISSING",
    "CompareAnswer",
    "ErrorAnswer",
    "PrepareAnswer",
    "Protection",
    "ScreenAnswer",
    "ViewsAnswer",
]

ERRORS = {kind.__name__: kind for kind in (UnreadableError, TruncatedError, LimitError, UnsupportedError)}
MISSING = "MissingPartError"


@dataclass(frozen=True, slots=True)
class PrepareAnswer:
    """What is told of one picture besides its proxy: the text form of its fingerprint, and what its header says.

    `unresolved` is as in `Prepared`.
    """

    fingerprint: str
    info: PictureInfo
    unresolved: float = 0.0


@dataclass(frozen=True, slots=True)
class ScreenAnswer:
    """How many features each proxy shares with the upload's."""

    shared: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CompareAnswer:
    """A verdict without the pictures that it would draw."""

    relation: Relation
    same: bool | None
    probability: float
    explanation: str
    a: PictureInfo
    b: PictureInfo
    regions: tuple[Region, ...]
    transform: Transform | None
    measures: dict[str, float]
    original: str
    original_reason: str
    visibility: Visibility | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class ViewsAnswer:
    """A verdict, and how many bytes each picture has that comes beside it."""

    verdict: CompareAnswer
    sizes: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """What could not be done, as the error says it.

    `kind` is a key of ERRORS, MISSING, or "" for what nobody foresaw.
    """

    kind: str
    name: str
    wanted: str
    got: str


@dataclass(frozen=True, slots=True)
class Protection:
    """Which of the bounds hold where this runs; what bounds wall time and answers holds everywhere.

    `memory` and `cpu` are limited by the system; `new_files` tells that no byte can be written into a file, `files`
    that none can be opened at all, `network` that no socket can be made, `programs` that no program can be started and
    no other process be touched, `orphans` that the system ends the process with its parent, `privileges` that it can
    gain none and holds none of an administrator's. `system` is the system and machine that this was found on.
    """

    system: str
    memory: bool = False
    cpu: bool = False
    new_files: bool = False
    core_dumps: bool = False
    files: bool = False
    network: bool = False
    programs: bool = False
    orphans: bool = False
    privileges: bool = False

    @property
    def complete(self) -> bool:
        """Whether every bound holds."""
        return all(getattr(self, name) for name in self.to_dict() if name != "system")

    def to_dict(self) -> dict[str, str | bool]:
        """Return each bound by its name, for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
