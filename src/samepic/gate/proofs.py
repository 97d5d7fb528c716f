"""Proofs: what one upload was found to be to kept pictures, each pair looked at once."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from samepic.errors import UnreadableError
from samepic.gate.better import Better, better_copy
from samepic.gate.closer import CloserLook, Unseen, said
from samepic.gate.parts import Parts
from samepic.gate.policy import Action, GatePolicy
from samepic.policy import Policy
from samepic.profiles.gate import GATE
from samepic.profiles.resolution import RESOLUTION
from samepic.profiles.user import Profile
from samepic.store.record import Record
from samepic.verdict import Caveat, Evidence, Match, Relation, Verdict
from samepic.verify.explain import explain

__all__ = ["Proof", "Prover", "of_proxies"]

_log = logging.getLogger("samepic.gate")

_STILL = (Relation.SAME_FILE, Relation.SAME_PIXELS)
_UNSEEN = {
    Unseen.ABSENT: "the kept original is not at hand",
    Unseen.SHUT: "the kept original cannot be opened",
    Unseen.BROKEN: "the originals cannot be compared",
    Unseen.TOO_MUCH: "comparing the originals exceeds the limits",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What an upload is to one kept picture, and what is to be done because of it."""

    match: Match
    action: Action


@dataclass(frozen=True, slots=True)
class _Seen:
    """A verdict on two pictures, and what it was made from; `unseen` is why that was not the originals."""

    verdict: Verdict
    evidence: Evidence
    unseen: Unseen = Unseen.NO_WAY

    @property
    def explanation(self) -> str:
        sentence, why = self.verdict.explanation, _UNSEEN.get(self.unseen)
        return f"{sentence}, as far as small pictures show ({why})" if why else sentence


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
        least = self._profile.probability if self._profile is not None else 0.0
        if relation not in _STILL and probability < least:
            return None
        match = self._match(kept, relation, probability, explanation, evidence)
        caveat = self._caveat(kept, match)
        if caveat and action is Action.REFUSE:
            action = Action.REVIEW
        return Proof(replace(match, caveat=caveat), action)

    def _caveat(self, kept: Record, match: Match) -> Caveat | None:
        """Return why a match is not enough to refuse the upload, None where it is or is not the same anyway."""
        if match.relation in _STILL or not match.relation.is_same(Relation.REFRAMED):
            return None
        if match.evidence is Evidence.PROXIES:
            shares = (one.unresolved or 0.0 for one in (kept, self.record))
            if max(shares) >= RESOLUTION.unresolved:
                return Caveat.UNRESOLVED
        return Caveat.PROBABILITY if match.probability < GATE.probability else None

    def _match(
        self, kept: Record, relation: Relation, probability: float, explanation: str, evidence: Evidence
    ) -> Match:
        seen = self._known.get(kept.number) if evidence is Evidence.ORIGINALS else None
        copies = better_copy(self.record, kept, relation, seen.verdict if seen else None)
        better, worse = copies.better is Better.UPLOAD, copies.better is Better.KEPT
        return Match(
            kept.key, relation, probability, explanation, better, copies.reason, evidence, worse=worse
        )

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
        unseen = Unseen.NO_WAY
        if self.policy.actions[verdict.relation] is not Action.ACCEPT:
            closer = self._closer.at(kept)
            if isinstance(closer, Verdict):
                return _Seen(closer, Evidence.ORIGINALS)
            unseen = closer
        if kept.frames > 1 and not verdict.relation.is_same(Relation.ADJUSTED):
            return None  # a sheet of frames says nothing of crops and edits
        return _Seen(of_proxies(verdict, self._profile), Evidence.PROXIES, unseen)


def of_proxies(verdict: Verdict, profile: Profile | None = None) -> Verdict:
    """Return a verdict on two proxies, made with `profile`, as one on the pictures that they stand for."""
    facts, relation, probability = replace(verdict.facts, proxies=True), verdict.relation, verdict.probability
    if relation in _STILL:
        relation = Relation.RESAVED
    elif relation is Relation.EDITED and _is_faint(verdict):
        # A proxy's tables do not tell how coarsely the picture itself was coded, so that noise passes for a change.
        relation, probability = Relation.RESAVED, GATE.faint_probability
        facts = replace(facts, faint=True)
    sentence = Policy.of(profile=profile).told(
        relation, probability, explain(facts, relation, verdict.a, verdict.b)
    )
    return replace(verdict, relation=relation, probability=probability, facts=facts, explanation=sentence)


def _is_faint(verdict: Verdict) -> bool:
    """Tell whether all that was found changed is so small and faint that coding twice may have done it."""
    if (excess := verdict.measures.get("coding_excess")) is not None:
        return excess < GATE.faint_excess
    change, share = (verdict.measures.get(name, 1e9) for name in ("change", "changed_share"))
    return change < GATE.faint_change and share < GATE.faint_share and verdict.transform is None
