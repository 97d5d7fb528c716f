"""Look at two pictures: frame on frame, turned or mirrored, and laid over each other where only parts agree."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.facts import Doubt, Facts
from samepic.picture import Picture
from samepic.picture.unprofiled import unprofiled
from samepic.profiles import CONTENT, JUDGE
from samepic.verdict import Region, Relation, Transform
from samepic.verify.facts import frame_facts, overlap_facts, proof_of
from samepic.verify.features import scaling
from samepic.verify.frame import Laid, lay_frames, same_frame
from samepic.verify.judge import (
    Finding,
    factors_of,
    judge_frames,
    judge_overlap,
    origin_probability,
    same_probability,
    unconfirmed,
)
from samepic.verify.mosaic import on_grid, squares_of
from samepic.verify.origin import original_of
from samepic.verify.overlap import Overlap, find_overlap, odd_regions
from samepic.verify.quantization import shared_source
from samepic.verify.resave import Reenactment, reenact
from samepic.verify.residual import Residual
from samepic.verify.turns import Turn, likely_turn

__all__ = ["BLACK", "WHITE", "Answer", "look"]

Pixels: TypeAlias = NDArray[np.uint8]

WHITE, BLACK = 255, 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found before it is put into a verdict.

    `settled` tells that a closer look would not change it; `laid` is what was left of the whole frames, if measured.
    """

    finding: Finding
    facts: Facts
    measures: dict[str, float]
    transform: Transform | None = None
    settled: bool = False
    laid: Laid | None = None


def look(a: Picture, b: Picture, prove: bool) -> Answer:
    """Look at the pair as it is held, then turned or mirrored, then at what parts of them have in common."""
    answer = _look_upright(a, b, prove)
    if answer.settled:
        return answer
    turn = likely_turn(a.on(WHITE), b.on(WHITE))
    if turn is not None:
        held = _held(a, turn)
        turned = _look_upright(held, b, prove)
        if turned.settled:
            return _turned_back(turned, held, b, turn)
    return _look_over(a, b, turn, answer)


def _look_over(a: Picture, b: Picture, turn: Turn | None, answer: Answer) -> Answer:
    """Lay b over a by whatever map fits, and weigh what that shows against the answer for the whole frames."""
    same_shape = same_frame((a.info.width, a.info.height), (b.info.width, b.info.height))
    # Frames that have nothing in common as they are hardly lie on each other: features will tell, and cost less.
    likely = same_shape and answer.measures.get("agreement", 0.0) >= JUDGE.apart
    guesses = [scaling(b.rgb.shape, a.rgb.shape)] if likely else []
    if turn is not None:
        guesses.append(turn.map_from(b.rgb.shape, a.rgb.shape))
    grounds = _grounds(a, b)
    pairs = [(a.on(ground), b.on(ground)) for ground in grounds]
    if same_shape:
        pairs = [_on_one_grid(*pair) for pair in pairs]
    overlaps = [(one, pair) for pair in pairs if (one := find_overlap(*pair, guesses)) is not None]
    if not overlaps or (len(overlaps) < len(pairs) and a.alpha is not None and b.alpha is not None):
        doubt = unconfirmed(answer.finding)
        return (
            answer
            if doubt is answer.finding
            else replace(answer, finding=doubt, facts=Facts(doubt=Doubt.OVERLAP))
        )
    choose = min if a.alpha is not None and b.alpha is not None else max
    over, pair = choose(overlaps, key=lambda one: same_probability(one[0]))
    finding = judge_overlap(over, answer.finding, same_shape=same_shape)
    if finding.relation is Relation.ADJUSTED and _is_doubtful(answer):
        finding = unconfirmed(finding)
    if finding.relation in (Relation.ADJUSTED, Relation.REFRAMED) and (
        odd := odd_regions(pair[0].shape, over)
    ):
        finding = Finding(Relation.EDITED, min(finding.probability, CONTENT.odd_same), odd)
    if finding is answer.finding:
        return answer
    return Answer(
        finding,
        overlap_facts(a.info, b.info, finding, over, answer.laid),
        {**answer.measures, **_numbers_over(over)},
        transform=over.transform() if finding.relation is not Relation.DIFFERENT else None,
    )


def _on_one_grid(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """Return both; where one of two whole frames was coarsened to squares, the other on the same squares."""
    there, here = squares_of(a), squares_of(b)
    if there is None and here is not None:
        return on_grid(a, here, b.shape), b
    if here is None and there is not None:
        return a, on_grid(b, there, a.shape)
    return a, b


def _is_coarsened(a: Picture, b: Picture) -> bool:
    return (squares_of(a.on(WHITE)) is None) != (squares_of(b.on(WHITE)) is None)


def _is_doubtful(answer: Answer) -> bool:
    """Tell whether whole frames agree neither in the coarse nor place by place."""
    coarse, local = (answer.measures.get(name, 1.0) for name in ("agreement", "structure"))
    return coarse < JUDGE.doubtful_agreement and local < JUDGE.doubtful_structure


def _numbers_over(over: Overlap) -> dict[str, float]:
    """Return the factors behind the judgement, by the names that `make calibrate` reads."""
    factors = {f"overlap_{name}": value for name, value in factors_of(over).items()}
    return {**factors, "one_exposure": origin_probability(over), "nothing_changed": same_probability(over)}


def _held(picture: Picture, turn: Turn) -> Picture:
    """Return a picture turned; it keeps what is known of its file, but not the bytes, which are not turned."""
    rgb = turn.apply(picture.rgb)
    alpha = None if picture.alpha is None else turn.apply(picture.alpha)
    info = replace(picture.info, width=rgb.shape[1], height=rgb.shape[0], jpeg=None)
    return Picture(rgb, alpha, info)


def _turned_back(answer: Answer, held: Picture, b: Picture, turn: Turn) -> Answer:
    """Return the answer for a turned a in terms of a itself; `transform` takes b to a."""
    back, size = turn.inverse, (held.info.width, held.info.height)
    regions = tuple(back.region(box, *size) for box in answer.finding.regions)
    same = answer.finding.relation.is_same(Relation.ADJUSTED)
    relation = Relation.REFRAMED if same else answer.finding.relation
    scale = np.diag([size[0] / b.info.width, size[1] / b.info.height, 1.0])
    matrix = np.array(back.matrix(*size)).reshape(3, 3) @ scale
    transform = replace(back.transform(*size), matrix=tuple(float(v) for v in matrix.ravel()))
    finding = replace(answer.finding, relation=relation, regions=regions)
    facts = replace(answer.facts, turned=turn.degrees, mirrored=turn.mirrored)
    return replace(answer, finding=finding, facts=facts, transform=transform)


def _look_upright(a: Picture, b: Picture, prove: bool) -> Answer:
    """Look at the pair as it shows; and, where one of them has a profile that the other lacks, without it."""
    answer = _look_once(a, b, prove)
    if bool(a.info.profile) == bool(b.info.profile) or answer.finding.relation is Relation.RESAVED:
        return answer
    one, two = unprofiled(a) or a, unprofiled(b) or b
    if (one, two) == (a, b):
        return answer
    bare = _look_once(one, two, prove)
    # The samples tell how the copy was made: where they agree better than what they show, the profile was lost.
    if not _tone(bare) < _tone(answer) or _rank(bare) > _rank(answer):
        return answer
    lost = a.info.profile or b.info.profile
    return replace(bare, facts=replace(bare.facts, lost_profile=lost))


def _tone(answer: Answer) -> float:
    return answer.measures.get("tone_change", math.inf)


def _rank(answer: Answer) -> int:
    return tuple(Relation).index(answer.finding.relation)


def _look_once(a: Picture, b: Picture, prove: bool) -> Answer:
    """Lay the frames on each other, on every ground that matters, and judge what is left."""
    if not same_frame((a.info.width, a.info.height), (b.info.width, b.info.height)):
        finding = Finding(Relation.DIFFERENT, 0.02)
        return Answer(finding, Facts(), {})
    kinds = (a.info.format, b.info.format)
    shared = shared_source(a, b)
    laid = [lay_frames(a.on(ground), b.on(ground), kinds) for ground in _grounds(a, b)]
    forward, backward = _proofs(a, b) if prove and any(_plausible(one) for one in laid) else (None, None)
    proof = _best(forward, backward, a, b)
    judged = [(judge_frames(one, proof, shared), one) for one in laid]
    finding, chosen = _agreed(judged, both=(a.alpha is None) == (b.alpha is None))
    shown = proof_of(proof, "b" if proof is forward else "a") if proof is not None and proof.proof else None
    facts = frame_facts(a.info, b.info, finding, chosen, shown)
    numbers = _numbers(chosen, proof)
    if finding.relation in (Relation.RESAVED, Relation.ADJUSTED):
        original, reason = original_of(a.info, b.info, forward, backward)
        facts = replace(facts, original=original, original_reason=reason)
    settled = shared is not None or _is_clear(finding, chosen, proof)
    guessed = finding.relation is Relation.EDITED and (proof is None or finding.regions != proof.regions)
    if settled and guessed and _is_coarsened(a, b):
        settled = False  # edges of squares look like small changes
    return Answer(finding, facts, numbers, settled=settled, laid=chosen)


def _is_clear(finding: Finding, laid: Laid, proof: Reenactment | None) -> bool:
    """Tell whether another look is needless: blank pictures, and edits that stand out of a copy close to its source."""
    if laid.blank_a or laid.blank_b or (proof is not None and proof.proof):
        return True
    if finding.relation in (Relation.RESAVED, Relation.ADJUSTED):
        return not laid.structure < JUDGE.clear_structure and laid.agreement >= JUDGE.clear_agreement
    if finding.relation is not Relation.EDITED or laid.residual is None:
        return False
    proven = proof is not None and finding.regions == proof.regions
    return proven or _stands_clear(finding, laid, laid.residual)


def _stands_clear(finding: Finding, laid: Laid, left: Residual) -> bool:
    """Tell whether places that stand out were changed, and are not what was done to the whole frame left behind."""
    # Where tone or sharpness were changed all over, a place that hardly stands out may be what is left of that.
    tone, detail = laid.tone.change, abs(math.log(laid.detail))
    touched = tone >= JUDGE.touched_tone or detail >= JUDGE.touched_detail
    if touched and left.peak < JUDGE.hardly:
        return False
    # However coarse the two were coded: where neither was touched all over, what stands out was changed.
    if laid.tone.matrix is None and detail < JUDGE.touched_detail and laid.structure >= JUDGE.alike_structure:
        untouched = tone < JUDGE.untouched_tone and detail < JUDGE.untouched_detail
        if left.peak >= (JUDGE.untouched_plainly if untouched else JUDGE.plainly):
            return True
    near = max(left.typical, left.grain) <= JUDGE.near_difference and left.softness >= JUDGE.near_softness
    few = len(finding.regions) <= JUDGE.near_places or left.typical <= CONTENT.exact
    return laid.tone.matrix is None and near and few


def _grounds(a: Picture, b: Picture) -> tuple[int, ...]:
    return (WHITE,) if a.alpha is None and b.alpha is None else (WHITE, BLACK)


def _plausible(laid: Laid) -> bool:
    blank = laid.blank_a and laid.blank_b
    return blank or (laid.residual is not None and laid.share <= JUDGE.edited_share)


def _proofs(a: Picture, b: Picture) -> tuple[Reenactment | None, Reenactment | None]:
    """Re-enact b from a, and a from b where the first did not succeed."""
    forward = reenact(a, b)
    if forward is not None and forward.proof:
        return forward, None
    return forward, reenact(b, a)


def _best(
    forward: Reenactment | None, backward: Reenactment | None, a: Picture, b: Picture
) -> Reenactment | None:
    """Return the better re-enactment; the regions of one into b are brought to pixels of a."""
    made = [r for r in (forward, backward) if r is not None]
    if not made:
        return None
    best = max(made, key=lambda r: (r.proof, r.exact))
    if best is backward or not best.regions or a.rgb.shape == b.rgb.shape:
        return best
    across, down = a.info.width / b.info.width, a.info.height / b.info.height
    regions = tuple(
        Region(int(r.x * across), int(r.y * down), round(r.w * across) or 1, round(r.h * down) or 1)
        for r in best.regions
    )
    return Reenactment(best.exact, best.proof, best.jpeg, best.resampling, regions)


def _agreed(judged: list[tuple[Finding, Laid]], *, both: bool) -> tuple[Finding, Laid]:
    """Return the finding that holds: where both have alpha, the farthest; else the nearest.

    A picture with alpha was laid on white or on black by whoever saved it without, so one ground suffices; two
    with alpha must look the same on either. A ground on which both are blank says nothing.
    """
    order = tuple(Relation)
    telling = [pair for pair in judged if pair[0].relation is not Relation.UNDECIDABLE] or judged
    choose = max if both else min
    return choose(telling, key=lambda pair: order.index(pair[0].relation))


def _numbers(laid: Laid, proof: Reenactment | None) -> dict[str, float]:
    numbers = {
        "agreement": laid.agreement,
        "tone_change": laid.tone.change,
        "detail": laid.detail,
        "changed_share": laid.share,
    }
    if laid.residual is not None:
        numbers["peak"] = laid.residual.peak
        numbers["difference"] = laid.residual.typical
    if not math.isnan(laid.structure):
        numbers["structure"] = laid.structure
    if proof is not None:
        numbers["reenacted"] = proof.exact
    return numbers
