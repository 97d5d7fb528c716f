"""Room: memory that the threads of one search share."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

__all__ = ["Room"]


def _nothing() -> None:
    pass


@cache
def _trim() -> Callable[[int], object]:
    """Return glibc's malloc_trim, elsewhere what does nothing."""
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; on Windows None names none
        return bool
    return trim


def _give_back() -> None:
    # glibc keeps what one thread has freed for that thread, up to 64 MB for each of them.
    _trim()(0)


class Room:
    """Memory of `size` bytes that work on several threads shares: one waits until what it asks for is free."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, wanted: int, before_waiting: Callable[[], None] = _nothing) -> Iterator[None]:
        """Hold `wanted` bytes, or all there are where more is wanted, for the time of the block.

        `before_waiting` is called once if they are not free at once: whoever waits holds nothing meanwhile.
        """
        share = min(wanted, self._size)
        with self._changed:
            if self._free < share:
                before_waiting()
                _give_back()
            self._changed.wait_for(lambda: self._free >= share)
            self._free -= share
        try:
            yield
        finally:
            if 4 * share >= self._size:
                _give_back()
            with self._changed:
                self._free += share
                self._changed.notify_all()
