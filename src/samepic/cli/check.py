"""samepic check FILE...: are these pictures in a store already?"""

from __future__ import annotations

import argparse
from dataclasses import replace

from samepic.cli import options
from samepic.writing import printable

DESCRIPTION = (
    "Show whether each FILE is in a store already, or among the FILEs before it, without changing the store."
)

EPILOG = f"""\
{options.STATUSES}
damaged FILE

examples:
  samepic check --store uploads.db photo.jpg
  samepic check --store uploads.db --json incoming/*.jpg
  curl -s https://example.org/photo.jpg | samepic check --store uploads.db -"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_shared(parser, "files", "--store", "--tenant", "--json lines")
    options.add_shared(parser, "--policy", "--profile", "--originals", "--replica")


def run(args: argparse.Namespace) -> int:
    outcomes = []
    sources = [source for _, source in options.named_sources(args.files)]
    with options.open_gate(args) as gate:
        for name, (decision, within) in zip(args.files, gate.check_many(sources), strict=True):
            note, earlier = "", None
            outcomes.append(decision.outcome)
            if within is not None:
                outcomes.append(within.outcome)
                matches = tuple(replace(match, key=args.files[int(match.key)]) for match in within.matches)
                earlier = replace(within, match=matches[0], matches=matches).to_dict()
                first = f"[{printable(matches[0].key)}]: {printable(matches[0].explanation)}"
                note = f"\n  among these files: {within.outcome} {first}"
            options.print_decision(name, decision, as_json=args.json, note=note, within=earlier)
    return options.status_of_outcomes(outcomes)
