"""samepic admit PATH...: take pictures into a store, each once."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from samepic.cli.options import (
    STATUSES,
    UsageError,
    add_rules,
    add_store,
    count,
    opened,
    status_of_outcomes,
    tell,
    tell_error,
)
from samepic.cli.output import Meter

if TYPE_CHECKING:
    from samepic.duplicates.walk import Walk
    from samepic.gate.gate import Gate
    from samepic.verdict import Decision

__all__ = ["AdmitItem", "register", "run"]

_EPILOG = f"""\
{STATUSES}
file that is no sound picture or a key that holds another picture; 130 stopped by Ctrl-C: run it again to go on

The key of a picture is its path below the folder that was named, or the name of a file that was named, with PREFIX
before it. What was answered before is answered again without a look at the picture, so an import can be stopped and
goes on where it was. Files that are no pictures are passed over in folders.

examples:
  samepic admit --store uploads.db photos/
  samepic admit --store uploads.db --key photo/17 upload.jpg
  samepic admit --store postgresql://localhost/pictures --jobs 8 --prefix 2026/ photos/"""
_AHEAD = 4


class AdmitItem(NamedTuple):
    """A file to be admitted: its `path`, the `key` that it gets, and whether it was named itself."""

    path: str
    key: str
    named: bool


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "admit",
        help="take pictures into a store, each once",
        description="Take the pictures of files and folders into a store, unless they are in already.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", help="a picture file or a folder, or - for standard input"
    )
    add_store(parser)
    add_rules(parser)
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key", metavar="KEY", help="the key of the one file that PATH names")
    keys.add_argument("--prefix", metavar="PREFIX", default="", help="what all keys begin with")
    parser.add_argument("--hidden", action="store_true", help="look at names that begin with a dot too")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=count,
        help="how many pictures are looked at at once (default: one for each processor)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Admit each file in order, print its line as soon as it is known, and return the exit status."""
    from samepic.duplicates.finder import Progress, processors
    from samepic.duplicates.scan import in_order

    jobs = args.jobs or processors()
    items, unreadable = _items(args)
    outcomes: Counter[str] = Counter()
    for path, error in unreadable:
        tell_error(path, error, json=args.json)
        outcomes["trouble"] += 1
    pool = ThreadPoolExecutor(jobs, "samepic-admit")
    with opened(args, jobs) as gate, Meter() as meter:
        try:
            answers = in_order(pool, lambda item: _admitted(gate, item), items, jobs * _AHEAD)
            for done, (item, decision) in enumerate(answers, 1):
                outcomes[_told(item, decision, json=args.json)] += 1
                if meter.wanted:
                    meter.show(Progress("admitting", done, len(items), "files"))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    if not args.json and (len(items) != 1 or not items[0].named):
        print(_summary(outcomes))
    return status_of_outcomes(outcomes)


def _items(args: argparse.Namespace) -> tuple[list[AdmitItem], list[tuple[str, str]]]:
    """Return the files that the paths name, and what could not be read of them. Raises UsageError."""
    from samepic.duplicates.walk import Walk

    if "-" in args.paths and (len(args.paths) > 1 or sys.stdin is None or not args.key):
        raise UsageError("-: wanted one picture from standard input, with --key")
    if args.key and (len(args.paths) > 1 or Path(args.paths[0]).is_dir()):
        raise UsageError("--key: wanted one file to go with it, got a folder or several")
    if args.paths == ["-"]:
        return [AdmitItem("-", args.key, named=True)], []
    items, unreadable = [], []
    for path in args.paths:
        walk = Walk([path], hidden=args.hidden)
        items += list(_below(path, walk, args))
        unreadable += [(one.path, one.error) for one in walk.unreadable]
    return items, unreadable


def _below(path: str, walk: Walk, args: argparse.Namespace) -> Iterator[AdmitItem]:
    for entry in walk.entries():
        named = entry.path == path
        name = os.path.basename(path) if named else os.path.relpath(entry.path, path)  # noqa: PTH119  (as in Walk)
        # Bytes that are no UTF-8 would be no key that a store can hold.
        text = os.fsencode(name.replace(os.sep, "/")).decode("utf-8", "backslashreplace")
        yield AdmitItem(entry.path, args.key or args.prefix + text, named)


def _admitted(gate: Gate, item: AdmitItem) -> tuple[AdmitItem, Decision | str | None]:
    """Return the decision on a file, what went wrong, or None for a file that is no picture."""
    from samepic.errors import StoreKeyError, UnreadableError
    from samepic.picture import read
    from samepic.picture.formats import sniff

    try:
        if item.path == "-":
            return item, gate.admit(sys.stdin.buffer, item.key)
        if not item.named:
            encoded = read(item.path)
            if not sniff(encoded.data):
                return item, None
            return item, gate.admit(encoded, item.key)
        return item, gate.admit(item.path, item.key)
    except (StoreKeyError, UnreadableError) as error:
        return item, str(error)


def _told(item: AdmitItem, decision: Decision | str | None, *, json: bool) -> str:
    """Print the line of a file, and return what is counted for it."""
    if decision is None:
        return "no pictures"
    if isinstance(decision, str):
        tell_error(item.path, decision, json=json)
        return "trouble"
    tell(item.path, decision, json=json)
    return str(decision.outcome)


def _summary(outcomes: Counter[str]) -> str:
    order = ("accepted", "duplicate", "review", "refused", "trouble", "no pictures")
    return ", ".join(f"{outcomes[word]} {word}" for word in order if outcomes[word]) or "no files"
