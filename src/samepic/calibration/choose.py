"""Choose: where "same" should end, so that no pair that a user labelled different comes through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from samepic.calibration.figures import Judged, Outcome, outcome
from samepic.calibration.intervals import outward
from samepic.policy import Policy
from samepic.profiles.calibration import CALIBRATION
from samepic.profiles.user import RUNGS, Profile
from samepic.verdict import Relation

__all__ = ["Choice", "choose"]

_FARTHEST_UNASKED = Relation.REFRAMED


@dataclass(frozen=True, slots=True)
class Choice:
    """Where "same" ends: a rung and the least probability, `stated` and in the `profile` after rescaling; and why."""

    profile: Profile
    stated: float
    outcome: Outcome
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


def choose(judged: Sequence[Judged], slope: float, intercept: float) -> Choice | None:
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
    return Choice(profile, best[1], made, tuple(_reasons(best, outcomes)))


def _rules(slope: float, intercept: float) -> Iterator[tuple[Profile, float]]:
    bare = Profile("reframed", 0.0, slope, intercept)
    for rung in RUNGS:
        for stated in (0.0, *CALIBRATION.cutoffs):
            least = bare.rescaled(stated) if stated else 0.0
            yield Profile(rung, least, slope, intercept), stated


def _outcome(judged: Sequence[Judged], profile: Profile) -> Outcome:
    policy = Policy(Relation(profile.same_if), profile)
    return outcome(
        (one.pair.same, policy.same(one.relation, policy.probability(one.relation, one.probability)) is True)
        for one in judged
    )


def _reasons(best: tuple[str, float], tried: dict[tuple[str, float], Outcome]) -> Iterator[str]:
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


def _bound(made: Outcome) -> str:
    confidence, most = CALIBRATION.confidence * 100, outward(made.wrong_interval[1], up=True)
    return (
        f"None of {made.different} does not mean never: with {confidence:g} % confidence, at most {most} % of such"
        " pairs would wrongly be called the same."
    )


def _against(name: str, other: Outcome, made: Outcome) -> Iterator[str]:
    if other.wrong:
        yield f"{name} would wrongly let {other.wrong} through."
    elif other.refused == made.refused:
        yield f"{name} would let no more of those labelled same through."
