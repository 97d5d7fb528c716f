"""From the evidence to the relation and its probability."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from samepic.profiles import ALIGN, CONTENT, JUDGE, MODEL
from samepic.verdict import Region, Relation
from samepic.verify.frame import Laid
from samepic.verify.overlap import Overlap
from samepic.verify.quantization import SharedSource
from samepic.verify.resave import Reenactment

__all__ = [
    "CHANGE_FACTORS",
    "FACTORS",
    "Finding",
    "factors_of",
    "judge_frames",
    "judge_overlap",
    "origin_probability",
    "same_probability",
    "stated_probability",
    "unconfirmed",
]


FACTORS = (
    "constant",
    "band shift",
    "agreement",
    "low",
    "fair",
    "uncontained",
    "snug",
    "fine",
    "floor",
    "coarse",
)
"""The factors of the model for one exposure, by name; `factors_of` tells what each is."""

CHANGE_FACTORS = (
    "constant",
    "share",
    "spread",
    "places",
    "largest",
    "low",
    "fair",
    "agreement",
    "fine",
    "coarse",
)
"""The factors of the model for a copy in which nothing was changed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A relation, the probability (0 to 1) of "same", and the regions that changed, in pixels of a."""

    relation: Relation
    probability: float
    regions: tuple[Region, ...] = ()


def judge_frames(laid: Laid, proof: Reenactment | None, shared: SharedSource | None = None) -> Finding:
    """Judge two whole frames that are not equal pixel by pixel.

    `proof` is the best re-enactment of one from the other, its regions already in pixels of a; `shared` how well one
    source explains both codings. The order is the argument: proof first; then too little to tell; then what their
    coding says; then what is left where they lie on each other.
    """
    if proof is not None and proof.proof:
        # What the save itself took away is a re-save, however much; only colours are not lost by saving.
        return Finding(Relation.ADJUSTED if laid.tone.grey else Relation.RESAVED, 0.9999)
    if laid.blank_a and laid.blank_b:
        return Finding(Relation.UNDECIDABLE, 0.5)
    if laid.blank_a or laid.blank_b or laid.residual is None:
        return Finding(Relation.DIFFERENT, 0.0005)
    if shared is not None:
        return _judge_codings(laid, shared)
    if proof is not None and laid.share <= JUDGE.edited_share and _finds_edits(proof, laid):
        return Finding(Relation.EDITED, 0.04, proof.regions)
    return _judge_residual(laid)


def _judge_codings(laid: Laid, shared: SharedSource) -> Finding:
    if shared.regions:
        return Finding(Relation.EDITED, 0.01, shared.regions)
    return Finding(Relation.ADJUSTED if laid.tone.grey or laid.tone.coloured else Relation.RESAVED, 0.999)


def _finds_edits(proof: Reenactment, laid: Laid) -> bool:
    """Tell whether what a re-enactment did not reproduce was changed.

    A source that was stored without loss is reproduced everywhere else; after a change of size or a lossy coding of the
    source, something must stand out without re-enactment, too.
    """
    if not proof.regions or proof.exact < JUDGE.exact_share or laid.tone.matrix is not None:
        return False
    return proof.jpeg is None or laid.residual is None or laid.residual.peak > JUDGE.unexplained


def _judge_residual(laid: Laid) -> Finding:
    assert laid.residual is not None
    margin = laid.residual.peak / JUDGE.unexplained
    if laid.structure < JUDGE.structure:
        return Finding(Relation.DIFFERENT, 0.002)
    if laid.agreement < JUDGE.agree:
        relation = Relation.DIFFERENT if laid.share > JUDGE.edited_share else Relation.UNDECIDABLE
        return Finding(relation, 0.05)
    if laid.share > JUDGE.edited_share or (laid.tone.matrix is not None and laid.corners < JUDGE.corners):
        return Finding(Relation.UNDECIDABLE, 0.2)
    if laid.regions:
        return Finding(Relation.EDITED, 0.04, laid.regions)
    probability = 0.995 if margin <= 0.6 else 0.98 if margin <= 1 else 0.9
    return Finding(_kind(laid), probability)


def _kind(laid: Laid) -> Relation:
    """Tell a re-save from a picture whose tone, sharpness or grain was changed all over."""
    left = laid.residual
    sound = left is None or (left.softness >= JUDGE.lost_detail and left.grain <= JUDGE.grain)
    if laid.tone.change <= JUDGE.same_tone and sound:
        return Relation.RESAVED
    return Relation.ADJUSTED


def factors_of(over: Overlap) -> dict[str, float]:
    """Return the factors of the model, by name: what tells a copy from another shot of the same scene.

    `band shift` is the logarithm of how far tracked points stray from one map (two views of a scene never move as one);
    `agreement`, `low`, `fair`, `fine`, `floor` and `coarse` are local correlations; `uncontained` is what neither
    picture has of the other (neighbours in a panorama each show something new); `snug` tells frame on frame; `share`,
    `spread`, `places` and `largest` say how much of the content has changed.
    """
    found, content = over.alignment, over.content
    return {
        "constant": 1.0,
        "band shift": math.log(0.05 + min(3.0, found.band)),
        "agreement": -math.log(1.02 - found.agreement),
        "low": math.sqrt(found.low),
        "fair": math.sqrt(found.fair),
        "uncontained": 0.0 if found.tiled else 5.0 * min(0.3, 1.0 - over.contained),
        "snug": float(over.is_snug),
        "fine": found.fine,
        "floor": found.floor,
        "coarse": -math.log(1.02 - found.coarse),
        "share": math.sqrt(content.share),
        "spread": content.spread,
        "places": math.log(1.0 + len(over.regions)),
        "largest": math.sqrt(content.largest),
    }


def origin_probability(over: Overlap) -> float:
    """Return the probability, 0 to 1, that both pictures come from one exposure, be it edited or not."""
    return _logistic(over, MODEL.origin)


def same_probability(over: Overlap) -> float:
    """Return the probability, 0 to 1, that both are the same picture, with nothing added or taken away."""
    return origin_probability(over) * _logistic(over, MODEL.unchanged)


def stated_probability(over: Overlap) -> float:
    """Return `same_probability` scaled so that it means what it says (Platt 1999), 0 to 1."""
    p = min(1 - 1e-6, max(1e-6, same_probability(over)))
    return 1.0 / (1.0 + math.exp(-(MODEL.slope * math.log(p / (1 - p)) + MODEL.intercept)))


def _logistic(over: Overlap, weights: Mapping[str, float]) -> float:
    factors = factors_of(over)
    logit = sum(weight * factors[name] for name, weight in weights.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


def judge_overlap(over: Overlap, frames: Finding, *, same_shape: bool) -> Finding:
    """Judge two pictures of which one lies on the other; `frames` is what their whole frames say.

    `same_shape` tells that the frames have one shape. Where the overlap says nothing, `frames` holds.
    """
    one, same, stated = origin_probability(over), same_probability(over), stated_probability(over)
    unchanged = same >= one * (MODEL.overruled if over.regions else MODEL.same)
    # A crop keeps the tone; where both differ, it may be a shot with another focal length.
    part = over.is_part and not over.pasted
    zoomed = part and over.content.tone > JUDGE.same_tone
    certain = one >= (MODEL.zoomed if zoomed else MODEL.copy) and same >= MODEL.likely
    if certain and unchanged and over.contained >= MODEL.contained:
        plain = same_shape and over.is_upright
        return Finding(Relation.ADJUSTED if plain else Relation.REFRAMED, stated)
    if one >= MODEL.edited and over.regions and not unchanged and over.content.share <= CONTENT.most:
        return Finding(Relation.EDITED, min(stated, 0.5), over.regions)
    if over.alignment.matched >= ALIGN.credible or over.alignment.agreement >= JUDGE.agree:
        return Finding(Relation.SIMILAR, min(stated, 0.5))
    return unconfirmed(frames)


def unconfirmed(frames: Finding) -> Finding:
    """Return what whole frames say that a closer look could not confirm: "different", or that it cannot be told."""
    if frames.relation in (Relation.DIFFERENT, Relation.UNDECIDABLE):
        return frames
    return Finding(Relation.UNDECIDABLE, 0.3)
