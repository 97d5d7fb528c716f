"""Admission of one upload: if two copies arrive at once, exactly one is accepted.

The upload is first compared without a lock. Where nothing has come or gone since then, it is committed as decided, with
a number. Else it is committed as pending, and compared with every record of a lower number: accepted ones decide at
once, matching pending ones are waited for, at most until their leases expire. Only a higher number waits for a lower
one, so there is no deadlock.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from samepic.decision import Caveat, Decision, Evidence, Match, Outcome
from samepic.duplicates.quality import merit
from samepic.errors import StoreError, StoreKeyError, UnreadableError
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.gate.index import CandidateNumbers, Index
from samepic.gate.options import GatePolicy, PolicyAction
from samepic.gate.verify import IDENTICAL, GateContext, MatchVerifier, VerifiedMatch
from samepic.picture import Encoded
from samepic.sandbox.decode import Prepared
from samepic.store.contract import Store, StoreSnapshot
from samepic.store.records import Record, Refusal, State
from samepic.tuning.search import GATE
from samepic.tuning.verify import BY_RULE
from samepic.verdict import Relation, Verdict
from samepic.writing import reason_of

_POLL_SECONDS: Final = (0.005, 0.1)  # first and longest pause between two checks of a pending upload
_WAIT_SECONDS: Final = 60.0  # how long an upload waits for others in total
_ATTEMPTS: Final = 5  # how often an upload restarts after losing its lease


@dataclass(slots=True)
class _SearchResult:
    """Verified matches: the one that refuses the upload, those to review, pending ones; `skipped` were too many.

    `nearest` is the first of these, `seen` what was searched.
    """

    seen: StoreSnapshot
    refusing: tuple[Record, VerifiedMatch] | None = None
    reviewing: list[VerifiedMatch] = field(default_factory=list)
    pending: list[Record] = field(default_factory=list)
    skipped: int = 0
    nearest: Record | None = None


@dataclass(slots=True)
class _CandidateSearch:
    """Searches as the store changes, comparing each pair once; `_keep_alive` is called between comparisons."""

    _store: Store
    _index: Index
    _verifier: MatchVerifier
    _fingerprint: Fingerprint
    _keep_alive: Callable[[], None]
    _shared: dict[int, int] = field(default_factory=dict)

    def search(self, below: int | None = None) -> _SearchResult:
        record = self._verifier.record
        with self._store.reading():
            settled = self._store.settled(record.tenant, record.identity)
            found = self._index.candidates(self._store, self._fingerprint, below)
            result, order, proxies = self._candidates(found, settled, below)
        order += self._screened(proxies, found.alike)
        # Accepted and held pictures first: they need no waiting.
        for candidate in sorted(order, key=lambda candidate: candidate.state is State.PENDING):
            self._keep_alive()
            verified = self._verifier.verify(candidate, settled)
            if verified is None:
                continue
            if candidate.state is State.PENDING:
                result.pending.append(candidate)
            elif verified.action is PolicyAction.REFUSE:
                result.refusing = candidate, verified
                break
            else:
                result.reviewing.append(verified)
        return result

    def _candidates(
        self, found: CandidateNumbers, settled: dict[str, bool], below: int | None
    ) -> tuple[_SearchResult, list[Record], Mapping[int, bytes]]:
        """Return an empty result, the kept pictures to compare with, in order, and proxies to screen before."""
        record, store = self._verifier.record, self._store
        first = store.twins(record.tenant, record.identity)
        for identity, same in settled.items():
            if same:
                first += store.twins(record.tenant, identity)
        numbers = [
            number for number in dict.fromkeys([*first, *found.near]) if below is None or number < below
        ]
        bound = GATE.candidates
        chosen, skipped = numbers[:bound], numbers[bound:]
        further = [number for number in found.alike if number not in numbers]
        wanted = [*chosen, *skipped[:1]]
        kept = {candidate.number: candidate for candidate in store.fetch(record.tenant, wanted)}
        order = [kept[number] for number in chosen if number in kept]
        nearest = kept.get(skipped[0]) if skipped else None
        return _SearchResult(found.seen, skipped=len(skipped), nearest=nearest), order, store.proxies(further)

    def _screened(self, proxies: Mapping[int, bytes], bits: Mapping[int, int]) -> list[Record]:
        """Return those of the pictures with a near copy code that share features with the upload, the most first.

        Before them come those whose code is so near, by `bits`, that few features say nothing: a small inset has few.
        """
        unknown = [number for number in proxies if number not in self._shared]
        if unknown:
            self._keep_alive()
            counts = self._verifier.shared_features([proxies[number] for number in unknown])
            self._shared.update(zip(unknown, counts, strict=True))
        ranks = {
            number: (min(bits[number], GATE.alike_near), -shared)
            for number, shared in self._shared.items()
            if number in bits and (shared or bits[number] < GATE.alike_near)
        }
        sharing = sorted((number for number in proxies if number in ranks), key=lambda number: ranks[number])
        looked = self._store.fetch(self._verifier.record.tenant, sharing[: GATE.alike_looked])
        return sorted(looked, key=lambda candidate: sharing.index(candidate.number))


def sentence_of(match: Match) -> str:
    """Return the explanation of a match, with its caveat; a low probability shows as its number."""
    if match.caveat is Caveat.UNRESOLVED:
        return f"{match.explanation}; its fine print cannot be compared at the stored size"
    return match.explanation


def refused(error: UnreadableError, key: str = "") -> Decision:
    reason = reason_of(error)
    text = f"not a usable image: {reason}" if error.wanted else reason
    return Decision(Outcome.REFUSED, text, key, error=error)


def _accepted(key: str) -> Decision:
    return Decision(Outcome.ACCEPTED, "not uploaded before", key)


def _duplicate(key: str, match: Match, others: tuple[Match, ...] = (), *, waiting: bool = False) -> Decision:
    held = ", and waits for review" if waiting else ""
    detail = f"this picture was uploaded already{held}: {sentence_of(match)}"
    return Decision(Outcome.DUPLICATE, detail, key, match, (match, *others), waiting=waiting)


def _review(key: str, matches: tuple[Match, ...], *, flooding: bool = False) -> Decision:
    if flooding:
        why = "it matches a picture that very many uploads match, such as a default avatar or a blank page"
    else:
        why = f"it may be in already: {sentence_of(matches[0])}"
    return Decision(Outcome.REVIEW, f"a person has to look at it: {why}", key, matches[0], matches, flooding)


def settled_as_same(key: str, other_key: str) -> Decision:
    reason = "the same picture, as a reviewer said"
    match = Match(other_key, Relation.EDITED, 1.0, reason, evidence=Evidence.REVIEWER)
    return _duplicate(key, match)


def current_decision(record: Record) -> Decision:
    if record.state is State.HELD and record.matches:
        return _review(record.key, record.matches)
    return _accepted(record.key)


def _decision_from(key: str, result: _SearchResult, policy: GatePolicy, *, floods: bool) -> Decision:
    """Return the decision that a search leads to; `floods`: what refuses matches too many uploads."""
    reviewing = tuple(verified.match for verified in result.reviewing)
    decision = _review(key, reviewing) if reviewing else _accepted(key)
    if result.refusing is None:
        if reviewing or policy.flooding is PolicyAction.ACCEPT or result.nearest is None:
            return decision
        why = f"too many kept pictures are near to it, {result.skipped} of them not compared"
        crowded = Match(result.nearest.key, Relation.UNDECIDABLE, BY_RULE.undecided, why)
        return _review(key, (crowded,))
    kept, verified = result.refusing
    floods = floods and verified.match.relation not in IDENTICAL
    if floods and policy.flooding is PolicyAction.REVIEW:
        return _review(key, (verified.match, *reviewing), flooding=True)
    if not floods or policy.flooding is PolicyAction.REFUSE:
        decision = _duplicate(key, verified.match, reviewing, waiting=kept.state is State.HELD)
    return replace(decision, flooding=floods)


def _kept_as(decision: Decision) -> tuple[State, tuple[Match, ...]]:
    return (State.HELD, decision.matches) if decision.outcome is Outcome.REVIEW else (State.ACCEPTED, ())


Turn = Callable[[], AbstractContextManager[object]]
"""Gives the context in which an upload gets its number: of copies that arrive at once the lowest one is kept."""


class _LostError(Exception):
    """The lease expired, and another upload withdrew this one."""


@dataclass(slots=True)
class _Lease:
    store: Store
    seconds: float
    number: int = 0
    until: float = 0.0

    def keep(self) -> None:
        """Renew the lease after a third of it. Raises _LostError where it was lost."""
        if self.number and time.monotonic() > self.until:
            if not self.store.renew(self.number, self.seconds):
                raise _LostError
            self.begin(self.number)

    def begin(self, number: int) -> None:
        self.number, self.until = number, time.monotonic() + self.seconds / 3


class Admission:
    """One upload: its bytes `encoded`, the `key` to store it under, the caller's `data`, the keys it `replaces`."""

    def __init__(
        self,
        context: GateContext,
        key: str,
        encoded: Encoded,
        policy: GatePolicy,
        data: Mapping[str, Any] | None = None,
        *,
        replaces: Collection[str] = (),
        turn: Turn | None = None,
    ) -> None:
        self._context, self._key, self._encoded, self._policy = context, key, encoded, policy
        self._turn = turn or nullcontext
        self._data, self._replaces = data or {}, frozenset(replaces)
        self._lease = _Lease(context.store, context.lease)
        self._number = 0

    def check(self) -> Decision:
        """Return what `admit` would decide now. Raises UnreadableError or a subclass for an unusable file."""
        _, search = self._prepared
        return self._decision(search.search())

    def elsewhere(self, context: GateContext, key: str) -> Admission:
        """Return the admission of the same upload, fingerprinted as it is, to another store."""
        other = Admission(context, key, self._encoded, self._policy)
        other._fingerprinted = self._fingerprinted
        return other

    def admit(self) -> Decision:
        """Accept the upload or say why not. Raises as `check`, StoreKeyError and StoreError."""
        deadline = time.monotonic() + _WAIT_SECONDS
        for _ in range(_ATTEMPTS):
            previous = self._previous_decision(deadline)
            if previous is not None:
                return previous
            verifier, search = self._prepared
            found = search.search()
            decision = self._decision(found)
            if decision.outcome is Outcome.DUPLICATE:
                return self._remember_refusal(decision)
            state, matches = _kept_as(decision)
            record = replace(verifier.record, state=state, matches=matches)
            with self._turn():
                seen = None if found.pending else found.seen
                pending = self._context.store.put(record, self._context.lease, seen)
            if pending is None:
                continue  # another upload has just taken this key
            if pending.state is not State.PENDING:
                self._context.index.follow(found.seen, pending)
                return decision
            try:
                return self._resolve(pending, search, deadline)
            except _LostError:
                continue
            except BaseException:
                # Where the store is gone, the lease runs out.
                with suppress(StoreError):
                    self._context.store.withdraw(pending.number)
                raise
            finally:
                self._lease.number = 0
        raise StoreError(
            f"{self._context.store.name}: expected to decide on {self._key!r}, was interrupted {_ATTEMPTS} times"
        )

    def _resolve(self, pending: Record, search: _CandidateSearch, deadline: float) -> Decision:
        store, number = self._context.store, pending.number
        self._lease.begin(number)
        result = search.search(below=number)
        while result.refusing is None and result.pending:
            self._wait(result.pending, deadline)
            result = search.search(below=number)
        decision = self._decision(result)
        if decision.outcome is Outcome.DUPLICATE:
            store.withdraw(number)
            return self._remember_refusal(decision)
        if not store.decide(number, *_kept_as(decision)):
            raise _LostError
        return decision

    def _wait(self, earlier: list[Record], deadline: float) -> None:
        """Wait until one of these pending records is decided; withdraw those whose lease has expired."""
        store, pause = self._context.store, _POLL_SECONDS[0]
        numbers = [record.number for record in earlier]
        while True:
            states = store.states(numbers)
            if len(states) < len(numbers) or any(state is not State.PENDING for state, _ in states.values()):
                return
            expired = [number for number, (_, left) in states.items() if left < 0]
            if any(store.withdraw(number, expired=True) for number in expired):
                return
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{store.name}: expected to decide on {self._key!r}, found no answer on {earlier[0].key!r} within"
                    f" {_WAIT_SECONDS:g} seconds: try again"
                )
            self._lease.keep()
            time.sleep(pause)
            pause = min(2 * pause, _POLL_SECONDS[1])

    def _previous_decision(self, deadline: float) -> Decision | None:
        store, tenant = self._context.store, self._context.tenant
        while (kept := store.get(tenant, self._key)) is not None and kept.state is State.PENDING:
            self._wait([kept], deadline)
        if kept is not None:
            if kept.sha256 != self._sha256:
                raise StoreKeyError(
                    f"{self._key!r}: expected a key that is free, found one that holds another picture"
                )
            return current_decision(kept)
        refusal = store.refusal(tenant, self._key)
        if refusal is None or (refusal.sha256, refusal.policy) != (self._sha256, str(self._policy)):
            return None
        if refusal.match.key in self._replaces:
            return None
        return _duplicate(self._key, refusal.match)

    @cached_property
    def _sha256(self) -> str:
        return hashlib.sha256(self._encoded.data).hexdigest()

    @cached_property
    def _fingerprinted(self) -> Prepared:
        context, encoded = self._context, self._encoded
        return context.engine.prepare(encoded.data, encoded.name, copycode=context.copycode)

    @cached_property
    def _prepared(self) -> tuple[MatchVerifier, _CandidateSearch]:
        context, prepared = self._context, self._fingerprinted
        record = self._record(prepared)
        verifier = MatchVerifier(context, record, self._compare, self._policy, self._replaces)
        found = prepared.fingerprint
        return verifier, _CandidateSearch(context.store, context.index, verifier, found, self._lease.keep)

    def _compare(self, original: bytes) -> Verdict:
        context = self._context
        return context.engine.compare(
            original, self._encoded.data, profile=context.profile, prove=False, visibility=False
        )

    def _record(self, prepared: Prepared) -> Record:
        fingerprint, info = prepared.fingerprint, prepared.info
        return Record(
            tenant=self._context.tenant,
            key=self._key,
            sha256=fingerprint.sha256,
            coded_digest=fingerprint.coded_digest,
            pdq=fingerprint.pdq,
            quality=fingerprint.quality,
            detail=fingerprint.detail,
            copycode=fingerprint.copycode,
            width=info.width,
            height=info.height,
            format=info.format,
            size=len(self._encoded.data),
            proxy=prepared.proxy,
            frames=info.frames,
            metadata=info.metadata,
            jpeg_quality=info.jpeg.quality if info.jpeg else None,
            grade=merit(info).grade,
            unresolved=prepared.unresolved,
            data=self._data,
        )

    def _decision(self, result: _SearchResult) -> Decision:
        floods = False
        if result.refusing is not None:
            store, kept = self._context.store, result.refusing[0]
            since = store.now() - GATE.flooding_seconds
            floods = store.refusals(self._context.tenant, kept.number, since) >= GATE.flooding
        self._number = result.refusing[0].number if result.refusing else 0
        return _decision_from(self._key, result, self._policy, floods=floods)

    def _remember_refusal(self, decision: Decision) -> Decision:
        assert decision.match is not None
        context = self._context
        context.store.put_refusal(
            Refusal(context.tenant, self._key, self._sha256, self._number, str(self._policy), decision.match)
        )
        return decision
