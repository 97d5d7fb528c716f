"""Pipeline: one way and one order for every pair, from the map that lays one on the other to the relation."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from samepic.arrays import Floats, Matrix, Pixels
from samepic.facts import OTHER_SIDE, Doubt, Facts, ToneChange
from samepic.picture import Picture
from samepic.picture.load import unprofiled
from samepic.tuning.verify import BY_RULE, JUDGE
from samepic.verdict import Region, Relation, Transform
from samepic.verify.evidence import (
    CONTEXT,
    CellEvidence,
    Changes,
    find_changes,
    gather,
    gather_unexplained,
)
from samepic.verify.facts import WholeChange, facts_of, proof_of, whole_change
from samepic.verify.features import Turn, inverse, scaling
from samepic.verify.judge import Judgment, PairOdds, factors_of, is_sign, judge, judge_codings, weigh
from samepic.verify.mapping import MappedPair, are_one_frame, edge_on_edge, map_onto, texture
from samepic.verify.photometry import coarse, coarse_row, in_one_palette
from samepic.verify.quantization import (
    SharedSource,
    color_stands_out,
    exceeds_encoding_loss,
    may_derive,
    shared_source,
)
from samepic.verify.resave import ProofScope, Reenactment, original_of, reenact
from samepic.verify.tone import is_gray, planes_of

WHITE, BLACK = 255, 0

_COPIES = (Relation.RESAVED, Relation.ADJUSTED)
_COLORLESS = (ToneChange.WITHOUT_COLOR, ToneChange.WITH_COLOR)


class Analysis(NamedTuple):
    """What was found before it is put into a verdict.

    `turn` is how a must be held for whole frames to lie on each other, None where they do as they are.
    """

    finding: Judgment
    facts: Facts
    measures: dict[str, float]
    transform: Transform | None = None
    turn: Turn | None = None


def look(a: Picture, b: Picture, prove: ProofScope) -> Analysis:
    """Look at the pair as it shows; and, where one of them has a profile that the other lacks, without it.

    The samples say how the copy was made: where they agree better than what they show, the profile was lost. That an
    edit is then found is no reason against it. What is nearer comes first, for that may settle it.
    """
    alike = bool(a.info.profile) == bool(b.info.profile)
    pairs = (a, b), (a, b) if alike else (unprofiled(a) or a, unprofiled(b) or b)
    if pairs[0] == pairs[1]:
        return _look(a, b, prove)
    answers: dict[bool, Analysis] = {}
    apart = [cv2.norm(coarse(one.rgb), coarse(two.rgb)) for one, two in pairs]
    for lost in sorted((False, True), key=apart.__getitem__):
        answers[lost] = _look(*pairs[lost], prove)
        relation = answers[lost].finding.relation
        if relation in (Relation.RESAVED, Relation.DIFFERENT):
            # A profile changes colors, not what is shown: nothing in common stays nothing in common.
            break
    else:
        changes = [answers[lost].measures.get("tone_change", math.inf) for lost in (False, True)]
        lost = changes[True] < changes[False]
        relation = answers[lost].finding.relation
    if not lost or relation not in (*_COPIES, Relation.REFRAMED, Relation.EDITED):
        return answers.get(False, answers[lost])
    return answers[lost]._replace(
        facts=replace(answers[lost].facts, lost_profile=a.info.profile or b.info.profile)
    )


def _look(a: Picture, b: Picture, prove: ProofScope) -> Analysis:
    shared = shared_source(a, b)
    lost_color = shared is not None and bool(shared.regions) and _is_gray(a) != _is_gray(b)
    if shared is None or lost_color or (_is_blank(a) and _is_blank(b)):
        return _from_pixels(a, b, prove)
    if not shared.regions and color_stands_out(a.rgb, b.rgb):
        seen = _from_pixels(a, b, ProofScope.NONE)
        if seen.finding.relation is Relation.EDITED:
            return seen
    return _from_codings(a, b, shared, prove)


def _from_pixels(a: Picture, b: Picture, prove: ProofScope) -> Analysis:
    """Answer by what the two show, whatever their codings."""
    if (blank := _blank(a, b, prove)) is not None:
        return blank
    answers = [_compare_on_ground(a.on(ground), b.on(ground), a, b) for ground in grounds(a, b)]
    # A picture with alpha was laid on white or on black by whoever saved it without, so one ground suffices; two with
    # alpha must look the same on either.
    choose = max if (a.alpha is None) == (b.alpha is None) else min
    answer = choose(answers, key=lambda answer: tuple(Relation).index(answer.finding.relation))
    if answer.finding.relation is Relation.RESAVED and exceeds_encoding_loss(a, b):
        # Two shots of a burst differ like that, and no such pair may pass for one file saved again.
        answer = answer._replace(finding=answer.finding._replace(relation=Relation.ADJUSTED))
    whole = answer.transform is None or answer.turn is not None
    likely = whole and answer.finding.probability >= JUDGE.provable
    return _proven(answer, a, b, prove if likely else ProofScope.NONE)


def grounds(a: Picture, b: Picture) -> tuple[int, ...]:
    """Return the grounds on which two pictures are compared: one suffices where both are opaque."""
    return (WHITE,) if a.alpha is None and b.alpha is None else (WHITE, BLACK)


def _is_blank(picture: Picture) -> bool:
    return texture(picture.on(WHITE), JUDGE.blank_detail) < JUDGE.blank_detail


def _blank(a: Picture, b: Picture, prove: ProofScope) -> Analysis | None:
    """Answer where both pictures hold nothing but a smooth surface on every ground; else None."""
    shown = (picture.on(ground) for ground in grounds(a, b) for picture in (a, b))
    if any(texture(rgb, JUDGE.blank_detail) >= JUDGE.blank_detail for rgb in shown):
        return None
    answer = Analysis(Judgment(Relation.UNDECIDABLE, BY_RULE.undecided), Facts(doubt=Doubt.BLANK), {})
    return _proven(answer, a, b, prove)


def _only_one_is_blank(one: Pixels, two: Pixels) -> bool:
    """Return whether one of two pictures on a ground, as black ink on black, holds nothing but a smooth surface."""
    less, more = sorted(texture(rgb, JUDGE.some_detail) for rgb in (one, two))
    return less < JUDGE.blank_detail and more >= JUDGE.some_detail


def _from_codings(a: Picture, b: Picture, shared: SharedSource, prove: ProofScope) -> Analysis:
    """Answer for two whole frames whose codings say whether they can come from one source."""
    finding = judge_codings(shared)
    everywhere = np.ones(a.rgb.shape[:2], np.bool_)
    mapped = MappedPair(a.rgb, b.rgb, everywhere, np.eye(3), np.eye(3), None, whole=True)
    grays = _is_gray(a), _is_gray(b)
    tone = ToneChange.NONE if grays[0] == grays[1] else _COLORLESS[grays[0]]
    if finding.relation is Relation.RESAVED and tone is not ToneChange.NONE:
        finding = finding._replace(relation=Relation.ADJUSTED)
    facts = facts_of(a.info, b.info, finding, mapped, WholeChange(tone))
    answer = Analysis(finding, facts, {"coding_excess": float(shared.excess.max())})
    return _proven(answer, a, b, prove if finding.relation in _COPIES else ProofScope.NONE)


def _is_gray(picture: Picture) -> bool:
    # A row of blocks rules out nearly all pictures.
    return all(_is_colorless(blocks(picture.rgb)) for blocks in (coarse_row, coarse))


def _is_colorless(blocks: Floats) -> bool:
    _, cr, cb = planes_of(np.rint(blocks).astype(np.uint8))
    return is_gray((cr + 1j * cb).ravel())


class _Comparison(NamedTuple):
    """Two pictures on each other, the evidence one way or both with the changes it shows, and what that weighs."""

    mapped: MappedPair
    ways: list[tuple[CellEvidence, Changes]]
    weighed: PairOdds


def _weighed(mapped: MappedPair, found: Sequence[CellEvidence]) -> _Comparison:
    ways = [(evidence, find_changes(evidence)) for evidence in found]
    factors = [factors_of(e.cells, e.context, e.inside, c, mapped.alignment) for e, c in ways]
    return _Comparison(mapped, ways, weigh(np.stack(factors)))


def _settled(mapped: MappedPair) -> _Comparison | None:
    """Return the comparison of pictures that are the same with nothing explained away, None for all others.

    What is explained only takes away from what is seen to differ, so a copy that shows nothing needs no explanation.
    """
    evidence = gather_unexplained(mapped.one, mapped.two, mapped.inside, whole=mapped.whole)
    if evidence is None:
        return None
    found = _weighed(mapped, [evidence])
    (_, changes), odds = found.ways[0], found.weighed
    return None if changes.masses or min(odds.same, odds.one_exposure) < JUDGE.settled else found


def _compared(one: Pixels, two: Pixels) -> _Comparison | None:
    """Return the comparison by the first map that settles it, else with what was done to the whole frame explained.

    None where nothing maps one on the other.
    """
    upright = edge_on_edge(*in_one_palette(one, two)) if are_one_frame(one, two) else None
    if upright is not None and (settled := _settled(upright)) is not None:
        return settled
    mapped = map_onto(one, two)
    if mapped is None:
        return None
    if not mapped.is_upright and (settled := _settled(mapped)) is not None:
        return settled
    return _weighed(mapped, gather(mapped.one, mapped.two, mapped.inside, whole=mapped.whole))


def _compare_on_ground(one: Pixels, two: Pixels, a: Picture, b: Picture) -> Analysis:
    """Lay b over a on one ground, and judge what that shows."""
    if _only_one_is_blank(one, two):
        return Analysis(Judgment(Relation.DIFFERENT, BY_RULE.blank), Facts(), {})
    found = _compared(one, two)
    if found is None:
        return Analysis(Judgment(Relation.DIFFERENT, BY_RULE.nothing_fits), Facts(), {})
    mapped, ways, weighed = found
    evidence, changes = ways[0]
    whole = whole_change(mapped, evidence, changes)
    shown = max((changes for _, changes in ways), key=lambda changes: sum(changes.masses))
    boxes = filter(None, (mapped.box_in_a(box, one.shape) for box in shown.marked))
    regions = tuple(sorted(boxes, key=lambda r: (-r.w * r.h, r.y, r.x)))
    finding = judge(weighed, mapped, regions, shown.share, adjusted=whole.adjusted)
    context = dict(zip(CONTEXT, evidence.context.tolist(), strict=True))
    measures = {
        "agreement": context["coarse correlation"],
        "structure": context["median correlation"],
        "difference": float(np.expm1(context["typical difference"])),
        "tone_change": whole.levels,
        "detail": whole.sharpness,
        "changed_share": shown.share,
        "change": shown.masses[0] if shown.masses else 0.0,
        "one_exposure": weighed.one_exposure,
        "nothing_changed": weighed.same,
    }
    transform = mapped.transform() if finding.relation is not Relation.DIFFERENT else None
    facts = facts_of(a.info, b.info, finding, mapped, whole)
    return Analysis(finding, facts, measures, transform, mapped.turn)


def _proven(answer: Analysis, a: Picture, b: Picture, prove: ProofScope) -> Analysis:
    """Add what re-enactment proves, so far as it is asked for: that one was made of the other, and which."""
    finding = answer.finding
    sure = finding.relation is Relation.RESAVED and finding.probability >= JUDGE.settled
    if prove is ProofScope.NONE or (sure and prove is ProofScope.RELATION):
        return _with_original(answer, a, b, None, None)
    if answer.turn is None:
        return _with_original(answer, a, b, *_proofs(a, b, prove if sure else ProofScope.ALL))
    held = _held(a, answer.turn)
    proven = _with_original(answer, held, b, *_proofs(held, b, ProofScope.ALL))
    if proven.facts.proof is None:
        return answer
    if is_sign(held.on(WHITE)):
        return answer._replace(finding=Judgment(Relation.SIMILAR, BY_RULE.turned_sign), facts=Facts())
    facts = replace(proven.facts, turned=answer.turn.degrees, mirrored=answer.turn.mirrored)
    return proven._replace(finding=proven.finding._replace(relation=Relation.REFRAMED), facts=facts)


def _held(picture: Picture, turn: Turn) -> Picture:
    """Return a picture turned; it keeps what is known of its file, but not the bytes, which are not turned."""
    rgb = turn.apply(picture.rgb)
    alpha = None if picture.alpha is None else turn.apply(picture.alpha)
    info = replace(picture.info, width=rgb.shape[1], height=rgb.shape[0], jpeg=None)
    return Picture(rgb, alpha, info)


def _proofs(a: Picture, b: Picture, prove: ProofScope) -> tuple[Reenactment | None, Reenactment | None]:
    """Re-enact b from a, and a from b where the first did not succeed; neither where the codings rule it out.

    Where it is asked whether one is the copy, that comes first; the other is made again only where it is, or looks so.
    """
    made: dict[ProofScope, Reenactment | None] = {}
    ways = (ProofScope.COPY_B, a, b), (ProofScope.COPY_A, b, a)
    for copied, source, copy in sorted(ways, key=lambda way: way[0] is not prove):
        found = made[copied] = reenact(source, copy) if may_derive(source, copy) else None
        proof = found is not None and found.proof
        doubted = original_of(source.info, copy.info, None, None)[0] == "a"
        if proof if prove is ProofScope.ALL else not (proof or doubted):
            break
    return made.get(ProofScope.COPY_B), made.get(ProofScope.COPY_A)


def _with_original(
    answer: Analysis, a: Picture, b: Picture, forward: Reenactment | None, backward: Reenactment | None
) -> Analysis:
    """Return the answer with which of the two is the original, and with the proof where there is one."""
    proof, copy = (forward, "b") if forward is not None and forward.proof else (backward, "a")
    finding, facts = answer.finding, answer.facts
    if proof is not None and proof.proof:
        # What the save itself took away is a re-save, however much; only colors are not lost by saving.
        lost = facts.tone if facts.tone in _COLORLESS else ToneChange.NONE
        finding = Judgment(Relation.RESAVED if lost is ToneChange.NONE else Relation.ADJUSTED, BY_RULE.proven)
        scale = scaling(a.rgb.shape, b.rgb.shape)[0, 0]
        facts = Facts(scale=float(scale), tone=lost, proof=proof_of(proof, copy), copy=copy)
    if finding.relation in _COPIES:
        original, reason = original_of(a.info, b.info, forward, backward)
        facts = replace(facts, original=original, original_reason=reason)
    measures = dict(answer.measures)
    exact = max((made.exact for made in (forward, backward) if made is not None), default=None)
    if exact is not None:
        measures["reenacted"] = exact
    return answer._replace(finding=finding, facts=facts, measures=measures)


_LOSSY = frozenset({"JPEG", "WEBP", "AVIF", "HEIF", "JPEG2000", "GIF"})
_STEP = 8  # every eighth row and column distinguishes nearly all pictures


def look_in_order(a: Picture, b: Picture, prove: ProofScope) -> Analysis:
    """Look at two pictures, the likelier source first, and return what that says of a and b as they were given."""
    if comes_first(a, b):
        return look(a, b, prove)
    return exchanged(look(b, a, ProofScope(OTHER_SIDE.get(prove, prove))), b, a)


def comes_first(a: Picture, b: Picture) -> bool:
    """Return whether a is looked at first, whichever way round the two were given.

    The one with more pixels, finer coding or more stored beside them is the likelier source; where all that is equal, a
    checksum of the pixels decides, which means nothing but is the same each time.
    """
    one, two = _standing(a), _standing(b)
    if one != two:
        return one > two
    for step in (_STEP, 1):
        sums = _checksum(a, step), _checksum(b, step)
        if sums[0] != sums[1]:
            return sums[0] > sums[1]
    return True


def exchanged(answer: Analysis, a: Picture, b: Picture) -> Analysis:
    """Return the answer for a and b as that for b and a: every box, map, ratio and letter from the other side."""
    transform, regions = answer.transform, answer.finding.regions
    there = scaling(a.rgb.shape, b.rgb.shape)
    if transform is not None:
        there = inverse(np.array(transform.matrix).reshape(3, 3))
        transform = replace(
            transform,
            matrix=tuple(float(v) for v in (there / there[2, 2]).ravel()),
            turned=transform.turned if transform.mirrored else -transform.turned % 360,
            larger=OTHER_SIDE[transform.larger],
        )
    measures = dict(answer.measures)
    if measures.get("detail"):
        measures["detail"] = 1 / measures["detail"]
    return answer._replace(
        finding=answer.finding._replace(regions=_carried(regions, there, b.rgb.shape)),
        facts=answer.facts.swapped(),
        measures=measures,
        transform=transform,
    )


def _standing(picture: Picture) -> tuple[int, ...]:
    info = picture.info
    coding = info.jpeg.quality if info.jpeg else 0 if info.format in _LOSSY else 101
    more = info.frames, info.metadata, info.size
    return info.width * info.height, info.width, int(picture.alpha is not None), coding, *more


def _checksum(picture: Picture, step: int) -> int:
    checked = zlib.crc32(picture.rgb[::step, ::step].tobytes())
    return checked if picture.alpha is None else zlib.crc32(picture.alpha[::step, ::step].tobytes(), checked)


def _carried(regions: Sequence[Region], there: Matrix, shape: tuple[int, ...]) -> tuple[Region, ...]:
    """Return boxes after a map, as boxes within a frame of `shape`; none is lost."""
    boxes = []
    for r in regions:
        across, down = (r.x - 0.5, r.x + r.w - 0.5), (r.y - 0.5, r.y + r.h - 0.5)
        corners = np.array([[x, y, 1.0] for x in across for y in down]) @ there.T
        points = corners[:, :2] / corners[:, 2:] + 0.5
        (left, top), (right, low) = np.rint(points.min(axis=0)), np.rint(points.max(axis=0))
        x, y = (int(min(max(0, v), most - 1)) for v, most in ((left, shape[1]), (top, shape[0])))
        boxes.append(Region(x, y, max(1, min(shape[1], int(right)) - x), max(1, min(shape[0], int(low)) - y)))
    return tuple(boxes)
