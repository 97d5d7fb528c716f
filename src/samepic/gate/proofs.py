"""Proofs: what one upload was found to be to kept pictures, each pair looked at once."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from samepic.errors import UnreadableError
from samepic.gate.better import better_copy
from samepic.gate.closer import CloserLook, said
from samepic.gate.parts import Parts
from samepic.gate.policy import Action, GatePolicy
from samepic.profiles.gate import GATE
from samepic.store.record import Record
from samepic.verdict import Evidence, Match, Relation, Verdict

__all__ = ["Proof", "Prover", "of_proxies"]

_log = logging.getLogger("samepic.gate")

# Proxies have sizes and qualities of their own, of which nobody wants to hear.
_OF_PROXIES = re.compile(r" \((?:\d+x\d+ against |JPEG quality )[^)]*\)|, saved at JPEG quality \d+")
_FAINT = "the same picture saved again, but for traces that are no stronger than those of coding"
_STILL = (Relation.SAME_FILE, Relation.SAME_PIXELS)


@dataclass(frozen=True, slots=True)
class Proof:
    """What an upload is to one kept picture, and what is to be done because of it."""

    match: Match
    action: Action


@dataclass(frozen=True, slots=True)
class _Seen:
    """A verdict on two pictures, and what it was told from; `why` tells why it was not the originals."""

    verdict: Verdict
    evidence: Evidence
    why: str = ""

    @property
    def explanation(self) -> str:
        told = self.verdict.explanation
        return f"{told}, as far as small pictures show ({self.why})" if self.why else told


class Prover:
    """Looks at kept pictures for one upload: `record` as it would be kept, `data` its bytes.

    `settled` are the reviewers' words on it by identity; `verified` counts the pairs that were looked at. What has a
    key in `replaces` is passed over.
    """

    def __init__(
        self,
        parts: Parts,
        record: Record,
        data: bytes,
        policy: GatePolicy,
        replaces: frozenset[str] = frozenset(),
    ) -> None:
        self.record, self.policy, self.replaces = record, policy, replaces
        self.verified = 0
        self._engine, self._profile = parts.engine, parts.profile
        self._closer = CloserLook(parts, record, data)
        self._known: dict[int, _Seen | None] = {}

    def proof(self, kept: Record, settled: Mapping[str, bool]) -> Proof | None:
        """Return what the upload is to a kept picture; None where it is another, or cannot be told."""
        word = settled.get(kept.identity)
        # What has the key that this one wants is another try of the same upload; the store tells the two apart.
        if word is False or kept.key in self.replaces or kept.key == self.record.key:
            return None
        if kept.identity == self.record.identity:
            return self._proof(kept, *self._twin(kept))
        seen = self._seen(kept)
        if word:
            same = seen is not None and seen.verdict.relation.is_same(Relation.EDITED)
            relation = seen.verdict.relation if seen is not None and same else Relation.EDITED
            said = "the same picture, as a reviewer said"
            return Proof(self._match(kept, relation, 1.0, said, Evidence.REVIEWER), Action.REFUSE)
        if seen is None:
            return None
        verdict = seen.verdict
        return self._proof(kept, verdict.relation, verdict.probability, seen.explanation, seen.evidence)

    def shared_features(self, kept: Sequence[Record]) -> list[int]:
        """Return how many features the proxies of kept pictures share with the upload's; none where that fails."""
        try:
            return self._engine.screen(self.record.proxy, [one.proxy for one in kept])
        except UnreadableError as error:
            _log.warning("an upload cannot be screened: %s", said(error))
            return [0] * len(kept)

    def _twin(self, kept: Record) -> tuple[Relation, float, str, Evidence]:
        if kept.sha256 == self.record.sha256:
            return Relation.SAME_FILE, 1.0, "the same file, byte for byte", Evidence.DIGESTS
        told = "every pixel is equal, only what is stored beside the picture differs"
        return Relation.SAME_PIXELS, 1.0, told, Evidence.DIGESTS

    def _proof(
        self, kept: Record, relation: Relation, probability: float, explanation: str, evidence: Evidence
    ) -> Proof | None:
        action = self.policy.actions[relation]
        if action is Action.ACCEPT:
            return None
        if relation not in _STILL:
            if self._profile is not None and probability < self._profile.probability:
                return None
            if (
                action is Action.REFUSE
                and probability < GATE.probability
                and relation.is_same(Relation.REFRAMED)
            ):
                action = Action.REVIEW
        return Proof(self._match(kept, relation, probability, explanation, evidence), action)

    def _match(
        self, kept: Record, relation: Relation, probability: float, explanation: str, evidence: Evidence
    ) -> Match:
        seen = self._known.get(kept.number) if evidence is Evidence.ORIGINALS else None
        better, why = better_copy(self.record, kept, relation, seen.verdict if seen else None)
        return Match(kept.key, relation, probability, explanation, better, why, evidence)

    def _seen(self, kept: Record) -> _Seen | None:
        if kept.number not in self._known:
            self._known[kept.number] = self._looked(kept)
        return self._known[kept.number]

    def _looked(self, kept: Record) -> _Seen | None:
        """Lay the proxies on each other; what they say is confirmed on the originals where these can be had."""
        if kept.frames != self.record.frames:
            return None  # an animation is its frames, and a still none of them
        self.verified += 1
        try:
            verdict = self._engine.compare(
                kept.proxy, self.record.proxy, profile=self._profile, prove=False, visibility=False
            )
        except UnreadableError as error:
            _log.warning("record %d: its proxy cannot be compared: %s", kept.number, said(error))
            return None
        why = ""
        if self.policy.actions[verdict.relation] is not Action.ACCEPT:
            closer = self._closer.at(kept)
            if isinstance(closer, Verdict):
                return _Seen(closer, Evidence.ORIGINALS)
            why = closer
        if kept.frames > 1 and not verdict.relation.is_same(Relation.ADJUSTED):
            return None  # a sheet of frames says nothing of crops and edits
        return _Seen(of_proxies(verdict), Evidence.PROXIES, why)


def of_proxies(verdict: Verdict) -> Verdict:
    """Return a verdict on two proxies as one on the pictures that they stand for."""
    if verdict.relation in _STILL:
        return replace(verdict, relation=Relation.RESAVED, explanation="the same picture saved again")
    told = _OF_PROXIES.sub("", verdict.explanation)
    if verdict.relation is Relation.EDITED and _is_faint(verdict):
        # A proxy's tables do not tell how coarsely the picture itself was coded, so that noise passes for a change.
        return replace(
            verdict, relation=Relation.RESAVED, probability=GATE.faint_probability, explanation=_FAINT
        )
    return replace(verdict, explanation=told)


def _is_faint(verdict: Verdict) -> bool:
    """Tell whether all that was found changed is so small and faint that coding twice may have done it."""
    peak, share = (verdict.measures.get(name, 1e9) for name in ("peak", "changed_share"))
    return peak < GATE.faint_peak and share < GATE.faint_share and verdict.transform is None
