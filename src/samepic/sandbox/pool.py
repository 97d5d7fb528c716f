"""A pool of worker processes that decode untrusted bytes, each used by one thread at a time, in order of request."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import queue
import signal
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

from samepic.errors import (
    FingerprintError,
    LimitError,
    MissingPartError,
    UnavailableError,
    UnreadableError,
    WorkerError,
)
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.limits import WORKERS, WorkerLimits
from samepic.profile import Policy, Profile
from samepic.sandbox.decode import Prepared, Views
from samepic.sandbox.process import LateError, LostError, WorkerProcess
from samepic.sandbox.protocol import (
    ERRORS,
    MISSING,
    CompareAnswer,
    ErrorAnswer,
    FrameError,
    PrepareAnswer,
    Protection,
    ScreenAnswer,
    ViewsAnswer,
    validated,
)
from samepic.verdict import Relation, Verdict

__all__ = ["VIEW_BYTES", "Prepared", "Protection", "Views", "WorkerPool", "Workers"]

_LOG = logging.getLogger("samepic.gate")

VIEW_BYTES = 8 * 2**20
"""The largest total size of the pictures of one pair."""

_POOLS: weakref.WeakSet[WorkerPool] = weakref.WeakSet()

_Slot = WorkerProcess | None

_CLOSED = "closed"


class WorkerPool:
    """Slots for `count` processes; a slot is empty until it is first needed. Thread-safe."""

    def __init__(self, count: int, limits: WorkerLimits) -> None:
        self.count, self.limits = count, limits
        self.filtered = True
        self.proven = False
        self.closed = False
        self.counters: Counter[str] = Counter()
        self._reset()
        _POOLS.add(self)

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[_Slot] = [None] * self.count
        self._out = 0  # slots that are not idle
        self._lent: set[WorkerProcess] = set()
        self._waiting: deque[queue.SimpleQueue[_Slot | str]] = deque()

    def acquire(self) -> WorkerProcess:
        """Return a process that is ready, the longest-waiting thread first; return it with `release`.

        Raises UnavailableError when the pool is closed, no process can be started, or none is free for too long.
        """
        slot = self._acquire_slot()
        try:
            return self._ready_worker(slot)
        except BaseException:
            self._return_slot(None)
            raise

    def release(self, worker: WorkerProcess, lost: str = "") -> None:
        """Take a process back; `lost` says why it is unusable, "" if it is usable."""
        self.counters["tasks"] += 1
        if lost:
            self.counters[lost] += 1
        worn_out = "" if lost else self._is_worn_out(worker)
        if worn_out:
            self.counters["retired"] += 1
        if lost or worn_out:
            worker.kill()
        # The next process starts at once, so that the next picture does not wait for it.
        with self._changed:
            self._lent.discard(worker)
        self._return_slot((None if self.closed else self._new()) if lost or worn_out else worker)

    def close(self) -> None:
        """Let running tasks finish, refuse all others, and end every process."""
        with self._changed:
            self.closed = True
            idle, self._idle = self._idle, []
            while self._waiting:
                self._waiting.popleft().put(_CLOSED)
            timeout = self.limits.wall_seconds + self.limits.start_seconds
            self._changed.wait_for(lambda: not self._out, timeout)
        self._kill([worker for worker in idle if worker])

    def kill(self) -> None:
        """Kill every process at once."""
        with self._changed:
            self.closed = True
            workers = {*self._lent, *(worker for worker in self._idle if worker)}
            self._idle = []
            while self._waiting:
                self._waiting.popleft().put(_CLOSED)
        self._kill(list(workers))

    def reset_after_fork(self) -> None:
        """Start empty in a fork: the processes belong to the parent, and locks may be held."""
        for worker in {*self._lent, *(worker for worker in self._idle if worker)}:
            worker.detach()
        self._reset()

    def counts(self) -> dict[str, int]:
        """Return the number of processes, and counts of tasks and processes by outcome."""
        with self._changed:
            running = len(self._lent) + sum(worker is not None and worker.alive for worker in self._idle)
            counts = {
                name: self.counters[name] for name in ("tasks", "started", "late", "died", "retired", "shed")
            }
            return {"running": running, "busy": len(self._lent), "waiting": len(self._waiting), **counts}

    def pids(self) -> tuple[int, ...]:
        """Return the ids of the running processes."""
        with self._changed:
            workers = {*self._lent, *(worker for worker in self._idle if worker)}
            return tuple(sorted(worker.pid for worker in workers if worker.alive))

    def _acquire_slot(self) -> _Slot:
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
            self._stop_waiting(turn)
            self.counters["shed"] += 1
            expected = f"a worker process within {self.limits.queue_seconds:g} s"
            raise UnavailableError(
                f"expected {expected}, found {self.count} that others keep busy: try again"
            ) from None
        except BaseException:
            self._stop_waiting(turn)
            raise
        if isinstance(slot, str):
            raise _closed()
        return slot

    def _stop_waiting(self, turn: queue.SimpleQueue[_Slot | str]) -> None:
        """Stop waiting, and pass on a slot that arrived at the same moment."""
        with self._changed:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        slot = turn.get_nowait()
        if not isinstance(slot, str):
            self._return_slot(slot)

    def _return_slot(self, slot: _Slot) -> None:
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

    def _ready_worker(self, slot: _Slot) -> WorkerProcess:
        """Return the process of a slot once it is ready, a new one where it has died or there is none."""
        worker = slot
        if worker is not None:
            worker.wait_ready(self.limits.start_seconds)
            if worker.alive:
                return self._lend(worker)
            worker.kill()
            self.counters["died"] += 1
        worker = self._start()
        if not worker.alive and self.filtered and not self.proven:
            # Decode without the filter, with a warning, rather than not at all; only where it never worked.
            unfiltered = self._start(filtered=False)
            if unfiltered.alive:
                _LOG.warning(
                    "no worker starts with the filter of system calls (%s); without one does", worker.failure
                )
                self.filtered, worker = False, unfiltered
        if not worker.alive:
            raise UnavailableError(f"expected a worker process that starts, found one that {worker.failure}")
        self.proven = True
        return self._lend(worker)

    def _start(self, *, filtered: bool | None = None) -> WorkerProcess:
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
        self.counters["started"] += 1
        return WorkerProcess(self.limits, filtered=self.filtered if filtered is None else filtered)

    def _is_worn_out(self, worker: WorkerProcess) -> bool:
        return worker.tasks >= self.limits.tasks or worker.resident() > self.limits.grown_bytes

    @staticmethod
    def _kill(workers: list[WorkerProcess]) -> None:
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(5)


def _closed() -> UnavailableError:
    return UnavailableError("expected a pool of workers that is open, found one that is closed")


def _reset_all() -> None:
    for pool in list(_POOLS):
        pool.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)


Shape = TypeVar("Shape")

Result = TypeVar("Result")

_ALIASES = tuple(f"<{letter}>" for letter in "abcdefgh")

_IMAGES = (b"\xff\xd8\xff", b"RIFF")


class Workers:
    """A pool of processes that decode uploads; a failing process fails only its own upload.

    At most `count` processes work at once; each is started when it is first needed, used for many pictures, and
    replaced when it dies, hangs, grows or is old. Further callers wait in turn. Thread-safe, and usable after a fork,
    where it starts its own processes. Close it, or use it as a context manager.
    """

    def __init__(self, count: int = 2, limits: WorkerLimits = WORKERS) -> None:
        if count < 1:
            raise ValueError(f"count: expected at least 1 worker, found {count}")
        self.limits = limits
        self._pool = WorkerPool(count, limits)
        self._finalizer = weakref.finalize(self, self._pool.kill)

    def prepare(self, data: bytes, name: str = "<bytes>", *, copycode: bool = False) -> Prepared:
        """Fingerprint an untrusted encoded picture and make its proxy.

        `name` stands for it in messages. The proxy comes from a process that read untrusted bytes, so it is untrusted
        too: decode it in a worker. Raises as `samepic.fingerprint` does (UnreadableError or a subclass), WorkerError
        when the task took too long or ended the process, UnavailableError when no process is free or the machine is
        too busy.
        """
        self._check(data, name)

        def accept(answer: object, proxy: bytes) -> Prepared:
            found = self._validated(PrepareAnswer, answer)
            if not 0 <= found.unresolved <= 1:
                raise FrameError(f"expected a share, found {found.unresolved}")
            return Prepared(
                _checked_fingerprint(found.fingerprint, data),
                _image(proxy),
                replace(found.info, name=name, size=len(data)),
                found.unresolved,
            )

        return self._run_task({"task": "prepare", "copycode": copycode}, (data,), (name,), accept)

    def catalogue(self, data: bytes, name: str, *, copycode: bool = False, proxied: bool = False) -> Prepared:
        """Fingerprint an untrusted encoded picture, bit for bit as `samepic.fingerprint` does.

        The proxy is b"" unless it is asked for. Raises as `prepare`.
        """
        self._check(data, name)

        def accept(answer: object, proxy: bytes) -> Prepared:
            found = self._validated(PrepareAnswer, answer)
            info = replace(found.info, name=name, size=len(data))
            return Prepared(
                _checked_fingerprint(found.fingerprint, data), _image(proxy) if proxied else b"", info
            )

        return self._run_task(
            {"task": "catalogue", "copycode": copycode, "proxied": proxied}, (data,), (name,), accept
        )

    def compare(
        self,
        a: bytes,
        b: bytes,
        *,
        same_if: Relation | str | None = None,
        profile: Profile | str | os.PathLike[str] | None = None,
        prove: bool = True,
        visibility: bool = True,
        names: tuple[str, str] = ("<bytes>", "<bytes>"),
        called: tuple[str, str] = ("<a>", "<b>"),
    ) -> Verdict:
        """Compare two encoded pictures, either of which may be untrusted, as `samepic.compare` does.

        The verdict holds no pictures, so it draws no difference. `names` are those in it and in errors; `called`, which
        must be trusted, are their names in its explanation. Raises as `samepic.compare`, and as `prepare`.
        """
        policy = Policy.of(same_if, profile)
        head = self._compare_task("compare", (a, b), names, policy, prove=prove, visibility=visibility)

        def accept(answer: object, _: bytes) -> Verdict:
            return _verdict(self._validated(CompareAnswer, answer), names)

        return self._run_task(head, (a, b), names, accept, called=called)

    def views(
        self,
        a: bytes,
        b: bytes,
        *,
        same_if: Relation | str | None = None,
        profile: Profile | str | os.PathLike[str] | None = None,
        prove: bool = True,
        visibility: bool = True,
        names: tuple[str, str] = ("<bytes>", "<bytes>"),
    ) -> Views:
        """Compare two encoded pictures, and make views of them for people. Raises as `compare`.

        The views come from a process that read untrusted bytes: send them to browsers as images only.
        """
        policy = Policy.of(same_if, profile)
        head = self._compare_task("views", (a, b), names, policy, prove=prove, visibility=visibility)

        def accept(answer: object, body: bytes) -> Views:
            found = self._validated(ViewsAnswer, answer)
            if min(found.sizes) < 0 or sum(found.sizes) != len(body):
                raise FrameError(f"expected pictures of {found.sizes} bytes, found {len(body)}")
            ends = list(itertools.accumulate(found.sizes, initial=0))
            views = [_image(body[begin:end]) for begin, end in itertools.pairwise(ends)]
            return Views(_verdict(found.verdict, names), *views)

        return self._run_task(head, (a, b), names, accept, limit=VIEW_BYTES)

    def _compare_task(
        self,
        task: str,
        pair: tuple[bytes, bytes],
        names: tuple[str, str],
        policy: Policy,
        *,
        prove: bool,
        visibility: bool,
    ) -> dict[str, object]:
        """Return the task of a worker that compares. Raises as `_check`."""
        for data, name in zip(pair, names, strict=True):
            self._check(data, name)
        return {
            "task": task,
            "same_if": str(policy.same_if),
            "profile": policy.profile and json.dumps(policy.profile.to_dict()),
            "prove": prove,
            "visibility": visibility,
        }

    def screen(self, upload: bytes, kept: Sequence[bytes]) -> list[int]:
        """Return how many features each kept proxy, of up to seven, shares with the upload's. Raises as `prepare`."""
        bodies = (upload, *kept)
        names = tuple("<bytes>" for _ in bodies)
        for data, name in zip(bodies, names, strict=True):
            self._check(data, name)

        def accept(answer: object, _: bytes) -> list[int]:
            found = self._validated(ScreenAnswer, answer)
            if len(found.shared) != len(kept):
                raise FrameError(f"expected {len(kept)} counts, found {len(found.shared)}")
            return list(found.shared)

        return self._run_task({"task": "screen"}, bodies, names, accept)

    @property
    def protection(self) -> Protection:
        """Which bounds hold here, as a worker found them when it started; starts one if need be."""
        worker = self._pool.acquire()
        self._pool.release(worker)
        assert worker.protection is not None
        return worker.protection

    def status(self) -> dict[str, int]:
        """Return counts: processes running and busy, callers waiting, tasks done, processes started, killed for being
        late, died and retired, callers sent away because no process was free for too long."""
        return {"count": self._pool.count, **self._pool.counts()}

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the running processes."""
        return self._pool.pids()

    def close(self) -> None:
        """Let running tasks finish, refuse waiting ones, and end every process. May be called twice."""
        self._pool.close()
        self._finalizer.detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._pool.kill()
        self.close()

    def _check(self, data: bytes, name: str) -> None:
        limit = self.limits.upload.file_bytes
        if len(data) > limit:
            raise LimitError(name, f"at most {limit} bytes", f"{len(data)} bytes")
        if not data:
            raise UnreadableError(name, "a picture", "nothing: it is empty")

    def _run_task(
        self,
        head: Mapping[str, object],
        bodies: tuple[bytes, ...],
        names: tuple[str, ...],
        accept: Callable[[object, bytes], Result],
        *,
        limit: int | None = None,
        called: Sequence[str] = _ALIASES,
    ) -> Result:
        """Run a task and return what `accept` makes of the answer and its body of at most `limit` bytes."""
        # Names are untrusted too, and the worker does not need them: it gets aliases.
        aliases = list(called[: len(names)])
        worker = self._pool.acquire()
        lost = "died"  # unless all goes well: an interrupted process would answer the next task with this one
        try:
            answer, body = worker.ask({**head, "names": aliases}, bodies, self.limits.wall_seconds, limit)
            result: Result | UnreadableError | MissingPartError
            error = answer.get("error")
            result = (
                accept(answer.get("answer"), body) if error is None else self._error(error, aliases, names)
            )
            lost = ""
        except LateError as late:
            lost = "late"
            raise self._late(names[0], late.starved) from None
        except LostError as ended:
            raise WorkerError(names[0], *self._reason(str(ended))) from None
        except FrameError as error:
            raise WorkerError(
                names[0], "an answer from its worker", f"none that can be believed: {error}"
            ) from None
        finally:
            self._pool.release(worker, lost)
        if isinstance(result, (UnreadableError, MissingPartError)):
            raise result
        return result

    def _late(self, name: str, starved: float) -> WorkerError | UnavailableError:
        """Return the error of a task that timed out; a busy machine is not the picture's fault."""
        limit = self.limits.wall_seconds
        if starved > self.limits.starved * limit:
            expected = f"{name}: expected a machine with time for it, found one so busy that its worker"
            return UnavailableError(f"{expected} waited {starved:.1f} of {limit:g} s for a processor")
        return WorkerError(name, f"a picture that takes at most {limit:g} s", "one that takes longer")

    def _error(
        self, answer: object, aliases: list[str], names: tuple[str, ...]
    ) -> UnreadableError | MissingPartError:
        error = self._validated(ErrorAnswer, answer)
        name = dict(zip(aliases, names, strict=True)).get(error.name, names[0])
        if error.kind == "":
            return WorkerError(name, error.wanted, error.got)
        if error.kind == MISSING:
            return MissingPartError(error.got)
        if error.kind not in ERRORS:
            raise FrameError(f"expected one of {', '.join(ERRORS)}, found {error.kind[:40]!r}")
        return ERRORS[error.kind](name, error.wanted, error.got)

    def _validated(self, kind: type[Shape], answer: object) -> Shape:
        return validated(kind, answer, letters=self.limits.text_letters, items=self.limits.items)

    def _reason(self, ended: str) -> tuple[str, str]:
        """Return what was expected and what was found, of a task whose process ended."""
        if ended == "SIGPROF":
            return (
                f"a picture that takes at most {self.limits.cpu_seconds:g} s of computing",
                "one that takes more",
            )
        expected = "a picture that can be decoded"
        if ended in signal.Signals.__members__:
            return expected, f"one whose decoder was ended by {ended}"
        return expected, f"one whose decoder {ended}"


def _checked_fingerprint(text: str, data: bytes) -> Fingerprint:
    """Return the fingerprint that a worker sent; its digest of the file is checked, the rest only it can know."""
    try:
        found = Fingerprint.parse(text)
    except FingerprintError as error:
        raise FrameError(str(error)) from None
    if found.sha256 != hashlib.sha256(data).hexdigest():
        raise FrameError("a fingerprint of another file")
    return found


def _verdict(found: CompareAnswer, names: tuple[str, str]) -> Verdict:
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    values["a"], values["b"] = replace(found.a, name=names[0]), replace(found.b, name=names[1])
    return Verdict(**{**values, "measures": MappingProxyType(found.measures)})


def _image(proxy: bytes) -> bytes:
    """Return a proxy that starts like one: a page must not be served as a picture."""
    if not proxy.startswith(_IMAGES):
        raise FrameError(f"a proxy that begins with {proxy[:4].hex(' ')}")
    return proxy
