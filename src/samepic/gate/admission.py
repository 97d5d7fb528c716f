"""Admission: one upload on its way in, so that of two copies that arrive at once the later sees the earlier.

The upload is looked at first, beside everything else. Then it is committed as pending, with a number, and whatever has
a lower number by then is looked at: accepted ones decide, pending ones that match are waited for, never longer than
their leases. Only a higher number waits for a lower one, so that there is no cycle.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from samepic.errors import StoreError, StoreKeyError
from samepic.gate.better import grade_of
from samepic.gate.look import Looked, Looker
from samepic.gate.parts import Parts
from samepic.gate.policy import GatePolicy
from samepic.gate.prepare import Prepared
from samepic.gate.proofs import Prover
from samepic.gate.tell import decided, duplicate, standing
from samepic.picture import Encoded
from samepic.profiles.gate import GATE
from samepic.store.protocol import Store
from samepic.store.record import Record, Refusal, State
from samepic.verdict import Decision, Outcome

__all__ = ["Admission"]


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
        parts: Parts,
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
        self._ready: tuple[Prover, Looker] | None = None
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

    def _settled(self, pending: Record, looker: Looker, deadline: float) -> Decision:
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

    def _prepared(self) -> tuple[Prover, Looker]:
        if self._ready is None:
            parts, encoded = self._parts, self._encoded
            prepared = parts.engine.prepare(encoded.data, encoded.name, copycode=parts.copycode)
            record = self._record(prepared)
            prover = Prover(parts, record, encoded.data, self._policy, self._replaces)
            self._ready = (
                prover,
                Looker(parts.store, parts.index, prover, prepared.fingerprint, self._lease.keep),
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

    def _decision(self, looked: Looked) -> Decision:
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
