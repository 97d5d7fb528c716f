"""What the verbs share: exit codes, the arguments that name pictures, JSON, and how a verdict is told."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from samepic.verdict import Relation

if TYPE_CHECKING:
    from samepic.verdict import Verdict

__all__ = [
    "CANNOT_TELL",
    "NOT_SAME",
    "PIPE",
    "SAME",
    "STOPPED",
    "TROUBLE",
    "UsageError",
    "add_json",
    "add_pair",
    "add_policy",
    "add_same_if",
    "count",
    "named_sources",
    "print_json",
    "sources",
    "status_of",
]

SAME, NOT_SAME, TROUBLE, CANNOT_TELL = 0, 1, 2, 3
STOPPED, PIPE = 130, 141  # 128 + SIGINT, 128 + SIGPIPE: what a shell reports for a program that they end


class UsageError(Exception):
    """A command line that makes no sense."""


def add_pair(parser: argparse.ArgumentParser) -> None:
    """Add the two pictures A and B."""
    parser.add_argument("a", metavar="A", help="a picture file, or - for standard input")
    parser.add_argument("b", metavar="B", help="the picture file to hold against it, or -")


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object, for errors too")


def add_same_if(
    parser: argparse.ArgumentParser, *, unless: str = "", default: str = "reframed", last: str = "edited"
) -> None:
    """Add --same-if with the rungs of the ladder that may end "same", up to `last`.

    `unless` tells what may set the default.
    """
    rungs = [str(relation) for relation in Relation]
    ladder = rungs[: rungs.index(last) + 1]
    parser.add_argument(
        "--same-if",
        choices=ladder,
        default=None if unless else default,
        metavar="RELATION",
        help=f"the last relation that counts as the same: {', '.join(ladder)} (default: {unless}{default})",
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add --same-if and --profile."""
    add_same_if(parser, unless="what the profile says, else ")
    parser.add_argument(
        "--profile",
        metavar="FILE",
        help="what samepic calibrate --write made: it rescales probabilities and says where the same ends",
    )


def sources(args: argparse.Namespace) -> tuple[str | BinaryIO, str | BinaryIO]:
    """Return A and B as `samepic.compare` takes them.

    Raises UsageError when both are standard input, or when that is closed.
    """
    if args.a == "-" and args.b == "-":
        raise UsageError("-: wanted one picture from standard input, got it named twice")
    if "-" in (args.a, args.b) and sys.stdin is None:
        raise UsageError("-: wanted a picture from standard input, got none: it is closed")
    a, b = (sys.stdin.buffer if name == "-" else name for name in (args.a, args.b))
    return a, b


def named_sources(files: Sequence[str]) -> list[tuple[str, str | BinaryIO]]:
    """Return each name with what to read: itself, or standard input for "-". Raises UsageError where that cannot be."""
    if files.count("-") > 1:
        raise UsageError("-: wanted one picture from standard input, got it named twice")
    if "-" in files and sys.stdin is None:
        raise UsageError("-: wanted a picture from standard input, got none: it is closed")
    return [(name, sys.stdin.buffer if name == "-" else name) for name in files]


def count(text: str) -> int:
    """Return the number of threads that an option names."""
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"wanted a number from 1 to 256, got {text!r}")
    return int(text)


def status_of(verdict: Verdict) -> int:
    """Return the exit status that tells a verdict."""
    return {True: SAME, False: NOT_SAME, None: CANNOT_TELL}[verdict.same]


def print_json(value: Mapping[str, Any]) -> None:
    """Print one object on one line."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))
