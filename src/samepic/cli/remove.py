"""samepic remove KEY...: remove pictures from a store."""

from __future__ import annotations

import argparse

from samepic.cli.options import SAME, TROUBLE, Verbs, add_store, add_verb, print_error, print_json
from samepic.writing import printable

__all__ = ["register", "run"]

_EPILOG = """\
exit status: 0 all were removed, 2 trouble: no such KEY (the others are removed)

examples:
  samepic remove --store uploads.db photo/17
  samepic remove --store uploads.db --json photo/17 photo/18"""


def register(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "remove",
        run,
        summary="remove pictures from a store, so that they may be uploaded again",
        description="Remove the pictures with these keys from a store. Files are not touched.",
        epilog=_EPILOG,
    )
    parser.add_argument("keys", metavar="KEY", nargs="+", help="the key of a picture in the store")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Remove each, print its line, and return the exit status."""
    from samepic.errors import StoreKeyError
    from samepic.gate.gate import Gate

    status = SAME
    with Gate(args.store, tenant=args.tenant) as gate:
        for key in args.keys:
            try:
                gate.remove(key)
            except StoreKeyError as error:
                print_error(key, str(error), json=args.json)
                status = TROUBLE
                continue
            if args.json:
                print_json({"key": key, "removed": True})
            else:
                print(f"removed: {printable(key)}")
    return status
