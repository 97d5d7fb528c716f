"""samepic review REPORT: decide about duplicates, or about failed screenshot tests, in the browser."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from samepic.cli.clean import journal_folder, journal_name, read_report
from samepic.cli.command import SAME
from samepic.cli.options import add_shared, print_result

if TYPE_CHECKING:
    from samepic.duplicates.groups import ScanReport

DESCRIPTION = (
    "Show the groups of REPORT in the browser: mark each file as keep, drop or not a duplicate, then"
    " see the plan, carry it out, and undo it. Or, for the report folder of screenshot tests, accept pictures as"
    " baselines."
)

EPILOG = """\
The page is served on this machine only, to the first browser that opens the address. Nothing changes before you have
seen and confirmed the plan, and you can undo everything. Decisions are saved.

exit status: 0 finished, 2 trouble, 130 stopped by Ctrl-C

examples:
  samepic find --json photos > found.jsonl
  samepic review found.jsonl
  samepic find --review photos                 both in one
  samepic review samepic-report                what `pytest` left, from where it ran"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "report", "--no-browser", "--json")


def run(args: argparse.Namespace) -> int:
    require_pages()
    if args.report != "-" and (folder := Path(args.report)).is_dir():
        return _review_screenshots(folder, args)
    return review(read_report(args.report), args)


def require_pages() -> None:
    """Raise MissingPartError, before any work is done, if the packages for pages are not installed."""
    import samepic.pages.duplicates.app  # noqa: F401  (says which extra brings it)


def review(scan: ScanReport, args: argparse.Namespace) -> int:
    from samepic.cleanup.decisions import Decisions
    from samepic.pages.duplicates.app import serve_duplicates

    decisions = Decisions(scan, journal_folder().parent / "decided.jsonl")
    if not len(decisions):
        print_result({"groups": 0}, "no duplicates: nothing to decide", as_json=args.json)
        return SAME

    with ExitStack() as opened:
        announce = partial(_announce, args, opened, "groups", len(decisions))
        session = serve_duplicates(decisions, lambda: journal_folder() / journal_name(), announce)
    count, drops, _ = decisions.counts()
    done = session.run.done if session.run and not session.run.is_undo else 0
    value = {"decided": count, "groups": len(decisions), "drops": drops, "done": done}
    text = f"{count} of {len(decisions)} groups decided; decisions are saved"
    print_result(value, text, as_json=args.json)
    return SAME


def _review_screenshots(folder: Path, args: argparse.Namespace) -> int:
    from samepic.pages.screenshots import serve_screenshots
    from samepic.screens.pytest.report import read_failures

    failures = read_failures(folder)
    with ExitStack() as opened:
        announce = partial(_announce, args, opened, "pictures", len(failures))
        serve_screenshots(folder, failures, Path.cwd(), announce)
    return SAME


def _announce(args: argparse.Namespace, opened: ExitStack, noun: str, count: int, address: str) -> None:
    """Print the address, and open it where a browser has a window; its file is removed when `opened` closes."""
    text = f"review {count} {noun} at {address} (Ctrl-C stops it)"
    print_result({"address": address, "pid": os.getpid(), noun: count}, text, as_json=args.json)
    sys.stdout.flush()
    if not args.no_browser and _has_display():
        with suppress(OSError, RuntimeError):  # no home: the address is printed
            _open(address, opened)


def _open(address: str, until: ExitStack) -> None:
    """Open the address by a file that only this user can read: others see what programs are started with.

    It lies in the home folder, since a confined browser sees neither /tmp nor hidden folders.
    """
    with NamedTemporaryFile(
        "w", prefix="samepic-review-", suffix=".html", dir=Path.home(), delete=False
    ) as file:
        until.callback(Path(file.name).unlink, missing_ok=True)
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">\n')
    webbrowser.open(Path(file.name).as_uri())


def _has_display() -> bool:
    """Return whether a browser can open a window: not over ssh, nor in a text terminal."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
