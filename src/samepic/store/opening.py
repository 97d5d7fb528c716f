"""open_store: the store that a path or URL names."""

from __future__ import annotations

from samepic.errors import StoreError
from samepic.store.protocol import Store

__all__ = ["open_store"]


def open_store(url: str) -> Store:
    """Open the store `url`: a path or "sqlite:///PATH" for SQLite, "postgresql://..." for PostgreSQL.

    It is made where it is not there yet, and brought up to date where it is older. Raises StoreError where it cannot
    be opened, is no store of samepic or is of a newer one, and MissingPartError where the driver is not installed.
    """
    if url.startswith(("postgresql://", "postgres://")):
        from samepic.store.postgres import PostgresStore

        return PostgresStore(url)
    from samepic.store.sqlite import SqliteStore

    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:").removeprefix("//")
        # As everywhere: three slashes before a relative path, four before an absolute one.
        return SqliteStore(path.removeprefix("/") if path.startswith("/") else path)
    if "://" in url:
        scheme = url.partition("://")[0]
        raise StoreError(f"store: wanted a path, sqlite:///PATH or postgresql://..., got {scheme}://...")
    return SqliteStore(url)
