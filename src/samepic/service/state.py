"""State of one service process: the store, the decoders, a gate for each tenant, and bounded thread queues."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from samepic.errors import SamepicError
from samepic.gate.gate import Gate, opened
from samepic.gate.options import GateOptions, GatePolicy
from samepic.sandbox.pool import Workers
from samepic.service.auth import Sessions
from samepic.service.body import Budget
from samepic.service.observability import Metrics
from samepic.service.problems import HttpAnswer, HttpProblem
from samepic.service.settings import ServiceSettings
from samepic.store.contract import Store

_log = logging.getLogger("samepic.service")
Result = TypeVar("Result")


class _Resources(NamedTuple):
    store: Store
    workers: Workers
    gate: Callable[[str], Gate]
    own: ExitStack


class Gates:
    """Opens the store in a thread, retrying until it can be reached, and creates a gate for each tenant."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        options = GateOptions(
            settings.store,
            policy=GatePolicy.of(settings.policy),
            profile=settings.profile or None,
            originals=settings.originals,
            workers=settings.workers,
            replicas=settings.replicas,
        )
        self.profile = options.loaded_profile()
        self._options = replace(options, profile=self.profile)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._open: _Resources | None = None
        self._pictures = 0
        self._thread = threading.Thread(target=self._open_with_retries, name="samepic-open", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop opening, and close what is open; may be called twice."""
        self._stopped.set()
        # Do not wait for a database that does not answer.
        self._thread.join(self._settings.limits.drain_seconds)
        with self._lock:
            resources, self._open = self._open, None
        if resources is not None:
            resources.own.close()

    @property
    def ready(self) -> bool:
        return self._open is not None

    def gate(self, tenant: str) -> Gate:
        """Return the gate of a tenant. Raises HttpProblem, 503, until the store is open."""
        with self._lock:
            return self._require_open().gate(tenant)

    @property
    def workers(self) -> Workers:
        return self._require_open().workers

    @property
    def store(self) -> Store:
        return self._require_open().store

    def _require_open(self) -> _Resources:
        if self._open is None:
            raise HttpProblem(503, "not_ready", "the service is starting or stopping: try again")
        return self._open

    def _open_with_retries(self) -> None:
        pause, longest = self._settings.limits.reopen_seconds
        while not self._stopped.is_set():
            try:
                self._open = self._open_resources()
            except (SamepicError, OSError) as error:
                _log.error("cannot open the store yet: %s", error)
                self._stopped.wait(pause)
                pause = min(2 * pause, longest)
            else:
                fields = {"address": self._settings.address, "store": self.store.name}
                _log.info("ready", extra={"fields": {**fields, "pictures": self._pictures}})
                return

    def _open_resources(self) -> _Resources:
        store, workers, replicas, own = opened(self._options)
        assert isinstance(workers, Workers)
        options = replace(self._options, store=store, workers=workers, replicas=replicas)

        @lru_cache(self._settings.limits.tenants)
        def gate(tenant: str) -> Gate:
            return Gate.of(replace(options, tenant=tenant))

        try:
            protection = workers.protection
            if not protection.complete:
                missing = ", ".join(name for name, active in protection.to_dict().items() if active is False)
                _log.warning("decoding is not fully sandboxed here: %s", missing)
            # Load the indexes of the known tenants now, not with the first upload.
            for tenant in {token.tenant for token in self._settings.tokens} or {""}:
                gate(tenant).warm()
            self._pictures = store.total()
        except BaseException:
            own.close()
            raise
        return _Resources(store, workers, gate, own)


class ThreadQueue:
    """Runs calls on `threads` threads, and rejects those that find `waiting` others or wait longer than `seconds`."""

    def __init__(self, name: str, threads: int, waiting: int, seconds: float) -> None:
        self._seconds = seconds
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._capacity, self._pending = threads + waiting, 0

    def check(self) -> None:
        """Raise HttpProblem, 503, if the queue is full."""
        if self._pending >= self._capacity:
            raise HttpProblem(503, "busy", "too many requests are waiting: try again")

    async def run(self, call: Callable[[], Result]) -> Result:
        """Return what `call` returns; raise HttpProblem, 503, if full or late. Cancelled, it still runs to its end."""
        self.check()
        self._pending += 1
        deadline = time.monotonic() + self._seconds

        def run_in_time() -> Result:
            if time.monotonic() > deadline:
                raise HttpProblem(
                    503, "busy", f"the request waited longer than {self._seconds:g} s: try again"
                )
            return call()

        future = asyncio.get_running_loop().run_in_executor(self._executor, run_in_time)
        future.add_done_callback(self._finished)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait until all running calls have ended; waiting calls are dropped."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _finished(self, future: asyncio.Future[Result]) -> None:
        self._pending -= 1
        if not future.cancelled():
            future.exception()  # marks it as retrieved: the caller may be gone


class Service:
    """The gates of all tenants, threads for heavy and for light calls, memory for bodies, and metrics."""

    def __init__(self, settings: ServiceSettings) -> None:
        limits = settings.limits
        self.settings, self.limits = settings, limits
        self.gates = Gates(settings)
        self.budget = Budget(limits.body_bytes, "uploads are in progress")
        self.slots = Budget(limits.requests, "requests are running")
        self.strangers = Budget(limits.strangers, "requests without a token are running")
        self.sessions = Sessions(settings.secret, settings.shared)
        self.wrong_tokens: Counter[str] = Counter()
        self.metrics, self._started = Metrics(), time.monotonic()
        self._attempt: asyncio.Task[None] | None = None
        self._attempted = 0.0
        self._heavy = ThreadQueue("samepic-heavy", limits.threads, limits.waiting, limits.queue_seconds)
        self._light = ThreadQueue(
            "samepic-light", limits.light_threads, limits.light_waiting, limits.queue_seconds
        )
        self.run_light = self._light.run  # for calls that only read or write the store

    def close(self) -> None:
        """Wait for the running calls, then close the decoders and the store, and log what was done."""
        self._heavy.close()
        self._light.close()
        self.gates.close()
        seconds = round(time.monotonic() - self._started, 1)
        fields = {"requests": self.metrics.answered, "seconds": seconds}
        _log.info("stopped", extra={"fields": fields})

    def require_capacity(self) -> None:
        """Raise HttpProblem, 503, if an upload could not be processed, before its body is read."""
        self.gates.workers  # noqa: B018  (raises until it runs)
        self._heavy.check()

    async def try_store(self) -> None:
        """Raise StoreError unless the store takes something in; those who ask at the same time share one attempt."""
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._attempt_writing(self.gates.store))
        await asyncio.shield(self._attempt)

    async def _attempt_writing(self, store: Store) -> None:
        await asyncio.sleep(self._attempted + self.limits.attempt_seconds - time.monotonic())
        self._attempted = time.monotonic()
        await self.run_light(store.try_writing)

    async def run_heavy(self, call: Callable[[], Result]) -> Result:
        """Run a call that decodes, searches or waits for locks."""
        try:
            return await self._heavy.run(call)
        finally:
            if self.gates.ready:
                self.metrics.update_workers(self.gates.workers.counters)


_IDEMPOTENCY = "idempotency-key"
"""The header that marks repetitions of one request."""

_KEY = re.compile(r"[\x21-\x7e]+")


def idempotency_key(request: Request, service: Service) -> str:
    """Return the idempotency key of a request, "" if it has none. Raises HttpProblem."""
    values = request.headers.getlist(_IDEMPOTENCY)
    longest = service.limits.idempotency_key_length
    if not values:
        return ""
    if len(values) > 1 or len(values[0]) > longest or not _KEY.fullmatch(values[0]):
        expected = f"one key of 1 to {longest} printable ASCII characters without spaces"
        raise HttpProblem.invalid(_IDEMPOTENCY, expected, "another")
    return values[0]


def run_once(
    service: Service,
    tenant: str,
    key: str,
    content: Callable[[], tuple[object, ...]],
    call: Callable[[bool], HttpAnswer],
    *,
    together: bool = False,
) -> tuple[HttpAnswer, bool]:
    """Return the answer of `call`, or the stored one to the same `content`. Raises HttpProblem, 422, for another.

    `call` takes whether it was called before and its answer got lost. With `together`, what it does in the store and
    its answer are one transaction, which the same request waits for.
    """
    if not key:
        return call(False), False
    store, digest = service.gates.store, hashlib.sha256(json.dumps(content()).encode()).hexdigest()
    with store.together() if together else nullcontext():
        first, stored = store.claim_request(tenant, key, digest, service.limits.replay_seconds)
        if first != digest:
            expected, found = "a new key, or the request that it was first sent with", "another request"
            raise HttpProblem.invalid(_IDEMPOTENCY, expected, found, "idempotency_key_reused")
        if stored:
            return HttpAnswer(*json.loads(stored)), True
        # Of equal requests at the same time, the first that has an answer gives it for all.
        saved = store.save_answer(tenant, key, digest, json.dumps(call(stored is not None)))
    return HttpAnswer(*json.loads(saved)), False
