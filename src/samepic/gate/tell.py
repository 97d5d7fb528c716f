"""What a gate says of an upload, in one sentence for whoever uploads."""

from __future__ import annotations

from samepic.errors import UnreadableError
from samepic.gate.look import Looked
from samepic.gate.policy import Action, GatePolicy
from samepic.store.record import Record, State
from samepic.verdict import Caveat, Decision, Evidence, Match, Outcome, Relation

__all__ = [
    "accepted",
    "decided",
    "duplicate",
    "refused",
    "review",
    "sentence_of",
    "settled_as_same",
    "standing",
]

_CAVEATS = {Caveat.UNRESOLVED: "its fine print cannot be compared at the stored size"}
"""What is said of a match besides its explanation; a low probability is said by its number."""


def sentence_of(match: Match) -> str:
    """Return what is said of a match: its explanation, and what could not be seen."""
    words = _CAVEATS.get(match.caveat) if match.caveat else None
    return f"{match.explanation}; {words}" if words else match.explanation


def refused(error: UnreadableError, key: str = "") -> Decision:
    """Return the decision on an upload that is no sound picture."""
    return Decision(
        Outcome.REFUSED, f"no picture that can be kept: wanted {error.wanted}, got {error.got}", key
    )


def accepted(key: str, passed: int = 0) -> Decision:
    """Return that an upload is in, or would be; `passed` likenesses were too many to be looked at."""
    told = "not uploaded before"
    if passed:
        told += f", as far as its nearest likenesses tell ({passed} more were not looked at)"
    return Decision(Outcome.ACCEPTED, told, key)


def duplicate(key: str, match: Match, others: tuple[Match, ...] = (), *, waiting: bool = False) -> Decision:
    """Return that an upload is kept already as `match`; `waiting` tells that this one waits for review."""
    held = ", and waits for review" if waiting else ""
    told = f"this picture was uploaded already{held}: {sentence_of(match)}"
    return Decision(Outcome.DUPLICATE, told, key, match, (match, *others))


def review(key: str, matches: tuple[Match, ...], *, flooding: bool = False) -> Decision:
    """Return that a person must look at an upload, because of `matches`."""
    if flooding:
        why = "it matches a picture that very many uploads match, such as a default avatar or a blank page"
    else:
        why = f"it may be in already: {sentence_of(matches[0])}"
    return Decision(Outcome.REVIEW, f"a person has to look at it: {why}", key, matches[0], matches, flooding)


def settled_as_same(key: str, other_key: str) -> Decision:
    """Return where a picture stands that a reviewer called the same as another one."""
    said = "the same picture, as a reviewer said"
    match = Match(other_key, Relation.EDITED, 1.0, said, evidence=Evidence.REVIEWER)
    return duplicate(key, match)


def standing(record: Record) -> Decision:
    """Return where a kept picture stands."""
    if record.state is State.HELD and record.matches:
        return review(record.key, record.matches)
    return accepted(record.key)


def decided(key: str, looked: Looked, policy: GatePolicy, *, floods: bool) -> Decision:
    """Return the decision that a search leads to; `floods` tells that what refuses matches too many uploads."""
    reviewing = tuple(proof.match for proof in looked.reviewing)
    if looked.refusing is not None:
        kept, proof = looked.refusing
        if not floods or policy.flooding is Action.REFUSE:
            made = duplicate(key, proof.match, reviewing, waiting=kept.state is State.HELD)
            return made if not floods else _flooding(made)
        if policy.flooding is Action.REVIEW:
            return review(key, (proof.match, *reviewing), flooding=True)
        return _flooding(review(key, reviewing) if reviewing else accepted(key, looked.passed))
    return review(key, reviewing) if reviewing else accepted(key, looked.passed)


def _flooding(made: Decision) -> Decision:
    return Decision(made.outcome, made.reason, made.key, made.match, made.matches, flooding=True)
