"""Body: what a request brings, read piece by piece within limits of size, memory and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from starlette.requests import Request

from samepic.profiles.service import ServiceLimits
from samepic.web.problems import Problem

__all__ = ["Budget", "Share", "pieces", "read_whole", "too_large"]


class Budget:
    """The memory that all bodies of a process share; who finds none left is told to come again."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Give a share that grows as a body comes in, and is given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held


class Share:
    """What one body holds of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self.held = budget, 0

    def grow(self, count: int) -> None:
        """Take `count` bytes more; raise Problem where they are not left."""
        if self._budget.held + count > self._budget.most:
            raise Problem(503, "busy", "too many uploads are on their way just now: try again")
        self._budget.held += count
        self.held += count


async def pieces(request: Request, most: int, share: Share, limits: ServiceLimits) -> AsyncIterator[bytes]:
    """Yield a body as it comes, `most` bytes at most.

    Raises Problem: 413 for a longer one, 408 for one that comes too slowly, 503 where memory is short.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large(most, f"{int(declared)} bytes")
    count, loop = 0, asyncio.get_running_loop()
    begun = loop.time()
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout_at(begun + limits.body_seconds + count / limits.body_rate):
                piece = await anext(stream, None)
        except TimeoutError:
            raise _too_slow(limits) from None
        if piece is None:
            return
        count += len(piece)
        if count > most:
            raise too_large(most, "more")
        share.grow(len(piece))
        yield piece


async def read_whole(request: Request, most: int, share: Share, limits: ServiceLimits) -> bytes:
    """Return a body of at most `most` bytes. Raises as `pieces`."""
    return b"".join([piece async for piece in pieces(request, most, share, limits)])


def too_large(most: int, got: str, name: str = "body") -> Problem:
    """Return the problem of a body or part that is too long."""
    wanted = f"at most {most} bytes"
    return Problem(413, "too_large", f"{name}: wanted {wanted}, got {got}", wanted=wanted, got=got, name=name)


def _too_slow(limits: ServiceLimits) -> Problem:
    wanted = f"a body within {limits.body_seconds:g} s, or one of {limits.body_rate} bytes a second or more"
    return Problem(408, "too_slow", f"body: wanted {wanted}, got a slower one", wanted=wanted, name="body")
