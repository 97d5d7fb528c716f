"""samepic admit PATH...: add pictures to a store, each once."""

from __future__ import annotations

import argparse
import math
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from samepic.cli import options
from samepic.cli.command import UsageError
from samepic.cli.output import Meter

if TYPE_CHECKING:
    from samepic.decision import Decision
    from samepic.gate.admission import Turn
    from samepic.gate.gate import Gate
    from samepic.sandbox.pool import Workers

DESCRIPTION = "Add the pictures in files and folders to a store, unless they are in it already."

EPILOG = f"""\
{options.STATUSES}
damaged file or a key of another picture; 130 stopped by Ctrl-C: run it again to continue

The key of a picture is PREFIX and its path relative to the given folder, or the name of a given file. Repeated
requests get the same answer without reading the picture, so an import can be stopped and continued. Files in folders
that are not pictures are skipped. The best of several copies is kept, as `samepic find` ranks them by their headers.

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
    text = "take the files in by their names, so that the first of several copies is kept and not the best"
    parser.add_argument("--in-order", action="store_true", help=text)
    options.add_shared(parser, "--hidden")
    options.add_jobs(parser, "pictures to process at once")


def run(args: argparse.Namespace) -> int:
    from samepic.duplicates.finder import Progress, processors
    from samepic.duplicates.scan import in_order
    from samepic.sandbox.pool import Workers

    jobs = args.jobs or processors()
    items, unreadable = _items(args)
    outcomes: Counter[str] = Counter()
    for path, error in unreadable:
        options.print_error(path, error, as_json=args.json)
        outcomes["trouble"] += 1
    pool, window, turns = ThreadPoolExecutor(jobs, "samepic-admit"), jobs * _AHEAD_PER_JOB, _Turns()
    with Workers(jobs) as workers, options.open_gate(args, workers) as gate, Meter() as meter:
        try:
            if len(items) > 1 and not args.in_order:
                ranks = list(in_order(pool, partial(_rank, workers), items, window))
                items = [item for _, item in sorted(zip(ranks, items, strict=True), key=itemgetter(0))]
            answers = in_order(pool, partial(_admit, gate, turns), enumerate(items), window)
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


class _Turns:
    """Has threads do something in the order of their places; each place is left, whether it was taken or not."""

    def __init__(self) -> None:
        self._changed, self._first, self._left = threading.Condition(), 0, set[int]()

    @contextmanager
    def take(self, place: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._first >= place)
        yield
        self.leave(place)

    def leave(self, place: int) -> None:
        with self._changed:
            if place >= self._first:
                self._left.add(place)
            while self._first in self._left:
                self._left.remove(self._first)
                self._first += 1
            self._changed.notify_all()


def _rank(workers: Workers, item: AdmitItem) -> tuple[float, ...]:
    """Return what sorts the best picture first by its header, as `find` does, and a file without one last."""
    from samepic.duplicates.quality import merit
    from samepic.errors import UnreadableError
    from samepic.picture import read

    try:
        encoded = read(item.path)
        return merit(workers.inspect(encoded.data, encoded.name)).order(0)
    except UnreadableError:
        return (math.inf,)


def _admit(
    gate: Gate, turns: _Turns, placed: tuple[int, AdmitItem]
) -> tuple[AdmitItem, Decision | str | None]:
    """Return the decision on a file, an error, or None for a file that is not a picture."""
    place, item = placed
    try:
        return item, _decision(gate, item, partial(turns.take, place))
    finally:
        turns.leave(place)


def _decision(gate: Gate, item: AdmitItem, turn: Turn) -> Decision | str | None:
    from samepic.errors import StoreKeyError, UnreadableError
    from samepic.picture import read
    from samepic.picture.formats import sniff

    try:
        source: object = sys.stdin.buffer if item.path == "-" else item.path
        if not item.named:
            source = encoded = read(item.path)
            if not sniff(encoded.data):
                return None
        return gate.admit(source, item.key, turn=turn)
    except (StoreKeyError, UnreadableError) as error:
        return str(error)


def _print_result(item: AdmitItem, decision: Decision | str | None, *, as_json: bool) -> str:
    if decision is None:
        return "not a picture"
    if isinstance(decision, str):
        options.print_error(item.path, decision, as_json=as_json)
        return "trouble"
    options.print_decision(item.path, decision, as_json=as_json)
    return str(decision.outcome)
