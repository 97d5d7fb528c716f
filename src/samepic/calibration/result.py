"""Result: everything that labelled pairs tell, and the profile made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from samepic.calibration.choose import Choice, choose
from samepic.calibration.figures import (
    Judged,
    Outcome,
    Trust,
    disagreements,
    outcomes_of_cutoffs,
    outcomes_of_rungs,
    trust,
)
from samepic.calibration.pairs import Pairs
from samepic.calibration.rescale import fit_rescaling
from samepic.calibration.run import Unread
from samepic.errors import ReportError
from samepic.policy import AS_STATED, Policy
from samepic.profiles.user import Origin, Profile

__all__ = ["Result", "result_of"]


@dataclass(frozen=True, slots=True)
class Result:
    """What `samepic calibrate` found.

    `stated` is how far probabilities can be trusted as they are, `rescaled` how far on the same pairs after
    rescaling by `slope` and `intercept`, which are 1 and 0 where that does not lower the Brier score, as happens when
    a label is wrong; `choice` is None where no rule keeps the pairs labelled different apart.
    """

    pairs: Pairs
    judged: tuple[Judged, ...]
    unread: tuple[Unread, ...]
    stated: Trust
    rescaled: Trust
    slope: float
    intercept: float
    rungs: dict[str, Outcome]
    cutoffs: dict[float, Outcome]
    choice: Choice | None
    disagreements: tuple[Judged, ...]

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


def result_of(pairs: Pairs, judged: Sequence[Judged], unread: Sequence[Unread]) -> Result:
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


def _rescaled(judged: Sequence[Judged], labels: Sequence[bool]) -> tuple[float, float, Trust]:
    fitted = [one for one in judged if one.relation not in AS_STATED]
    slope, intercept = fit_rescaling([one.probability for one in fitted], [one.pair.same for one in fitted])
    policy = Policy(profile=Profile(slope=slope, intercept=intercept))
    rescaled = [policy.probability(one.relation, one.probability) for one in judged]
    return slope, intercept, trust(rescaled, labels)
