"""Options that verbs share: pictures, JSON, the store and its policy, screenshots, and exit codes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from samepic.cli.output import printable, styled
from samepic.tuning.screens import SCREEN, Box, Screen
from samepic.verdict import Relation

if TYPE_CHECKING:
    from samepic.gate.gate import Gate
    from samepic.verdict import Decision, Verdict

__all__ = [
    "CANNOT_TELL",
    "NOT_SAME",
    "PIPE",
    "SAME",
    "STATUSES",
    "STOPPED",
    "TROUBLE",
    "UsageError",
    "add_json",
    "add_originals",
    "add_pair",
    "add_policy",
    "add_replicas",
    "add_rules",
    "add_same_if",
    "add_screen",
    "add_store",
    "compared",
    "count",
    "folder_of_originals",
    "named_sources",
    "opened",
    "print_json",
    "sources",
    "status_of",
    "status_of_outcomes",
    "tell",
    "tell_error",
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


STATUSES = (
    "exit status: 0 all accepted, 1 a duplicate among them, 3 one waits for review, 2 trouble, of which a"
)

_COLOURS = {"accepted": "green", "duplicate": "yellow", "review": "yellow", "refused": "red"}


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add --store, --tenant and --json."""
    parser.add_argument(
        "--store",
        metavar="URL",
        required=True,
        help="a file (SQLite) or postgresql://USER@HOST/DATABASE; made where it is not there yet",
    )
    parser.add_argument(
        "--tenant", default="", metavar="NAME", help="a collection of its own within the store"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line, for errors too")


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Add --policy, --profile and --originals."""
    parser.add_argument(
        "--policy",
        metavar="TEXT",
        default="",
        help="what to do for which relation: refuse, review or accept, such as edited=accept,reframed=review",
    )
    parser.add_argument("--profile", metavar="FILE", help="what samepic calibrate --write made")
    add_originals(parser)


def add_originals(parser: argparse.ArgumentParser) -> None:
    """Add --originals."""
    parser.add_argument(
        "--originals",
        metavar="FOLDER",
        help="where the kept pictures lie, each at the path that is its key (with a tenant: FOLDER/TENANT/KEY), so that"
        " they have the last word and not the small pictures of the store",
    )


def add_replicas(parser: argparse.ArgumentParser) -> None:
    """Add --replica."""
    parser.add_argument(
        "--replica",
        metavar="URL",
        action="append",
        default=[],
        help="postgresql://USER@HOST/DATABASE of a standby of the store, for check alone; may be given several times",
    )


def folder_of_originals(args: argparse.Namespace) -> str | None:
    """Return the folder that --originals names, whole, or None. Raises UsageError where there is no such folder."""
    if args.originals is None:
        return None
    if not Path(args.originals).is_dir():
        raise UsageError(f"--originals: wanted a folder, got {args.originals!r}, which is none")
    return str(Path(args.originals).absolute())


def opened(args: argparse.Namespace, workers: int = 1) -> Gate:
    """Return the gate that the options name; to be closed by the caller, and its workers with it."""
    from samepic.gate.gate import Gate
    from samepic.gate.originals import originals_below
    from samepic.gate.policy import GatePolicy

    folder = folder_of_originals(args)
    return Gate(
        args.store,
        tenant=args.tenant,
        policy=GatePolicy.parse(args.policy),
        profile=args.profile,
        originals=originals_below(folder, args.tenant) if folder else None,
        workers=workers,
        replicas=getattr(args, "replica", ()),
    )


def tell(name: str, decision: Decision, *, json: bool) -> None:
    """Print what was decided of one file on one line."""
    if json:
        print_json({"path": name, **decision.to_dict()})
        return
    word = styled(str(decision.outcome), _COLOURS[decision.outcome])
    match = decision.match
    kept = f" [{printable(match.key)}]" if match is not None else ""
    better = f"; {printable(match.better_reason)}" if match is not None and match.better else ""
    print(f"{word}: {printable(name)}{kept}: {printable(decision.reason)}{better}")


def tell_error(name: str, error: str, *, json: bool) -> None:
    """Print what went wrong with one file."""
    if json:
        print_json({"path": name, "error": error})
    else:
        print(f"{styled('trouble', 'red')}: {printable(name)}: {printable(error)}")


def status_of_outcomes(outcomes: Iterable[str]) -> int:
    """Return the exit status that tells of decisions, "trouble" among them: the gravest counts."""
    met = set(outcomes)
    for outcome, status in (
        ("trouble", TROUBLE),
        ("refused", TROUBLE),
        ("duplicate", NOT_SAME),
        ("review", CANNOT_TELL),
    ):
        if outcome in met:
            return status
    return SAME


_OPTIONS = ("ignore", "mask", "threshold", "most_pixels")


def add_screen(parser: argparse.ArgumentParser) -> None:
    """Add --same-if, --profile, --screen, and what says how two screenshots are compared."""
    add_policy(parser)
    parser.add_argument(
        "--screen",
        action="store_true",
        help="A and B are screenshots: compare them pixel on pixel; they are the same up to resaved",
    )
    group = parser.add_argument_group("with --screen")
    group.add_argument(
        "--ignore",
        action="append",
        type=_box,
        metavar="X,Y,W,H",
        help="a box in pixels that is not looked at; may be given again",
    )
    group.add_argument(
        "--mask", metavar="FILE", help="a picture of A's size: what is white in it is not looked at"
    )
    group.add_argument(
        "--threshold",
        type=float,
        metavar="DISTANCE",
        help=f"OKLab distance, 0 to 1, over which a pixel differs (default: {SCREEN.threshold:g})",
    )
    group.add_argument("--most-pixels", type=int, metavar="N", help="how many pixels may differ (default: 0)")


def compared(args: argparse.Namespace) -> Verdict:
    """Compare A and B as pictures or, with --screen, as screenshots. Raises UsageError where options do not fit."""
    a, b = sources(args)
    given = {name: getattr(args, name) for name in _OPTIONS if getattr(args, name) is not None}
    if not args.screen:
        if given:
            option = "--" + next(iter(given)).replace("_", "-")
            raise UsageError(f"{option}: expected together with --screen, found it alone")
        from samepic.api import compare

        return compare(a, b, same_if=args.same_if, profile=args.profile)
    if args.profile is not None:
        raise UsageError("--profile: expected a comparison of pictures, found --screen")
    from samepic.screens.compare import compare_screenshots

    return compare_screenshots(a, b, same_if=args.same_if or Relation.RESAVED, screen=Screen(**given))


def _box(text: str) -> Box:
    parts = text.split(",")
    try:
        left, top, width, height = (int(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"wanted X,Y,W,H in pixels, got {text!r}") from None
    return left, top, width, height
