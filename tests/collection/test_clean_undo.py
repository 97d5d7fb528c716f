"""samepic clean and back: what is kept stays, what is acted on comes back byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from samepic.collection.act import Done, apply
from samepic.collection.plan import Action
from samepic.collection.undo import undo
from tests.collection.clean_scene import make_scene, planned, snapshot

Photos = dict[str, Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home, so that no test touches the trash of whoever runs it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.mark.parametrize("action", [Action.TRASH, Action.MOVE, Action.HARDLINK])
def test_clean_and_undo_leave_the_tree_byte_for_byte_as_it_was(
    tmp_path: Path, photos: Photos, action: Action
) -> None:
    tree = tmp_path / "tree"
    groups = make_scene(tree, photos)
    before = snapshot(tree)
    move_to = tmp_path / "moved" if action is Action.MOVE else None
    plan = planned(groups, action, move_to)
    told = list(apply(plan, tmp_path / "journal"))
    assert all(isinstance(one, Done) for one in told), told
    assert len(told) == (4 if action is Action.HARDLINK else 8)
    assert snapshot(tree) != before
    for group in groups:
        assert next(iter(group)).exists()
    back = list(undo(tmp_path / "journal"))
    assert [one.left for one in back] == [""] * len(told)
    assert snapshot(tree) == before
    assert not (tmp_path / "moved").exists()
    assert list(undo(tmp_path / "journal")) == []
