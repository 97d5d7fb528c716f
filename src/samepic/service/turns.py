"""Turns: what may wait is done bit by bit, so that the event loop serves others in between."""

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
    """Calls in the order in which they came, with a pause after each, in which the loop is free for others."""

    def __init__(self, pause: float) -> None:
        self._pause, self._paused = pause, False
        self._waiting: deque[Callable[[], object]] = deque()

    def run(self, call: Callable[[], object]) -> bool:
        """Call it now, or in its turn; return whether it was now."""
        if self._paused:
            self._waiting.append(call)
            return False
        self._take(call)
        return True

    async def wait(self) -> None:
        """Return now, or in its turn."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.run(partial(_reach, reached))
        await reached

    def _take(self, call: Callable[[], object]) -> None:
        self._paused = True
        asyncio.get_running_loop().call_later(self._pause, self._next)
        call()

    def _next(self) -> None:
        if self._waiting:
            self._take(self._waiting.popleft())
        else:
            self._paused = False


def _reach(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


def turns_of(loop: asyncio.AbstractEventLoop) -> Turns:
    """Return the turns that all senders without a valid token share."""
    turns = _TURNS.get(loop)
    if turns is None:
        turns = _TURNS[loop] = Turns(SERVICE.stranger_pause)
    return turns
