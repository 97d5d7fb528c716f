"""Open the store at a path or URL, and its replicas, which are asked in turn."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

from samepic.errors import StoreError
from samepic.store.connections import invalid_url
from samepic.store.contract import Store

_REPLICA_SECONDS: Final = 10.0  # how long a replica that did not answer is skipped


def open_store(url: str) -> Store:
    """Open the store `url`: a path or "sqlite:///PATH" for SQLite, "postgresql://..." for PostgreSQL.

    It is created where it does not exist, and migrated where it is older. Raises StoreError where it cannot be opened,
    is not a samepic store or of a newer version, and MissingPartError where the driver is not installed.
    """
    if url.startswith(("postgresql://", "postgres://")):
        from samepic.store.postgres import PostgresStore

        return PostgresStore(url)
    from samepic.store.sqlite import SqliteStore

    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:").removeprefix("//")
        # As everywhere: three slashes before a relative path, four before an absolute one.
        return SqliteStore(path.removeprefix("/") if path.startswith("/") else path)
    if other := re.match(r"(https?|\w+sql)://|.*://|postgres(ql)?:|.*\bpassword\s*=", url, re.IGNORECASE):
        raise invalid_url(f"{other[1]}://..." if other[1] else "another form")
    return SqliteStore(url)


_log = logging.getLogger("samepic.store")


class Replica:
    """One standby, opened on first use by one thread; no other waits for it."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("postgresql://", "postgres://")):
            raise StoreError("replica: expected postgresql://... of a standby, found another kind of store")
        from samepic.store.postgres import redacted_url

        self.name, self._url = redacted_url(url), url
        self._store: Store | None = None
        self._closed, self._until, self._lock = False, 0.0, threading.Lock()

    def store(self) -> Store | None:
        """Return its store; None while it is skipped, or another thread opens it."""
        if time.monotonic() < self._until or self._closed:
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

    def pass_over(self, error: StoreError) -> None:
        """Skip it for a while, and log why."""
        self._until = time.monotonic() + _REPLICA_SECONDS
        _log.warning("replica passed over for %g s: %s", _REPLICA_SECONDS, error)

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
