"""Database: transactions over a pool of connections, for threads and forks."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from samepic.errors import StoreError
from samepic.store.tables import Run

_PASSED_OVER_SECONDS: Final = 10.0  # how long a server that did not answer is skipped

_log = logging.getLogger("samepic.store")


class Skippable:
    """A server beside that of a store: where it does not answer, it is skipped for a while. `kind` is for the log."""

    kind: ClassVar[str]
    _until = 0.0

    @property
    def is_passed_over(self) -> bool:
        return time.monotonic() < self._until

    def pass_over(self, error: StoreError) -> None:
        """Skip it for a while, and log why."""
        self._until = time.monotonic() + _PASSED_OVER_SECONDS
        _log.warning("%s passed over for %g s: %s", self.kind, _PASSED_OVER_SECONDS, error)


class _Closes(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closes)

_POOLS: weakref.WeakSet[Connections[Any]] = weakref.WeakSet()


@dataclass(eq=False)
class Connections(Generic[C]):
    """A pool of connections, as many as threads use at once; what is `broken` is closed, and becomes a StoreError."""

    name: str
    connect: Callable[[], C]
    _: KW_ONLY
    broken: type[Exception]
    expected: str
    is_alive: Callable[[C], bool] = lambda _: True
    check: Callable[[C], None] = lambda _: None  # raises StoreError where what was done with one is lost

    def __post_init__(self) -> None:
        self._orphans: list[C] = []
        self._closed = False
        self._reset()
        _POOLS.add(self)

    def _reset(self) -> None:
        self._lock, self.turn = threading.Lock(), threading.Lock()
        self._idle: list[C] = []

    @contextmanager
    def acquire(self) -> Iterator[C]:
        """Yield a connection. Raises StoreError where the pool is closed, and for errors of the driver."""
        try:
            connection = self._take()
            try:
                yield connection
                self.check(connection)
            except self.broken:
                connection.close()
                raise
            except BaseException:
                self._put_back(connection)
                raise
            self._put_back(connection)
        except self.broken as error:
            found = " ".join(str(error).split()) or type(error).__name__
            raise StoreError(f"{self.name}: expected {self.expected}, found {found}") from error

    def close(self) -> None:
        """Close idle connections now and the others when they are returned; may be called twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def reset_after_fork(self) -> None:
        """Start empty in a fork: using or closing a connection would break it for the parent."""
        self._orphans += self._idle
        self._reset()

    def _take(self) -> C:
        with self._lock:
            if self._closed:
                raise StoreError(f"{self.name}: expected an open store, found one that was closed")
            while self._idle:
                connection = self._idle.pop()
                if self.is_alive(connection):
                    return connection
                connection.close()
        return self.connect()

    def _put_back(self, connection: C) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()


def refuse_newer(name: str, version: int, newest: int) -> None:
    """Raise StoreError for a store whose tables only a newer samepic knows."""
    if version > newest:
        raise StoreError(
            f"{name}: expected a store of version {newest} or older, found version {version}:"
            " update samepic to open it"
        )


def invalid_url(found: str = "another form") -> StoreError:
    """Return the error for a URL, of which nothing may be shown: there may be a password anywhere in it."""
    return StoreError(
        "store: expected a path, sqlite:///PATH or postgresql://USER@HOST:PORT/NAME, the password in PGPASSWORD and"
        f" letters such as @ and / percent-encoded, found {found}"
    )


def _reset_all() -> None:
    for pool in list(_POOLS):
        pool.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)


class Database(ABC):
    """The tables of a store, in transactions; `name` is that of the store in messages, without a password."""

    def __init__(self, name: str, connections: Connections[Any]) -> None:
        self.name = name
        self._pool, self._joined = connections, threading.local()
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _prepare(self) -> None:
        """Create or migrate the tables, unless another process did; refuse a newer version."""

    @abstractmethod
    def _runner(self, connection: Any) -> Run:  # noqa: ANN401
        """Return what runs statements on a connection."""

    @abstractmethod
    def _now(self, run: Run) -> float:
        """Return the seconds since 1970 by the clock of leases."""

    @abstractmethod
    def _transaction(self, *, numbered: bool) -> AbstractContextManager[Run]:
        """Yield a function that runs statements, committed durably together at the end.

        With `numbered`, no other transaction that draws numbers begins before this one has become visible.
        """

    def _writing(self, *, numbered: bool = False) -> AbstractContextManager[Run]:
        run: Run | None = getattr(self._joined, "run", None)
        return nullcontext(run) if run else self._transaction(numbered=numbered)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of all that this thread does with the store within; an error undoes all of it."""
        with self._transaction(numbered=True) as run:
            self._joined.run = run
            try:
                yield
            finally:
                self._joined.run = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read by one connection all that this thread reads within."""
        with self._reading() as run:
            self._joined.reads = run
            try:
                yield
            finally:
                self._joined.reads = None

    @contextmanager
    def _reading(self) -> Iterator[Run]:
        if run := getattr(self._joined, "run", None) or getattr(self._joined, "reads", None):
            yield run
            return
        with self._pool.acquire() as connection:
            yield self._runner(connection)

    def _read(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._reading() as run:
            return run(sql, values)

    def close(self) -> None:
        self._pool.close()
