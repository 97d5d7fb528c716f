"""samepic backup FILE: copy a store to a file while it is used."""

from __future__ import annotations

import argparse
from pathlib import Path

from samepic.cli.command import SAME, UsageError
from samepic.cli.options import add_shared, print_result
from samepic.writing import bytes_text, plural

DESCRIPTION = "Copy a store to a file as it is at one moment, while a service or a site writes to it."

EPILOG = """\
The copy is checked, and is a store itself: one file, for this user alone. `samepic restore` puts it back. A store on
PostgreSQL is backed up with pg_dump (docs/operate.md).

exit status: 0 done, 2 trouble: no such store, a damaged one, a file that is there already

examples:
  samepic backup --store uploads.db uploads-2026-11-30.db
  samepic restore uploads-2026-11-30.db --store uploads.db"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the new file")
    add_shared(parser, "--store", help="the file of the store")
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    return copied(sqlite_file(args.store), Path(args.file), "backed up", as_json=args.json)


def sqlite_file(url: str) -> Path:
    """Return the file of a SQLite store. Raises UsageError for another store."""
    from samepic.store import sqlite_path, urls_of

    if "://" in url and not url.startswith("sqlite:"):
        several = " of each, of the first before its shards" if urls_of(url)[1:] else ""
        raise UsageError(
            f"--store: expected a SQLite store, found another (PostgreSQL: pg_dump and pg_restore{several})"
        )

    return Path(sqlite_path(url))


def copied(source: Path, target: Path, verb: str, *, as_json: bool) -> int:
    """Copy a store, and print what was done."""
    from samepic.store.sqlite import copy_store

    pictures = copy_store(source, target)
    size = target.stat().st_size
    text = f"{verb} {plural(pictures, 'picture')} ({bytes_text(size)}): {target}"
    print_result({"file": str(target), "pictures": pictures, "bytes": size}, text, as_json=as_json)
    return SAME
