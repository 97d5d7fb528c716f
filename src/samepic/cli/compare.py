"""samepic compare A B: are these two the same picture?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from samepic.cli.options import add_screen, add_shared, compare_pair, print_json, status_of
from samepic.cli.output import heading, rows
from samepic.display import fact_rows

if TYPE_CHECKING:
    from samepic.verdict import Verdict

DESCRIPTION = "Show whether A and B are the same picture, and how B differs from A."

EPILOG = """\
exit status: 0 the same picture, 1 not the same, 2 trouble, 3 cannot tell

examples:
  samepic compare photo.jpg upload.jpg
  samepic compare --quiet photo.jpg upload.jpg && echo already here
  samepic compare --screen --ignore 900,20,200,40 page.png page-now.png
  convert photo.jpg -resize 50% jpg:- | samepic compare photo.jpg -"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "a", "b")
    add_screen(parser)
    how = parser.add_mutually_exclusive_group()
    add_shared(how, "--json")
    how.add_argument("-q", "--quiet", action="store_true", help="print nothing; only set the exit status")


def run(args: argparse.Namespace) -> int:
    verdict = compare_pair(args)
    if args.json:
        print_json(verdict.to_dict())
    elif not args.quiet:
        print(describe(verdict))
    return status_of(verdict)


def describe(verdict: Verdict) -> str:
    return heading(verdict.same, verdict.explanation) + "\n" + rows(fact_rows(verdict))
