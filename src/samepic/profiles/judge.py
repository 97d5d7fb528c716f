"""What decides a relation once two pictures lie on each other."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["JUDGE", "Judge"]


@dataclass(frozen=True, slots=True)
class Judge:
    """The thresholds of verification; levels are those of 8-bit samples, 0 to 255.

    Attributes:
        work_pixels: pictures are halved to at most this size to be laid on each other; full size is screened.
        tiny_side: a side below this many pixels holds too little to tell.
        blank_detail: RMS of the luma left after a quadratic surface is taken out, below which a picture is blank.
        aspect_slack: pixels by which a scaled side may be off through rounding.
        same_tone: 90th percentile of the change of block means that still counts as the same tone.
        agree: share of b's coarse luma variance that a explains (R squared) in pictures that may be the same.
        apart: R squared under which two pictures have nothing in common.
        turned: correlation of coarse pictures from which a turned or mirrored frame is looked at.
        telling: standard deviation, in levels, from which a window of 17 x 17 pixels tells something.
        structure: median local correlation from which two pictures show the same structure.
        clear_structure: median local correlation from which whole frames need no closer look.
        clear_agreement: share of coarse luma variance explained from which whole frames need no closer look.
        doubtful_agreement, doubtful_structure: the same, and the median local correlation, of which frames that lie
            edge on edge must reach the one or the other to be the same picture.
        corners: share of the frame, at a long side of 400, that must hold corners for more than tone to be compared.
        corner: smallest eigenvalue of the gradients' covariance (OpenCV's scale) that makes a corner.
        noise_floor: levels of difference per block that need no explanation.
        unexplained: ratio of a block's difference to what coding explains at which content has changed.
        grow: ratio down to which a changed region reaches out from its seed.
        core: share of a region's largest ratio that its edge must reach, so that faint fringes draw no box.
        visible: levels that a changed region must reach in luma or colour, in the mean over 8 x 8 pixels.
        edited_share: share of the frame that edits may cover; beyond, it is another picture.
        lost_detail: share of the fine detail (Laplacian RMS) of the coded source that the target must keep not to
            count as blurred; where b is the source, a is the blurred one and b the grainier.
        grain: levels of difference in the quietest tenth of the frame from which noise was added all over.
        near_difference: typical difference in levels, at most, of a copy so near its source that the finest test of
            changed content holds; beyond it only changed structure counts.
        near_softness, near_places: the fine detail, at least, and the changed places, at most, of such a copy.
        hardly, touched_tone, touched_detail: the ratio of a block's difference to what coding explains under which a
            change hardly stands out, and the change of block means in levels, and of fine detail as a logarithm, from
            which such a one may come of what was done to the whole frame, so that a closer look decides.
        alike_structure, plainly: the median local correlation of two copies, of the same tone and much the same fine
            detail, from which a place whose ratio is this was changed, however coarse their coding.
        untouched_tone, untouched_detail, untouched_plainly: the change of block means in levels, and of fine detail as
            a logarithm, under which a lower ratio, the third, suffices for that.
        clearer_fit: factor by which one direction of the photometric fit must be better to decide the source.
        exact_share: share of textured blocks that re-enactment must reproduce bit for bit to count as evidence.
        exact_slack: levels by which decoders' and encoders' rounding may differ in a re-enactment.
        textured: range of luma, in levels, from which an 8 x 8 block of a re-enactment tells something.
        tight: share of a box's largest difference that its drawn-in edge must reach.
        scalings_tried: ways of scaling, the nearest first, that a re-enactment at another size tries.
        busy_tile: mean step from row to row, in levels, from which a tile of 64 x 64 shows anything by which the
            strength of coding noise can be matched.
        active_noise: levels of coding noise from which a cell of 4 x 4 counts where that strength is scaled.
        noise_range: factors between which the coded yardstick may be brought to the strength that is seen.
        quality_gap, metadata_gap: IJG quality and bytes of metadata by which one of two copies is the original.
        frames_looked_at: frames of an animation that are compared, evenly spread over it.
    """

    work_pixels: int = 1_200_000
    tiny_side: int = 12
    blank_detail: float = 2.0
    aspect_slack: float = 1.0
    same_tone: float = 4.0
    agree: float = 0.80
    apart: float = 0.50
    turned: float = 0.85
    telling: float = 4.0
    structure: float = 0.50
    clear_structure: float = 0.80
    clear_agreement: float = 0.95
    doubtful_agreement: float = 0.90
    doubtful_structure: float = 0.85
    corners: float = 0.001
    corner: float = 4e-4
    noise_floor: float = 2.0
    unexplained: float = 2.6
    grow: float = 1.3
    core: float = 0.12
    visible: float = 6.0
    edited_share: float = 0.40
    lost_detail: float = 0.50
    grain: float = 6.0
    near_difference: float = 4.5
    near_softness: float = 0.5
    near_places: int = 2
    hardly: float = 4.2
    touched_tone: float = 1.8
    touched_detail: float = 0.22
    alike_structure: float = 0.9
    plainly: float = 6.0
    untouched_tone: float = 1.3
    untouched_detail: float = 0.09
    untouched_plainly: float = 3.0
    clearer_fit: float = 1.3
    exact_share: float = 0.90
    exact_slack: float = 3.0
    textured: int = 2
    tight: float = 0.25
    scalings_tried: int = 4
    busy_tile: float = 0.5
    active_noise: float = 0.05
    noise_range: tuple[float, float] = (0.6, 1.6)
    quality_gap: int = 3
    metadata_gap: int = 200
    frames_looked_at: int = 100


JUDGE = Judge()
"""2026-11-22, `python -m bench.resaves` on Kodak and BSDS500; see bench/RESULTS.md.

2026-11-23: `hardly`, `touched_tone`, `touched_detail`: of 855 copies with changed content that whole frames settled,
none was under the three, of 21 with changed tone or sharpness that were wrongly called edited 11 (`bench.accuracy`).

2026-11-23: `alike_structure`, `plainly`, `untouched_...`: of 2368 copies with a small change, half of them laid against
a copy at quality 60, 169 passed as the same, 81 do since; none of 15 318 unchanged re-saves in all pairings became
edited by them (`bench.resaves`).

2026-11-23: `busy_tile`, `active_noise`: the least that is not nothing, chosen; with them 608 of 608 re-saves of things
on plain ground are the same (`bench.resaves plain`), 89 with tiles at fixed places.
"""
