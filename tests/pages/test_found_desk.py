"""The plan of a review is carried out as it was shown, once, and can be taken back."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from samepic.cleanup.decisions import Decisions, Mark
from samepic.cleanup.plan import CleanupAction
from samepic.errors import ReportError
from samepic.pages.duplicates.session import RequestedCleanup, ReviewSession, mark_of
from tests.cleanup.clean_scene import make_scene, scan_of, snapshot


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return the folder of the pictures."""
    return tmp_path / "tree"


@pytest.fixture
def desk(
    tmp_path: Path, tree: Path, photos: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> ReviewSession:
    """Return a review of one group of five files, which keeps trash and journals in a folder of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    numbers = itertools.count(1)
    decided = Decisions(scan_of(make_scene(tree, photos, number=1)))
    return ReviewSession(decided, lambda: tmp_path / "journals" / f"{next(numbers)}.jsonl")


@pytest.mark.parametrize("action", [CleanupAction.TRASH, CleanupAction.MOVE, CleanupAction.HARDLINK])
def test_what_was_shown_is_done_and_taken_back(
    desk: ReviewSession, action: CleanupAction, tree: Path, tmp_path: Path
) -> None:
    before = snapshot(tree)
    desk.decided.accept(0)
    asked = RequestedCleanup(action, str(tmp_path / "moved") if action is CleanupAction.MOVE else "")
    run = desk.begin(asked, mark_of(desk.plan(asked)))
    desk.wait()
    left = 2 if action is CleanupAction.HARDLINK else 0  # those with other bytes
    assert (run.ended, run.wrong, run.done, len(run.left)) == (True, "", 4 - left, left)
    assert snapshot(tree) != before
    assert desk.plan(asked).steps == ()
    assert desk.decided.counts()[1] == left
    back = desk.bring_back()
    desk.wait()
    assert (back.ended, back.wrong, back.done, back.left) == (True, "", 4 - left, [])
    assert snapshot(tree) == before
    assert desk.decided.counts()[1] == 4
    assert len(desk.plan(asked).steps) == 4 - left


def test_a_review_that_is_ended_stops_with_the_file_that_it_is_at(desk: ReviewSession, tree: Path) -> None:
    before = snapshot(tree)
    desk.decided.accept(0)
    desk.stop()
    run = desk.begin(RequestedCleanup(), mark_of(desk.plan(RequestedCleanup())))
    desk.wait()
    assert (run.done, run.wrong) == (1, "the review was ended")
    desk.bring_back()
    desk.wait()
    assert snapshot(tree) == before


def test_another_plan_than_the_one_that_was_shown_is_not_carried_out(desk: ReviewSession, tree: Path) -> None:
    before = snapshot(tree)
    desk.decided.accept(0)
    shown = mark_of(desk.plan(RequestedCleanup()))
    desk.decided.mark(0, 1, Mark.KEEP)
    with pytest.raises(ReportError, match="changed since it was shown"):
        desk.begin(RequestedCleanup(), shown)
    with pytest.raises(ReportError, match="the whole path of a folder, got 'here'"):
        desk.plan(RequestedCleanup(CleanupAction.MOVE, "here"))
    with pytest.raises(ReportError, match="wanted a run that moved files"):
        desk.bring_back()
    assert snapshot(tree) == before
