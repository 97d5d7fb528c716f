"""Scan: distinct pictures of many files with their fingerprints, within a memory budget."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from samepic.duplicates.cache import Cache, CachedFile
from samepic.duplicates.walk import File, Unreadable
from samepic.errors import FingerprintError, UnreadableError, UnsupportedError
from samepic.fingerprints import Fingerprint
from samepic.fingerprints.make import fingerprint_within
from samepic.picture import read
from samepic.picture.formats import REFUSED, sniff
from samepic.writing import reason_of

# 2026-11: chosen for 400 MB in all, measured by `python -m bench collection memory`.
WORKING_BYTES = 220 * 2**20  # of all comparisons at once, by this estimate:
BYTES_PER_PIXEL = 16  # of both pictures of a comparison
AHEAD = 8  # files to submit in advance for each thread

HEAD, TAIL = 4096, 32  # bytes at the beginning and the end of a file that tell its format


@cache
def _malloc_trim() -> Callable[[int], object]:
    """Return malloc_trim of glibc, which keeps up to 64 MB of freed memory for each thread; else what does nothing."""
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; on Windows None names none
        return bool
    return trim


class MemoryBudget:
    """Memory of `size` bytes for several threads: each waits until its share is free."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def reserve(self, size: int, before_waiting: Callable[[], None] | None = None) -> Iterator[None]:
        """Reserve `size` bytes, at most all; before a wait, `before_waiting` releases what the caller holds."""
        share = min(size, self._size)
        with self._changed:
            if self._free < share:
                if before_waiting:
                    before_waiting()
                _malloc_trim()(0)
            self._changed.wait_for(lambda: self._free >= share)
            self._free -= share
        try:
            yield
        finally:
            if 4 * share >= self._size:
                _malloc_trim()(0)
            with self._changed:
                self._free += share
                self._changed.notify_all()


_In = TypeVar("_In")
_Out = TypeVar("_Out")

_NAMED_AS_PICTURES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".avif", ".heic", ".heif"),
    *(".tif", ".tiff", ".bmp", ".dib", ".jp2", ".j2k", ".psd", ".qoi"),
)

_NOT_PICTURES = frozenset(
    {
        "a PDF document",
        "a PostScript program",
        "an OLE file",
        "a ZIP archive",
        "a gzip archive",
        "a Matroska video",
        "a video or another ISO media file",
        "FITS data",
        "an SVG drawing",
    }
)


@dataclass(slots=True, eq=False)
class DistinctPicture:
    """One picture by its bytes: its fingerprint, and every file with these bytes."""

    fingerprint: Fingerprint
    files: list[File] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        return self.fingerprint.sha256

    @property
    def protected(self) -> bool:
        """Whether one of its files is."""
        return any(file.protected for file in self.files)


class Reader:
    """Reads each file once, from the cache or on threads: `items` by sha256, the `unreadable`, a count of `others`."""

    def __init__(self, cache: Cache, pool: ThreadPoolExecutor, window: int, memory: MemoryBudget) -> None:
        self.items: dict[str, DistinctPicture] = {}
        self.unreadable: list[Unreadable] = []
        self.others = 0
        self.files = 0
        self.read = 0
        self._cache, self._pool, self._window, self._memory = cache, pool, window, memory
        self._fingerprints: dict[str, Fingerprint] = {}
        self._sizes: set[int] = set()
        self._lock = threading.Lock()

    def read_all(self, files: Iterable[File]) -> Iterator[File]:
        """Read every file; yield each one that is done."""
        for file, (kind, content) in in_order(self._pool, self._classify, files, self._window):
            self.files += 1
            if kind == "other":
                self.others += 1
            elif kind == "unreadable":
                self.unreadable.append(Unreadable(file.path, content))
            else:
                item = self.items.setdefault(content, DistinctPicture(self._fingerprints[content]))
                item.files.append(replace(file, sha256=content))
            yield file

    def _classify(self, file: File) -> tuple[File, CachedFile]:
        result = self._cache.file(file)
        if result is not None and (result.kind != "picture" or self._load_cached(result.content)):
            return file, result
        self.read += 1
        try:
            result = self._examine(file)
            now = os.stat(file.path)  # noqa: PTH116  (Path would normalize the name)
            if (now.st_size, now.st_mtime_ns, now.st_ino) != (file.size, file.mtime_ns, file.inode):
                raise UnreadableError(file.path, "a stable file", "one that changed while it was read")
        except (UnreadableError, OSError) as error:
            return file, CachedFile("unreadable", reason_of(error))
        self._cache.put_file(file, result)
        return file, result

    def _examine(self, file: File) -> CachedFile:
        result = not_a_picture(peek(file.path, file.size), file.path, file.size)
        if result is not None:
            return result
        encoded = read(file.path)
        with self._lock:
            seen_size = file.size in self._sizes
            self._sizes.add(file.size)
        if seen_size:
            sha256 = hashlib.sha256(encoded.data).hexdigest()
            if self._load_cached(sha256):
                return CachedFile("picture", sha256)
        try:
            fingerprint = fingerprint_within(
                lambda pixels: self._memory.reserve(pixels * BYTES_PER_PIXEL),
                encoded,
            )
        except UnsupportedError:
            raise  # not cached: the decoder may be installed tomorrow
        except UnreadableError as error:
            return CachedFile("unreadable", reason_of(error))
        self._fingerprints[fingerprint.sha256] = fingerprint
        _, facts, failure = self._cache.picture(fingerprint.sha256) or ("", "", "")
        self._cache.put_picture(fingerprint.sha256, str(fingerprint), facts, failure)
        return CachedFile("picture", fingerprint.sha256)

    def _load_cached(self, sha256: str) -> bool:
        if sha256 in self._fingerprints:
            return True
        row = self._cache.picture(sha256)
        if row is None or not row[0]:
            return False
        try:
            fingerprint = Fingerprint.parse(row[0])
        except FingerprintError:
            return False
        self._fingerprints[sha256] = fingerprint
        return True


def coded(cache: Cache, memory: MemoryBudget, picture: DistinctPicture) -> Fingerprint | str:
    """Return the fingerprint of a picture with its copy codes, or why there is none."""
    if picture.fingerprint.copycode:
        return picture.fingerprint
    path = picture.files[0].path
    try:
        found = fingerprint_within(
            lambda pixels: memory.reserve(pixels * BYTES_PER_PIXEL), read(path), copycode=True
        )
        if found.sha256 != picture.sha256:
            raise UnreadableError(path, "a stable file", "one that changed while it was read")
    except (UnreadableError, OSError) as error:
        return reason_of(error)
    _, facts, failure = cache.picture(found.sha256) or ("", "", "")
    cache.put_picture(found.sha256, str(found), facts, failure)
    return found


def not_a_picture(head: bytes, name: str, size: int) -> CachedFile | None:
    """Return what a file is that is no picture by its head, name and size, else None; named as one it is unreadable."""
    kind = sniff(head)
    if kind != "" and kind.removeprefix(REFUSED) not in _NOT_PICTURES:
        return None
    if kind == "" and name.lower().endswith(_NAMED_AS_PICTURES):
        found = "an empty file" if size == 0 else "another kind of file"
        return CachedFile("unreadable", f"expected a picture, as its name says, found {found}")
    return CachedFile("other", "")


def peek(path: str, size: int) -> bytes:
    """Return the first bytes of a file of `size` bytes, and its last ones if it is longer, to tell its format."""
    with open(path, "rb") as file:  # noqa: PTH123  (Path would normalize the name)
        head = file.read(HEAD)
        if size > len(head):
            file.seek(max(len(head), size - TAIL))
            head += file.read(TAIL)
    return head


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[_In], _Out], values: Iterable[_In], window: int
) -> Iterator[_Out]:
    """Yield `work(value)` in the order of values, with at most `window` of them submitted at a time."""
    waiting: deque[Future[_Out]] = deque()
    try:
        for value in values:
            waiting.append(pool.submit(work, value))
            if len(waiting) >= window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
