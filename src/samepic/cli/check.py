"""samepic check FILE...: are these pictures in a store already?"""

from __future__ import annotations

import argparse

from samepic.cli import options

DESCRIPTION = "Show whether each FILE is in a store already, without changing it."

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
    named = options.named_sources(args.files)
    outcomes = []
    with options.open_gate(args) as gate:
        for name, source in named:
            decision = gate.check(source)
            options.print_decision(name, decision, as_json=args.json)
            outcomes.append(decision.outcome)
    return options.status_of_outcomes(outcomes)
