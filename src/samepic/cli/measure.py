"""samepic measure A B: every classical measure, its cutoff, and how far it can be trusted."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from samepic.cli.common import SAME, add_json, add_pair, print_json, sources
from samepic.cli.terminal import table

if TYPE_CHECKING:
    from samepic.measures import Measure

__all__ = ["register", "run"]


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "measure",
        help="every classical measure, with its cutoff and how far it can be trusted",
        description=(
            "Print each classical measure of A and B: its value, the cutoff that at most 1 in 10 000 pairs of "
            "different photographs passes, whether this pair passes it, and the share of re-saved copies that "
            "the cutoff still finds. No single measure answers the question; samepic compare does."
        ),
        epilog="exit status: 0 measured, 2 trouble",
        allow_abbrev=False,
    )
    add_pair(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print, and return the exit status."""
    from samepic.compare import measure

    a, b = sources(args)
    measures = measure(a, b)
    if args.json:
        print_json(measures.to_dict())
    else:
        head = ("measure", "value", "unit", "cutoff", "passes", "finds", "trust")
        print(table(head, [_line(row) for row in measures.values()], right=(1, 3, 5)))
    return SAME


def _line(row: Measure) -> tuple[str, ...]:
    passes = {True: "yes", False: "no", None: "-"}[row.passes]
    cutoff = "-" if row.cutoff is None else f"{row.cutoff:.4g}"
    found = "-" if row.found is None else f"{row.found:.1%}"
    return row.name, f"{row.value:.4g}", row.unit, cutoff, passes, found, row.reliability
