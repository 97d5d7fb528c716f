"""Scan: files become distinct pictures with their fingerprints, within a budget of memory."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from samepic.duplicates.cache import Cache, CachedFile
from samepic.duplicates.walk import FoundFile, Unreadable
from samepic.errors import FingerprintError, UnreadableError, UnsupportedError
from samepic.fingerprints import Fingerprint
from samepic.fingerprints.make import fingerprint_within
from samepic.limits import COLLECTION
from samepic.picture import read
from samepic.picture.formats import REFUSED, sniff

__all__ = ["TAIL", "DistinctPicture", "MemoryBudget", "Reader", "in_order", "no_picture", "peek"]


def _nothing() -> None:
    pass


@cache
def _trim() -> Callable[[int], object]:
    """Return glibc's malloc_trim, elsewhere what does nothing."""
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; on Windows None names none
        return bool
    return trim


def _give_back() -> None:
    # glibc keeps what one thread has freed for that thread, up to 64 MB for each of them.
    _trim()(0)


class MemoryBudget:
    """Memory of `size` bytes that work on several threads shares: one waits until what it asks for is free."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, wanted: int, before_waiting: Callable[[], None] = _nothing) -> Iterator[None]:
        """Hold `wanted` bytes, or all there are where more is wanted, for the time of the block.

        `before_waiting` is called once if they are not free at once: whoever waits holds nothing meanwhile.
        """
        share = min(wanted, self._size)
        with self._changed:
            if self._free < share:
                before_waiting()
                _give_back()
            self._changed.wait_for(lambda: self._free >= share)
            self._free -= share
        try:
            yield
        finally:
            if 4 * share >= self._size:
                _give_back()
            with self._changed:
                self._free += share
                self._changed.notify_all()


_In = TypeVar("_In")

_Out = TypeVar("_Out")

TAIL = 32
"""Bytes at the end of a file that are looked at to tell its format."""

_NAMED_AS_PICTURES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".avif", ".heic", ".heif"),
    *(".tif", ".tiff", ".bmp", ".jp2", ".j2k", ".psd", ".qoi"),
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
    """One picture by its bytes: the fingerprint, and every file that holds these bytes."""

    fingerprint: Fingerprint
    files: list[FoundFile] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        """The digest of the bytes, in hex."""
        return self.fingerprint.sha256


class Reader:
    """Reads files, each at most once: from the cache where it knows them, else on `jobs` threads.

    `items` are the pictures by sha256, in the order met; `unreadable` lists what is damaged or refused; `others`
    counts the files that are no pictures. With `copies`, fingerprints have copy codes.
    """

    def __init__(
        self, cache: Cache, pool: ThreadPoolExecutor, window: int, room: MemoryBudget, copies: bool = False
    ) -> None:
        self.items: dict[str, DistinctPicture] = {}
        self.unreadable: list[Unreadable] = []
        self.others = 0
        self.files = 0
        self.read = 0
        self._cache, self._pool, self._window, self._room = cache, pool, window, room
        self._copies = copies
        self._made: dict[str, Fingerprint] = {}
        self._sizes: set[int] = set()
        self._lock = threading.Lock()

    def take(self, entries: Iterable[FoundFile]) -> Iterator[int]:
        """Read every file of `entries`; yield the bytes of each that is done."""
        for entry, known in in_order(self._pool, self._known, entries, self._window):
            self._sort_in(entry, known)
            yield entry.size

    def _sort_in(self, entry: FoundFile, known: CachedFile) -> None:
        self.files += 1
        if known.kind == "other":
            self.others += 1
        elif known.kind == "unreadable":
            self.unreadable.append(Unreadable(entry.path, known.content))
        else:
            item = self.items.setdefault(known.content, DistinctPicture(self._made[known.content]))
            item.files.append(entry)

    def _known(self, entry: FoundFile) -> tuple[FoundFile, CachedFile]:
        """Return what a file is. Runs on a thread of the pool."""
        known = self._cache.file(entry)
        if known is not None and (known.kind != "picture" or self._recall(known.content)):
            return entry, known
        self.read += 1
        try:
            known = self._look(entry)
            _check_unchanged(entry)
        except UnreadableError as error:
            return entry, CachedFile("unreadable", f"wanted {error.wanted}, got {error.got}")
        except OSError as error:
            return entry, CachedFile("unreadable", error.strerror or str(error))
        self._cache.put_file(entry, known)
        return entry, known

    def _look(self, entry: FoundFile) -> CachedFile:
        known = no_picture(peek(entry.path, entry.size), entry.path, entry.size)
        if known is not None:
            return known
        encoded = read(entry.path)
        with self._lock:
            seen_size = entry.size in self._sizes
            self._sizes.add(entry.size)
        if seen_size:
            sha256 = hashlib.sha256(encoded.data).hexdigest()
            if self._recall(sha256):
                return CachedFile("picture", sha256)
        try:
            made = fingerprint_within(self._decoding, encoded, copycode=self._copies)
        except UnsupportedError:
            raise  # what is not installed today may be tomorrow
        except UnreadableError as error:
            return CachedFile("unreadable", f"wanted {error.wanted}, got {error.got}")
        self._made[made.sha256] = made
        self._keep(made)
        return CachedFile("picture", made.sha256)

    def _keep(self, made: Fingerprint) -> None:
        """Remember a fingerprint; what else is known of a picture that was read before stays."""
        row = self._cache.picture(made.sha256) or ("", "", "")
        self._cache.put_picture(made.sha256, str(made), row[1], row[2])

    def _decoding(self, pixels: int) -> AbstractContextManager[None]:
        return self._room.taken(pixels * COLLECTION.bytes_per_pixel)

    def _recall(self, sha256: str) -> bool:
        """Tell whether the fingerprint of these bytes is known, and have it ready if so."""
        if sha256 in self._made:
            return True
        row = self._cache.picture(sha256)
        if row is None or not row[0]:
            return False
        try:
            made = Fingerprint.parse(row[0])
        except FingerprintError:
            return False
        if self._copies and not made.copycode:
            return False
        self._made[sha256] = made
        return True


def no_picture(head: bytes, name: str, size: int) -> CachedFile | None:
    """Tell by what `peek` returns of a file, by its name and its size, whether it is no picture; None: it may be.

    What is named as a picture and is none is unreadable.
    """
    form = sniff(head)
    if form != "" and form.removeprefix(REFUSED) not in _NOT_PICTURES:
        return None
    if form == "" and name.lower().endswith(_NAMED_AS_PICTURES):
        got = "an empty file" if size == 0 else "a file that holds none"
        return CachedFile("unreadable", f"wanted the picture that its name promises, got {got}")
    return CachedFile("other", "")


def peek(path: str, size: int) -> bytes:
    """Return the first bytes of a file of `size` bytes, and its last ones if it is longer: what tells the format."""
    with open(path, "rb") as file:  # noqa: PTH123  (Path would normalise the name)
        head = file.read(COLLECTION.peek)
        if size > len(head):
            file.seek(max(len(head), size - TAIL))
            head += file.read(TAIL)
    return head


def _check_unchanged(entry: FoundFile) -> None:
    now = os.stat(entry.path)  # noqa: PTH116  (Path would normalise the name)
    if (now.st_size, now.st_mtime_ns, now.st_ino) != (entry.size, entry.mtime_ns, entry.inode):
        raise UnreadableError(entry.path, "a file that stays as it is", "one that changed while it was read")


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[_In], _Out], values: Iterable[_In], window: int
) -> Iterator[_Out]:
    """Yield `work` of each value in the order of values, at most `window` of them under way or waiting."""
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
