"""What clean refuses: anything that is not as the scan saw it, or not the same picture as what is kept."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from PIL import Image

from samepic.cleanup import files
from samepic.cleanup.apply import Applied, apply
from samepic.cleanup.files import SkippedFileError
from samepic.cleanup.plan import CleanupAction, Keep, KeepRule, Skipped, plan
from samepic.cleanup.undo import undo
from samepic.verdict import Relation
from tests.cleanup.clean_scene import make_scene, planned, scan_of, snapshot, write_report

Photos = dict[str, Path]
Groups = list[dict[Path, str]]
SHM = Path("/dev/shm")


@pytest.fixture(autouse=True)
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the trash of an empty home, so that no test touches that of whoever runs it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "Trash"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "tree"


@pytest.fixture
def groups(tree: Path, photos: Photos) -> Groups:
    return make_scene(tree, photos, number=1)


def names(groups: Groups) -> list[Path]:
    return list(groups[0])


def reasons(result: list[Applied | Skipped]) -> list[str]:
    return [one.reason for one in result if isinstance(one, Skipped)]


def rewritten(path: Path) -> None:
    """Change one byte and put size and time back, as a rescue tool might."""
    status, data = path.stat(), bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def linked(path: Path) -> None:
    path.rename(path.with_name("away"))
    path.symlink_to("away")


def folder_linked(path: Path) -> None:
    path.parent.rename(path.parent.with_name("away"))
    path.parent.symlink_to("away")


def folder_replaced(path: Path) -> None:
    path.parent.rename(path.parent.with_name("away"))
    shutil.copytree(path.parent.with_name("away"), path.parent)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.write_bytes(b"short"), "it has changed since the scan: other size or time"),
        (lambda path: os.utime(path, ns=(1, 1)), "it has changed since the scan: other size or time"),
        (rewritten, "it has changed since the scan: other bytes, though size and time are the same"),
        (Path.unlink, "it is gone"),
        (piped, "it is not a regular file any more"),
        (linked, "it, or a folder on its path, was replaced by a symlink"),
        (folder_linked, "it, or a folder on its path, was replaced by a symlink"),
        (folder_replaced, "its folder was replaced"),
    ],
)
def test_a_file_that_changed_after_the_plan_is_left_alone_and_told(
    tree: Path, groups: Groups, tmp_path: Path, change: Callable[[Path], object], reason: str
) -> None:
    reference, _, copy, *_ = names(groups)
    decided = planned([{reference: "same-file", copy: "same-file"}], CleanupAction.TRASH)
    change(copy)
    before = snapshot(tree) if change is not piped else {}
    result = list(apply(decided, tmp_path / "journal"))
    assert reasons(result) == [reason]
    assert (snapshot(tree) if change is not piped else {}) == before
    assert not (tmp_path / "journal").exists()


def test_nothing_is_done_to_a_group_whose_kept_file_changed(
    tree: Path, groups: Groups, tmp_path: Path
) -> None:
    decided = planned(groups, CleanupAction.TRASH)
    rewritten(names(groups)[0])
    before = snapshot(tree)
    result = reasons(list(apply(decided, tmp_path / "journal")))
    assert len(result) == 4
    assert all(f"{names(groups)[0]}, which would be kept: it has changed" in reason for reason in result)
    assert snapshot(tree) == before


def test_copies_of_a_file_that_nobody_can_read_are_left_alone(tmp_path: Path, astronaut: Path) -> None:
    whole = astronaut.read_bytes()
    one, two = tmp_path / "one.jpg", tmp_path / "two.jpg"
    for path in (one, two):
        path.write_bytes(whole[: len(whole) // 2])
    result = list(
        apply(planned([{one: "same-file", two: "same-file"}], CleanupAction.TRASH), tmp_path / "journal")
    )
    assert [reason.split(": ")[0] for reason in reasons(result)] == [f"{one}, which would be kept"]
    assert two.exists()


def test_what_the_report_calls_the_same_is_compared_once_more(
    tmp_path: Path, groups: Groups, coffee: Path
) -> None:
    other = tmp_path / "coffee.png"
    shutil.copyfile(coffee, other)
    decided = planned([{names(groups)[0]: "same-file", other: "resaved"}], CleanupAction.TRASH)
    (reason,) = reasons(list(apply(decided, tmp_path / "journal")))
    assert reason.startswith(f"it is not the same as {names(groups)[0]}: ")
    assert other.exists()


def test_each_is_compared_with_the_one_that_is_kept_not_with_the_reference(
    tmp_path: Path, astronaut: Path
) -> None:
    """Two edits of one original, each called a crop of it by a report."""
    picture = Image.open(astronaut).convert("RGB")
    reference = tmp_path / "reference.png"
    picture.save(reference)
    edits = []
    for number, box in enumerate([(20, 20, 90, 90), (400, 400, 470, 470)]):
        edited = picture.copy()
        edited.paste((200, 30, 30), box)
        edited.save(tmp_path / f"edited-{number}.png")
        os.utime(tmp_path / f"edited-{number}.png", ns=(number, number))
        edits.append(tmp_path / f"edited-{number}.png")
    group = {reference: "same-file", edits[0]: "reframed", edits[1]: "reframed"}
    decided = plan(
        scan_of([group]), keep=Keep(KeepRule.OLDEST), action=CleanupAction.TRASH, same_if=Relation.REFRAMED
    )
    result = reasons(list(apply(decided, tmp_path / "journal")))
    assert len(result) == 2
    assert all(f"not the same as {edits[0]}" in reason for reason in result)
    assert all(path.exists() for path in group)


def test_a_hard_link_of_the_kept_file_is_left_alone(tmp_path: Path, groups: Groups) -> None:
    reference = names(groups)[0]
    twin = tmp_path / "tree" / "twin.png"
    os.link(reference, twin)
    for action in (CleanupAction.TRASH, CleanupAction.HARDLINK):
        decided = planned([{reference: "same-file", twin: "same-file"}], action)
        (reason,) = reasons(list(apply(decided, tmp_path / "journal")))
        assert "a hard link to the kept file" in reason
    assert twin.exists()


def test_a_file_that_another_process_acts_on_or_keeps_is_left_alone(tmp_path: Path, groups: Groups) -> None:
    reference, copy, *_ = names(groups)
    decided = planned([{reference: "same-file", copy: "same-file"}], CleanupAction.TRASH)
    for path, how, result in (
        (copy, fcntl.LOCK_SH, "another process has locked it"),
        (reference, fcntl.LOCK_EX, f"{reference}, which would be kept: another process has locked it"),
    ):
        with path.open("rb") as file:
            fcntl.flock(file, how)
            assert reasons(list(apply(decided, tmp_path / "journal"))) == [result]


def test_two_processes_that_keep_what_the_other_one_removes_leave_one_of_each(
    tmp_path: Path, tree: Path, photos: Photos
) -> None:
    groups = make_scene(tree, photos, number=6)
    before = snapshot(tree, folders=False)
    report = write_report(tmp_path / "found.jsonl", groups)
    command = [sys.executable, "-m", "samepic", "clean", str(report), "--trash", "--yes", "--keep"]
    running = [
        subprocess.Popen(
            [*command, keep, "--journal", str(tmp_path / keep)], stdout=subprocess.DEVNULL, cwd=tmp_path
        )
        for keep in ("oldest", "newest", "best")
    ]
    assert {one.wait(timeout=60) for one in running} <= {0, 1}
    for group in groups:
        assert any(path.exists() for path in group)
    for keep in ("oldest", "newest", "best"):
        if (tmp_path / keep).exists():
            assert [one.skipped for one in undo(tmp_path / keep) if one.skipped] == []
    assert snapshot(tree, folders=False) == before


def test_moving_keeps_folders_and_overwrites_nothing(tmp_path: Path, groups: Groups) -> None:
    target = tmp_path / "moved"
    (target / "copies").mkdir(parents=True)
    taken = target / "astronaut (1).png"
    taken.write_bytes(b"mine")
    result = list(apply(planned(groups, CleanupAction.MOVE, target), tmp_path / "journal"))
    assert reasons(result) == []
    assert taken.read_bytes() == b"mine"
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*.*")) == [
        "astronaut (1).2.png",
        "astronaut (1).png",
        "copies/astronaut-60.jpg",
        "copies/astronaut-95.jpg",
        "copies/astronaut/astronaut.png",
    ]
    assert [one.skipped for one in undo(tmp_path / "journal")] == [""] * 4
    assert [path.name for path in target.rglob("*")] == ["copies", "astronaut (1).png"]


def test_the_trash_holds_what_a_file_manager_needs_to_restore_it(
    tmp_path: Path, groups: Groups, trash: Path
) -> None:
    list(apply(planned(groups, CleanupAction.TRASH), tmp_path / "journal"))
    assert sorted(path.name for path in (trash / "files").iterdir()) == [
        "astronaut (1).png",
        "astronaut-60.jpg",
        "astronaut-95.jpg",
        "astronaut.png",
    ]
    head, path, date = (trash / "info" / "astronaut (1).png.trashinfo").read_text().splitlines()
    assert head == "[Trash Info]"
    assert "%20" in path
    assert unquote_to_bytes(path) == os.fsencode(f"Path={names(groups)[1]}")
    assert date.startswith("DeletionDate=20")
    assert len(date) == len("DeletionDate=2026-11-22T10:11:12")
    list(undo(tmp_path / "journal"))
    assert list((trash / "files").iterdir()) == list((trash / "info").iterdir()) == []


OTHERS = 65534  # a user who is not the one of the test
OPENED = ["sound", "no shared one", "not sticky", "a symlink", "of another", "for all", "files for all"]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has one trash")
@pytest.mark.parametrize("case", OPENED)
def test_a_trash_that_others_could_change_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    if case == "of another" and os.getuid():
        pytest.skip("only root can give a folder to another user")
    top, user = tmp_path / "top", os.getuid()
    shared, own, second = top / ".Trash", top / ".Trash" / f"{user}", top / f".Trash-{user}"
    (own / "files").mkdir(parents=True)
    for folder in (own, own / "files"):
        folder.chmod(0o700)
    shared.chmod(0o777 if case == "not sticky" else 0o1777)
    if case == "no shared one":
        shutil.rmtree(shared)
    elif case == "a symlink":
        own.rename(top / "planted")
        own.symlink_to(top / "planted")
    elif case == "of another":
        os.chown(own, OTHERS, OTHERS)
    elif case.endswith("for all"):
        (own if case == "for all" else own / "files").chmod(0o777)
    monkeypatch.setattr(files, "_mount_point", lambda folder, device: str(top))
    used = files.find_trash(str(top / "photos"), -1)
    assert (used.files, used.top) == (f"{own if case == 'sound' else second}/files", str(top))
    assert {stat.S_IMODE(Path(path).lstat().st_mode) for path in (used.files, used.info)} == {0o700}
    second.mkdir(exist_ok=True)
    second.chmod(0o770)
    if case != "sound":
        with pytest.raises(SkippedFileError, match="that only this user may change, found another"):
            files.find_trash(str(top / "photos"), -1)


@pytest.mark.parametrize("action", [CleanupAction.TRASH, CleanupAction.MOVE, CleanupAction.HARDLINK])
def test_names_that_no_encoding_knows_that_steer_terminals_or_look_like_paths_come_back(
    tmp_path: Path, tree: Path, chelsea: Path, trash: Path, action: CleanupAction
) -> None:
    tree.mkdir()
    data = chelsea.read_bytes()
    kept = tree / "kept.png"
    odd = [b"caf\xe9.png", b"\x1b[31m\nred.png", b"-rf", b"%2e%2e", b"trailing ", b"x" * 255, b'"quote\\']
    paths = [tree / os.fsdecode(name) for name in odd]
    for path in (kept, *paths):
        path.write_bytes(data)
    before = snapshot(tree)
    decided = planned(
        [dict.fromkeys([kept, *paths], "same-file")], action, tmp_path / "to" if action == "move-to" else None
    )
    result = list(apply(decided, tmp_path / "journal"))
    assert reasons(result) == []
    if action is CleanupAction.TRASH:
        recorded = {
            unquote_to_bytes(info.read_bytes().splitlines()[1].removeprefix(b"Path="))
            for info in (trash / "info").iterdir()
        }
        assert recorded == {os.fsencode(path) for path in paths}
    assert [one.skipped for one in undo(tmp_path / "journal")] == [""] * len(odd)
    assert snapshot(tree) == before


def test_a_hard_link_with_names_outside_the_report_is_left_alone(tmp_path: Path, groups: Groups) -> None:
    reference, copy, *_ = names(groups)
    os.link(copy, tmp_path / "outside.png")
    decided = planned([{reference: "same-file", copy: "same-file"}], CleanupAction.HARDLINK)
    (reason,) = reasons(list(apply(decided, tmp_path / "journal")))
    assert "other hard links that are not in the report" in reason


def test_hard_links_among_the_copies_are_hard_links_again_after_undo(
    tmp_path: Path, tree: Path, groups: Groups
) -> None:
    reference, copy, *_ = names(groups)
    twins = [tree / "twin-1.png", tree / "twin-2.png"]
    for twin in twins:
        os.link(copy, twin)
    before = snapshot(tree)
    decided = planned([dict.fromkeys([reference, copy, *twins], "same-file")], CleanupAction.HARDLINK)
    assert reasons(list(apply(decided, tmp_path / "journal"))) == []
    assert {path.stat().st_ino for path in (copy, *twins)} == {reference.stat().st_ino}
    list(undo(tmp_path / "journal"))
    assert snapshot(tree) == before


def test_a_reflink_is_made_or_the_file_system_is_said_to_have_none(
    tmp_path: Path, tree: Path, groups: Groups
) -> None:
    before = snapshot(tree)
    result = list(apply(planned(groups, CleanupAction.REFLINK), tmp_path / "journal"))
    for reason in reasons(result):
        assert "cannot share blocks" in reason or "bytes are others" in reason
    assert snapshot(tree) == before
    if (tmp_path / "journal").exists():
        assert [one.skipped for one in undo(tmp_path / "journal") if one.skipped] == []
    assert snapshot(tree) == before


@pytest.mark.skipif(
    not SHM.is_dir() or SHM.stat().st_dev == Path("/tmp").stat().st_dev,
    reason="/dev/shm is no file system beside that of /tmp",
)
class TestAnotherFileSystem:
    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> Iterator[Path]:
        path = SHM / f"samepic-test-{os.getpid()}-{tmp_path.name}"
        path.mkdir()
        yield path
        shutil.rmtree(path)

    def test_a_move_there_and_back_keeps_bytes_modes_and_times(
        self, tmp_path: Path, tree: Path, groups: Groups, elsewhere: Path
    ) -> None:
        before = snapshot(tree)
        result = list(apply(planned(groups, CleanupAction.MOVE, elsewhere / "moved"), tmp_path / "journal"))
        assert reasons(result) == []
        for one in result:
            assert isinstance(one, Applied)
            assert one.to.startswith(str(elsewhere))
            assert Path(one.to).stat().st_mtime_ns == one.step.target.file.mtime_ns
        assert [one.skipped for one in undo(tmp_path / "journal")] == [""] * 4
        assert snapshot(tree) == before
        assert list(elsewhere.iterdir()) == []

    def test_a_hard_link_cannot_go_there(self, tmp_path: Path, groups: Groups, elsewhere: Path) -> None:
        reference, copy, *_ = names(groups)
        os.link(copy, tmp_path / "outside.png")
        decided = planned(
            [{reference: "same-file", copy: "same-file"}], CleanupAction.MOVE, elsewhere / "moved"
        )
        (reason,) = reasons(list(apply(decided, tmp_path / "journal")))
        assert "other hard links, which cannot move to another file system" in reason
        assert copy.exists()

    def test_a_hard_link_to_there_is_refused(self, tmp_path: Path, groups: Groups, elsewhere: Path) -> None:
        far = elsewhere / "far.png"
        shutil.copy2(names(groups)[0], far)
        decided = planned([{names(groups)[0]: "same-file", far: "same-file"}], CleanupAction.HARDLINK)
        assert "another file system" in reasons(list(apply(decided, tmp_path / "journal")))[0]
