"""Figures: how often verdicts and labels agree, and what each place for the end of "same" would have done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from samepic.calibration.intervals import clopper_pearson, wilson
from samepic.calibration.pairs import Pair
from samepic.policy import Policy
from samepic.profiles.calibration import CALIBRATION
from samepic.profiles.user import RUNGS
from samepic.verdict import Relation

__all__ = [
    "Bin",
    "Judged",
    "Outcome",
    "Trust",
    "disagreements",
    "outcome",
    "outcomes_of_cutoffs",
    "outcomes_of_rungs",
    "trust",
]


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled pair and what `compare` says of it; `probability` is 0 to 1, as stated without any profile."""

    pair: Pair
    relation: Relation
    probability: float
    explanation: str

    def same(self) -> bool | None:
        """Tell what `compare` answers where nothing else is asked for."""
        return Policy().same(self.relation, self.probability)

    def to_dict(self) -> dict[str, Any]:
        """Return the pair in the shape of `samepic calibrate --json`."""
        return {
            "line": self.pair.line,
            "a": self.pair.a,
            "b": self.pair.b,
            "labelled": self.pair.same,
            "same": self.same(),
            "relation": str(self.relation),
            "probability": self.probability,
            "explanation": self.explanation,
        }


@dataclass(frozen=True, slots=True)
class Bin:
    """The pairs whose probability lies from `low` to under `high` (1 belongs to the last bin).

    `mean` of their probabilities and the `share` labelled same are None where there are none; `interval` is
    Wilson's, 95 %, of the share.
    """

    low: float
    high: float
    pairs: int
    same: int
    mean: float | None
    share: float | None
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Trust:
    """How far probabilities can be trusted.

    `brier` is the mean squared distance from the labels (Brier, Verification of forecasts expressed in terms of
    probability, 1950), `error` the expected calibration error: the distance of mean and share, weighted by the pairs
    of each bin (Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, 2015).
    """

    bins: tuple[Bin, ...]
    brier: float
    error: float

    def to_dict(self) -> dict[str, Any]:
        """Return the figures in the shape of `samepic calibrate --json`."""
        return {
            "brier": self.brier,
            "expected_calibration_error": self.error,
            "bins": [asdict(one) for one in self.bins],
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule does with labelled pairs: `wrong` of the `different` come through, `refused` of the `same` do not.

    The intervals of both shares are Clopper and Pearson's, 95 %.
    """

    wrong: int
    different: int
    refused: int
    same: int

    @property
    def wrong_interval(self) -> tuple[float, float]:
        """The share of pairs labelled different that come through as the same."""
        return clopper_pearson(self.wrong, self.different)

    @property
    def refused_interval(self) -> tuple[float, float]:
        """The share of pairs labelled same that do not come through."""
        return clopper_pearson(self.refused, self.same)

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome in the shape of `samepic calibrate --json`."""
        return {
            "wrong_same": self.wrong,
            "different": self.different,
            "wrong_same_interval": list(self.wrong_interval),
            "refused": self.refused,
            "same": self.same,
            "refused_interval": list(self.refused_interval),
        }


def trust(probabilities: Sequence[float], labels: Sequence[bool]) -> Trust:
    """Return how well probabilities, 0 to 1, fit the labels of the same pairs, of which there is at least one."""
    count = CALIBRATION.bins
    sorted_in: list[list[tuple[float, bool]]] = [[] for _ in range(count)]
    for probability, label in zip(probabilities, labels, strict=True):
        sorted_in[min(int(probability * count), count - 1)].append((probability, label))
    bins = tuple(_bin(place, members) for place, members in enumerate(sorted_in))
    total = len(probabilities)
    brier = sum((p - label) ** 2 for p, label in zip(probabilities, labels, strict=True)) / total
    error = sum(
        one.pairs * abs(one.mean - one.share) / total
        for one in bins
        if one.mean is not None and one.share is not None
    )
    return Trust(bins, brier, error)


def _bin(place: int, members: list[tuple[float, bool]]) -> Bin:
    count = CALIBRATION.bins
    pairs, same = len(members), sum(label for _, label in members)
    return Bin(
        place / count,
        (place + 1) / count,
        pairs,
        same,
        sum(probability for probability, _ in members) / pairs if pairs else None,
        same / pairs if pairs else None,
        wilson(same, pairs),
    )


def outcome(answers: Iterable[tuple[bool, bool]]) -> Outcome:
    """Return what a rule does, from (labelled same, comes through) of each pair."""
    counts = dict.fromkeys(((label, through) for label in (True, False) for through in (True, False)), 0)
    for answer in answers:
        counts[answer] += 1
    wrong, refused = counts[False, True], counts[True, False]
    return Outcome(wrong, wrong + counts[False, False], refused, refused + counts[True, True])


def outcomes_of_rungs(judged: Sequence[Judged]) -> dict[str, Outcome]:
    """Return what each `same_if` would do, by its name, the nearest first."""
    return {
        rung: outcome((one.pair.same, one.relation.is_same(Relation(rung)) is True) for one in judged)
        for rung in RUNGS
    }


def outcomes_of_cutoffs(judged: Sequence[Judged]) -> dict[float, Outcome]:
    """Return what each least probability, as stated, would do on its own; what cannot be told never comes through."""
    told = [(one.pair.same, one.relation is not Relation.UNDECIDABLE, one.probability) for one in judged]
    return {
        cutoff: outcome((label, can and probability >= cutoff) for label, can, probability in told)
        for cutoff in CALIBRATION.cutoffs
    }


def disagreements(judged: Iterable[Judged]) -> list[Judged]:
    """Return the pairs whose label is not the answer of `compare`, those farthest from their label first."""
    found = [one for one in judged if one.same() is not one.pair.same]
    return sorted(found, key=lambda one: (-abs(one.probability - one.pair.same), one.pair.line))
