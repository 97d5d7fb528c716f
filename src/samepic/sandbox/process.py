"""WorkerProcess: one worker process as its parent sees it."""

from __future__ import annotations

import logging
import math
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Final, TypeVar

from samepic.sandbox.decode import Task
from samepic.sandbox.protocol import (
    Answer,
    FrameError,
    Greeting,
    Protection,
    Request,
    Setup,
    WorkerLimits,
    checked,
    frame,
    read_frame,
)

WORKERS: Final = WorkerLimits()

_LOG = logging.getLogger("samepic.gate")
_IDLE_CPU, _IDLE_CHECK = 0.5, 2.0
"""What a process may compute while it has no task, and how often that is looked at, in seconds."""

_WAITS: Final = hasattr(select, "poll")
"""Whether a thread can wait for a pipe and the time, whichever comes first."""

if hasattr(os, "sysconf"):
    _PAGE = os.sysconf("SC_PAGE_SIZE")

_Result = TypeVar("_Result")


class LostError(Exception):
    """The process ended, or its answer was invalid; the text says how."""


class LateError(Exception):
    """The process took too long; `starved` is how many of these seconds it waited for a processor."""

    def __init__(self, starved: float) -> None:
        super().__init__(starved)
        self.starved = starved


class WorkerProcess:
    """A process that answers one task at a time.

    A thread of its own starts it, and ends it where it computes without a task: the system ends an orphan when the
    thread that started it ends. Callers exchange messages with it themselves where pipes can be waited for, not on
    Windows; there that thread does it too.
    """

    def __init__(self, limits: WorkerLimits, *, filtered: bool) -> None:
        self.limits = limits
        self.tasks = 0
        self.protection: Protection | None = None
        self.failure = ""
        self._filtered = filtered
        self._process: subprocess.Popen[bytes] | None = None
        self._lock, self._exchanging = threading.Lock(), threading.Lock()
        self._killed, self._deadline = False, math.inf
        self._rested = 0.0
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._greeted = self._later(self._start)
        self._thread = threading.Thread(target=self._run, name="samepic-worker", daemon=True)
        self._thread.start()

    def wait_ready(self, seconds: float) -> bool:
        """Return whether the process is ready within so many seconds; `failure` says why it is not."""
        try:
            self.protection = self._greeted.result(seconds)
        except TimeoutError:
            self.failure = f"not ready within {seconds:g} s"
        except LostError as error:
            self.failure = str(error)
        return not self.failure

    @property
    def pid(self) -> int:
        """Return the id of the process, 0 before it has started."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None and not self._killed

    def ask(self, task: Task, bodies: Sequence[bytes], seconds: float, limit: int) -> tuple[Answer, bytes]:
        """Run one task and read at most `limit` bytes of body. Raises LateError and LostError."""
        self.tasks += 1
        request = Request(self.tasks, task, tuple(map(len, bodies)))
        starved, pieces = self._starved(), frame(request, *bodies)
        try:
            if _WAITS:
                self._deadline = time.monotonic() + seconds
                return self._reply(pieces, limit)
            return self._later(partial(self._reply, pieces, limit)).result(seconds)
        except TimeoutError:
            raise LateError(self._starved() - starved) from None

    def resident(self) -> int:
        """Return the bytes of memory that the process holds now, 0 where the system does not tell."""
        pages = self._counted("statm")[1:2]
        return int(pages[0]) * _PAGE if pages else 0

    def is_busy(self) -> bool:
        """Return whether the process has computed since its last answer: its code may not be ours any more."""
        return self._computed() - self._rested > _IDLE_CPU

    def _computed(self) -> float:
        """Return the processor time of the process so far, in seconds, 0 where the system does not say."""
        if self.pid and sys.platform == "linux":
            with suppress(OSError):  # the clock that clock_getcpuclockid(3) would name
                return time.clock_gettime(~self.pid << 3 | 2)
        return 0.0

    def _starved(self) -> float:
        """Return the seconds that the process has waited for a processor so far, 0 where the system does not tell."""
        waited = self._counted("schedstat")[1:2]
        return int(waited[0]) / 1e9 if waited else 0.0

    def _counted(self, file: str) -> list[bytes]:
        """Return what Linux counts of the process in a file of /proc; nothing elsewhere."""
        # Three times as fast as Path.read_bytes, and done several times a task.
        with suppress(OSError), open(f"/proc/{self.pid}/{file}", "rb", buffering=0) as found:  # noqa: PTH123
            return found.read(1024).split()
        return []

    def kill(self) -> None:
        with self._lock:
            self._killed = True
            if self._process is not None:
                self._process.kill()
            self._work.put(None)

    def join(self, seconds: float) -> None:
        """Wait until the process has ended and been reaped, for so many seconds at most."""
        self._thread.join(seconds)

    def detach(self) -> None:
        """Detach from the process in a fork: it belongs to the parent."""
        process = self._process
        if process is not None:
            process.returncode = 0  # not ours to wait for
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def _later(self, function: Callable[[], _Result]) -> Future[_Result]:
        """Let the thread call a function. Raises LostError where it has nothing more to do."""
        future: Future[_Result] = Future()

        def call() -> None:
            try:
                future.set_result(function())
            except BaseException as error:  # noqa: BLE001  whoever waits gets it
                future.set_exception(error)

        with self._lock:
            if self._killed:
                raise LostError(_how_it_ended(self._process))
            self._work.put(call)
        return future

    def _run(self) -> None:
        while (call := self._next()) is not None:
            call()
        if self._process is not None:
            self._process.kill()
            with self._exchanging, self._process:  # closes its pipes, and waits for its end
                pass

    def _next(self) -> Callable[[], None] | None:
        """Return what is to be done next; end the process where it computes meanwhile."""
        while True:
            with suppress(queue.Empty):
                return self._work.get(timeout=_IDLE_CHECK)
            if not self._exchanging.acquire(blocking=False):
                continue  # it has a task
            busy = self.is_busy()
            self._exchanging.release()
            if busy:
                _LOG.warning("worker %d computed while it had nothing to do: it is ended", self.pid)
                self.kill()

    def _start(self) -> Protection:
        with self._lock:
            if self._killed:
                raise LostError("ended before it began")
            try:
                self._process = _spawn()
            except OSError as error:
                raise LostError(f"cannot start {_python()}: {error.strerror or error}") from None
        return self._handshake(self._process)

    def _handshake(self, process: subprocess.Popen[bytes]) -> Protection:
        setup = Setup(self.limits, os.getpid(), self._filtered)
        head, _ = self._exchange(process, frame(setup), 0)
        try:
            greeting = checked(Greeting, head)
        except FrameError as error:
            raise LostError(f"greets with no protection: {error}") from None
        if greeting.protection is None:
            raise LostError(greeting.failure)
        for pipe in (process.stdin, process.stdout) if _WAITS else ():
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        return greeting.protection

    def _reply(self, pieces: list[bytes], limit: int) -> tuple[Answer, bytes]:
        if self._process is None:
            raise LostError(self.failure)
        head, body = self._exchange(self._process, pieces, limit)
        try:
            answer = checked(Answer, head)
        except FrameError as error:
            raise LostError(f"gave no answer: {error}") from None
        if answer.number != self.tasks:
            raise LostError("answered what was not asked")
        return answer, body

    def _exchange(
        self, process: subprocess.Popen[bytes], pieces: list[bytes], limit: int
    ) -> tuple[bytes, bytes]:
        to, answers = process.stdin, process.stdout
        assert to is not None
        assert answers is not None

        def read(size: int) -> bytes:
            while (found := answers.read(size)) is None:
                self._wait_for(answers, select.POLLIN)
            return bytes(found)

        try:
            with self._exchanging:
                for piece in pieces:
                    left = memoryview(piece)
                    while left:
                        written = to.write(left)
                        if written is None:
                            self._wait_for(to, select.POLLOUT)
                        left = left[written or 0 :]
                found = read_frame(read, self.limits.answer_bytes, limit)
                self._rested = self._computed()
                return found
        except FrameError as error:
            raise LostError(f"gave no answer: {error}") from None
        except TimeoutError:
            raise
        except (OSError, EOFError, ValueError):
            raise LostError(_how_it_ended(process)) from None

    def _wait_for(self, pipe: IO[bytes], event: int) -> None:
        """Wait until something can be read or written. Raises TimeoutError once it is too late."""
        waiting, left = select.poll(), self._deadline - time.monotonic()
        waiting.register(pipe, event)
        if left <= 0 or not waiting.poll(1000 * left):
            raise TimeoutError


def _how_it_ended(process: subprocess.Popen[bytes] | None) -> str:
    if process is None:
        return "ended before it began"
    try:
        status = process.wait(2)
    except subprocess.TimeoutExpired:
        return "closed its output"
    if status >= 0:
        return f"ended with status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _spawn() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [_python(), "-P", "-s", "-m", "samepic.sandbox.child"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    if sys.platform == "linux" and process.stdin is not None:
        with suppress(ImportError, OSError):  # a pipe of 1 MB saves switches for large files
            import fcntl

            fcntl.fcntl(process.stdin.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)
    return process


def _python() -> str:
    from multiprocessing import spawn

    # A program that embeds Python sets this with multiprocessing.set_executable.
    return os.fsdecode(spawn.get_executable())


_KEPT_VARIABLES = (
    "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL", "PYTHONHOME",
)  # fmt: skip


def _environment() -> dict[str, str]:
    """Return the environment of a worker: paths of libraries and modules, and no secrets of the service."""
    found = [str(Path(__file__).parents[2]), *(path for path in sys.path if Path(path).is_absolute())]
    return {
        **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(found)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENCV_OPENCL_RUNTIME": "disabled",
    }
