"""Tuning of fingerprints and their search, and of insets."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["INSETS", "SEARCH", "Insets", "SearchLimits"]


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """Thresholds of fingerprints and of the search for candidates.

    `radius` in bits, of 256, within which two codes make a candidate; `quality` 0 to 100 and `detail` 0 to 100
    under either of which a code says too little to match alone; `noise` in luma levels of the 64x64 samples'
    cosine terms, under which a term is noise; `side` in pixels that the shorter side of a reduced decode keeps.
    `copy_side` in pixels is the side of the square that the network of copy codes sees, `copy_decode` what the shorter
    side of a reduced decode for it keeps, which insets are sought in too; `copy_nearest` is how many pictures nearest
    by copy code are candidates, as far as they are within `copy_radius` bits, of 256; `part_nearest` and `part_radius`
    are the same for each quarter of the query, `inset_nearest` and `inset_radius` for each inset of it.
    `band_radius` in bits within which bands find PDQ codes, each band within `band_bits` of its bits.
    `table_count` is how many tables find copy codes by sampled bits, `table_width` of them each, within `table_bits`.
    """

    radius: int = 80
    quality: int = 20
    detail: int = 50
    noise: float = 2.0
    side: int = 128
    copy_side: int = 176
    copy_decode: int = 192
    copy_nearest: int = 5
    copy_radius: int = 95
    part_nearest: int = 1
    part_radius: int = 90
    inset_nearest: int = 3
    inset_radius: int = 95
    band_radius: int = 31
    band_bits: int = 2
    table_count: int = 16
    table_width: int = 18
    table_bits: int = 2


SEARCH = SearchLimits()
"""2026-11. `radius`: on 499 500 pairs of distinct photographs the least distance was 86 bits. `detail` and `noise`: of
1031 photographs none had a detail under 85, of blank, noisy, sloping and two-toned pictures none over 54, and of those
without grain all had 0. `quality`: the least of 1031 photographs was 49, grain on a flat ground gave at most 3.
`side`: bench/pdq_distance.py; at 128 every photograph is within 14 bits of its reference code, at 64 one in a hundred
is beyond 16.

2026-11-23: `copy_side`: at 176 recall is that of 192 in five sixths of the time, at 160 hard crops are missed.
`copy_decode`: what insets are sought in must not be less. `copy_nearest`, `copy_radius`: bench/retrieval.py, 1840
copies among 5539 pictures. Of all but collages and pictures in pictures 99.9 % were candidates at 5 and 95, 99.7 at 3
and 90, 99.9 at 10 and any distance, with 4.6, 2.4 and 10 candidates a picture. `part_nearest` and `part_radius`: 62 %
of the collages instead of 35 for 0.8 candidates more; 3 within 95 bits found 70 % for 6.5 more. `inset_nearest` and
`inset_radius`: of collages of three, on the training half, 73 % of the originals are nearest to their tile and 87 %
among the first 3; of all families 99.5 % are candidates instead of 97.1 for 1.4 more a picture.

2026-11-23, bench/joining.py, 920 copies of 20 photographs among 3020 pictures: `band_radius`: 65 % of the copies are
within 31 bits, 10 % between 32 and 80, of which the copy code finds 98.9 %; so with the copy code 96.6 % of all are
found at 31, 96.7 at 80. `band_bits`: by arithmetic, sixteen bands within 1 bit would look at one code in thirty,
eight within 3 make fourteen times the probes of eleven within 2, which look at one code in 400. `table_count`,
`table_width`, `table_bits`: 95 % of the copies that looking at all copy codes finds, for looking at one code in a
hundred; tables of 16 bits find 97.5 % for one in thirty, of 20 bits 92 % for one in three hundred.
"""


@dataclass(frozen=True, slots=True)
class Insets:
    """Thresholds of the search for insets.

    Attributes:
        side: pixels of the longer side at which it is done, where there are as many.
        smallest: pixels of the shorter side under which a picture has no insets, and half of it an inset is none.
        step: levels by which two pixels beside a line must differ from the two beyond it.
        reaches: pixels to either side among which the step must be the largest, narrow and wide.
        scores: what a pixel of a line is worth where the step is the largest in none of them, in one, in both.
        lines: how many columns, and how many rows, are taken for sides.
        run: least score of the best part of such a line.
        least: shortest side, as a share of the frame's.
        area: least and largest share of the frame.
        aspect: largest ratio of the longer to the shorter side.
        mean: least score a pixel of each side, where it is no edge of the frame.
        alone: the same where all other sides are edges of the frame.
        density: least score a pixel of all of them together.
        total: least score of all of them together.
        through: how much a pixel of a line that divides a rectangle must score, as a share of one of its sides.
        shared: intersection over union from which two rectangles count as one.
        looked: rectangles that are sorted out, the best ones.
        most: insets of a picture.
        change: levels by which brightness changes where it does, from one of 32 x 32 places to the next.
        busy: least share of the places of an inset at which it does.
    """

    side: int = 384
    smallest: int = 48
    step: int = 10
    reaches: tuple[int, int] = (1, 3)
    scores: tuple[int, int, int] = (-9, 8, 17)
    lines: int = 14
    run: int = 200
    least: float = 0.09
    area: tuple[float, float] = (0.02, 0.9)
    aspect: float = 4.0
    mean: float = 2.0
    alone: float = 12.5
    density: float = 6.0
    total: float = 1200.0
    through: float = 0.5
    shared: float = 0.6
    looked: int = 200
    most: int = 6
    change: int = 2
    busy: float = 0.25


INSETS = Insets()
"""2026-11-23: bench/retrieval_insets.py, on the training half. `scores` are ten times the logarithm of how much oftener
it is so on sides than elsewhere. `mean`, `density` and `total`: on 250 photographs 0.3 insets a picture and none on
87 %; with half of `mean` and two thirds of `density` 0.5, and no more copies were found. `most`: walls of six tiles.
`busy`: the least of 250 photographs was 0.5, of insets of dialogs and windows half have less.
"""
