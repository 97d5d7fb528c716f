"""Tuning of the evidence that one picture is a copy of another, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CHANGE",
    "EVIDENCE",
    "MAPPING",
    "PALETTE",
    "REGISTRATION",
    "SHADE",
    "SIGN",
    "TONE",
    "ChangeLimits",
    "EvidenceLimits",
    "MappingLimits",
    "PaletteLimits",
    "RegistrationLimits",
    "ShadeLimits",
    "SignLimits",
    "ToneLimits",
]


@dataclass(frozen=True, slots=True)
class ToneLimits:
    """Limits of a change of tone of a whole frame; levels are those of 8-bit samples.

    Attributes:
        none: change in levels under which no tone is applied.
        best: share of the samples, the nearest ones, by which a fit is judged.
        price: levels of misfit that a level of change, as its root mean square, must gain to be believed.
        close: levels of misfit, with its prices, up to which the fit begun from all samples holds.
        settled: levels by which a round must move some sample for another one to follow.
        rest, most_left: weight of the mean of what is left, and the levels of it that count at most.
        no_gain: change of the gain of color under which no tone is applied.
        gray: levels from gray within which a picture holds no color.
        pale, colored: levels from gray under which a sample has no color, and the weight of those that have, where the
            other picture has none.
        most_mix, mix_pull: weight of color in luma, at most, and how strongly it is pulled to 0 (squared levels).
        most_turn, most_gain: degrees by which all hues may turn, and factor by which color may grow.
        no_color: gain under which a picture lost its colors, so that a turn of hues means nothing.
        most_tint: levels by which color may shift, all over or as luma rises by half its range.
        gain_pull, tint_pull, slope_pull: squared levels a sample by which gain is pulled to 1, and the others to 0.
    """

    none: float = 1.5
    best: float = 0.4
    price: float = 0.02
    close: float = 0.8
    settled: float = 0.25
    rest: float = 0.05
    most_left: float = 20.0
    no_gain: float = 0.1
    gray: float = 2.5
    pale: float = 12.0
    colored: float = 0.1
    most_mix: float = 0.4
    mix_pull: float = 20.0
    most_turn: float = 25.0
    most_gain: float = 3.0
    no_color: float = 0.15
    most_tint: float = 40.0
    gain_pull: float = 6.0
    tint_pull: float = 0.02
    slope_pull: float = 0.02


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """The sizes at which evidence is gathered.

    Attributes:
        pixels: overlays are reduced to at most this size.
        least_side: shorter sides below this many pixels are enlarged to it.
        fine_pixels: size up to which a cell is 4 pixels wide; beyond, 8.
        window: side of the window of local correlation, in pixels.
        floor: squared levels that count as no structure in a local correlation.
        telling: standard deviation, in levels, from which a window has structure.
        placed: local correlation from which pictures are aligned well enough as they are (40th percentile).
        samples: pixels by which the filter between two pictures is fitted.
    """

    pixels: int = 1_200_000
    least_side: int = 112
    fine_pixels: int = 400_000
    window: int = 11
    floor: float = 6.0
    telling: float = 4.0
    placed: float = 0.97
    samples: int = 20_000


@dataclass(frozen=True, slots=True)
class ShadeLimits:
    """When uneven light is assumed; its unit is the natural logarithm of a factor.

    Attributes:
        black: levels that are added to both before they are divided, so that black does not count.
        pull: how strongly the terms are pulled to even light, against the weight of all samples.
        seen: share of the samples, at least, by which a shade is fitted.
        least, most: what the 90th percentile must reach, and what none may exceed.
        most_left: levels of difference, at most, that count where a shade is compared with none.
        left: median difference in levels from which a shade is searched for.
        held: share of a sample that must lie in the overlap.
        rounding: levels added to what is left before shares of it are taken.
        gain: what is left with it, at most, of what was left without.
    """

    black: float = 8.0
    pull: float = 1e-3
    seen: float = 0.2
    least: float = 0.03
    most: float = 1.2
    most_left: float = 30.0
    left: float = 1.0
    held: float = 0.9
    rounding: float = 0.1
    gain: float = 0.8


@dataclass(frozen=True, slots=True)
class RegistrationLimits:
    """Tracking of a smooth displacement; lengths are pixels of the overlay.

    Attributes:
        points, least: the most corners that are tracked, and the fewest that must be found.
        window: side of the window by which a corner is found again.
        reach: distance from the median displacement beyond which a corner is an outlier.
        most_left: levels of difference, at most, that count where a displacement is compared with none.
        still: median displacement under which nothing is moved.
        bent: median distance that a linear displacement leaves from which whole frames count as bent.
    """

    points: int = 500
    least: int = 40
    window: int = 21
    reach: float = 8.0
    most_left: float = 20.0
    still: float = 0.08
    bent: float = 0.3


@dataclass(frozen=True, slots=True)
class MappingLimits:
    """The choice of the map between two pictures.

    Attributes:
        pixels: size at which whole frames are first compared.
        turned: degrees from which one of two signs is turned against the other.
        close: local correlation from which a place agrees closely.
        in_place: share of the places with structure that agree closely from which whole frames coincide.
        sure: share of the places with structure that must agree closely for no other map to be searched for.
    """

    pixels: int = 100_000
    turned: float = 45.0
    close: float = 0.9
    in_place: float = 0.2
    sure: float = 0.9


@dataclass(frozen=True, slots=True)
class ChangeLimits:
    """How cells form regions.

    Attributes:
        most_odds: logarithm of odds at which a cell is capped.
        most_regions: connected changed cells that get a box, the surest first.
        high: percentiles of the frame that a cell is compared with.
        fewest: cells with content from which only these count for the percentiles.
        sure: odds of its surest cell from which a region is shown beside the strongest one.
        core: share of a region's largest difference that the edge of its box must reach.
        still: levels up to which a cell is unchanged: of its mean and its largest difference, and of its color.
    """

    most_odds: float = 8.0
    most_regions: int = 40
    high: tuple[float, ...] = (90, 98)
    fewest: int = 50
    sure: float = 4.0
    core: float = 0.25
    still: float = 1.0


@dataclass(frozen=True, slots=True)
class PaletteLimits:
    """What counts as a palette.

    Attributes:
        fewest: colors under which a picture is a flat drawing, whose every color is content.
        reach: how far a color may move, as a share of the median distance between neighbors in the palette.
    """

    fewest: int = 8
    reach: float = 2.0


@dataclass(frozen=True, slots=True)
class SignLimits:
    """What makes a picture a sign rather than a photograph or a page.

    Attributes:
        side: long side to which a picture is reduced.
        bits: low bits of a sample that do not count as another color.
        colors, share: the number of colors that must cover this share of the picture.
        corner: smaller eigenvalue of the gradients (Shi and Tomasi 1994) from which a place is a corner, whatever the
            sharpest corner is.
        corners: the most corners that it may have.
    """

    side: int = 128
    bits: int = 5
    colors: int = 6
    share: float = 0.9
    corner: float = 0.004
    corners: int = 30


SHADE = ShadeLimits()
"""2026-11-28: chosen on six photographs under vignettes and slow shades of the bench; none is found where a part was
painted over or nothing was done. tests/verify/test_shade.py shows what they are for."""

PALETTE = PaletteLimits()
SIGN = SignLimits()
"""2026-11-28: `corner` and `corners` lie between turned signs and icons of `bench.lookalikes` (24 corners at most; some
are of the test half, which was drawn anew to measure) and sprites, charts and pages (32 and more)."""

TONE = ToneLimits()
CHANGE = ChangeLimits()
"""2026-11-28: `sure` lies between regions that gamma 1.6 leaves (3.6 at most) and patches (11 and more) on three
photographs; `high` and `fewest` are what the network of cells was fitted with."""

MAPPING = MappingLimits()
REGISTRATION = RegistrationLimits()
EVIDENCE = EvidenceLimits()
