"""samepic clean REPORT: keep one of each group, do something with the others, and bring it all back."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from samepic.cli.options import NOT_SAME, SAME, UsageError, add_json, add_same_if, print_json
from samepic.cli.output import bytes_text, printable, styled
from samepic.verdict import Relation

if TYPE_CHECKING:
    from samepic.cleanup.apply import Applied
    from samepic.cleanup.plan import CleanupAction, Plan, Skipped, Step
    from samepic.duplicates.groups import ScanReport

__all__ = ["journal_folder", "journal_name", "read_report", "register", "run"]

_EPILOG = """\
exit status: 0 done (or would be), 1 some files are left alone, 2 trouble

examples:
  samepic find --json photos > found.jsonl
  samepic clean found.jsonl --trash            what would be done
  samepic clean found.jsonl --trash --yes      does it
  samepic clean found.jsonl --same-if adjusted brighter, darker or sharper copies go too
  samepic clean --undo                         brings everything back"""

_DID = {
    "trash": "moved to the trash",
    "move-to": "moved",
    "hardlink": "made hard links",
    "reflink": "made to share their blocks",
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "clean",
        help="keep one of each group that find found",
        description="Keep one file of each group in REPORT and list, trash, move or link the others. "
        "Nothing is deleted; nothing at all is done without --yes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("report", metavar="REPORT", nargs="?", help="what find --json printed, or -")
    _add_choice(parser)
    _add_actions(parser)
    add_same_if(parser, default="resaved", last="reframed")
    parser.add_argument(
        "--journal", metavar="FILE", help="the new file that --undo reads (default: see --undo)"
    )
    parser.add_argument(
        "--undo",
        metavar="JOURNAL",
        nargs="?",
        const="",
        help=f"bring back what the newest run did, or that of JOURNAL (in {journal_folder()})".replace(
            "%", "%%"
        ),
    )
    add_json(parser)
    parser.set_defaults(run=run)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep",
        choices=("best", "oldest", "newest"),
        help="the file of each group to keep: the one that find calls best (default), the oldest, the newest",
    )
    parser.add_argument(
        "--keep-in",
        metavar="DIR",
        action="append",
        default=[],
        help="never act on files below DIR; may be repeated",
    )


def _add_actions(parser: argparse.ArgumentParser) -> None:
    action = parser.add_mutually_exclusive_group()
    for name, text in (
        ("list", "name the files (default)"),
        ("trash", "move them to the trash"),
        ("hardlink", "make those with equal bytes hard links to the kept file"),
        ("reflink", "let those with equal bytes share its blocks (btrfs, XFS)"),
    ):
        action.add_argument(f"--{name}", dest="action", action="store_const", const=name, help=text)
    action.add_argument("--move-to", metavar="DIR", help="move them below DIR, which keeps their folders")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="only tell what would be done (default)")
    how.add_argument("--yes", action="store_true", help="do it")


def journal_folder() -> Path:
    """Return the folder that journals are kept in, by the XDG base directory specification."""
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/samepic/journals").expanduser()
    state = os.environ.get("XDG_STATE_HOME", "")
    return (
        (Path(state) if state.startswith("/") else Path("~/.local/state").expanduser())
        / "samepic"
        / "journals"
    )


def run(args: argparse.Namespace) -> int:
    """Plan, tell, act where --yes says so, or undo; return the exit status."""
    if args.undo is not None:
        return _undo(args)
    if args.report is None:
        raise UsageError("clean: wanted a REPORT or --undo, got neither")
    if (args.yes and not (args.action or args.move_to)) or (args.yes and args.action == "list"):
        raise UsageError("--yes: wanted --trash, --move-to, --hardlink or --reflink with it, got no action")
    from samepic.cleanup.plan import CleanupAction, KeepRule, plan

    action = CleanupAction.MOVE if args.move_to else CleanupAction(args.action or "list")
    decided = plan(
        read_report(args.report),
        keep=KeepRule(args.keep or "best"),
        keep_in=args.keep_in,
        action=action,
        move_to=args.move_to or "",
        same_if=Relation.named(args.same_if),
    )
    return _act(decided, args) if args.yes else _tell(decided, args)


def read_report(name: str) -> ScanReport:
    """Return what find said, from a file or standard input. Raises ReportError, OSError, UsageError."""
    from samepic.duplicates.groups import read_scan

    if name == "-":
        if sys.stdin is None:
            raise UsageError("-: wanted a report from standard input, got none: it is closed")
        return read_scan(sys.stdin.buffer, "<stdin>")
    with Path(name).open("rb") as file:
        return read_scan(file, name, made_ns=os.fstat(file.fileno()).st_mtime_ns)


def _tell(decided: Plan, args: argparse.Namespace) -> int:
    """Print what would be done."""
    if args.json:
        for step in decided.steps:
            print_json({**step.to_dict(), "would": str(decided.action)})
        for left in decided.left:
            print_json(left.to_dict())
    else:
        _tell_groups(decided)
        print(_would(decided))
    return NOT_SAME if decided.left else SAME


def _tell_groups(decided: Plan) -> None:
    kept = ""
    for step in decided.steps:
        if step.kept.file.path != kept:
            kept = step.kept.file.path
            print(f"keep {_name(kept)}")
        print(f"  {_step(step, decided.action)}")
    for left in decided.left:
        print(_left(left.path, left.reason))


def _step(step: Step, action: CleanupAction) -> str:
    word = "also" if action == "list" else str(action)
    return f"{word} {_name(step.target.file.path)}  ({step.relation}, {bytes_text(step.target.file.size)})"


def _left(path: str, reason: str) -> str:
    return f"{styled('left alone', 'yellow')} {_name(path)}: {printable(reason)}"


def _name(path: str) -> str:
    return printable(path)


def _counted(steps: Iterable[Step]) -> str:
    listed = list(steps)
    groups = len({step.group for step in listed})
    size = bytes_text(sum(step.target.file.size for step in listed))
    return f"{_files(len(listed))} of {groups} group{'' if groups == 1 else 's'}, {size}"


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _would(decided: Plan) -> str:
    told = _counted(decided.steps)
    if decided.action == "list":
        return f"{told}: nothing is done without an action and --yes"
    return f"{told} would be {_DID[decided.action]}: --yes does it"


def _act(decided: Plan, args: argparse.Namespace) -> int:
    """Do it, print each file as it is done, and say how it comes back."""
    from samepic.cleanup.apply import Applied, apply

    journal = Path(args.journal) if args.journal else journal_folder() / journal_name()
    done: list[Applied] = []
    left = list(decided.left)
    for one in left:
        _print_left(one, args.json)
    for number, told in enumerate(apply(decided, journal), 1):
        if not isinstance(told, Applied):
            left.append(told)
            _print_left(told, args.json)
            continue
        done.append(told)
        if args.json:
            print_json(told.to_dict())
        else:
            print(f"[{number}/{len(decided.steps)}] {_step(told.step, decided.action)} -> {_name(told.to)}")
        sys.stdout.flush()
    if args.json:
        print_json({"done": len(done), "left": len(left), "journal": str(journal) if done else None})
    else:
        print(f"{_counted(one.step for one in done)} {_DID[decided.action]}; {_files(len(left))} left alone")
        if done:
            print(f"samepic clean --undo {_name(str(journal))} brings everything back")
    return NOT_SAME if left else SAME


def _print_left(left: Skipped, as_json: bool) -> None:
    if as_json:
        print_json(left.to_dict())
    else:
        print(_left(left.path, left.reason))


def journal_name() -> str:
    """Return the name of a new journal; later ones come later by name."""
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.jsonl"


def _undo(args: argparse.Namespace) -> int:
    """Bring back what one journal says, and print it."""
    from samepic.cleanup.undo import undo

    if args.report is not None or args.yes or args.action or args.move_to or args.keep or args.keep_in:
        raise UsageError("--undo: wanted at most a JOURNAL with it, got options of a new run")
    journal = Path(args.undo) if args.undo else _newest()
    back = left = 0
    for told in undo(journal):
        left, back = left + bool(told.left), back + (not told.left)
        if args.json:
            print_json(told.to_dict())
        elif told.left:
            print(_left(told.path, told.left))
        else:
            print(f"back {_name(told.path)}")
    if args.json:
        print_json({"done": back, "left": left, "journal": str(journal)})
    else:
        print(f"{_files(back)} brought back, {left} left alone, by {_name(str(journal))}")
    return NOT_SAME if left else SAME


def _newest() -> Path:
    folder = journal_folder()
    journals = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    if not journals:
        raise UsageError(f"--undo: wanted a journal in {folder}, got none: nothing was done yet")
    return journals[-1]
