"""Walk: every file below paths and folders, once each, in a fixed order."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from samepic.values import short_repr, values_of
from samepic.writing import reason_of


class FileKind(StrEnum):
    """What a file holds besides a picture: a closed set; a `motion` photo holds a video, `raw` what the sensor saw."""

    PICTURE = ""
    MOTION = "motion"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when it was found or read, to detect later changes.

    `path` holds bytes that are not UTF-8 as surrogates (see `os.fsencode`); `size` is in bytes; `sha256`, in
    hexadecimal digits, is "" until the file is read. `real_path` is the absolute path where `path` leads over a
    symlink, else "". `protected` files lie below a folder that others are compared against: they are never acted on.
    `inode`, `device` and the number of hard `links` are known only in the run that found the file, and what follows
    `protected` only of files in groups and series: `width` and `height` of the upright picture (0 where unknown),
    `camera` and `taken` as in `PictureInfo`. All these do not count in comparisons.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    inode: int = field(default=0, compare=False)
    device: int = field(default=0, compare=False)
    links: int = field(default=1, compare=False)
    real_path: str = field(default="", compare=False)
    protected: bool = field(default=False, compare=False)
    kind: FileKind = field(default=FileKind.PICTURE, compare=False)
    width: int = field(default=0, compare=False)
    height: int = field(default=0, compare=False)
    camera: str = field(default="", compare=False)
    taken: str = field(default="", compare=False)

    __repr__ = short_repr

    @property
    def node(self) -> tuple[int, int]:
        """The device and inode, equal for all hard links to one file."""
        return self.device, self.inode

    @property
    def shown(self) -> str:
        """What is known of the picture, as "640x480, 2026-11-30 12:00:01, Canon EOS R5", or ""."""
        size = f"{self.width}x{self.height}" if self.width else ""
        return ", ".join(filter(None, (size, self.taken.replace("T", " "), self.camera)))

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape."""
        found = {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns, "sha256": self.sha256}
        more = "real_path", "protected", "kind", "width", "height", "camera", "taken"
        return found | {name: value for name in more if (value := values_of(self)[name])}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that could not be read, or a picture that could not be decoded, and why."""

    path: str
    error: str


def path_key(file: File | Unreadable) -> bytes:
    """Return the bytes of a path, by which files are sorted."""
    return os.fsencode(file.path)


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files are searched: of `min_size` to `max_size` bytes, named as `extensions` say, and not in `exclude`.

    A pattern without "/" is matched with the name of each file and folder, one with "/" in it or before it with the
    path below the folder that was named; `*` and `?` stand for any characters, "/" too, and `[a-z]` for one of those.
    One that ends in "/" is for folders only. An excluded folder is not entered. Case counts, but not in `extensions`.
    """

    min_size: int = 0
    max_size: int | None = None
    extensions: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, min_size: int, max_size: int | None, extensions: Iterable[str], exclude: Iterable[str]
    ) -> FileFilter:
        """Return the filter of these options; extensions may have a dot before them."""
        endings = (one.lower().removeprefix(".") for one in extensions if one)
        return cls(min_size, max_size, tuple(endings), tuple(exclude))

    def has(self, name: str, size: int) -> bool:
        """Return whether a file of this name and size is searched, whatever `exclude` says."""
        if size < self.min_size or (self.max_size is not None and size > self.max_size):
            return False
        return not self.extensions or os.path.splitext(name)[1].lower().lstrip(".") in self.extensions  # noqa: PTH122

    def excluder(self) -> Callable[[str, str, bool], bool]:
        """Return what says of a name, its path below the root, and whether it is a folder, that it is excluded."""
        for_files = [pattern for pattern in self.exclude if not pattern.endswith("/")]
        folders, files = (_matcher([one.rstrip("/") for one in some]) for some in (self.exclude, for_files))
        return lambda name, below, is_folder: (folders if is_folder else files)(
            name, below.replace(os.sep, "/")
        )


def _matcher(patterns: list[str]) -> Callable[[str, str], bool]:
    """Return what says whether a name, or a path below the root, matches one of the patterns."""
    by_name, by_path = (
        re.compile(
            "|".join(fnmatch.translate(one.lstrip("/")) for one in patterns if ("/" in one) is whole)
            or "(?!)"
        )
        for whole in (False, True)
    )
    return lambda name, below: bool(by_name.match(name) or by_path.match(below))


@dataclass(slots=True, eq=False)
class Walk:
    """Walks `paths`, which may be hidden or links; skips and counts what `only` leaves out.

    A folder is entered once, and a file found once, however many links, loops and paths lead there. What lies below a
    path of `against` is found first, and is protected.
    """

    paths: Iterable[str]
    hidden: bool = False
    follow: bool = False
    only: FileFilter = FileFilter()
    against: Iterable[str] = ()
    unreadable: list[Unreadable] = field(default_factory=list)
    folders: int = 0
    skipped: int = 0
    _entered: set[tuple[int, int]] = field(default_factory=set)
    _real_paths: dict[tuple[int, int], set[str]] = field(default_factory=dict)
    _real_folders: dict[str, str] = field(default_factory=dict)
    _excludes: Callable[[str, str, bool], bool] = field(init=False)
    _protects: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._excludes = self.only.excluder()

    def files(self) -> Iterator[File]:
        """Yield every regular file: paths in the given order, folders by the bytes of their names."""
        asked = [*((path, True) for path in self.against), *((path, False) for path in self.paths)]
        named = [(path, keep, status) for path, keep in asked if (status := self._stat(path)) is not None]
        for _, _, status in named:
            if stat.S_ISREG(status.st_mode):
                self._real_paths.setdefault((status.st_dev, status.st_ino), set())
        for path, self._protects, status in named:
            if stat.S_ISREG(status.st_mode):
                yield from self._file(path, os.path.basename(path), status)  # noqa: PTH119  (as above)
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
        root = len(os.path.join(path, ""))  # noqa: PTH118  (as above)
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
                    if self._excludes(name, below[root:], True):
                        self.skipped += 1
                    else:
                        subfolders.append((below, child))
                elif stat.S_ISREG(child.st_mode):
                    yield from self._file(below, below[root:], child)
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

    def _file(self, path: str, below: str, status: os.stat_result) -> Iterator[File]:
        """Yield a file, `below` its root, if it is searched and was not found before."""
        node, name = (status.st_dev, status.st_ino), os.path.basename(path)  # noqa: PTH119  (as above)
        if self.follow or node in self._real_paths or status.st_nlink > 1:
            # Several paths may lead here: two names of a file are hard links, two paths to one name are not.
            real, seen = os.path.realpath(path), self._real_paths.setdefault(node, set())
            if real in seen:
                return
            seen.add(real)
        if self.only.has(name, status.st_size) and not self._excludes(name, below, False):
            known = status.st_size, status.st_mtime_ns, "", status.st_ino, status.st_dev, status.st_nlink
            yield File(path, *known, self._real_path(path), self._protects)
        else:
            self.skipped += 1

    def _real_path(self, path: str) -> str:
        """Return the absolute path where `path` leads over a symlink, else ""."""
        folder, name = os.path.split(path)
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder)
        real = os.path.join(self._real_folders[folder], name)  # noqa: PTH118  (as above)
        return real if real != os.path.abspath(path) else ""  # noqa: PTH100  (it must not follow symlinks)
