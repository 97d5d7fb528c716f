"""samepic list: list the keys of the pictures in a store."""

from __future__ import annotations

import argparse

from samepic.cli.command import SAME
from samepic.cli.options import add_shared, print_result
from samepic.writing import printable, time_text

DESCRIPTION = (
    "List the pictures in a store by key: the state, when it was uploaded, the format, the size in pixels."
)

EPILOG = """\
Keys are in the order of their code points. A JSON object has the size in bytes and the SHA-256 of the file too.

exit status: 0 done, 2 trouble

examples:
  samepic list --store uploads.db
  samepic list --store uploads.db --prefix 2026/ --state held
  samepic list --store uploads.db --json | jq -r .key"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "--store", "--tenant", "--json lines")
    parser.add_argument("--prefix", metavar="TEXT", default="", help="only keys that begin with this")
    parser.add_argument("--state", choices=("accepted", "held"), help="only pictures in this state")


def run(args: argparse.Namespace) -> int:
    from samepic.gate.gate import Gate

    with Gate(args.store, tenant=args.tenant, workers=0) as gate:
        for picture in gate.pictures(args.prefix, state=args.state):
            size = f"{picture.width}x{picture.height}"
            shown = f"{picture.state:8}  {time_text(picture.created)}  {picture.format:5} {size:>11}"
            print_result(picture.to_dict(), f"{shown}  {printable(picture.key)}", as_json=args.json)
    return SAME
