"""SqliteStore: one file, no server, for all threads and processes of one machine."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from samepic.errors import StoreError
from samepic.store.connections import Connections
from samepic.store.contract import Store
from samepic.store.tables import APPLICATION, BUSY_SECONDS, MIGRATIONS, VERSION, Run
from samepic.writing import create_private

_TYPES = {
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "real": "REAL",
    "bytes": "BLOB",
    "clustered": "WITHOUT ROWID",
}


class _Connection(sqlite3.Connection):
    log = ""  # its write-ahead log, as _file_at


def _file_at(path: str) -> str:
    """Return the device and inode of the file at a path, "" for none."""
    try:
        found = Path(path).stat()
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
            self._check(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            version = self._check(connection)
            for step in MIGRATIONS[version:]:
                for statement in step.format(**_TYPES).split(";"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")

    def _check(self, connection: sqlite3.Connection) -> int:
        """Return the version of the tables, 0 where there are none; raise StoreError for another program's file."""
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and (application or version or tables):
            raise StoreError(f"{self.name}: expected a store of samepic, found another SQLite database")
        self._refuse_newer(version, VERSION)
        return version
