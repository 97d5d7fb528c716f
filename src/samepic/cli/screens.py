"""The options for two screenshots: `--profile screen` and what goes with it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from samepic.cli.common import UsageError, add_same_if
from samepic.profiles.screen import NAME, SCREEN, Box, Screen

if TYPE_CHECKING:
    from samepic.profiles.user import Profile

__all__ = ["add_screen", "profile_of"]

_OPTIONS = ("ignore", "mask", "threshold", "most_pixels")


def add_screen(parser: argparse.ArgumentParser) -> None:
    """Add --same-if, --profile, and what says how two screenshots are compared."""
    add_same_if(parser, unless="what the profile says, else ")
    parser.add_argument(
        "--profile",
        metavar="FILE",
        help="what samepic calibrate --write made: it rescales probabilities and says where the same ends; or "
        f'"{NAME}" for two screenshots, which are laid pixel on pixel',
    )
    group = parser.add_argument_group(f"with --profile {NAME}")
    group.add_argument(
        "--ignore",
        action="append",
        type=_box,
        metavar="X,Y,W,H",
        help="a box in pixels that is not looked at; may be given again",
    )
    group.add_argument(
        "--mask", metavar="FILE", help="a picture of A's size: what is white in it is not looked at"
    )
    group.add_argument(
        "--threshold",
        type=float,
        metavar="DISTANCE",
        help=f"OKLab distance, 0 to 1, over which a pixel differs (default: {SCREEN.threshold:g})",
    )
    group.add_argument("--most-pixels", type=int, metavar="N", help="how many pixels may differ (default: 0)")


def profile_of(args: argparse.Namespace) -> Profile | Screen | str | None:
    """Return what --profile and the options for screenshots ask for. Raises UsageError where they do not fit."""
    given = {name: getattr(args, name) for name in _OPTIONS if getattr(args, name) is not None}
    if args.profile != NAME:
        if given:
            option = "--" + next(iter(given)).replace("_", "-")
            raise UsageError(f"{option}: wanted with --profile {NAME}, got {args.profile or 'none'}")
        profile: str | None = args.profile
        return profile
    return Screen(**given)


def _box(text: str) -> Box:
    parts = text.split(",")
    try:
        left, top, width, height = (int(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"wanted X,Y,W,H in pixels, got {text!r}") from None
    return left, top, width, height
