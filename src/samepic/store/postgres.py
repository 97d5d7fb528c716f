"""PostgresStore: one database for any number of hosts; plain PostgreSQL, no extension."""

from __future__ import annotations

import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from samepic.errors import MissingPartError, StoreError
from samepic.profiles.gate import GATE
from samepic.store.pool import Connections, told
from samepic.store.reviews import ReviewedSqlStore
from samepic.store.schema import APPLICATION, MIGRATIONS, VERSION
from samepic.store.sql import Run

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ImportError as error:
    raise MissingPartError(
        "wanted psycopg 3 for a PostgreSQL store, got none: pip install 'samepic[postgres]'"
    ) from error

__all__ = ["PostgresStore"]

_WORDS = {
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "real": "DOUBLE PRECISION",
    "bytes": "BYTEA",
    "clustered": "",
}
_LOCK = "SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))"
_NUMBERS, _TABLES = APPLICATION, APPLICATION + 1
"""The advisory locks round inserts that draw numbers, and round the making of tables, in each schema of a database."""

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresStore(ReviewedSqlStore):
    """A store in the PostgreSQL database `url`, in the first schema of its search path.

    Numbers are drawn inside an advisory lock that is held until they are visible, so that they become visible in their
    order. Leases are measured by the server's clock. Connections are not taken through a fork.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.name = _shown(url)
        self._pool = Connections(
            self.name, self._connected, broken=psycopg.Error, wanted="a store that answers", lives=_lives
        )
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self._pool.close()

    def _now(self, run: Run) -> float:
        return float(run("SELECT extract(epoch FROM clock_timestamp())::double precision", ())[0][0])

    @contextmanager
    def _reading(self) -> Iterator[Run]:
        with self._pool.lent() as connection:
            yield _runner(connection)

    @contextmanager
    def _writing(self, *, numbered: bool = False) -> Iterator[Run]:
        with self._pool.lent() as connection, connection.transaction():
            if numbered:
                connection.execute(_LOCK, (_NUMBERS,))
            yield _runner(connection)

    def _connected(self) -> Connection:
        # Statements are not prepared, since poolers that hand connections round lose them.
        connection = psycopg.connect(
            self._url, autocommit=True, connect_timeout=10, prepare_threshold=None, application_name="samepic"
        )
        try:
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            connection.execute(f"SET lock_timeout = '{GATE.busy_seconds:g}s'")
            if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
                connection.execute("SET synchronous_commit = on")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        """Make the tables, or bring them up to date, unless another process did; refuse what is newer."""
        with self._pool.lent() as connection, connection.transaction():
            connection.execute(_LOCK, (_TABLES,))
            connection.execute("CREATE TABLE IF NOT EXISTS samepic (version INTEGER NOT NULL)")
            row = connection.execute("SELECT version FROM samepic").fetchone()
            version = row[0] if row else 0
            if version > VERSION:
                raise StoreError(
                    f"{self.name}: wanted a store of version {VERSION} or older, got version {version}:"
                    " update samepic to open it"
                )
            if version == VERSION:
                return
            for step in MIGRATIONS[version:]:
                for statement in step.format(**_WORDS).split(";"):
                    connection.execute(statement.encode())
            connection.execute("DELETE FROM samepic")
            connection.execute("INSERT INTO samepic VALUES (%s)", (VERSION,))


def _runner(connection: Connection) -> Run:
    def run(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = connection.execute(sql.replace("?", "%s").encode(), values, binary=True)
        return cursor.fetchall() if cursor.description else []

    return run


def _lives(connection: Connection) -> bool:
    """Tell whether the server still holds an idle connection: one that says something has ended it."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _shown(url: str) -> str:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise StoreError(
            f"store: wanted a PostgreSQL URL, got one that makes no sense: {told(error)}"
        ) from None
    who = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{who}{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"
