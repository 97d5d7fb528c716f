"""samepic measure A B: every classical measure, its cutoff, and its reliability."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from samepic.cli.command import SAME
from samepic.cli.options import add_shared, named_sources, print_result
from samepic.cli.output import fitted_table, styled
from samepic.writing import percent

if TYPE_CHECKING:
    from samepic.measures.table import Measured

_HEAD = ("measure", "value", "cutoff", "passes", "finds", "trust", "caveat")
_LEGEND = """\
passes: within the cutoff, as at most 1 in 10 000 pairs of different photographs are
finds:  the share of re-saved copies that this cutoff finds
trust:  proof, strong (finds 99 % or more), weak (half or more), none
No measure decides whether both are the same picture: samepic compare does."""

DESCRIPTION = "Print each classical measure of A and B, and how reliable it is."
EPILOG = f"{_LEGEND}\n\nexit status: 0 measured, 2 trouble"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "a", "b", "--json")


def run(args: argparse.Namespace) -> int:
    from samepic.api import measure

    (_, a), (_, b) = named_sources([args.a, args.b])
    measures = measure(a, b)
    lines = fitted_table(_HEAD, [_line(row) for row in measures.values()], right=(4,))
    print_result(measures.to_dict(), f"{lines}\n{styled(_LEGEND, 'dim')}", as_json=args.json)
    return SAME


def _line(row: Measured) -> tuple[str, ...]:
    passes = {True: "yes", False: "no", None: "-"}[row.passes]
    found = "-" if row.found is None else percent(row.found)
    return row.name, _value(row), _cutoff(row), passes, found, str(row.reliability), row.note


def _value(row: Measured) -> str:
    if isinstance(row.value, bool):
        return "yes" if row.value else "no"
    if math.isnan(row.value):
        return "cannot be measured"
    return f"{row.value:.4g} {row.unit}".rstrip()


def _cutoff(row: Measured) -> str:
    if row.cutoff is None or isinstance(row.value, bool):
        return "-"
    return f"{'≥' if row.better == 'higher' else '≤'} {row.cutoff:.4g}"
