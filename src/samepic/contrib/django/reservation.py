"""Reservations: what the gate took in before a transaction ends, and gives back when that is rolled back.

Django tells of commits, not of rollbacks. But a rollback, of the whole or to a savepoint, drops the functions that were
to be called at the commit. So a reservation lives in such a function alone, and where it ends without having been kept,
its key goes out of the gate. It may end anywhere, in the middle of the gate's own work too; so its end only puts the
key on a queue, and a thread does the rest.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from samepic.errors import StoreError, StoreKeyError
from samepic.profiles.contrib import CONTRIB

if TYPE_CHECKING:
    from samepic.gate.gate import Gate

__all__ = ["Reservation", "wait"]

_log = logging.getLogger("samepic.contrib")

_Queue: TypeAlias = "SimpleQueue[tuple[Gate, str] | threading.Event]"


class Reservation:
    """A key that leaves the gate when this ends, unless it was kept before."""

    def __init__(self, gate: Gate, key: str) -> None:
        self.key = key
        self._end = weakref.finalize(self, _give_back, _withdrawals.queue(), os.getpid(), gate, key)
        self._end.atexit = False
        _withdrawals.open.add(self)

    def keep(self) -> None:
        """Leave the picture in the gate for good."""
        self._end.detach()

    def withdraw(self) -> None:
        """Take the picture out again, unless it was kept."""
        # At the end of the process, where this is called too, finalizers do nothing any more.
        left = self._end.detach()
        if left is not None:
            _, give_back, args, _ = left
            give_back(*args)


def wait() -> None:
    """Wait until everything is out that was given back so far, for a bounded time."""
    _withdrawals.wait()


class _Withdrawals:
    """The queue of keys that were given back, and the thread that takes them out; one of each a process."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Begin, and in a forked child forget what is the parent's."""
        self.open: weakref.WeakSet[Reservation] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._queue: _Queue | None = None

    def queue(self) -> _Queue:
        """Return the queue; a thread reads it."""
        with self._lock:
            if self._queue is None:
                self._queue = SimpleQueue()
                threading.Thread(
                    target=_work, args=(self._queue,), name="samepic-withdrawals", daemon=True
                ).start()
            return self._queue

    def wait(self) -> None:
        """Wait until all that is on the queue now is out."""
        queue = self._queue
        if queue is not None:
            done = threading.Event()
            queue.put(done)
            done.wait(CONTRIB.withdraw_seconds)

    def finish(self) -> None:
        """Give back what no commit kept until the process ended."""
        for reservation in list(self.open):
            reservation.withdraw()
        self.wait()


def _give_back(queue: _Queue, process: int, gate: Gate, key: str) -> None:
    if os.getpid() == process:
        queue.put((gate, key))


def _work(queue: _Queue) -> None:
    while True:
        item = queue.get()
        if isinstance(item, threading.Event):
            item.set()
            continue
        gate, key = item
        try:
            gate.remove(key)
        except StoreKeyError:
            _log.debug("%s: was out of the gate already", key)
        except StoreError as error:
            _log.warning("%s: stays in the gate until it is found to be shown nowhere: %s", key, error)


_withdrawals = _Withdrawals()
atexit.register(_withdrawals.finish)
os.register_at_fork(after_in_child=_withdrawals.begin_anew)
