"""Files that cleaning up may touch: checked against the scan, locked, and moved without following a symlink.

The trash follows the freedesktop.org Trash specification 1.0, or is ~/.Trash on macOS.
https://specifications.freedesktop.org/trash-spec/1.0/
"""

from __future__ import annotations

import base64
import ctypes
import datetime
import errno
import fcntl
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from samepic.cleanup.plan import PlannedFile
from samepic.errors import ReportError

__all__ = [
    "SAME_INODE",
    "LockedFile",
    "SkippedFileError",
    "Trash",
    "absent",
    "copied",
    "fitted",
    "held",
    "home_trash",
    "identity",
    "look",
    "make_folder",
    "missing_folders",
    "opened_folder",
    "plain",
    "rename_new",
    "replace",
    "restore_attributes",
    "sha256_of",
    "text_of_xattrs",
    "trash_for",
]

_BLOCK = 1 << 20

_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# linux/fs.h and sys/stdio.h: (function, do not overwrite, exchange)
_RENAME = {"linux": ("renameat2", 1, 2), "darwin": ("renameatx_np", 4, 2)}

_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


@contextmanager
def opened_folder(path: str) -> Iterator[int]:
    """Hold the folder at the absolute `path` open, following no symlink on the way; yield its descriptor.

    Raises OSError: ELOOP or ENOTDIR where a part of the path is a symlink.
    """
    parts = [part for part in path.split("/") if part]
    here = os.open("/", _PASS if parts else _FOLDER)
    try:
        for number, part in enumerate(parts, 1):
            below = os.open(part, _FOLDER if number == len(parts) else _PASS, dir_fd=here)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


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
        with opened_folder(parent or "/") as above:
            os.mkdir(name, mode, dir_fd=above)
            os.fsync(above)


def look(folder: int, name: str) -> os.stat_result | None:
    """Return what stands at `name` in an open folder, symlinks not followed; None where nothing does."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def absent(folder: int, name: str) -> bool:
    """Tell whether nothing stands at `name` in an open folder."""
    return look(folder, name) is None


def rename_new(source: int, name: str, target: int, new: str) -> None:
    """Rename within a file system; raise FileExistsError, and change nothing, where `new` is taken.

    Where the file system cannot do that in one step, link and unlink: never an overwrite, at worst two names.
    """
    try:
        _rename(source, name, target, new, exchange=False)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        os.link(name, new, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        os.unlink(name, dir_fd=source)


def replace(folder: int, part: str, name: str, expected: Callable[[os.stat_result], bool]) -> bool:
    """Put `part` at `name`, and drop what stood there, if that is what is `expected`; else change nothing.

    The two are exchanged in one step, so that the name is never absent, and looked at after that. Where the
    file system cannot exchange names, look first and rename. Returns whether it was done.
    """
    try:
        _rename(folder, part, folder, name, exchange=True)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        now = look(folder, name)
        if now is None or not expected(now):
            return False
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        return True
    taken = look(folder, part)
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
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fsdecode(name))


def sha256_of(file: int) -> str:
    """Return the hexadecimal SHA-256 of an open file, from its beginning."""
    digest, offset = hashlib.sha256(), 0
    while block := os.pread(file, _BLOCK, offset):
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()


def copied(source: int, folder: int, name: str, attributes: Mapping[str, Any]) -> str:
    """Copy an open file to the new `name`, flushed to the disk, with `attributes`; return its SHA-256.

    The digest is that of what was read back. Raises FileExistsError where `name` is taken.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        offset = 0
        while block := os.pread(source, _BLOCK, offset):
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(file, rest) :]
            offset += len(block)
        restore_attributes(file, attributes)
        os.fsync(file)
        return sha256_of(file)
    finally:
        os.close(file)


def text_of_xattrs(file: int) -> dict[str, str]:
    """Return the extended attributes of an open file, values in base64; empty where there can be none."""
    if sys.platform != "linux":
        return {}
    found = {}
    try:
        for name in os.listxattr(file):
            found[name] = base64.b64encode(os.getxattr(file, name)).decode("ascii")
    except OSError:
        return found
    return found


def restore_attributes(file: int, attributes: Mapping[str, Any]) -> None:
    """Give an open file the owner, extended attributes, mode and times that were recorded."""
    now = os.fstat(file)
    if (now.st_uid, now.st_gid) != (attributes["uid"], attributes["gid"]):
        with suppress(PermissionError):  # only root gives files away; the bytes matter more than their owner
            os.fchown(file, attributes["uid"], attributes["gid"])
    if sys.platform == "linux":
        _restore_xattrs(file, attributes.get("xattrs", {}))
    os.fchmod(file, stat.S_IMODE(attributes["mode"]))
    os.utime(file, ns=(attributes["atime_ns"], attributes["mtime_ns"]))


def _restore_xattrs(file: int, xattrs: Mapping[str, str]) -> None:
    if sys.platform != "linux":
        return
    for name, value in xattrs.items():
        try:
            os.setxattr(file, name, base64.b64decode(value))
        except OSError:
            continue  # the system's own, or a file system without them


SAME_INODE = "it is the kept file itself under another name (a hard link): nothing would be won"

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SkippedFileError(ReportError):
    """A file that is left alone; the message is the reason, as the end of "left alone: "."""


def identity(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return what tells one state of one file from every other: device, inode, size and mtime."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def plain(error: OSError) -> str:
    """Return the system's reason in its own words, without path and number."""
    return error.strerror or str(error)


@dataclass(slots=True)
class LockedFile:
    """An open file whose folder is held open too; `data` are its bytes, as the scan saw them."""

    target: PlannedFile
    folder: int
    file: int
    status: os.stat_result
    data: bytes = field(repr=False)

    def check(self) -> None:
        """Raise SkippedFileError unless the name still means this file, unchanged since it was read."""
        now = look(self.folder, self.target.name)
        if now is None:
            raise SkippedFileError("it is gone")
        # The time of the last change of the inode cannot be set by anybody, so that bytes need not be read again.
        if identity(now) != identity(self.status) or now.st_ctime_ns != self.status.st_ctime_ns:
            raise SkippedFileError("it was changed just now")

    def refresh(self) -> None:
        """Take note that this process itself gave the file another name, or took one away."""
        self.status = os.fstat(self.file)


@contextmanager
def held(target: PlannedFile, *, other_than: LockedFile | None = None) -> Iterator[LockedFile]:
    """Open, lock and read a file; raise SkippedFileError unless it is unchanged since the scan.

    With `other_than`, the file that is kept, it is to be acted on: it must not be that same file, and is locked
    for this process alone. Those who keep a file share its lock, so that of two processes none acts on what
    the other one keeps.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(opened_folder(target.folder))
            file = os.open(target.name, _READ, dir_fd=folder)
            stack.callback(os.close, file)
            one = _checked(target, folder, file, other_than)
        except OSError as error:
            raise SkippedFileError(_why(error)) from error
        yield one


def _why(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "it, or a folder on its path, was replaced by a symlink"
    if error.errno == errno.ENOENT:
        return "it is gone"
    return f"{plain(error)[:1].lower()}{plain(error)[1:]}"


def _checked(target: PlannedFile, folder: int, file: int, other_than: LockedFile | None) -> LockedFile:
    here, status, seen = os.fstat(folder), os.fstat(file), target.file
    if (here.st_dev, here.st_ino) != (target.device, target.inode):
        raise SkippedFileError("its folder was replaced")
    if not stat.S_ISREG(status.st_mode):
        raise SkippedFileError("it is no file any more")
    if other_than and os.path.samestat(status, other_than.status):
        raise SkippedFileError(SAME_INODE)
    _lock(file, alone=other_than is not None)
    if (status.st_size, status.st_mtime_ns) != (seen.size, seen.mtime_ns):
        raise SkippedFileError("it was changed since the scan: other size or time")
    data = _read(file, seen.size)
    if hashlib.sha256(data).hexdigest() != seen.sha256:
        raise SkippedFileError(
            "it was changed since the scan: other bytes, though size and time are the same"
        )
    one = LockedFile(target, folder, file, status, data)
    one.check()
    return one


def _lock(file: int, *, alone: bool) -> None:
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SkippedFileError("another process holds it") from None
    except OSError as error:
        raise SkippedFileError(f"its file system cannot lock it: {plain(error)}") from error


def _read(file: int, size: int) -> bytes:
    blocks, left = [], size + 1
    while left > 0 and (block := os.read(file, min(left, 1 << 20))):
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)


_NAME_BYTES = 255

_NONE = "its file system has no trash: use --move-to"


@dataclass(frozen=True, slots=True)
class Trash:
    """The folder `files` that takes the file, `info` that takes what is known of it ("" on macOS).

    `top` is the folder that recorded paths count from; "" where they are absolute.
    """

    files: str
    info: str
    top: str

    def note(self, place: str) -> bytes:
        """Return the content of the .trashinfo of the file at the absolute `place`."""
        path = os.path.relpath(place, self.top) if self.top else place
        now = datetime.datetime.now().replace(microsecond=0).isoformat()
        return f"[Trash Info]\nPath={quote(os.fsencode(path))}\nDeletionDate={now}\n".encode("ascii")


def home_trash() -> str:
    """Return the absolute path of this user's home trash, which may not exist yet."""
    if sys.platform == "darwin":
        return str(Path("~/.Trash").expanduser())
    data = os.environ.get("XDG_DATA_HOME", "")
    base = Path(data) if data.startswith("/") else Path("~/.local/share").expanduser()
    return os.path.realpath(base / "Trash")


def trash_for(folder: str, device: int) -> Trash:
    """Return the trash of files in `folder` on `device`, made where it does not exist.

    Raises SkippedFileError where there is none that a file could be moved to by a mere rename.
    """
    if sys.platform not in ("linux", "darwin"):
        raise SkippedFileError(f"the trash of {sys.platform} is not known here: use --move-to")
    home = home_trash()
    try:
        make_folder(home)
        if Path(home).stat().st_dev == device:
            return _made(home, "")
        if sys.platform == "darwin":
            raise SkippedFileError(_NONE)
        top = _mount_point(folder, device)
        return _made(_own_trash(top), top)
    except OSError as error:
        raise SkippedFileError(f"{_NONE} ({error.strerror or error})") from error


def _made(path: str, top: str) -> Trash:
    if sys.platform == "darwin":
        return Trash(path, "", "")
    files, info = f"{path}/files", f"{path}/info"
    for folder in (files, info):
        make_folder(folder)
    return Trash(files, info, top)


def _mount_point(folder: str, device: int) -> str:
    here = Path(folder)
    while here.parent != here and here.parent.stat().st_dev == device:
        here = here.parent
    return str(here)


def _own_trash(top: str) -> str:
    """Return $topdir/.Trash/$uid where an administrator has made .Trash rightly, else $topdir/.Trash-$uid."""
    user, base = os.getuid(), top.rstrip("/")
    try:
        shared = os.lstat(f"{base}/.Trash")
        if stat.S_ISDIR(shared.st_mode) and shared.st_mode & stat.S_ISVTX:
            make_folder(f"{base}/.Trash/{user}", 0o700)
            return f"{base}/.Trash/{user}"
    except OSError:
        pass  # none, or it cannot be used: the specification goes on to the second place
    own = f"{base}/.Trash-{user}"
    make_folder(own, 0o700)
    found = os.lstat(own)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user:
        raise SkippedFileError(_NONE)
    return own


def fitted(name: str, number: int, room: int = 0) -> str:
    """Return the `number`-th name to try for a file (0: its own), cut so that `room` more bytes still fit.

    >>> fitted("photo.jpg", 0), fitted("photo.jpg", 1)
    ('photo.jpg', 'photo.2.jpg')
    """
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > 20:
        stem, dot, suffix = name, "", ""
    tail = (f".{number + 1}" if number else "") + dot + suffix
    most = _NAME_BYTES - room - len(os.fsencode(tail))
    return os.fsdecode(os.fsencode(stem)[:most]) + tail
