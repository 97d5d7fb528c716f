"""samepic calibrate PAIRS.csv: what the verdicts are worth on pairs that you labeled, and a profile made of them."""

from __future__ import annotations

import argparse
import datetime
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from samepic import __version__
from samepic.calibration.statistics import clopper_pearson, outward
from samepic.cli.options import SAME, UsageError, add_json, count, print_json
from samepic.cli.output import Meter, percent, printable, rows, styled, table, width
from samepic.limits import CALIBRATION

if TYPE_CHECKING:
    from samepic.calibration.result import Result
    from samepic.calibration.statistics import LabeledPairs, ReliabilityBin, RuleOutcome

__all__ = ["register", "run", "told"]

_EPILOG = """\
PAIRS.csv has a header with the columns a, b and same: two paths, counted from the folder of PAIRS.csv, and 1, yes,
true or same, or 0, no, false or different. Other columns are ignored.

exit status: 0 measured, 2 trouble: a row that makes no sense, not one pair that can be read, a profile that cannot
be written

examples:
  samepic calibrate pairs.csv
  samepic calibrate pairs.csv --write mine.json
  samepic find --profile mine.json photos"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "calibrate",
        help="how far are the answers to be trusted on pairs that you labelled?",
        description="Compare the pairs of PAIRS.csv, show how well verdicts and labels agree and what each place for"
        " the end of same would have let through or refused, and write a profile that --profile takes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("pairs", metavar="PAIRS.csv", help="the labelled pairs, or - for standard input")
    parser.add_argument("--write", metavar="PROFILE.json", help="write a profile, which --profile takes")
    parser.add_argument("--force", action="store_true", help="overwrite PROFILE.json where it exists")
    parser.add_argument(
        "--all", action="store_true", help="list all disagreements and unreadable pairs, not only the first"
    )
    parser.add_argument("--jobs", metavar="N", type=count, help="threads (default: one for each processor)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare all pairs, print, write the profile, and return the exit status."""
    from samepic.calibration.result import judge_pairs, result_of

    place = _checked(args)
    pairs = _pairs(args.pairs)
    with Meter() as meter:
        judged, unread = judge_pairs(pairs.pairs, args.jobs, meter.show if meter.wanted else None)
    result = result_of(pairs, judged, unread)
    if not args.json:
        for line in told(result, everything=args.all):
            print(line)
    if place is not None:
        _write(result, place, args)
    if args.json:
        print_json({**result.to_dict(), "profile": args.write})
    elif place is not None:
        print(f"wrote {place}")
    return SAME


def _checked(args: argparse.Namespace) -> Path | None:
    """Refuse a bad place for the profile before any work is done."""
    if args.write is None:
        return None
    place = Path(args.write)
    if place.is_dir() or not place.parent.is_dir():
        raise UsageError(f"{place}: wanted a file in a folder that exists, got a folder or none")
    if place.exists() and not args.force:
        raise UsageError(f"{place}: wanted a new file, got one that exists (--force overwrites it)")
    return place


def _pairs(name: str) -> LabeledPairs:
    from samepic.calibration.statistics import read_pairs

    if name == "-":
        if sys.stdin is None:
            raise UsageError("-: wanted pairs from standard input, got none: it is closed")
        return read_pairs(sys.stdin.buffer.read(), "-", "")
    path = Path(name)
    return read_pairs(path.read_bytes(), name, "" if path.parent == Path() else str(path.parent))


def _write(result: Result, place: Path, args: argparse.Namespace) -> None:
    command = ["samepic", "calibrate", args.pairs, "--write", args.write]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    result.profile(today, __version__, shlex.join(command)).write(place)


_CURVE = 31

_LEGEND = "( ) the 95 % interval of the share labelled same, o the share, : where the stated probability is"


def told(result: Result, *, everything: bool) -> Iterator[str]:
    """Yield the report line by line; without `everything`, only the first disagreements and unreadable pairs."""
    most = len(result.judged) + len(result.unread) if everything else CALIBRATION.told
    yield from _counts(result, most)
    yield ""
    yield from _trust(result)
    yield ""
    yield from _outcomes(result)
    yield ""
    yield from _choice(result)
    yield ""
    yield from _disagreements(result, most)


def _counts(result: Result, most: int) -> Iterator[str]:
    pairs, compared = result.pairs, len(result.judged)
    parts = [f"{compared} pairs compared: {result.same} labelled same, {compared - result.same} different"]
    if pairs.repeated:
        parts.append(f"{pairs.repeated} repeated in other rows, counted once")
    if result.unread:
        parts.append(f"{len(result.unread)} left out, since one of the two cannot be read")
    yield f"{styled(printable(pairs.name), 'bold')}: {'; '.join(parts)}"
    for one in result.unread[:most]:
        text = printable(f"line {one.pair.line}: {one.error}")
        yield f"  {styled('unreadable', 'yellow')}  {text}"
    if len(result.unread) > most:
        yield f"  and {len(result.unread) - most} more (--all lists them)"


def _trust(result: Result) -> Iterator[str]:
    yield styled("Can the stated probability be trusted?", "bold")
    head = ("stated", "pairs", "same", "share", "95 %", f"|0 %{'50 %':^{_CURVE - 9}}100 %|")
    whole = table(head, [_bin(one) for one in result.stated.bins], right=(1, 2, 3))
    fits = max(map(len, whole.splitlines())) <= width()
    yield whole if fits else table(head[:-1], [_bin(one)[:-1] for one in result.stated.bins], right=(1, 2, 3))
    if fits:
        yield _LEGEND
    yield (
        f"Brier score {result.stated.brier:.4f}, expected calibration error {result.stated.error:.4f} (0 is perfect)"
    )
    if (result.slope, result.intercept) == (1, 0):
        yield "rescaling would bring them no nearer to the labels: left as they are"
        return
    yield (
        f"after rescaling (slope {result.slope:.3g}, intercept {result.intercept:.3g}):"
        f" {result.rescaled.brier:.4f}, {result.rescaled.error:.4f}, on the pairs it was fitted to"
    )


def _bin(one: ReliabilityBin) -> tuple[str, ...]:
    name = f"{one.low * 100:.0f} to {one.high * 100:.0f} %"
    if one.share is None:
        return name, "0", "", "", "", f"|{' ' * _CURVE}|"
    return name, str(one.pairs), str(one.same), percent(one.share), _interval(one.interval), _curve(one)


def _curve(one: ReliabilityBin) -> str:
    """Draw a bin on a line from 0 to 100 %."""
    assert one.share is not None
    assert one.mean is not None
    low, high = (_column(bound) for bound in one.interval)
    line = [" "] * low + ["-"] * (high - low + 1) + [" "] * (_CURVE - high - 1)
    line[low], line[high] = "(", ")"
    line[_column(one.mean)] = ":"
    line[_column(one.share)] = "o"
    return f"|{''.join(line)}|"


def _column(share: float) -> int:
    return round(share * (_CURVE - 1))


def _outcomes(result: Result) -> Iterator[str]:
    yield styled("What would each place for the end of same do?", "bold")
    made = next(iter(result.rungs.values()))
    tail = (f"wrong of {made.different}", "95 %", f"refused of {made.same}", "95 %")
    flush = (1, 3)
    yield table(("same_if", *tail), [(rung, *_outcome(out)) for rung, out in result.rungs.items()], flush)
    yield ""
    asked = [(f"at least {cutoff:g}", *_outcome(out)) for cutoff, out in result.cutoffs.items()]
    yield table(("probability", *tail), asked, flush)
    yield "wrong: labelled different, but let through as the same; refused: labelled same, but not let through"
    if made.different:
        most = outward(clopper_pearson(0, made.different)[1], up=True)
        yield f"0 wrong of {made.different} does not mean never: at most {most} % of such pairs, with 95 % confidence"


def _outcome(made: RuleOutcome) -> tuple[str, ...]:
    wrong = _interval(made.wrong_interval) if made.different else "-"
    refused = _interval(made.refused_interval) if made.same else "-"
    return str(made.wrong), wrong, str(made.refused), refused


def _interval(bounds: tuple[float, float]) -> str:
    return f"{outward(bounds[0], up=False)} to {outward(bounds[1], up=True)} %"


def _choice(result: Result) -> Iterator[str]:
    yield styled("Where should same end?", "bold")
    if result.choice is None:
        yield f"Not to be told: {result.why_no_choice()}."
        return
    profile, stated = result.choice.profile, result.choice.stated
    least = f"{profile.probability:.4g}, which is {stated:g} as stated" if stated else "none is asked for"
    yield rows([("same_if", str(profile.same_if)), ("least probability", least)])
    yield from result.choice.reason


def _disagreements(result: Result, most: int) -> Iterator[str]:
    found = result.disagreements
    if not found:
        yield f"{styled('No disagreements', 'bold')}: every label is the answer of samepic compare."
        return
    title = f"Where label and verdict disagree ({len(found)} of {len(result.judged)}), worst first"
    yield styled(title, "bold")
    words = {True: "same", False: "not the same", None: "cannot tell"}
    for one in found[:most]:
        label = "same" if one.pair.same else "different"
        yield printable(f"line {one.pair.line}: {one.pair.a} and {one.pair.b}")
        said = f"{words[one.same()]} ({one.relation}, {percent(one.probability)}): {one.explanation}"
        yield rows([("labelled", label), ("verdict", said)], "    ")
    if len(found) > most:
        yield f"and {len(found) - most} more (--all lists them)"
