"""samepic compare A B: are these two the same picture?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from samepic.cli.options import add_screen, add_shared, compare_pair, print_json, status_of
from samepic.cli.output import heading, percent, rows
from samepic.verdict import regions_text
from samepic.writing import bytes_text

if TYPE_CHECKING:
    from samepic.verdict import PictureInfo, Verdict

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
    return heading(verdict.same, verdict.explanation) + "\n" + rows(_facts(verdict))


def _facts(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "relation", str(verdict.relation)
    yield "probability", f"{percent(verdict.probability)} that a person would call them the same"
    if verdict.original:
        info = verdict.a if verdict.original == "a" else verdict.b
        yield "original", f"{info.name}: {verdict.original_reason}"
    if verdict.visibility:
        yield "visibility", f"{verdict.visibility.score:.1f} of 100: {verdict.visibility.words}"
    if "different_pixels" in verdict.measures:
        yield "pixels", _pixels(verdict.measures)
    if verdict.regions:
        yield "changed", regions_text(verdict.regions)
    yield "a", _picture(verdict.a)
    yield "b", _picture(verdict.b)


def _pixels(measures: Mapping[str, float]) -> str:
    """Return how many pixels of two screenshots differ, and how many more differ invisibly."""
    unseen = sum(measures[f"{kind}_pixels"] for kind in ("smoothed", "speck", "faint"))
    text = f"{measures['different_pixels']:.0f} of {measures['pixels']:.0f} differ"
    return f"{text}, {unseen:.0f} more invisibly" if unseen else text


def _picture(info: PictureInfo) -> str:
    parts = [f"{info.format} {info.width}x{info.height}"]
    if info.size:
        parts.append(bytes_text(info.size))
    if info.jpeg:
        approximately = "" if info.jpeg.quality_exact else "about "
        parts.append(f"quality {approximately}{info.jpeg.quality}, {info.jpeg.subsampling}")
    if info.mode not in ("RGB", "YCbCr"):
        parts.append(f"stored as {info.mode}")
    if info.orientation != 1:
        parts.append(f"orientation tag {info.orientation}")
    if info.frames > 1:
        parts.append(f"{info.frames} {'pages' if info.is_paged else 'frames'}")
    return f"{info.name}: {', '.join(parts)}"
