"""samepic fingerprint FILE...: the fingerprint of each picture."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from samepic.cli.options import SAME, TROUBLE, Verbs, add_verb, named_sources, print_json
from samepic.cli.output import styled
from samepic.errors import SamepicError, UnreadableError
from samepic.writing import printable, reason_of

if TYPE_CHECKING:
    from samepic.fingerprints.fingerprint import Fingerprint

__all__ = ["register", "run"]

_EPILOG = """\
exit status: 0 every FILE has its line, 2 trouble with a file (the others are still printed)

A line is the fingerprint, two spaces and the name of the file; then, in brackets, a note if the picture is too plain
for its code.

examples:
  samepic fingerprint photo.jpg
  samepic fingerprint --copycode --json photos/*.jpg > prints.jsonl
  curl -s https://example.org/photo.jpg | samepic fingerprint -"""


def register(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "fingerprint",
        run,
        summary="print the fingerprints of pictures",
        description="Print the fingerprint of each FILE on a line: digests, codes, quality and size.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a picture file, or - for standard input (once)"
    )
    parser.add_argument(
        "--mode",
        choices=("fast", "reference"),
        default="fast",
        metavar="MODE",
        help="fast decodes only what a code needs; reference decodes the whole picture, and its code equals that of"
        " ThreatExchange's own program bit for bit (default: %(default)s)",
    )
    parser.add_argument(
        "--copycode",
        action="store_true",
        help="add the copy code, which finds crops and captioned, framed and turned copies",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line, for errors too")


def run(args: argparse.Namespace) -> int:
    """Fingerprint each file, print its line as soon as it is known, and return the exit status."""
    from samepic.fingerprints.make import fingerprint

    sources = named_sources(args.files)
    status = SAME
    for name, source in sources:
        try:
            result = fingerprint(source, reference=args.mode == "reference", copycode=args.copycode)
        except SamepicError as error:
            _print_failure(name, error, json=args.json)
            status = TROUBLE
        else:
            _print_fingerprint(name, result, json=args.json)
    return status


def _print_fingerprint(name: str, result: Fingerprint, *, json: bool) -> None:
    if json:
        print_json({"path": name, **result.to_dict()})
        return
    note = ""
    if result.is_weak:
        note = f"  (too plain for its code: quality {result.quality}, detail {result.detail})"
    print(f"{result}  {printable(name)}{styled(note, 'yellow') if note else ''}")


def _print_failure(name: str, error: SamepicError, *, json: bool) -> None:
    if json:
        reason = reason_of(error) if isinstance(error, UnreadableError) else str(error)
        print_json({"unreadable": name, "error": reason, "kind": type(error).__name__})
    elif sys.stderr:  # None where the caller closed it
        print(f"samepic: {printable(str(error))}", file=sys.stderr)
