"""Connections: those of one store, lent to one thread at a time, none of them taken through a fork."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from samepic.errors import StoreError

__all__ = ["Connections", "told"]


class _Closes(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closes)
_POOLS: weakref.WeakSet[Connections[Any]] = weakref.WeakSet()


class Connections(Generic[C]):
    """As many connections as threads want at once, of the store called `name`; they are used again.

    `connect` makes one, `lives` tells whether one that was idle still serves, and `broken` is what the driver raises:
    the connection is given up then, and a StoreError says that `wanted` was wanted.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], C],
        *,
        broken: type[Exception],
        wanted: str,
        lives: Callable[[C], bool] = lambda _: True,
    ) -> None:
        self._name, self._connect, self._lives = name, connect, lives
        self._broken, self._wanted = broken, wanted
        self._orphans: list[C] = []
        self._closed = False
        self._begin()
        _POOLS.add(self)

    def _begin(self) -> None:
        self._lock, self.turn = threading.Lock(), threading.Lock()
        self._idle: list[C] = []

    @contextmanager
    def lent(self) -> Iterator[C]:
        """Lend a connection. Raises StoreError where the pool is closed, and for whatever the driver raises."""
        try:
            connection = self._taken()
            try:
                yield connection
            except self._broken:
                connection.close()
                raise
            except BaseException:
                self._give_back(connection)
                raise
            self._give_back(connection)
        except self._broken as error:
            raise StoreError(f"{self._name}: wanted {self._wanted}, got {told(error)}") from error

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back; may be called twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def forget(self) -> None:
        """Begin anew in a fork, where a connection that was used or closed would break off for the parent."""
        self._orphans += self._idle
        self._begin()

    def _taken(self) -> C:
        with self._lock:
            if self._closed:
                raise StoreError(f"{self._name}: wanted an open store, got one that was closed")
            while self._idle:
                connection = self._idle.pop()
                if self._lives(connection):
                    return connection
                connection.close()
        return self._connect()

    def _give_back(self, connection: C) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()


def told(error: Exception) -> str:
    """Return what a driver's error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _forget_all() -> None:
    for pool in list(_POOLS):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
