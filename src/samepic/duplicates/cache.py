"""Cache: fingerprints and verdicts of earlier runs, in one SQLite file that several processes may share."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from samepic import tuning
from samepic.duplicates.walk import File
from samepic.fingerprints.fingerprint import VERSION as FINGERPRINT_VERSION
from samepic.writing import create_private

VERSION = 1
"""The version of the tables below. A cache of a later version is not used."""

_PICTURE_VERSION = f"{FINGERPRINT_VERSION}.{tuning.VERSION}"
_VERDICT_VERSION = str(tuning.VERSION)
_BATCH, _BATCH_SECONDS = 500, 2.0  # rows, and time, between commits

# A change of a younger file within the same clock tick of the file system (FAT's is the longest) would not show.
_SETTLED_NS = 2_000_000_000
_BUSY_SECONDS = 30.0  # to wait for another process that writes the cache
_log = logging.getLogger(__name__)
_SCHEMA = Path(__file__).with_suffix(".sql")


class CachedFile(NamedTuple):
    """The content of a file: the sha256 of a "picture", the reason of an "unreadable" file, "" of an "other" file."""

    kind: str
    content: str


class CachedVerdict(NamedTuple):
    relation: str
    probability: float
    explanation: str
    original: str


def cache_file() -> Path:
    """Return the path of the cache: in the folder SAMEPIC_CACHE, else in the user's cache folder."""
    if chosen := os.environ.get("SAMEPIC_CACHE"):
        return Path(chosen) / "find.db"
    if sys.platform == "darwin":  # platformdirs would follow XDG_CACHE_HOME here too
        return Path.home() / "Library" / "Caches" / "samepic" / "find.db"
    from platformdirs import user_cache_path

    return user_cache_path("samepic", appauthor=False, opinion=False) / "find.db"


class Cache(AbstractContextManager["Cache"]):
    """A thread-safe cache in the SQLite file `file`: replaced where damaged, turned off where it cannot be used."""

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.Lock()
        self._pending: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._committed = time.monotonic()
        self._file = file
        self._database = self._open(file) if file is not None else None

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is pending and close the file."""
        with self._lock:
            self._commit()
            if self._database is not None:
                self._database.close()
                self._database = None

    def file(self, file: File) -> CachedFile | None:
        """Return the content of a file, None where it is unknown or has changed."""
        row = self._row(
            "SELECT kind, content FROM files WHERE path = ? AND size = ? AND mtime_ns = ? AND inode = ?"
            " AND device = ? AND version = ?",
            _key(file),
        )
        return CachedFile(*row) if row else None

    def put_file(self, file: File, content: CachedFile) -> None:
        if time.time_ns() - file.mtime_ns >= _SETTLED_NS:
            self._put("files", (*_key(file), *content))

    def picture(self, sha256: str) -> tuple[str, str, str] | None:
        """Return the fingerprint, facts and error, each a text or "", of the bytes with this digest."""
        row = self._row(
            "SELECT fingerprint, facts, error FROM pictures WHERE sha256 = ? AND version = ?",
            (sha256, _PICTURE_VERSION),
        )
        return (row[0], row[1], row[2]) if row else None

    def put_picture(self, sha256: str, fingerprint: str, facts: str, error: str) -> None:
        """Store the fingerprint, facts and error of a picture, each a text or ""."""
        self._put("pictures", (sha256, _PICTURE_VERSION, fingerprint, facts, error))

    def features(self, sha256: str) -> bytes | None:
        """Return the features by which the picture with this digest is screened, as `Features.to_bytes` writes."""
        query = "SELECT features FROM features WHERE sha256 = ? AND version = ?"
        row = self._row(query, (sha256, _PICTURE_VERSION))
        return row[0] if row else None

    def put_features(self, sha256: str, features: bytes) -> None:
        self._put("features", (sha256, _PICTURE_VERSION, features))

    def screened(self, a: str, b: str) -> bool | None:
        """Return whether a pair passed the screen by features, each named by its sha256."""
        query = "SELECT passed FROM screened WHERE a = ? AND b = ? AND version = ?"
        row = self._row(query, (a, b, _PICTURE_VERSION))
        return bool(row[0]) if row else None

    def put_screened(self, a: str, b: str, *, passed: bool) -> None:
        self._put("screened", (a, b, _PICTURE_VERSION, passed))

    def verdict(self, a: str, b: str) -> CachedVerdict | None:
        """Return the verdict on b against a, each named by its sha256."""
        row = self._row(
            "SELECT relation, probability, explanation, original FROM verdicts"
            " WHERE a = ? AND b = ? AND version = ?",
            (a, b, _VERDICT_VERSION),
        )
        return CachedVerdict(*row) if row else None

    def put_verdict(self, a: str, b: str, verdict: CachedVerdict) -> None:
        self._put("verdicts", (a, b, _VERDICT_VERSION, *verdict))

    def _row(self, query: str, values: Iterable[object]) -> tuple[Any, ...] | None:
        with self._lock:
            if self._database is None:
                return None
            try:
                row: tuple[Any, ...] | None = self._database.execute(query, tuple(values)).fetchone()
                return row
            except sqlite3.Error as error:
                self._give_up(error)
                return None

    def _put(self, table: str, row: tuple[Any, ...]) -> None:
        with self._lock:
            self._pending[table].append(row)
            overdue = time.monotonic() - self._committed > _BATCH_SECONDS
            if overdue or sum(map(len, self._pending.values())) >= _BATCH:
                self._commit()

    def _commit(self) -> None:
        pending, self._pending = self._pending, defaultdict(list)
        self._committed = time.monotonic()
        if self._database is None:
            return
        try:
            with self._database:
                for table, rows in pending.items():
                    marks = ", ".join("?" * len(rows[0]))
                    self._database.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: sqlite3.Error) -> None:
        _log.warning("the cache %s cannot be used any more, continuing without it: %s", self._file, error)
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def _open(self, file: Path) -> sqlite3.Connection | None:
        try:
            return _connect(file)
        except (sqlite3.OperationalError, OSError) as error:
            _log_unusable(file, error)
        except sqlite3.DatabaseError as error:
            return _rebuild(file, error)
        return None


def _log_unusable(file: Path, error: sqlite3.Error | OSError) -> None:
    reason = error.strerror if isinstance(error, OSError) else error
    _log.warning("the cache %s cannot be used, continuing without it: %s", file, reason)


def _key(file: File) -> tuple[object, ...]:
    # SQLite's integers are signed and of 64 bits; the inode numbers of Windows may have 128.
    inode, device = ((number + (1 << 63)) % (1 << 64) - (1 << 63) for number in (file.inode, file.device))
    path = os.fsencode(os.path.abspath(file.path))  # noqa: PTH100  (Path would resolve nothing and cost more)
    return path, file.size, file.mtime_ns, inode, device, _PICTURE_VERSION


def _connect(file: Path) -> sqlite3.Connection | None:
    """Open the cache, made where it is missing; None for one of a later version."""
    create_private(file)
    database = sqlite3.connect(file, timeout=_BUSY_SECONDS, check_same_thread=False)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            _log.warning("the cache %s was written by a newer samepic and is not used", file)
            database.close()
            return None
        database.execute("PRAGMA journal_mode = WAL").fetchone()
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA.read_text(encoding="utf-8"))
        database.execute(f"PRAGMA user_version = {VERSION}")
        if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("it is damaged")
    except BaseException:
        database.close()
        raise
    return database


def _rebuild(file: Path, error: sqlite3.DatabaseError) -> sqlite3.Connection | None:
    _log.warning("the cache %s is damaged (%s) and is replaced", file, error)
    try:
        for name in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            name.unlink(missing_ok=True)
        return _connect(file)
    except (sqlite3.Error, OSError) as failure:
        _log_unusable(file, failure)
        return None
