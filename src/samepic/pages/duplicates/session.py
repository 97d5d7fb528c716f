"""One review of duplicates: its decisions, a bounded cache of thumbnails, and the run of its cleanup plan."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from samepic.cleanup.apply import Applied, apply
from samepic.cleanup.decisions import Decisions
from samepic.cleanup.plan import CleanupAction, Plan, files_of, plan, read_unchanged, small_jpeg
from samepic.cleanup.undo import undo
from samepic.duplicates.walk import File
from samepic.errors import ReportError, SamepicError
from samepic.picture import load

Step = TypeVar("Step")
_SIDE = 480  # longer side of a thumbnail, in pixels
_THUMBNAILS = 1000  # of about 40 KB, in memory


@dataclass(frozen=True, slots=True)
class RequestedCleanup:
    """What to do with the selected files: an action of `clean`, and the folder to move them to."""

    action: CleanupAction = CleanupAction.TRASH
    move_to: str = ""


@dataclass(slots=True)
class CleanupRun:
    """A plan that is being carried out, or undone: its progress, and what became of each file."""

    request: RequestedCleanup
    steps: int
    journal: Path
    is_undo: bool = False
    done: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""
    ended: bool = False


class ReviewSession:
    """One review, thread-safe; `journal` returns a new path for the journal of each run."""

    def __init__(self, decisions: Decisions, journal: Callable[[], Path]) -> None:
        self.decisions, self._journal = decisions, journal
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self.run: CleanupRun | None = None
        self._thread: threading.Thread | None = None

    def thumbnail(self, index: int, file: int) -> bytes:
        """Return a small JPEG of a file, cached. Raises UnreadableError."""
        return _thumbnail(files_of(self.decisions.groups[index])[file])

    def plan(self, request: RequestedCleanup) -> Plan:
        """Return what would be done now. Raises ReportError for an invalid folder."""
        if request.action is CleanupAction.MOVE and not Path(request.move_to).is_absolute():
            raise ReportError(f"Please enter the full path of a folder, not {request.move_to!r}.")
        scan, loosest = self.decisions.chosen()
        return plan(scan, action=request.action, move_to=request.move_to, same_if=loosest)

    def start_run(self, request: RequestedCleanup, digest: str) -> CleanupRun:
        """Start carrying out the plan with this digest. Raises ReportError if the plan changed, or while one runs."""
        planned = self.plan(request)
        if plan_digest(planned) != digest:
            raise ReportError("The plan has changed since you saw it. Please look at it again.")
        run = CleanupRun(request, len(planned.steps), self._journal())
        run.skipped += [(left.path, left.reason) for left in planned.skipped]
        self._start(run, lambda: self._apply(run, planned))
        return run

    def start_undo(self) -> CleanupRun:
        """Start undoing the last run. Raises ReportError if there is nothing to undo."""
        last = self.run
        if last is None or last.is_undo or not last.done:
            raise ReportError("There is nothing to undo.")
        run = CleanupRun(last.request, last.done, last.journal, is_undo=True)
        self._start(run, lambda: self._undo(run))
        return run

    def stop(self) -> None:
        """Stop a run after its current file, and wait for its end; it can be undone."""
        self._stopped.set()
        self.wait()

    def wait(self) -> None:
        thread = self._thread
        if thread is not None:
            thread.join()

    def _start(self, run: CleanupRun, work: Callable[[], None]) -> None:
        with self._lock:
            if self.run is not None and not self.run.ended:
                raise ReportError("Another cleanup is still running.")
            self.run = run
        self._thread = threading.Thread(target=self._work, args=(run, work), name="samepic-clean")
        self._thread.start()

    def _work(self, run: CleanupRun, work: Callable[[], None]) -> None:
        try:
            work()
        except SamepicError as error:
            run.error = str(error)
        except OSError as error:
            run.error = f"{error.filename or run.journal}: {error.strerror or error}"
        finally:
            run.ended = True

    def _until_stopped(self, steps: Iterator[Step], run: CleanupRun) -> Iterator[Step]:
        for step in steps:
            yield step
            if self._stopped.is_set():
                run.error = "the review was closed"
                return

    def _apply(self, run: CleanupRun, planned: Plan) -> None:
        for result in self._until_stopped(apply(planned, run.journal), run):
            if isinstance(result, Applied):
                path = result.step.target.file.path
                run.done += 1
                self.decisions.gone.add(path)
            else:
                run.skipped.append((result.path, result.reason))

    def _undo(self, run: CleanupRun) -> None:
        # The paths of the report by those of the journal.
        here = Path.cwd()
        gone = ((path, here / path) for path in self.decisions.gone)
        reported = {str(full.parent.resolve() / full.name): path for path, full in gone}
        for result in self._until_stopped(undo(run.journal), run):
            if result.skipped:
                run.skipped.append((result.path, result.skipped))
            else:
                run.done += not result.leader  # its steps are pictures
                self.decisions.gone.discard(reported.get(result.path, result.path))


@lru_cache(_THUMBNAILS)
def _thumbnail(file: File) -> bytes:
    return small_jpeg(load(read_unchanged(file)), _SIDE)


def plan_digest(planned: Plan) -> str:
    steps = [[step.kept.place, step.target.place, step.target.file.sha256] for step in planned.steps]
    text = json.dumps([str(planned.action), planned.move_to, str(planned.same_if), steps])
    return hashlib.sha256(text.encode()).hexdigest()
