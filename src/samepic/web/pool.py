"""Pool: threads for what blocks, and a queue before them that has an end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from samepic.web.problems import Problem

__all__ = ["Pool"]

Result = TypeVar("Result")


class Pool:
    """Runs calls on `threads` threads; `waiting` more may wait for one, and whoever comes then is sent away."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
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
        future = asyncio.get_running_loop().run_in_executor(self._executor, call)
        future.add_done_callback(self._ended)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait until everything that runs has ended; what waits is left undone."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _ended(self, future: asyncio.Future[Result]) -> None:
        self.taken -= 1
        if not future.cancelled():
            future.exception()  # whoever asked may be gone, and then nobody else looks at it
