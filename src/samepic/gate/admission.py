"""Admission: one upload on its way in, so that of two copies that arrive at once the later sees the earlier.

The upload is looked at first, beside everything else. Then it is committed as pending, with a number, and whatever has
a lower number by then is looked at: accepted ones decide, pending ones that match are waited for, never longer than
their leases. Only a higher number waits for a lower one, so that there is no cycle.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from samepic.errors import StoreError, StoreKeyError, UnreadableError
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.gate.index import Index
from samepic.gate.originals import GateContext
from samepic.gate.policy import GatePolicy, PolicyAction
from samepic.gate.verify import MatchVerifier, VerifiedMatch, grade_of
from samepic.limits import GATE
from samepic.picture import Encoded
from samepic.sandbox.decode import Prepared
from samepic.store.contract import Store
from samepic.store.records import Record, Refusal, State
from samepic.verdict import Caveat, Decision, Evidence, Match, Outcome, Relation

__all__ = [
    "Admission",
    "CandidateSearch",
    "SearchResult",
    "accepted",
    "decided",
    "duplicate",
    "refused",
    "review",
    "sentence_of",
    "settled_as_same",
    "standing",
]


@dataclass(slots=True)
class SearchResult:
    """What a search found: proofs against what is kept, and the pending pictures that would stop the upload.

    `refusing` is the kept picture that refuses it, `reviewing` those that ask for review; `pending` may become either.
    `passed` counts candidates beyond the bound, at which nobody looked.
    """

    refusing: tuple[Record, VerifiedMatch] | None = None
    reviewing: list[VerifiedMatch] = field(default_factory=list)
    pending: list[Record] = field(default_factory=list)
    passed: int = 0


class CandidateSearch:
    """Searches for one upload, again and again as the store changes; each pair is looked at once.

    `alive` is called between looks, which may take a while.
    """

    def __init__(
        self,
        store: Store,
        index: Index,
        prover: MatchVerifier,
        fingerprint: Fingerprint,
        alive: Callable[[], None],
    ) -> None:
        self._store, self._index, self._prover = store, index, prover
        self._fingerprint, self._alive = fingerprint, alive
        self._shared: dict[int, int] = {}

    def look(self, below: int | None = None) -> SearchResult:
        """Look at every candidate that is visible now and has a number under `below`, nearest first."""
        record, looked = self._prover.record, SearchResult()
        settled = self._store.settled(record.tenant, record.identity)
        order, looked.passed = self._candidates(settled, below)
        # What is decided needs no waiting for.
        for one in sorted(order, key=lambda one: one.state is State.PENDING):
            self._alive()
            proof = self._prover.proof(one, settled)
            if proof is None:
                continue
            if one.state is State.PENDING:
                looked.pending.append(one)
            elif proof.action is PolicyAction.REFUSE:
                looked.refusing = one, proof
                break
            else:
                looked.reviewing.append(proof)
        return looked

    def _candidates(self, settled: dict[str, bool], below: int | None) -> tuple[list[Record], int]:
        """Return the kept pictures to be looked at, in their order, and how many more there are."""
        record, store = self._prover.record, self._store
        found = self._index.candidates(store, self._fingerprint, below)
        first = store.twins(record.tenant, record.identity)
        for identity, same in settled.items():
            if same:
                first += store.twins(record.tenant, identity)
        numbers = [
            number for number in dict.fromkeys([*first, *found.near]) if below is None or number < below
        ]
        bound = GATE.candidates
        chosen, passed = numbers[:bound], max(0, len(numbers) - bound)
        alike = [number for number in found.alike if number not in numbers]
        kept = {one.number: one for one in store.fetch(record.tenant, [*chosen, *alike])}
        order = [kept[number] for number in chosen if number in kept]
        return order + self._screened([kept[number] for number in alike if number in kept]), passed

    def _screened(self, alike: list[Record]) -> list[Record]:
        """Return those of the pictures with a near copy code that share features with the upload, the most first."""
        unknown = [one for one in alike if one.number not in self._shared]
        if unknown:
            self._alive()
            counts = self._prover.shared_features(unknown)
            self._shared.update(zip((one.number for one in unknown), counts, strict=True))
        sharing = [one for one in alike if self._shared[one.number]]
        return sorted(sharing, key=lambda one: -self._shared[one.number])[: GATE.alike_looked]


_CAVEATS = {Caveat.UNRESOLVED: "its fine print cannot be compared at the stored size"}
"""What is said of a match besides its explanation; a low probability is said by its number."""


def sentence_of(match: Match) -> str:
    """Return what is said of a match: its explanation, and what could not be seen."""
    words = _CAVEATS.get(match.caveat) if match.caveat else None
    return f"{match.explanation}; {words}" if words else match.explanation


def refused(error: UnreadableError, key: str = "") -> Decision:
    """Return the decision on an upload that is no sound picture."""
    reason = f"no picture that can be kept: wanted {error.wanted}, got {error.got}"
    return Decision(Outcome.REFUSED, reason, key, error=error)


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


def decided(key: str, looked: SearchResult, policy: GatePolicy, *, floods: bool) -> Decision:
    """Return the decision that a search leads to; `floods` tells that what refuses matches too many uploads."""
    reviewing = tuple(proof.match for proof in looked.reviewing)
    if looked.refusing is not None:
        kept, proof = looked.refusing
        if not floods or policy.flooding is PolicyAction.REFUSE:
            made = duplicate(key, proof.match, reviewing, waiting=kept.state is State.HELD)
            return made if not floods else _flooding(made)
        if policy.flooding is PolicyAction.REVIEW:
            return review(key, (proof.match, *reviewing), flooding=True)
        return _flooding(review(key, reviewing) if reviewing else accepted(key, looked.passed))
    return review(key, reviewing) if reviewing else accepted(key, looked.passed)


def _flooding(made: Decision) -> Decision:
    return Decision(made.outcome, made.reason, made.key, made.match, made.matches, flooding=True)


class _LostError(Exception):
    """The lease ran out, and another upload took this one out."""


@dataclass(slots=True)
class _Lease:
    """The lease of the pending record; none while `number` is 0."""

    store: Store
    seconds: float
    number: int = 0
    until: float = 0.0

    def keep(self) -> None:
        """Renew the lease where a third of it has passed; raise _LostError where it was lost."""
        if self.number and time.monotonic() > self.until:
            if not self.store.renew(self.number, self.seconds):
                raise _LostError
            self.begin(self.number)

    def begin(self, number: int) -> None:
        """Take over a lease that was granted just now."""
        self.number, self.until = number, time.monotonic() + self.seconds / 3


class Admission:
    """One upload: its bytes `encoded`, the `key` that it wants, the caller's `data`, the keys that it `replaces`."""

    def __init__(
        self,
        parts: GateContext,
        key: str,
        encoded: Encoded,
        policy: GatePolicy,
        data: Mapping[str, Any] | None = None,
        *,
        replaces: Collection[str] = (),
    ) -> None:
        self._parts, self._key, self._encoded, self._policy = parts, key, encoded, policy
        self._data, self._replaces = data or {}, frozenset(replaces)
        self._sha256 = hashlib.sha256(encoded.data).hexdigest()
        self._lease = _Lease(parts.store, parts.lease)
        self._ready: tuple[MatchVerifier, CandidateSearch] | None = None
        self._number = 0

    def check(self) -> Decision:
        """Tell what `admit` would say now. Raises UnreadableError and kin for what is no sound picture."""
        _, looker = self._prepared()
        return self._decision(looker.look())

    def admit(self) -> Decision:
        """Take the upload in, or say why not. Raises as `check`, StoreKeyError and StoreError."""
        deadline = time.monotonic() + GATE.wait_seconds
        for _ in range(GATE.attempts):
            answer = self._earlier(deadline)
            if answer is not None:
                return answer
            prover, looker = self._prepared()
            decision = self._decision(looker.look())
            if decision.outcome is Outcome.DUPLICATE:
                return self._refused(decision)
            pending = self._parts.store.put_pending(prover.record, self._parts.lease)
            if pending is None:
                continue  # another upload has just taken the key
            try:
                return self._settled(pending, looker, deadline)
            except _LostError:
                continue
            except BaseException:
                # Where the store is gone, the lease does it.
                with suppress(StoreError):
                    self._parts.store.withdraw(pending.number)
                raise
            finally:
                self._lease.number = 0
        raise StoreError(
            f"{self._parts.store.name}: wanted to decide on {self._key!r}, got interrupted {GATE.attempts} times"
        )

    def _settled(self, pending: Record, looker: CandidateSearch, deadline: float) -> Decision:
        """Decide on the pending record. Raises _LostError where it was taken out meanwhile."""
        store, number = self._parts.store, pending.number
        self._lease.begin(number)
        looked = looker.look(below=number)
        while looked.refusing is None and looked.pending:
            self._wait(looked.pending, deadline)
            looked = looker.look(below=number)
        decision = self._decision(looked)
        if decision.outcome is Outcome.DUPLICATE:
            store.withdraw(number)
            return self._refused(decision)
        state = State.HELD if decision.outcome is Outcome.REVIEW else State.ACCEPTED
        if not store.decide(number, state, decision.matches if state is State.HELD else ()):
            raise _LostError
        return decision

    def _wait(self, lower: list[Record], deadline: float) -> None:
        """Wait until one of these pending records is decided; take out those whose lease has run out."""
        store, pause = self._parts.store, GATE.poll_seconds[0]
        numbers = [record.number for record in lower]
        while True:
            states = store.states(numbers)
            if len(states) < len(numbers) or any(state is not State.PENDING for state, _ in states.values()):
                return
            expired = [number for number, (_, left) in states.items() if left < 0]
            if any(store.withdraw(number, expired=True) for number in expired):
                return
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{store.name}: wanted to decide on {self._key!r}, got no answer on {lower[0].key!r} within"
                    f" {GATE.wait_seconds:g} seconds: try again"
                )
            self._lease.keep()
            time.sleep(pause)
            pause = min(2 * pause, GATE.poll_seconds[1])

    def _earlier(self, deadline: float) -> Decision | None:
        """Return what was answered under this key before; None where nothing was. Raises StoreKeyError."""
        store, tenant = self._parts.store, self._parts.tenant
        while (kept := store.get(tenant, self._key)) is not None and kept.state is State.PENDING:
            self._wait([kept], deadline)
        if kept is not None:
            if kept.sha256 != self._sha256:
                raise StoreKeyError(
                    f"{self._key!r}: wanted a key that is free, got one that holds another picture"
                )
            return standing(kept)
        refusal = store.refusal(tenant, self._key)
        if refusal is None or (refusal.sha256, refusal.policy) != (self._sha256, str(self._policy)):
            return None
        if refusal.match.key in self._replaces:
            return None
        return duplicate(self._key, refusal.match)

    def _prepared(self) -> tuple[MatchVerifier, CandidateSearch]:
        if self._ready is None:
            parts, encoded = self._parts, self._encoded
            prepared = parts.engine.prepare(encoded.data, encoded.name, copycode=parts.copycode)
            record = self._record(prepared)
            prover = MatchVerifier(parts, record, encoded.data, self._policy, self._replaces)
            self._ready = (
                prover,
                CandidateSearch(parts.store, parts.index, prover, prepared.fingerprint, self._lease.keep),
            )
        return self._ready

    def _record(self, prepared: Prepared) -> Record:
        made, info = prepared.fingerprint, prepared.info
        return Record(
            tenant=self._parts.tenant,
            key=self._key,
            sha256=self._sha256,
            coded_digest=made.coded_digest,
            pdq=made.pdq,
            quality=made.quality,
            detail=made.detail,
            copycode=made.copycode,
            width=info.width,
            height=info.height,
            format=info.format,
            size=len(self._encoded.data),
            proxy=prepared.proxy,
            frames=info.frames,
            metadata=info.metadata,
            jpeg_quality=info.jpeg.quality if info.jpeg else None,
            grade=grade_of(info),
            unresolved=prepared.unresolved,
            data=self._data,
        )

    def _decision(self, looked: SearchResult) -> Decision:
        floods = False
        if looked.refusing is not None:
            store, kept = self._parts.store, looked.refusing[0]
            since = store.now() - GATE.flooding_seconds
            floods = store.refusals(self._parts.tenant, kept.number, since) >= GATE.flooding
        self._number = looked.refusing[0].number if looked.refusing else 0
        return decided(self._key, looked, self._policy, floods=floods)

    def _refused(self, decision: Decision) -> Decision:
        """Remember a refusal, so that a retry gets the same answer and floods are counted."""
        assert decision.match is not None
        parts = self._parts
        parts.store.put_refusal(
            Refusal(parts.tenant, self._key, self._sha256, self._number, str(self._policy), decision.match)
        )
        return decision
