"""PostgresStore: plain PostgreSQL for many hosts; pooled connections, partitions, and codes read in parallel."""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from samepic.errors import StoreError, missing_part
from samepic.fingerprints.fingerprint import VERSION as FINGERPRINTS
from samepic.store.connections import Connections, invalid_url, refuse_newer
from samepic.store.contract import CodesPage, Store
from samepic.store.tables import APPLICATION, BUSY_SECONDS, LOAD_ROWS, MIGRATIONS, Run
from samepic.tuning.search import SEARCH

_LOAD_READERS: Final = 4  # connections to read many rows
_PARTITION: Final = 5_000_000  # numbers in a partition of the codes
_CONNECT_SECONDS: Final = 10  # timeout of a connection
_SILENT_SECONDS: Final = 20  # timeout of a silent server


_BYTES = 32
_STRONG = f"quality >= {SEARCH.quality} AND detail >= {SEARCH.detail} AND length(pdq) > 0"
_CODED = f"length(copycode) > 0 AND code_version {{}} {FINGERPRINTS}"
# The sign of a number says whether the picture has a copy code, which saves a second list of numbers.
_READ_RANGE = (
    "SELECT count(*), coalesce(max(number), 0),"
    f" string_agg(int8send(CASE WHEN {_CODED.format('=')} THEN number ELSE -number END), ''),"
    f" string_agg(pdq, ''), string_agg(copycode, '') FILTER (WHERE {_CODED.format('=')}),"
    f" count(*) FILTER (WHERE {_CODED.format('<>')})"
    " FROM (SELECT number, pdq, copycode, code_version FROM codes"
    f" WHERE tenant = ? AND number > ? AND number <= ? AND {_STRONG} ORDER BY number LIMIT ?) AS page"
)


class NumberRange(NamedTuple):
    """The numbers above `after`, up to `last`."""

    after: int
    last: int

    def parts(self, count: int) -> list[NumberRange]:
        """Return it in up to `count` parts of about the same width, ascending."""
        width = -(-(self.last - self.after) // count)
        return [
            NumberRange(after, min(after + width, self.last)) for after in range(self.after, self.last, width)
        ]


class RangePage(NamedTuple):
    """The codes at the start of a range, and the rest of it, if any."""

    codes: CodesPage
    rest: NumberRange | None


def read_range(run: Run, tenant: str, span: NumberRange, limit: int) -> RangePage:
    """Read the codes of up to `limit` records of a range; the server joins them, which saves Python a loop."""
    count, last, numbers, pdq, copies, outdated = run(_READ_RANGE, (tenant, *span, limit))[0]
    full = count == limit and last < span.last
    signed = np.frombuffer(numbers or b"", ">i8").astype(np.int64)
    codes = CodesPage(
        last if full else span.last,
        np.abs(signed),
        bytes(pdq or b""),
        signed[signed > 0],
        bytes(copies or b""),
        outdated,
    )
    return RangePage(_ascending(codes), NumberRange(last, span.last) if full else None)


def read_parallel(
    read: Callable[[NumberRange], RangePage], span: NumberRange, readers: int
) -> Iterator[CodesPage]:
    """Yield what `read` finds in a range, in order, while threads read ahead; unfinished ranges are split again."""
    waiting = deque(span.parts(readers))
    reading: deque[Future[RangePage]] = deque()
    with ThreadPoolExecutor(readers, thread_name_prefix="samepic-load") as pool:
        try:
            while waiting or reading:
                while waiting and len(reading) < 2 * readers:
                    reading.append(pool.submit(read, waiting.popleft()))
                page = reading.popleft().result()
                yield page.codes
                if page.rest is not None:
                    # These come before whatever is being read already.
                    parts = page.rest.parts(readers)
                    reading.extendleft(pool.submit(read, part) for part in reversed(parts))
        finally:
            for future in reading:
                future.cancel()


def _ascending(codes: CodesPage) -> CodesPage:
    """Return a page by ascending number, as the server returns it unless it chose another plan."""
    numbers = codes.pdq_numbers
    if (numbers[1:] > numbers[:-1]).all():
        return codes
    order, copy_order = np.argsort(numbers), np.argsort(codes.copy_numbers)
    return CodesPage(
        codes.last,
        numbers[order],
        _rows(codes.pdq)[order].tobytes(),
        codes.copy_numbers[copy_order],
        _rows(codes.copycodes)[copy_order].tobytes(),
        codes.outdated,
    )


def _rows(codes: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.frombuffer(codes, np.uint8).reshape(-1, _BYTES)


LAST_NUMBER = "coalesce(pg_sequence_last_value(pg_get_serial_sequence('pictures', 'number')::regclass), 0)"
"""The last number drawn from the sequence, visible or not."""

_PARTITIONING = (
    "ALTER TABLE codes RENAME TO codes_0",
    "ALTER INDEX codes_pkey RENAME TO codes_0_pkey",
    "CREATE TABLE codes (LIKE codes_0, PRIMARY KEY (tenant, number)) PARTITION BY RANGE (number)",
)

_UPPER_BOUND = (
    "SELECT coalesce(max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''(\\d+)''\\)'))[1]::bigint), 0)"
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'codes'::regclass"
)


def partition_codes(run: Run) -> None:
    """Make the table `codes` of version 3 the first partition of a partitioned one; no row is rewritten."""
    for statement in _PARTITIONING:
        run(statement, ())
    # No codes are inserted while this runs, but a number drawn now may be inserted later: leave room for it.
    last_number = run(f"SELECT {LAST_NUMBER}", ())[0][0]
    bound = (last_number // _PARTITION + 2) * _PARTITION
    run(f"ALTER TABLE codes ATTACH PARTITION codes_0 FOR VALUES FROM (MINVALUE) TO ({bound})", ())


def ensure_partition(run: Run, last_number: int) -> int:
    """Create the next partition once numbers are past the middle of the last; return the number to check again at.

    To be called by one transaction at a time. The result holds even if the caller is rolled back.
    """
    bound = int(run(_UPPER_BOUND, ())[0][0])
    middle = bound - _PARTITION // 2
    if last_number >= middle:
        end = max(bound, last_number) + _PARTITION
        # Created apart and then attached, which does not lock the other partitions.
        run(f"CREATE TABLE codes_{bound} (LIKE codes INCLUDING ALL)", ())
        run(f"ALTER TABLE codes ATTACH PARTITION codes_{bound} FOR VALUES FROM ({bound}) TO ({end})", ())
    return middle


try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
except ImportError as error:
    raise missing_part("a PostgreSQL store", "psycopg 3", "postgres") from error

STEPS: tuple[str | Callable[[Run], None], ...] = (*MIGRATIONS[:3], partition_codes, *MIGRATIONS[3:])
"""The migrations from each version to the next: statements, or a function that runs them."""

VERSION = len(STEPS)
"""The version of the tables in PostgreSQL; a higher one is refused."""

_TYPES = {
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "real": "DOUBLE PRECISION",
    "bytes": "BYTEA",
    "clustered": "",
    "now": "extract(epoch FROM clock_timestamp())::double precision",
    # In the order of their code points: that of a language is no range for the beginning of a key.
    "order_keys": 'ALTER TABLE pictures ALTER COLUMN key TYPE TEXT COLLATE "C"',
}

_DEFAULTS: dict[str, Any] = {
    "application_name": "samepic",
    "connect_timeout": _CONNECT_SECONDS,
    # A dead host does not answer at all: without these a query would wait for a quarter of an hour.
    "tcp_user_timeout": 1000 * _SILENT_SECONDS,
    "keepalives_idle": _SILENT_SECONDS // 2,
    "keepalives_interval": max(1, _SILENT_SECONDS // 6),
    "keepalives_count": 3,
}
"""Defaults of the connection URL."""

_LOCK = "SELECT pg_advisory_xact_lock(?, hashtext(current_schema()))"
_NUMBERS, _TABLES = APPLICATION, APPLICATION + 1
"""The advisory locks around inserts that draw numbers, and around migrations, per schema of a database."""

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresStore(Store):
    """A store in the PostgreSQL database `url`, in the first schema of its search path.

    Numbers are drawn inside an advisory lock that is held until they are visible, so that they become visible in their
    order. Leases are measured by the server's clock. Connections are not taken through a fork. A standby can be read
    from, and nothing is written there to open it.
    """

    probe = 64

    def __init__(self, url: str) -> None:
        self._url, self._ask_again = url, 0
        pool = pool_of(url)
        super().__init__(pool.name, pool)

    def all_codes(self, tenant: str, after: int) -> Iterator[CodesPage]:
        """Yield the codes of all records above `after` that are visible now: many of them over several connections."""
        first = self.codes(tenant, after, LOAD_ROWS)
        if first.last == after:
            return
        yield first
        with self._reading() as run:
            # Lower numbers that are not visible by now will never be.
            top = run("SELECT coalesce(max(number), 0) FROM codes WHERE tenant = ?", (tenant,))[0][0]
        if top > first.last:
            yield from read_parallel(
                lambda span: self._page(tenant, span), NumberRange(first.last, top), _LOAD_READERS
            )

    def _page(self, tenant: str, span: NumberRange) -> RangePage:
        with self._reading() as run:
            return read_range(run, tenant, span, LOAD_ROWS)

    def _now(self, run: Run) -> float:
        return float(run("SELECT extract(epoch FROM clock_timestamp())::double precision", ())[0][0])

    def _runner(self, connection: Connection) -> Run:
        return runner(connection)

    @contextmanager
    def _transaction(self, *, numbered: bool) -> Iterator[Run]:
        with self._pool.acquire() as connection, connection.transaction():
            run = self._runner(connection)
            if numbered:
                # One query, evaluated left to right: the last number is read once the lock is held.
                last_number = run(f"{_LOCK}, {LAST_NUMBER}", (_NUMBERS,))[0][1]
                if last_number >= self._ask_again:
                    self._ask_again = ensure_partition(run, last_number)
            yield run

    def _prepare(self) -> None:
        with self._pool.acquire() as connection, connection.transaction():
            run = self._runner(connection)
            if connection.execute("SHOW transaction_read_only").fetchone() == ("on",):
                self._check_standby(connection)
                return
            lock_tables(run)
            connection.execute("CREATE TABLE IF NOT EXISTS samepic (version INTEGER NOT NULL)")
            version = self._version(connection)
            if version == VERSION:
                return
            for step in STEPS[version:]:
                if callable(step):
                    step(run)
                else:
                    for statement in step.format(**_TYPES).split(";"):
                        connection.execute(statement.encode())
            connection.execute("DELETE FROM samepic")
            connection.execute("INSERT INTO samepic VALUES (%s)", (VERSION,))

    def _check_standby(self, connection: Connection) -> None:
        found = connection.execute("SELECT to_regclass('samepic') IS NOT NULL").fetchone() == (True,)
        version = self._version(connection) if found else 0
        if version < VERSION:
            found_version = f"one of version {version}" if version else "one without"
            raise StoreError(
                f"{self.name}: expected a standby with a store of version {VERSION}, found {found_version}:"
                " open its primary with this samepic first"
            )

    def _version(self, connection: Connection) -> int:
        row = connection.execute("SELECT version FROM samepic").fetchone()
        version = int(row[0]) if row else 0
        refuse_newer(self.name, version, VERSION)
        return version


def runner(connection: Connection) -> Run:
    """Return what runs statements on a connection."""

    def run(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = connection.execute(sql.replace("?", "%s").encode(), values, binary=True)
        return cursor.fetchall() if cursor.description else []

    return run


def lock_tables(run: Run) -> None:
    """Have other processes that make or migrate tables wait until this transaction ends."""
    run(_LOCK, (_TABLES,))


def pool_of(url: str) -> Connections[Connection]:
    """Return the connections to a database, named without a password. Raises StoreError for an invalid URL."""
    expected, connect = "a store that answers", partial(_connect, url)
    return Connections(
        redacted_url(url), connect, broken=psycopg.Error, expected=expected, is_alive=_is_alive
    )


def _connect(url: str) -> Connection:
    # Statements are not prepared, since connection poolers lose them.
    connection = psycopg.connect(
        make_conninfo("", **{**_DEFAULTS, **conninfo_to_dict(url)}), autocommit=True, prepare_threshold=None
    )
    try:
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection.execute(f"SET lock_timeout = '{BUSY_SECONDS:g}s'")
        if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
            connection.execute("SET synchronous_commit = on")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_alive(connection: Connection) -> bool:
    """Return whether an idle connection still works: the server sends something only when it ends one."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def redacted_url(url: str) -> str:
    """Return the URL of a database without its password. Raises StoreError, which shows nothing of an invalid URL."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        parts = None
    # The rest of a password that is not percent-encoded would be taken for a host or a database, which are shown.
    who = url.partition("://")[2].rpartition("@")[0]
    if parts is None or "@" in who or "/" in who:
        raise invalid_url()
    who = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{who}{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"
