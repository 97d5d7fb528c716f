"""samepic recode: make the copy codes of a store again after samepic's have changed."""

from __future__ import annotations

import argparse
import errno
import os
from contextlib import closing
from pathlib import Path

from samepic.cli.command import SAME, TROUBLE
from samepic.cli.options import add_jobs, add_shared, print_result
from samepic.cli.output import Meter
from samepic.writing import plural, printable

DESCRIPTION = (
    "Make the copy codes of a store again that an older samepic made, from the small pictures it keeps."
)

EPILOG = """\
Until then such pictures are found by their PDQ codes alone, without crops and captions. A service may go on meanwhile;
it knows the new codes once it is started again. Stopped, it goes on from there the next time.

exit status: 0 done, 2 trouble: no such store, or a small picture that cannot be decoded; 130 stopped by Ctrl-C

examples:
  samepic recode --store uploads.db
  samepic recode --store postgresql://localhost/pictures --jobs 8"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "--store", "--json")
    add_jobs(parser, "pictures to process at once")


def run(args: argparse.Namespace) -> int:
    from samepic.duplicates.finder import Progress, processors
    from samepic.gate.recode import recode
    from samepic.sandbox.pool import Workers
    from samepic.store import open_store

    _refuse_missing(args.store)
    jobs = args.jobs or processors()
    with closing(open_store(args.store)) as store, Workers(jobs) as workers, Meter() as meter:

        def show(done: int, total: int) -> None:
            if meter.enabled:
                meter.show(Progress("recoding", done, total, "pictures"))

        result = recode(store, workers, jobs, show)
    lines = [f"made {plural(result.replaced, 'copy code')} again"]
    lines += [f"cannot be made again: {printable(one.key)}: {printable(one.error)}" for one in result.failed]
    failed = [one._asdict() for one in result.failed]
    print_result({"recoded": result.replaced, "failed": failed}, "\n".join(lines), as_json=args.json)
    return TROUBLE if result.failed else SAME


def _refuse_missing(url: str) -> None:
    """Raise FileNotFoundError for a file that is not there: nothing is made of a mistyped name."""
    from samepic.store import POSTGRES, sqlite_path

    if not url.startswith(POSTGRES) and not (path := Path(sqlite_path(url))).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
