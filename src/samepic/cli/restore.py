"""samepic restore FILE: put a store back from a backup."""

from __future__ import annotations

import argparse
from pathlib import Path

from samepic.cli.backup import copied, sqlite_file
from samepic.cli.options import add_shared

DESCRIPTION = "Put a store back from a file of `samepic backup`."

EPILOG = """\
Stop the service first, and move the old store away with its -wal and -shm files: nothing is overwritten. What was
uploaded after the backup is not known then: `samepic admit` adds it again, and skips what is there.

exit status: 0 done, 2 trouble: no such file, a damaged one, a store that is there already

examples:
  samepic restore uploads-2026-11-30.db --store uploads.db
  samepic admit --store uploads.db media/"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file of samepic backup")
    add_shared(parser, "--store", help="the file of the store, which must not be there")
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    return copied(Path(args.file), sqlite_file(args.store), "restored", as_json=args.json)
