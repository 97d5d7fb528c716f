"""Verify an upload against kept pictures, each pair once, by proxies or originals, and say which is better."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from samepic.decision import Caveat, Evidence, Match
from samepic.duplicates.quality import Merit, advantage, weight_of
from samepic.errors import LimitError, SamepicError, UnreadableError, WorkerError
from samepic.facts import Facts, Placing, Series, ToneChange
from samepic.gate.index import Index
from samepic.gate.options import GatePolicy, Originals, PolicyAction
from samepic.messages import Change
from samepic.picture import read
from samepic.profile import Policy, Profile
from samepic.sandbox.pool import Decoder
from samepic.store.contract import Store
from samepic.store.records import Record
from samepic.tuning.search import GATE
from samepic.tuning.verify import BY_RULE, RESOLUTION
from samepic.verdict import Relation, Verdict
from samepic.verify.explain import explain, explain_better
from samepic.writing import reason_of


class _Better(StrEnum):
    UPLOAD = "upload"
    KEPT = "kept"
    NEITHER = ""


_NAMES = {_Better.UPLOAD: "the upload ", _Better.KEPT: "the kept one ", _Better.NEITHER: ""}


@dataclass(frozen=True, slots=True)
class BetterCopy:
    """The better of two copies; `why` goes on from its name ("is larger: ..."), `reason` has all of it."""

    better: _Better
    why: str

    @property
    def reason(self) -> str:
        """Which is the better copy and why, or that neither is."""
        return f"{_NAMES[self.better]}{self.why}"


def better_copy_of(match: Match) -> BetterCopy:
    better = _Better.UPLOAD if match.better else _Better.KEPT if match.worse else _Better.NEITHER
    return BetterCopy(better, match.better_reason.removeprefix(_NAMES[better]))


def better_copy(
    upload: Record, kept: Record, relation: Relation, verdict: Verdict | None = None
) -> BetterCopy:
    """Return the better copy, by `verdict` on the originals, else by the records, and why; an edited one never is."""
    if relation is Relation.EDITED:
        return BetterCopy(_Better.NEITHER, "neither is the better copy: something was changed in one of them")
    if verdict is not None and verdict.original:
        better = _Better.UPLOAD if verdict.original == "b" else _Better.KEPT
        return BetterCopy(better, explain_better(verdict.facts, verdict.a, verdict.b))
    uploaded, stored = _merit(upload), _merit(kept)
    if uploaded.rank() == stored.rank():
        return BetterCopy(_Better.NEITHER, "as good as the one that is kept")
    if uploaded.rank() > stored.rank():
        return BetterCopy(_Better.UPLOAD, advantage(uploaded, stored, _WHY))
    return BetterCopy(_Better.KEPT, advantage(stored, uploaded, _WHY))


_WHY = {
    "pixels": "is larger: {0.width}x{0.height} against {1.width}x{1.height}",
    "grade": "is {better} ({0.format} against {1.format})",
    "quality": "has the higher JPEG quality: {0.quality} against {1.quality}",
    "weight": "has more coded in it",
    "metadata": "has more metadata: {0.metadata} bytes against {1.metadata}",
}


def _merit(record: Record) -> Merit:
    weight = weight_of(record.size - record.metadata, record.grade)
    size = record.width, record.height
    quality = record.jpeg_quality or 0
    return Merit(size[0] * size[1], 0, record.grade, quality, weight, record.metadata, record.format, *size)


_log = logging.getLogger("samepic.gate")


class _UncomparedReason(StrEnum):
    """Why the originals of two pictures were not compared, for the explanation: "" where the gate opens none."""

    NO_WAY = ""
    ABSENT = "the kept original is not at hand"
    SHUT = "the kept original cannot be opened"
    BROKEN = "the originals cannot be compared"
    TOO_MUCH = "comparing the originals exceeds the limits"


@dataclass(frozen=True, slots=True)
class GateContext:
    """What every admission of one gate shares: its store, index and decoder, and what the caller gave it."""

    store: Store
    index: Index
    engine: Decoder
    tenant: str
    profile: Profile | None
    originals: Originals | None
    copycode: bool
    lease: float  # in seconds


Comparison = Callable[[bytes], Verdict]
"""Gives the verdict on an original and the upload, which is b."""


def _error_text(error: Exception) -> str:
    """Return the text of an error without file names, which do not belong in a service's log."""
    if isinstance(error, UnreadableError):
        return reason_of(error)
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


IDENTICAL = (Relation.SAME_FILE, Relation.SAME_PIXELS)


@dataclass(frozen=True, slots=True)
class VerifiedMatch:
    """The match of an upload with one kept picture, and the action it leads to."""

    match: Match
    action: PolicyAction


@dataclass(frozen=True, slots=True)
class _PairVerdict:
    """A verdict on two pictures and its evidence; `uncompared` is why the originals were not compared."""

    verdict: Verdict
    evidence: Evidence
    uncompared: _UncomparedReason = _UncomparedReason.NO_WAY

    @property
    def explanation(self) -> str:
        sentence, why = self.verdict.explanation, self.uncompared
        return f"{sentence}, as far as small pictures show ({why})" if why else sentence


@dataclass(slots=True)
class MatchVerifier:
    """Compares kept pictures, but for the keys `replaces`, with the upload `record`."""

    context: GateContext
    record: Record
    compare: Comparison
    policy: GatePolicy
    replaces: frozenset[str] = frozenset()
    _verdicts: dict[int, _PairVerdict | None] = field(default_factory=dict)
    _too_large: float = math.inf  # pixels of two originals that were too much

    def verify(self, kept: Record, settled: Mapping[str, bool]) -> VerifiedMatch | None:
        """Return what the upload is to a kept picture, or None; `settled` are reviewers' decisions by identity."""
        settled_same = settled.get(kept.identity)
        # A record under the same key is another try of the same upload; the store keeps the two apart.
        if settled_same is False or kept.key in self.replaces or kept.key == self.record.key:
            return None
        if kept.identity == self.record.identity:
            relation, reason = Relation.SAME_FILE, "the same file, byte for byte"
            if kept.sha256 != self.record.sha256:
                relation = Relation.SAME_PIXELS
                reason = "every pixel is equal, only what is stored beside the picture differs"
            return self._verified(kept, relation, 1.0, reason, Evidence.DIGESTS)
        if kept.number not in self._verdicts:
            self._verdicts[kept.number] = self._compare(kept)
        pair = self._verdicts[kept.number]
        if settled_same:
            same = pair is not None and pair.verdict.relation.is_same(Relation.EDITED)
            relation = pair.verdict.relation if pair is not None and same else Relation.EDITED
            match = self._match(
                kept, relation, 1.0, "the same picture, as a reviewer said", Evidence.REVIEWER
            )
            return VerifiedMatch(match, PolicyAction.REFUSE)
        if pair is None:
            return None
        verdict = pair.verdict
        return self._verified(kept, verdict.relation, verdict.probability, pair.explanation, pair.evidence)

    def shared_features(self, kept: Sequence[bytes]) -> list[int]:
        """Return how many features the proxies of kept pictures share with the upload's; none where that fails."""
        try:
            return self.context.engine.screen(self.record.proxy, kept)
        except UnreadableError as error:
            _log.warning("an upload cannot be screened: %s", _error_text(error))
            return [0] * len(kept)

    def _verified(
        self, kept: Record, relation: Relation, probability: float, explanation: str, evidence: Evidence
    ) -> VerifiedMatch | None:
        action = self.policy.actions[relation]
        if action is PolicyAction.ACCEPT:
            return None
        profile = self.context.profile
        minimum = profile.probability if profile is not None else 0.0
        if relation not in IDENTICAL and relation.is_same(Relation.EDITED) and probability < minimum:
            return None
        match = self._match(kept, relation, probability, explanation, evidence)
        caveat = self._caveat(kept, match)
        if caveat and action is PolicyAction.REFUSE:
            action = PolicyAction.REVIEW
        return VerifiedMatch(replace(match, caveat=caveat), action)

    def _caveat(self, kept: Record, match: Match) -> Caveat | None:
        """Return why a match is not enough to refuse the upload, None where it is enough or not the same picture."""
        if match.relation in IDENTICAL or not match.relation.is_same(Relation.REFRAMED):
            return None
        if match.evidence is Evidence.PROXIES:
            shares = (record.unresolved or 0.0 for record in (kept, self.record))
            if max(shares) >= RESOLUTION.unresolved:
                return Caveat.UNRESOLVED
        return Caveat.PROBABILITY if match.probability < GATE.probability else None

    def _match(
        self, kept: Record, relation: Relation, probability: float, explanation: str, evidence: Evidence
    ) -> Match:
        pair = self._verdicts.get(kept.number)
        on_originals = pair.verdict if pair and evidence is Evidence.ORIGINALS else None
        copies = better_copy(self.record, kept, relation, on_originals)
        changes = visible_changes(pair.verdict, kept, self.record) if pair else ()
        better, worse = copies.better is _Better.UPLOAD, copies.better is _Better.KEPT
        return Match(
            kept.key,
            relation,
            probability,
            explanation,
            better,
            copies.reason,
            evidence,
            worse=worse,
            changes=changes,
        )

    def _compare(self, kept: Record) -> _PairVerdict | None:
        """Compare the proxies; the verdict is confirmed on the originals where they can be opened."""
        if kept.frames != self.record.frames:
            return self._by_first_frame(kept)
        verdict = self._compare_proxies(kept)
        if verdict is None:
            return None
        uncompared = _UncomparedReason.NO_WAY
        if self.policy.actions[verdict.relation] is not PolicyAction.ACCEPT:
            on_originals = self._compare_originals(kept)
            if isinstance(on_originals, Verdict):
                return _PairVerdict(on_originals, Evidence.ORIGINALS)
            uncompared = on_originals
        if kept.frames > 1 and not verdict.relation.is_same(Relation.ADJUSTED):
            return self._by_first_frame(kept)  # a sheet of frames says nothing of crops and edits
        return _PairVerdict(of_proxies(verdict, self.context.profile), Evidence.PROXIES, uncompared)

    def _compare_proxies(self, kept: Record, frames: tuple[int, int] | None = None) -> Verdict | None:
        try:
            return self.context.engine.compare(
                kept.proxy,
                self.record.proxy,
                profile=self.context.profile,
                prove=False,
                visibility=False,
                frames=frames,
            )
        except UnreadableError as error:
            _log.warning("record %d: its proxy cannot be compared: %s", kept.number, _error_text(error))
            return None

    def _by_first_frame(self, kept: Record) -> _PairVerdict | None:
        """Return `similar` for pictures of several frames that show the same first one, as viewers do at once."""
        counts = kept.frames, self.record.frames
        verdict = self._compare_proxies(kept, counts)
        if verdict is None or not verdict.relation.is_same(Relation.EDITED):
            return None
        pages = "TIFF" in (kept.format, self.record.format)
        facts = Facts(
            series=Series.PAGES if pages else Series.FRAMES,
            still="a" if counts[0] == 1 else "b" if counts[1] == 1 else "",
            frame=int(counts[0] != counts[1]),
            proxies=True,
        )
        a, b = (replace(info, frames=n) for info, n in zip((verdict.a, verdict.b), counts, strict=True))
        sentence = explain(facts, Relation.SIMILAR, a, b)
        similar = replace(
            verdict,
            relation=Relation.SIMILAR,
            probability=BY_RULE.in_series,
            facts=facts,
            explanation=sentence,
        )
        return _PairVerdict(similar, Evidence.PROXIES)

    def _compare_originals(self, kept: Record) -> Verdict | _UncomparedReason:
        """Compare the originals; raises only UnavailableError and StoreError, to be tried again."""
        if self.context.originals is None:
            return _UncomparedReason.NO_WAY
        size = sum(one.width * one.height * one.frames for one in (self.record, kept))
        if size >= self._too_large:
            # What was too much once is not paid for again by each of many candidates.
            return _UncomparedReason.TOO_MUCH
        original = _original(self.context.originals, kept)
        if isinstance(original, _UncomparedReason):
            return original
        try:
            return self.compare(original)
        except UnreadableError as error:
            _log.warning("record %d: the originals cannot be compared: %s", kept.number, _error_text(error))
            if not isinstance(error, (LimitError, WorkerError)):
                return _UncomparedReason.BROKEN
            self._too_large = min(size, self._too_large)
            return _UncomparedReason.TOO_MUCH


def _original(originals: Originals, kept: Record) -> bytes | _UncomparedReason:
    try:
        opened = originals(kept.key)
        return _UncomparedReason.ABSENT if opened is None else read(opened).data
    except (SamepicError, OSError, LookupError) as error:
        _log.warning("record %d: the original cannot be opened: %s", kept.number, _error_text(error))
        return _UncomparedReason.TOO_MUCH if isinstance(error, LimitError) else _UncomparedReason.SHUT


def of_proxies(verdict: Verdict, profile: Profile | None = None) -> Verdict:
    """Return a verdict on two proxies, made with `profile`, as one on the pictures they stand for."""
    facts, relation, probability = replace(verdict.facts, proxies=True), verdict.relation, verdict.probability
    if relation in IDENTICAL:
        relation = Relation.RESAVED
    elif relation is Relation.EDITED and _is_faint(verdict):
        # A proxy's tables say nothing of the picture's own compression, so noise may look like a change.
        relation, probability = Relation.RESAVED, GATE.faint_probability
        facts = replace(facts, faint=True)
    sentence = Policy.of(profile=profile).explain(
        relation, probability, explain(facts, relation, verdict.a, verdict.b)
    )
    return replace(verdict, relation=relation, probability=probability, facts=facts, explanation=sentence)


_CROPS = (Placing.CROP, Placing.PARTS, Placing.INSET_PART, Placing.CORNERS_CUT, Placing.WITHIN)
_BORDERS = (Placing.BORDER, Placing.BARS, Placing.STRIPS, Placing.CORNERS_FILLED)


def visible_changes(verdict: Verdict, kept: Record, upload: Record) -> tuple[Change, ...]:
    """Return what a person notices between two copies of one picture; () where they are not."""
    facts, relation = verdict.facts, verdict.relation
    if relation in IDENTICAL or not relation.is_same(Relation.EDITED):
        return ()
    tone = ToneChange.NONE if relation is Relation.RESAVED else facts.tone
    if tone is ToneChange.OTHER and relation is not Relation.ADJUSTED:
        tone = ToneChange.NONE  # coding again does that too, which nobody sees
    sizes = {(kept.width, kept.height), (upload.width, upload.height)}
    noticed = {
        Change.EDITED: relation is Relation.EDITED,
        Change.CROPPED: facts.placing in _CROPS,
        Change.BORDERED: facts.placing in _BORDERS,
        Change.INSET: facts.placing in (Placing.INSET, Placing.INSET_PART),
        Change.ROTATED: facts.turned != 0,
        Change.MIRRORED: facts.mirrored,
        Change.DISTORTED: facts.tilt > 0 or facts.slanted or facts.stretched or facts.perspective,
        Change.BRIGHTNESS: tone in (ToneChange.BRIGHTER, ToneChange.DARKER),
        Change.COLOR: tone in (ToneChange.OTHER, ToneChange.WITH_COLOR, ToneChange.WITHOUT_COLOR),
        Change.RESIZED: not facts.is_reshaped and len(sizes) > 1,
    }
    return tuple(change for change, holds in noticed.items() if holds)


def _is_faint(verdict: Verdict) -> bool:
    if (excess := verdict.measures.get("coding_excess")) is not None:
        return excess < GATE.faint_excess
    change, share = (verdict.measures.get(name, 1e9) for name in ("change", "changed_share"))
    return change < GATE.faint_change and share < GATE.faint_share and verdict.transform is None
