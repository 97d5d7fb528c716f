"""samepic check FILE...: are these pictures in a store already?"""

from __future__ import annotations

import argparse

from samepic.cli.options import (
    STATUSES,
    Verbs,
    add_replicas,
    add_rules,
    add_store,
    add_verb,
    named_sources,
    open_gate,
    print_decision,
    status_of_outcomes,
)

__all__ = ["register", "run"]

_EPILOG = f"""\
{STATUSES}
damaged FILE

examples:
  samepic check --store uploads.db photo.jpg
  samepic check --store uploads.db --json incoming/*.jpg
  curl -s https://example.org/photo.jpg | samepic check --store uploads.db -"""


def register(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "check",
        run,
        summary="is this picture in a store already?",
        description="Show whether each FILE is in a store already, without changing it.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a picture file, or - for standard input (once)"
    )
    add_store(parser)
    add_rules(parser)
    add_replicas(parser)


def run(args: argparse.Namespace) -> int:
    """Check each file, print its line as soon as it is known, and return the exit status."""
    named = named_sources(args.files)
    outcomes = []
    with open_gate(args) as gate:
        for name, source in named:
            decision = gate.check(source)
            print_decision(name, decision, json=args.json)
            outcomes.append(decision.outcome)
    return status_of_outcomes(outcomes)
