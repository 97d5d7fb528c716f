"""samepic calibrate PAIRS.csv: how well verdicts fit labeled pairs, and a profile made from them."""

from __future__ import annotations

import argparse
import datetime
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from samepic import __version__
from samepic.calibration.statistics import clopper_pearson, format_bound, read_pairs
from samepic.cli.command import SAME, UsageError
from samepic.cli.options import add_jobs, add_shared, print_json, standard_input
from samepic.cli.output import Meter, fitted_table, rows, styled, table
from samepic.writing import percent, printable

if TYPE_CHECKING:
    from samepic.calibration.result import Result
    from samepic.calibration.statistics import LabeledPairs, ReliabilityBin, RuleOutcome

DESCRIPTION = (
    "Compare the pairs of PAIRS.csv, show how well verdicts and labels agree and what each cutoff"
    " would have accepted or refused, and write a profile for --profile."
)

EPILOG = """\
PAIRS.csv has a header with the columns a, b and same: two paths, relative to the folder of PAIRS.csv, and 1, yes,
true or same, or 0, no, false or different. Other columns are ignored.

exit status: 0 measured, 2 trouble: a bad row, no pair that can be read, a profile that cannot be written

examples:
  samepic calibrate pairs.csv
  samepic calibrate pairs.csv --write mine.json
  samepic find --profile mine.json photos"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pairs", metavar="PAIRS.csv", help="the labeled pairs, or - for standard input")
    parser.add_argument("--write", metavar="PROFILE.json", help="write a profile for --profile")
    parser.add_argument("--force", action="store_true", help="overwrite PROFILE.json if it exists")
    text = "list all disagreements and unreadable pairs, not only the first"
    parser.add_argument("--all", action="store_true", help=text)
    add_jobs(parser)
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    from samepic.calibration.result import judge_pairs, result_of

    target = None if args.write is None else Path(args.write)
    if target is not None and (target.is_dir() or not target.parent.is_dir()):
        found = "a folder, or no such folder"
        raise UsageError(f"{target}: expected a file in an existing folder, found {found}")
    if target is not None and target.exists() and not args.force:
        raise UsageError(f"{target}: the file exists (--force overwrites it)")
    pairs = _read_pairs(args.pairs)
    with Meter() as meter:
        judged, unreadable = judge_pairs(pairs.pairs, args.jobs, meter.progress)
    result = result_of(pairs, judged, unreadable)
    if not args.json:
        limit = len(judged) + len(unreadable) if args.all else _LISTED
        parts = (_reliability(result), _outcomes(result), _choice(result), _disagreements(result, limit))
        print("\n\n".join("\n".join(part) for part in (_counts(result, limit), *parts)))
    if target is not None:
        command = ["samepic", "calibrate", args.pairs, "--write", args.write]
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        result.profile(today, __version__, shlex.join(command)).write(target)
    if args.json:
        print_json({**result.to_dict(), "profile": args.write})
    elif target is not None:
        print(f"wrote {target}")
    return SAME


def _read_pairs(name: str) -> LabeledPairs:
    if name == "-":
        return read_pairs(standard_input().read(), "-", "")
    path = Path(name)
    return read_pairs(path.read_bytes(), name, "" if path.parent == Path() else str(path.parent))


_LISTED = 10  # disagreements and unreadable pairs, without --all
_CURVE = 31
_LEGEND = "( ) 95 % interval of the share labeled same, o the share, : the mean stated probability"


def _counts(result: Result, limit: int) -> Iterator[str]:
    pairs, count = result.pairs, len(result.judged)
    parts = [f"{count} pairs compared: {result.same} labeled same, {count - result.same} different"]
    if pairs.repeated:
        parts.append(f"{pairs.repeated} repeated in other rows, counted once")
    if result.unreadable:
        parts.append(f"{len(result.unreadable)} skipped: one of the two cannot be read")
    yield f"{styled(printable(pairs.name), 'bold')}: {'; '.join(parts)}"
    for pair in result.unreadable[:limit]:
        text = printable(f"line {pair.pair.line}: {pair.error}")
        yield f"  {styled('unreadable', 'yellow')}  {text}"
    if len(result.unreadable) > limit:
        yield f"  and {len(result.unreadable) - limit} more (--all lists them)"


def _reliability(result: Result) -> Iterator[str]:
    yield styled("How reliable are the stated probabilities?", "bold")
    columns = ("stated", "pairs", "same", "share", "95 %", f"|0 %{'50 %':^{_CURVE - 9}}100 %|")
    full = fitted_table(columns, [_bin(entry) for entry in result.stated.bins], right=(1, 2, 3))
    yield full
    if columns[-1] in full:
        yield _LEGEND
    yield (
        f"Brier score {result.stated.brier:.4f}, expected calibration error {result.stated.error:.4f} (0 is perfect)"
    )
    if (result.slope, result.intercept) == (1, 0):
        yield "rescaling would not bring them closer to the labels: left as they are"
        return
    yield (
        f"after rescaling (slope {result.slope:.3g}, intercept {result.intercept:.3g}):"
        f" {result.rescaled.brier:.4f}, {result.rescaled.error:.4f}, on the pairs it was fitted to"
    )


def _bin(entry: ReliabilityBin) -> tuple[str, ...]:
    name = f"{entry.low * 100:.0f} to {entry.high * 100:.0f} %"
    if entry.share is None or entry.mean is None:
        return name, "0", "", "", "", f"|{' ' * _CURVE}|"
    bounds = (*entry.interval, entry.mean, entry.share)
    low, high, mean, share = (round(bound * (_CURVE - 1)) for bound in bounds)
    line = [" "] * low + ["-"] * (high - low + 1) + [" "] * (_CURVE - high - 1)
    line[low], line[high], line[mean], line[share] = "():o"
    shares = percent(entry.share), _interval(entry.interval)
    return name, str(entry.pairs), str(entry.same), *shares, f"|{''.join(line)}|"


def _outcomes(result: Result) -> Iterator[str]:
    yield styled("What would each cutoff do?", "bold")
    first = next(iter(result.outcomes_by_relation.values()))
    columns = (f"wrong of {first.different}", "95 %", f"refused of {first.same}", "95 %")
    by_cutoff = {f"at least {cutoff:g}": outcome for cutoff, outcome in result.outcomes_by_cutoff.items()}
    tables = {"same_if": result.outcomes_by_relation, "probability": by_cutoff}
    body = {name: [(rule, *_outcome(one)) for rule, one in found.items()] for name, found in tables.items()}
    yield "\n\n".join(table((name, *columns), lines, (1, 3)) for name, lines in body.items())
    yield "wrong: labeled different, but accepted as the same; refused: labeled same, but not accepted"
    if first.different:
        upper = format_bound(clopper_pearson(0, first.different)[1], up=True)
        yield f"0 wrong of {first.different} does not mean never: at most {upper} % of such pairs, with 95 % confidence"


def _outcome(outcome: RuleOutcome) -> tuple[str, ...]:
    wrong = _interval(outcome.wrong_interval) if outcome.different else "-"
    refused = _interval(outcome.refused_interval) if outcome.same else "-"
    return str(outcome.wrong), wrong, str(outcome.refused), refused


def _interval(bounds: tuple[float, float]) -> str:
    return f"{format_bound(bounds[0], up=False)} to {format_bound(bounds[1], up=True)} %"


def _choice(result: Result) -> Iterator[str]:
    yield styled("Recommended profile", "bold")
    if result.choice is None:
        yield f"None: {result.why_no_choice()}."
        return
    profile, stated = result.choice.profile, result.choice.stated
    rescaled = f"{profile.probability:.4g}, which is {stated:g} as stated"
    probability = rescaled if stated else "none is asked for"
    yield rows([("same_if", str(profile.same_if)), ("least probability", probability)])
    yield from result.choice.reason


def _disagreements(result: Result, limit: int) -> Iterator[str]:
    found = result.disagreements
    if not found:
        yield f"{styled('No disagreements', 'bold')}: every label is the answer of samepic compare."
        return
    title = f"Disagreements of label and verdict ({len(found)} of {len(result.judged)}), worst first"
    yield styled(title, "bold")
    names = {True: "same", False: "not the same", None: "cannot tell"}
    for pair in found[:limit]:
        label = "same" if pair.pair.same else "different"
        yield printable(f"line {pair.pair.line}: {pair.pair.a} and {pair.pair.b}")
        verdict = f"{names[pair.same()]} ({pair.relation}, {percent(pair.probability)}): {pair.explanation}"
        yield rows([("labeled", label), ("verdict", verdict)], "    ")
    if len(found) > limit:
        yield f"and {len(found) - limit} more (--all lists them)"
