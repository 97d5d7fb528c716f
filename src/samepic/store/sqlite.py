"""SqliteStore: one file, no server, for all threads and processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from samepic.errors import StoreError
from samepic.store.connections import Connections, refuse_newer
from samepic.store.contract import Store
from samepic.store.tables import APPLICATION, BUSY_SECONDS, MIGRATIONS, VERSION, Run
from samepic.writing import create_private, replacing

_TYPES = {
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "real": "REAL",
    "bytes": "BLOB",
    "clustered": "WITHOUT ROWID",
    "now": "(julianday('now') - 2440587.5) * 86400.0",
    "order_keys": "SELECT 1",  # texts are in the order of their code points
}


class _Connection(sqlite3.Connection):
    log = ""  # its write-ahead log, as _file_at


def _file_at(path: str) -> str:
    """Return the device and inode of the file at a path, "" for none."""
    try:
        found = os.stat(path)  # noqa: PTH116  (for every connection that is used, twice)
    except OSError:
        return ""
    return f"{found.st_dev}/{found.st_ino}"


class SqliteStore(Store):
    """A store in the SQLite file `path`, which must lie on a local disk.

    Writers take turns (BEGIN IMMEDIATE), so numbers become visible in their order; what is committed has been synced to
    the disk, so that it survives a power cut. Connections are not taken through a fork.
    """

    def __init__(self, path: str) -> None:
        self._path, self._opened = path, ""
        expected, check = "a store that works", self._check_files
        pool = Connections(path, self._connect, broken=sqlite3.Error, expected=expected, check=check)
        super().__init__(path, pool)

    def _now(self, run: Run) -> float:
        return time.time()

    def _runner(self, connection: sqlite3.Connection) -> Run:
        return lambda sql, values: connection.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self, *, numbered: bool) -> Iterator[Run]:
        # Threads of one process wait here, in turn, and not in SQLite's timed retries.
        with self._pool.acquire() as connection, self._pool.turn:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._runner(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _check_files(self, connection: _Connection) -> None:
        """Raise StoreError where the open file, or its log, is no longer what lies at its path."""
        found, log = _file_at(self._path), _file_at(f"{self._path}-wal")
        self._opened, connection.log = self._opened or found, connection.log or log
        if (self._opened, connection.log) != (found, log):
            raise StoreError(f"{self.name}: expected the file that was opened, found it removed or replaced")

    def _connect(self) -> _Connection:
        if self._opened and _file_at(self._path) != self._opened:
            raise StoreError(f"{self.name}: expected the file that was opened, found it removed or replaced")
        connection = sqlite3.connect(
            self._path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA fullfsync = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        if self._path == "" or not Path(self._path).absolute().parent.is_dir():
            raise StoreError(
                f"{self.name or '(no name)'}: expected a file in a folder that is there, found none"
            )
        if self._path != ":memory:":
            with suppress(OSError):  # SQLite says it better
                create_private(Path(self._path))
        with self._pool.acquire() as connection:
            _version_of(connection, self.name)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            version = _version_of(connection, self.name)
            for step in MIGRATIONS[version:]:
                for statement in step.format(**_TYPES).split(";"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")


def _version_of(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of the tables, 0 where there are none; raise StoreError for another program's file."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION and (application or version or tables):
        raise StoreError(f"{name}: expected a store of samepic, found another SQLite database")
    refuse_newer(name, version, VERSION)
    return version


def copy_store(source: Path, target: Path) -> int:
    """Copy a store as it is at one moment, while others write to it; return how many pictures the copy has.

    The copy is checked, synced, and appears whole at `target`, where no file may be. Raises StoreError, OSError.
    """
    source.stat()  # SQLite would not say what is wrong with the file
    for path in (target, *(target.with_name(target.name + end) for end in ("-wal", "-shm", "-journal"))):
        if path.exists():
            raise StoreError(
                f"{path}: expected no file at the place of the copy, found one: move it away first"
            )
    with replacing(target) as part:
        part.touch(0o600)
        try:
            with (
                closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as store,
                closing(sqlite3.connect(part, isolation_level=None)) as copy,
            ):
                if not _version_of(store, str(source)):
                    raise StoreError(f"{source}: expected a store of samepic, found an empty file")
                store.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
                (state,) = copy.execute("PRAGMA quick_check(1)").fetchone()
                pictures = int(copy.execute("SELECT count(*) FROM pictures").fetchone()[0])
        except sqlite3.Error as error:
            raise StoreError(f"{source}: expected a store that can be copied, found {error}") from error
        if state != "ok":
            raise StoreError(f"{source}: expected a store without damage, found {state}")
    return pictures
