"""PostgresStore: one database for any number of hosts; plain PostgreSQL, no extension."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from samepic.errors import MissingPartError, StoreError
from samepic.profiles.gate import GATE
from samepic.store.partitions import DRAWN, make_room, partitioned
from samepic.store.pool import Connections, told
from samepic.store.protocol import Coded
from samepic.store.reviews import ReviewedSqlStore
from samepic.store.schema import APPLICATION, MIGRATIONS
from samepic.store.sql import Run
from samepic.store.stretches import Page, Stretch, in_parallel, joined

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
except ImportError as error:
    raise MissingPartError(
        "wanted psycopg 3 for a PostgreSQL store, got none: pip install 'samepic[postgres]'"
    ) from error

__all__ = ["STEPS", "VERSION", "PostgresStore", "shown"]

STEPS: tuple[str | Callable[[Run], None], ...] = (*MIGRATIONS[:3], partitioned, *MIGRATIONS[3:])
"""What leads from each version to the next: statements, or what runs them."""

VERSION = len(STEPS)
"""Of the tables in PostgreSQL; a store of a higher one is refused."""

_WORDS = {
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "real": "DOUBLE PRECISION",
    "bytes": "BYTEA",
    "clustered": "",
}
_DEFAULTS: dict[str, Any] = {
    "application_name": "samepic",
    "connect_timeout": GATE.connect_seconds,
    # A host that is gone says nothing at all: without these a question to it would wait for a quarter of an hour.
    "tcp_user_timeout": 1000 * GATE.silent_seconds,
    "keepalives_idle": GATE.silent_seconds // 2,
    "keepalives_interval": max(1, GATE.silent_seconds // 6),
    "keepalives_count": 3,
}
"""What a URL leaves out."""

_LOCK = "SELECT pg_advisory_xact_lock(?, hashtext(current_schema()))"
_NUMBERS, _TABLES = APPLICATION, APPLICATION + 1
"""The advisory locks round inserts that draw numbers, and round the making of tables, in each schema of a database."""

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresStore(ReviewedSqlStore):
    """A store in the PostgreSQL database `url`, in the first schema of its search path.

    Numbers are drawn inside an advisory lock that is held until they are visible, so that they become visible in their
    order. Leases are measured by the server's clock. Connections are not taken through a fork. A standby can be read
    from, and nothing is written there to open it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.name = shown(url)
        self._roomy = 0
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

    def all_coded(self, tenant: str, after: int) -> Iterator[Coded]:
        """Yield the codes of all records above `after` that are visible now: many of them over several connections."""
        first = self.coded(tenant, after, GATE.load_rows)
        if first.last == after:
            return
        yield first
        with self._reading() as run:
            # Lower numbers that are not visible by now will never be.
            top = run("SELECT coalesce(max(number), 0) FROM codes WHERE tenant = ?", (tenant,))[0][0]
        if top > first.last:
            yield from in_parallel(
                lambda stretch: self._page(tenant, stretch), Stretch(first.last, top), GATE.load_readers
            )

    def _page(self, tenant: str, stretch: Stretch) -> Page:
        with self._reading() as run:
            return joined(run, tenant, stretch, GATE.load_rows)

    def _now(self, run: Run) -> float:
        return float(run("SELECT extract(epoch FROM clock_timestamp())::double precision", ())[0][0])

    @contextmanager
    def _reading(self) -> Iterator[Run]:
        with self._pool.lent() as connection:
            yield _runner(connection)

    @contextmanager
    def _writing(self, *, numbered: bool = False) -> Iterator[Run]:
        with self._pool.lent() as connection, connection.transaction():
            run = _runner(connection)
            if numbered:
                # In one question, and from left to right: what was drawn is read once nobody else draws.
                drawn = run(f"{_LOCK}, {DRAWN}", (_NUMBERS,))[0][1]
                if drawn >= self._roomy:
                    self._roomy = make_room(run, drawn)
            yield run

    def _connected(self) -> Connection:
        # Statements are not prepared, since poolers that hand connections round lose them.
        connection = psycopg.connect(
            make_conninfo("", **{**_DEFAULTS, **conninfo_to_dict(self._url)}),
            autocommit=True,
            prepare_threshold=None,
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
            run = _runner(connection)
            if connection.execute("SHOW transaction_read_only").fetchone() == ("on",):
                self._check_standby(connection)
                return
            run(_LOCK, (_TABLES,))
            connection.execute("CREATE TABLE IF NOT EXISTS samepic (version INTEGER NOT NULL)")
            version = self._version(connection)
            if version == VERSION:
                return
            for step in STEPS[version:]:
                if callable(step):
                    step(run)
                else:
                    for statement in step.format(**_WORDS).split(";"):
                        connection.execute(statement.encode())
            connection.execute("DELETE FROM samepic")
            connection.execute("INSERT INTO samepic VALUES (%s)", (VERSION,))

    def _check_standby(self, connection: Connection) -> None:
        """Raise StoreError where what can only be read has no tables, or older ones."""
        found = connection.execute("SELECT to_regclass('samepic') IS NOT NULL").fetchone() == (True,)
        version = self._version(connection) if found else 0
        if version < VERSION:
            got = f"one of version {version}" if version else "one without"
            raise StoreError(
                f"{self.name}: wanted a standby with a store of version {VERSION}, got {got}: open its primary with"
                " this samepic first"
            )

    def _version(self, connection: Connection) -> int:
        """Return the version of the tables, 0 where there are none; raise StoreError where it is newer."""
        row = connection.execute("SELECT version FROM samepic").fetchone()
        version = int(row[0]) if row else 0
        if version > VERSION:
            raise StoreError(
                f"{self.name}: wanted a store of version {VERSION} or older, got version {version}:"
                " update samepic to open it"
            )
        return version


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


def shown(url: str) -> str:
    """Return what messages call a database: never with a password. Raises StoreError for what is no such URL."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise StoreError(
            f"store: wanted a PostgreSQL URL, got one that makes no sense: {told(error)}"
        ) from None
    who = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{who}{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"
