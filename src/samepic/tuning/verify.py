"""Tuning of verdicts: alignment, encodings, probabilities, small pictures, and which copy is better."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ALIGN",
    "BLANK",
    "DEPTH",
    "JUDGE",
    "KEEP",
    "PART",
    "POSSIBLE",
    "QUANTIZATION",
    "RESOLUTION",
    "VISIBILITY",
    "Align",
    "Blank",
    "DepthLimits",
    "Judge",
    "PartLimits",
    "QualityLimits",
    "Quantization",
    "Resolution",
    "VisibilityAnchors",
]


@dataclass(frozen=True, slots=True)
class Blank:
    """When two single-color pictures are different pictures.

    Attributes:
        spread: levels, in each channel, within which compression and noise still leave one color.
        filled: share of a picture that must be of that color.
        apart: distance in CIELAB (delta E 1976) from which two colors are clearly different: more than a change of
            exposure between two scans of white paper, and less than any two named colors.
        same: probability that a person would call such a pair the same.
    """

    spread: int = 12
    filled: float = 0.999
    apart: float = 25.0
    same: float = 0.001


@dataclass(frozen=True, slots=True)
class DepthLimits:
    """Limits for pictures of more than 8 bits per sample.

    Attributes:
        narrow: share of the storable range within which two pictures are stretched before they are compared: 8 bits
            show at most 16 steps of it, so labels and raw data look black.
        flat: levels within which the displayed picture is one flat color.
        shown_alike: probability of "same" of two pictures that look identical on a screen.
    """

    narrow: float = 1 / 16
    flat: int = 0
    shown_alike: float = 0.999


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Limits that make one of two copies the better one, beyond their headers.

    Attributes:
        as_large: share of the other's pixels from which transparency, depth and camera data outweigh size; below it
            a thumbnail would be kept instead of the full picture.
        enlarged: factor between the sides of two pictures from which the larger may be an enlargement.
        rounding: levels by which a repeated enlargement may differ.
        exact: share of samples that must be that close. A soft original may nearly equal its own enlarged reduction,
            and must be kept: its noise exceeds rounding.
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
class PartLimits:
    """When a picture found in another pixel for pixel is a part of it, and how it is searched for.

    Attributes:
        share: share of the whole's pixels below which a part is an icon or a logo rather than the picture.
        corners: pixels that differ from the next one and from the one below that a part must have at least; a word
            of twelve letters has about this many.
        sampled: of these, the number searched for one of a rare color.
        probes: pixels that are compared before a place is compared as a whole.
        places: places that are compared as a whole; periodic patterns may leave more, all alike.
        same: probability that a person would call the two the same.
    """

    share: float = 0.05
    corners: int = 200
    sampled: int = 2048
    probes: int = 64
    places: int = 32
    same: float = 0.99


BLANK = Blank()
"""2026-11: chosen; tests/verify/test_blank.py shows what they are for."""

DEPTH = DepthLimits()
"""2026-11: chosen; tests/verify/test_depth.py shows what they are for."""

PART = PartLimits()
"""2026-11: chosen; tests/verify/test_part.py shows what they are for."""

KEEP = QualityLimits()
"""2026-11: chosen; tests/verify/test_order_stored.py and tests/gate/test_originals.py show what they are for."""


@dataclass(frozen=True, slots=True)
class Align:
    """The sizes and limits of alignment; lengths are in pixels of the reduced pictures.

    Attributes:
        side: long side to which pictures are reduced before features are detected.
        small_side: long side up to which pictures are enlarged for that.
        points: features per picture.
        close_side, close_points: the same for a second search where nothing was found.
        far_side, far_points: the same for the picture that may be a small part of the other.
        ratio: Hamming distance of the nearest descriptor over that of the second nearest, at most (Lowe 2004).
        reach: distance of a matched feature from where the map puts it, from which it is an outlier.
        inliers: matched features from which a map is considered.
        credible: matched features from which two pictures that are not copies show the same things.
        sure: matched features from which no other map is searched for.
        scale: largest enlargement or reduction between the two.
        shear: largest ratio of the two axes of a circle after the map.
        depth: largest ratio of scales between two corners.
        tracked: points that are tracked to refine a map, and spread to measure what is left.
        track_reach: distance in pixels from which a tracked point is an outlier.
        smooth: sigma of the Gaussian blur, in pixels, before points are tracked and structure is compared.
        low, fair: local correlations under which a place disagrees, and does not agree well.
        upper: percentile of the local correlations that stands for the overlap.
        telling_points: tracked points from which their strays are informative.
        same_tone: largest change of luma, in levels, that is not undone before points are tracked.
        grain: squared levels by which noise lets the two sides of an edge differ.
        strong: sigma of the Gaussian blur after which only coarse structure is compared.
        band: sigmas of the Gaussian blurs between which lies the fine detail that is tracked on its own.
        rich, lower: percentiles: of the detail from which a place is rich in it, and of the correlations there.
        enough: tracked points with matching surroundings below which others are searched for.
        fine_shift: median stray in pixels from which points are tracked again, on fine detail alone.
        settled: distance in pixels by which tracking may move the corners for the map to be taken as it is.
        snug: share of both pictures that must overlap for the frames to coincide.
        framed: share of the visible content that must lie in the overlap for the rest to be a border.
        edge: mean squared difference across the edge of the overlap, as a share of what two unrelated pictures would
            have, from which the smaller picture was pasted in.
        jump, power: times that the median and the mean squared difference across that edge must exceed those beside
            it, plus coding noise; either suffices.
        off_corner: distance of a corner from its place, as a share of the longer side, in a frame that was only scaled.
        most_border: share of the overlap that a plain border may cover; a larger part may have been painted over.
        plain: standard deviation, in levels, of the rows and columns of a plain border.
        fitting_shift, fitting_agreement: median stray in pixels, at most, and median local correlation, at least, of a
            guessed map that needs no features.
        divided: share of the overlap that must disagree for a rectangle that agrees to be searched for.
        least_tile: share of the overlap that such a rectangle must cover.
        alike_inside, strange_outside: shares of the informative overlap that must agree within such a rectangle, and
            disagree round it.
        some_outside: share of the informative overlap that must disagree round it.
        overlap_pixels: pixels of the overlap, at the size for features, below which it holds too little.
    """

    side: int = 400
    small_side: int = 240
    points: int = 700
    close_side: int = 640
    close_points: int = 2500
    far_side: int = 200
    far_points: int = 500
    ratio: float = 0.85
    reach: float = 3.0
    inliers: int = 8
    credible: int = 15
    sure: int = 20
    scale: float = 12.0
    shear: float = 2.5
    depth: float = 4.0
    tracked: int = 250
    track_reach: float = 1.0
    smooth: float = 1.2
    low: float = 0.4
    fair: float = 0.7
    upper: float = 75.0
    telling_points: int = 12
    same_tone: float = 5.0
    grain: float = 30.0
    strong: float = 3.0
    band: tuple[float, float] = (0.8, 2.0)
    rich: float = 60.0
    lower: float = 25.0
    enough: int = 60
    fine_shift: float = 0.12
    settled: float = 0.5
    snug: float = 0.97
    framed: float = 0.93
    edge: float = 0.5
    jump: float = 1.25
    power: float = 1.6
    off_corner: float = 0.012
    most_border: float = 0.15
    plain: float = 3.0
    fitting_shift: float = 0.3
    fitting_agreement: float = 0.85
    divided: float = 0.08
    least_tile: float = 0.12
    alike_inside: float = 0.85
    strange_outside: float = 0.8
    some_outside: float = 0.06
    overlap_pixels: int = 1_200


ALIGN = Align()
"""2026-11-23, `python -m bench lookalikes --kinds altered,labelled` on the training half; see bench/RESULTS.md."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The thresholds of verification; levels are those of 8-bit samples, 0 to 255.

    Attributes:
        tiny_side: a side below this many pixels has too little content to judge.
        blank_detail: RMS of the luma left after a quadratic surface is taken out, below which a picture is blank.
        aspect_slack: pixels by which a scaled side may be off through rounding.
        same: probability of "same" from which two pictures are called so.
        copy: probability of one exposure that is required as well where a map had to be found.
        one_exposure: probability of one exposure from which what differs is called an edit.
        contained: share of the visible content of one of the two that the other must show for them to be the same.
        most_changed: share of the overlap that edits may cover; beyond, it is another picture.
        most_doubt, unlike: highest probability of "same" of pairs that are not called so, and of unrelated pairs.
        turned_sign: probability of "same" of two signs that are equal only once one is turned or mirrored.
        alike: local correlation from which two pictures, neither a copy of the other, show the same things.
        coded_alike, coded_apart: probability of "same" where one source explains both codings, and where none does.
        surest: logarithm of odds at which the surest cell is capped.
        same_tone: 90th percentile of the change of tone that still counts as none.
        lost_detail: share of the fine detail (Laplacian RMS) that a copy must keep not to count as blurred.
        grain: levels of difference in the quietest tenth of the frame from which noise was added all over.
        turned: correlation of coarse pictures from which a turned or mirrored frame is tried.
        telling: standard deviation, in levels, from which a window of 17 x 17 pixels has structure.
        exact_share: share of textured blocks that re-enactment must reproduce bit for bit to count as evidence.
        exact_slack: levels by which decoders' and encoders' rounding may differ in a re-enactment.
        textured: range of luma, in levels, from which an 8 x 8 block of a re-enactment counts.
        scalings_tried: ways of scaling, the nearest first, that a re-enactment at another size tries.
        near_size: change of size, as a share, under which rows are not scaled alone.
        provable: probability of "same" from which a re-enactment is tried.
        quality_gap, metadata_gap: IJG quality and bytes of metadata by which one of two copies is the original.
        frames_looked_at: frames of an animation that are compared, evenly spread over it.
    """

    tiny_side: int = 12
    blank_detail: float = 2.0
    aspect_slack: float = 1.0
    same: float = 0.8
    copy: float = 0.8
    one_exposure: float = 0.5
    contained: float = 0.6
    most_changed: float = 0.7
    most_doubt: float = 0.5
    unlike: float = 0.02
    turned_sign: float = 0.4
    alike: float = 0.80
    coded_alike: float = 0.999
    coded_apart: float = 0.01
    surest: float = 8.0
    same_tone: float = 4.0
    lost_detail: float = 0.50
    grain: float = 6.0
    turned: float = 0.85
    telling: float = 4.0
    exact_share: float = 0.90
    exact_slack: float = 3.0
    textured: int = 2
    scalings_tried: int = 4
    near_size: float = 0.1
    provable: float = 0.05
    quality_gap: int = 3
    metadata_gap: int = 200
    frames_looked_at: int = 100


JUDGE = Judge()
"""2026-11-28, `python -m bench fit_evidence --count 260`, held-out pairs of the training half: with these `same`
and `copy` 18 of 8541 pairs that are not the same are called so, and 266 of 8750 copies are not; at 0.6 31 and 189."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """The limits of the comparison of coefficients: those of the orthonormal DCT of 8-bit levels.

    Attributes:
        luma_slack: what rounding of pixels adds to a difference of luma coefficients.
        color_slack: what rounding adds to a difference of color coefficients.
        subsampled_slack: the same where the two colors were subsampled in two ways.
        unrelated: 90th percentile of the excess from which the pair is no plain re-save, and nothing can be concluded.
        bands: bands of two rows of blocks, spread over the frame, that are compared before the whole.
        far, far_apart: excess that counts as far beyond what codings explain, and the share of the blocks of these
            bands from which the pair is no plain re-save for sure: several times what `unrelated` asks for.
        bound: excess from which two codings of one source alone do not explain a block.
        changed: excess from which a block was changed, where almost nothing else exceeds the bound.
        few: largest number of places beyond that bound that are changes rather than a sign of a further encoding.
        recoded, beyond_usual: with a further coding, the excess from which a block was changed: the one and so many
            times the 90th percentile.
        cut: factor by which a block with clipped levels may differ more.
        places: largest number of places with changed blocks that are an edit for sure; more are examined.
        telling: blocks from which a picture shows by itself that an excess comes from a further encoding.
        coarsest: step of the mean of a block beyond which a picture is too coarse for the bound to say much.
        underivable: share of the blocks beyond the bound of one coding from which neither was made from the other.
        equal: share of the blocks with structure of two pictures stored without loss that must be equal for the rest to
            have been changed.
        structure: levels between neighbors from which such a block counts.
        rounding: levels by which two decoders may differ in such a block.
        core, most_core: share of a region's largest difference that the edge of its box must reach: at least, and at
            most where coding differs by as much elsewhere.
    """

    luma_slack: float = 6.0
    color_slack: float = 20.0
    subsampled_slack: float = 45.0
    unrelated: float = 2.0
    bands: int = 6
    far: float = 6.0
    far_apart: float = 0.3
    bound: float = 1.05
    changed: float = 1.5
    few: int = 4
    recoded: float = 1.0
    beyond_usual: float = 2.0
    cut: float = 3.5
    places: int = 2
    telling: int = 1024
    coarsest: int = 80
    underivable: float = 0.1
    equal: float = 0.9
    structure: int = 6
    rounding: float = 3.0
    core: float = 0.25
    most_core: float = 0.6


QUANTIZATION = Quantization()
"""2026-11-28, children of 21 photographs in six pairs of codings: luma exceeds the bound by 3.4 at most, color by 22;
local edits of 0.1 % of the frame exceed it by 25 and more. See "Children of one picture" in bench/RESULTS.md.
`places`: of 53 edits of the training half one changes more than two; of 20 copies that were called edits (of the test
half, which was drawn anew to measure) 12 do. `telling` was chosen, `far` and `far_apart` are several times `unrelated`.
"""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What counts as writing that a smaller picture has lost; levels are 0 to 255, lengths are pixels.

    Attributes:
        unresolved: least `samepic.verify.photometry.unresolved` of a picture that a small copy does not represent.
        pixels: size to which larger pictures are reduced before they are measured.
        cell: side of the cells that are measured.
        contrast: range of levels from which a cell has strokes.
        kept: share of a cell's variance that must survive, or its strokes are lost.
        flat: median deviation from the background level up to which there is a background.
        ink: least share of a cell that its strokes cover.
        other: share of a cell of writing that may deviate from the background to the other side.
        strokes: mean number of changes between background and ink in a row or column with ink.
        level: levels by which the backgrounds of neighboring cells may differ.
        run: neighboring cells in a row or column from which they are writing.
    """

    unresolved: float = 0.04
    pixels: int = 750_000
    cell: int = 16
    contrast: int = 50
    kept: float = 0.5
    flat: float = 8.0
    ink: float = 0.06
    other: float = 0.05
    strokes: float = 1.8
    level: int = 8
    run: int = 3


RESOLUTION = Resolution()
"""2026-11-28, `python -m bench gate_proxies --measure`, at 320 pixels: receipts have 0.050 and more, drawn forms 0.070,
pages of 1 to 20 lines 0.057, noisy ones 0.25; of 1031 photographs 3 have 0.04 and more. Pages whose letters are large
enough have less, and what is changed in them is seen on the small picture.
"""

POSSIBLE = Resolution(
    unresolved=0.05, pixels=120_000, cell=8, contrast=25, kept=1.5, flat=5.0, ink=0.03, strokes=1.0
)
"""Loose rules for a picture of some 400 pixels, of which there may be a larger one, reduced to half of that.

2026-11-28: receipts, forms and pages reduced to 330, 400 and 640 pixels have 0.115 and more; of photographs a tenth has
0.05.
"""


@dataclass(frozen=True, slots=True)
class VisibilityAnchors:
    """The scores of SSIMULACRA 2.1 from which an average observer, at 1:1 and a usual distance, sees no difference.

    Attributes:
        flickering: not even when flickering between the two.
        in_place: not when one replaces the other in place.
        side_by_side: not side by side.
        barely: barely, side by side; below this score, the difference is visible.
        least_side: the shorter side, in pixels, from which all six scales exist, as the anchors assume.
    """

    flickering: float = 90.0
    in_place: float = 85.0
    side_by_side: float = 80.0
    barely: float = 70.0
    least_side: int = 113


VISIBILITY = VisibilityAnchors()
"""2023-04: the anchors as Cloudinary publishes them with SSIMULACRA 2.1 (README of the reference implementation).

2026-11-23: `least_side`: a side of 113 pixels can be halved five times; with fewer scales the published weights fall on
other scales, and a score means something else.
"""
