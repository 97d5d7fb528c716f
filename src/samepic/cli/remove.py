"""samepic remove KEY...: remove pictures from a store."""

from __future__ import annotations

import argparse

from samepic.cli.options import SAME, TROUBLE, add_shared, print_error, print_result
from samepic.writing import printable

SUMMARY = "remove pictures from a store, so that they may be uploaded again"
DESCRIPTION = "Remove the pictures with these keys from a store. Files are not touched."

EPILOG = """\
exit status: 0 all were removed, 2 trouble: no such KEY (the others are removed)

examples:
  samepic remove --store uploads.db photo/17
  samepic remove --store uploads.db --json photo/17 photo/18"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("keys", metavar="KEY", nargs="+", help="the key of a picture in the store")
    add_shared(parser, "--store", "--tenant", "--json lines")


def run(args: argparse.Namespace) -> int:
    from samepic.errors import StoreKeyError
    from samepic.gate.gate import Gate

    status = SAME
    with Gate(args.store, tenant=args.tenant) as gate:
        for key in args.keys:
            try:
                gate.remove(key)
            except StoreKeyError as error:
                print_error(key, str(error), as_json=args.json)
                status = TROUBLE
                continue
            print_result({"key": key, "removed": True}, f"removed: {printable(key)}", as_json=args.json)
    return status
