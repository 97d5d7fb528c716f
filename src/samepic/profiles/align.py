"""What decides how one picture is laid over the other."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ALIGN", "Align"]


@dataclass(frozen=True, slots=True)
class Align:
    """The sizes and limits of alignment; lengths are in pixels of the reduced pictures.

    Attributes:
        side: long side to which pictures are reduced before features are looked for.
        small_side: long side up to which pictures are enlarged for it.
        points: features a picture.
        close_side, close_points: the same of a picture that is looked at more closely because nothing was found.
        far_side, far_points: the same of the picture that may be a small part of it.
        ratio: Hamming distance of the nearest descriptor over that of the second nearest, at most (Lowe 2004).
        reach: distance of a matched feature from where the map puts it, from which it is an outlier.
        inliers: matched features from which a map is looked at.
        credible: matched features from which two pictures that are no copies show the same things.
        sure: matched features from which no other map is looked for.
        scale: largest enlargement or reduction between the two.
        shear: largest ratio of the two axes of a circle after the map.
        depth: largest ratio of scales between two corners.
        tracked: points that are tracked to refine a map, and spread to measure what is left.
        track_reach: distance in pixels from which a tracked point is an outlier.
        smooth: sigma of the Gaussian blur, in pixels, before points are tracked and structure is compared.
        low, fair: local correlations under which a place disagrees, and does not agree well.
        upper: percentile of the local correlations that speaks for the overlap.
        telling_points: tracked points from which their strays tell something.
        same_tone: change of luma in levels, at most, that is not undone before points are tracked.
        grain: squared levels by which noise lets the two sides of an edge differ.
        strong: sigma of the Gaussian blur after which only coarse structure is compared.
        band: sigmas of the Gaussian blurs between which lies the fine detail that is tracked on its own.
        rich, lower: percentiles: of the detail from which a place is rich in it, and of the correlations there.
        enough: tracked points whose surroundings agree below which others are looked for.
        fine_shift: median stray in pixels from which points are tracked again, on fine detail alone.
        settled: distance in pixels by which tracking may move the corners for the map to be taken as it is.
        snug: share of both pictures that must overlap for the one to lie on the other frame on frame.
        framed: share of what there is to see that must lie in the overlap for the rest to be a border.
        edge: mean squared difference across the edge of the overlap, as a share of what two strange pictures would
            have, from which the smaller picture was pasted in.
        jump, power: times that the median and the mean squared difference across that edge must exceed those beside
            it, plus coding noise; either suffices.
        off_corner: distance of a corner from its place, as a share of the longer side, in a frame that was only scaled.
        most_border: share of the overlap that a plain border may cover; what is larger may have been painted over.
        plain: standard deviation, in levels, of the rows and columns of a plain border.
        fitting_shift, fitting_agreement: median stray in pixels, at most, and median local correlation, at least, of a
            guessed map that needs no features.
        divided: share of the overlap that must disagree for a rectangle to be looked for in which it agrees.
        least_tile: share of the overlap that such a rectangle must cover.
        alike_inside, strange_outside: shares of what tells something that must agree within such a rectangle, and
            disagree round it.
        some_outside: share of what tells something that must disagree round it.
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
"""2026-11-23, `python -m bench.accuracy` on the training half; see bench/RESULTS.md."""
