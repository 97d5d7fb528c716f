"""What requests of one process share: store, decoders, a gate a tenant, and threads with a queue that has an end."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from samepic.errors import SamepicError
from samepic.gate.gate import Gate
from samepic.gate.originals import originals_below
from samepic.gate.policy import GatePolicy
from samepic.profile import Profile
from samepic.sandbox.pool import Workers
from samepic.service.body import Budget
from samepic.service.observability import Metrics
from samepic.service.problems import HttpProblem
from samepic.service.settings import ServiceSettings
from samepic.store.contract import Store
from samepic.store.opening import Replicas, open_store

__all__ = ["Gates", "Service", "ThreadQueue"]

_log = logging.getLogger("samepic.service")
"""The service's own log."""


class _Opened(NamedTuple):
    store: Store
    workers: Workers
    replicas: Replicas


class Gates:
    """Opens the store in a thread, again and again until it can be had, and gives each tenant its gate."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._policy = GatePolicy.parse(settings.policy)
        self.profile = Profile.read(settings.profile) if settings.profile else None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._opened: _Opened | None = None
        self._gates: OrderedDict[str, Gate] = OrderedDict()
        self._thread = threading.Thread(target=self._open, name="samepic-open", daemon=True)

    def start(self) -> None:
        """Begin to open."""
        self._thread.start()

    def close(self) -> None:
        """Stop opening, and close what is open; may be called twice."""
        self._stopped.set()
        self._thread.join(
            self._settings.limits.drain_seconds
        )  # a database that does not answer is not waited for
        with self._lock:
            opened, self._opened = self._opened, None
            self._gates.clear()
        if opened is not None:
            opened.workers.close()
            opened.store.close()
            opened.replicas.close()

    @property
    def ready(self) -> bool:
        """Whether the store and the decoders are open."""
        return self._opened is not None

    def gate(self, tenant: str) -> Gate:
        """Return the gate of a tenant. Raises HttpProblem, 503, until the store is open."""
        with self._lock:
            opened = self._had()
            gate = self._gates.get(tenant)
            if gate is None:
                gate = self._gates[tenant] = self._made(opened, tenant)
                if len(self._gates) > self._settings.limits.tenants:
                    self._gates.popitem(last=False)
            self._gates.move_to_end(tenant)
            return gate

    @property
    def workers(self) -> Workers:
        """The decoders of every gate. Raises HttpProblem, 503, until they run."""
        return self._had().workers

    @property
    def store(self) -> Store:
        """The store. Raises HttpProblem, 503, until it is open."""
        return self._had().store

    def _had(self) -> _Opened:
        if self._opened is None:
            raise HttpProblem(503, "not_ready", "the service is starting or stopping: try again")
        return self._opened

    def _made(self, opened: _Opened, tenant: str) -> Gate:
        folder = self._settings.originals
        return Gate(
            opened.store,
            tenant=tenant,
            policy=self._policy,
            profile=self.profile,
            originals=originals_below(folder, tenant) if folder else None,
            workers=opened.workers,
            replicas=opened.replicas,
        )

    def _open(self) -> None:
        pause, longest = self._settings.limits.reopen_seconds
        while not self._stopped.is_set():
            try:
                self._opened = self._tried()
            except (SamepicError, OSError) as error:
                _log.error("cannot open the store yet: %s", error)
                self._stopped.wait(pause)
                pause = min(2 * pause, longest)
            else:
                _log.info("ready")
                return

    def _tried(self) -> _Opened:
        store, replicas = open_store(self._settings.store), Replicas(self._settings.replicas)
        workers = Workers(self._settings.workers)
        try:
            held = workers.protection
            if not held.complete:
                missing = ", ".join(name for name, holds in held.to_dict().items() if holds is False)
                _log.warning("decoding is not bounded in every way here: %s", missing)
            opened = _Opened(store, workers, replicas)
            # What is kept is read now, and not with the first upload, for the tenants that are known by now.
            for tenant in {token.tenant for token in self._settings.tokens} or {""}:
                self._gates[tenant] = self._made(opened, tenant)
                self._gates[tenant].warm()
        except BaseException:
            workers.close()
            store.close()
            replicas.close()
            raise
        return opened


Result = TypeVar("Result")


class ThreadQueue:
    """Runs calls on `threads` threads; `waiting` more may wait for one, and whoever comes then is sent away.

    Who has waited for more than `seconds` is sent away too: the queue gets short at once when all of it is late.
    """

    def __init__(self, name: str, threads: int, waiting: int, seconds: float) -> None:
        self._seconds = seconds
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most, self.taken = threads + waiting, 0

    def check(self) -> None:
        """Raise HttpProblem, 503, where nobody more is taken on."""
        if self.taken >= self._most:
            raise HttpProblem(503, "busy", "more requests are waiting than this service takes on: try again")

    async def run(self, call: Callable[[], Result]) -> Result:
        """Return what `call` returns. Raises what it raises, and HttpProblem where nobody more is taken on.

        Where the caller is cancelled, the call comes to its end all the same, and keeps its place until then.
        """
        self.check()
        self.taken += 1
        until = time.monotonic() + self._seconds

        def begun() -> Result:
            if time.monotonic() > until:
                raise HttpProblem(
                    503, "busy", f"it waited for more than {self._seconds:g} s to be looked at: try again"
                )
            return call()

        future = asyncio.get_running_loop().run_in_executor(self._executor, begun)
        future.add_done_callback(self._ended)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait until everything that runs has ended; what waits is left undone."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _ended(self, future: asyncio.Future[Result]) -> None:
        self.taken -= 1
        if not future.cancelled():
            future.exception()  # whoever asked may be gone, and then nobody else looks at it


class Service:
    """The gates of all tenants, threads for the work and for what is quick, memory for bodies, and counts."""

    def __init__(self, settings: ServiceSettings) -> None:
        limits = settings.limits
        self.settings, self.limits = settings, limits
        self.gates = Gates(settings)
        self.budget = Budget(limits.body_bytes)
        self.metrics = Metrics()
        self._work = ThreadQueue("samepic-work", limits.threads, limits.waiting, limits.queue_seconds)
        self._light = ThreadQueue(
            "samepic-light", limits.light_threads, limits.light_waiting, limits.queue_seconds
        )

    def start(self) -> None:
        """Begin to open the store; requests are answered 503 until it is open."""
        self.gates.start()

    def close(self) -> None:
        """Let running calls come to their end, then close the decoders and the store."""
        self._work.close()
        self._light.close()
        self.gates.close()

    def expect_work(self) -> None:
        """Raise HttpProblem, 503, where an upload could not be taken on, before its body is read."""
        self.gates.workers  # noqa: B018  (raises until it runs)
        self._work.check()

    async def work(self, call: Callable[[], Result]) -> Result:
        """Run what decodes, searches and waits."""
        try:
            return await self._work.run(call)
        finally:
            if self.gates.ready:
                self.metrics.workers(self.gates.workers.status())

    async def quick(self, call: Callable[[], Result]) -> Result:
        """Run what only asks the store."""
        return await self._light.run(call)
