"""Service: what every request of one process shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from samepic.web.body import Budget
from samepic.web.gates import Gates
from samepic.web.metrics import Metrics
from samepic.web.pool import Pool
from samepic.web.settings import Settings

__all__ = ["Service"]

Result = TypeVar("Result")


class Service:
    """The gates of all tenants, threads for the work and for what is quick, memory for bodies, and counts."""

    def __init__(self, settings: Settings) -> None:
        limits = settings.limits
        self.settings, self.limits = settings, limits
        self.gates = Gates(settings)
        self.budget = Budget(limits.body_bytes)
        self.metrics = Metrics()
        self._work = Pool("samepic-work", limits.threads, limits.waiting, limits.queue_seconds)
        self._light = Pool("samepic-light", limits.light_threads, limits.light_waiting, limits.queue_seconds)

    def start(self) -> None:
        """Begin to open the store; requests are answered 503 until it is open."""
        self.gates.start()

    def close(self) -> None:
        """Let running calls come to their end, then close the decoders and the store."""
        self._work.close()
        self._light.close()
        self.gates.close()

    def expect_work(self) -> None:
        """Raise Problem, 503, where an upload could not be taken on, before its body is read."""
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
