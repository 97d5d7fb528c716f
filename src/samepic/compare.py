"""compare: are these two the same picture? measure: every classical measure of the pair."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from samepic.picture import Picture, load
from samepic.picture.animation import frames
from samepic.picture.unprofiled import unprofiled
from samepic.policy import Policy
from samepic.profiles import JUDGE, LIMITS, Limits
from samepic.verdict import Region, Relation, Transform, Verdict
from samepic.verify.draw import draw_difference
from samepic.verify.explain import explain_frames, explain_same_pixels, explain_turned
from samepic.verify.frame import Laid, lay_frames, same_frame
from samepic.verify.judge import Finding, judge_frames
from samepic.verify.origin import original_of
from samepic.verify.resave import Reenactment, reenact
from samepic.verify.turns import Turn, likely_turn

if TYPE_CHECKING:
    import os

    from samepic.measures.table import Measures
    from samepic.profiles.user import Profile

__all__ = ["compare", "compare_pictures", "measure"]

WHITE, BLACK = 255, 0


def compare(
    a: object,
    b: object,
    *,
    same_if: Relation | str | None = None,
    profile: Profile | str | os.PathLike[str] | None = None,
    prove: bool = True,
    limits: Limits = LIMITS,
) -> Verdict:
    """Tell whether a and b are the same picture, the way a person who looks at both would.

    `a` and `b` are paths, bytes, binary file objects, PIL images or arrays (height, width[, 3 or 4]); `same_if`
    is the farthest relation that still counts as the same, from "same-file" to "edited" (default: that of the
    profile, else "reframed"); `profile` is one that `samepic calibrate` made, or its file: it rescales the
    probability and says how probable "the same" must be; `prove` asks for re-enactment of JPEG files, which
    proves a re-save and finds edits too faint to see.

    Raises SourceError for other sources, UnreadableError (or TruncatedError, LimitError, UnsupportedError) for
    a file that holds no sound picture, and ProfileError for a relation or a profile that does not exist.
    """
    policy = Policy.of(same_if, profile)
    return compare_pictures(
        _opened(a, limits), _opened(b, limits), same_if=policy.same_if, profile=policy.profile, prove=prove
    )


def measure(a: object, b: object, *, limits: Limits = LIMITS) -> Measures:
    """Measure a and b by every classical measure, each with its calibrated cutoff and its reliability.

    The sources and errors are those of `compare`. See docs/cutoffs.md for what each measure is worth.
    """
    from samepic.measures.table import measure_arrays  # needless for compare, and dear to load

    return measure_arrays(_opened(a, limits), _opened(b, limits))


def _opened(source: object, limits: Limits) -> Picture:
    return source if isinstance(source, Picture) else load(source, limits=limits)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was found before it is put into a verdict."""

    finding: Finding
    sentence: str
    measures: dict[str, float]
    original: tuple[str, str] = ("", "")
    transform: Transform | None = None


def compare_pictures(
    a: Picture,
    b: Picture,
    *,
    same_if: Relation = Relation.REFRAMED,
    profile: Profile | None = None,
    prove: bool = True,
) -> Verdict:
    """Compare two pictures that are decoded already, as `compare` does."""
    answer = _answer(a, b, prove)
    relation, policy = answer.finding.relation, Policy(same_if, profile)
    probability = policy.probability(relation, answer.finding.probability)
    return Verdict(
        relation=relation,
        same=policy.same(relation, probability),
        probability=probability,
        explanation=policy.told(relation, probability, answer.sentence),
        a=a.info,
        b=b.info,
        regions=answer.finding.regions,
        transform=answer.transform,
        measures=MappingProxyType({name: round(value, 4) for name, value in answer.measures.items()}),
        original=answer.original[0],
        original_reason=answer.original[1],
        draw=partial(draw_difference, a.on(WHITE), b.on(WHITE), answer.finding.regions),
    )


def _answer(a: Picture, b: Picture, prove: bool) -> _Answer:
    if a.data is not None and a.data == b.data:
        return _Answer(Finding(Relation.SAME_FILE, 1.0), "the same file, byte for byte", {})
    if (moving := _moving(a, b)) is not None:
        return moving
    if _equal_pixels(a, b):
        return _Answer(
            Finding(Relation.SAME_PIXELS, 1.0),
            explain_same_pixels(a.info, b.info),
            {},
            original_of(a.info, b.info, None, None),
        )
    if min(a.info.width, a.info.height, b.info.width, b.info.height) < JUDGE.tiny_side:
        finding = Finding(Relation.UNDECIDABLE, 0.5)
        return _Answer(finding, explain_frames(a.info, b.info, finding, None, None), {})
    return _look(a, b, prove)


def _equal_pixels(a: Picture, b: Picture) -> bool:
    if a.rgb.shape != b.rgb.shape or (a.alpha is None) != (b.alpha is None):
        return False
    # Rows far apart tell most pairs that differ without reading all of both.
    if not np.array_equal(a.rgb[::64], b.rgb[::64]) or not np.array_equal(a.rgb, b.rgb):
        return False
    return a.alpha is None or b.alpha is None or np.array_equal(a.alpha, b.alpha)


def _look(a: Picture, b: Picture, prove: bool) -> _Answer:
    """Look at the pair as it is held, and where that shows nothing, turned or mirrored."""
    answer = _look_upright(a, b, prove)
    if answer.finding.relation not in (Relation.DIFFERENT, Relation.UNDECIDABLE):
        return answer
    turn = likely_turn(a.on(WHITE), b.on(WHITE))
    if turn is None:
        return answer
    held = _held(a, turn)
    turned = _look_upright(held, b, prove)
    if turned.finding.relation in (Relation.DIFFERENT, Relation.UNDECIDABLE):
        return answer
    return _turned_back(turned, held, b, turn)


def _held(picture: Picture, turn: Turn) -> Picture:
    """Return a picture turned; it keeps what is known of its file, but not the bytes, which are not turned."""
    rgb = turn.apply(picture.rgb)
    alpha = None if picture.alpha is None else turn.apply(picture.alpha)
    info = replace(picture.info, width=rgb.shape[1], height=rgb.shape[0], jpeg=None)
    return Picture(rgb, alpha, info)


def _turned_back(answer: _Answer, held: Picture, b: Picture, turn: Turn) -> _Answer:
    """Return the answer for a turned a in terms of a itself; `transform` takes b to a."""
    back, size = turn.inverse, (held.info.width, held.info.height)
    regions = tuple(back.region(box, *size) for box in answer.finding.regions)
    same = answer.finding.relation.is_same(Relation.ADJUSTED)
    relation = Relation.REFRAMED if same else answer.finding.relation
    scale = np.diag([size[0] / b.info.width, size[1] / b.info.height, 1.0])
    matrix = np.array(back.matrix(*size)).reshape(3, 3) @ scale
    transform = replace(back.transform(*size), matrix=tuple(float(v) for v in matrix.ravel()))
    finding = replace(answer.finding, relation=relation, regions=regions)
    return replace(
        answer, finding=finding, sentence=explain_turned(answer.sentence, turn.words()), transform=transform
    )


def _look_upright(a: Picture, b: Picture, prove: bool) -> _Answer:
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
    return replace(bare, sentence=f"{bare.sentence}; its colour profile ({lost}) was lost on the way")


def _tone(answer: _Answer) -> float:
    return answer.measures.get("tone_change", math.inf)


def _rank(answer: _Answer) -> int:
    return tuple(Relation).index(answer.finding.relation)


def _look_once(a: Picture, b: Picture, prove: bool) -> _Answer:
    """Lay the frames on each other, on every ground that matters, and judge what is left."""
    if not same_frame((a.info.width, a.info.height), (b.info.width, b.info.height)):
        finding = Finding(Relation.DIFFERENT, 0.02)
        return _Answer(finding, "two pictures of different shape, not one frame saved again", {})
    kinds = (a.info.format, b.info.format)
    laid = [lay_frames(a.on(ground), b.on(ground), kinds) for ground in _grounds(a, b)]
    forward, backward = _proofs(a, b) if prove and any(_plausible(one) for one in laid) else (None, None)
    proof = _best(forward, backward, a, b)
    judged = [(judge_frames(one, proof), one) for one in laid]
    finding, chosen = _agreed(judged, both=(a.alpha is None) == (b.alpha is None))
    told = None
    if finding.relation is Relation.RESAVED and proof is not None and proof.proof:
        told = (proof, proof is forward)
    sentence = explain_frames(a.info, b.info, finding, chosen, told)
    numbers = _numbers(chosen, proof)
    original = ("", "")
    if finding.relation in (Relation.RESAVED, Relation.ADJUSTED):
        original = original_of(a.info, b.info, forward, backward)
    return _Answer(finding, sentence, numbers, original)


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


def _moving(a: Picture, b: Picture) -> _Answer | None:
    """Answer for animations, which are their frames; None for two stills."""
    if a.info.frames == b.info.frames == 1:
        return None
    if a.info.frames == b.info.frames:
        return _frame_by_frame(a, b)
    many, one, letter = (a, b, "b") if a.info.frames > b.info.frames else (b, a, "a")
    if one.info.frames > 1:
        counts = f"{a.info.frames} and {b.info.frames}"
        return _Answer(
            Finding(Relation.SIMILAR, 0.05), f"two animations with other numbers of frames ({counts})", {}
        )
    for number, frame in enumerate(frames(many, JUDGE.frames_looked_at), 1):
        if compare_pictures(frame, one, same_if=Relation.ADJUSTED, prove=False).same:
            sentence = f"{letter} is a still of the other, an animation of {many.info.frames} frames (frame {number})"
            return _Answer(Finding(Relation.SIMILAR, 0.05), sentence, {})
    return _Answer(
        Finding(Relation.DIFFERENT, 0.001), "an animation and a still that is none of its frames", {}
    )


def _frame_by_frame(a: Picture, b: Picture) -> _Answer:
    """Return the answer of the pair of frames that is farthest apart; all must be held the same way."""
    count, order = JUDGE.frames_looked_at, tuple(Relation)
    worst: _Answer | None = None
    ways = set()
    for number, (one, two) in enumerate(zip(frames(a, count), frames(b, count), strict=True), 1):
        answer = _answer(_still(one), _still(two), prove=False)
        ways.add(answer.transform and (answer.transform.turned, answer.transform.mirrored))
        if worst is None or order.index(answer.finding.relation) > order.index(worst.finding.relation):
            worst = replace(answer, sentence=f"in frame {number} of {a.info.frames}: {answer.sentence}")
        if len(ways) > 1:
            worst = replace(worst, finding=Finding(Relation.SIMILAR, 0.05))
        if not worst.finding.relation.is_same(Relation.REFRAMED):
            break
    assert worst is not None
    return worst


def _still(picture: Picture) -> Picture:
    """Return the first frame alone, without the bytes of the whole animation."""
    return replace(picture, info=replace(picture.info, frames=1), data=None)
