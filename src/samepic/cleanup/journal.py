"""Journal: one JSON line before and one after every action, flushed to disk."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from samepic.cleanup.plan import CleanupAction
from samepic.errors import ReportError
from samepic.reading import convert, read_json

_KIND = "samepic clean"
_VERSION = 1
_LINE = f"a line of a journal of {_KIND}, version {_VERSION}"


@dataclass(slots=True, kw_only=True)
class Entry:
    """An intent: what is done to which file, and what is needed to restore it; None is what an action does not need.

    `to`, `info` and `made` are where a file is moved, its .trashinfo ("" for none), and the folders made for it;
    `kept_inode` is the kept file that replaces it, and `twins` are its other hard links. `events` came later, with
    their values: "done", "void" (given up before anything was done), "copied" and "undone".
    """

    action: CleanupAction
    path: str
    kept: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    atime_ns: int
    mode: int
    uid: int
    gid: int
    xattrs: dict[str, str] = field(default_factory=dict)
    sha256: str
    folder_mtime_ns: int
    to: str | None = None
    info: str | None = None
    made: list[str] | None = None
    kept_inode: int | None = None
    twins: list[str] | None = None
    events: dict[str, dict[str, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value is not None and key != "events"}


class Journal:
    """An open journal, locked for this process; use it in a `with`. `entries` are the intents by number."""

    def __init__(self, path: Path, file: int, entries: dict[int, Entry], name: str) -> None:
        self.path, self.entries, self.name = path, entries, name
        self._file = file

    @classmethod
    def create(cls, path: Path) -> Journal:
        """Create a journal; raise ReportError where the file exists, OSError where it cannot be created."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise ReportError(f"{path}: the journal exists already") from None
        _lock(file, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        journal = cls(path, file, {}, os.urandom(6).hex())
        journal._write({"journal": _KIND, "version": _VERSION, "name": journal.name})
        return journal

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open a journal to undo it, without a last line that was cut off. Raises ReportError and OSError."""
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            _lock(file, path)
            with open(file, "rb", closefd=False) as stream:
                text = stream.read()
            end = text.rfind(b"\n") + 1
            if end < len(text):
                os.ftruncate(file, end)
            name, entries = _read(text[:end].split(b"\n")[:-1], path)
        except BaseException:
            os.close(file)
            raise
        return cls(path, file, entries, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            os.close(self._file)

    def part_name(self, number: int) -> str:
        """Return the name of the temporary file that entry `number` may use beside its file."""
        return f".samepic-{self.name}-{number}"

    def begin(self, entry: Entry) -> int:
        """Write an intent to disk and return its number."""
        number = len(self.entries) + 1
        self._write({"intent": number, **entry.to_dict()})
        self.entries[number] = entry
        return number

    def record(self, number: int, event: str, **more: int) -> None:
        self._write({event: number, **more})
        self.entries[number].events[event] = more

    def _write(self, line: Mapping[str, Any]) -> None:
        data = json.dumps(line).encode("ascii") + b"\n"
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ReportError(f"{path}: another process uses this journal") from None


def _read(lines: list[bytes], path: Path) -> tuple[str, dict[int, Entry]]:
    entries: dict[int, Entry] = {}
    name = ""
    for number, line in enumerate(lines, 1):
        where = f"{path}: line {number}"
        value = read_json(line, where, _LINE, ReportError)
        if number == 1:
            if (value.get("journal"), value.get("version")) != (_KIND, _VERSION):
                raise ReportError(f"{where}: expected {_LINE}, found another kind or version")
            name = convert(value.get("name"), str, f"{where}: name", ReportError)
            continue
        event = "intent" if "intent" in value else next(iter(value), "event")
        intent = convert(value.pop(event, None), int, f"{where}: {event}", ReportError)
        if event == "intent":
            entry = entries[intent] = convert(value, Entry, where, ReportError)
            needed = {"trash": "to", "move-to": "to", "hardlink": "kept_inode"}.get(entry.action)
            if needed and needed not in value:
                raise ReportError(f"{where}: expected {needed} for the action {entry.action}, found none")
        elif intent in entries:
            entries[intent].events[event] = convert(value, dict[str, int], where, ReportError)
        else:
            raise ReportError(f"{where}: {event}: expected the number of an intent, found {intent}")
    return name, entries
