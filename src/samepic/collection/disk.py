"""File operations that follow no symlink, overwrite nothing, and work on folders held open."""

from __future__ import annotations

import base64
import ctypes
import errno
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = [
    "absent",
    "copied",
    "look",
    "make_folder",
    "missing_folders",
    "opened_folder",
    "rename_new",
    "replace",
    "restore_attributes",
    "sha256_of",
    "text_of_xattrs",
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
