"""Bring back what a journal says was done; safe to repeat, and to be cut off."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samepic.cleanup.files import (
    SkippedFileError,
    absent,
    copied,
    look,
    make_folder,
    opened_folder,
    plain,
    rename_new,
    replace,
    sha256_of,
)
from samepic.cleanup.journal import Journal
from samepic.cleanup.plan import CleanupAction

__all__ = ["Restored", "undo"]


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of one file: brought back where `left` is "", else left as it is for that reason."""

    path: str
    left: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it in the shape of `samepic clean --undo --json`."""
        return {"path": self.path, "left": self.left} if self.left else {"path": self.path, "done": "undo"}


def undo(journal: Path) -> Iterator[Restored]:
    """Bring every file of a journal back, the last first, and yield what became of each.

    What is back already is not told again. Nothing that has come to a path meanwhile is overwritten: it is
    told, and what was there before stays where it is.

    Raises ReportError where the file is no journal or another process uses it, OSError where it cannot be read.
    """
    with Journal.open(journal) as log:
        for number in sorted(log.entries, reverse=True):
            entry = log.entries[number]
            if "void" in entry or "undone" in entry:
                continue
            try:
                _Restoration(log, number).bring_back()
            except SkippedFileError as reason:
                yield Restored(entry["path"], str(reason))
            except OSError as error:
                yield Restored(entry["path"], plain(error))
            else:
                log.note(number, "undone")
                yield Restored(entry["path"])


class _Restoration:
    """The way back of one entry, found from what stands on the disk now."""

    def __init__(self, log: Journal, number: int) -> None:
        self.log, self.entry = log, log.entries[number]
        self.part = log.holding(number)
        self.place, self.name = os.path.split(self.entry["path"])

    def bring_back(self) -> None:
        """Bring the file back; raise SkippedFileError or OSError where it stays as it is."""
        action = CleanupAction(self.entry["action"])
        if action is CleanupAction.REFLINK:
            return  # the file has had its own bytes, mode and time all along
        if action is not CleanupAction.HARDLINK:
            make_folder(self.place)
        with opened_folder(self.place) as folder:
            before = os.fstat(folder)
            if action is CleanupAction.HARDLINK:
                self._replace_back(folder)
            else:
                self._move_back(folder)
            os.fsync(folder)
            done = self.entry.get("done")
            # The folder gets its time back too, unless somebody else has changed something in it.
            if isinstance(done, dict) and done["folder_mtime_ns"] == before.st_mtime_ns:
                os.utime(folder, ns=(before.st_atime_ns, self.entry["folder_mtime_ns"]))

    def _move_back(self, folder: int) -> None:
        self._settle_holding(folder)
        there_place, there_name = os.path.split(self.entry["to"])
        with ExitStack() as stack:
            try:
                there = stack.enter_context(opened_folder(there_place))
            except FileNotFoundError:
                there = -1
            moved = None if there < 0 else look(there, there_name)
            here = look(folder, self.name)
            if here is not None:
                self._already_here(here, folder, moved, there, there_name)
            elif moved is None:
                raise SkippedFileError(f"it is not in {there_place} any more")
            else:
                self._fetch(folder, there, there_name)
            self._tidy(folder, there, there_name)

    def _settle_holding(self, folder: int) -> None:
        """Put a file that was cut off on its way out, or a copy on its way in, to its name."""
        if self._is_ours(folder, self.part) and absent(folder, self.name):
            rename_new(folder, self.part, folder, self.name)

    def _already_here(
        self, here: os.stat_result, folder: int, moved: os.stat_result | None, there: int, name: str
    ) -> None:
        if not self._is_ours(folder, self.name):
            before = self.entry["to"] if moved else f"{self.place}/{self.part}"
            where = f"; what was there before is {before}" if moved or not absent(folder, self.part) else ""
            raise SkippedFileError(f"something else is there now{where}")
        copy = self.entry.get("copied")
        ours = moved and (
            os.path.samestat(moved, here)
            or (copy and (moved.st_dev, moved.st_ino) == (copy["device"], copy["inode"]))
        )
        if ours and self._digest(there, name) == self.entry["sha256"]:
            os.unlink(name, dir_fd=there)  # the second name, or the copy, of what is here

    def _fetch(self, folder: int, there: int, name: str) -> None:
        if self._digest(there, name) != self.entry["sha256"]:
            raise SkippedFileError(f"it was changed in {self.entry['to']}")
        try:
            rename_new(there, name, folder, self.name)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            return
        with ExitStack() as stack:
            source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=there)
            stack.callback(os.close, source)
            if not absent(folder, self.part):
                os.unlink(self.part, dir_fd=folder)  # a copy that was cut off
            self._copy_in(source, folder)
        rename_new(folder, self.part, folder, self.name)
        os.fsync(folder)
        os.unlink(name, dir_fd=there)

    def _copy_in(self, source: int, folder: int) -> None:
        if copied(source, folder, self.part, self.entry) != self.entry["sha256"]:
            os.unlink(self.part, dir_fd=folder)
            raise SkippedFileError("its copy came back with other bytes")

    def _tidy(self, folder: int, there: int, name: str) -> None:
        """Remove what the move left: parts of copies, the note in the trash, folders that it made."""
        for place in (folder, there):
            if place >= 0 and not absent(place, self.part):
                os.unlink(self.part, dir_fd=place)
        if there >= 0:
            os.fsync(there)
        if self.entry.get("info") and (there < 0 or absent(there, name)):
            Path(self.entry["info"]).unlink(missing_ok=True)
        for made in reversed(self.entry.get("made", [])):
            with suppress(OSError):  # it holds something else by now, or was removed before a cut
                Path(made).rmdir()

    def _replace_back(self, folder: int) -> None:
        """Give a name that was made a hard link its own file back."""
        here, part = look(folder, self.name), look(folder, self.part)
        linked = here is not None and here.st_ino == self.entry["kept_inode"]
        if here is not None and not linked:
            if not self._is_ours(folder, self.name):
                raise SkippedFileError("something else is there now")
            if part is not None:
                os.unlink(self.part, dir_fd=folder)  # the link that was about to take its place
            return
        if part is not None and (
            part.st_ino == self.entry["kept_inode"] or not self._is_ours(folder, self.part)
        ):
            os.unlink(self.part, dir_fd=folder)
            part = None
        if part is None:
            self._remake(folder)
        if here is None:
            rename_new(folder, self.part, folder, self.name)
        elif not replace(
            folder, self.part, self.name, lambda taken: taken.st_ino == self.entry["kept_inode"]
        ):
            os.unlink(self.part, dir_fd=folder)
            raise SkippedFileError("something else came there just now")

    def _remake(self, folder: int) -> None:
        """Make the file again beside its name: a link to its twin that is back already, else a copy."""
        if self._link_to_twin(folder):
            return
        kept_place, kept_name = os.path.split(self.entry["kept"])
        with ExitStack() as stack:
            for place, name in ((self.place, self.name), (kept_place, kept_name)):
                theirs = stack.enter_context(opened_folder(place))
                if self._digest(theirs, name) == self.entry["sha256"]:
                    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=theirs)
                    stack.callback(os.close, source)
                    self._copy_in(source, folder)
                    return
        raise SkippedFileError(f"its bytes are gone: {self.entry['kept']} was changed since")

    def _link_to_twin(self, folder: int) -> bool:
        """Link to another name that the same file had, where that one is itself, or itself again."""
        for twin in self.entry["twins"]:
            place, name = os.path.split(twin)
            with suppress(OSError), opened_folder(place) as theirs:
                found = look(theirs, name)
                if found and found.st_ino != self.entry["kept_inode"] and self._is_ours(theirs, name):
                    os.link(name, self.part, src_dir_fd=theirs, dst_dir_fd=folder, follow_symlinks=False)
                    return True
        return False

    def _is_ours(self, folder: int, name: str) -> bool:
        """Tell whether what stands at a name has the bytes and the time of the file that was acted on."""
        status, was = look(folder, name), self.entry
        if status is None or (status.st_size, status.st_mtime_ns) != (was["size"], was["mtime_ns"]):
            return False
        return self._digest(folder, name) == str(was["sha256"])

    def _digest(self, folder: int, name: str) -> str:
        """Return the SHA-256 of a file, or "" where there is none."""
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except OSError:
            return ""
        try:
            return sha256_of(file)
        finally:
            os.close(file)
