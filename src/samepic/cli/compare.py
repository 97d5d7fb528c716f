"""samepic compare A B: are these two the same picture?"""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from samepic.cli.command import SAME
from samepic.cli.options import (
    add_screen,
    add_shared,
    compare_pair,
    named_sources,
    print_json,
    screen_options,
    status_of,
)
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
    if args.quiet and not (args.screen or args.profile is not None or screen_options(args)):
        return _quietly(args)
    verdict = compare_pair(args)
    if args.json:
        print_json(verdict.to_dict())
    elif not args.quiet:
        print(describe(verdict))
    return status_of(verdict)


def _quietly(args: argparse.Namespace) -> int:
    """Return the exit status, which needs neither a proof of what is sure nor more than Pillow for equal files."""
    (_, a), (_, b) = named_sources([args.a, args.b])
    if _are_one_picture(a, b):
        return SAME
    from samepic.api import compare_pictures
    from samepic.picture import load
    from samepic.verdict import Relation
    from samepic.verify.resave import ProofScope

    same_if = Relation(args.same_if or Relation.REFRAMED)
    return status_of(compare_pictures(load(a), load(b), same_if=same_if, prove=ProofScope.RELATION))


def _are_one_picture(a: str | BinaryIO, b: str | BinaryIO) -> bool:
    """Return whether two files are equal, and a JPEG or PNG that Pillow decodes whole."""
    import filecmp

    from samepic.limits import LIMITS

    # Where this fails, comparing the pictures fails too, and says why.
    with suppress(Exception):
        if isinstance(a, str) and isinstance(b, str) and filecmp.cmp(a, b, shallow=False):
            from PIL import Image

            with Image.open(a, formats=("JPEG", "PNG")) as image:
                image.load()
                return max(image.size) <= LIMITS.side
    return False


def describe(verdict: Verdict) -> str:
    return heading(verdict.same, verdict.explanation) + "\n" + rows(fact_rows(verdict))
