"""Decisions of a gate: frozen values with their reason and the matches that they rest on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, NoReturn

from samepic.errors import UnreadableError
from samepic.messages import Change, Message, Notice
from samepic.values import short_repr, values_of
from samepic.verdict import Relation


class Outcome(StrEnum):
    """The decision of a gate on an upload: a closed set."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REVIEW = "review"
    REFUSED = "refused"


class Likelihood(StrEnum):
    """Whether a picture may be kept already, as far as its code alone shows: a closed set.

    `unknown`: it is too plain to have a code that says something, or all that is near matches too many uploads.
    """

    LIKELY = "likely"
    POSSIBLE = "possible"
    UNLIKELY = "unlikely"
    UNKNOWN = "unknown"


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
    although the two count as the same, or None. `changes` are what a person notices first between the two.
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
    changes: tuple[Change, ...] = ()

    __repr__ = short_repr

    def to_dict(self) -> dict[str, Any]:
        """Return the match as a JSON object."""
        return values_of(self) | {"changes": [str(change) for change in self.changes]}


_HINTS = {
    Likelihood.LIKELY: Message.MAYBE_KNOWN,
    Likelihood.POSSIBLE: Message.MAYBE_KNOWN,
    Likelihood.UNLIKELY: Message.SEEMS_NEW,
    Likelihood.UNKNOWN: Message.UPLOAD_TO_KNOW,
}


@dataclass(frozen=True, slots=True)
class CodeHint:
    """What is known of a picture by its code, before it is uploaded: a hint, and never a reason to refuse it.

    `keys` are the kept pictures with codes near to it, nearest first. Crops, pictures in pictures and large captions
    have other codes, so that an `unlikely` one may be a duplicate too.
    """

    known: Likelihood
    keys: tuple[str, ...] = ()

    def message(self, language: str = "en") -> str:
        """Return one sentence for whoever is about to upload, in a language as in `Decision.message`."""
        return Notice(_HINTS[self.known]).text(language)

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Return the JSON object of `check-code`, with the `reason` in a language."""
        return {"known": str(self.known), "reason": self.message(language), "keys": list(self.keys)}


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision of a gate on an upload, and why. It has no truth value: use `.outcome`.

    `detail` is one technical sentence, for logs and for the site's people; `reason` and `message` are for whoever
    uploads. `key` is that of the upload, "" where it was only checked. `match` is the stored picture that decided, or
    None. `matches` are all verified ones, the deciding one first. `flooding` says that the fingerprint matches so many
    different uploads that it decides nothing, `waiting` that the picture that refused the upload waits for review.
    `error` is what is wrong with the file of a refused upload.
    """

    outcome: Outcome
    detail: str
    key: str = ""
    match: Match | None = None
    matches: tuple[Match, ...] = ()
    flooding: bool = False
    waiting: bool = False
    error: UnreadableError | None = field(default=None, compare=False, repr=False)

    __repr__ = short_repr

    def __bool__(self) -> NoReturn:
        raise TypeError("a Decision has no truth value: use decision.outcome")

    @property
    def reason(self) -> str:
        """One sentence in English for whoever uploads."""
        return self.message()

    def message(self, language: str = "en", *, own: bool = False) -> str:
        """Return one sentence for whoever uploads; `own` says that the picture that was there before is theirs too.

        `language` is a tag such as "de" or "pt-BR"; English where there is no catalogue of it.
        """
        return self._notice(own=own).text(language)

    def _notice(self, *, own: bool) -> Notice:
        match self.outcome:
            case Outcome.ACCEPTED:
                return Notice(Message.NEW)
            case Outcome.REVIEW:
                return Notice(Message.REVIEW_COMMON if self.flooding else Message.REVIEW)
            case Outcome.REFUSED:
                return Notice.of_error(self.error)
        changes = self.match.changes if self.match else ()
        if self.waiting:
            return Notice(Message.OWN_DUPLICATE_WAITING if own else Message.DUPLICATE_WAITING)
        if changes:
            message = Message.OWN_DUPLICATE_CHANGED if own else Message.DUPLICATE_CHANGED
            return Notice(message, changes=changes)
        return Notice(Message.OWN_DUPLICATE if own else Message.DUPLICATE)

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Return the JSON object of `check` and `admit`, with the `reason` in a language."""
        matches = [match.to_dict() for match in self.matches]
        values = {"outcome": str(self.outcome), "reason": self.message(language), **values_of(self)}
        values |= {"match": self.match and self.match.to_dict(), "matches": matches}
        del values["error"]
        return values


class CheckedUpload(NamedTuple):
    """One upload of several: the decision on it, and `within`, what it is to those before it, None for none of them.

    The keys of the matches of `within` are the places of those uploads: "0" is the first.
    """

    decision: Decision
    within: Decision | None
