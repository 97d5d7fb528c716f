"""Walk: paths and folders -> every file below them, once each, in one order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["FoundFile", "Unreadable", "Walk"]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An ordinary file as the walk met it.

    `path` holds bytes that are no UTF-8 as surrogates (`os.fsencode` gives them back); `links` counts its hard links.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int
    links: int = 1

    @property
    def node(self) -> tuple[int, int]:
        """What all hard links to one file have in common."""
        return self.device, self.inode


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that could not be read, or a picture that could not be decoded, and why."""

    path: str
    error: str


@dataclass(slots=True, eq=False)
class Walk:
    """Walks `paths`, which are files and folders.

    `hidden` takes in names that begin with a dot; `follow` goes through symbolic links; files under `least` bytes are
    passed over. Paths that were named are walked whatever they are called and wherever they lead. A folder is
    entered once, however many links, loops and paths lead there, and a file is met once; hard links are files of
    their own. `unreadable` lists what could not be read so far, `folders` and `skipped` count.
    """

    paths: Iterable[str]
    hidden: bool = False
    follow: bool = False
    least: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    folders: int = 0
    skipped: int = 0
    _entered: set[tuple[int, int]] = field(default_factory=set)
    _ways: dict[tuple[int, int], set[str]] = field(default_factory=dict)

    def entries(self) -> Iterator[FoundFile]:
        """Yield every ordinary file: paths in the order given, folders by the bytes of their names."""
        named = [(path, known) for path in self.paths if (known := self._stat(path)) is not None]
        for _, known in named:
            if stat.S_ISREG(known.st_mode):
                self._ways.setdefault((known.st_dev, known.st_ino), set())
        for path, known in named:
            if stat.S_ISREG(known.st_mode):
                yield from self._file(path, known)
            elif stat.S_ISDIR(known.st_mode):
                yield from self._folder(path, known)
            else:
                wanted = "wanted a file or folder, got a device, pipe or socket"
                self.unreadable.append(Unreadable(path, wanted))

    def _stat(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        try:
            return os.stat(path, follow_symlinks=follow)  # noqa: PTH116  (Path would normalise the name)
        except OSError as error:
            self._tell(path, error)
        except ValueError as error:
            self.unreadable.append(Unreadable(path, f"no path: {error}"))
        return None

    def _tell(self, path: str, error: OSError) -> None:
        self.unreadable.append(Unreadable(path, error.strerror or str(error)))

    def _folder(self, path: str, known: os.stat_result) -> Iterator[FoundFile]:
        """Walk below a folder without recursion, so that no depth is too deep."""
        stack: list[tuple[str, os.stat_result]] = [(path, known)]
        while stack:
            path, known = stack.pop()
            node = known.st_dev, known.st_ino
            if node in self._entered:
                continue
            self._entered.add(node)
            self.folders += 1
            below: list[tuple[str, os.stat_result]] = []
            for name in self._names(path):
                inner = self._stat(os.path.join(path, name), follow=False)  # noqa: PTH118  (as above)
                yield from self._one(os.path.join(path, name), inner, below)  # noqa: PTH118  (as above)
            stack.extend(reversed(below))

    def _names(self, path: str) -> list[str]:
        """Return the names in a folder that are to be looked at, sorted by their bytes."""
        names = []
        try:
            with os.scandir(path) as found:
                for entry in found:
                    if self.hidden or not entry.name.startswith("."):
                        names.append(entry.name)
                    else:
                        self.skipped += 1
        except OSError as error:
            self._tell(path, error)
        names.sort(key=os.fsencode)
        return names

    def _one(
        self, path: str, known: os.stat_result | None, below: list[tuple[str, os.stat_result]]
    ) -> Iterator[FoundFile]:
        if known is not None and stat.S_ISLNK(known.st_mode):
            if not self.follow:
                self.skipped += 1
                return
            known = self._stat(path)
        if known is None:
            return
        if stat.S_ISDIR(known.st_mode):
            below.append((path, known))
        elif stat.S_ISREG(known.st_mode):
            yield from self._file(path, known)
        else:
            self.skipped += 1

    def _file(self, path: str, known: os.stat_result) -> Iterator[FoundFile]:
        node = known.st_dev, known.st_ino
        if self.follow or node in self._ways or known.st_nlink > 1:
            # Several paths may lead here: two names of a file are hard links, two ways to one name are not.
            real, met = os.path.realpath(path), self._ways.setdefault(node, set())
            if real in met:
                return
            met.add(real)
        if known.st_size >= self.least:
            yield FoundFile(
                path, known.st_size, known.st_mtime_ns, known.st_ino, known.st_dev, known.st_nlink
            )
        else:
            self.skipped += 1
