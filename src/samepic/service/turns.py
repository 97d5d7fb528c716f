"""Turns of the event loop: how much of what may wait is done in one of them, so that others are served in between."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from weakref import WeakKeyDictionary

from samepic.service.settings import SERVICE


class EventLoop(asyncio.SelectorEventLoop):
    """Accepts few connections in a turn. By itself asyncio accepts in one turn all that the system keeps."""

    async def create_server(self, *args: object, **options: object) -> asyncio.Server:
        # asyncio takes one number for both: how many it accepts in a turn, and how many the system keeps.
        options["backlog"] = SERVICE.turn_accepts
        server: asyncio.Server = await super().create_server(*args, **options)  # type: ignore[call-overload]
        if isinstance(listener := options.get("sock"), socket.socket):
            listener.listen(SERVICE.backlog)
        return server


class Turns:
    """Calls in the order in which they came, at most so many in one turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._loop, self._most, self._used = loop, most, 0
        self._waiting: deque[Callable[[], object]] = deque()

    def run(self, call: Callable[[], object]) -> bool:
        """Call it now, or in a later turn; return whether it was now."""
        if self._waiting or self._used >= self._most:
            self._waiting.append(call)
            return False
        self._use()
        call()
        return True

    async def wait(self) -> None:
        """Return in this turn, or in a later one."""
        reached: asyncio.Future[None] = self._loop.create_future()
        self.run(partial(_reach, reached))
        await reached

    def _use(self) -> None:
        if not self._used:
            self._loop.call_soon(self._next)
        self._used += 1

    def _next(self) -> None:
        self._used = 0
        while self._waiting and self._used < self._most:
            self._use()
            self._waiting.popleft()()


def _reach(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


def turns_of(loop: asyncio.AbstractEventLoop) -> Turns:
    """Return the turns that all senders without a valid token share."""
    turns = _TURNS.get(loop)
    if turns is None:
        turns = _TURNS[loop] = Turns(loop, SERVICE.turn_requests)
    return turns
