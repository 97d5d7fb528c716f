"""samepic admit PATH...: add pictures to a store, each once."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from samepic.cli import options
from samepic.cli.command import UsageError
from samepic.cli.output import Meter

if TYPE_CHECKING:
    from samepic.decision import Decision
    from samepic.gate.gate import Gate

DESCRIPTION = "Add the pictures in files and folders to a store, unless they are in it already."

EPILOG = f"""\
{options.STATUSES}
damaged file or a key of another picture; 130 stopped by Ctrl-C: run it again to continue

The key of a picture is PREFIX and its path relative to the given folder, or the name of a given file. Repeated
requests get the same answer without reading the picture, so an import can be stopped and continued. Files in folders
that are not pictures are skipped.

examples:
  samepic admit --store uploads.db photos/
  samepic admit --store uploads.db --key photo/17 upload.jpg
  samepic admit --store postgresql://localhost/pictures --jobs 8 --prefix 2026/ photos/"""
_AHEAD_PER_JOB = 4


class AdmitItem(NamedTuple):
    """A file to admit: its `path`, its `key`, and whether it was `named` on the command line."""

    path: str
    key: str
    named: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    text = "a picture file or a folder, or - for standard input"
    parser.add_argument("paths", metavar="PATH", nargs="+", help=text)
    options.add_shared(parser, "--store", "--tenant", "--json lines", "--policy", "--profile", "--originals")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key", metavar="KEY", help="the key, for a single file")
    keys.add_argument("--prefix", metavar="PREFIX", default="", help="the beginning of all keys")
    options.add_shared(parser, "--hidden")
    options.add_jobs(parser, "pictures to process at once")


def run(args: argparse.Namespace) -> int:
    from samepic.duplicates.finder import Progress, processors
    from samepic.duplicates.scan import in_order

    jobs = args.jobs or processors()
    items, unreadable = _items(args)
    outcomes: Counter[str] = Counter()
    for path, error in unreadable:
        options.print_error(path, error, as_json=args.json)
        outcomes["trouble"] += 1
    pool = ThreadPoolExecutor(jobs, "samepic-admit")
    with options.open_gate(args, jobs) as gate, Meter() as meter:
        try:
            answers = in_order(pool, lambda item: _admit(gate, item), items, jobs * _AHEAD_PER_JOB)
            for done, (item, decision) in enumerate(answers, 1):
                outcomes[_print_result(item, decision, as_json=args.json)] += 1
                if meter.enabled:
                    meter.show(Progress("admitting", done, len(items), "files"))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    if not args.json and (len(items) != 1 or not items[0].named):
        order = ("accepted", "duplicate", "review", "refused", "trouble", "not a picture")
        print(", ".join(f"{outcomes[word]} {word}" for word in order if outcomes[word]) or "no files")
    return options.status_of_outcomes(outcomes)


def _items(args: argparse.Namespace) -> tuple[list[AdmitItem], list[tuple[str, str]]]:
    from samepic.duplicates.walk import Walk

    if "-" in args.paths and (len(args.paths) > 1 or sys.stdin is None or not args.key):
        raise UsageError("-: standard input takes one picture, with --key")
    if args.key and (len(args.paths) > 1 or Path(args.paths[0]).is_dir()):
        raise UsageError("--key: expected one file, found a folder or several")
    if args.paths == ["-"]:
        return [AdmitItem("-", args.key, named=True)], []
    items, unreadable = [], []
    for path in args.paths:
        walk = Walk([path], hidden=args.hidden)
        for file in walk.files():
            named = file.path == path
            name = os.path.basename(path) if named else os.path.relpath(file.path, path)  # noqa: PTH119  (as in Walk)
            # A store holds only keys in UTF-8.
            text = os.fsencode(name.replace(os.sep, "/")).decode("utf-8", "backslashreplace")
            items.append(AdmitItem(file.path, args.key or args.prefix + text, named))
        unreadable += [(one.path, one.error) for one in walk.unreadable]
    return items, unreadable


def _admit(gate: Gate, item: AdmitItem) -> tuple[AdmitItem, Decision | str | None]:
    """Return the decision on a file, an error, or None for a file that is not a picture."""
    from samepic.errors import StoreKeyError, UnreadableError
    from samepic.picture import read
    from samepic.picture.formats import sniff

    try:
        source: object = sys.stdin.buffer if item.path == "-" else item.path
        if not item.named:
            source = encoded = read(item.path)
            if not sniff(encoded.data):
                return item, None
        return item, gate.admit(source, item.key)
    except (StoreKeyError, UnreadableError) as error:
        return item, str(error)


def _print_result(item: AdmitItem, decision: Decision | str | None, *, as_json: bool) -> str:
    if decision is None:
        return "not a picture"
    if isinstance(decision, str):
        options.print_error(item.path, decision, as_json=as_json)
        return "trouble"
    options.print_decision(item.path, decision, as_json=as_json)
    return str(decision.outcome)
