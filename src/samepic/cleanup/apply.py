"""Apply a plan one file at a time: check again, write to the journal, then trash, move or link."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path
from typing import Any

from samepic.api import compare_pictures
from samepic.cleanup.files import (
    LockedFile,
    SkippedFileError,
    absent,
    copied,
    fitted,
    held,
    identity,
    look,
    make_folder,
    missing_folders,
    opened_folder,
    plain,
    rename_new,
    replace,
    text_of_xattrs,
    trash_for,
)
from samepic.cleanup.journal import Entry, Journal
from samepic.cleanup.plan import CleanupAction, Plan, Skipped, Step
from samepic.errors import UnreadableError
from samepic.picture import Encoded, Picture, load
from samepic.verdict import Relation

__all__ = ["MOVES", "Applied", "Log", "apply", "hardlink", "move", "reflink", "trash"]

Log = Callable[[], Journal]

_CHANGED = "it was changed just now"

_INFO = ".trashinfo"

_FIDEDUPERANGE = 0xC0189436  # linux/fs.h

_DIFFERS = 1

_SPAN = 16 << 20  # what btrfs and XFS take at once


def _entry(action: CleanupAction, target: LockedFile, kept: LockedFile, **more: object) -> Entry:
    """Return what the journal must hold to bring the file back."""
    status = target.status
    return {
        "action": str(action),
        "path": target.target.place,
        "kept": kept.target.place,
        "device": status.st_dev,
        "inode": status.st_ino,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "atime_ns": status.st_atime_ns,
        "mode": status.st_mode,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "xattrs": text_of_xattrs(target.file),
        "sha256": target.target.file.sha256,
        "folder_mtime_ns": os.fstat(target.folder).st_mtime_ns,
        **more,
    }


@contextmanager
def _giving_up(journal: Journal, number: int) -> Iterator[None]:
    """Turn an error of the system, before anything was done, into a file that is left alone."""
    try:
        yield
    except OSError as error:
        journal.note(number, "void")
        if isinstance(error, FileExistsError):
            raise
        raise SkippedFileError(plain(error)) from error
    except SkippedFileError:
        journal.note(number, "void")
        raise


def _finish(journal: Journal, number: int, target: LockedFile) -> None:
    os.fsync(target.folder)
    journal.note(number, "done", folder_mtime_ns=os.fstat(target.folder).st_mtime_ns)


def _take(target: LockedFile, folder: int, name: str) -> None:
    """Rename the held file, and no other that may have come to its name meanwhile."""
    target.check()
    rename_new(target.folder, target.target.name, folder, name)
    moved = look(folder, name)
    if moved is None or identity(moved) != identity(target.status):
        rename_new(folder, name, target.folder, target.target.name)
        raise SkippedFileError(_CHANGED)
    os.fsync(folder)


def trash(plan: Plan, target: LockedFile, kept: LockedFile, log: Log) -> str:
    """Move a file to the trash of its file system; return where it is."""
    where = trash_for(target.target.folder, target.status.st_dev)
    with ExitStack() as stack:
        try:
            files = stack.enter_context(opened_folder(where.files))
            info = stack.enter_context(opened_folder(where.info)) if where.info else -1
        except OSError as error:
            raise SkippedFileError(f"the trash {where.files}: {plain(error)}") from error
        journal = log()
        for attempt in count():
            name = fitted(target.target.name, attempt, len(_INFO))
            if not absent(files, name) or (where.info and not absent(info, name + _INFO)):
                continue
            place = f"{where.files}/{name}"
            note = f"{where.info}/{name}{_INFO}" if where.info else ""
            number = journal.intend(_entry(plan.action, target, kept, to=place, info=note))
            try:
                with _giving_up(journal, number):
                    _to_trash(target, files, name, info, where.note(target.target.place))
            except FileExistsError:
                continue  # somebody else took the name
            _finish(journal, number, target)
            return place
    raise AssertionError("unreachable: count() has no end")


def _to_trash(target: LockedFile, files: int, name: str, info: int, text: bytes) -> None:
    """Reserve the name by its .trashinfo, as the specification wants it, and move the file."""
    if info < 0:
        _take(target, files, name)
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name + _INFO, flags, 0o600, dir_fd=info)
    try:
        os.write(file, text)
        os.fsync(file)
        os.fsync(info)
        _take(target, files, name)
    except (OSError, SkippedFileError):
        os.unlink(name + _INFO, dir_fd=info)
        raise
    finally:
        os.close(file)


def move(plan: Plan, target: LockedFile, kept: LockedFile, log: Log) -> str:
    """Move a file below `plan.move_to`, at the place it has below `plan.root`; return where it is."""
    below = os.path.relpath(target.target.folder, plan.root)
    folder = str(Path(plan.move_to) / below)
    if folder == target.target.folder:
        raise SkippedFileError("it is in the folder to move to already")
    journal = log()
    for attempt in count():
        name = fitted(target.target.name, attempt)
        place = f"{folder}/{name}"
        if os.path.lexists(place):
            continue
        made = missing_folders(folder)
        number = journal.intend(_entry(plan.action, target, kept, to=place, made=made))
        try:
            with _giving_up(journal, number):
                make_folder(folder)
                with opened_folder(folder) as there:
                    _move_into(target, there, name, journal, number)
        except FileExistsError:
            continue
        _finish(journal, number, target)
        return place
    raise AssertionError("unreachable: count() has no end")


def _move_into(target: LockedFile, there: int, name: str, journal: Journal, number: int) -> None:
    try:
        _take(target, there, name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _carry(target, there, name, journal, number)


def _carry(target: LockedFile, there: int, name: str, journal: Journal, number: int) -> None:
    """Move a file to another file system: copy, read back, put in place, and only then take the source away."""
    if target.status.st_nlink > 1:
        raise SkippedFileError(
            "it has other names (hard links), which cannot go to another file system with it"
        )
    part, entry = journal.holding(number), journal.entries[number]
    try:
        if copied(target.file, there, part, entry) != entry["sha256"]:
            raise SkippedFileError("its copy on the other file system came back with other bytes")
        copy = look(there, part)
        assert copy is not None
        journal.note(number, "copied", device=copy.st_dev, inode=copy.st_ino)
        rename_new(there, part, there, name)
    except (OSError, SkippedFileError):
        if not absent(there, part):
            os.unlink(part, dir_fd=there)
        raise
    os.fsync(there)
    try:
        _take(target, target.folder, part)
    except (OSError, SkippedFileError):
        os.unlink(name, dir_fd=there)
        raise
    os.unlink(part, dir_fd=target.folder)


def hardlink(plan: Plan, target: LockedFile, kept: LockedFile, log: Log) -> str:
    """Make the name of a file a hard link to the kept one, which has the same bytes; return the kept path."""
    _check_equal(target, kept)
    if target.status.st_dev != kept.status.st_dev:
        raise SkippedFileError("it is on another file system than the kept file: hard links end there")
    twins = _twins(plan, target)
    if target.status.st_nlink > 1 + len(twins):
        raise SkippedFileError(
            "it has other names (hard links) that are not in the report: nothing would be won"
        )
    journal, name = log(), target.target.name
    number = journal.intend(_entry(plan.action, target, kept, kept_inode=kept.status.st_ino, twins=twins))
    part = journal.holding(number)
    with _giving_up(journal, number):
        os.link(
            kept.target.name, part, src_dir_fd=kept.folder, dst_dir_fd=target.folder, follow_symlinks=False
        )
        try:
            linked = look(target.folder, part)
            if linked is None or not os.path.samestat(linked, kept.status):
                raise SkippedFileError("the kept file was changed just now")
            target.check()
            if not replace(target.folder, part, name, lambda old: identity(old) == identity(target.status)):
                raise SkippedFileError(_CHANGED)
        except (OSError, SkippedFileError):
            os.unlink(part, dir_fd=target.folder)
            raise
    _finish(journal, number, target)
    return kept.target.place


def _twins(plan: Plan, target: LockedFile) -> list[str]:
    """Return the other names of the held file among those that the plan acts on, as far as they still are."""
    twins = []
    for step in plan.steps:
        place = step.target.place
        if step.target.file.sha256 == target.target.file.sha256 and place != target.target.place:
            # One that is gone, or another file by now, is no name of it.
            with suppress(OSError):
                if os.path.samestat(Path(place).lstat(), target.status):
                    twins.append(place)
    return twins


def _check_equal(target: LockedFile, kept: LockedFile) -> None:
    if target.data != kept.data:
        raise SkippedFileError(
            "its bytes are others than those of the kept file: only equal files can share them"
        )


def reflink(plan: Plan, target: LockedFile, kept: LockedFile, log: Log) -> str:
    """Let a file share its blocks with the kept one; return the kept path.

    The kernel compares the bytes itself and never changes them (FIDEDUPERANGE), so nothing can be lost.
    """
    _check_equal(target, kept)
    if sys.platform != "linux":
        raise SkippedFileError(f"reflinks are made on Linux alone, not on {sys.platform}: use --hardlink")
    journal = log()
    number = journal.intend(_entry(plan.action, target, kept))
    with _giving_up(journal, number):
        offset, size = 0, len(target.data)
        while offset < size:
            offset += _share(kept.file, target.file, offset, min(_SPAN, size - offset))
    _finish(journal, number, target)
    return kept.target.place


def _share(source: int, target: int, offset: int, size: int) -> int:
    """Share one span of blocks; return how many bytes are shared now. Raises SkippedFileError where that cannot be."""
    head, tail = "=QQHHI", "qQQiI"
    request = bytearray(struct.pack(head + tail, offset, size, 1, 0, 0, target, offset, 0, 0, 0))
    try:
        fcntl.ioctl(source, _FIDEDUPERANGE, request)
    except OSError as error:
        raise SkippedFileError(_no_reflink(error.errno)) from error
    *_, shared, status, _ = struct.unpack(head + tail, request)
    if status == _DIFFERS:
        raise SkippedFileError(_CHANGED)
    if status < 0 or shared == 0:
        raise SkippedFileError(_no_reflink(-status))
    return int(shared)


def _no_reflink(number: int | None) -> str:
    if number in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.ENOSYS):
        return "its file system cannot share blocks between files (btrfs and XFS can): use --hardlink"
    if number == errno.EXDEV:
        return "it is on another file system than the kept file: shared blocks end there"
    return f"its blocks cannot be shared: {os.strerror(number or errno.EIO)}"


MOVES: dict[CleanupAction, Callable[[Plan, LockedFile, LockedFile, Log], str]] = {
    CleanupAction.TRASH: trash,
    CleanupAction.MOVE: move,
    CleanupAction.HARDLINK: hardlink,
    CleanupAction.REFLINK: reflink,
}


@dataclass(frozen=True, slots=True)
class Applied:
    """One file that was acted on; `to` is where it is now, or the kept file that it shares its bytes with."""

    step: Step
    action: CleanupAction
    to: str

    def to_dict(self) -> dict[str, Any]:
        """Return it in the shape of `samepic clean --json`."""
        return {**self.step.to_dict(), "done": str(self.action), "to": self.to}


def apply(plan: Plan, journal: Path) -> Iterator[Applied | Skipped]:
    """Do what the plan says and yield what became of each file, as it happens.

    `journal` is a new file that `undo` brings everything back with; it is made when the first file is about
    to be acted on. Every file is opened, locked and compared again before; whatever is not as the scan saw it,
    or not the same picture as the kept one, is left alone. At most one file is between two states at any time.

    Raises ReportError where the journal exists, OSError where it cannot be written; nothing is done then.
    """
    if plan.action is CleanupAction.LIST:
        return
    with ExitStack() as stack:
        opened: list[Journal] = []

        def log() -> Journal:
            if not opened:
                opened.append(stack.enter_context(Journal.create(journal)))
            return opened[0]

        for _, steps in groupby(plan.steps, key=lambda step: step.group):
            yield from _group(plan, list(steps), log)


def _group(plan: Plan, steps: list[Step], log: Log) -> Iterator[Applied | Skipped]:
    """Hold the kept file of a group while each of the others is acted on."""
    waiting, path = list(steps), steps[0].kept.file.path
    try:
        with held(steps[0].kept) as kept:
            picture = _decoded(kept)
            while waiting:
                kept.check()
                yield _one(plan, waiting.pop(0), kept, picture, log)
    except SkippedFileError as reason:
        for step in waiting:
            yield Skipped(step.group, step.target.file.path, f"{path}, which would be kept: {reason}")


def _one(plan: Plan, step: Step, kept: LockedFile, picture: Picture, log: Log) -> Applied | Skipped:
    try:
        with held(step.target, other_than=kept) as target:
            _verify(target, kept, picture, plan.same_if)
            to = MOVES[plan.action](plan, target, kept, log)
            kept.refresh()
            return Applied(step, plan.action, to)
    except SkippedFileError as reason:
        return Skipped(step.group, step.target.file.path, str(reason))


def _decoded(one: LockedFile) -> Picture:
    try:
        return load(Encoded(one.target.file.path, one.data))
    except UnreadableError as error:
        raise SkippedFileError(f"wanted {error.wanted}, got {error.got}") from error


def _verify(target: LockedFile, kept: LockedFile, picture: Picture, same_if: Relation) -> None:
    """Raise SkippedFileError unless the two are the same picture, found anew from the bytes that were just read."""
    if target.data == kept.data:
        return
    verdict = compare_pictures(picture, _decoded(target), same_if=same_if)
    if verdict.same is not True:
        word = "cannot be told to be" if verdict.same is None else "is not"
        raise SkippedFileError(f"it {word} the same as {kept.target.file.path}: {verdict.explanation}")
