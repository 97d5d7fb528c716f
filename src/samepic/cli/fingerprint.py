"""samepic fingerprint FILE: what is kept of each picture to find it again."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from samepic.cli.options import SAME, TROUBLE, named_sources, print_json
from samepic.cli.output import printable, styled
from samepic.errors import SamepicError, UnreadableError

if TYPE_CHECKING:
    from samepic.fingerprints.fingerprint import Fingerprint

__all__ = ["register", "run"]

_EPILOG = """\
exit status: 0 every FILE has its line, 2 trouble: the other files are still told

A line is the fingerprint, which holds no space, two spaces and the name of the file; then, in brackets, a word
where the picture is so plain that its code says nothing.

examples:
  samepic fingerprint photo.jpg
  samepic fingerprint --copycode --json photos/*.jpg > prints.jsonl
  curl -s https://example.org/photo.jpg | samepic fingerprint -"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "fingerprint",
        help="what is kept of a picture to find it again",
        description="Print the fingerprint of each FILE on a line: digests, codes, quality and size.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a picture file, or - for standard input (once)"
    )
    parser.add_argument(
        "--mode",
        choices=("fast", "reference"),
        default="fast",
        metavar="MODE",
        help="fast decodes no more than a code needs; reference decodes all of it, and its code is that of"
        " ThreatExchange's own program bit for bit (default: %(default)s)",
    )
    parser.add_argument(
        "--copycode",
        action="store_true",
        help="make the copy code too, by which crops, captioned, framed and turned copies are found",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line, for errors too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fingerprint each file, print its line as soon as it is known, and return the exit status."""
    from samepic.fingerprints.make import fingerprint

    named = named_sources(args.files)
    status = SAME
    for name, source in named:
        try:
            made = fingerprint(source, reference=args.mode == "reference", copycode=args.copycode)
        except SamepicError as error:
            _tell_trouble(name, error, json=args.json)
            status = TROUBLE
        else:
            _tell(name, made, json=args.json)
    return status


def _tell(name: str, made: Fingerprint, *, json: bool) -> None:
    if json:
        print_json({"path": name, **made.to_dict()})
        return
    note = ""
    if made.is_weak:
        note = f"  (too plain to be found by its code: quality {made.quality}, detail {made.detail})"
    print(f"{made}  {printable(name)}{styled(note, 'yellow') if note else ''}")


def _tell_trouble(name: str, error: SamepicError, *, json: bool) -> None:
    if json:
        why = f"wanted {error.wanted}, got {error.got}" if isinstance(error, UnreadableError) else str(error)
        print_json({"unreadable": name, "error": why, "kind": type(error).__name__})
    elif sys.stderr:  # None where the caller closed it
        print(f"samepic: {printable(str(error))}", file=sys.stderr)
