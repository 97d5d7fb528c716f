"""A pool of worker processes that decode untrusted bytes, each used by one thread at a time, in order of request."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import threading
import weakref
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import msgspec

from samepic.errors import (
    FingerprintError,
    LimitError,
    MissingPartError,
    UnavailableError,
    UnreadableError,
    WorkerError,
)
from samepic.fingerprints.copycode import COPYCODE_BYTES
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.limits import LIMITS, Limits
from samepic.profile import Policy, Profile
from samepic.sandbox.decode import Prepared, Task, Views, perform
from samepic.sandbox.process import WORKERS, LateError, LostError, WorkerProcess
from samepic.sandbox.protocol import (
    ERRORS,
    MISSING,
    VERDICT,
    Answer,
    Failure,
    FrameError,
    Protection,
    WorkerLimits,
    checked,
    split,
)
from samepic.values import FrozenDict
from samepic.verdict import PictureInfo, Relation, Verdict
from samepic.verify.resave import ProofScope

__all__ = ["VIEW_BYTES", "Decoder", "InProcess", "Prepared", "Protection", "Views", "WorkerPool", "Workers"]

_LOG = logging.getLogger("samepic.gate")
VIEW_BYTES = 8 * 2**20
"""The largest total size of the pictures of one pair."""

_POOLS: weakref.WeakSet[WorkerPool] = weakref.WeakSet()

_Slot = WorkerProcess | None


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
        self._waiting: list[object] = []

    def acquire(self) -> WorkerProcess:
        """Return a ready process, in turn; give it back with `release`. Raises UnavailableError where there is none."""
        slot = self._acquire_slot()
        try:
            return self._ready_worker(slot)
        except BaseException:
            self._return_slot(None)
            raise

    def release(self, worker: WorkerProcess, lost: str = "") -> None:
        """Take a process back; `lost` says why it is unusable, "" if it is usable."""
        self.counters["tasks"] += 1
        worn_out = worker.tasks >= self.limits.tasks or worker.resident() > self.limits.grown_bytes
        lost = lost or ("retired" if worn_out else "")
        if lost:
            self.counters[lost] += 1
            worker.kill()
        with self._changed:
            self._lent.discard(worker)
        # The next process starts at once, so that the next picture does not wait for it.
        self._return_slot(worker if not lost else None if self.closed else self._new())

    def close(self) -> None:
        """Let running tasks finish, refuse all others, and end every process."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
            timeout = self.limits.wall_seconds + self.limits.start_seconds
            self._changed.wait_for(lambda: not self._out, timeout)
            idle, self._idle = self._idle, []
        self._kill([worker for worker in idle if worker])

    def kill(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()
            workers, self._idle = self._workers(), []
        self._kill(workers)

    def _workers(self) -> list[WorkerProcess]:
        return [*self._lent, *(worker for worker in self._idle if worker)]

    def reset_after_fork(self) -> None:
        """Start empty in a fork: the processes belong to the parent, and locks may be held."""
        for worker in self._workers():
            worker.detach()
        self._reset()

    def counts(self) -> dict[str, int]:
        with self._changed:
            running = sum(worker.alive for worker in self._workers())
            found = {"running": running, "busy": len(self._lent), "waiting": len(self._waiting)}
            names = ("tasks", "started", "late", "died", "retired", "shed")
            return {**found, **{name: self.counters[name] for name in names}}

    def pids(self) -> tuple[int, ...]:
        with self._changed:
            return tuple(sorted(worker.pid for worker in self._workers() if worker.alive))

    def _acquire_slot(self) -> _Slot:
        """Wait in turn for an idle slot."""
        turn, seconds = object(), self.limits.queue_seconds
        with self._changed:
            self._waiting.append(turn)
            try:
                found = self._changed.wait_for(
                    lambda: self.closed or (self._idle and self._waiting[0] is turn), seconds
                )
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()
            if self.closed:
                raise _closed()
            if found:
                self._out += 1
                return self._idle.pop()
            self.counters["shed"] += 1
        raise UnavailableError(
            f"expected a worker process within {seconds:g} s, found {self.count} that others keep busy: try again"
        )

    def _return_slot(self, slot: _Slot) -> None:
        with self._changed:
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
            if worker.wait_ready(self.limits.start_seconds) and worker.alive and not worker.is_busy():
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


_PAIR = ("<bytes>", "<bytes>")
_ALIASES = ("<a>", "<b>")
"""What pictures are called while they are decoded, since their names are untrusted too."""


class Decoder(ABC):
    """Decodes here or in processes; raises UnreadableError or a subclass, UnavailableError where no process is free."""

    @abstractmethod
    def _run(self, task: Task, bodies: tuple[bytes, ...], names: tuple[str, ...]) -> Any:  # noqa: ANN401
        """Return the result of a task; errors call the pictures by `names`."""

    def close(self) -> None:
        """End the processes; may be called twice."""
        return

    def prepare(self, data: bytes, name: str = "<bytes>", *, copycode: bool = False) -> Prepared:
        """Fingerprint a picture, make its proxy and read its header; `name` stands for it in messages.

        From a process that read untrusted bytes the proxy is untrusted too: decode it in one. Raises MissingPartError
        where copy codes cannot be made.
        """
        task = Task("prepare", _ALIASES[:1], copycode, proxied=True)
        return _called(self._run(task, (data,), (name,)), name)

    def inspect(self, data: bytes, name: str) -> PictureInfo:
        """Read the header of a picture."""
        found: PictureInfo = self._run(Task("inspect", _ALIASES[:1]), (data,), (name,))
        return replace(found, name=name)

    def catalogue(self, data: bytes, name: str, *, copycode: bool = False, proxied: bool = False) -> Prepared:
        """Fingerprint bit for bit as `samepic.fingerprint` does; the proxy is b"" unless asked for."""
        task = Task("catalogue", _ALIASES[:1], copycode, proxied)
        return _called(self._run(task, (data,), (name,)), name)

    def compare(
        self,
        a: bytes,
        b: bytes,
        *,
        same_if: Relation | str | None = None,
        profile: Profile | str | os.PathLike[str] | None = None,
        prove: bool | ProofScope = True,
        visibility: bool = True,
        names: tuple[str, str] = _PAIR,
        called: tuple[str, str] = _ALIASES,
        frames: tuple[int, int] | None = None,
    ) -> Verdict:
        """Compare two pictures as `samepic.compare` does; with `frames`, proxies of so many, by the first alone.

        `names` are those in the verdict and in errors; `called`, which must be trusted, those in its explanation. A
        verdict of another process holds no pictures, so it draws no difference.
        """
        policy = Policy.of(same_if, profile)
        task = Task("compare", called, policy=policy, prove=prove, visibility=visibility, frames=frames)
        return _with_names(self._run(task, (a, b), names), names)

    def views(
        self,
        a: bytes,
        b: bytes,
        *,
        same_if: Relation | str | None = None,
        profile: Profile | str | os.PathLike[str] | None = None,
        prove: bool = True,
        visibility: bool = True,
        names: tuple[str, str] = _PAIR,
    ) -> Views:
        """Compare two pictures, and make views of them for people.

        From a process that read untrusted bytes: send them to browsers as images only.
        """
        policy = Policy.of(same_if, profile)
        task = Task("views", _ALIASES, policy=policy, prove=prove, visibility=visibility)
        found: Views = self._run(task, (a, b), names)
        return found._replace(verdict=_with_names(found.verdict, names))

    def recode(self, proxy: bytes, name: str, frames: int) -> bytes:
        """Return the copy code of a kept proxy, that of a picture of so many frames by the first."""
        task = Task("recode", _ALIASES[:1], frames=(frames, frames))
        return bytes(self._run(task, (proxy,), (name,)))

    def screen(self, upload: bytes, kept: Sequence[bytes]) -> list[int]:
        """Return how many features each kept proxy shares with the upload's, as `samepic.sandbox.decode.screen`."""
        bodies = (upload, *kept)
        names = ("<bytes>",) * len(bodies)
        shared: list[int] = self._run(Task("screen", names), bodies, names)
        return shared


def _called(prepared: Prepared, name: str) -> Prepared:
    return replace(prepared, info=replace(prepared.info, name=name))


def _with_names(verdict: Verdict, names: tuple[str, str]) -> Verdict:
    a, b = (replace(info, name=name) for info, name in zip((verdict.a, verdict.b), names, strict=True))
    return replace(verdict, a=a, b=b)


class InProcess(Decoder):
    """Decodes in the calling process, for trusted pictures such as those of an import."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits

    def _run(self, task: Task, bodies: tuple[bytes, ...], names: tuple[str, ...]) -> Any:  # noqa: ANN401
        try:
            return perform(task, bodies, self.limits)
        except UnreadableError as error:
            name = dict(zip(task.names, names, strict=True)).get(error.name, error.name)
            raise error.renamed(name) from error


_Found = Prepared | PictureInfo | Verdict | Views | list[int]
_PARTS = {"prepare": 1, "catalogue": 1, "views": 4}
"""How many pictures an answer brings."""

_IMAGES = (b"\xff\xd8\xff", b"RIFF")


class Workers(Decoder):
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

    @property
    def protection(self) -> Protection:
        """Which bounds hold here, as a worker found them when it started; starts one if need be."""
        worker = self._pool.acquire()
        self._pool.release(worker)
        assert worker.protection is not None
        return worker.protection

    def status(self) -> dict[str, int]:
        """Return counts of processes, callers and tasks; callers were `shed` where no process was free for too long."""
        return {"count": self._pool.count, **self._pool.counts()}

    @property
    def counters(self) -> Mapping[str, int]:
        """Counts of tasks and of processes that were started and lost, as in `status`."""
        return self._pool.counters

    @property
    def processes(self) -> tuple[int, ...]:
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

    def _run(self, task: Task, bodies: tuple[bytes, ...], names: tuple[str, ...]) -> Any:  # noqa: ANN401
        for data, name in zip(bodies, names, strict=True):
            self._check(data, name)
        limit = VIEW_BYTES if task.kind == "views" else self.limits.proxy_bytes
        worker = self._pool.acquire()
        lost = "died"  # unless all goes well: an interrupted process would answer the next task with this one
        try:
            answer, body = worker.ask(task, bodies, self.limits.wall_seconds, limit)
            found: _Found | UnreadableError | MissingPartError
            if answer.error is None:
                found = _result(task, answer, body, bodies)
            else:
                found = _error(answer.error, dict(zip(task.names, names, strict=True)))
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
        if isinstance(found, (UnreadableError, MissingPartError)):
            raise found
        return found

    def _check(self, data: bytes, name: str) -> None:
        limit = self.limits.upload.file_bytes
        if len(data) > limit:
            raise LimitError(name, f"at most {limit} bytes", f"{len(data)} bytes", "bytes", limit)
        if not data:
            raise UnreadableError(name, "a picture", "nothing: it is empty")

    def _late(self, name: str, starved: float) -> WorkerError | UnavailableError:
        """Return the error of a task that timed out; a busy machine is not the picture's fault."""
        limit = self.limits.wall_seconds
        if starved > self.limits.starved * limit:
            expected = f"{name}: expected a machine with time for it, found one so busy that its worker"
            return UnavailableError(f"{expected} waited {starved:.1f} of {limit:g} s for a processor")
        return WorkerError(name, f"a picture that takes at most {limit:g} s", "one that takes longer")

    def _reason(self, ended: str) -> tuple[str, str]:
        """Return what was expected and what was found, of a task whose process ended."""
        if ended == "SIGPROF":
            return (
                f"a picture that takes at most {self.limits.cpu_seconds:g} s of computing",
                "one that takes more",
            )
        how = f"was ended by {ended}" if ended in signal.Signals.__members__ else ended
        return "a picture that can be decoded", f"one whose decoder {how}"


def _result(task: Task, answer: Answer, body: bytes, bodies: tuple[bytes, ...]) -> _Found:
    """Return what a worker found of these pictures. Raises FrameError where that cannot be."""
    parts = split(body, answer.sizes)
    if len(parts) != _PARTS.get(task.kind, 0):
        raise FrameError(f"expected other pictures than {len(parts)}")
    if task.kind == "screen":
        counts = checked(list[int], answer.found)
        if len(counts) != len(bodies) - 1:
            raise FrameError(f"expected {len(bodies) - 1} counts, found {len(counts)}")
        return counts
    if task.kind == "recode":
        code = checked(list[int], answer.found)
        if len(code) != COPYCODE_BYTES or not set(code) <= set(range(256)):
            raise FrameError(f"expected a code of {COPYCODE_BYTES} bytes, found {code[:40]}")
        return code
    if task.kind == "inspect":
        return replace(checked(PictureInfo, answer.found), size=len(bodies[0]))
    if task.kind in ("prepare", "catalogue"):
        found = checked(Prepared, answer.found)
        _check_prepared(found, bodies[0])
        kept = _image(parts[0]) if task.proxied else b""
        return replace(found, proxy=kept, info=replace(found.info, size=len(bodies[0])))
    values = msgspec.structs.asdict(checked(VERDICT, answer.found))
    verdict = Verdict(**{**values, "measures": FrozenDict(values["measures"])})
    return Views(verdict, *map(_image, parts)) if parts else verdict


def _check_prepared(found: Prepared, data: bytes) -> None:
    """Check the digest of the file and the shape of the codes; the rest only the worker can know."""
    try:
        written = Fingerprint.parse(str(found.fingerprint))
    except FingerprintError as error:
        raise FrameError(str(error)) from None
    if written != found.fingerprint or written.sha256 != hashlib.sha256(data).hexdigest():
        raise FrameError("a fingerprint of another file")
    if not 0 <= found.unresolved <= 1:
        raise FrameError(f"expected a share, found {found.unresolved}")


def _image(data: bytes) -> bytes:
    """Return a picture that starts like one: a page must not be served as a picture."""
    if not data.startswith(_IMAGES):
        raise FrameError(f"a proxy that begins with {data[:4].hex(' ')}")
    return data


def _error(failure: Failure, names: Mapping[str, str]) -> UnreadableError | MissingPartError:
    """Return the error that a worker sent, with the names of the pictures for their aliases."""
    name = names.get(failure.name, next(iter(names.values())))
    if failure.kind == MISSING:
        return MissingPartError(failure.got)
    if failure.kind not in ERRORS:
        raise FrameError(f"expected one of {', '.join(ERRORS)}, found {failure.kind[:40]!r}")
    return ERRORS[failure.kind](name, failure.wanted, failure.got, failure.limit, failure.most)
