"""From the evidence to the relation and its probability."""

from __future__ import annotations

from dataclasses import dataclass

from samepic.profiles import JUDGE
from samepic.verdict import Region, Relation
from samepic.verify.frame import Laid
from samepic.verify.resave import Reenactment

__all__ = ["Finding", "judge_frames"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A relation, the probability (0 to 1) of "same", and the regions that changed, in pixels of a."""

    relation: Relation
    probability: float
    regions: tuple[Region, ...] = ()


def judge_frames(laid: Laid, proof: Reenactment | None) -> Finding:
    """Judge two whole frames that are not equal pixel by pixel.

    `proof` is the best re-enactment of one from the other, its regions already in pixels of a. The order is the
    argument: proof first; then too little to tell; then what is left where they lie on each other.
    """
    if proof is not None and proof.proof:
        # What the save itself took away is a re-save, however much; only colours are not lost by saving.
        return Finding(Relation.ADJUSTED if laid.tone.grey else Relation.RESAVED, 0.9999)
    if laid.blank_a and laid.blank_b:
        return Finding(Relation.UNDECIDABLE, 0.5)
    if laid.blank_a or laid.blank_b or laid.residual is None:
        return Finding(Relation.DIFFERENT, 0.0005)
    if proof is not None and proof.regions and laid.share <= JUDGE.edited_share:
        return Finding(Relation.EDITED, 0.1, proof.regions)
    return _judge_residual(laid)


def _judge_residual(laid: Laid) -> Finding:
    assert laid.residual is not None
    margin = laid.residual.peak / JUDGE.unexplained
    if laid.structure < JUDGE.structure:
        return Finding(Relation.DIFFERENT, 0.002)
    if laid.agreement < JUDGE.agree:
        relation = Relation.DIFFERENT if laid.share > JUDGE.edited_share else Relation.UNDECIDABLE
        return Finding(relation, 0.05)
    if laid.share > JUDGE.edited_share:
        return Finding(Relation.UNDECIDABLE, 0.2)
    if laid.regions:
        return Finding(Relation.EDITED, 0.1, laid.regions)
    probability = 0.995 if margin <= 0.6 else 0.98 if margin <= 1 else 0.9
    return Finding(_kind(laid), probability)


def _kind(laid: Laid) -> Relation:
    """Tell a re-save from a picture whose tone, sharpness or grain was changed all over."""
    left = laid.residual
    sound = left is None or (left.softness >= JUDGE.lost_detail and left.grain <= JUDGE.grain)
    if laid.tone.change <= JUDGE.same_tone and sound:
        return Relation.RESAVED
    return Relation.ADJUSTED
