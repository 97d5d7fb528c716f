"""Apply a plan one file at a time: check it again, write to the journal, then trash, move or link it."""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cache
from itertools import chain, count, groupby
from pathlib import Path
from typing import Any, NamedTuple

from samepic.api import compare_pictures
from samepic.cleanup import files
from samepic.cleanup.files import LockedFile, SkippedFileError
from samepic.cleanup.journal import Entry, Journal, require_locks
from samepic.cleanup.plan import CleanupAction, Plan, Skipped, Step
from samepic.cleanup.undo import restore
from samepic.errors import UnreadableError
from samepic.picture import Encoded, Picture, load
from samepic.writing import reason_of

OpenJournal = Callable[[], Journal]
_CHANGED = "it was changed just now"
_INFO_SUFFIX = ".trashinfo"
_FIDEDUPERANGE = 0xC0189436  # linux/fs.h
_STATUS_DIFFERS = 1
_MAX_SPAN = 16 << 20  # what btrfs and XFS take at once


def _entry(action: CleanupAction, target: LockedFile, kept: LockedFile) -> Entry:
    status = target.status
    return Entry(
        action=action,
        path=target.planned.place,
        kept=kept.planned.place,
        device=status.st_dev,
        inode=status.st_ino,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        mode=status.st_mode,
        uid=status.st_uid,
        gid=status.st_gid,
        xattrs=files.encoded_xattrs(target.file),
        sha256=target.planned.file.sha256,
        folder_mtime_ns=os.fstat(target.folder).st_mtime_ns,
        leader=target.leader.place if target.leader else None,
    )


@contextmanager
def _void_on_error(journal: Journal, number: int) -> Iterator[None]:
    """Mark an entry as void and skip the file where an error comes before anything was done."""
    try:
        yield
    except (OSError, SkippedFileError) as error:
        journal.record(number, "void")
        if isinstance(error, (FileExistsError, SkippedFileError)):
            raise
        raise SkippedFileError(reason_of(error)) from error


def _finish(journal: Journal, number: int, target: LockedFile) -> None:
    os.fsync(target.folder)
    journal.record(number, "done", folder_mtime_ns=os.fstat(target.folder).st_mtime_ns)


def _rename_checked(target: LockedFile, folder: int, name: str) -> None:
    """Rename the locked file, and not another one that got its name meanwhile."""
    target.check()
    files.rename_exclusive(target.folder, target.planned.name, folder, name)
    moved = files.stat_at(folder, name)
    if moved is None or files.identity(moved) != files.identity(target.status):
        files.rename_exclusive(folder, name, target.folder, target.planned.name)
        raise SkippedFileError(_CHANGED)
    os.fsync(folder)


def trash(plan: Plan, target: LockedFile, kept: LockedFile, open_log: OpenJournal) -> str:
    """Move a file to the trash of its file system; return where it is."""
    where = files.find_trash(target.planned.folder, target.status.st_dev)
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(files.open_folder(where.files))
            info = stack.enter_context(files.open_folder(where.info)) if where.info else -1
        except OSError as error:
            raise SkippedFileError(f"the trash {where.files}: {reason_of(error)}") from error
        journal = open_log()
        for attempt in count(target.attempt):
            name = target.new_name(attempt, len(_INFO_SUFFIX))
            if not files.absent(folder, name) or (where.info and not files.absent(info, name + _INFO_SUFFIX)):
                continue
            place = f"{where.files}/{name}"
            note = f"{where.info}/{name}{_INFO_SUFFIX}" if where.info else ""
            number = journal.begin(replace(_entry(plan.action, target, kept), to=place, info=note))
            try:
                with _void_on_error(journal, number):
                    _to_trash(target, folder, name, info, where.note(target.planned.place))
            except FileExistsError:
                continue  # another process took the name
            _finish(journal, number, target)
            return place
    raise AssertionError("unreachable: count() has no end")


def _to_trash(target: LockedFile, folder: int, name: str, info: int, text: bytes) -> None:
    """Reserve the name by its .trashinfo, as the specification requires, and move the file."""
    if info < 0:
        _rename_checked(target, folder, name)
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name + _INFO_SUFFIX, flags, 0o600, dir_fd=info)
    try:
        os.write(file, text)
        os.fsync(file)
        os.fsync(info)
        _rename_checked(target, folder, name)
    except (OSError, SkippedFileError):
        os.unlink(name + _INFO_SUFFIX, dir_fd=info)
        raise
    finally:
        os.close(file)


def move(plan: Plan, target: LockedFile, kept: LockedFile, open_log: OpenJournal) -> str:
    """Move a file below `plan.move_to`, at its path relative to `plan.root`; return where it is."""
    folder = _new_folder(plan, target)
    if folder == target.planned.folder:
        raise SkippedFileError("it is already in the target folder")
    journal = open_log()
    for attempt in count(target.attempt):
        name = target.new_name(attempt)
        place = f"{folder}/{name}"
        if os.path.lexists(place):
            continue
        made = files.missing_folders(folder)
        number = journal.begin(replace(_entry(plan.action, target, kept), to=place, made=made))
        try:
            with _void_on_error(journal, number):
                files.make_folder(folder)
                with files.open_folder(folder) as destination:
                    _move_into(target, destination, name, journal, number)
        except FileExistsError:
            continue
        _finish(journal, number, target)
        return place
    raise AssertionError("unreachable: count() has no end")


def _new_folder(plan: Plan, target: LockedFile) -> str:
    return str(Path(plan.move_to) / os.path.relpath(target.planned.folder, plan.root))


def _move_into(target: LockedFile, destination: int, name: str, journal: Journal, number: int) -> None:
    try:
        _rename_checked(target, destination, name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_across(target, destination, name, journal, number)


def _move_across(target: LockedFile, destination: int, name: str, journal: Journal, number: int) -> None:
    """Move a file to another file system: copy, read back, rename, and only then remove the source."""
    if target.status.st_nlink > 1:
        raise SkippedFileError("it has other hard links, which cannot move to another file system with it")
    temporary, entry = journal.part_name(number), journal.entries[number]
    try:
        if files.copy_file(target.file, destination, temporary, entry) != entry.sha256:
            raise SkippedFileError("its copy on the other file system has other bytes")
        copy = files.stat_at(destination, temporary)
        assert copy is not None
        journal.record(number, "copied", device=copy.st_dev, inode=copy.st_ino)
        files.rename_exclusive(destination, temporary, destination, name)
    except (OSError, SkippedFileError):
        if not files.absent(destination, temporary):
            os.unlink(temporary, dir_fd=destination)
        raise
    os.fsync(destination)
    try:
        _rename_checked(target, target.folder, temporary)
    except (OSError, SkippedFileError):
        os.unlink(name, dir_fd=destination)
        raise
    os.unlink(temporary, dir_fd=target.folder)


def hardlink(plan: Plan, target: LockedFile, kept: LockedFile, open_log: OpenJournal) -> str:
    """Replace a file by a hard link to the kept one, which has the same bytes; return the kept path."""
    _check_equal(target, kept)
    if target.status.st_dev != kept.status.st_dev:
        raise SkippedFileError("it is on another file system than the kept file: no hard link is possible")
    twins = []  # other names of the file that are in the report too
    for step in plan.steps:
        place = step.target.place
        if step.target.file.sha256 == target.planned.file.sha256 and place != target.planned.place:
            with suppress(OSError):
                if os.path.samestat(Path(place).lstat(), target.status):
                    twins.append(place)
    if target.status.st_nlink > 1 + len(twins):
        raise SkippedFileError("it has other hard links that are not in the report: nothing to reclaim")
    journal, name = open_log(), target.planned.name
    number = journal.begin(
        replace(_entry(plan.action, target, kept), kept_inode=kept.status.st_ino, twins=twins)
    )
    temporary = journal.part_name(number)
    with _void_on_error(journal, number):
        os.link(
            kept.planned.name,
            temporary,
            src_dir_fd=kept.folder,
            dst_dir_fd=target.folder,
            follow_symlinks=False,
        )
        try:
            linked = files.stat_at(target.folder, temporary)
            if linked is None or not os.path.samestat(linked, kept.status):
                raise SkippedFileError("the kept file was changed just now")
            target.check()
            if not files.replace_if(
                target.folder,
                temporary,
                name,
                lambda old: files.identity(old) == files.identity(target.status),
            ):
                raise SkippedFileError(_CHANGED)
        except (OSError, SkippedFileError):
            os.unlink(temporary, dir_fd=target.folder)
            raise
    _finish(journal, number, target)
    return kept.planned.place


def _check_equal(target: LockedFile, kept: LockedFile) -> None:
    if target.data != kept.data:
        raise SkippedFileError(
            "its bytes differ from those of the kept file: only identical files can share them"
        )


def reflink(plan: Plan, target: LockedFile, kept: LockedFile, open_log: OpenJournal) -> str:
    """Let a file share the kept one's blocks by FIDEDUPERANGE, which compares the bytes; return the kept path."""
    _check_equal(target, kept)
    if sys.platform != "linux":
        raise SkippedFileError(f"reflinks are supported on Linux only, not on {sys.platform}: use --hardlink")
    journal = open_log()
    number = journal.begin(_entry(plan.action, target, kept))
    with _void_on_error(journal, number):
        offset, size = 0, len(target.data)
        while offset < size:
            offset += _share(kept.file, target.file, offset, min(_MAX_SPAN, size - offset))
    _finish(journal, number, target)
    return kept.planned.place


def _share(source: int, target: int, offset: int, size: int) -> int:
    import fcntl

    head, tail = "=QQHHI", "qQQiI"
    request = bytearray(struct.pack(head + tail, offset, size, 1, 0, 0, target, offset, 0, 0, 0))
    try:
        fcntl.ioctl(source, _FIDEDUPERANGE, request)
    except OSError as error:
        raise SkippedFileError(_no_reflink(error.errno)) from error
    *_, shared, status, _ = struct.unpack(head + tail, request)
    if status == _STATUS_DIFFERS:
        raise SkippedFileError(_CHANGED)
    if status < 0 or shared == 0:
        raise SkippedFileError(_no_reflink(-status))
    return int(shared)


def _no_reflink(number: int | None) -> str:
    if number in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.ENOSYS):
        return "its file system cannot share blocks between files (btrfs and XFS can): use --hardlink"
    if number == errno.EXDEV:
        return "it is on another file system than the kept file: blocks cannot be shared"
    return f"its blocks cannot be shared: {os.strerror(number or errno.EIO)}"


MOVES: dict[CleanupAction, Callable[[Plan, LockedFile, LockedFile, OpenJournal], str]] = {
    CleanupAction.TRASH: trash,
    CleanupAction.MOVE: move,
    CleanupAction.HARDLINK: hardlink,
    CleanupAction.REFLINK: reflink,
}


class Applied(NamedTuple):
    """A file that was acted on; `to` is where it is now, or the kept file that it shares its bytes with."""

    step: Step
    action: CleanupAction
    to: str

    def to_dict(self) -> dict[str, Any]:
        return {**self.step.to_dict(), "done": str(self.action), "to": self.to}


def apply(plan: Plan, journal: Path) -> Iterator[Applied | Skipped]:
    """Carry out the plan, each file opened, locked and compared again first; yield the result of each as it happens.

    `journal` is a new file for `undo`. Raises ReportError where it exists, or the system has no file locks; OSError
    where it cannot be written.
    """
    if plan.action is CleanupAction.LIST:
        return
    require_locks()
    by_place = {step.target.place: step for step in plan.steps}
    with ExitStack() as stack:

        @cache
        def open_log() -> Journal:
            return stack.enter_context(Journal.create(journal))

        for _, steps in groupby(plan.steps, key=lambda step: step.group):
            units = [_unit(step, by_place) for step in steps if step.target.place in by_place]
            yield from _apply_group(plan, units, open_log)


def _unit(step: Step, waiting: dict[str, Step]) -> list[Step]:
    """Return the steps that are taken together, all or none, and remove them from those that wait."""
    places = [step.target.place, *(str(Path(step.target.folder) / name) for name in sorted(step.pair))]
    return [waiting.pop(place) for place in places if place in waiting]


def _apply_group(plan: Plan, units: list[list[Step]], open_log: OpenJournal) -> Iterator[Applied | Skipped]:
    waiting = list(units)
    if not waiting:
        return
    first = waiting[0][0].kept
    try:
        with files.locked(first) as kept:
            picture = _decode(kept)
            while waiting:
                kept.check()
                yield from _apply_unit(plan, waiting.pop(0), (kept, picture), open_log)
    except SkippedFileError as reason:
        for step in chain(*waiting):
            yield Skipped(
                step.group, step.target.file.path, f"{first.file.path}, which would be kept: {reason}"
            )


class _Checked(NamedTuple):
    """A step whose files are locked, and were compared again."""

    step: Step
    target: LockedFile
    kept: LockedFile


def _apply_unit(
    plan: Plan, unit: list[Step], kept: tuple[LockedFile, Picture], open_log: OpenJournal
) -> list[Applied | Skipped]:
    with ExitStack() as stack:
        step = unit[0]
        try:
            checked = []
            for step in unit:
                if step.kept.place != kept[0].planned.place:
                    other = stack.enter_context(files.locked(step.kept))
                    checked.append(_check(plan, step, (other, _decode(other)), stack))
                else:
                    checked.append(_check(plan, step, kept, stack))
            return [*_act(plan, checked, open_log, stack)]
        except SkippedFileError as error:
            path, reason = step.target.file.path, str(error)
            return [
                Skipped(one.group, one.target.file.path, reason if one is step else f"as {path}: {reason}")
                for one in unit
            ]


def _check(plan: Plan, step: Step, kept: tuple[LockedFile, Picture], stack: ExitStack) -> _Checked:
    """Lock a target and compare it again with the kept file. Raises SkippedFileError."""
    locked, picture = kept
    target = stack.enter_context(files.locked(step.target, other_than=locked))
    if target.data != locked.data:  # else what was just read is the same, byte for byte
        verdict = compare_pictures(picture, _decode(target), same_if=plan.same_if)
        if verdict.b.format == "RAW" != verdict.a.format:
            raise SkippedFileError(f"it is a raw file, and {locked.planned.file.path} is not")
        if verdict.b.video and not verdict.a.video:
            raise SkippedFileError(f"it is a motion photo, and {locked.planned.file.path} has no video")
        if verdict.same is not True:
            verb = "may not be" if verdict.same is None else "is not"
            same = f"the same as {locked.planned.file.path}"
            raise SkippedFileError(f"it {verb} {same}: {verdict.explanation}")
    return _Checked(step, target, locked)


def _act(plan: Plan, unit: list[_Checked], open_log: OpenJournal, stack: ExitStack) -> list[Applied]:
    """Act on files that belong together, companions first; what was moved before an error is moved back."""
    companions: dict[str, tuple[LockedFile, LockedFile]] = {}
    for step, target, kept in unit:
        for name in _last_owned(unit, step, target):
            if name not in companions:
                companions[name] = stack.enter_context(files.locked_companion(target, name)), kept
    going = [*companions.values(), *((target, kept) for _, target, kept in unit)]
    attempt, places = _free_attempt(plan, [file for file, _ in going]), list[str]()
    try:
        for file, kept in going:
            file.attempt = attempt
            places.append(MOVES[plan.action](plan, file, kept, open_log))
            kept.refresh()
    except SkippedFileError:
        _move_back(open_log, len(places))
        raise
    pictures = places[len(companions) :]
    return [Applied(one.step, plan.action, to) for one, to in zip(unit, pictures, strict=True)]


def _last_owned(unit: list[_Checked], step: Step, target: LockedFile) -> list[str]:
    """Return the names of the companions of a step whose other owners go with it or are gone."""
    names = {one.step.target.name for one in unit}
    return [
        companion.name
        for companion in step.companions
        if all(files.absent(target.folder, name) for name in companion.owners - names)
        and not files.absent(target.folder, companion.name)
    ]


def _free_attempt(plan: Plan, going: list[LockedFile]) -> int:
    """Return the first number by which none of the new names is taken, so that all of them keep fitting together."""
    if plan.action is not CleanupAction.MOVE:
        return 0
    folder = Path(_new_folder(plan, going[0]))
    taken = (any(os.path.lexists(folder / file.new_name(n)) for file in going) for n in count())
    return next(number for number, one in enumerate(taken) if not one)


def _move_back(open_log: OpenJournal, number: int) -> None:
    """Undo the last `number` actions."""
    done = [n for n, entry in open_log().entries.items() if "done" in entry.events] if number else []
    for last in reversed(done[-number:]):
        try:
            restore(open_log(), last)
        except (SkippedFileError, OSError) as error:
            path, reason = open_log().entries[last].path, str(error)
            raise SkippedFileError(f"{path}, which belongs to it, cannot be moved back: {reason}") from error


def _decode(file: LockedFile) -> Picture:
    try:
        return load(Encoded(file.planned.file.path, file.data))
    except UnreadableError as error:
        raise SkippedFileError(reason_of(error)) from error
