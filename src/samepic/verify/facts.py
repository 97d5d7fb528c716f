"""From what was measured to facts: how whole frames differ, and how one picture laid over the other does."""

from __future__ import annotations

import math
from dataclasses import replace

from samepic.facts import DetailChange, Doubt, Facts, Placing, Proof, ToneChange
from samepic.profiles import JUDGE
from samepic.verdict import PictureInfo, Relation
from samepic.verify.frame import Laid
from samepic.verify.judge import Finding
from samepic.verify.overlap import Overlap
from samepic.verify.placing import placed
from samepic.verify.resave import Reenactment

__all__ = ["frame_facts", "overlap_facts", "proof_of"]

_SAME_DETAIL = (
    0.9  # local correlation of the finest detail under which it is another detail, not one less sharp
)
_COPIES = (Relation.RESAVED, Relation.ADJUSTED, Relation.REFRAMED, Relation.EDITED)


def proof_of(made: Reenactment, copy: str) -> Proof:
    """Return a successful re-enactment as a fact; `copy`, "a" or "b", is what came out of the other one."""
    jpeg = made.jpeg
    if jpeg is None:
        return Proof(copy, lossless=True, resampling=made.resampling)
    return Proof(
        copy,
        quality=jpeg.quality,
        exact=jpeg.quality_exact,
        subsampling=jpeg.subsampling,
        progressive=jpeg.progressive,
        resampling=made.resampling,
    )


def frame_facts(
    a: PictureInfo, b: PictureInfo, finding: Finding, laid: Laid, proof: Proof | None = None
) -> Facts:
    """Return what is known of two whole frames, b laid on a; `proof` is of a re-save."""
    if finding.relation is Relation.UNDECIDABLE:
        return Facts(doubt=_doubt(laid))
    if finding.relation not in _COPIES:
        return Facts()
    facts = Facts(scale=_frame_scale(a, b), places=len(finding.regions))
    if finding.relation is Relation.RESAVED:
        return replace(facts, proof=proof, copy=proof.copy if proof else "")
    tone = ToneChange.NONE
    if laid.tone.grey or laid.tone.coloured:
        tone = ToneChange.WITHOUT_COLOR if laid.tone.grey else ToneChange.WITH_COLOR
    elif laid.tone.change > JUDGE.same_tone:
        tone = _lifted(laid.tone.lift)
    # What was changed in places looks like a change of grain.
    detail = DetailChange.NONE if finding.relation is Relation.EDITED else _detail(laid)
    return replace(facts, tone=tone, detail=detail)


def overlap_facts(
    a: PictureInfo, b: PictureInfo, finding: Finding, over: Overlap, laid: Laid | None = None
) -> Facts:
    """Return what is known of two pictures, b laid over a; `laid` is what their whole frames say, if known."""
    if finding.relation is Relation.UNDECIDABLE:
        return Facts(doubt=Doubt.CONTENT)
    if finding.relation is Relation.DIFFERENT:
        return Facts()
    facts = placed(a, b, over)
    if finding.relation is Relation.SIMILAR:
        shares = facts.placing is Placing.PARTS and finding.probability >= 0.5
        return facts if shares else Facts()
    tone, content = ToneChange.NONE, over.content
    if content.grey or content.coloured:
        tone = ToneChange.WITHOUT_COLOR if content.grey else ToneChange.WITH_COLOR
    elif content.tone > JUDGE.same_tone:
        tone = _lifted(content.lift)
    detail = DetailChange.NONE
    if laid is not None and not facts.is_reshaped:
        detail = _detail(laid, over.alignment.fine)
    return replace(facts, tone=tone, detail=detail, places=len(finding.regions))


def _frame_scale(a: PictureInfo, b: PictureInfo) -> float:
    return math.sqrt(b.width * b.height / (a.width * a.height))


def _lifted(lift: float) -> ToneChange:
    return ToneChange.BRIGHTER if lift > 0 else ToneChange.DARKER if lift < 0 else ToneChange.OTHER


def _detail(laid: Laid, fine: float = 1.0) -> DetailChange:
    """Return how b differs in grain and sharpness; `fine` is the local correlation of the finest detail."""
    if laid.residual is None:
        return DetailChange.NONE
    more = laid.detail > 1
    if laid.residual.grain > JUDGE.grain:
        return DetailChange.GRAINIER if more else DetailChange.LESS_GRAINY
    if laid.residual.softness < JUDGE.lost_detail:
        if fine < _SAME_DETAIL:  # blurred, coarsened or speckled
            return DetailChange.MORE_DETAIL if more else DetailChange.LESS_DETAIL
        return DetailChange.SHARPER if more else DetailChange.LESS_SHARP
    return DetailChange.NONE


def _doubt(laid: Laid) -> Doubt:
    if laid.blank_a and laid.blank_b:
        return Doubt.BLANK
    return Doubt.STRIPES if laid.corners < JUDGE.corners else Doubt.CONTENT
