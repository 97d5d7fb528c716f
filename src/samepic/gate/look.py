"""Look: search the kept pictures for an upload, and prove or dismiss each candidate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from samepic.fingerprint.value import Fingerprint
from samepic.gate.index import Index
from samepic.gate.policy import Action
from samepic.gate.proofs import Proof, Prover
from samepic.profiles.gate import GATE
from samepic.store.protocol import Store
from samepic.store.record import Record, State

__all__ = ["Looked", "Looker"]


@dataclass(slots=True)
class Looked:
    """What a search found: proofs against what is kept, and the pending pictures that would stop the upload.

    `refusing` is the kept picture that refuses it, `reviewing` those that ask for review; `pending` may become either.
    `passed` counts candidates beyond the bound, at which nobody looked.
    """

    refusing: tuple[Record, Proof] | None = None
    reviewing: list[Proof] = field(default_factory=list)
    pending: list[Record] = field(default_factory=list)
    passed: int = 0


class Looker:
    """Searches for one upload, again and again as the store changes; each pair is looked at once.

    `alive` is called between looks, which may take a while.
    """

    def __init__(
        self, store: Store, index: Index, prover: Prover, fingerprint: Fingerprint, alive: Callable[[], None]
    ) -> None:
        self._store, self._index, self._prover = store, index, prover
        self._fingerprint, self._alive = fingerprint, alive
        self._shared: dict[int, int] = {}

    def look(self, below: int | None = None) -> Looked:
        """Look at every candidate that is visible now and has a number under `below`, nearest first."""
        record, looked = self._prover.record, Looked()
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
            elif proof.action is Action.REFUSE:
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
