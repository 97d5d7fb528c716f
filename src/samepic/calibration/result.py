"""Calibrate on labeled pairs: compare each of them, choose where "same" ends, and keep it as a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from samepic.api import compare_pictures
from samepic.calibration import statistics
from samepic.calibration.statistics import (
    JudgedPair,
    LabeledPair,
    LabeledPairs,
    ReliabilityCurve,
    RuleOutcome,
)
from samepic.duplicates.finder import Progress, processors
from samepic.duplicates.scan import AHEAD, BYTES_PER_PIXEL, WORKING_BYTES, MemoryBudget, in_order
from samepic.errors import ReportError, UnreadableError
from samepic.picture import inspect, load, read
from samepic.profile import AS_STATED, RUNGS, Origin, Policy, Profile
from samepic.verdict import Relation

_LEAST = (0.0, *statistics.CUTOFFS)
"""The stated probabilities that a rule may ask for, none first."""


class CutoffChoice(NamedTuple):
    """A recommended profile, with its least probability as `stated` before rescaling, and the reason for it."""

    profile: Profile
    stated: float
    outcome: RuleOutcome
    reason: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "same_if": str(self.profile.same_if),
            "probability": self.profile.probability,
            "stated": self.stated,
            **self.outcome.to_dict(),
            "reason": " ".join(self.reason),
        }


def choose(judged: Sequence[JudgedPair], slope: float, intercept: float) -> CutoffChoice | None:
    """Return the rule that accepts no pair labeled different and refuses the fewest others, if there is one."""
    base = Profile("reframed", 0.0, slope, intercept)
    profiles: dict[tuple[str, float], Profile] = {}
    outcomes: dict[tuple[str, float], RuleOutcome] = {}
    for relation, stated in product(RUNGS, _LEAST):
        profile = Profile(relation, base.rescaled(stated) if stated else 0.0, slope, intercept)
        profiles[relation, stated] = profile
        policy = Policy(Relation(relation), profile)
        rescaled = [(item, policy.probability(item.relation, item.probability)) for item in judged]
        answers = ((item.pair.same, policy.same(item.relation, p) is True) for item, p in rescaled)
        outcomes[relation, stated] = statistics.outcome(answers)
    valid = [key for key, found in outcomes.items() if found.wrong == 0 and found.same and found.different]
    if not valid:
        return None

    def rank(key: tuple[str, float]) -> tuple[float, ...]:
        relation, stated = key
        within_default = Relation(relation).is_same(Relation.REFRAMED) is True
        return (-outcomes[key].refused, within_default, -stated, RUNGS.index(relation))

    best = max(valid, key=rank)
    return CutoffChoice(profiles[best], best[1], outcomes[best], tuple(_reasons(best, outcomes)))


def _reasons(best: tuple[str, float], tried: dict[tuple[str, float], RuleOutcome]) -> Iterator[str]:
    relation, stated = best
    result = tried[best]
    condition = f" with a stated probability of at least {stated:g}" if stated else ""
    yield (
        f"The relation {relation}{condition} accepts {result.same - result.refused} of the {result.same} pairs"
        f" labeled same and none of the {result.different} labeled different."
    )
    upper = statistics.format_bound(result.wrong_interval[1], up=True)
    yield (
        f"None of {result.different} does not mean never: with {statistics.CONFIDENCE * 100:g} % confidence, at most"
        f" {upper} % of such pairs would wrongly count as the same."
    )
    if relation != RUNGS[-1]:
        looser = RUNGS[RUNGS.index(relation) + 1]
        yield from _objection(f"The relation {looser}{condition}", tried[looser, stated], result)
    if stated:
        previous = _LEAST[_LEAST.index(stated) - 1]
        subject = f"A probability of {previous:g}" if previous else "No least probability"
        yield from _objection(subject, tried[relation, previous], result)


def _objection(name: str, other: RuleOutcome, result: RuleOutcome) -> Iterator[str]:
    if other.wrong:
        yield f"{name} would wrongly accept {other.wrong}."
    elif other.refused == result.refused:
        yield f"{name} would accept no more of those labeled same."


@dataclass(frozen=True, slots=True)
class UnreadablePair:
    pair: LabeledPair
    error: str

    def to_dict(self) -> dict[str, object]:
        return {**self.pair.names(), "error": self.error}


def judge_pairs(
    pairs: Sequence[LabeledPair], jobs: int | None = None, progress: Callable[[Progress], None] | None = None
) -> tuple[list[JudgedPair], list[UnreadablePair]]:
    """Compare each pair on `jobs` threads; return the judged and the unreadable pairs, each in order."""
    threads = jobs or processors()
    pool = ThreadPoolExecutor(threads, "samepic-calibrate")
    budget = MemoryBudget(WORKING_BYTES)
    judged: list[JudgedPair] = []
    unreadable: list[UnreadablePair] = []
    try:
        results = in_order(pool, partial(_judge, budget=budget), pairs, threads * AHEAD)
        for done, result in enumerate(results, 1):
            if isinstance(result, JudgedPair):
                judged.append(result)
            else:
                unreadable.append(result)
            if progress is not None:
                progress(Progress("comparing", done, len(pairs), "pairs"))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return judged, unreadable


def _judge(pair: LabeledPair, budget: MemoryBudget) -> JudgedPair | UnreadablePair:
    try:
        encoded = [read(path) for path in (pair.a, pair.b)]
        pixels = sum(info.width * info.height for info in map(inspect, encoded))
        with budget.reserve(pixels * BYTES_PER_PIXEL):
            verdict = compare_pictures(*(load(image) for image in encoded))
    except UnreadableError as error:
        return UnreadablePair(pair, str(error))
    return JudgedPair(pair, verdict.relation, verdict.probability, verdict.explanation)


@dataclass(frozen=True, slots=True)
class Result:
    """What `samepic calibrate` found; `slope` and `intercept`, of `rescaled`, are 1 and 0 where that is no gain."""

    pairs: LabeledPairs
    judged: tuple[JudgedPair, ...]
    unreadable: tuple[UnreadablePair, ...]
    stated: ReliabilityCurve
    rescaled: ReliabilityCurve
    slope: float
    intercept: float
    outcomes_by_relation: dict[str, RuleOutcome]
    outcomes_by_cutoff: dict[float, RuleOutcome]
    choice: CutoffChoice | None
    disagreements: tuple[JudgedPair, ...]

    @property
    def same(self) -> int:
        """The pairs labeled same among those compared."""
        return sum(item.pair.same for item in self.judged)

    def profile(self, date: str, samepic: str, command: str) -> Profile:
        """Return the profile to write; raise ReportError where there is no choice."""
        if self.choice is None:
            raise ReportError(f"{self.pairs.name}: {self.why_no_choice()}")
        origin = Origin(self.pairs.name, self.pairs.sha256, len(self.judged), date, samepic, command)
        return replace(self.choice.profile, origin=origin)

    def why_no_choice(self) -> str:
        if self.same in (0, len(self.judged)):
            missing = "different" if self.same else "same"
            return f"expected pairs of both kinds to choose a cutoff, found none labeled {missing}"
        wrong = next(iter(self.outcomes_by_relation.values())).wrong
        reason = f"{wrong} that are the same file" if wrong else "some that look like those labeled same"
        return f"expected pairs labeled different that some rule can separate, found {reason}: check the labels first"

    def to_dict(self) -> dict[str, Any]:
        profile = Profile(slope=self.slope, intercept=self.intercept)
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
            "same_if": [
                {"same_if": relation, **result.to_dict()}
                for relation, result in self.outcomes_by_relation.items()
            ],
            "probability": [
                {"stated": cutoff, "rescaled": profile.rescaled(cutoff), **result.to_dict()}
                for cutoff, result in self.outcomes_by_cutoff.items()
            ],
            "choice": self.choice.to_dict() if self.choice else None,
            "disagreements": [item.to_dict() for item in self.disagreements],
            "unreadable": [item.to_dict() for item in self.unreadable],
        }


def result_of(
    pairs: LabeledPairs, judged: Sequence[JudgedPair], unreadable: Sequence[UnreadablePair]
) -> Result:
    """Return the statistics and the choice; raise ReportError where no pair could be compared."""
    if not judged:
        found = unreadable[0].error
        raise ReportError(f"{pairs.name}: expected at least one pair that can be read, found {found}")
    labels = [item.pair.same for item in judged]
    stated = statistics.reliability([item.probability for item in judged], labels)
    fitted = [item for item in judged if item.relation not in AS_STATED]
    known = [item.pair.same for item in fitted]
    slope, intercept = statistics.fit_rescaling([item.probability for item in fitted], known)
    policy = Policy(profile=Profile(slope=slope, intercept=intercept))
    probabilities = [policy.probability(item.relation, item.probability) for item in judged]
    rescaled = statistics.reliability(probabilities, labels)
    if rescaled.brier > stated.brier:
        slope, intercept, rescaled = 1.0, 0.0, stated
    return Result(
        pairs=pairs,
        judged=tuple(judged),
        unreadable=tuple(unreadable),
        stated=stated,
        rescaled=rescaled,
        slope=slope,
        intercept=intercept,
        outcomes_by_relation=statistics.outcomes_by_relation(judged),
        outcomes_by_cutoff=statistics.outcomes_by_cutoff(judged),
        choice=choose(judged, slope, intercept),
        disagreements=tuple(statistics.disagreements(judged)),
    )
