"""The Python API: `compare` two pictures, or `measure` them by every classical measure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from samepic.arrays import Pixels, Source
from samepic.errors import UnreadableError
from samepic.facts import Doubt, Facts
from samepic.limits import LIMITS, Limits
from samepic.picture import Encoded, Picture, as_picture, equal_pixels, load, read
from samepic.profile import Policy
from samepic.tuning.verify import BY_RULE, JUDGE
from samepic.values import FrozenDict
from samepic.verdict import NO_PICTURES, Drawing, Region, Relation, Verdict, Visibility
from samepic.verify.explain import explain, explain_original
from samepic.verify.judge import Judgment
from samepic.verify.overlay import draw_difference
from samepic.verify.pipeline import WHITE, Analysis, comes_first, look_in_order
from samepic.verify.quality import better_of, visibility_of
from samepic.verify.resave import ProofScope, original_of
from samepic.verify.shortcuts import compare_blank, compare_deep, compare_exact_part, compare_series

if TYPE_CHECKING:
    import os

    from PIL.Image import Image

    from samepic.measures.table import Measures
    from samepic.profile import Profile


def compare(
    a: Source,
    b: Source,
    *,
    same_if: Relation | str | None = None,
    profile: Profile | str | os.PathLike[str] | None = None,
    prove: bool = True,
    visibility: bool = True,
    limits: Limits = LIMITS,
) -> Verdict:
    """Return whether a and b are the same picture, the way a person who looks at both would judge.

    `a` and `b` are paths, bytes, binary file objects, PIL images or arrays (height, width[, 3 or 4]). `same_if` is the
    loosest relation still treated as the same, from "same-file" to "edited" (default: that of the profile, else
    "reframed"). `profile` is a profile or file from `samepic calibrate`; it rescales the probability and sets the least
    probability of "the same". `prove` re-encodes JPEG files to prove a re-save and to find edits too faint to see.
    `visibility` rates how visible the changes to a whole frame are, which takes about as long as decoding both. For
    screenshots, use `compare_screenshots`.

    Raises SourceError for other sources, UnreadableError or a subclass (TruncatedError, LimitError, UnsupportedError)
    for a file that cannot be decoded, and ProfileError for a relation or a profile that does not exist.
    """
    policy = Policy.of(same_if, profile)
    return compare_pictures(
        as_picture(a, limits),
        as_picture(b, limits),
        same_if=policy.same_if,
        profile=policy.profile,
        prove=prove,
        visibility=visibility,
    )


def measure(a: Source, b: Source, *, limits: Limits = LIMITS) -> Measures:
    """Measure a and b by every classical measure, each with its calibrated cutoff and its reliability.

    The sources and errors are those of `compare`. docs/cutoffs.md says what each measure is worth.
    """
    from samepic.measures.table import measure_arrays

    return measure_arrays(as_picture(a, limits), as_picture(b, limits))


def compare_pictures(
    a: Picture,
    b: Picture,
    *,
    same_if: Relation = Relation.REFRAMED,
    profile: Profile | None = None,
    prove: bool | ProofScope = True,
    visibility: bool = False,
) -> Verdict:
    """Compare two decoded pictures as `compare` does; `prove` may say what for, and `visibility` is off by default."""
    proof = prove if isinstance(prove, ProofScope) else ProofScope.ALL if prove else ProofScope.NONE
    analysis = _analyze(a, b, proof)
    facts, relation, policy = analysis.facts, analysis.finding.relation, Policy(same_if, profile)
    better, reason = better_of(a, b, relation)
    if better:
        facts = replace(facts, original=better, original_reason=reason)
    visible = _visibility(a, b, relation, facts) if visibility else None
    sentence = explain(facts, relation, a.info, b.info)
    if visible:
        sentence = f"{sentence}; {visible.words}"
    probability = policy.probability(relation, analysis.finding.probability)
    regions, transform = analysis.finding.regions, analysis.transform
    matrix = None if transform is None else transform.matrix
    return Verdict(
        relation=relation,
        same=policy.same(relation, probability),
        probability=probability,
        explanation=policy.explain(relation, probability, sentence),
        a=a.info,
        b=b.info,
        regions=regions,
        transform=transform,
        measures=FrozenDict({name: round(value, 4) for name, value in analysis.measures.items()}),
        original=facts.original,
        original_reason=explain_original(facts, a.info, b.info),
        visibility=visible,
        facts=facts,
        draw=_FileDrawing(_draw_again, _Compared.of(a), _Compared.of(b), regions, matrix),
    )


_UNLIMITED = Limits(*[1 << 40] * 6)  # what is decoded again was within the limits of the caller


def _sha256(data: bytes) -> str:
    import hashlib  # 3 ms, and compare needs it only where a verdict travels

    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _Compared:
    """A picture that was compared: its encoded bytes, or its pixels; in another process the digest of its file."""

    name: str
    data: bytes | None = None
    pixels: Pixels | None = None
    sha256: str = ""

    @classmethod
    def of(cls, picture: Picture) -> _Compared:
        data = picture.data
        return cls(picture.info.name, data, picture.on(WHITE) if data is None else None)

    def __reduce__(self) -> tuple[type[_Compared], tuple[object, ...]]:
        digest = self.sha256 if self.data is None else _sha256(self.data)
        return _Compared, (self.name, None, None, digest)

    def on_white(self) -> Pixels:
        """Return (height, width, 3) uint8. Raises ValueError where the picture is no longer known."""
        if self.pixels is not None:
            return self.pixels
        data = self.data
        if data is None and self.sha256:
            with suppress(UnreadableError):
                data = read(self.name, limits=_UNLIMITED).data
        if data is None or (self.sha256 and _sha256(data) != self.sha256):
            raise ValueError(NO_PICTURES)
        return load(Encoded(self.name, data), limits=_UNLIMITED).on(WHITE)


class _FileDrawing(Drawing):
    """A drawing that another process makes from the same files."""

    __slots__ = ()
    __reduce__ = partial.__reduce__  # type: ignore[assignment]


def file_drawing(a: Encoded, b: Encoded, verdict: Verdict) -> Drawing:
    """Return how a verdict on two files, made in another process, draws them."""
    matrix = verdict.transform and verdict.transform.matrix
    return _FileDrawing(_draw_again, _Compared(*a), _Compared(*b), verdict.regions, matrix)


def _draw_again(
    a: _Compared, b: _Compared, regions: tuple[Region, ...], matrix: Sequence[float] | None
) -> Image:
    return draw_difference(a.on_white(), b.on_white(), regions, matrix)


def _analyze(a: Picture, b: Picture, prove: ProofScope) -> Analysis:
    if a.data is not None and a.data == b.data:
        return Analysis(Judgment(Relation.SAME_FILE, 1.0), Facts(scale=1.0), {})
    if (series := compare_series(a, b, partial(_analyze, prove=ProofScope.NONE))) is not None:
        return series
    if equal_pixels(a, b):
        original, reason = original_of(a.info, b.info, None, None)
        facts = Facts(scale=1.0, original=original, original_reason=reason)
        return Analysis(Judgment(Relation.SAME_PIXELS, 1.0), facts, {})
    if (deep := compare_deep(a, b, partial(_analyze, prove=ProofScope.NONE))) is not None:
        return deep
    if min(a.info.width, a.info.height, b.info.width, b.info.height) < JUDGE.tiny_side:
        return Analysis(Judgment(Relation.UNDECIDABLE, BY_RULE.undecided), Facts(doubt=Doubt.TINY), {})
    return _analyze_pixels(a, b, prove)


def _analyze_pixels(a: Picture, b: Picture, prove: ProofScope) -> Analysis:
    """Run the pipeline; where it does not find the same picture, try single colors and exact parts."""
    analysis = look_in_order(a, b, prove)
    relation = analysis.finding.relation
    if relation.is_same(Relation.REFRAMED):
        return analysis
    blank = compare_blank(a, b) if relation is Relation.UNDECIDABLE else None
    return blank or compare_exact_part(a, b) or analysis


def _visibility(a: Picture, b: Picture, relation: Relation, facts: Facts) -> Visibility | None:
    """Return how visible the changes to a whole frame are; without a known original, the likelier one counts."""
    whole = relation in (Relation.RESAVED, Relation.ADJUSTED)
    if not whole or a.info.frames > 1 or b.info.frames > 1:
        return None
    source = facts.original or ("a" if comes_first(a, b) else "b")
    original, copy = (b, a) if source == "b" else (a, b)
    return visibility_of(original.on(WHITE), copy.on(WHITE), relation)
