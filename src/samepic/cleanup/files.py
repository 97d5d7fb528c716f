"""Files to clean up: checked against the scan, locked, and moved without following symlinks.

The trash follows the freedesktop.org Trash specification 1.0, or is ~/.Trash on macOS.
https://specifications.freedesktop.org/trash-spec/1.0/
"""

from __future__ import annotations

import base64
import ctypes
import datetime
import errno
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from platformdirs import user_data_path

from samepic.cleanup.journal import Entry
from samepic.cleanup.plan import PlannedFile
from samepic.duplicates.walk import File
from samepic.errors import ReportError
from samepic.writing import reason_of

# Where one is missing (Windows) `require_locks` refuses every action.
_SAFE, _DIRECTORY, _NONBLOCK = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0),
    getattr(os, "O_DIRECTORY", 0),
    getattr(os, "O_NONBLOCK", 0),
)
_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY) | _DIRECTORY | _SAFE
_FOLDER = os.O_RDONLY | _DIRECTORY | _SAFE

# linux/fs.h and sys/stdio.h: (function, do not overwrite, exchange)
_RENAME = {"linux": ("renameat2", 1, 2), "darwin": ("renameatx_np", 4, 2)}
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


@contextmanager
def open_folder(path: str) -> Iterator[int]:
    """Yield a descriptor of the folder at the absolute `path`. Raises OSError where a part of it is a symlink."""
    parts = [part for part in path.split("/") if part]
    current = os.open("/", _PATH_ONLY if parts else _FOLDER)
    try:
        for depth, part in enumerate(parts, 1):
            child = os.open(part, _FOLDER if depth == len(parts) else _PATH_ONLY, dir_fd=current)
            os.close(current)
            current = child
        yield current
    finally:
        os.close(current)


def missing_folders(path: str) -> list[str]:
    """Return the folders that must be made so that the absolute `path` exists, top first."""
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = str(Path(path).parent)
    return missing[::-1]


def make_folder(path: str, mode: int = 0o777) -> None:
    """Make the folder at the absolute `path` and those above it, as far as they are missing."""
    for folder in missing_folders(path):
        parent, _, name = folder.rpartition("/")
        with open_folder(parent or "/") as parent_folder:
            with suppress(FileExistsError):  # another process was first
                os.mkdir(name, mode, dir_fd=parent_folder)
            os.fsync(parent_folder)


def stat_at(folder: int, name: str) -> os.stat_result | None:
    """Return the status of `name` in an open folder, without following symlinks; None where there is none."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def absent(folder: int, name: str) -> bool:
    return stat_at(folder, name) is None


def rename_exclusive(source: int, name: str, target: int, new: str) -> None:
    """Rename within a file system, or link and unlink; raise FileExistsError, changing nothing, where `new` exists."""
    try:
        _rename(source, name, target, new, exchange=False)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        os.link(name, new, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        os.unlink(name, dir_fd=source)


def replace_if(folder: int, part: str, name: str, expected: Callable[[os.stat_result], bool]) -> bool:
    """Replace `name` by `part`, in one step where possible, if its status is `expected`; return whether it was done."""
    try:
        _rename(folder, part, folder, name, exchange=True)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        now = stat_at(folder, name)
        if now is None or not expected(now):
            return False
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        return True
    taken = stat_at(folder, part)
    if taken is None or not expected(taken):
        _rename(folder, part, folder, name, exchange=True)
        return False
    os.unlink(part, dir_fd=folder)
    return True


def _rename(source: int, name: str, target: int, new: str, *, exchange: bool) -> None:
    function, exclusive, exchanging = _RENAME.get(sys.platform, ("", 0, 0))
    call = getattr(ctypes.CDLL(None, use_errno=True), function, None) if function else None
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), os.fsencode(name))
    flags = exchanging if exchange else exclusive
    if call(source, os.fsencode(name), target, os.fsencode(new), flags) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), os.fsdecode(name))


def sha256_of(file: int) -> str:
    with open(file, "rb", closefd=False) as stream:
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy_file(source: int, folder: int, name: str, attributes: Entry) -> str:
    """Copy an open file to the new `name`, flushed, with `attributes`; return the SHA-256 of the copy as read back."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name, flags, 0o600, dir_fd=folder)
    with os.fdopen(file, "wb") as copy, open(source, "rb", closefd=False) as original:
        original.seek(0)
        shutil.copyfileobj(original, copy)
        copy.flush()
        restore_attributes(file, attributes)
        os.fsync(file)
        return sha256_of(file)


def encoded_xattrs(file: int) -> dict[str, str]:
    """Return the extended attributes of an open file, values in base64; empty where there can be none."""
    if sys.platform != "linux":
        return {}
    found = {}
    with suppress(OSError):
        for name in os.listxattr(file):
            found[name] = base64.b64encode(os.getxattr(file, name)).decode("ascii")
    return found


def restore_attributes(file: int, attributes: Entry) -> None:
    """Give an open file the owner, extended attributes, mode and times that were recorded."""
    now = os.fstat(file)
    if (now.st_uid, now.st_gid) != (attributes.uid, attributes.gid):
        with suppress(PermissionError):  # only root may change the owner, and the bytes matter more
            os.fchown(file, attributes.uid, attributes.gid)
    if sys.platform == "linux":
        for name, value in attributes.xattrs.items():
            with suppress(OSError):  # an attribute of the system, or a file system without attributes
                os.setxattr(file, name, base64.b64decode(value))
    os.fchmod(file, stat.S_IMODE(attributes.mode))
    os.utime(file, ns=(attributes.atime_ns, attributes.mtime_ns))


SAME_INODE = "it is a hard link to the kept file: nothing to reclaim"
_READ = os.O_RDONLY | _NONBLOCK | _SAFE


class SkippedFileError(ReportError):
    """A file that is skipped; the message is the reason."""


def identity(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return device, inode, size and mtime, which identify one state of one file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(slots=True)
class LockedFile:
    """A locked open file in an open folder; `data` are its bytes, the same as in the scan.

    A companion has no `data` and the picture that is its `leader`. `attempt` is the first numbered name to try.
    """

    planned: PlannedFile
    folder: int
    file: int
    status: os.stat_result
    data: bytes = field(repr=False)
    leader: PlannedFile | None = None
    attempt: int = 0

    def check(self) -> None:
        """Raise SkippedFileError unless the name still leads to this file, unchanged since it was read."""
        now = stat_at(self.folder, self.planned.name)
        if now is None:
            raise SkippedFileError("it is gone")
        # Programs cannot set the ctime, so there is no need to read the bytes again.
        if identity(now) != identity(self.status) or now.st_ctime_ns != self.status.st_ctime_ns:
            raise SkippedFileError("it was changed just now")

    def refresh(self) -> None:
        """Update the status after this process added or removed a name of the file."""
        self.status = os.fstat(self.file)

    def new_name(self, attempt: int, reserved: int = 0) -> str:
        """Return its `attempt`-th name elsewhere, by that of its leader: photo.2.jpg.xmp beside photo.2.jpg."""
        name, leader = self.planned.name, self.leader.name if self.leader else ""
        if not leader or not name.lower().startswith(leader.lower() + "."):
            return numbered_name(name, attempt, reserved)
        rest = name[len(leader) :]
        return numbered_name(name[: len(leader)], attempt, reserved + len(os.fsencode(rest))) + rest


@contextmanager
def locked(planned: PlannedFile, *, other_than: LockedFile | None = None) -> Iterator[LockedFile]:
    """Open, read and lock a file, exclusively if another is kept; raise SkippedFileError unless it is unchanged."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(open_folder(planned.folder))
            file = os.open(planned.name, _READ, dir_fd=folder)
            stack.callback(os.close, file)
            locked_file = _lock_checked(planned, folder, file, other_than)
        except OSError as error:
            raise SkippedFileError(_open_error(error)) from error
        yield locked_file


@contextmanager
def locked_companion(leader: LockedFile, name: str) -> Iterator[LockedFile]:
    """Open and lock a file that belongs to a locked one, as it is now. Raises SkippedFileError."""
    with ExitStack() as stack:
        try:
            file = os.open(name, _READ, dir_fd=leader.folder)
            stack.callback(os.close, file)
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise SkippedFileError("it is not a regular file any more")
            _lock(file, exclusive=True)
            path = str(Path(leader.planned.file.path).with_name(name))
            found = File(path, status.st_size, status.st_mtime_ns, sha256_of(file))
        except (OSError, SkippedFileError) as error:
            reason = _open_error(error) if isinstance(error, OSError) else error
            raise SkippedFileError(f"{name}, which belongs to it: {reason}") from error
        planned = replace(leader.planned, file=found)
        yield LockedFile(planned, leader.folder, file, status, b"", leader.planned)


def _open_error(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "it, or a folder on its path, was replaced by a symlink"
    if error.errno == errno.ENOENT:
        return "it is gone"
    return f"{reason_of(error)[:1].lower()}{reason_of(error)[1:]}"


def _lock_checked(planned: PlannedFile, folder: int, file: int, other_than: LockedFile | None) -> LockedFile:
    folder_status, status, scanned = os.fstat(folder), os.fstat(file), planned.file
    if (folder_status.st_dev, folder_status.st_ino) != (planned.device, planned.inode):
        raise SkippedFileError("its folder was replaced")
    if not stat.S_ISREG(status.st_mode):
        raise SkippedFileError("it is not a regular file any more")
    if other_than and os.path.samestat(status, other_than.status):
        raise SkippedFileError(SAME_INODE)
    _lock(file, exclusive=other_than is not None)
    if (status.st_size, status.st_mtime_ns) != (scanned.size, scanned.mtime_ns):
        raise SkippedFileError("it has changed since the scan: other size or time")
    with open(file, "rb", closefd=False) as stream:
        data = stream.read(scanned.size + 1)
    if hashlib.sha256(data).hexdigest() != scanned.sha256:
        raise SkippedFileError(
            "it has changed since the scan: other bytes, though size and time are the same"
        )
    locked_file = LockedFile(planned, folder, file, status, data)
    locked_file.check()
    return locked_file


def _lock(file: int, *, exclusive: bool) -> None:
    import fcntl

    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SkippedFileError("another process has locked it") from None
    except OSError as error:
        raise SkippedFileError(f"its file system cannot lock it: {reason_of(error)}") from error


_NAME_BYTES = 255
_NO_TRASH = "its file system has no trash: use --move-to"


@dataclass(frozen=True, slots=True)
class Trash:
    """The folders `files` and `info` (none on macOS); recorded paths are relative to `top`, or absolute without one."""

    files: str
    info: str
    top: str

    def note(self, place: str) -> bytes:
        """Return the content of the .trashinfo of the file at the absolute `place`."""
        path = os.path.relpath(place, self.top) if self.top else place
        now = datetime.datetime.now().replace(microsecond=0).isoformat()
        return f"[Trash Info]\nPath={quote(os.fsencode(path))}\nDeletionDate={now}\n".encode("ascii")


def find_trash(folder: str, device: int) -> Trash:
    """Return the trash for files in `folder` on `device`, created if need be. Raises SkippedFileError without one."""
    if sys.platform not in ("linux", "darwin"):
        raise SkippedFileError(f"the trash is not supported on {sys.platform}: use --move-to")
    own = user_data_path() / "Trash"
    home = str(Path("~/.Trash").expanduser()) if sys.platform == "darwin" else os.path.realpath(own)
    try:
        make_folder(home, 0o700)
        if Path(home).stat().st_dev == device:
            return _create_trash(home, "")
        if sys.platform == "darwin":
            raise SkippedFileError(_NO_TRASH)
        top = _mount_point(folder, device)
        base, user = top.rstrip("/"), os.getuid()
        with suppress(OSError, SkippedFileError):  # the specification says to use the second place then
            shared = os.lstat(f"{base}/.Trash")
            if stat.S_ISDIR(shared.st_mode) and shared.st_mode & stat.S_ISVTX and shared.st_uid in (0, user):
                return _create_trash(f"{base}/.Trash/{user}", top)
        return _create_trash(f"{base}/.Trash-{user}", top)
    except OSError as error:
        raise SkippedFileError(f"{_NO_TRASH} ({error.strerror or error})") from error


def _create_trash(path: str, top: str) -> Trash:
    """Return the trash at `path`, made where it is missing; raise SkippedFileError where others could change it."""
    if sys.platform == "darwin":
        return Trash(path, "", "")
    found = Trash(f"{path}/files", f"{path}/info", top)
    for folder in (path, found.files, found.info):
        make_folder(folder, 0o700)
        status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
            wanted = "expected a folder that only this user may change, found another"
            raise SkippedFileError(f"{folder}: {wanted}: use --move-to")
    return found


def _mount_point(folder: str, device: int) -> str:
    here = Path(folder)
    while here.parent != here and here.parent.stat().st_dev == device:
        here = here.parent
    return str(here)


def numbered_name(name: str, attempt: int, reserved: int = 0) -> str:
    """Return the `attempt`-th name to try, cut to leave room for `reserved` bytes: photo.jpg (0), photo.2.jpg (1)."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > 20:
        stem, dot, suffix = name, "", ""
    tail = (f".{attempt + 1}" if attempt else "") + dot + suffix
    limit = _NAME_BYTES - reserved - len(os.fsencode(tail))
    return os.fsdecode(os.fsencode(stem)[:limit]) + tail
