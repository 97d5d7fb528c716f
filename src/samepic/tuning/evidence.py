"""Tuning of the evidence that one picture is a copy of another, cell by cell."""

from __future__ import annotations

from typing import Final


class _ToneLimits:
    """Limits of a change of tone of a whole frame; levels are those of 8-bit samples."""

    __slots__ = ()

    none: Final = 1.5  # change in levels under which no tone is applied
    best: Final = 0.4  # share of the samples, the nearest ones, by which a fit is judged
    # levels of misfit that a level of change, as its root mean square, must gain to be believed
    price: Final = 0.02
    # close, moderate: levels of misfit, with its prices, and of change up to which the fit begun from all samples
    # holds
    close: Final = 0.8
    moderate: Final = 4.0
    # slight, little: levels of change, as its root mean square, and of what is left, up to which it holds as well: it
    # takes nothing for a change of tone, since two hundredths of a frame by twenty levels are 2.8
    slight: Final = 0.6
    little: Final = 2.6
    settled: Final = 0.25  # levels by which a round must move some sample for another one to follow
    # rest, most_left: weight of the mean of what is left, and the levels of it that count at most
    rest: Final = 0.05
    most_left: Final = 20.0
    no_gain: Final = 0.1  # change of the gain of color under which no tone is applied
    gray: Final = 2.5  # levels from gray within which a picture holds no color
    # pale, colored: levels from gray under which a sample has no color, and the weight of those that have,
    # where the other picture has none
    pale: Final = 12.0
    colored: Final = 0.1
    # most_mix, mix_pull: weight of color in luma, at most, and how strongly it is pulled to 0 (squared
    # levels)
    most_mix: Final = 0.4
    mix_pull: Final = 20.0
    # most_turn, most_gain: degrees by which all hues may turn, and factor by which color may grow
    most_turn: Final = 25.0
    most_gain: Final = 3.0
    no_color: Final = 0.15  # gain under which a picture lost its colors, so that a turn of hues means nothing
    most_tint: Final = 40.0  # levels by which color may shift, all over or as luma rises by half its range
    # gain_pull, tint_pull, slope_pull: squared levels a sample by which gain is pulled to 1, and the others
    # to 0
    gain_pull: Final = 6.0
    tint_pull: Final = 0.02
    slope_pull: Final = 0.02


class _EvidenceLimits:
    """The sizes at which evidence is gathered."""

    __slots__ = ()

    pixels: Final = 1_200_000  # overlays are reduced to at most this size
    least_side: Final = 112  # shorter sides below this many pixels are enlarged to it
    fine_pixels: Final = 400_000  # size up to which a cell is 4 pixels wide; beyond, 8
    window: Final = 11  # side of the window of local correlation, in pixels
    floor: Final = 6.0  # squared levels that count as no structure in a local correlation
    telling: Final = 4.0  # standard deviation, in levels, from which a window has structure
    # local correlation from which pictures are aligned well enough as they are (40th percentile)
    placed: Final = 0.97
    samples: Final = 20_000  # pixels by which the filter between two pictures is fitted
    # mean difference of block means in levels beyond which something has to be explained
    as_it_is: Final = 5.0
    # mean change in levels up to which a filter did nothing, so that both ways are one
    unfiltered: Final = 0.3


class _ShadeLimits:
    """When uneven light is assumed; its unit is the natural logarithm of a factor."""

    __slots__ = ()

    black: Final = 8.0  # levels that are added to both before they are divided, so that black does not count
    pull: Final = 1e-3  # how strongly the terms are pulled to even light, against the weight of all samples
    seen: Final = 0.2  # share of the samples, at least, by which a shade is fitted
    # least, most: what the 90th percentile must reach, and what none may exceed
    least: Final = 0.03
    most: Final = 1.2
    most_left: Final = 30.0  # levels of difference, at most, that count where a shade is compared with none
    left: Final = 1.0  # median difference in levels from which a shade is searched for
    held: Final = 0.9  # share of a sample that must lie in the overlap
    rounding: Final = 0.1  # levels added to what is left before shares of it are taken
    gain: Final = 0.8  # what is left with it, at most, of what was left without


class _RegistrationLimits:
    """Tracking of a smooth displacement; lengths are pixels of the overlay."""

    __slots__ = ()

    # points, least: the most corners that are tracked, and the fewest that must be found
    points: Final = 500
    least: Final = 40
    window: Final = 21  # side of the window by which a corner is found again
    reach: Final = 8.0  # distance from the median displacement beyond which a corner is an outlier
    # levels of difference, at most, that count where a displacement is compared with none
    most_left: Final = 20.0
    still: Final = 0.08  # median displacement under which nothing is moved
    # median distance that a linear displacement leaves from which whole frames count as bent
    bent: Final = 0.3


class _MappingLimits:
    """The choice of the map between two pictures."""

    __slots__ = ()

    pixels: Final = 100_000  # size at which whole frames are first compared
    # faint, gain: range of levels under which a picture is stretched before it is mapped, and by how much at most
    faint: Final = 64.0
    gain: Final = 8.0
    turned: Final = 30.0  # degrees from which one of two signs is turned against the other
    close: Final = 0.9  # local correlation from which a place agrees closely
    # share of the places with structure that agree closely from which whole frames coincide
    in_place: Final = 0.2
    upright: Final = 0.7  # the same from which no frame counts as tilted, however well a map fits
    # share of the places with structure that must agree closely for no other map to be searched for
    sure: Final = 0.9


class _ChangeLimits:
    """How cells form regions."""

    __slots__ = ()

    most_odds: Final = 8.0  # logarithm of odds at which a cell is capped
    most_regions: Final = 40  # connected changed cells that get a box, the surest first
    high: Final[tuple[float, ...]] = (90, 98)  # percentiles of the frame that a cell is compared with
    fewest: Final = 50  # cells with content from which only these count for the percentiles
    sure: Final = 4.0  # odds of its surest cell from which a region is shown beside the strongest one
    core: Final = 0.25  # share of a region's largest difference that the edge of its box must reach
    # levels up to which a cell is unchanged: of its mean and its largest difference, and of its color
    still: Final = 1.0


class _PaletteLimits:
    """What counts as a palette."""

    __slots__ = ()

    fewest: Final = 8  # colors under which a picture is a flat drawing, whose every color is content
    # how far a color may move, as a share of the median distance between neighbors in the palette
    reach: Final = 2.0
    rich: Final = 128  # colors from which a palette holds a photograph, whose rare colors it may lack
    # filled, edged: share of the pixels whose colors it lacks that must show just what is nearest, and share of a
    # part's outline at which the color must change
    filled: Final = 0.3
    edged: Final = 0.3


class _SignLimits:
    """What makes a picture a sign rather than a photograph or a page."""

    __slots__ = ()

    side: Final = 128  # long side to which a picture is reduced
    bits: Final = 4  # low bits of a sample that do not count as another color
    edge: Final = 32  # levels between the lightest and darkest of 3 x 3 pixels from which there is an edge
    flat: Final = 0.2  # least share of the picture that must be away from edges
    # colors, share: the number of colors that must cover this share of that
    colors: Final = 6
    share: Final = 0.9
    # smaller eigenvalue of the gradients (Shi and Tomasi 1994) from which a place is a corner, whatever the
    # sharpest corner is
    corner: Final = 0.004
    corners: Final = 30  # the most corners that it may have


SHADE = _ShadeLimits()
"""2026-11-28: chosen on six photographs under vignettes and slow shades of the bench; none is found where a part was
painted over or nothing was done. tests/verify/test_shade.py shows what they are for."""

PALETTE = _PaletteLimits()
"""2026-11-29: `rich`, `filled` and `edged` were chosen on six pictures of photos/kodak and one dithered photograph; see
"Codings and palettes" in bench/RESULTS.md for others."""

SIGN = _SignLimits()
"""2026-11-28: `corner` and `corners` lie between turned signs and icons of `bench.lookalikes` (24 corners at most; some
are of the test half, which was drawn anew to measure) and sprites, charts and pages (32 and more).

2026-11-29: `bits` and `edge` are the best of eleven settings on 120 pictures of each kind and on photos/: all turned
signs, 110 icons, 118 flags and 5 of 1031 photographs are signs.
"""

TONE = _ToneLimits()
"""2026-11-29, 60 pairs of five kinds of the training half: another fit explained clearly more where the first changed
12 levels and more; up to `moderate` none did."""
CHANGE = _ChangeLimits()
"""2026-11-28: `sure` lies between regions that gamma 1.6 leaves (3.6 at most) and patches (11 and more) on three
photographs; `high` and `fewest` are what the network of cells was fitted with."""

MAPPING = _MappingLimits()
REGISTRATION = _RegistrationLimits()
EVIDENCE = _EvidenceLimits()
"""2026-11-29: `unfiltered` was chosen, not fitted: less than rounding to whole levels leaves. So was `as_it_is`, which
only saves time: on 126 pairs of the training half the same 11 are settled with it and without."""
