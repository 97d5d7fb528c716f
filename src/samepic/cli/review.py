"""samepic review REPORT: decide what find found, in the browser."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from typing import TYPE_CHECKING

from samepic.cli.clean import journal_folder, journal_name, read_report
from samepic.cli.options import SAME, add_json, print_json

if TYPE_CHECKING:
    from samepic.duplicates.groups import ScanReport

__all__ = ["add_browsing", "expect_pages", "register", "review", "run"]

_EPILOG = """\
It is served on this machine alone, to the one browser that opens the address first. Nothing is changed before the
plan was shown and confirmed, and all of it can be taken back. What was decided is remembered.

exit status: 0 finished, 2 trouble, 130 stopped by Ctrl-C

examples:
  samepic find --json photos > found.jsonl
  samepic review found.jsonl
  samepic find --review photos                 both in one"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "review",
        help="decide in the browser what find found",
        description="Show the groups of REPORT in the browser: keep, drop or call no duplicate each file, then see the"
        " plan, carry it out, and take it back.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("report", metavar="REPORT", help="what find --json printed, or -")
    add_browsing(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def add_browsing(parser: argparse.ArgumentParser) -> None:
    """Add --no-browser."""
    parser.add_argument(
        "--no-browser", action="store_true", help="print the address of the review, and open no browser"
    )


def run(args: argparse.Namespace) -> int:
    """Serve the review, and return the exit status."""
    expect_pages()
    return review(read_report(args.report), args)


def expect_pages() -> None:
    """Raise MissingPartError, before any work is done, where what serves pages is not installed."""
    import samepic.pages.duplicates.app  # noqa: F401  (says which extra brings it)


def review(scan: ScanReport, args: argparse.Namespace) -> int:
    """Serve the review of a report until the person is done; tell what was done."""
    from samepic.cleanup.decisions import Decisions
    from samepic.pages.duplicates.app import serve_found

    decided = Decisions(scan, journal_folder().parent / "decided.jsonl")
    if not len(decided):
        print_json({"groups": 0}) if args.json else print(
            "no group of pictures that are the same: nothing to decide"
        )
        return SAME

    def told(address: str) -> None:
        if args.json:
            print_json({"address": address, "pid": os.getpid(), "groups": len(decided)})
        else:
            print(f"review {len(decided)} groups at {address} (Ctrl-C stops it)")
        sys.stdout.flush()
        if not args.no_browser and _has_display():
            webbrowser.open(address)

    desk = serve_found(decided, lambda: journal_folder() / journal_name(), told)
    count, drops, _ = decided.counts()
    if args.json:
        done = desk.run.done if desk.run and not desk.run.back else 0
        print_json({"decided": count, "groups": len(decided), "drops": drops, "done": done})
    else:
        print(f"{count} of {len(decided)} groups decided; what was decided is remembered")
    return SAME


def _has_display() -> bool:
    """Tell whether a browser could show itself to somebody: not over ssh, and not in a text terminal alone."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
