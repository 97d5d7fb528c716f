"""Journal: one JSON line before and one after every action, flushed to disk and sealed.

The seal is an HMAC by a key that only this user can read: `undo` does what this user's own runs wrote down, and nothing
that another one wrote.
"""

from __future__ import annotations

import hmac
import json
import os
import platform
import re
import stat
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from platformdirs import user_state_path

from samepic.cleanup.plan import CleanupAction
from samepic.errors import ReportError
from samepic.reading import convert, read_json

_KIND = "samepic clean"
_VERSION = 2
_LINE = f"a line of a journal of {_KIND}, version {_VERSION}, by a run of this user"
_SEALED = re.compile(rb'(\{.*), "seal": "([0-9a-f]{64})"\}', re.DOTALL)


@dataclass(slots=True, kw_only=True)
class Entry:
    """An intent: what is done to which file, and what is needed to restore it; None is what an action does not need.

    `to`, `info` and `made` are where a file is moved, its .trashinfo ("" for none), and the folders made for it;
    `kept_inode` is the kept file that replaces it, and `twins` are its other hard links. `leader` is the picture that a
    companion goes with; its entry follows. `events` came later, with
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
    leader: str | None = None
    events: dict[str, dict[str, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value is not None and key != "events"}


class Journal(AbstractContextManager["Journal"]):
    """An open journal, locked for this process; use it in a `with`.

    `entries` are the intents by number; `damaged` says of other lines by number why they are passed over.
    """

    def __init__(self, path: Path, file: int, key: bytes, name: str) -> None:
        self.path, self.name = path, name
        self.entries: dict[int, Entry] = {}
        self.damaged: dict[int, str] = {}
        self._file, self._key = file, key

    @classmethod
    def create(cls, path: Path) -> Journal:
        """Create a journal; raise ReportError where the file exists, OSError where it cannot be created."""
        key = _seal_key()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise ReportError(f"{path}: the journal exists already") from None
        _lock(file, path)
        _sync(path.parent)
        journal = cls(path, file, key, os.urandom(6).hex())
        journal._write({"journal": _KIND, "version": _VERSION, "name": journal.name})
        return journal

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open a journal to undo it, without a last line that was cut off.

        Raises OSError, and ReportError where no line of it was written for this user.
        """
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise ReportError(f"{path}: expected a file, found a pipe or a device")
            _lock(file, path)
            with open(file, "rb", closefd=False) as stream:
                text = stream.read()
            end = text.rfind(b"\n") + 1
            journal = cls(path, file, _seal_key(), "")
            journal._read(text[:end].split(b"\n")[:-1])
            if journal.entries and end < len(text):
                os.ftruncate(file, end)
        except BaseException:
            os.close(file)
            raise
        return journal

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
        text = json.dumps(line).encode("ascii")
        data = b'%s, "seal": "%s"}\n' % (text[:-1], self._seal(text))
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)

    def _seal(self, text: bytes) -> bytes:
        kind = f"{_KIND} {_VERSION}\n".encode()
        return hmac.digest(self._key, kind + text, "sha256").hex().encode()

    def _read(self, lines: list[bytes]) -> None:
        for number, line in enumerate(lines, 1):
            try:
                self._read_line(line)
            except ReportError as error:
                self.damaged[number] = str(error)
        if self.damaged and not self.entries and not self.name:
            raise ReportError(f"{self.path}: line 1: {self.damaged[1]}")

    def _read_line(self, line: bytes) -> None:
        match = _SEALED.fullmatch(line)
        text = match[1] + b"}" if match else b""
        if match is None or self._seal(text) != match[2]:
            raise ReportError(f"expected {_LINE}, found another")
        value = read_json(text, "line", _LINE, ReportError)
        if "journal" in value:
            self.name = value["name"]
        elif "intent" in value:
            self.entries[value.pop("intent")] = convert(value, Entry, "intent", ReportError)
        else:
            event = next(iter(value))
            entry = self.entries.get(value.pop(event))
            if entry is not None:  # else the line of its intent is among the damaged ones
                entry.events[event] = value


def _seal_key() -> bytes:
    """Return the key of this user's journals, made when it is first needed."""
    path = user_state_path("samepic", appauthor=False) / "journal.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent) as file:  # with mode 0600
            file.write(os.urandom(32))
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first
                os.link(file.name, path)
        _sync(path.parent)
    return path.read_bytes()


def _sync(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def missing_here() -> str:
    """Return what this system lacks that every action of a cleanup needs, "" where it has everything."""
    if os.link not in os.supports_dir_fd:
        return "actions in open folders"
    return "" if find_spec("fcntl") else "file locks"


def require_locks() -> None:
    """Raise ReportError where files cannot be locked or folders held open, without which no action is safe."""
    if missing := missing_here():
        raise ReportError(
            f"nothing was changed: clean needs {missing}, which {platform.system()} does not have"
        )


def _lock(file: int, path: Path) -> None:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ReportError(f"{path}: another process uses this journal") from None
