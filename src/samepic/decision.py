"""Decisions of a gate: frozen values with their reason and the matches that they rest on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from samepic.errors import UnreadableError
from samepic.values import short_repr, values_of
from samepic.verdict import Relation


class Outcome(StrEnum):
    """The decision of a gate on an upload: a closed set."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REVIEW = "review"
    REFUSED = "refused"


class Evidence(StrEnum):
    """The evidence for a match: a closed set, the surest first.

    `digests` of equal files or equal coded pixels; the decision of a `reviewer`; both `originals`; or both `proxies`,
    pictures of at most 320 pixels, which do not show very small details.
    """

    DIGESTS = "digests"
    REVIEWER = "reviewer"
    ORIGINALS = "originals"
    PROXIES = "proxies"


class Caveat(StrEnum):
    """Why a match that counts as the same does not refuse an upload: a closed set.

    `probability`: the verdict is not sure enough. `unresolved`: it was made from proxies, and one of the two pictures
    contains writing or lines that are too fine to show there.
    """

    PROBABILITY = "probability"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Match:
    """A stored picture and its relation to the upload; `probability` is that of the verdict, 0 to 1.

    `better` says that the upload is the better copy of the two, `worse` that the stored one is, and `better_reason`
    why, or why neither is. `evidence` is what the match is based on. `caveat` is why a person has to review the match
    although the two count as the same, or None.
    """

    key: str
    relation: Relation
    probability: float
    explanation: str
    better: bool = False
    better_reason: str = ""
    evidence: Evidence = Evidence.PROXIES
    caveat: Caveat | None = None
    worse: bool = False

    __repr__ = short_repr

    def to_dict(self) -> dict[str, Any]:
        """Return the match as a JSON object."""
        return values_of(self)


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision of a gate on an upload, and why. It has no truth value: use `.outcome`.

    `reason` is one sentence for whoever uploads. `key` is that of the upload, "" where it was only checked. `match` is
    the stored picture that decided, or None. `matches` are all verified ones, the deciding one first. `flooding` says
    that the fingerprint matches so many different uploads that it decides nothing. `error` is what is wrong with the
    file of a refused upload.
    """

    outcome: Outcome
    reason: str
    key: str = ""
    match: Match | None = None
    matches: tuple[Match, ...] = ()
    flooding: bool = False
    error: UnreadableError | None = field(default=None, compare=False, repr=False)

    __repr__ = short_repr

    def __bool__(self) -> NoReturn:
        raise TypeError("a Decision has no truth value: use decision.outcome")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of `check` and `admit`."""
        matches = [match.to_dict() for match in self.matches]
        values = values_of(self) | {"match": self.match and self.match.to_dict(), "matches": matches}
        del values["error"]
        return values
