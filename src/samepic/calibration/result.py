"""Calibrate on labeled pairs: compare each of them, choose where "same" ends, and keep it as a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from samepic.api import compare_pictures
from samepic.calibration.statistics import (
    JudgedPair,
    LabeledPair,
    LabeledPairs,
    Reliance,
    RuleOutcome,
    disagreements,
    fit_rescaling,
    outcome,
    outcomes_of_cutoffs,
    outcomes_of_rungs,
    outward,
    trust,
)
from samepic.duplicates.finder import Progress, processors
from samepic.duplicates.scan import MemoryBudget, in_order
from samepic.errors import ReportError, UnreadableError
from samepic.limits import CALIBRATION, COLLECTION
from samepic.picture import inspect, load, read
from samepic.profile import AS_STATED, RUNGS, Origin, Policy, Profile
from samepic.verdict import Relation

__all__ = ["CutoffChoice", "Result", "UnreadPair", "choose", "judge_pairs", "result_of"]

_FARTHEST_UNASKED = Relation.REFRAMED


@dataclass(frozen=True, slots=True)
class CutoffChoice:
    """Where "same" ends: a rung and the least probability, `stated` and in the `profile` after rescaling; and why."""

    profile: Profile
    stated: float
    outcome: RuleOutcome
    reason: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the choice in the shape of `samepic calibrate --json`."""
        return {
            "same_if": str(self.profile.same_if),
            "probability": self.profile.probability,
            "stated": self.stated,
            **self.outcome.to_dict(),
            "reason": " ".join(self.reason),
        }


def choose(judged: Sequence[JudgedPair], slope: float, intercept: float) -> CutoffChoice | None:
    """Return the rule without a wrong "same" that refuses the fewest of the pairs labelled same.

    Of rules that refuse equally few it is one that stays within `reframed`, since `edited` is for those whose pairs
    ask for it; then the one with the lowest cutoff; then the farthest rung. None where every rule lets a wrong one
    through, or where no pair is labelled the one or the other.
    """
    tried = {
        (profile.same_if, stated): (profile, _outcome(judged, profile))
        for profile, stated in _rules(slope, intercept)
    }
    sound = [key for key, (_, made) in tried.items() if made.wrong == 0 and made.same and made.different]
    if not sound:
        return None

    def order(key: tuple[str, float]) -> tuple[float, ...]:
        rung, stated = key
        asked = Relation(rung).is_same(_FARTHEST_UNASKED) is True
        return (-tried[key][1].refused, asked, -stated, RUNGS.index(rung))

    best = max(sound, key=order)
    profile, made = tried[best]
    outcomes = {key: out for key, (_, out) in tried.items()}
    return CutoffChoice(profile, best[1], made, tuple(_reasons(best, outcomes)))


def _rules(slope: float, intercept: float) -> Iterator[tuple[Profile, float]]:
    bare = Profile("reframed", 0.0, slope, intercept)
    for rung in RUNGS:
        for stated in (0.0, *CALIBRATION.cutoffs):
            least = bare.rescaled(stated) if stated else 0.0
            yield Profile(rung, least, slope, intercept), stated


def _outcome(judged: Sequence[JudgedPair], profile: Profile) -> RuleOutcome:
    policy = Policy(Relation(profile.same_if), profile)
    return outcome(
        (one.pair.same, policy.same(one.relation, policy.probability(one.relation, one.probability)) is True)
        for one in judged
    )


def _reasons(best: tuple[str, float], tried: dict[tuple[str, float], RuleOutcome]) -> Iterator[str]:
    """Yield the sentences that say why: what the rule does, why not farther, why not a lower cutoff."""
    rung, stated = best
    made = tried[best]
    asks = f" with a stated probability of at least {stated:g}" if stated else ""
    yield (
        f"The relation {rung}{asks} lets through {made.same - made.refused} of the {made.same} pairs labelled same"
        f" and none of the {made.different} labelled different."
    )
    yield _bound(made)
    if rung != RUNGS[-1]:
        farther = RUNGS[RUNGS.index(rung) + 1]
        yield from _against(f"Going as far as {farther}{asks}", tried[farther, stated], made)
    if stated:
        ladder = (0.0, *CALIBRATION.cutoffs)
        lower = ladder[ladder.index(stated) - 1]
        words = f"A probability of {lower:g}" if lower else "No least probability"
        yield from _against(words, tried[rung, lower], made)


def _bound(made: RuleOutcome) -> str:
    confidence, most = CALIBRATION.confidence * 100, outward(made.wrong_interval[1], up=True)
    return (
        f"None of {made.different} does not mean never: with {confidence:g} % confidence, at most {most} % of such"
        " pairs would wrongly be called the same."
    )


def _against(name: str, other: RuleOutcome, made: RuleOutcome) -> Iterator[str]:
    if other.wrong:
        yield f"{name} would wrongly let {other.wrong} through."
    elif other.refused == made.refused:
        yield f"{name} would let no more of those labelled same through."


@dataclass(frozen=True, slots=True)
class UnreadPair:
    """A pair that could not be compared, and why: which of the two, what was wanted, what came."""

    pair: LabeledPair
    error: str

    def to_dict(self) -> dict[str, object]:
        """Return it in the shape of `samepic calibrate --json`."""
        return {"line": self.pair.line, "a": self.pair.a, "b": self.pair.b, "error": self.error}


def judge_pairs(
    pairs: Sequence[LabeledPair], jobs: int | None = None, progress: Callable[[Progress], None] | None = None
) -> tuple[list[JudgedPair], list[UnreadPair]]:
    """Compare each pair; return what is said of them and what could not be read, both in the order of `pairs`.

    `jobs` threads work (default: one for each processor); `progress` is told how far it is.
    """
    threads = jobs or processors()
    pool = ThreadPoolExecutor(threads, "samepic-calibrate")
    room = MemoryBudget(COLLECTION.working_bytes)
    judged: list[JudgedPair] = []
    unread: list[UnreadPair] = []

    def work(pair: LabeledPair) -> JudgedPair | UnreadPair:
        return _judged(pair, room)

    try:
        for done, answer in enumerate(in_order(pool, work, pairs, threads * COLLECTION.ahead), 1):
            if isinstance(answer, JudgedPair):
                judged.append(answer)
            else:
                unread.append(answer)
            if progress is not None:
                progress(Progress("comparing", done, len(pairs), "pairs"))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return judged, unread


def _judged(pair: LabeledPair, room: MemoryBudget) -> JudgedPair | UnreadPair:
    try:
        encoded = [read(path) for path in (pair.a, pair.b)]
        pixels = sum(info.width * info.height for info in map(inspect, encoded))
        with room.taken(pixels * COLLECTION.bytes_per_pixel):
            verdict = compare_pictures(*(load(one) for one in encoded))
    except UnreadableError as error:
        return UnreadPair(pair, str(error))
    return JudgedPair(pair, verdict.relation, verdict.probability, verdict.explanation)


@dataclass(frozen=True, slots=True)
class Result:
    """What `samepic calibrate` found.

    `stated` is how far probabilities can be trusted as they are, `rescaled` how far on the same pairs after
    rescaling by `slope` and `intercept`, which are 1 and 0 where that does not lower the Brier score, as happens when
    a label is wrong; `choice` is None where no rule keeps the pairs labelled different apart.
    """

    pairs: LabeledPairs
    judged: tuple[JudgedPair, ...]
    unread: tuple[UnreadPair, ...]
    stated: Reliance
    rescaled: Reliance
    slope: float
    intercept: float
    rungs: dict[str, RuleOutcome]
    cutoffs: dict[float, RuleOutcome]
    choice: CutoffChoice | None
    disagreements: tuple[JudgedPair, ...]

    @property
    def same(self) -> int:
        """The pairs labelled same among those compared."""
        return sum(one.pair.same for one in self.judged)

    def profile(self, date: str, samepic: str, command: str) -> Profile:
        """Return the profile to write; raise ReportError where there is no choice."""
        if self.choice is None:
            raise ReportError(f"{self.pairs.name}: {self.why_no_choice()}")
        origin = Origin(self.pairs.name, self.pairs.sha256, len(self.judged), date, samepic, command)
        return replace(self.choice.profile, origin=origin)

    def why_no_choice(self) -> str:
        """Return why there is no place for the end of "same", in the words of an error."""
        if self.same in (0, len(self.judged)):
            missing = "different" if self.same else "same"
            return f"wanted pairs of both kinds to choose where same ends, got none labelled {missing}"
        wrong = next(iter(self.rungs.values())).wrong
        what = (
            f"{wrong} that are the same file" if wrong else "some that nothing tells from those labelled same"
        )
        return (
            f"wanted pairs labelled different that some rule keeps apart, got {what}: check the labels first"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in the shape of `samepic calibrate --json`."""
        bare = Profile(slope=self.slope, intercept=self.intercept)
        return {
            "pairs": {
                "csv": self.pairs.name,
                "sha256": self.pairs.sha256,
                "compared": len(self.judged),
                "same": self.same,
                "different": len(self.judged) - self.same,
                "repeated": self.pairs.repeated,
            },
            "stated": self.stated.to_dict(),
            "rescaled": {"slope": self.slope, "intercept": self.intercept, **self.rescaled.to_dict()},
            "same_if": [{"same_if": rung, **made.to_dict()} for rung, made in self.rungs.items()],
            "probability": [
                {"stated": cutoff, "rescaled": bare.rescaled(cutoff), **made.to_dict()}
                for cutoff, made in self.cutoffs.items()
            ],
            "choice": self.choice.to_dict() if self.choice else None,
            "disagreements": [one.to_dict() for one in self.disagreements],
            "unreadable": [one.to_dict() for one in self.unread],
        }


def result_of(pairs: LabeledPairs, judged: Sequence[JudgedPair], unread: Sequence[UnreadPair]) -> Result:
    """Return what the verdicts are worth; raise ReportError where not one pair could be compared."""
    if not judged:
        raise ReportError(f"{pairs.name}: wanted at least one pair that can be read, got {unread[0].error}")
    labels = [one.pair.same for one in judged]
    stated = trust([one.probability for one in judged], labels)
    slope, intercept, rescaled = _rescaled(judged, labels)
    if rescaled.brier > stated.brier:
        slope, intercept, rescaled = 1.0, 0.0, stated
    return Result(
        pairs=pairs,
        judged=tuple(judged),
        unread=tuple(unread),
        stated=stated,
        rescaled=rescaled,
        slope=slope,
        intercept=intercept,
        rungs=outcomes_of_rungs(judged),
        cutoffs=outcomes_of_cutoffs(judged),
        choice=choose(judged, slope, intercept),
        disagreements=tuple(disagreements(judged)),
    )


def _rescaled(judged: Sequence[JudgedPair], labels: Sequence[bool]) -> tuple[float, float, Reliance]:
    fitted = [one for one in judged if one.relation not in AS_STATED]
    slope, intercept = fit_rescaling([one.probability for one in fitted], [one.pair.same for one in fitted])
    policy = Policy(profile=Profile(slope=slope, intercept=intercept))
    rescaled = [policy.probability(one.relation, one.probability) for one in judged]
    return slope, intercept, trust(rescaled, labels)
