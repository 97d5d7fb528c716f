"""samepic check FILE...: would these be let in?"""

from __future__ import annotations

import argparse

from samepic.cli.options import (
    STATUSES,
    add_replicas,
    add_rules,
    add_store,
    named_sources,
    opened,
    status_of_outcomes,
    tell,
)

__all__ = ["register", "run"]

_EPILOG = f"""\
{STATUSES}
FILE that is no sound picture

examples:
  samepic check --store uploads.db photo.jpg
  samepic check --store uploads.db --json incoming/*.jpg
  curl -s https://example.org/photo.jpg | samepic check --store uploads.db -"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "check",
        help="is this picture in a store already?",
        description="Tell whether each FILE is in a store already, and change nothing.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a picture file, or - for standard input (once)"
    )
    add_store(parser)
    add_rules(parser)
    add_replicas(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check each file, print its line as soon as it is known, and return the exit status."""
    named = named_sources(args.files)
    outcomes = []
    with opened(args) as gate:
        for name, source in named:
            decision = gate.check(source)
            tell(name, decision, json=args.json)
            outcomes.append(decision.outcome)
    return status_of_outcomes(outcomes)
