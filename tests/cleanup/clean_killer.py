"""Kill a process at every line that clean or undo runs, one after the other, and look what is left each time.

python -m tests.cleanup.clean_killer FOLDER ACTION STRIDE [ELSEWHERE]

FOLDER is an empty folder to work in; STRIDE 1 tries every line, 5 every fifth; ELSEWHERE is a folder on another
file system, for --move-to. Prints how many moments were tried; exits 1 with what was found at the first one after
which something was lost or could not be undone.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from samepic.cleanup import apply, files, journal
from samepic.cleanup import undo as undoing
from samepic.cleanup.plan import CleanupAction, Plan
from samepic.picture import load
from tests.cleanup.clean_scene import make_scene, planned, snapshot

__all__ = ["main"]

_WATCHED = frozenset(str(module.__file__) for module in (apply, files, journal, undoing))
_PHOTOS = Path(__file__).parent.parent.parent / "examples" / "photos"


def killed_at(moment: int, work: Callable[[], object]) -> bool:
    """Run `work` in a child that is killed before the `moment`-th line of it; tell whether it got that far."""
    child = os.fork()
    if child == 0:
        lines = 0

        def trace(frame: FrameType, event: str, _: Any) -> Any:  # noqa: ANN401  (what sys.settrace wants)
            nonlocal lines
            if frame.f_code.co_filename not in _WATCHED:
                return None
            if event == "line":
                lines += 1
                if lines == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        status = 1
        try:
            work()
            status = 0
        except BaseException:  # noqa: BLE001  (nothing may go on into the parent's code)
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


class Round:
    """One tree, its plan, and what must hold of it at every moment."""

    def __init__(self, folder: Path, action: CleanupAction, elsewhere: Path | None) -> None:
        self.folder, self.tree, self.journal = folder, folder / "tree", folder / "journal"
        self.elsewhere = elsewhere or folder / "elsewhere"
        photos = {path.stem: path for path in _PHOTOS.iterdir() if path.suffix == ".png"}
        groups = make_scene(self.tree, photos, number=1, companions=True)
        self.reference, copy, other, saved, _ = groups[0]
        os.utime(self.tree)
        # A hard link among those that are acted on: its structure must come back too.
        other.unlink()
        if action is CleanupAction.HARDLINK or elsewhere is None:
            os.link(copy, other)
        else:
            shutil.copy2(copy, other)
        relations = {self.reference: "same-file", copy: "same-file", other: "same-file", saved: "resaved"}
        self.before = snapshot(self.tree, folders=False)
        self.plan: Plan = planned(
            [relations], action, self.elsewhere / "moved" if action is CleanupAction.MOVE else None
        )

    def act(self) -> None:
        """Clean, to the end."""
        list(apply.apply(self.plan, self.journal))

    def undo(self) -> None:
        """Bring back, to the end."""
        left = [one for one in undoing.undo(self.journal) if one.skipped]
        assert not left, left

    def check(self) -> None:
        """Raise AssertionError unless the reference is readable and the bytes of every file are somewhere."""
        assert load(self.reference).info.width == 160
        everywhere = [*self.folder.rglob("*"), *self.elsewhere.rglob("*")]
        there = {path.read_bytes() for path in everywhere if path.is_file()}
        wanted = {value[0] for value in self.before.values() if isinstance(value, tuple) and value[0]}
        assert {bytes_ for bytes_ in wanted if isinstance(bytes_, bytes)} <= there

    def check_back(self) -> None:
        """Raise AssertionError unless the tree is what it was, and nothing lies about elsewhere."""
        assert snapshot(self.tree, folders=False) == self.before
        assert not (self.elsewhere / "moved").exists()
        assert not list((self.folder / "data").rglob("*.*g*"))


def main(folder: Path, action: CleanupAction, stride: int, elsewhere: Path | None) -> int:
    """Cut clean off at every `stride`-th line, and the undo of each third time at every seventh; return how often."""
    moment, tried, cut = 1 - stride, 0, True
    while cut:
        moment += stride
        round_ = _fresh(folder, action, elsewhere)
        cut = killed_at(moment, round_.act)
        tried += 1
        round_.check()
        if tried % 3 == 0 or not cut:
            tried += _kill_undo(round_, step=7 * stride if cut else stride)
        if round_.journal.exists():
            assert not killed_at(-1, round_.undo)
        round_.check_back()
    return tried


def _kill_undo(round_: Round, step: int) -> int:
    """Cut the undo off at a later moment each time, on the tree as the last cut has left it."""
    tried, moment = 0, 1
    while round_.journal.exists() and killed_at(moment, round_.undo):
        round_.check()
        tried, moment = tried + 1, moment + step
    return tried


def _fresh(folder: Path, action: CleanupAction, elsewhere: Path | None) -> Round:
    for place in (folder, elsewhere):
        if place:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
    os.environ["XDG_DATA_HOME"] = os.environ["XDG_STATE_HOME"] = str(folder / "data")
    return Round(folder, action, elsewhere)


if __name__ == "__main__":
    print(
        main(
            Path(sys.argv[1]),
            CleanupAction(sys.argv[2]),
            int(sys.argv[3]),
            Path(sys.argv[4]) if sys.argv[4:] else None,
        )
    )
