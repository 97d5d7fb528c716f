"""ShardedStore: one PostgreSQL that decides, and others, its shards, that hold the proxies: most of the bytes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from secrets import token_hex
from typing import Any, Final

from samepic.errors import StoreError
from samepic.store.connections import Skippable, refuse_newer
from samepic.store.contract import StoreSnapshot
from samepic.store.postgres import PostgresStore, lock_tables, pool_of, runner
from samepic.store.records import Record, ReviewDecision
from samepic.store.tables import LOAD_ROWS, ON_SHARD, Run, upsert

_VERSION: Final = 1
"""The version of the tables of a shard; a higher one is refused."""

_LAST: Final = 32  # how many of the last proxies on a shard are looked at for what a dead process left

_SHARD = (
    "CREATE TABLE IF NOT EXISTS thumbnails"
    " (store TEXT NOT NULL, number BIGINT NOT NULL, proxy BYTEA NOT NULL, PRIMARY KEY (store, number))",
    "CREATE TABLE IF NOT EXISTS swept (store TEXT PRIMARY KEY, position BIGINT NOT NULL)",
)
"""The tables of a shard: proxies by the id of their store and number, and which removals it has carried out."""


def _identity(name: str, run: Run, table: str, statements: Sequence[str] = ()) -> str:
    """Return the id in a table of one row, made with further tables where it is not there; refuse a newer version."""
    if run(f"SELECT to_regclass('{table}') IS NULL", ())[0][0]:
        lock_tables(run)
        run(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT NOT NULL, version INTEGER NOT NULL)", ())
        for statement in statements:
            run(statement, ())
        once = f"INSERT INTO {table} SELECT ?, ? WHERE NOT EXISTS (SELECT FROM {table})"
        run(once, (token_hex(8), _VERSION))
    found, version = run(f"SELECT id, version FROM {table}", ())[0]
    refuse_newer(name, version, _VERSION)
    return str(found)


class Shard(Skippable):
    """A database that holds proxies of one or more stores, each named by its id; opened when it is first needed.

    While it is passed over, new proxies go to the others if these answer.
    """

    kind = "shard"

    def __init__(self, url: str) -> None:
        self._pool, self._mark = pool_of(url), b""
        self.name = self._pool.name

    def mark(self) -> bytes:
        """Return what stands in the table of proxies for one that is here."""
        if not self._mark:
            with self._pool.acquire() as connection, connection.transaction():
                found = _identity(self.name, runner(connection), "samepic_shard", _SHARD)
            self._mark = ON_SHARD + found.encode()
        return self._mark

    @contextmanager
    def _transaction(self) -> Iterator[Run]:
        self.mark()  # makes the tables
        with self._pool.acquire() as connection, connection.transaction():
            yield runner(connection)

    def _read(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        self.mark()
        with self._pool.acquire() as connection:
            return runner(connection)(sql, values)

    def ask(self) -> None:
        """Raise StoreError where it does not answer."""
        self._read("SELECT 1")

    def last(self, store: str) -> list[int]:
        """Return the last numbers of which proxies are there."""
        sql = "SELECT number FROM thumbnails WHERE store = ? ORDER BY number DESC LIMIT ?"
        return [number for (number,) in self._read(sql, store, _LAST)]

    def put(self, store: str, number: int, proxy: bytes, lost: Collection[int] = ()) -> None:
        """Store the proxy of a number, durably, and delete those that are `lost`."""
        with self._transaction() as run:
            if lost:
                self._delete(run, store, lost)
            upsert(run, "thumbnails", "store, number", {"store": store, "number": number, "proxy": proxy})

    def read(self, store: str, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
        """Return the proxies that are there, by number."""
        sql = "SELECT number, proxy FROM thumbnails WHERE store = ? AND number = ANY(?)"
        return [(number, bytes(proxy)) for number, proxy in self._read(sql, store, list(numbers))]

    def sweep(self, store: str, removals: Callable[[int], list[tuple[int, int]]]) -> None:
        """Delete the proxies of removed pictures; `removals` gives a page of positions, after one, with numbers."""
        while True:
            with self._transaction() as run:
                run("INSERT INTO swept VALUES (?, 0) ON CONFLICT DO NOTHING", (store,))
                after = run("SELECT position FROM swept WHERE store = ? FOR UPDATE", (store,))[0][0]
                page = removals(after)
                if page:
                    self._delete(run, store, [number for _, number in page])
                    run("UPDATE swept SET position = ? WHERE store = ?", (page[-1][0], store))
            if len(page) < LOAD_ROWS:
                return

    def _delete(self, run: Run, store: str, numbers: Collection[int]) -> None:
        run("DELETE FROM thumbnails WHERE store = ? AND number = ANY(?)", (store, list(numbers)))

    def close(self) -> None:
        self._pool.close()


class ShardedStore(PostgresStore):
    """A PostgreSQL store whose proxies are on shards: the first of `urls` decides, the others are the shards.

    Keys, states, codes and decisions are in the first database alone, so that each decision is one transaction there,
    as without shards. A proxy is on its shard before its number is visible, and is deleted there after its picture was.
    The table of proxies names its shard, so shards may be added at any time, and are found under any URL. All methods
    raise StoreError, which names the shard, when a proxy cannot be had: nothing is decided without it.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._shards = [Shard(url) for url in urls[1:]]
        self._turn = itertools.count(random.randrange(len(self._shards)))
        super().__init__(urls[0])
        self.name = " ".join([self.name, *(shard.name for shard in self._shards)])

    def close(self) -> None:
        super().close()
        for shard in self._shards:
            shard.close()

    def try_writing(self) -> None:
        """Write to the store and to each shard. Raises StoreError where one of them takes nothing in."""
        super().try_writing()
        for shard in self._shards:
            shard.put("", 0, bytes(self.probe))  # of no store
            shard.sweep(self._id, self._removals_after)

    def put(self, record: Record, lease: float, seen: StoreSnapshot | None) -> Record | None:
        # Found before the lock of numbers is taken, which a shard that is gone must not prolong.
        self._joined.shard = self._answering()
        try:
            return super().put(record, lease, seen)
        finally:
            self._joined.shard = None

    def withdraw(self, number: int, *, expired: bool = False) -> bool:
        return self._swept(super().withdraw(number, expired=expired))

    def remove(self, tenant: str, key: str) -> bool:
        return self._swept(super().remove(tenant, key))

    def record_decision(
        self, tenant: str, reviewer: str, number: int, other: str, *, same: bool
    ) -> ReviewDecision | None:
        decision = super().record_decision(tenant, reviewer, number, other, same=same)
        self._swept(same and decision is not None)
        return decision

    @contextmanager
    def together(self) -> Iterator[None]:
        with super().together():
            yield
        self._swept(True)

    def _prepare(self) -> None:
        super()._prepare()
        with self._pool.acquire() as connection, connection.transaction():
            self._id = _identity(self._pool.name, runner(connection), "samepic_sharded")

    def _answering(self) -> Shard:
        """Return the next shard that answers. Raises StoreError where none does."""
        first, errors = next(self._turn) % len(self._shards), []
        order = self._shards[first:] + self._shards[:first]
        for shard in sorted(order, key=lambda shard: shard.is_passed_over):
            try:
                shard.ask()
            except StoreError as error:
                shard.pass_over(error)
                errors.append(error)
            else:
                return shard
        raise errors[0]

    def _keep_proxy(self, run: Run, number: int, proxy: bytes) -> bytes:
        shard = getattr(self._joined, "shard", None) or self._answering()
        # A process that dies before its number is visible leaves its proxy among the last on a shard. Under the lock of
        # numbers there is no other whose number is not visible but may be.
        mark, last = shard.mark(), shard.last(self._id)
        kept = run("SELECT number FROM proxies WHERE number = ANY(?) AND proxy = ?", (last, mark))
        shard.put(self._id, number, proxy, set(last).difference(found for (found,) in kept))
        return mark

    def _read_proxies(self, held: Mapping[int, bytes]) -> Mapping[int, bytes]:
        wanted: dict[bytes, list[int]] = {}
        for number, proxy in held.items():
            if proxy.startswith(ON_SHARD):
                wanted.setdefault(proxy, []).append(number)
        found = {number: proxy for number, proxy in held.items() if not proxy.startswith(ON_SHARD)}
        with ThreadPoolExecutor(max(1, len(wanted)), thread_name_prefix="samepic-shard") as pool:
            for part in pool.map(self._read_shard, wanted.keys(), wanted.values()):
                found.update(part)
        return found

    def _read_shard(self, mark: bytes, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
        shard = self._marked(mark)
        found = shard.read(self._id, numbers)
        if missing := set(numbers).difference(number for number, _ in found):
            kept = self._read("SELECT key FROM pictures WHERE number = ANY(?)", list(missing))
            if kept:  # else it was removed since
                raise StoreError(
                    f"{shard.name}: expected the small picture of {kept[0][0]!r}, found none: were it and"
                    f" {self._pool.name} restored from backups of different times?"
                )
        return found

    def _marked(self, mark: bytes) -> Shard:
        """Return the shard with this mark. Raises StoreError where it is not among those named."""
        errors = []
        for shard in self._shards:
            try:
                if shard.mark() == mark:
                    return shard
            except StoreError as error:
                errors.append(error)
        expected = "expected all shards of this store to be named, found that it keeps pictures on another"
        raise errors[0] if errors else StoreError(f"{self.name}: {expected}")

    def _swept(self, deleted: bool) -> bool:
        """Delete proxies of removed pictures, after the transaction; a shard that is gone does it the next time."""
        if deleted and getattr(self._joined, "run", None) is None:
            for shard in self._shards:
                try:
                    if not shard.is_passed_over:
                        shard.sweep(self._id, self._removals_after)
                except StoreError as error:
                    shard.pass_over(error)
        return deleted

    def _removals_after(self, position: int) -> list[tuple[int, int]]:
        # A store that was restored from a backup may have had fewer removals.
        sql = (
            "SELECT position, number FROM removals WHERE position >"
            " CASE WHEN ? > (SELECT coalesce(max(position), 0) FROM removals) THEN 0 ELSE ? END"
            " ORDER BY position LIMIT ?"
        )
        return self._read(sql, position, position, LOAD_ROWS)
