"""What makes one of two copies the better one, and what is compared below the 8 bits that are shown."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BLANK", "DEPTH", "KEEP", "PART", "Blank", "Depth", "Keep", "Part"]


@dataclass(frozen=True, slots=True)
class Blank:
    """When two pictures of one color each are other pictures.

    Attributes:
        spread: steps of 255, in each channel, within which what is coded or noisy is still one color.
        filled: share of a picture that must be of that color.
        apart: distance in CIELAB (delta E 1976) from which two colors are clearly different: more than a change of
            exposure between two scans of white paper, and less than any two named colors.
        same: probability that a person would call such two the same.
    """

    spread: int = 12
    filled: float = 0.999
    apart: float = 25.0
    same: float = 0.001


@dataclass(frozen=True, slots=True)
class Depth:
    """Limits for pictures of more than 8 bits a sample.

    Attributes:
        narrow: share of the range that can be stored within which two pictures are stretched before they are
            compared: 8 bits show at most 16 steps of it, so labels and raw data look black.
        flat: steps of 255 within which what is shown is one flat color.
        shown_alike: probability that two are the same which nobody can tell apart on a screen.
    """

    narrow: float = 1 / 16
    flat: int = 0
    shown_alike: float = 0.999


@dataclass(frozen=True, slots=True)
class Keep:
    """What makes one of two copies the better one, besides what their headers say.

    Attributes:
        as_large: share of the other's pixels from which transparency, depth and the camera's own data count for
            more than size; below it a thumbnail would be kept in place of the full picture.
        enlarged: factor between the sides of two pictures from which the larger may be an enlargement.
        rounding: steps by which a sample that was enlarged again may differ.
        exact: share of samples that must come out so. A soft original may nearly be its own reduction enlarged, and
            must not go: its noise is more than rounding.
        clear: alpha, 0 to 255, up to which a pixel counts as cut out.
        cut_out: share of such pixels from which a picture is a cut-out.
    """

    as_large: float = 0.8
    enlarged: float = 1.1
    rounding: int = 1
    exact: float = 0.99
    clear: int = 127
    cut_out: float = 0.001


@dataclass(frozen=True, slots=True)
class Part:
    """When a picture that lies in another pixel for pixel is a part of it, and how it is looked for.

    Attributes:
        share: share of the whole's pixels below which a part is an icon or a logo rather than the picture.
        corners: pixels that differ from the next one and from the one below that a part must have at least; a word
            of twelve letters has about this many.
        sampled: of these, as many are looked at to find one of a rare color.
        probes: pixels that are compared before a place is compared as a whole.
        places: places that are compared as a whole; in periodic patterns more may be left, all of them alike.
        same: probability that a person would call the two the same.
    """

    share: float = 0.05
    corners: int = 200
    sampled: int = 2048
    probes: int = 64
    places: int = 32
    same: float = 0.99


BLANK = Blank()
"""2026-11: chosen; tests/verify/test_blank.py holds what they are for."""

DEPTH = Depth()
"""2026-11: chosen; tests/verify/test_depth.py holds what they are for."""

PART = Part()
"""2026-11: chosen; tests/verify/test_part.py holds what they are for."""

KEEP = Keep()
"""2026-11: chosen; tests/verify/test_better.py holds what they are for."""
