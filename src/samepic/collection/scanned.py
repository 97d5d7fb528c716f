"""The report of `samepic find --json`, read back as frozen values; every line is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from samepic.errors import ProfileError, ReportError
from samepic.verdict import Relation

__all__ = ["Scan", "ScannedFile", "ScannedGroup", "ScannedMember", "read_scan"]


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file as the scan saw it: `path` as `os.fsdecode` gives it, bytes, nanoseconds, hexadecimal digest."""

    path: str
    size: int
    mtime_ns: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return the file in the shape of the report."""
        return {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class ScannedMember:
    """A file that was verified against the reference of its group, and what it is to it."""

    file: ScannedFile
    relation: Relation
    probability: float
    explanation: str


@dataclass(frozen=True, slots=True)
class ScannedGroup:
    """A reference, the reason why it is the best of its group, and the members (the reference is none)."""

    number: int
    reference: ScannedFile
    reason: str
    members: tuple[ScannedMember, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """What one run of `samepic find` found.

    `unreadable` are (path, error); `made_ns` is when the report was written, in nanoseconds since 1970, or
    None where that is not known.
    """

    groups: tuple[ScannedGroup, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    made_ns: int | None = field(default=None, compare=False)


def read_scan(lines: Iterable[bytes], name: str, *, made_ns: int | None = None) -> Scan:
    """Read the lines of a report that is called `name` in messages.

    Raises ReportError, with the line, what was wanted and what came, for anything of another shape.
    """
    groups: list[ScannedGroup] = []
    unreadable: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        entry = _Fields(_parsed(line, f"{name}: line {number}"), f"{name}: line {number}")
        if "unreadable" in entry.fields:
            unreadable.append((entry.text("unreadable"), entry.text("error")))
        else:
            groups.append(_group(entry))
    return Scan(tuple(groups), tuple(unreadable), made_ns)


def _parsed(line: bytes, where: str) -> object:
    try:
        return json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{where}: wanted one JSON object of samepic find --json, got {error}") from None


class _Fields:
    """The fields of one object, asked for by name and kind."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise ReportError(f"{where}: wanted an object, got {_shown(value)}")
        self.fields: dict[str, object] = value
        self.where = where

    def text(self, name: str) -> str:
        value = self._get(name, "a text", lambda v: isinstance(v, str))
        assert isinstance(value, str)
        return value

    def whole(self, name: str) -> int:
        value = self._get(name, "a whole number", lambda v: type(v) is int)
        assert isinstance(value, int)
        return value

    def number(self, name: str) -> float:
        value = self._get(name, "a number from 0 to 1", lambda v: type(v) in (int, float) and 0 <= v <= 1)
        assert isinstance(value, (int, float))
        return float(value)

    def items(self, name: str) -> list[Any]:
        value = self._get(name, "a list", lambda v: isinstance(v, list))
        assert isinstance(value, list)
        return value

    def below(self, name: str) -> _Fields:
        return _Fields(self._get(name, "an object", lambda v: isinstance(v, dict)), f"{self.where}: {name}")

    def _get(self, name: str, wanted: str, fits: Callable[[Any], bool]) -> object:
        if name not in self.fields:
            raise ReportError(f"{self.where}: wanted {name}: {wanted}, got none")
        value = self.fields[name]
        if not fits(value):
            raise ReportError(f"{self.where}: wanted {name}: {wanted}, got {_shown(value)}")
        return value


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:40] + "..."


def _group(entry: _Fields) -> ScannedGroup:
    reference = _file(entry.below("reference_file"))
    if reference.path != entry.text("reference"):
        raise ReportError(f"{entry.where}: wanted reference_file: the file of reference, got another path")
    members = tuple(
        _member(_Fields(item, f"{entry.where}: member {number}"))
        for number, item in enumerate(entry.items("members"), 1)
    )
    return ScannedGroup(entry.whole("group"), reference, entry.text("reason"), members)


def _member(entry: _Fields) -> ScannedMember:
    try:
        relation = Relation.named(entry.text("relation"))
    except ProfileError as error:
        raise ReportError(f"{entry.where}: {error}") from None
    return ScannedMember(_file(entry), relation, entry.number("probability"), entry.text("explanation"))


def _file(entry: _Fields) -> ScannedFile:
    path, digest, size = entry.text("path"), entry.text("sha256"), entry.whole("size")
    if not path or "\0" in path:
        raise ReportError(f"{entry.where}: wanted path: the name of a file, got {_shown(path)}")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ReportError(f"{entry.where}: wanted sha256: 64 hexadecimal digits, got {_shown(digest)}")
    if size < 0:
        raise ReportError(f"{entry.where}: wanted size: bytes, 0 or more, got {size}")
    return ScannedFile(path, size, entry.whole("mtime_ns"), digest)
