"""samepic clean REPORT: keep one file of each group, trash, move or link the others, and undo it."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from samepic.cli import options
from samepic.cli.command import NOT_SAME, SAME, UsageError
from samepic.cli.output import styled
from samepic.errors import ReportError
from samepic.verdict import Relation
from samepic.writing import bytes_text, plural, printable

if TYPE_CHECKING:
    from samepic.cleanup.apply import Applied
    from samepic.cleanup.plan import CleanupAction, Plan, Skipped, Step
    from samepic.duplicates.groups import ScanReport

DESCRIPTION = (
    "Keep one file of each group in REPORT and list, trash, move or link the others. "
    "Nothing is deleted, and nothing is done without --yes."
)

EPILOG = """\
exit status: 0 done (or would be), 1 some files are skipped, 2 trouble

examples:
  samepic find --json photos > found.jsonl
  samepic clean found.jsonl --trash            show what would be done
  samepic clean found.jsonl --trash --yes      do it
  samepic clean found.jsonl --prefer ~/Photos  keep those in Photos, whatever is elsewhere
  samepic clean found.jsonl --same-if adjusted include brighter, darker or sharper copies
  samepic clean --undo                         restore everything"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_shared(parser, "report", nargs="?")
    parser.add_argument(
        "--keep",
        choices=("best", "largest", "smallest", "newest", "oldest", "path"),
        help="the file of each group to keep: the best according to find (default), the one with the most or fewest"
        " pixels, the newest or oldest (by EXIF date taken, else time of change), the first by path",
    )
    for name, text in (
        ("--prefer", "keep a file below DIR where a group has one; may be repeated: earlier ones come first"),
        ("--keep-in", "never act on files below DIR; may be repeated"),
    ):
        parser.add_argument(name, metavar="DIR", action="append", default=[], help=text)
    text = "keep a file in whose path this regular expression is found, where a group has one"
    parser.add_argument("--prefer-match", metavar="REGEX", default="", help=text)
    action = parser.add_mutually_exclusive_group()
    for name, text in (
        ("list", "list the files (default)"),
        ("trash", "move them to the trash"),
        ("hardlink", "replace identical files by hard links to the kept file"),
        ("reflink", "let identical files share its blocks (btrfs, XFS)"),
    ):
        action.add_argument(f"--{name}", dest="action", action="store_const", const=name, help=text)
    action.add_argument("--move-to", metavar="DIR", help="move them below DIR, which keeps their folders")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--dry-run", action="store_true", help="only show what would be done (default)")
    mode.add_argument("--yes", action="store_true", help="do it")
    options.add_same_if(parser, default="resaved", last="reframed")
    parser.add_argument("--journal", metavar="FILE", help="the new file for --undo (default: see --undo)")
    parser.add_argument(
        "--undo",
        metavar="JOURNAL",
        nargs="?",
        const="",
        help=f"undo the newest run, or that of JOURNAL (in {journal_folder()})".replace("%", "%%"),
    )
    options.add_shared(parser, "--json")


def journal_folder() -> Path:
    """Return the folder of journals, by the XDG base directory specification."""
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/samepic/journals").expanduser()
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path("~/.local/state").expanduser()
    return base / "samepic" / "journals"


def run(args: argparse.Namespace) -> int:
    if args.undo is not None:
        return _undo(args)
    if args.report is None:
        raise UsageError("clean: expected a REPORT or --undo, found neither")
    if (args.yes and not (args.action or args.move_to)) or (args.yes and args.action == "list"):
        raise UsageError("--yes: expected --trash, --move-to, --hardlink or --reflink, found no action")
    from samepic.cleanup.plan import CleanupAction, Keep, plan

    action = CleanupAction.MOVE if args.move_to else CleanupAction(args.action or "list")
    planned = plan(
        read_report(args.report),
        keep=Keep.of(args.keep or "best", args.prefer, args.prefer_match),
        keep_in=args.keep_in,
        action=action,
        move_to=args.move_to or "",
        same_if=Relation.named(args.same_if),
    )
    return _apply(planned, args) if args.yes else _print_plan(planned, args)


def read_report(name: str) -> ScanReport:
    """Return the report in a file or on standard input. Raises ReportError, OSError, UsageError."""
    from samepic.cleanup.plan import files_of
    from samepic.duplicates.groups import read_scan

    if name == "-":
        scan = read_scan(options.standard_input(), "<stdin>")
    else:
        with Path(name).open("rb") as file:
            scan = read_scan(file, name)
    files = [Path(file.path) for group in scan.groups for file in files_of(group)]
    if files and not any(path.is_absolute() or path.exists() for path in files):
        found = f"none below {Path.cwd()}: run this in the folder where samepic find ran"
        raise ReportError(f"{name}: expected the files of its groups, found {found}")
    return scan


def _print_plan(planned: Plan, args: argparse.Namespace) -> int:
    kept = ""
    for step in planned.steps:
        if step.kept.file.path != kept and not args.json:
            kept = step.kept.file.path
            print(f"keep {printable(kept)}")
        value = {**step.to_dict(), "would": str(planned.action)}
        options.print_result(value, f"  {_step_line(step, planned.action)}", as_json=args.json)
    for file in planned.skipped:
        _print_skipped(file, args.json)
    files = _count_files(planned.steps)
    if not args.json and planned.action == "list":
        print(f"{files}: choose an action, and --yes to do it")
    elif not args.json:
        print(f"{files} would be {planned.action.done}: --yes does it")
    return NOT_SAME if planned.skipped else SAME


def _step_line(step: Step, action: CleanupAction) -> str:
    label = "also" if action == "list" else str(action)
    file = step.target.file
    # A report may come from anyone, and its paths may lead elsewhere than they seem to.
    where = f", which is {step.target.place}" if file.real_path else ""
    name = printable(file.path + where + step.belongings)
    return f"{label} {name}  ({step.relation}, {bytes_text(file.size)})"


def _count_files(steps: Iterable[Step]) -> str:
    listed = list(steps)
    groups = len({step.group for step in listed})
    size = bytes_text(sum(step.target.file.size for step in listed))
    return f"{plural(len(listed), 'file')} of {plural(groups, 'group')}, {size}"


def _apply(planned: Plan, args: argparse.Namespace) -> int:
    from samepic.cleanup.apply import Applied, apply

    journal = Path(args.journal) if args.journal else journal_folder() / journal_name()
    done: list[Applied] = []
    skipped = list(planned.skipped)
    for file in skipped:
        _print_skipped(file, args.json)
    for number, result in enumerate(apply(planned, journal), 1):
        if not isinstance(result, Applied):
            skipped.append(result)
            _print_skipped(result, args.json)
            continue
        done.append(result)
        line = f"{_step_line(result.step, planned.action)} -> {printable(result.to)}"
        options.print_result(result.to_dict(), f"[{number}/{len(planned.steps)}] {line}", as_json=args.json)
        sys.stdout.flush()
    files = _count_files(applied.step for applied in done)
    text = f"{files} {planned.action.done}; {plural(len(skipped), 'file')} skipped"
    if done:
        text += f"\nundo with: samepic clean --undo {printable(str(journal))}"
    value = {"done": len(done), "left": len(skipped), "journal": str(journal) if done else None}
    options.print_result(value, text, as_json=args.json)
    return NOT_SAME if skipped else SAME


def _print_skipped(skipped: Skipped, as_json: bool) -> None:
    options.print_result(skipped.to_dict(), _skipped_line(skipped.path, skipped.reason), as_json=as_json)


def _skipped_line(path: str, reason: str) -> str:
    return f"{styled('skipped', 'yellow')} {printable(path)}: {printable(reason)}"


def journal_name() -> str:
    """Return the name of a new journal; later ones come later by name."""
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.jsonl"


def _undo(args: argparse.Namespace) -> int:
    from samepic.cleanup.undo import undo

    chosen = args.keep or args.prefer or args.prefer_match or args.keep_in
    if args.report is not None or args.yes or args.action or args.move_to or chosen:
        raise UsageError("--undo: expected only a JOURNAL, found options of a new run")
    journals = [Path(args.undo)] if args.undo else sorted(journal_folder().glob("*.jsonl"))
    if not journals:
        raise UsageError(f"--undo: no journal in {journal_folder()}: nothing to undo")
    journal = journals[-1]
    restored = skipped = 0
    for result in undo(journal):
        skipped, restored = skipped + bool(result.skipped), restored + (not result.skipped)
        line = f"restored {printable(result.path)}"
        if result.skipped:
            line = _skipped_line(result.path, result.skipped)
        options.print_result(result.to_dict(), line, as_json=args.json)
    text = f"{plural(restored, 'file')} restored, {skipped} skipped, from {printable(str(journal))}"
    options.print_result(
        {"done": restored, "left": skipped, "journal": str(journal)}, text, as_json=args.json
    )
    return NOT_SAME if skipped else SAME
