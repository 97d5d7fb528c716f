"""compare: are these two the same picture? measure: every classical measure of the pair."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from samepic.facts import Doubt, Facts
from samepic.limits import LIMITS, Limits
from samepic.picture import Picture, equal_pixels, opened
from samepic.profile import Policy
from samepic.tuning.verify import JUDGE
from samepic.verdict import Relation, Verdict, Visibility
from samepic.verify.explain import explain, explain_original
from samepic.verify.judge import Judgment
from samepic.verify.overlay import draw_difference
from samepic.verify.pipeline import WHITE, Analysis, comes_first, look_in_order
from samepic.verify.quality import better_of, visibility_of
from samepic.verify.resave import original_of
from samepic.verify.shortcuts import look_blank, look_deep, look_moving, look_part

if TYPE_CHECKING:
    import os

    from samepic.measures.table import Measures
    from samepic.profile import Profile

__all__ = ["compare", "compare_pictures", "measure"]


def compare(
    a: object,
    b: object,
    *,
    same_if: Relation | str | None = None,
    profile: Profile | str | os.PathLike[str] | None = None,
    prove: bool = True,
    visibility: bool = True,
    limits: Limits = LIMITS,
) -> Verdict:
    """Tell whether a and b are the same picture, the way a person who looks at both would.

    `a` and `b` are paths, bytes, binary file objects, PIL images or arrays (height, width[, 3 or 4]); `same_if`
    is the farthest relation that still counts as the same, from "same-file" to "edited" (default: that of the
    profile, else "reframed"); `profile` is one that `samepic calibrate` made, or its file: it rescales the
    probability and says how probable "the same" must be; `prove` asks for re-enactment of JPEG files, which proves a
    re-save and finds edits too faint to see; `visibility` asks whether a person would see what was done to a whole
    frame that was saved again or adjusted, which takes four to five times as long as decoding both. Screenshots are
    compared by `compare_screenshots`.

    Raises SourceError for other sources, UnreadableError (or TruncatedError, LimitError, UnsupportedError) for
    a file that holds no sound picture, and ProfileError for a relation or a profile that does not exist.
    """
    policy = Policy.of(same_if, profile)
    return compare_pictures(
        opened(a, limits),
        opened(b, limits),
        same_if=policy.same_if,
        profile=policy.profile,
        prove=prove,
        visibility=visibility,
    )


def measure(a: object, b: object, *, limits: Limits = LIMITS) -> Measures:
    """Measure a and b by every classical measure, each with its calibrated cutoff and its reliability.

    The sources and errors are those of `compare`. See docs/cutoffs.md for what each measure is worth.
    """
    from samepic.measures.table import measure_arrays

    return measure_arrays(opened(a, limits), opened(b, limits))


def compare_pictures(
    a: Picture,
    b: Picture,
    *,
    same_if: Relation = Relation.REFRAMED,
    profile: Profile | None = None,
    prove: bool = True,
    visibility: bool = False,
) -> Verdict:
    """Compare two pictures that are decoded already, as `compare` does; `visibility` must be asked for."""
    answer = _answer(a, b, prove)
    facts, relation, policy = answer.facts, answer.finding.relation, Policy(same_if, profile)
    better, why = better_of(a, b, relation)
    if better:
        facts = replace(facts, original=better, original_reason=why)
        answer = replace(answer, facts=facts)
    visible = _visibility(a, b, answer) if visibility else None
    sentence = explain(facts, relation, a.info, b.info)
    if visible:
        sentence = f"{sentence}; {visible.words}"
    probability = policy.probability(relation, answer.finding.probability)
    return Verdict(
        relation=relation,
        same=policy.same(relation, probability),
        probability=probability,
        explanation=policy.explain(relation, probability, sentence),
        a=a.info,
        b=b.info,
        regions=answer.finding.regions,
        transform=answer.transform,
        measures=MappingProxyType({name: round(value, 4) for name, value in answer.measures.items()}),
        original=facts.original,
        original_reason=explain_original(facts, a.info, b.info),
        visibility=visible,
        facts=facts,
        draw=partial(
            draw_difference,
            a.on(WHITE),
            b.on(WHITE),
            answer.finding.regions,
            answer.transform.matrix if answer.transform else None,
        ),
    )


def _answer(a: Picture, b: Picture, prove: bool) -> Analysis:
    if a.data is not None and a.data == b.data:
        return Analysis(Judgment(Relation.SAME_FILE, 1.0), Facts(scale=1.0), {})
    if (moving := look_moving(a, b, partial(_answer, prove=False))) is not None:
        return moving
    if equal_pixels(a, b):
        original, reason = original_of(a.info, b.info, None, None)
        facts = Facts(scale=1.0, original=original, original_reason=reason)
        return Analysis(Judgment(Relation.SAME_PIXELS, 1.0), facts, {})
    if (deep := look_deep(a, b, partial(_answer, prove=False))) is not None:
        return deep
    if min(a.info.width, a.info.height, b.info.width, b.info.height) < JUDGE.tiny_side:
        return Analysis(Judgment(Relation.UNDECIDABLE, 0.5), Facts(doubt=Doubt.TINY), {})
    return _looked(a, b, prove)


def _looked(a: Picture, b: Picture, prove: bool) -> Analysis:
    """Look at two pictures; what that does not find may be shown by single colors, or by equal pixels elsewhere."""
    answer = look_in_order(a, b, prove)
    if answer.finding.relation.is_same(Relation.REFRAMED):
        return answer
    blank = look_blank(a, b) if answer.finding.relation is Relation.UNDECIDABLE else None
    return blank or look_part(a, b) or answer


def _visibility(a: Picture, b: Picture, answer: Analysis) -> Visibility | None:
    """Return whether a person would see what was done to a whole frame; the likelier source is the original."""
    whole = answer.finding.relation in (Relation.RESAVED, Relation.ADJUSTED)
    if not whole or a.info.frames > 1 or b.info.frames > 1:
        return None
    which = answer.facts.original or ("a" if comes_first(a, b) else "b")
    original, copy = (b, a) if which == "b" else (a, b)
    return visibility_of(original.on(WHITE), copy.on(WHITE))
