"""A file of the report, opened, locked and found to be what the scan saw."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from samepic.collection.disk import look, opened_folder
from samepic.collection.plan import Target
from samepic.errors import ReportError

__all__ = ["SAME_INODE", "Held", "Refused", "held", "identity", "plain"]

SAME_INODE = "it is the kept file itself under another name (a hard link): nothing would be won"

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Refused(ReportError):  # noqa: N818  (an answer that ends as a Left, not an error)
    """A file that is left alone; the message is the reason, as the end of "left alone: "."""


def identity(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return what tells one state of one file from every other: device, inode, size and mtime."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def plain(error: OSError) -> str:
    """Return the system's reason in its own words, without path and number."""
    return error.strerror or str(error)


@dataclass(slots=True)
class Held:
    """An open file whose folder is held open too; `data` are its bytes, as the scan saw them."""

    target: Target
    folder: int
    file: int
    status: os.stat_result
    data: bytes = field(repr=False)

    def check(self) -> None:
        """Raise Refused unless the name still means this file, unchanged since it was read."""
        now = look(self.folder, self.target.name)
        if now is None:
            raise Refused("it is gone")
        # The time of the last change of the inode cannot be set by anybody, so that bytes need not be read again.
        if identity(now) != identity(self.status) or now.st_ctime_ns != self.status.st_ctime_ns:
            raise Refused("it was changed just now")

    def refresh(self) -> None:
        """Take note that this process itself gave the file another name, or took one away."""
        self.status = os.fstat(self.file)


@contextmanager
def held(target: Target, *, other_than: Held | None = None) -> Iterator[Held]:
    """Open, lock and read a file; raise Refused unless it is unchanged since the scan.

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
            raise Refused(_why(error)) from error
        yield one


def _why(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "it, or a folder on its path, was replaced by a symlink"
    if error.errno == errno.ENOENT:
        return "it is gone"
    return f"{plain(error)[:1].lower()}{plain(error)[1:]}"


def _checked(target: Target, folder: int, file: int, other_than: Held | None) -> Held:
    here, status, seen = os.fstat(folder), os.fstat(file), target.file
    if (here.st_dev, here.st_ino) != (target.device, target.inode):
        raise Refused("its folder was replaced")
    if not stat.S_ISREG(status.st_mode):
        raise Refused("it is no file any more")
    if other_than and os.path.samestat(status, other_than.status):
        raise Refused(SAME_INODE)
    _lock(file, alone=other_than is not None)
    if (status.st_size, status.st_mtime_ns) != (seen.size, seen.mtime_ns):
        raise Refused("it was changed since the scan: other size or time")
    data = _read(file, seen.size)
    if hashlib.sha256(data).hexdigest() != seen.sha256:
        raise Refused("it was changed since the scan: other bytes, though size and time are the same")
    one = Held(target, folder, file, status, data)
    one.check()
    return one


def _lock(file: int, *, alone: bool) -> None:
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused("another process holds it") from None
    except OSError as error:
        raise Refused(f"its file system cannot lock it: {plain(error)}") from error


def _read(file: int, size: int) -> bytes:
    blocks, left = [], size + 1
    while left > 0 and (block := os.read(file, min(left, 1 << 20))):
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)
