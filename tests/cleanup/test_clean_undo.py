"""samepic clean and back: what is kept stays, what is acted on comes back byte for byte."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from samepic.cleanup.apply import Applied, apply
from samepic.cleanup.plan import CleanupAction
from samepic.cleanup.undo import undo
from samepic.errors import ReportError
from tests.cleanup.clean_scene import make_scene, planned, snapshot

Photos = dict[str, Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home, so that no test touches the trash of whoever runs it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.mark.parametrize("action", [CleanupAction.TRASH, CleanupAction.MOVE, CleanupAction.HARDLINK])
def test_clean_and_undo_leave_the_tree_byte_for_byte_as_it_was(
    tmp_path: Path, photos: Photos, action: CleanupAction
) -> None:
    tree = tmp_path / "tree"
    groups = make_scene(tree, photos)
    before = snapshot(tree)
    move_to = tmp_path / "moved" if action is CleanupAction.MOVE else None
    plan = planned(groups, action, move_to)
    result = list(apply(plan, tmp_path / "journal"))
    assert all(isinstance(one, Applied) for one in result), result
    assert len(result) == (4 if action is CleanupAction.HARDLINK else 8)
    assert snapshot(tree) != before
    for group in groups:
        assert next(iter(group)).exists()
    back = list(undo(tmp_path / "journal"))
    assert [one.skipped for one in back] == [""] * len(result)
    assert snapshot(tree) == before
    assert not (tmp_path / "moved").exists()
    assert list(undo(tmp_path / "journal")) == []


@pytest.fixture
def moved(tmp_path: Path, photos: Photos) -> list[Path]:
    """Return an original and the place of its copy, which is in the trash now."""
    original, copy, *_ = make_scene(tmp_path / "tree", photos, number=1)[0]
    list(
        apply(
            planned([{original: "same-file", copy: "same-file"}], CleanupAction.TRASH), tmp_path / "journal"
        )
    )
    return [original, copy]


def left(journal: Path) -> list[str]:
    return [one.skipped for one in undo(journal)]


def test_a_journal_whose_last_line_was_cut_off_still_undoes_what_was_done(
    tmp_path: Path, moved: list[Path]
) -> None:
    journal = tmp_path / "journal"
    text = journal.read_bytes()
    for cut in range(1, len(text) - text.rindex(b"\n", 0, -1)):
        journal.write_bytes(text[:-cut])
        assert left(journal) == [""]
        assert moved[1].exists()
        moved[1].rename(tmp_path / "data" / "Trash" / "files" / moved[1].name)


GARBLED = [b"nonsense", b"[]", b'{"done": 77}', b'{"intent": 2}', b"\0\xff", b""]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_garbled_lines_are_told_and_passed_over(tmp_path: Path, moved: list[Path], place: int) -> None:
    lines = (tmp_path / "journal").read_bytes().splitlines()
    lines[place:place] = GARBLED
    (tmp_path / "journal").write_bytes(b"\n".join(lines) + b"\n")
    results = list(undo(tmp_path / "journal"))
    assert [one.path for one in results] == [
        *(f"{tmp_path / 'journal'}: line {place + number}" for number in range(1, len(GARBLED) + 1)),
        str(moved[1]),
    ]
    assert all(one.skipped.startswith("expected a line of a journal") for one in results[:-1])
    assert (results[-1].skipped, moved[1].exists()) == ("", True)


def test_a_line_that_was_changed_since_does_nothing(tmp_path: Path, moved: list[Path]) -> None:
    journal, trashed = tmp_path / "journal", tmp_path / "data" / "Trash" / "files" / moved[1].name
    text = journal.read_bytes()
    for old, new in (
        (moved[1].name, "authorized_keys"),
        ("/info/", "/sent/"),
        ('"intent": 1', '"intent": 2'),
    ):
        journal.write_bytes(text.replace(old.encode(), new.encode()))
        assert left(journal) == [
            "expected a line of a journal of samepic clean, version 2, by a run of this user, found another"
        ]
        assert trashed.exists()
    journal.write_bytes(text)
    assert left(journal) == [""]


@pytest.mark.parametrize("action", [CleanupAction.TRASH, CleanupAction.MOVE, CleanupAction.HARDLINK])
def test_a_journal_that_another_user_wrote_is_refused_and_nothing_is_touched(
    tmp_path: Path, photos: Photos, action: CleanupAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = make_scene(tmp_path / "tree", photos, number=1)
    move_to = tmp_path / "tree" / "moved" if action is CleanupAction.MOVE else None
    list(apply(planned(groups, action, move_to), tmp_path / "journal"))
    before, text = snapshot(tmp_path / "tree"), (tmp_path / "journal").read_bytes()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "of another user"))
    with pytest.raises(ReportError, match="line 1: expected a line of a journal of samepic clean"):
        list(undo(tmp_path / "journal"))
    assert (snapshot(tmp_path / "tree"), (tmp_path / "journal").read_bytes()) == (before, text)


def test_what_is_no_journal_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    for text in (b"first\nwithout a line end", b"{}\n", b"\n"):
        notes.write_bytes(text)
        with pytest.raises(ReportError, match="notes: line 1: expected a line of a journal"):
            list(undo(notes))
        assert notes.read_bytes() == text
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReportError, match="expected a file, found a pipe or a device"):
        list(undo(tmp_path / "pipe"))


def test_a_journal_that_another_process_works_on_is_refused(tmp_path: Path, moved: list[Path]) -> None:
    with (tmp_path / "journal").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ReportError, match="another process uses this journal"):
            list(undo(tmp_path / "journal"))
    assert left(tmp_path / "journal") == [""]


def test_what_was_emptied_from_the_trash_or_changed_there_is_told(
    tmp_path: Path, moved: list[Path], home: Path
) -> None:
    files = home / "Trash" / "files"
    trashed = files / moved[1].name
    data = trashed.read_bytes()
    trashed.write_bytes(b"changed")
    assert left(tmp_path / "journal") == [f"it was changed in {trashed}"]
    trashed.unlink()
    assert left(tmp_path / "journal") == [f"it is not in {files} any more"]
    trashed.write_bytes(data)
    assert left(tmp_path / "journal") == [""]


def test_the_note_of_another_file_that_took_the_name_in_the_trash_stays(
    tmp_path: Path, moved: list[Path], home: Path
) -> None:
    trashed = home / "Trash" / "files" / moved[1].name
    trashed.rename(moved[1])  # brought back by a file manager
    trashed.write_bytes(b"another file of that name")
    assert left(tmp_path / "journal") == [""]
    assert (trashed.exists(), (home / "Trash" / "info" / f"{trashed.name}.trashinfo").exists()) == (
        True,
        True,
    )


def test_a_folder_that_was_removed_meanwhile_is_made_again(tmp_path: Path, photos: Photos) -> None:
    original, _, copy, *_ = make_scene(tmp_path / "tree", photos, number=1)[0]
    list(
        apply(
            planned([{original: "same-file", copy: "same-file"}], CleanupAction.TRASH), tmp_path / "journal"
        )
    )
    copy.parent.rmdir()
    assert left(tmp_path / "journal") == [""]
    assert copy.read_bytes() == original.read_bytes()


def test_a_hard_link_whose_bytes_were_changed_since_is_told_and_stays(tmp_path: Path, photos: Photos) -> None:
    original, copy, *_ = make_scene(tmp_path / "tree", photos, number=1)[0]
    list(
        apply(
            planned([{original: "same-file", copy: "same-file"}], CleanupAction.HARDLINK),
            tmp_path / "journal",
        )
    )
    original.write_bytes(b"edited by a program that writes in place")
    assert left(tmp_path / "journal") == [f"its bytes are gone: {original} was changed since"]
    assert copy.read_bytes() == original.read_bytes()


def test_a_file_that_came_to_the_path_of_a_hard_link_is_not_overwritten(
    tmp_path: Path, photos: Photos
) -> None:
    original, copy, *_ = make_scene(tmp_path / "tree", photos, number=1)[0]
    list(
        apply(
            planned([{original: "same-file", copy: "same-file"}], CleanupAction.HARDLINK),
            tmp_path / "journal",
        )
    )
    copy.unlink()
    copy.write_bytes(b"new")
    assert left(tmp_path / "journal") == ["another file is there now"]
    assert copy.read_bytes() == b"new"
