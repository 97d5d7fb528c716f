"""Index: the codes of one tenant in memory, brought up to the store's last number before each search."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from samepic.fingerprints.fingerprint import Fingerprint
from samepic.hamming import Codes, TurnedCodes, nearest_to_any
from samepic.store.contract import Store, StoreSnapshot
from samepic.store.records import Record
from samepic.tuning.search import GATE, SEARCH

_LOG = logging.getLogger("samepic.gate")
_OUTDATED = (
    "%s: %d pictures have copy codes of an older samepic and are found by PDQ alone, without crops and captions:"
    " run samepic recode, then restart"
)


class CandidateNumbers(NamedTuple):
    """Numbers of pictures, nearest first: `near` by PDQ, `alike` by the copy code alone, with its distance in bits.

    `seen` is what they were searched in.
    """

    near: list[int]
    alike: dict[int, int]
    seen: StoreSnapshot


class Index:
    """A thread-safe cache of the codes of one tenant, 40 bytes each, filled from the store or any of its standbys."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._pdq, self._copies = TurnedCodes(), Codes()
        self.last, self._removed = 0, -1
        self._warned = False
        self._turn, self._lock, self._searching = threading.Lock(), threading.Condition(), 0

    def __len__(self) -> int:
        return max(len(self._pdq), len(self._copies))

    def candidates(self, store: Store, fingerprint: Fingerprint, below: int | None) -> CandidateNumbers:
        """Return the numbers under `below` of pictures that may be the same, nearest first, of all in `store` now."""
        self.catch_up(store)
        with self._reading():
            near = {} if fingerprint.is_weak else self._near(fingerprint, below)
            alike = {} if fingerprint.is_weak or not fingerprint.copycode else self._alike(fingerprint, below)
            seen = StoreSnapshot(self.last, self._removed)
        order = sorted(near, key=lambda number: (near[number], number))
        alike = {number: alike[number] for number in alike if number not in near}
        return CandidateNumbers(order, alike, seen)

    def _near(self, fingerprint: Fingerprint, below: int | None) -> dict[int, int]:
        near = self._pdq.within(fingerprint.pdq_forms, SEARCH.radius)
        pairs = zip(near.ids.tolist(), near.distances.tolist(), strict=True)
        return {number: bits for number, bits in pairs if below is None or number < below}

    def _alike(self, fingerprint: Fingerprint, below: int | None) -> dict[int, int]:
        """Return the pictures with the copy codes nearest to this one's, then those nearest to its insets'."""
        if not len(self._copies):
            return {}
        queries = [(fingerprint.copycode, GATE.alike, GATE.alike_radius)]
        queries += [(code, GATE.alike_inset, SEARCH.inset_radius) for code in fingerprint.inset_codes]
        # Higher numbers do not count but may be nearer: ask for more.
        later = 0 if below is None else max(0, self.last - below + 1)
        return nearest_to_any(self._copies, queries, below, later)

    def catch_up(self, store: Store) -> None:
        """Read the rows of `store` above the last number known, and the removals since."""
        with self._turn:
            if self._removed < 0:
                self._removed = store.last_removal()
            outdated = 0
            for page in store.all_codes(self._tenant, self.last):
                with self._writing():
                    self._pdq.add(page.pdq_numbers, page.pdq)
                    self._copies.add(page.copy_numbers, page.copycodes)
                    self.last = page.last
                outdated += page.outdated
            if outdated and not self._warned:
                self._warned = True
                _LOG.warning(_OUTDATED, store.name, outdated)
            position, removed = store.removals(self._tenant, self._removed)
            if removed:
                with self._writing():
                    for number in removed:
                        self._pdq.remove(number)
                        self._copies.remove(number)
            self._removed = position

    def follow(self, seen: StoreSnapshot, record: Record) -> None:
        """Take in the record that came next after what was `seen`, where nothing later is known yet."""
        with self._turn:
            if self.last != seen.last:
                return
            with self._writing():
                if record.pdq and not record.is_weak:
                    self._pdq.add([record.number], record.pdq)
                    if record.copycode:
                        self._copies.add([record.number], record.copycode)
                self.last = record.number

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Search concurrently with other searches, but not with a writer."""
        with self._lock:
            self._searching += 1
        try:
            yield
        finally:
            with self._lock:
                self._searching -= 1
                self._lock.notify_all()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Write once no search is running, and block new ones."""
        with self._lock:
            self._lock.wait_for(lambda: not self._searching)
            yield
