"""samepic remove KEY...: take pictures out of a store."""

from __future__ import annotations

import argparse

from samepic.cli.options import SAME, TROUBLE, add_store, print_json, tell_error
from samepic.cli.output import printable

__all__ = ["register", "run"]

_EPILOG = """\
exit status: 0 all are out, 2 trouble: a KEY that is not there (the others are taken out all the same)

examples:
  samepic remove --store uploads.db photo/17
  samepic remove --store uploads.db --json photo/17 photo/18"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "remove",
        help="take pictures out of a store, so that they may be uploaded again",
        description="Take the pictures with these keys out of a store. Files are not touched.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("keys", metavar="KEY", nargs="+", help="the key of a picture in the store")
    add_store(parser)
    parser.set_defaults(run=run)


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
                tell_error(key, str(error), json=args.json)
                status = TROUBLE
                continue
            if args.json:
                print_json({"key": key, "removed": True})
            else:
                print(f"removed: {printable(key)}")
    return status
