"""What decides whether two codings on one grid can come from one source."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["QUANTIZATION", "Quantization"]


@dataclass(frozen=True, slots=True)
class Quantization:
    """The limits of the comparison of coefficients; coefficients are those of the orthonormal DCT of 8-bit levels.

    Attributes:
        luma_slack: what rounding of pixels adds to a difference of luma coefficients.
        color_slack: what rounding adds to a difference of color coefficients.
        subsampled_slack: the same where the two colors were subsampled in two ways.
        unrelated: 90th percentile of the excess from which the pair is no plain re-save, and nothing follows.
        bands: bands of two rows of blocks, spread over the frame, that are looked at before all of it is.
        far, far_apart: excess that counts as far beyond what codings explain, and the share of the blocks of these
            bands from which the pair is no plain re-save for sure: several times what `unrelated` asks for.
        bound: excess from which two codings of one source alone do not explain a block.
        changed: excess from which a block was changed, where next to nothing else lies beyond the bound.
        few: places beyond that bound, at most, that are changes and no sign of a further coding.
        recoded, beyond_usual: with a further coding, the excess from which a block was changed: the one and so many
            times the 90th percentile.
        cut: times as much as a block may differ in which levels beyond black or white were cut off.
        places: places, at most, in which blocks were changed for that to be an edit for sure; more are looked at.
        telling: blocks from which a picture shows by itself that what exceeds the bound is a further coding.
        coarsest: step of the mean of a block beyond which a picture is too coarse for the bound to say much.
        underivable: share of the blocks beyond the bound of one coding from which it did not make the one of the other.
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
