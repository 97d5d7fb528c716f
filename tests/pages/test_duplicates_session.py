"""The plan of a review is carried out as it was shown, once, and can be undone."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from samepic.cleanup.decisions import Decisions, Mark
from samepic.cleanup.plan import CleanupAction
from samepic.errors import ReportError
from samepic.pages.duplicates.session import RequestedCleanup, ReviewSession, plan_digest
from tests.cleanup.clean_scene import make_scene, scan_of, snapshot


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return the folder of the pictures."""
    return tmp_path / "tree"


@pytest.fixture
def session(
    tmp_path: Path, tree: Path, photos: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> ReviewSession:
    """Return a review of one group of five files, with its own folders for trash and journals."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    numbers = itertools.count(1)
    decisions = Decisions(scan_of(make_scene(tree, photos, number=1)))
    return ReviewSession(decisions, lambda: tmp_path / "journals" / f"{next(numbers)}.jsonl")


@pytest.mark.parametrize("action", [CleanupAction.TRASH, CleanupAction.MOVE, CleanupAction.HARDLINK])
def test_what_was_shown_is_done_and_can_be_undone(
    session: ReviewSession, action: CleanupAction, tree: Path, tmp_path: Path
) -> None:
    before = snapshot(tree)
    session.decisions.accept(0)
    request = RequestedCleanup(action, str(tmp_path / "moved") if action is CleanupAction.MOVE else "")
    run = session.start_run(request, plan_digest(session.plan(request)))
    session.wait()
    skipped = 2 if action is CleanupAction.HARDLINK else 0  # those with other bytes
    assert (run.ended, run.error, run.done, len(run.skipped)) == (True, "", 4 - skipped, skipped)
    assert snapshot(tree) != before
    assert session.plan(request).steps == ()
    assert session.decisions.counts()[1] == skipped
    undone = session.start_undo()
    session.wait()
    assert (undone.ended, undone.error, undone.done, undone.skipped) == (True, "", 4 - skipped, [])
    assert snapshot(tree) == before
    assert session.decisions.counts()[1] == 4
    assert len(session.plan(request).steps) == 4 - skipped


def test_a_review_that_is_closed_stops_after_its_current_file(session: ReviewSession, tree: Path) -> None:
    before = snapshot(tree)
    session.decisions.accept(0)
    session.stop()
    run = session.start_run(RequestedCleanup(), plan_digest(session.plan(RequestedCleanup())))
    session.wait()
    assert (run.done, run.error) == (1, "the review was closed")
    session.start_undo()
    session.wait()
    assert snapshot(tree) == before


def test_only_the_plan_that_was_shown_is_carried_out(session: ReviewSession, tree: Path) -> None:
    before = snapshot(tree)
    session.decisions.accept(0)
    digest = plan_digest(session.plan(RequestedCleanup()))
    session.decisions.mark(0, 1, Mark.KEEP)
    with pytest.raises(ReportError, match="changed since you saw it"):
        session.start_run(RequestedCleanup(), digest)
    with pytest.raises(ReportError, match="full path of a folder, not 'here'"):
        session.plan(RequestedCleanup(CleanupAction.MOVE, "here"))
    with pytest.raises(ReportError, match="nothing to undo"):
        session.start_undo()
    assert snapshot(tree) == before
