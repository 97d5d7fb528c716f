"""samepic calibrate PAIRS.csv: what the verdicts are worth on pairs that you labelled, and a profile of that."""

from __future__ import annotations

import argparse
import datetime
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from samepic import __version__
from samepic.cli.common import SAME, UsageError, add_json, count, print_json
from samepic.cli.progress import Meter

if TYPE_CHECKING:
    from samepic.calibration.pairs import Pairs
    from samepic.calibration.result import Result

__all__ = ["register", "run"]

_EPILOG = """\
PAIRS.csv has a header with the columns a, b and same: two paths, counted from the folder of PAIRS.csv, and 1, yes,
true or same, or 0, no, false or different. Other columns are ignored.

exit status: 0 measured, 2 trouble: a row that makes no sense, not one pair that can be read, a profile that cannot
be written

examples:
  samepic calibrate pairs.csv
  samepic calibrate pairs.csv --write mine.json
  samepic find --profile mine.json photos"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "calibrate",
        help="how far are the answers to be trusted on pairs that you labelled?",
        description="Compare the pairs of PAIRS.csv, show how well verdicts and labels agree and what each place for"
        " the end of same would have let through or refused, and write a profile that --profile takes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("pairs", metavar="PAIRS.csv", help="the labelled pairs, or - for standard input")
    parser.add_argument("--write", metavar="PROFILE.json", help="write a profile, which --profile takes")
    parser.add_argument("--force", action="store_true", help="overwrite PROFILE.json where it exists")
    parser.add_argument(
        "--all", action="store_true", help="list all disagreements and unreadable pairs, not only the first"
    )
    parser.add_argument("--jobs", metavar="N", type=count, help="threads (default: one for each processor)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare all pairs, print, write the profile, and return the exit status."""
    from samepic.calibration.result import result_of
    from samepic.calibration.run import judge_pairs
    from samepic.cli.calibrated import told

    place = _checked(args)
    pairs = _pairs(args.pairs)
    with Meter() as meter:
        judged, unread = judge_pairs(pairs.pairs, args.jobs, meter.show if meter.wanted else None)
    result = result_of(pairs, judged, unread)
    if not args.json:
        for line in told(result, everything=args.all):
            print(line)
    if place is not None:
        _write(result, place, args)
    if args.json:
        print_json({**result.to_dict(), "profile": args.write})
    elif place is not None:
        print(f"wrote {place}")
    return SAME


def _checked(args: argparse.Namespace) -> Path | None:
    """Refuse a bad place for the profile before any work is done."""
    if args.write is None:
        return None
    place = Path(args.write)
    if place.is_dir() or not place.parent.is_dir():
        raise UsageError(f"{place}: wanted a file in a folder that exists, got a folder or none")
    if place.exists() and not args.force:
        raise UsageError(f"{place}: wanted a new file, got one that exists (--force overwrites it)")
    return place


def _pairs(name: str) -> Pairs:
    from samepic.calibration.pairs import read_pairs

    if name == "-":
        if sys.stdin is None:
            raise UsageError("-: wanted pairs from standard input, got none: it is closed")
        return read_pairs(sys.stdin.buffer.read(), "-", "")
    path = Path(name)
    return read_pairs(path.read_bytes(), name, "" if path.parent == Path() else str(path.parent))


def _write(result: Result, place: Path, args: argparse.Namespace) -> None:
    command = ["samepic", "calibrate", args.pairs, "--write", args.write]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    result.profile(today, __version__, shlex.join(command)).write(place)
