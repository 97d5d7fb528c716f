"""Pool: threads for what blocks, and a queue before them that has an end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from samepic.web.problems import Problem

__all__ = ["Pool"]

Result = TypeVar("Result")


class Pool:
    """Runs calls on `threads` threads; `waiting` more may wait for one, and whoever comes then is sent away.

    Who has waited for more than `seconds` is sent away too: the queue gets short at once when all of it is late.
    """

    def __init__(self, name: str, threads: int, waiting: int, seconds: float) -> None:
        self._seconds = seconds
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most, self.taken = threads + waiting, 0

    def check(self) -> None:
        """Raise Problem, 503, where nobody more is taken on."""
        if self.taken >= self._most:
            raise Problem(503, "busy", "more requests are waiting than this service takes on: try again")

    async def run(self, call: Callable[[], Result]) -> Result:
        """Return what `call` returns. Raises what it raises, and Problem where nobody more is taken on.

        Where the caller is cancelled, the call comes to its end all the same, and keeps its place until then.
        """
        self.check()
        self.taken += 1
        until = time.monotonic() + self._seconds

        def begun() -> Result:
            if time.monotonic() > until:
                raise Problem(
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
