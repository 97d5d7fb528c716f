"""samepic diff A B: write a picture of the differences."""

from __future__ import annotations

import argparse
from pathlib import Path

from samepic.cli.command import UsageError
from samepic.cli.compare import describe
from samepic.cli.options import add_screen, add_shared, compare_pair, print_result, status_of
from samepic.writing import replacing

DESCRIPTION = "Write one PNG of A, B and their amplified difference, with a box around each change."

EPILOG = """\
exit status: 0 the same picture, 1 not the same, 2 trouble (nothing is written), 3 cannot tell"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "a", "b")
    text = "the file to write (default: %(default)s)"
    parser.add_argument("-o", "--output", default="difference.png", metavar="OUT.png", help=text)
    parser.add_argument("--force", action="store_true", help="overwrite OUT.png if it exists")
    add_screen(parser)
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    output = Path(args.output)
    if output.suffix.lower() != ".png":
        raise UsageError(f"{output}: the name has to end in .png")
    for name in (args.a, args.b):
        if name != "-" and output.exists() and Path(name).exists() and output.samefile(name):
            raise UsageError(f"{output}: this is one of the two pictures")
    if output.exists() and not args.force:
        raise UsageError(f"{output}: the file exists (--force overwrites it)")
    verdict = compare_pair(args)
    image = verdict.difference_image()
    with replacing(output) as temporary:
        image.save(temporary, format="PNG")
        if not args.force and output.exists():
            raise UsageError(f"{output}: the file exists by now (--force overwrites it)")
    text = f"{describe(verdict)}\nwrote {output} ({image.width}x{image.height})"
    print_result({**verdict.to_dict(), "output": str(output)}, text, as_json=args.json)
    return status_of(verdict)
