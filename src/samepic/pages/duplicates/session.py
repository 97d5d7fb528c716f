"""Desk: what one review of a report holds: decisions, a bounded number of thumbnails, and the run of the plan."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from samepic.cleanup.apply import Applied, apply
from samepic.cleanup.decisions import Decisions
from samepic.cleanup.plan import CleanupAction, Plan, files_of, plan, thumbnail
from samepic.cleanup.undo import undo
from samepic.errors import ReportError, SamepicError
from samepic.limits import FOUND

__all__ = ["CleanupRun", "RequestedCleanup", "ReviewSession", "mark_of"]

Step = TypeVar("Step")


@dataclass(frozen=True, slots=True)
class RequestedCleanup:
    """What is to be done with the files that go: an action of `clean`, and the folder to move them to."""

    action: CleanupAction = CleanupAction.TRASH
    move_to: str = ""


@dataclass(slots=True)
class CleanupRun:
    """A plan that is being carried out, or taken back: how far it is and what became of each file."""

    asked: RequestedCleanup
    steps: int
    journal: Path
    back: bool = False
    done: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)
    wrong: str = ""
    ended: bool = False
    paths: list[str] = field(default_factory=list)


class ReviewSession:
    """Holds one review; every method may be called from any thread.

    `journal` names the new file that a run is written down in, so that it can be taken back.
    """

    def __init__(self, decided: Decisions, journal: Callable[[], Path]) -> None:
        self.decided, self._journal = decided, journal
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._thumbs: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._held = 0
        self.run: CleanupRun | None = None
        self._thread: threading.Thread | None = None

    def thumbnail(self, index: int, file: int) -> bytes:
        """Return a small JPEG of a file, made when it is first asked for. Raises UnreadableError."""
        one = files_of(self.decided.groups[index])[file]
        key = one.sha256, FOUND.side
        with self._lock:
            if key in self._thumbs:
                self._thumbs.move_to_end(key)
                return self._thumbs[key]
        made = thumbnail(one, FOUND.side, self.decided.scan.made_ns)
        with self._lock:
            self._held += len(made) - len(self._thumbs.get(key, b""))
            self._thumbs[key] = made
            while self._held > FOUND.thumbnail_bytes:
                self._held -= len(self._thumbs.popitem(last=False)[1])
        return made

    def plan(self, asked: RequestedCleanup) -> Plan:
        """Return what would be done now. Raises ReportError for a folder that makes no sense."""
        if asked.action is CleanupAction.MOVE and not Path(asked.move_to).is_absolute():
            raise ReportError(f"move_to: wanted the whole path of a folder, got {asked.move_to!r}")
        scan, farthest = self.decided.chosen()
        return plan(scan, action=asked.action, move_to=asked.move_to, same_if=farthest)

    def begin(self, asked: RequestedCleanup, shown: str) -> CleanupRun:
        """Begin to carry out the plan that was `shown`. Raises ReportError for another one, or while one runs."""
        decided = self.plan(asked)
        if mark_of(decided) != shown:
            raise ReportError("the plan has changed since it was shown: look at it again")
        run = CleanupRun(asked, len(decided.steps), self._journal())
        run.left += [(left.path, left.reason) for left in decided.skipped]
        self._start(run, lambda: self._apply(run, decided))
        return run

    def bring_back(self) -> CleanupRun:
        """Begin to take back what the last run did. Raises ReportError where there is nothing to take back."""
        before = self.run
        if before is None or before.back or not before.done:
            raise ReportError("wanted a run that moved files, got none")
        run = CleanupRun(before.asked, before.done, before.journal, back=True)
        self._start(run, lambda: self._undo(run))
        return run

    def stop(self) -> None:
        """Let a run end with the file that it is at, and wait until it has; what it did can be taken back."""
        self._stopped.set()
        self.wait()

    def wait(self) -> None:
        """Wait until nothing runs."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _start(self, run: CleanupRun, work: Callable[[], None]) -> None:
        with self._lock:
            if self.run is not None and not self.run.ended:
                raise ReportError("wanted an idle moment, got a run that is not over yet")
            self.run = run
        self._thread = threading.Thread(target=self._work, args=(run, work), name="samepic-clean")
        self._thread.start()

    def _work(self, run: CleanupRun, work: Callable[[], None]) -> None:
        try:
            work()
        except SamepicError as error:
            run.wrong = str(error)
        except OSError as error:
            run.wrong = f"{error.filename or run.journal}: {error.strerror or error}"
        finally:
            run.ended = True

    def _until_stopped(self, steps: Iterator[Step], run: CleanupRun) -> Iterator[Step]:
        for step in steps:
            yield step
            if self._stopped.is_set():
                run.wrong = "the review was ended"
                return

    def _apply(self, run: CleanupRun, decided: Plan) -> None:
        for told in self._until_stopped(apply(decided, run.journal), run):
            if isinstance(told, Applied):
                run.done += 1
                run.paths.append(told.step.target.file.path)
                self.decided.gone.add(told.step.target.file.path)
            else:
                run.left.append((told.path, told.reason))

    def _undo(self, run: CleanupRun) -> None:
        back = _relative(self.decided.gone)
        for told in self._until_stopped(undo(run.journal), run):
            if told.skipped:
                run.left.append((told.path, told.skipped))
            else:
                run.done += 1
                run.paths.append(told.path)
                self.decided.gone.discard(back.get(told.path, told.path))


def mark_of(decided: Plan) -> str:
    """Return what tells one plan from every other."""
    told = [[step.kept.place, step.target.place, step.target.file.sha256] for step in decided.steps]
    text = json.dumps([str(decided.action), decided.move_to, str(decided.same_if), told])
    return hashlib.sha256(text.encode()).hexdigest()


def _relative(paths: Iterable[str]) -> dict[str, str]:
    """Return each path by the place that a journal names it by."""
    return {str((Path.cwd() / path).parent.resolve() / Path(path).name): path for path in paths}
