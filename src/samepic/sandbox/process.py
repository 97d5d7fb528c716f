"""WorkerProcess: one worker process as its parent sees it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from samepic.limits import WorkerLimits
from samepic.sandbox.protocol import FrameError, Protection, frame, printable, read_frame, validated

__all__ = ["Answer", "LateError", "LostError", "WorkerProcess"]

Answer = tuple[dict[str, Any], bytes]


class LostError(Exception):
    """The process ended, or its answer was invalid; the text says how."""


class LateError(Exception):
    """The process took too long; `starved` is how many of these seconds it waited for a processor."""

    def __init__(self, starved: float) -> None:
        super().__init__(starved)
        self.starved = starved


@dataclass(slots=True)
class _Request:
    pieces: list[bytes]
    limit: int
    answer: queue.SimpleQueue[Answer | LostError] = field(default_factory=queue.SimpleQueue)


class WorkerProcess:
    """A process that answers one task at a time.

    A thread of its own starts it and exchanges tasks and answers with it, so that callers can time out. That thread has
    to start the process: the system ends an orphan when the thread that started it ends.
    """

    def __init__(self, limits: WorkerLimits, *, filtered: bool) -> None:
        self.limits = limits
        self.tasks = 0
        self.protection: Protection | None = None
        self.failure = ""
        self._filtered = filtered
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._killed = False
        self._ending = ""
        self._thread = threading.Thread(target=self._run, name="samepic-worker", daemon=True)
        self._thread.start()

    def wait_ready(self, seconds: float) -> bool:
        """Return whether the process is ready within so many seconds; `failure` says why it is not."""
        if not self._ready.wait(seconds):
            self.failure = f"not ready within {seconds:g} s"
        return not self.failure

    @property
    def pid(self) -> int:
        """Return the id of the process, 0 before it has started."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether the process still runs, as far as the system knows now."""
        return self._process is not None and self._process.poll() is None and not self._killed

    def ask(
        self, head: dict[str, Any], bodies: Sequence[bytes], seconds: float, limit: int | None = None
    ) -> Answer:
        """Run one task, and read at most `limit` bytes of body, those of a proxy if None.

        Raises LateError after so many seconds, and LostError when the process ends.
        """
        self.tasks += 1
        pieces = frame({**head, "number": self.tasks}, *bodies)
        request = _Request(pieces, self.limits.proxy_bytes if limit is None else limit)
        starved = self._starved()
        with self._lock:
            if self._ending:
                raise LostError(self._ending)
            self._requests.put(request)
        try:
            answer = request.answer.get(timeout=seconds)
        except queue.Empty:
            raise LateError(self._starved() - starved) from None
        if isinstance(answer, LostError):
            raise answer
        return answer

    def resident(self) -> int:
        """Return the bytes of memory that the process holds now, 0 where the system does not tell."""
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_bytes().split()
            return int(pages[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError, AttributeError):
            return 0

    def _starved(self) -> float:
        """Return the seconds that the process has waited for a processor so far, 0 where the system does not tell."""
        try:
            return int(Path(f"/proc/{self.pid}/schedstat").read_bytes().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0

    def kill(self) -> None:
        """End the process at once."""
        with self._lock:
            self._killed = True
            if self._process is not None:
                self._process.kill()
        self._requests.put(None)

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

    def _run(self) -> None:
        process = self._start()
        if process is None:
            self._ready.set()
            return
        lost: LostError | None = None
        try:
            self.protection = self._handshake(process)
            self._ready.set()
            while lost is None and (request := self._requests.get()) is not None:
                answer = self._answer(process, request)
                lost = answer if isinstance(answer, LostError) else None
                request.answer.put(answer)
        except LostError as error:
            self.failure = str(error)
        finally:
            _clean_up(process)
            self._fail_pending(_how_it_ended(process))
            self._ready.set()

    def _fail_pending(self, how: str) -> None:
        """Fail every pending request, and every later one at once."""
        with self._lock:
            self._ending = how
            while not self._requests.empty():
                request = self._requests.get()
                if request is not None:
                    request.answer.put(LostError(how))

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._killed:
                self.failure = "ended before it began"
                return None
            try:
                self._process = _spawn()
            except OSError as error:
                self.failure = f"cannot start {_python()}: {error.strerror or error}"
            return self._process

    def _handshake(self, process: subprocess.Popen[bytes]) -> Protection:
        limits = self.limits
        setup = {
            "upload": asdict(limits.upload),
            "memory_bytes": limits.memory_bytes,
            "open_files": limits.open_files,
            "cpu_seconds": limits.cpu_seconds,
            "parent": os.getpid(),
            "filtered": self._filtered,
        }
        head, _ = self._exchange(process, frame(setup), 0)
        if "failure" in head:
            raise LostError(printable(str(head["failure"]), 400))
        try:
            return validated(Protection, head.get("protection"), letters=100, items=0)
        except FrameError as error:
            raise LostError(f"greets with no protection: {error}") from None

    def _answer(self, process: subprocess.Popen[bytes], request: _Request) -> Answer | LostError:
        try:
            head, bodies = self._exchange(process, request.pieces, request.limit)
        except LostError as lost:
            return lost
        if head.get("number") != self.tasks or len(bodies) != 1:
            return LostError("answered what was not asked")
        return head, bodies[0]

    def _exchange(
        self, process: subprocess.Popen[bytes], pieces: list[bytes], limit: int
    ) -> tuple[dict[str, Any], list[bytes]]:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for piece in pieces:
                left = memoryview(piece)
                while left:
                    left = left[process.stdin.write(left) or 0 :]
            return read_frame(process.stdout.read, self.limits.answer_bytes, limit)
        except (OSError, EOFError, ValueError) as error:
            broken = f"gave no answer: {error}" if isinstance(error, FrameError) else ""
            process.kill() if broken else None
            raise LostError(broken or _how_it_ended(process)) from None


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    try:
        status = process.wait(2)
    except subprocess.TimeoutExpired:
        return "closed its output"
    if status >= 0:
        return f"ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return name


def _clean_up(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes, and end and reap the process."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.kill()
    process.wait()


def _spawn() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [_python(), "-P", "-s", "-m", "samepic.sandbox.child"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    _widen(process)
    return process


def _widen(process: subprocess.Popen[bytes]) -> None:
    """Enlarge the pipe to 1 MB where the system can, which saves switches for large files."""
    if sys.platform == "linux" and process.stdin is not None:
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(process.stdin.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)


def _python() -> str:
    from multiprocessing import spawn

    # A program that embeds Python sets this with multiprocessing.set_executable.
    return os.fsdecode(spawn.get_executable())


_KEPT_VARIABLES = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "LANG",
    "LC_ALL",
    "PYTHONHOME",
)


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
