"""Options that several verbs share: pictures, JSON, the store and its policy, screenshots; and exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from samepic.cli.command import CANNOT_TELL, NOT_SAME, SAME, TROUBLE, UsageError, columns
from samepic.cli.output import styled
from samepic.writing import printable

if TYPE_CHECKING:
    from samepic.decision import Decision
    from samepic.gate.gate import Gate
    from samepic.sandbox.pool import Decoder
    from samepic.tuning.screens import Box
    from samepic.verdict import Verdict


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError where its parent would print and exit."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  (those of the parent)
        raw = partial(argparse.RawDescriptionHelpFormatter, width=columns() - 2)
        super().__init__(formatter_class=raw, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


_SHARED: dict[str, dict[str, Any]] = {
    "a": {"metavar": "A", "help": "a picture file, or - for standard input"},
    "b": {"metavar": "B", "help": "the picture file to compare it with, or -"},
    "files": {"metavar": "FILE", "nargs": "+", "help": "a picture file, or - for standard input (once)"},
    "report": {"metavar": "REPORT", "help": "a report of find --json, or -"},
    "--json": {"action": "store_true", "help": "print one JSON object, for errors too"},
    "--json lines": {"action": "store_true", "help": "print one JSON object a line, for errors too"},
    "--hidden": {"action": "store_true", "help": "include names that begin with a dot"},
    "--profile": {"metavar": "FILE", "help": "a profile of samepic calibrate --write"},
    "--store": {
        "metavar": "URL",
        "required": True,
        "help": "a file (SQLite) or postgresql://USER@HOST/DATABASE, created if it does not exist; with the URLs of"
        " shards after it, all in quotes",
    },
    "--tenant": {"default": "", "metavar": "NAME", "help": "a separate collection within the store"},
    "--policy": {
        "metavar": "TEXT",
        "default": "",
        "help": "refuse, review or accept for each relation, such as edited=accept,reframed=review",
    },
    "--originals": {
        "metavar": "FOLDER",
        "help": "the folder of the kept pictures, each at FOLDER/KEY (with a tenant: FOLDER/TENANT/KEY): they are"
        " compared instead of the small pictures in the store",
    },
    "--replica": {
        "metavar": "URL",
        "action": "append",
        "default": [],
        "help": "postgresql://USER@HOST/DATABASE of a standby of the store, used by check; may be repeated",
    },
    "--no-browser": {"action": "store_true", "help": "only print the address of the review"},
}
"""The arguments of several verbs; a word behind a name distinguishes two of one name."""


def add_shared(parser: argparse._ActionsContainer, *names: str, **changes: object) -> None:
    """Add shared arguments by their names, with `changes`."""
    for name in names:
        parser.add_argument(name.partition(" ")[0], **shared(name, **changes))


def shared(name: str, **changes: object) -> dict[str, Any]:
    """Return what `add_argument` takes for a shared argument, with `changes`."""
    return {**_SHARED[name], **changes}


def add_jobs(parser: argparse._ActionsContainer, what: str = "threads") -> None:
    parser.add_argument("--jobs", metavar="N", type=THREADS, help=f"{what} (default: one per processor)")


def add_same_if(
    parser: argparse.ArgumentParser, *, unless: str = "", default: str = "reframed", last: str = "edited"
) -> None:
    """Add --same-if with the relations up to `last`; `unless` says what may set the default."""
    from samepic.verdict import Relation

    rungs = [str(relation) for relation in Relation]
    ladder = rungs[: rungs.index(last) + 1]
    parser.add_argument(
        "--same-if",
        choices=ladder,
        default=None if unless else default,
        metavar="RELATION",
        help=f"the loosest relation still treated as the same: {', '.join(ladder)} (default: {unless}{default})",
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    add_same_if(parser, unless="that of the profile, else ")
    text = "a profile of samepic calibrate --write: it rescales probabilities and sets the cutoff"
    add_shared(parser, "--profile", help=text)


def named_sources(files: Sequence[str]) -> list[tuple[str, str | BinaryIO]]:
    """Return each name with its source: itself, or standard input for "-", once at most. Raises UsageError."""
    if files.count("-") > 1:
        raise UsageError("-: standard input can be read only once")
    return [(name, standard_input() if name == "-" else name) for name in files]


def standard_input() -> BinaryIO:
    """Return standard input; raise UsageError where the caller closed it."""
    if sys.stdin is None:
        raise UsageError("-: standard input is closed")
    return sys.stdin.buffer


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return the parser of a number from `low` to `high`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"expected a number from {low} to {high}, found {text!r}")
        return int(text)

    return parse


THREADS = whole_number(1, 256)


def status_of(verdict: Verdict) -> int:
    return {True: SAME, False: NOT_SAME, None: CANNOT_TELL}[verdict.same]


def print_json(value: Mapping[str, Any]) -> None:
    import json

    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


def print_result(value: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print a result: the object on one line, or the text for people."""
    print_json(value) if as_json else print(text)


STATUSES = (
    "exit status: 0 all accepted, 1 a duplicate among them, 3 one waits for review, 2 trouble, such as a"
)

_COLORS = {"accepted": "green", "duplicate": "yellow", "review": "yellow", "refused": "red"}


def folder_of_originals(args: argparse.Namespace) -> str | None:
    """Return the absolute folder of --originals, or None. Raises UsageError where there is no such folder."""
    if args.originals is None:
        return None
    from pathlib import Path

    if not Path(args.originals).is_dir():
        raise UsageError(f"--originals: no such folder: {args.originals!r}")
    return str(Path(args.originals).absolute())


def open_gate(args: argparse.Namespace, workers: Decoder | int = 1) -> Gate:
    """Return the gate for the options; the caller closes it."""
    from samepic.gate.gate import Gate

    given = {name: getattr(args, name) for name in ("tenant", "policy", "profile")}
    originals, replicas = folder_of_originals(args), getattr(args, "replica", ())
    return Gate(args.store, **given, originals=originals, workers=workers, replicas=replicas)


def print_decision(name: str, decision: Decision, *, as_json: bool, note: str = "", **more: object) -> None:
    """Print a decision on a file, for people with a note, in JSON with what `more` holds."""
    word = styled(str(decision.outcome), _COLORS[decision.outcome])
    match = decision.match
    key = f" [{printable(match.key)}]" if match is not None else ""
    better = f"; {printable(match.better_reason)}" if match is not None and match.better else ""
    line = f"{word}: {printable(name)}{key}: {printable(decision.detail)}{better}"
    print_result({"path": name, **decision.to_dict(), **more}, line + note, as_json=as_json)


def print_error(name: str, error: str, *, as_json: bool) -> None:
    line = f"{styled('trouble', 'red')}: {printable(name)}: {printable(error)}"
    print_result({"path": name, "error": error}, line, as_json=as_json)


def status_of_outcomes(outcomes: Iterable[str]) -> int:
    """Return the exit status of several decisions, which may include "trouble": that of the worst one."""
    seen = set(outcomes)
    worst = {"trouble": TROUBLE, "refused": TROUBLE, "duplicate": NOT_SAME, "review": CANNOT_TELL}
    return next((status for outcome, status in worst.items() if outcome in seen), SAME)


_OPTIONS = ("ignore", "mask", "threshold", "most_pixels")


def add_screen(parser: argparse.ArgumentParser) -> None:
    """Add --same-if, --profile, --screen and the options of screenshots."""
    from samepic.tuning.screens import SCREEN

    add_policy(parser)
    text = "A and B are screenshots: compare them pixel by pixel; they are the same up to resaved"
    parser.add_argument("--screen", action="store_true", help=text)
    group = parser.add_argument_group("with --screen")
    text = "a box in pixels to ignore; may be repeated"
    group.add_argument("--ignore", action="append", type=_box, metavar="X,Y,W,H", help=text)
    group.add_argument("--mask", metavar="FILE", help="a picture of A's size; what is white in it is ignored")
    text = f"OKLab distance, 0 to 1, over which a pixel differs (default: {SCREEN.threshold:g})"
    group.add_argument("--threshold", type=float, metavar="DISTANCE", help=text)
    group.add_argument("--most-pixels", type=int, metavar="N", help="how many pixels may differ (default: 0)")


def screen_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return those of the options of screenshots that were given."""
    return {name: getattr(args, name) for name in _OPTIONS if getattr(args, name) is not None}


def compare_pair(args: argparse.Namespace) -> Verdict:
    """Compare A and B as pictures or, with --screen, as screenshots. Raises UsageError for conflicting options."""
    (_, a), (_, b) = named_sources([args.a, args.b])
    given = screen_options(args)
    if not args.screen:
        if given:
            option = "--" + next(iter(given)).replace("_", "-")
            raise UsageError(f"{option}: expected together with --screen, found it alone")
        from samepic.api import compare

        shown = args.json or not getattr(args, "quiet", False)
        return compare(a, b, same_if=args.same_if, profile=args.profile, visibility=shown)
    if args.profile is not None:
        raise UsageError("--profile: expected a comparison of pictures, found --screen")
    from samepic.screens.compare import compare_screenshots
    from samepic.tuning.screens import Screen
    from samepic.verdict import Relation

    return compare_screenshots(a, b, same_if=args.same_if or Relation.RESAVED, screen=Screen(**given))


def _box(text: str) -> Box:
    try:
        left, top, width, height = map(int, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected X,Y,W,H in pixels, found {text!r}") from None
    return left, top, width, height
