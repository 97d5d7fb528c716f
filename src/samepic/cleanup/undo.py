"""Undo the actions of a journal; it is safe to repeat and to interrupt."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samepic.cleanup import files
from samepic.cleanup.files import SkippedFileError
from samepic.cleanup.journal import Journal, require_locks
from samepic.cleanup.plan import CleanupAction
from samepic.writing import reason_of


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of one file: restored where `skipped` is "", else skipped for that reason.

    `leader` is the picture that a companion belongs to, "" for a picture.
    """

    path: str
    skipped: str = ""
    leader: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"path": self.path, **({"left": self.skipped} if self.skipped else {"done": "undo"})}


def undo(journal: Path) -> Iterator[Restored]:
    """Restore the files of a journal that are not restored yet, the last first, overwriting none; yield each result.

    A line that this user's run did not write is a result too, skipped. Raises ReportError where the journal has no
    other, or is in use, or the system has no file locks; OSError where it cannot be read.
    """
    require_locks()
    with Journal.open(journal) as log:
        stay: set[str] = set()
        for number, reason in log.damaged.items():
            yield Restored(f"{journal}: line {number}", reason)
        for number in sorted(log.entries, reverse=True):
            entry = log.entries[number]
            if "void" in entry.events or "undone" in entry.events:
                continue
            leader = entry.leader or ""
            try:
                if leader in stay:
                    raise SkippedFileError(f"it belongs to {leader}, which is not restored")
                _Restoration(log, number).restore()
            except (SkippedFileError, OSError) as error:
                stay.add(entry.path)
                reason = reason_of(error) if isinstance(error, OSError) else str(error)
                yield Restored(entry.path, reason, leader)
            else:
                log.record(number, "undone")
                yield Restored(entry.path, leader=leader)


def restore(journal: Journal, number: int) -> None:
    """Undo one entry, and write that down. Raises SkippedFileError, OSError."""
    _Restoration(journal, number).restore()
    journal.record(number, "undone")


class _Restoration:
    def __init__(self, journal: Journal, number: int) -> None:
        self.journal, self.entry = journal, journal.entries[number]
        self.part = journal.part_name(number)
        self.place, self.name = os.path.split(self.entry.path)

    def restore(self) -> None:
        action = self.entry.action
        if action is CleanupAction.REFLINK:
            return  # its bytes, mode and time never changed
        if action is not CleanupAction.HARDLINK:
            files.make_folder(self.place)
        with files.open_folder(self.place) as folder:
            before = os.fstat(folder)
            if action is CleanupAction.HARDLINK:
                self._restore_link(folder)
            else:
                self._move_back(folder)
            os.fsync(folder)
            # The time of the folder is restored too, unless something else in it has changed.
            if self.entry.events.get("done", {}).get("folder_mtime_ns") == before.st_mtime_ns:
                os.utime(folder, ns=(before.st_atime_ns, self.entry.folder_mtime_ns))

    def _move_back(self, folder: int) -> None:
        if self._is_original(folder, self.part) and files.absent(folder, self.name):
            # The move or copy was interrupted.
            files.rename_exclusive(folder, self.part, folder, self.name)
        moved_place, moved_name = os.path.split(self.entry.to or "")
        with ExitStack() as stack:
            try:
                moved_folder = stack.enter_context(files.open_folder(moved_place))
            except FileNotFoundError:
                moved_folder = -1
            moved = None if moved_folder < 0 else files.stat_at(moved_folder, moved_name)
            here = files.stat_at(folder, self.name)
            if here is not None:
                if not self._is_original(folder, self.name):
                    before = self.entry.to if moved else f"{self.place}/{self.part}"
                    kept = moved or not files.absent(folder, self.part)
                    where = f"; the earlier file is {before}" if kept else ""
                    raise SkippedFileError(f"another file is there now{where}")
                copy = self.entry.events.get("copied")
                ours = moved and (
                    os.path.samestat(moved, here)
                    or (copy and (moved.st_dev, moved.st_ino) == (copy["device"], copy["inode"]))
                )
                if ours and self._digest(moved_folder, moved_name) == self.entry.sha256:
                    os.unlink(moved_name, dir_fd=moved_folder)  # a second name or copy of the restored file
            elif moved is None:
                raise SkippedFileError(f"it is not in {moved_place} any more")
            else:
                self._move_here(folder, moved_folder, moved_name)
            self._clean_up(folder, moved_folder, moved_name)

    def _move_here(self, folder: int, moved_folder: int, name: str) -> None:
        if self._digest(moved_folder, name) != self.entry.sha256:
            raise SkippedFileError(f"it was changed in {self.entry.to}")
        try:
            files.rename_exclusive(moved_folder, name, folder, self.name)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            return
        if not files.absent(folder, self.part):
            os.unlink(self.part, dir_fd=folder)  # a copy that was cut off
        self._copy_here(moved_folder, name, folder)
        files.rename_exclusive(folder, self.part, folder, self.name)
        os.fsync(folder)
        os.unlink(name, dir_fd=moved_folder)

    def _copy_here(self, other_folder: int, name: str, folder: int) -> None:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=other_folder)
        with os.fdopen(file, "rb"):
            digest = files.copy_file(file, folder, self.part, self.entry)
        if digest != self.entry.sha256:
            os.unlink(self.part, dir_fd=folder)
            raise SkippedFileError("its copy has other bytes")

    def _clean_up(self, folder: int, moved_folder: int, name: str) -> None:
        """Remove what the move left: temporary files, the .trashinfo, and folders that it created."""
        for place in (folder, moved_folder):
            if place >= 0 and not files.absent(place, self.part):
                os.unlink(self.part, dir_fd=place)
        if moved_folder >= 0:
            os.fsync(moved_folder)
        if self.entry.info and (moved_folder < 0 or files.absent(moved_folder, name)):
            with suppress(FileNotFoundError):
                _remove(self.entry.info, os.unlink)
        for created in reversed(self.entry.made or []):
            with suppress(OSError):  # it is in use, or was removed before an interruption
                _remove(created, os.rmdir)

    def _restore_link(self, folder: int) -> None:
        here, part = files.stat_at(folder, self.name), files.stat_at(folder, self.part)
        linked = here is not None and here.st_ino == self.entry.kept_inode
        if here is not None and not linked:
            if not self._is_original(folder, self.name):
                raise SkippedFileError("another file is there now")
            if part is not None:
                os.unlink(self.part, dir_fd=folder)  # the unfinished link
            return
        if part is not None and (
            part.st_ino == self.entry.kept_inode or not self._is_original(folder, self.part)
        ):
            os.unlink(self.part, dir_fd=folder)
            part = None
        if part is None:
            self._recreate(folder)
        if here is None:
            files.rename_exclusive(folder, self.part, folder, self.name)
        elif not files.replace_if(
            folder, self.part, self.name, lambda taken: taken.st_ino == self.entry.kept_inode
        ):
            os.unlink(self.part, dir_fd=folder)
            raise SkippedFileError("another file came there just now")

    def _recreate(self, folder: int) -> None:
        """Create the file again beside its name: a link to another restored name of it, else a copy."""
        if self._relink(folder):
            return
        kept_place, kept_name = os.path.split(self.entry.kept)
        for place, name in ((self.place, self.name), (kept_place, kept_name)):
            with files.open_folder(place) as other_folder:
                if self._digest(other_folder, name) == self.entry.sha256:
                    self._copy_here(other_folder, name, folder)
                    return
        raise SkippedFileError(f"its bytes are gone: {self.entry.kept} was changed since")

    def _relink(self, folder: int) -> bool:
        for twin in self.entry.twins or []:
            place, name = os.path.split(twin)
            with suppress(OSError), files.open_folder(place) as other:
                found = files.stat_at(other, name)
                if found and found.st_ino != self.entry.kept_inode and self._is_original(other, name):
                    os.link(name, self.part, src_dir_fd=other, dst_dir_fd=folder, follow_symlinks=False)
                    return True
        return False

    def _is_original(self, folder: int, name: str) -> bool:
        status, entry = files.stat_at(folder, name), self.entry
        if status is None or (status.st_size, status.st_mtime_ns) != (entry.size, entry.mtime_ns):
            return False
        return self._digest(folder, name) == entry.sha256

    def _digest(self, folder: int, name: str) -> str:
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except OSError:
            return ""
        try:
            return files.sha256_of(file)
        finally:
            os.close(file)


def _remove(path: str, call: Callable[..., None]) -> None:
    place, name = os.path.split(path)
    with files.open_folder(place) as folder:
        call(name, dir_fd=folder)
