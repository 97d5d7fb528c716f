"""Tuning of fingerprints and their search, of insets, and of what a gate decides."""

from __future__ import annotations

from typing import Final


class _SearchLimits:
    """Thresholds of fingerprints and of the search for candidates; distances are bits of 256."""

    __slots__ = ()

    radius: Final = 80  # distance within which two codes make a candidate
    # quality, detail: 0 to 100, under either of which a code says too little to match alone
    quality: Final = 20
    detail: Final = 50
    noise: Final = 2.0  # levels of luma of the cosine terms of the 64x64 samples, under which a term is noise
    side: Final = 128  # pixels that the shorter side of a reduced decode keeps
    copy_side: Final = 176  # side in pixels of the square that the network of copy codes sees
    copy_decode: Final = 192  # the same as `side` for the copy code, and for insets
    # copy_nearest, copy_radius: how many pictures nearest by copy code are candidates, within which distance
    copy_nearest: Final = 2
    copy_radius: Final = 85
    # part_nearest, part_radius: the same for each quarter of the query
    part_nearest: Final = 1
    part_radius: Final = 90
    # inset_nearest, inset_radius: the same for each inset of the query
    inset_nearest: Final = 1
    inset_radius: Final = 90
    band_radius: Final = 31  # distance within which bands find PDQ codes
    band_bits: Final = 2  # distance of a band within which it is found
    # table_count, table_width, table_bits: tables that find copy codes by sampled bits, the bits of each, and
    # the distance of such a sample within which it is found
    table_count: Final = 16
    table_width: Final = 18
    table_bits: Final = 2


SEARCH = _SearchLimits()
"""2026-11. `radius`: on 499 500 pairs of distinct photographs the least distance was 86 bits. `detail` and `noise`: of
1031 photographs none had a detail under 85, of blank, noisy, sloping and two-toned pictures none over 54, and of those
without grain all had 0. `quality`: the least of 1031 photographs was 49, grain on a flat ground gave at most 3.
`side`: measured once; at 128 every photograph is within 14 bits of its reference code, at 64 one in a hundred
is beyond 16.

2026-11-23, with an earlier network: `copy_side`: at 176 recall is that of 192 in five sixths of the time, at 160 hard
crops are missed. `copy_decode`: what insets are sought in must not be less.

2026-12-01, measured once, 1840 copies of 40 photographs of the training half that the network was not trained on, among
all pictures as in bench/retrieval.py: `copy_nearest`, `copy_radius`, `part_nearest`, `part_radius`, `inset_nearest` and
`inset_radius`: 99.6 % are candidates, of 2.5 to 2.9 a picture, 0.8 of them by PDQ. With 5 within 95 bits and 3 insets
within 95, as before, 99.8 %, of 7; with a quarter within 70 99.0 %, of 1.7; with one copy code within 90 99.5, of 2.2.

2026-11-23, measured once, 920 copies of 20 photographs among 3020 pictures: `band_radius`: 65 % of the copies are
within 31 bits, 10 % between 32 and 80, of which the copy code finds 98.9 %; so with the copy code 96.6 % of all are
found at 31, 96.7 at 80. `band_bits`: by arithmetic, sixteen bands within 1 bit would look at one code in thirty,
eight within 3 make fourteen times the probes of eleven within 2, which look at one code in 400. `table_count`,
`table_width`, `table_bits`: 95 % of the copies that looking at all copy codes finds, for looking at one code in a
hundred; tables of 16 bits find 97.5 % for one in thirty, of 20 bits 92 % for one in three hundred.
"""


class _Insets:
    """Thresholds of the search for insets."""

    __slots__ = ()

    side: Final = 384  # pixels of the longer side at which it is done, where there are as many
    # pixels of the shorter side under which a picture has no insets, and half of it an inset is none
    smallest: Final = 48
    step: Final = 10  # levels by which two pixels beside a line must differ from the two beyond it
    # pixels to either side among which the step must be the largest, narrow and wide
    reaches: Final[tuple[int, int]] = (1, 3)
    # what a pixel of a line is worth where the step is the largest in none of them, in one, in both
    scores: Final[tuple[int, int, int]] = (-9, 8, 17)
    lines: Final = 14  # how many columns, and how many rows, are taken for sides
    run: Final = 200  # least score of the best part of such a line
    least: Final = 0.09  # shortest side, as a share of the frame's
    area: Final[tuple[float, float]] = (0.02, 0.9)  # least and largest share of the frame
    aspect: Final = 4.0  # largest ratio of the longer to the shorter side
    mean: Final = 2.0  # least score a pixel of each side, where it is no edge of the frame
    alone: Final = 12.5  # the same where all other sides are edges of the frame
    density: Final = 6.0  # least score a pixel of all of them together
    total: Final = 1200.0  # least score of all of them together
    # how much a pixel of a line that divides a rectangle must score, as a share of one of its sides
    through: Final = 0.5
    shared: Final = 0.6  # intersection over union from which two rectangles count as one
    looked: Final = 200  # rectangles that are sorted out, the best ones
    most: Final = 6  # insets of a picture
    # levels by which brightness changes where it does, from one of 32 x 32 places to the next
    change: Final = 2
    busy: Final = 0.25  # least share of the places of an inset at which it does


INSETS = _Insets()
"""2026-11-23: measured once, on the training half. `scores` are ten times the logarithm of how much oftener
it is so on sides than elsewhere. `mean`, `density` and `total`: on 250 photographs 0.3 insets a picture and none on
87 %; with half of `mean` and two thirds of `density` 0.5, and no more copies were found. `most`: walls of six tiles.
`busy`: the least of 250 photographs was 0.5, of insets of dialogs and windows half have less.
"""


class _Screen:
    """By which features candidates of the copy code are dismissed before they are compared."""

    __slots__ = ()

    side: Final = 320  # long side in pixels at which features are found
    least: Final = 40  # the least shorter side for that
    points: Final = 400  # features of a picture
    fewest: Final = 60  # features of one of the two under which they say nothing
    near: Final = 75  # bits of the copy codes under which such a pair is compared
    # bits under which an inset is so like a picture that the pair is compared whatever its features say
    inset: Final = 80


SCREEN = _Screen()
"""2026-11-30, measured once on photographs, with an earlier network: of 80 copies each all crops to 50 and 25 %,
borders and perspectives share features, insets of 35 to 50 % of the width in 82 %, of 20 to 35 % in 35 %; of 600
unrelated pairs none. Of 109 copies of all families that PDQ does not propose and `compare` knows, 107 do. `fewest` was
chosen. `near`: of 134 copies of icons with fewer features that PDQ does not propose, 130 lie under it or share
features, of 900 other pairs 340. `inset`: of 28 copies without common features, all insets, 21 lie under it; of 1641
other pairs, which another code proposed, 260.
"""


class _Series:
    """Which shots are looked at as neighbors of one series."""

    __slots__ = ()

    seconds: Final = 60.0  # the longest time between two of one camera
    ahead: Final = 3  # how many of the next shots, in time or by name, each is held against
    side: Final = 1200  # long side in pixels at which sharpness is measured


SERIES = _Series()
"""2026-11-30, measured once: of 130 neighbors by name in `sameplace` from about one spot 126 share features, of 124
that show something else and of 8000 random pairs of photographs none. The three numbers were chosen.
"""


class GateTuning:
    """Numbers that change what a gate decides on an upload.

    2026-11-23: chosen; measurements are in bench/RESULTS.md, section "Gate".
    """

    __slots__ = ()

    proxy_side: Final = 320  # longer side of a proxy in pixels
    proxy_bytes: Final = 16_384  # the largest proxy
    proxy_qualities: Final = (80, 70, 60, 50, 40, 30, 20, 10)  # tried in turn until it fits
    proxy_frames: Final = 4  # frames of an animation in its proxy
    proxy_spread: Final = 32  # the first frames, from which these are taken

    candidates: Final = 40  # pictures that one upload is compared with at most, nearest first
    alike: Final = 6  # further candidates by the copy code
    # Distance in bits within which they are. 2026-11-29, `bench gate evasions`: at 95 three of 500 copies were none.
    alike_radius: Final = 105
    # Bits under which one is compared without features: of 1031 photographs two pairs lie under 60, of 170 receipts 70.
    alike_near: Final = 60
    alike_inset: Final = 2  # by that of each inset
    alike_looked: Final = 3  # of these, how many that share features with the upload are compared

    probability: Final = 0.8  # the least to refuse an upload; below it, the upload waits for review
    # A change on proxies below both, the log odds of its strongest region and the share of the frame, counts as
    # compression noise. 2026-11-28: a dozen natural units of log odds, about the sum of two or three cells of noise.
    faint_change: Final = 12.0
    faint_share: Final = 0.03
    faint_excess: Final = 3.0  # the same for the excess over what both quantizations allow
    faint_probability: Final = 0.95  # the probability of such a pair

    # The number of different uploads that match one kept picture within the period, from which on it decides nothing.
    flooding: Final = 100
    flooding_seconds: Final = 86_400.0


GATE: Final = GateTuning()
