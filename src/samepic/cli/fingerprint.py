"""samepic fingerprint FILE...: the fingerprint of each picture."""

from __future__ import annotations

import argparse
import sys

from samepic.cli.command import SAME, TROUBLE
from samepic.cli.options import add_shared, named_sources, print_json, print_result
from samepic.cli.output import styled
from samepic.errors import SamepicError, UnreadableError
from samepic.writing import printable, reason_of

DESCRIPTION = "Print the fingerprint of each FILE on a line: digests, codes, quality and size."

EPILOG = """\
exit status: 0 every FILE has its line, 2 trouble with a file (the others are still printed)

A line is the fingerprint, two spaces and the name of the file; then, in brackets, a note if the picture is too plain
for its code.

examples:
  samepic fingerprint photo.jpg
  samepic fingerprint --copycode --json photos/*.jpg > prints.jsonl
  curl -s https://example.org/photo.jpg | samepic fingerprint -"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "files")
    parser.add_argument(
        "--mode",
        choices=("fast", "reference"),
        default="fast",
        metavar="MODE",
        help="fast decodes only what a code needs; reference decodes the whole picture, and its code equals that of"
        " ThreatExchange's own program bit for bit (default: %(default)s)",
    )
    text = "add the copy code, which finds crops and captioned, framed and turned copies"
    parser.add_argument("--copycode", action="store_true", help=text)
    add_shared(parser, "--json lines")


def run(args: argparse.Namespace) -> int:
    from samepic.fingerprints.make import fingerprint

    status = SAME
    for name, source in named_sources(args.files):
        try:
            result = fingerprint(source, reference=args.mode == "reference", copycode=args.copycode)
        except SamepicError as error:
            if args.json:
                reason = reason_of(error) if isinstance(error, UnreadableError) else str(error)
                print_json({"unreadable": name, "error": reason, "kind": type(error).__name__})
            elif sys.stderr:  # None where the caller closed it
                print(f"samepic: {printable(str(error))}", file=sys.stderr)
            status = TROUBLE
            continue
        note = f"  (too plain for its code: quality {result.quality}, detail {result.detail})"
        line = f"{result}  {printable(name)}{styled(note, 'yellow') if result.is_weak else ''}"
        print_result({"path": name, **result.to_dict()}, line, as_json=args.json)
    return status
