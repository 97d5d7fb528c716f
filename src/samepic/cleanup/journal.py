"""Journal: one JSON line before and one after every action, flushed to disk."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from samepic.errors import ReportError

__all__ = ["Entry", "Journal"]

_KIND = "samepic clean"
_VERSION = 1

Entry = dict[str, Any]


class Journal:
    """An open journal, locked for this process; use it in a `with`.

    `entries` are the intents by number, each with its later events: `done`, `void` (given up before anything was
    done), `copied` and `undone`.
    """

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
        """Open a journal to undo it, and remove a last line that was cut off.

        Raises ReportError where another process uses it or a line has another shape, OSError where it cannot
        be opened.
        """
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            _lock(file, path)
            text = _read_all(file)
            end = text.rfind(b"\n") + 1
            if end < len(text):
                os.ftruncate(file, end)
            name, entries = _read(text[:end].split(b"\n")[:-1], path)
        except BaseException:
            os.close(file)
            raise
        return cls(path, file, entries, name)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            os.close(self._file)

    def part_name(self, number: int) -> str:
        """Return the name of the temporary file that entry `number` may use beside its file."""
        return f".samepic-{self.name}-{number}"

    def next_number(self) -> int:
        """Return the number of the next intent."""
        return len(self.entries) + 1

    def begin(self, entry: Entry) -> int:
        """Write an intent to disk and return its number."""
        number = self.next_number()
        self._write({"intent": number, **entry})
        self.entries[number] = dict(entry)
        return number

    def record(self, number: int, event: str, **more: int) -> None:
        """Write an event of an intent to disk: "done", "void", "copied" or "undone"."""
        self._write({event: number, **more})
        self.entries[number][event] = more or True

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


def _read_all(file: int) -> bytes:
    blocks, offset = [], 0
    while block := os.pread(file, 1 << 20, offset):
        blocks.append(block)
        offset += len(block)
    return b"".join(blocks)


def _read(lines: list[bytes], path: Path) -> tuple[str, dict[int, Entry]]:
    entries: dict[int, Entry] = {}
    name = ""
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            if number == 1:
                if value["journal"] != _KIND or value["version"] != _VERSION:
                    raise ValueError("another kind or version")
                name = str(value["name"])
            elif "intent" in value:
                entries[int(value.pop("intent"))] = value
            else:
                event = next(iter(value))
                entries[value.pop(event)][event] = value or True
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            wanted = f"a line of a journal of {_KIND}, version {_VERSION}"
            raise ReportError(f"{path}: line {number}: expected {wanted}, found {error!r}") from None
    return name, entries
