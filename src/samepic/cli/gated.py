"""What check, admit and remove share: the store, its policy, and how a decision is told."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from samepic.cli.common import CANNOT_TELL, NOT_SAME, SAME, TROUBLE, UsageError, print_json
from samepic.cli.terminal import printable, styled

if TYPE_CHECKING:
    from samepic.gate.gate import Gate
    from samepic.verdict import Decision

__all__ = [
    "STATUSES",
    "add_originals",
    "add_replicas",
    "add_rules",
    "add_store",
    "folder_of_originals",
    "opened",
    "status_of_outcomes",
    "tell",
    "tell_error",
]

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
    from samepic.gate.folder import originals_below
    from samepic.gate.gate import Gate
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
