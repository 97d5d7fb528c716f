"""The crew: so many worker processes, lent to one thread at a time in the order of asking."""

from __future__ import annotations

import logging
import os
import queue
import threading
import weakref
from collections import Counter, deque

from samepic.errors import UnavailableError
from samepic.gate.worker_process import WorkerProcess
from samepic.profiles.workers import WorkerLimits

__all__ = ["Crew"]

_LOG = logging.getLogger("samepic.gate")
_CREWS: weakref.WeakSet[Crew] = weakref.WeakSet()

_Slot = WorkerProcess | None
_CLOSED = "closed"


class Crew:
    """Places for `count` processes; a place is empty until it is first needed. Safe to use from many threads."""

    def __init__(self, count: int, limits: WorkerLimits) -> None:
        self.count, self.limits = count, limits
        self.filtered = True
        self.proven = False
        self.closed = False
        self.told: Counter[str] = Counter()
        self._begin()
        _CREWS.add(self)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[_Slot] = [None] * self.count
        self._out = 0  # places that are not idle
        self._lent: set[WorkerProcess] = set()
        self._waiting: deque[queue.SimpleQueue[_Slot | str]] = deque()

    def take(self) -> WorkerProcess:
        """Return a process that is ready, the longest-waiting thread first; give it back with `give`.

        Raises UnavailableError when the crew is closed, no process can be started, or none is free for too long.
        """
        slot = self._place()
        try:
            return self._manned(slot)
        except BaseException:
            self._put(None)
            raise

    def give(self, worker: WorkerProcess, lost: str = "") -> None:
        """Take a process back; `lost` says why it cannot be used any more, "" that it can."""
        self.told["tasks"] += 1
        if lost:
            self.told[lost] += 1
        spent = "" if lost else self._spent(worker)
        if spent:
            self.told["retired"] += 1
        if lost or spent:
            worker.kill()
        # The next process begins at once, so that the next picture does not wait for it.
        with self._changed:
            self._lent.discard(worker)
        self._put((None if self.closed else self._new()) if lost or spent else worker)

    def close(self) -> None:
        """Let tasks that run come to their end, refuse all others, and end every process."""
        with self._changed:
            self.closed = True
            idle, self._idle = self._idle, []
            while self._waiting:
                self._waiting.popleft().put(_CLOSED)
            longest = self.limits.wall_seconds + self.limits.start_seconds
            self._changed.wait_for(lambda: not self._out, longest)
        self._end([worker for worker in idle if worker])

    def end(self) -> None:
        """End every process at once, whatever it does."""
        with self._changed:
            self.closed = True
            workers = {*self._lent, *(worker for worker in self._idle if worker)}
            self._idle = []
            while self._waiting:
                self._waiting.popleft().put(_CLOSED)
        self._end(list(workers))

    def forget(self) -> None:
        """Begin anew in a fork: the processes belong to the parent, and locks are as some thread left them."""
        for worker in {*self._lent, *(worker for worker in self._idle if worker)}:
            worker.forget()
        self._begin()

    def counts(self) -> dict[str, int]:
        """Return how many processes there are and what became of tasks and processes so far."""
        with self._changed:
            running = len(self._lent) + sum(worker is not None and worker.alive for worker in self._idle)
            told = {name: self.told[name] for name in ("tasks", "started", "late", "died", "retired", "shed")}
            return {"running": running, "busy": len(self._lent), "waiting": len(self._waiting), **told}

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of the processes that run now."""
        with self._changed:
            workers = {*self._lent, *(worker for worker in self._idle if worker)}
            return tuple(sorted(worker.pid for worker in workers if worker.alive))

    def _place(self) -> _Slot:
        turn: queue.SimpleQueue[_Slot | str] = queue.SimpleQueue()
        with self._changed:
            if self.closed:
                raise _closed()
            if self._idle:
                self._out += 1
                return self._idle.pop()
            self._waiting.append(turn)
        try:
            slot = turn.get(timeout=self.limits.queue_seconds)
        except queue.Empty:
            self._leave(turn)
            self.told["shed"] += 1
            wanted = f"a worker process within {self.limits.queue_seconds:g} s"
            raise UnavailableError(
                f"wanted {wanted}, got {self.count} that others keep busy: try again"
            ) from None
        except BaseException:
            self._leave(turn)
            raise
        if isinstance(slot, str):
            raise _closed()
        return slot

    def _leave(self, turn: queue.SimpleQueue[_Slot | str]) -> None:
        """Stop waiting, and pass on a place that came in the same moment."""
        with self._changed:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        slot = turn.get_nowait()
        if not isinstance(slot, str):
            self._put(slot)

    def _put(self, slot: _Slot) -> None:
        with self._changed:
            if self._waiting:
                self._waiting.popleft().put(slot)
                return
            self._out -= 1
            if not self.closed:
                self._idle.append(slot)
            elif slot is not None:
                slot.kill()
            self._changed.notify_all()

    def _manned(self, slot: _Slot) -> WorkerProcess:
        """Return the process of a place once it is ready, a new one where that has died or there is none."""
        worker = slot
        if worker is not None:
            worker.wait_ready(self.limits.start_seconds)
            if worker.alive:
                return self._lend(worker)
            worker.kill()
            self.told["died"] += 1
        worker = self._started()
        if not worker.alive and self.filtered and not self.proven:
            # Rather decode without the filter, and say so, than not at all; but only where it never worked.
            plainly = self._started(filtered=False)
            if plainly.alive:
                _LOG.warning(
                    "no worker starts with the filter of system calls (%s); without one does", worker.failure
                )
                self.filtered, worker = False, plainly
        if not worker.alive:
            raise UnavailableError(f"wanted a worker process that starts, got one that {worker.failure}")
        self.proven = True
        return self._lend(worker)

    def _started(self, *, filtered: bool | None = None) -> WorkerProcess:
        """Return a new process, ready or ended."""
        worker = self._new(filtered=filtered)
        try:
            if not worker.wait_ready(self.limits.start_seconds):
                worker.kill()
        except BaseException:
            worker.kill()
            raise
        return worker

    def _lend(self, worker: WorkerProcess) -> WorkerProcess:
        with self._changed:
            if self.closed:
                worker.kill()
                raise _closed()
            self._lent.add(worker)
        return worker

    def _new(self, *, filtered: bool | None = None) -> WorkerProcess:
        self.told["started"] += 1
        return WorkerProcess(self.limits, filtered=self.filtered if filtered is None else filtered)

    def _spent(self, worker: WorkerProcess) -> bool:
        return worker.tasks >= self.limits.tasks or worker.resident() > self.limits.grown_bytes

    @staticmethod
    def _end(workers: list[WorkerProcess]) -> None:
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(5)


def _closed() -> UnavailableError:
    return UnavailableError("wanted a pool of workers that is open, got one that is closed")


def _forget_all() -> None:
    for crew in list(_CREWS):
        crew.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
