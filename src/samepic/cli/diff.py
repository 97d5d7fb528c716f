"""samepic diff A B: write a picture of where the two differ."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from samepic.cli.compare import describe
from samepic.cli.options import (
    UsageError,
    add_json,
    add_pair,
    add_screen,
    compared,
    print_json,
    status_of,
)

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["register", "run"]

_EPILOG = """\
exit status: 0 the same picture, 1 not the same, 2 trouble (nothing is written), 3 cannot tell"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "diff",
        help="write a picture of where the two differ",
        description="Write one PNG of A, B and their amplified difference, with a box round each change.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_pair(parser)
    parser.add_argument(
        "-o",
        "--output",
        default="difference.png",
        metavar="OUT.png",
        help="the file to write (default: %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite OUT.png where it exists")
    add_screen(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare, write the picture, print, and return the exit status."""
    output = _checked(args)
    verdict = compared(args)
    image = verdict.difference_image()
    _write(image, output, force=args.force)
    if args.json:
        print_json({**verdict.to_dict(), "output": str(output)})
    else:
        print(f"{describe(verdict)}\nwrote {output} ({image.width}x{image.height})")
    return status_of(verdict)


def _checked(args: argparse.Namespace) -> Path:
    """Refuse a bad output name before any work is done."""
    output = Path(args.output)
    if output.suffix.lower() != ".png":
        raise UsageError(f"{output}: wanted a name that ends in .png, got {output.suffix or 'no ending'}")
    for name in (args.a, args.b):
        if name != "-" and output.exists() and Path(name).exists() and output.samefile(name):
            raise UsageError(f"{output}: wanted a file of its own, got one of the two pictures")
    if output.exists() and not args.force:
        raise UsageError(f"{output}: wanted a new file, got one that exists (--force overwrites it)")
    return output


def _write(image: Image, output: Path, *, force: bool) -> None:
    """Write beside the target and move, so that a failure leaves what was there."""
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        image.save(part, format="PNG")
        if not force and output.exists():
            raise UsageError(f"{output}: wanted a new file, got one that appeared meanwhile")
        part.replace(output)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(output)) from error
    finally:
        part.unlink(missing_ok=True)
