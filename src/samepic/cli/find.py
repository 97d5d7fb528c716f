"""samepic find PATHS: the groups of pictures that are the same, searched here or on Spark."""

from __future__ import annotations

import argparse
import logging
import os
import re
import shlex
import stat
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from samepic.cli.command import SAME, TROUBLE, UsageError
from samepic.cli.options import add_jobs, add_policy, add_shared, standard_input
from samepic.cli.output import Meter, styled, table
from samepic.cli.review import require_pages, review
from samepic.verdict import Relation
from samepic.writing import bytes_text, plural, printable, replacing

if TYPE_CHECKING:
    from samepic.duplicates.finder import Search
    from samepic.duplicates.groups import Group
    from samepic.duplicates.walk import File, FileFilter
    from samepic.profile import Policy
    from samepic.spark.duplicates import SparkFinder


def spark_finder(args: argparse.Namespace, paths: list[str], policy: Policy) -> SparkFinder:
    """Return the search on Spark. Raises UsageError for options that it lacks, MissingPartError without PySpark."""
    uris = [path for path in paths if "://" in path]
    for option in ("html", "review", "ext", "exclude"):
        if getattr(args, option) and uris:
            raise UsageError(f"--{option}: expected local files, found {uris[0]!r}")
    if args.jobs:
        raise UsageError("--jobs: not for --engine spark; use --master, such as local[4]")
    for option in ("series", "against"):
        if getattr(args, option):
            raise UsageError(f"--{option}: not for --engine spark")
    from samepic.spark.candidates import CandidateScan
    from samepic.spark.duplicates import SparkFinder, session

    if uris and len(uris) < len(paths):
        raise UsageError(f"expected only paths or only URIs, found both: {uris[0]!r}")
    spark = session(args.master)
    spark.sparkContext.setLogLevel("INFO" if args.verbose else "ERROR")
    how = CandidateScan(args.search)
    return SparkFinder(paths, policy, args.hidden, args.follow, _filter(args), args.copies, how, spark=spark)


DESCRIPTION = (
    "Find the pictures below PATHS that are the same, in groups with the best file first."
    " Nothing is changed; samepic clean acts on the report of --json."
)

EPILOG = """\
exit status: 0 done, with or without duplicates and unreadable files; 2 trouble: a PATH that cannot be read, a report
that cannot be written, an invalid command line; 130 stopped by Ctrl-C (the next run continues from there)

examples:
  samepic find ~/Pictures
  samepic find --copies ~/Pictures
  samepic find --series ~/Pictures/2026
  samepic find --against ~/Archive ~/Inbox     what in Inbox is in Archive already?
  samepic find --exclude '.thumbnails' --exclude 'raw/*' --ext jpg,heic photos
  samepic find --json photos > report.jsonl
  samepic find --html copies.html photos
  samepic find --review photos
  samepic find --engine spark --json s3a://bucket/photos > report.jsonl
  find photos -mtime -7 -print0 | samepic find --files-from -"""


_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a folder or file; - reads a list of them")
    parser.add_argument(
        "--files-from",
        metavar="FILE",
        help="read more paths from FILE (- for standard input), separated by NUL if there is one, else by newlines",
    )
    add_policy(parser)
    parser.add_argument("--copies", action="store_true",
                        help="also search for crops, captioned, framed and turned copies; takes longer")  # fmt: skip
    parser.add_argument("--series", action="store_true",
                        help="also list shots that are not the same but belong together, such as bursts")  # fmt: skip
    _add_filters(parser)
    add_shared(parser, "--hidden")
    parser.add_argument("--follow", action="store_true", help="follow symbolic links")
    add_jobs(parser)
    parser.add_argument("--no-cache", action="store_true", help="neither use nor write the cache")
    text = "print the counts of every stage on stderr"
    parser.add_argument("-v", "--verbose", action="store_true", help=text)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print one JSON object a line")
    how.add_argument("--csv", action="store_true", help="print one row for each file")
    text = "decide about each file in the browser, as samepic review does"
    how.add_argument("--review", action="store_true", help=text)
    parser.add_argument("--html", metavar="FILE", help="also write a page with thumbnails, as one file")
    add_shared(parser, "--no-browser")
    group = parser.add_argument_group(
        "a cluster", "The results are those of one machine; docs/scale.md says from what size on it pays."
    )
    group.add_argument(
        "--engine",
        choices=("local", "spark"),
        default="local",
        help="search in this process, or on Apache Spark, where PATH may also be a URI (hdfs://, s3a://)",
    )
    group.add_argument(
        "--master",
        metavar="URL",
        help="the Spark master (default: that of spark-submit, else local[*], all processors of this machine)",
    )
    group.add_argument(
        "--search",
        choices=("scan", "bands"),
        default="scan",
        help="on Spark: compare each picture with every code (scan), or only with those that share a band with it"
        " (bands), which finds less and is faster from some hundred thousand pictures on",
    )


def _add_filters(parser: argparse.ArgumentParser) -> None:
    """Add what is searched, and what it is compared against."""
    for name, metavar, text in (
        (
            "--against",
            "DIR",
            "list what is in DIR already, or twice below PATHS; files in DIR are never acted on",
        ),
        ("--exclude", "GLOB", "skip names that match GLOB or, if it has a /, paths below the PATH that do"),
        ("--ext", "LIST", "search only names with these extensions, such as jpg,png"),
    ):
        parser.add_argument(
            name, metavar=metavar, action="append", default=[], help=f"{text}; may be repeated"
        )
    text = "skip files under SIZE bytes; k, M and G are powers of 1000"
    parser.add_argument("--min-size", metavar="SIZE", type=_parse_size, default=0, help=text)
    parser.add_argument("--max-size", metavar="SIZE", type=_parse_size, help="skip files over SIZE bytes")


def run(args: argparse.Namespace) -> int:
    from samepic.profile import Policy

    policy = Policy.of(args.same_if, args.profile)
    if args.review:
        require_pages()
    paths = _paths(args)
    for path in args.against:
        if not os.path.exists(path):  # noqa: PTH110  (Path would normalize the name)
            raise UsageError(f"--against: no such folder: {path!r}")
    if sys.stderr is not None:
        log = logging.getLogger("samepic")
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("samepic: %(message)s"))
        log.handlers[:] = [handler]
        log.setLevel(logging.INFO if args.verbose else logging.WARNING)
        log.propagate = False
    finder: Search
    with Meter() as meter:
        if args.engine == "spark":
            finder = spark_finder(args, paths, policy)
        else:
            import cv2

            from samepic.duplicates.cache import cache_file
            from samepic.duplicates.finder import Finder

            cv2.setNumThreads(1)  # the search has its own threads, and OpenCV's would only wait for them
            how = args.hidden, args.follow, _filter(args), args.copies, args.jobs
            cache = None if args.no_cache else cache_file()
            finder = Finder(paths, policy, *how, cache, meter.progress, args.series, against=args.against)
        groups = finder.groups()
    _print(args, finder, groups)
    if args.review:
        from samepic.duplicates.groups import ScanReport

        review(ScanReport(tuple(groups), tuple(finder.unreadable)), args)
    return TROUBLE if {file.path for file in finder.unreadable} & {*paths, *args.against} else SAME


def _filter(args: argparse.Namespace) -> FileFilter:
    """Return which files are searched. Raises UsageError where none can be."""
    from samepic.duplicates.walk import FileFilter

    if args.max_size is not None and args.max_size < args.min_size:
        raise UsageError("--max-size: expected no less than --min-size")
    for text in args.ext:
        if not re.fullmatch(r"\.?\w+(,\.?\w+)*", text):
            raise UsageError(f"--ext: expected extensions such as jpg,png, found {text!r}")
    return FileFilter.of(args.min_size, args.max_size, ",".join(args.ext).split(","), args.exclude)


def _print(args: argparse.Namespace, finder: Search, groups: list[Group]) -> None:
    from samepic.duplicates.groups import csv_lines, json_lines

    if args.html:
        from samepic.cleanup.plan import page

        parts = (
            part.encode(errors="backslashreplace") for part in page(groups, finder.unreadable, finder.series)
        )
        with replacing(Path(args.html)) as temporary, temporary.open("xb") as file:
            file.writelines(parts)
    if args.csv and sys.stdout:
        sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]  # a TextIOWrapper here
    if args.json or args.csv:
        lines = (json_lines if args.json else csv_lines)(groups, finder.unreadable, finder.series)
    else:
        lines = iter([_summary(finder, groups)]) if args.review else _report_lines(finder, groups)
    for line in lines:
        print(line)
    if args.json and sys.stdout and sys.stderr and sys.stderr.isatty():
        sys.stdout.flush()
        _print_hints(finder, groups)


def _print_hints(finder: Search, groups: list[Group]) -> None:
    """Print, beside a report, what it leaves out, and how to go on with it if it was written to a file."""
    name = ""
    if groups and stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
        with suppress(OSError):  # not Linux
            name = os.path.relpath(os.readlink(f"/proc/self/fd/{sys.stdout.fileno()}"))  # noqa: PTH115
    hints = [*_unlisted(finder), *([f"review with: samepic review {shlex.quote(name)}"] if name else [])]
    for hint in hints:
        print(printable(hint), file=sys.stderr)


def _unlisted(finder: Search) -> Iterator[str]:
    """Yield "9 edited pairs not listed: --same-if edited" if there are such pairs."""
    found = [(finder.unlisted[relation], relation) for relation in Relation if finder.unlisted[relation]]
    if found:
        texts = [f"{count} {relation} {'pair' if count == 1 else 'pairs'}" for count, relation in found]
        yield f"{', '.join(texts)} not listed: --same-if {found[-1][1]}"


def _report_lines(finder: Search, groups: list[Group]) -> Iterator[str]:
    for group in groups:
        name = f"{group.number}. {printable(group.reference.path)}"
        yield f"{styled(name, 'bold')}  {_about(group.reference)}: {group.reason}"
        rows = [(f"   {one.relation}", one.file.path, _about(one.file), one.text) for one in group.members]
        yield table(("", "", "", ""), rows).partition("\n")[2]
        yield ""
    for series in finder.series:
        taken = "" if series.seconds is None else f" within {series.seconds:.0f} s"
        name = f"series {series.number}: {plural(len(series.shots), 'shot')}{taken}, the sharpest first"
        yield styled(name, "bold")
        shots = [(f"   {shot.file.path}", bytes_text(shot.file.size), shot.text) for shot in series.shots]
        yield table(("", "", ""), shots).partition("\n")[2]
        yield ""
    for file in finder.unreadable:
        yield f"{styled('unreadable', 'yellow')}  {printable(file.path)}: {printable(file.error)}"
    yield _summary(finder, groups)
    yield from _unlisted(finder)


def _about(file: File) -> str:
    return printable(", ".join(filter(None, (bytes_text(file.size), file.shown))))


def _summary(finder: Search, groups: list[Group]) -> str:
    """Return one line like "7 pictures: 1 duplicate in 1 group, 132 KB reclaimable; 1 file is not an image"."""
    copies = sum(len(group.members) for group in groups)
    searched = plural(finder.pictures, "picture") + (f" against {finder.protected}" if finder.against else "")
    line = f"{searched}: {plural(copies, 'duplicate')} in {plural(len(groups), 'group')}"
    line += f", {bytes_text(sum(group.wasted for group in groups))} reclaimable"
    if finder.series:
        line += f"; {len(finder.series)} series of other shots"
    if finder.unreadable:
        line += f"; {len(finder.unreadable)} unreadable"
    if finder.others:
        line += f"; {plural(finder.others, 'file is not an image', 'files are not images')}"
    return line


def _paths(args: argparse.Namespace) -> list[str]:
    lists = ([args.files_from] if args.files_from else []) + ["-"] * args.paths.count("-")
    if lists.count("-") > 1:
        raise UsageError("-: standard input can be read only once")
    paths = [path for path in args.paths if path != "-"]
    for name in lists:
        # Path would normalize the name.
        with nullcontext(standard_input()) if name == "-" else open(name, "rb") as file:  # noqa: PTH123
            raw = file.read()
        paths += [os.fsdecode(part) for part in raw.split(b"\0" if b"\0" in raw else b"\n") if part]
    if not paths and not lists:
        raise UsageError("expected at least one PATH (see samepic find --help)")
    return paths


def _parse_size(text: str) -> int:
    match = re.fullmatch(r"(\d+)([kmg]?)b?", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"expected a size such as 20000 or 20k, found {text!r}")
    return int(match[1]) * _UNITS[match[2]]
