"""Open the store at a path or URL, and its replicas, which are asked in turn."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from typing import Final

from samepic.errors import StoreError
from samepic.store.connections import Skippable, invalid_url
from samepic.store.contract import Store

POSTGRES: Final = ("postgresql://", "postgres://")
"""What a URL of PostgreSQL begins with."""


def open_store(url: str) -> Store:
    """Open the store `url`: a path or "sqlite:///PATH" for SQLite, "postgresql://..." for PostgreSQL.

    Further URLs of PostgreSQL, each after a space, are its shards, which hold the small pictures. A store is created
    where it does not exist, and migrated where it is older. Raises StoreError where it cannot be opened, is not a
    samepic store or of a newer version, and MissingPartError where the driver is not installed.
    """
    if url.startswith(POSTGRES):
        from samepic.store.postgres import PostgresStore
        from samepic.store.shards import ShardedStore

        first, *shards = urls_of(url)
        return ShardedStore([first, *shards]) if shards else PostgresStore(first)
    from samepic.store.sqlite import SqliteStore

    return SqliteStore(sqlite_path(url))


def urls_of(url: str) -> list[str]:
    """Return the URLs of a store on PostgreSQL and of its shards; what is in another form is returned as it is."""
    return re.split(r"\s+(?=postgres(?:ql)?://)", url.strip())


def sqlite_path(url: str) -> str:
    """Return the path in the URL of a SQLite store, or the path itself. Raises StoreError for another URL."""
    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:").removeprefix("//")
        # As everywhere: three slashes before a relative path, four before an absolute one.
        return path.removeprefix("/") if path.startswith("/") else path
    if other := re.match(r"(https?|\w+sql)://|.*://|postgres(ql)?:|.*\bpassword\s*=", url, re.IGNORECASE):
        raise invalid_url(f"{other[1]}://..." if other[1] else "another form")
    return url


class Replica(Skippable):
    """One standby, opened on first use by one thread; no other waits for it."""

    kind = "replica"

    def __init__(self, url: str) -> None:
        if not url.startswith(POSTGRES):
            raise StoreError("replica: expected postgresql://... of a standby, found another kind of store")
        from samepic.store.postgres import redacted_url

        self.name, self._url = " ".join(map(redacted_url, urls_of(url))), url
        self._store: Store | None = None
        self._closed, self._lock = False, threading.Lock()

    def store(self) -> Store | None:
        """Return its store; None while it is skipped, or another thread opens it."""
        if self.is_passed_over or self._closed:
            return None
        if self._store is None and self._lock.acquire(blocking=False):
            try:
                if self._store is None:
                    self._store = open_store(self._url)
            except StoreError as error:
                self.pass_over(error)
            finally:
                self._lock.release()
        return self._store

    def close(self) -> None:
        self._closed = True
        with self._lock:
            if self._store is not None:
                self._store.close()


class Replicas:
    """The standbys at these URLs, or at one. Raises StoreError for an invalid URL; none is opened yet."""

    def __init__(self, urls: Sequence[str] = ()) -> None:
        self._members = [Replica(url) for url in ([urls] if isinstance(urls, str) else urls)]
        self._turn, self._lock = 0, threading.Lock()

    def in_turn(self) -> Iterator[tuple[Replica, Store]]:
        """Yield those that can be asked, starting with another one each time."""
        with self._lock:
            first = self._turn
            self._turn += 1
        for place in range(len(self._members)):
            replica = self._members[(first + place) % len(self._members)]
            store = replica.store()
            if store is not None:
                yield replica, store

    def close(self) -> None:
        for replica in self._members:
            replica.close()
