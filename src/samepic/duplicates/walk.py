"""Walk: every file below paths and folders, once each, in a fixed order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from samepic.facts import short_repr
from samepic.writing import reason_of


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when it was found or read, to detect later changes.

    `path` holds bytes that are not UTF-8 as surrogates (see `os.fsencode`); `size` is in bytes; `sha256`, in
    hexadecimal digits, is "" until the file is read. `real_path` is the absolute path where `path` leads over a
    symlink, else "". `inode`, `device` and the number of hard `links` are known only in the run that found the file;
    these four do not count in comparisons.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    inode: int = field(default=0, compare=False)
    device: int = field(default=0, compare=False)
    links: int = field(default=1, compare=False)
    real_path: str = field(default="", compare=False)

    __repr__ = short_repr

    @property
    def node(self) -> tuple[int, int]:
        """The device and inode, equal for all hard links to one file."""
        return self.device, self.inode

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape."""
        found = {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns, "sha256": self.sha256}
        return {**found, "real_path": self.real_path} if self.real_path else found


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that could not be read, or a picture that could not be decoded, and why."""

    path: str
    error: str


def path_key(file: File | Unreadable) -> bytes:
    """Return the bytes of a path, by which files are sorted."""
    return os.fsencode(file.path)


@dataclass(slots=True, eq=False)
class Walk:
    """Walks `paths`, which may be hidden or links; skips files under `min_size` bytes, and counts them.

    A folder is entered once, and a file found once, however many links, loops and paths lead there.
    """

    paths: Iterable[str]
    hidden: bool = False
    follow: bool = False
    min_size: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    folders: int = 0
    skipped: int = 0
    _entered: set[tuple[int, int]] = field(default_factory=set)
    _real_paths: dict[tuple[int, int], set[str]] = field(default_factory=dict)
    _real_folders: dict[str, str] = field(default_factory=dict)

    def files(self) -> Iterator[File]:
        """Yield every regular file: paths in the given order, folders by the bytes of their names."""
        named = [(path, status) for path in self.paths if (status := self._stat(path)) is not None]
        for _, status in named:
            if stat.S_ISREG(status.st_mode):
                self._real_paths.setdefault((status.st_dev, status.st_ino), set())
        for path, status in named:
            if stat.S_ISREG(status.st_mode):
                yield from self._file(path, status)
            elif stat.S_ISDIR(status.st_mode):
                yield from self._folder(path, status)
            else:
                self.unreadable.append(Unreadable(path, "not a file or folder but a device, pipe or socket"))

    def _stat(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        try:
            return os.stat(path, follow_symlinks=follow)  # noqa: PTH116  (Path would normalize the name)
        except OSError as error:
            self.unreadable.append(Unreadable(path, reason_of(error)))
        except ValueError as error:
            self.unreadable.append(Unreadable(path, f"invalid path: {error}"))
        return None

    def _folder(self, path: str, status: os.stat_result) -> Iterator[File]:
        """Walk below a folder without recursion, so that depth is not limited."""
        stack: list[tuple[str, os.stat_result]] = [(path, status)]
        while stack:
            path, status = stack.pop()
            node = status.st_dev, status.st_ino
            if node in self._entered:
                continue
            self._entered.add(node)
            self.folders += 1
            subfolders: list[tuple[str, os.stat_result]] = []
            for name in self._names(path):
                below = os.path.join(path, name)  # noqa: PTH118  (as above)
                child = self._stat(below, follow=False)
                if child is not None and stat.S_ISLNK(child.st_mode):
                    if not self.follow:
                        self.skipped += 1
                        continue
                    child = self._stat(below)
                if child is None:
                    continue
                if stat.S_ISDIR(child.st_mode):
                    subfolders.append((below, child))
                elif stat.S_ISREG(child.st_mode):
                    yield from self._file(below, child)
                else:
                    self.skipped += 1
            stack.extend(reversed(subfolders))

    def _names(self, path: str) -> list[str]:
        names = []
        try:
            with os.scandir(path) as found:
                for entry in found:
                    if self.hidden or not entry.name.startswith("."):
                        names.append(entry.name)
                    else:
                        self.skipped += 1
        except OSError as error:
            self.unreadable.append(Unreadable(path, reason_of(error)))
        names.sort(key=os.fsencode)
        return names

    def _file(self, path: str, status: os.stat_result) -> Iterator[File]:
        node = status.st_dev, status.st_ino
        if self.follow or node in self._real_paths or status.st_nlink > 1:
            # Several paths may lead here: two names of a file are hard links, two paths to one name are not.
            real, seen = os.path.realpath(path), self._real_paths.setdefault(node, set())
            if real in seen:
                return
            seen.add(real)
        if status.st_size >= self.min_size:
            times = status.st_size, status.st_mtime_ns
            yield File(path, *times, "", status.st_ino, status.st_dev, status.st_nlink, self._real_path(path))
        else:
            self.skipped += 1

    def _real_path(self, path: str) -> str:
        """Return the absolute path where `path` leads over a symlink, else ""."""
        folder, name = os.path.split(path)
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder)
        real = os.path.join(self._real_folders[folder], name)  # noqa: PTH118  (as above)
        return real if real != os.path.abspath(path) else ""  # noqa: PTH100  (it must not follow symlinks)
