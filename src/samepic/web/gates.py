"""Gates: the store, the decoders and one gate a tenant, opened beside the server and closed after it."""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from typing import NamedTuple

from samepic.errors import StoreError, UnreadableError
from samepic.gate.gate import Gate
from samepic.gate.policy import GatePolicy
from samepic.gate.prepare import Prepared
from samepic.gate.workers import Workers
from samepic.profiles.user import Profile
from samepic.store.opening import open_store
from samepic.store.protocol import Store
from samepic.verdict import Relation, Verdict
from samepic.web.problems import Problem
from samepic.web.settings import Settings

__all__ = ["Gates", "Noting"]

_log = logging.getLogger("samepic.web")
"""The service's own log."""


class _Opened(NamedTuple):
    store: Store
    workers: Workers


class Noting:
    """The workers, with what was wrong with the last upload of each thread kept beside.

    A gate says why it refuses a file in one sentence; who asks over HTTP wants the parts of it.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers, self._noted = workers, threading.local()

    def prepare(self, data: bytes, name: str, *, copycode: bool = False) -> Prepared:
        """Return fingerprint, proxy and header facts, as `Workers.prepare`."""
        try:
            return self._workers.prepare(data, name, copycode=copycode)
        except UnreadableError as error:
            self._noted.error = error
            raise

    def compare(
        self,
        a: bytes,
        b: bytes,
        *,
        same_if: Relation | str | None = None,
        profile: Profile | str | os.PathLike[str] | None = None,
        prove: bool = True,
    ) -> Verdict:
        """Return what b is to a, as `Workers.compare`."""
        return self._workers.compare(a, b, same_if=same_if, profile=profile, prove=prove)

    def close(self) -> None:
        """Do nothing: the workers are the service's."""

    def noted(self) -> UnreadableError | None:
        """Return what was wrong with the upload that this thread has just given to a gate, and forget it."""
        error: UnreadableError | None = getattr(self._noted, "error", None)
        self._noted.error = None
        return error


class Gates:
    """Opens the store in a thread, again and again until it can be had, and gives each tenant its gate."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._policy = GatePolicy.parse(settings.policy)
        self.profile = Profile.read(settings.profile) if settings.profile else None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._opened: _Opened | None = None
        self._engine: Noting | None = None
        self._gates: OrderedDict[str, Gate] = OrderedDict()
        self._thread = threading.Thread(target=self._open, name="samepic-open", daemon=True)

    def start(self) -> None:
        """Begin to open."""
        self._thread.start()

    def close(self) -> None:
        """Stop opening, and close what is open; may be called twice."""
        self._stopped.set()
        self._thread.join()
        with self._lock:
            opened, self._opened = self._opened, None
            self._gates.clear()
        if opened is not None:
            opened.workers.close()
            opened.store.close()

    @property
    def ready(self) -> bool:
        """Whether the store and the decoders are open."""
        return self._opened is not None

    def gate(self, tenant: str) -> Gate:
        """Return the gate of a tenant. Raises Problem, 503, until the store is open."""
        with self._lock:
            opened = self._had()
            gate = self._gates.get(tenant)
            if gate is None:
                gate = Gate(
                    opened.store,
                    tenant=tenant,
                    policy=self._policy,
                    profile=self.profile,
                    workers=self._engine,
                )
                self._gates[tenant] = gate
                if len(self._gates) > self._settings.limits.tenants:
                    self._gates.popitem(last=False)
            self._gates.move_to_end(tenant)
            return gate

    @property
    def engine(self) -> Noting:
        """The engine of every gate. Raises Problem, 503, until it runs."""
        self._had()
        assert self._engine is not None
        return self._engine

    @property
    def workers(self) -> Workers:
        """The decoders. Raises Problem, 503, until they run."""
        return self._had().workers

    @property
    def store(self) -> Store:
        """The store. Raises Problem, 503, until it is open."""
        return self._had().store

    def _had(self) -> _Opened:
        if self._opened is None:
            raise Problem(503, "not_ready", "the service is starting or stopping: try again")
        return self._opened

    def _open(self) -> None:
        pause, longest = self._settings.limits.reopen_seconds
        while not self._stopped.is_set():
            try:
                self._opened = self._tried()
            except StoreError as error:
                _log.error("cannot open the store yet: %s", error)
                self._stopped.wait(pause)
                pause = min(2 * pause, longest)
            else:
                _log.info("ready")
                return

    def _tried(self) -> _Opened:
        store = open_store(self._settings.store)
        workers = Workers(self._settings.workers)
        try:
            self._engine = Noting(workers)
            Gate(store, workers=self._engine)
            held = workers.protection
            if not held.complete:
                missing = ", ".join(name for name, holds in held.to_dict().items() if holds is False)
                _log.warning("decoding is not bounded in every way here: %s", missing)
        except BaseException:
            workers.close()
            store.close()
            raise
        return _Opened(store, workers)
