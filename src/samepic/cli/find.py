"""samepic find PATHS: the groups of pictures that are the same, searched here or on Spark."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from samepic.cli.options import SAME, TROUBLE, UsageError, add_policy, count
from samepic.cli.output import Meter, bytes_text, printable, styled, table
from samepic.cli.review import add_browsing, expect_pages, review

if TYPE_CHECKING:
    from samepic.duplicates.groups import Group
    from samepic.duplicates.walk import Unreadable
    from samepic.profile import Policy
    from samepic.spark.duplicates import SparkFinder

__all__ = ["add_engine", "register", "run", "spark_finder"]


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add --engine and what belongs to Spark."""
    group = parser.add_argument_group(
        "a cluster", "The answers are those of one machine; docs/scale.md says from when on it is worth it."
    )
    group.add_argument(
        "--engine",
        choices=("local", "spark"),
        default="local",
        help="where to search: in this process, or on Apache Spark, where PATH may be a URI (hdfs://, s3a://) too",
    )
    group.add_argument(
        "--master",
        metavar="URL",
        help="the Spark to use (default: that of spark-submit, else local[*], all processors of this machine)",
    )
    group.add_argument(
        "--search",
        choices=("scan", "bands"),
        default="scan",
        help="on Spark: look at every code for each picture (scan), or at those alone that share a band with it, which"
        " finds less and is faster from some hundred thousand on (bands)",
    )


def spark_finder(args: argparse.Namespace, paths: list[str], policy: Policy) -> SparkFinder:
    """Return the search on Spark. Raises UsageError for what it cannot do and MissingPartError where there is none."""
    uris = [path for path in paths if "://" in path]
    for option in ("html", "review"):
        if getattr(args, option) and uris:
            raise UsageError(f"--{option}: wanted files that this process can open, got {uris[0]!r}")
    if args.jobs:
        raise UsageError(
            "--jobs: wanted --master for --engine spark, say local[4], got threads of this process"
        )
    from samepic.spark.candidates import CandidateScan
    from samepic.spark.duplicates import SparkFinder, session

    if uris and len(uris) < len(paths):
        raise UsageError(f"wanted either paths or URIs, got both: {uris[0]!r}")
    spark = session(args.master)
    spark.sparkContext.setLogLevel("INFO" if args.verbose else "ERROR")
    return SparkFinder(
        spark,
        paths,
        policy,
        args.hidden,
        args.follow,
        args.min_size,
        args.copies,
        CandidateScan(args.search),
    )


_EPILOG = """\
exit status: 0 done, whether or not there are copies and unreadable files; 2 trouble: a PATH that cannot be
read, a report that cannot be written, a command line that makes no sense; 130 stopped by Ctrl-C, and the next run
goes on from there

examples:
  samepic find ~/Pictures
  samepic find --copies ~/Pictures
  samepic find --json photos > report.jsonl
  samepic find --html copies.html photos
  samepic find --review photos
  samepic find --engine spark --json s3a://bucket/photos > report.jsonl
  find photos -mtime -7 -print0 | samepic find --files-from -"""


class _Searched(Protocol):
    """What a search leaves behind."""

    unreadable: list[Unreadable]
    pictures: int
    others: int

    def groups(self) -> list[Group]: ...


_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "find",
        help="which pictures in these folders are the same?",
        description="Find the pictures below PATHS that are the same, in groups round the best of each."
        " Nothing is changed: samepic clean does that, from the report of --json.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a folder or file; - reads a list of them")
    parser.add_argument(
        "--files-from",
        metavar="FILE",
        help="read more paths from FILE (- for standard input), separated by NUL if there is one, else by newlines",
    )
    add_policy(parser)
    parser.add_argument("--copies", action="store_true",
                        help="search for crops, captioned, framed and turned copies too; takes longer")  # fmt: skip
    parser.add_argument("--min-size", metavar="SIZE", type=_size, default=1,
                        help="pass over files under SIZE bytes; k, M and G are powers of 1000")  # fmt: skip
    parser.add_argument("--hidden", action="store_true", help="look at names that begin with a dot too")
    parser.add_argument("--follow", action="store_true", help="follow symbolic links")
    parser.add_argument("--jobs", metavar="N", type=count, help="threads (default: one for each processor)")
    parser.add_argument("--no-cache", action="store_true", help="neither use nor write the cache")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="tell the counts of every stage on stderr"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print one JSON object a line")
    how.add_argument("--csv", action="store_true", help="print one row for each file")
    how.add_argument(
        "--review",
        action="store_true",
        help="decide in the browser what becomes of each file, as samepic review",
    )
    parser.add_argument("--html", metavar="FILE", help="also write a page with thumbnails, in one file")
    add_browsing(parser)
    add_engine(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Search, print, and return the exit status."""
    from samepic.profile import Policy

    policy = Policy.of(args.same_if, args.profile)
    if args.review:
        expect_pages()
    paths = _paths(args)
    _log_to_stderr(verbose=args.verbose)
    if args.engine == "spark":
        finder: _Searched = spark_finder(args, paths, policy)
        groups = finder.groups()
    else:
        finder, groups = _here(args, paths, policy)
    _print(args, finder, groups)
    if args.review:
        _review(args, finder, groups)
    return _status(finder, paths)


def _here(args: argparse.Namespace, paths: list[str], policy: Policy) -> tuple[_Searched, list[Group]]:
    """Search in this process."""
    from samepic.duplicates.cache import cache_file
    from samepic.duplicates.finder import Finder

    with Meter() as meter:
        finder = Finder(
            paths,
            policy.same_if,
            args.hidden,
            args.follow,
            args.min_size,
            args.jobs,
            None if args.no_cache else cache_file(),
            meter.show if meter.wanted else None,
            policy.profile,
            args.copies,
        )
        return finder, finder.groups()


def _review(args: argparse.Namespace, finder: _Searched, groups: list[Group]) -> None:
    """Let the groups be decided in the browser, as they would be read back from a report that was written now."""
    from samepic.duplicates.groups import json_lines, read_scan

    lines = (line.encode("utf-8", "surrogateescape") for line in json_lines(groups, finder.unreadable))
    review(read_scan(lines, "find", made_ns=time.time_ns()), args)


def _print(args: argparse.Namespace, finder: _Searched, groups: list[Group]) -> None:
    from samepic.duplicates.groups import csv_lines, json_lines

    if args.html:
        _write_page(args.html, groups, finder)
    if args.json or args.csv:
        lines = (json_lines if args.json else csv_lines)(groups, finder.unreadable)
        if sys.stdout and args.csv:
            sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]  # a TextIOWrapper here
        for line in lines:
            print(line)
    elif args.review:
        print(_summary(finder, groups))
    else:
        for line in _told(finder, groups):
            print(line)


def _write_page(name: str, groups: list[Group], finder: _Searched) -> None:
    """Write the page beside its place first, so that it is there whole or not at all."""
    from samepic.cleanup.plan import page

    place = Path(name)
    beside = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with beside.open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(page(groups, finder.unreadable))
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


def _status(finder: _Searched, paths: list[str]) -> int:
    """Return trouble where a path that was asked for could not be read."""
    named = set(paths)
    return TROUBLE if any(one.path in named for one in finder.unreadable) else SAME


def _told(finder: _Searched, groups: list[Group]) -> Iterator[str]:
    """Yield the report for people: each group, what is unreadable, and what can be won."""
    for group in groups:
        name = f"{group.number}. {printable(group.reference.path)}"
        yield f"{styled(name, 'bold')}  {bytes_text(group.reference.size)}, {group.reason}"
        rows = [
            (f"   {member.relation}", member.file.path, bytes_text(member.file.size), member.explanation)
            for member in group.members
        ]
        yield table(("", "", "", ""), rows).partition("\n")[2]
        yield ""
    for one in finder.unreadable:
        yield f"{styled('unreadable', 'yellow')}  {printable(one.path)}: {printable(one.error)}"
    yield _summary(finder, groups)


def _summary(finder: _Searched, groups: list[Group]) -> str:
    copies = sum(len(group.members) for group in groups)
    won = bytes_text(sum(group.wasted for group in groups))
    parts = [
        f"{_counted(finder.pictures, 'picture')}: {_counted(len(groups), 'group')} with {copies} to spare"
    ]
    parts.append(f"{won} can be won")
    if finder.unreadable:
        parts.append(f"{len(finder.unreadable)} unreadable")
    if finder.others:
        parts.append(f"{_counted(finder.others, 'file')} no picture")
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _paths(args: argparse.Namespace) -> list[str]:
    lists = ([args.files_from] if args.files_from else []) + ["-"] * args.paths.count("-")
    if lists.count("-") > 1:
        raise UsageError("-: wanted one list of paths from standard input, got it named twice")
    paths = [path for path in args.paths if path != "-"]
    for name in lists:
        paths += _listed(name)
    if not paths and not lists:
        raise UsageError("wanted at least one PATH (see samepic find --help)")
    return paths


def _listed(name: str) -> list[str]:
    if name == "-":
        if sys.stdin is None:
            raise UsageError("-: wanted a list of paths from standard input, got none: it is closed")
        raw = sys.stdin.buffer.read()
    else:
        with open(name, "rb") as file:  # noqa: PTH123  (Path would normalise the name)
            raw = file.read()
    ends = b"\0" if b"\0" in raw else b"\n"
    return [os.fsdecode(part) for part in raw.split(ends) if part]


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+)([kmg]?)b?", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"wanted a size such as 20000 or 20k, got {text!r}")
    return int(match[1]) * _UNITS[match[2]]


def _log_to_stderr(*, verbose: bool) -> None:
    """Let warnings of the search reach standard error, and its counts too if `verbose`."""
    if sys.stderr is None:
        return
    log = logging.getLogger("samepic")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("samepic: %(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO if verbose else logging.WARNING)
    log.propagate = False
