"""samepic remove KEY...: remove pictures from a store."""

from __future__ import annotations

import argparse

from samepic.cli.command import SAME, TROUBLE
from samepic.cli.options import add_shared, print_error, print_result
from samepic.writing import printable

DESCRIPTION = "Remove the pictures with these keys from a store. Files are not touched."

EPILOG = """\
exit status: 0 all were removed, 2 trouble: no such KEY (the others are removed)

An older samepic took keys with line ends or other control characters, which no address of the service reaches:
--invalid-keys lists them, or removes these pictures.

examples:
  samepic remove --store uploads.db photo/17
  samepic remove --store uploads.db --json photo/17 photo/18"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("keys", metavar="KEY", nargs="*", help="the key of a picture in the store")
    text = "keys with control characters in them: list them, or remove these pictures too"
    parser.add_argument("--invalid-keys", choices=("list", "remove"), help=text)
    add_shared(parser, "--store", "--tenant", "--json lines")


def run(args: argparse.Namespace) -> int:
    from samepic.errors import ProfileError, StoreKeyError
    from samepic.gate.gate import Gate

    if not args.keys and not args.invalid_keys:
        raise ProfileError("KEY: expected one or more, or --invalid-keys, found none")
    status = SAME
    with Gate(args.store, tenant=args.tenant) as gate:
        invalid = gate.invalid_keys() if args.invalid_keys else []
        for key in invalid if args.invalid_keys == "list" else []:
            print_result({"key": key, "removed": False}, printable(key), as_json=args.json)
        for key in [*args.keys, *(invalid if args.invalid_keys == "remove" else [])]:
            try:
                gate.remove(key)
            except StoreKeyError as error:
                print_error(key, str(error), as_json=args.json)
                status = TROUBLE
                continue
            print_result({"key": key, "removed": True}, f"removed: {printable(key)}", as_json=args.json)
    return status
