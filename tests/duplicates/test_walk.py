"""The walk meets every file once, in one order, wherever links lead."""

from __future__ import annotations

import os
import subprocess
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from samepic.duplicates.walk import File, FileFilter, Walk


def paths(walk: Walk, folder: Path) -> list[str]:
    return [os.path.relpath(entry.path, folder) for entry in walk.files()]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("b/two", "a", "b/one", "c/.hidden/three", ".dot"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * 10)
    return root


def test_files_come_in_the_order_of_the_bytes_of_their_names(tree: Path) -> None:
    for name in ("B", "é", "Z"):
        (tree / name).write_bytes(b"x")
    assert paths(Walk([str(tree)]), tree) == ["B", "Z", "a", "é", "b/one", "b/two"]


def test_hidden_names_are_passed_over_and_counted_unless_asked_for_or_named(tree: Path) -> None:
    walk = Walk([str(tree)])
    assert paths(walk, tree) == ["a", "b/one", "b/two"]
    assert walk.skipped == 2
    assert paths(Walk([str(tree)], hidden=True), tree) == [".dot", "a", "b/one", "b/two", "c/.hidden/three"]
    assert paths(Walk([str(tree / "c/.hidden")]), tree) == ["c/.hidden/three"]


def test_symbolic_links_are_followed_only_when_asked(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "far").write_bytes(b"x")
    (tree / "link").symlink_to(tmp_path / "away")
    assert "link/far" not in paths(Walk([str(tree)]), tree)
    assert "link/far" in paths(Walk([str(tree)], follow=True), tree)


def test_loops_end_and_no_file_is_met_twice_by_other_ways(tree: Path) -> None:
    (tree / "b" / "up").symlink_to(tree)
    (tree / "again").symlink_to(tree / "b")
    (tree / "self").symlink_to("self")
    (tree / "z").symlink_to(tree / "a")
    walk = Walk([str(tree)], follow=True)
    met = [os.path.realpath(entry.path) for entry in walk.files()]
    assert sorted(met) == sorted({os.path.realpath(tree / name) for name in ("a", "b/one", "b/two")})
    assert [Path(one.path).name for one in walk.unreadable] == ["self"]


def test_a_path_named_twice_or_in_two_ways_is_walked_once(tree: Path) -> None:
    ways = [str(tree), str(tree / "b"), str(tree / "a"), str(tree / "b" / ".." / "a"), str(tree)]
    assert paths(Walk(ways), tree) == ["a", "b/one", "b/two"]
    turned = [str(tree / "b" / ".." / "a"), str(tree / "b"), str(tree), str(tree / "a")]
    assert paths(Walk(turned), tree) == ["a", "b/one", "b/two"]


def test_hard_links_are_files_of_their_own_with_one_node(tree: Path) -> None:
    os.link(tree / "a", tree / "b" / "hard")
    met = {os.path.relpath(entry.path, tree): entry for entry in Walk([str(tree)]).files()}
    assert met["a"].node == met["b/hard"].node
    assert met["a"].links == 2


def test_what_does_not_exist_or_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    walk = Walk([str(tmp_path / "nowhere"), str(tmp_path / "pipe"), "nul\0in it"])
    assert list(walk.files()) == []
    assert len(walk.unreadable) == 3
    below = Walk([str(tmp_path)])
    assert (list(below.files()), below.skipped, below.unreadable) == ([], 1, [])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told_and_the_rest_is_walked(tree: Path) -> None:
    (tree / "b").chmod(0)
    try:
        walk = Walk([str(tree)])
        assert paths(walk, tree) == ["a"]
        assert [(one.path, one.error) for one in walk.unreadable] == [(str(tree / "b"), "Permission denied")]
    finally:
        (tree / "b").chmod(0o700)


def test_a_link_that_leads_nowhere_is_told_when_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nothing-here")
    walk = Walk([str(tmp_path)], follow=True)
    assert (list(walk.files()), [Path(one.path).name for one in walk.unreadable]) == ([], ["gone"])


@contextmanager
def deep(folder: Path, name: str, depth: int) -> Iterator[None]:
    """Make folders within folders, too deep for Python's own removal, and remove them in the end."""
    here = Path.cwd()
    try:
        os.chdir(folder)
        for _ in range(depth):
            Path(name).mkdir()
            os.chdir(name)
        Path("end").write_bytes(b"x")
        os.chdir(here)
        yield
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-rf", folder / name], check=True)


def test_a_thousand_folders_deep_is_not_too_deep(tmp_path: Path) -> None:
    with deep(tmp_path, "d", 1200):
        (entry,) = Walk([str(tmp_path)]).files()
    assert Path(entry.path).name == "end"


def test_a_folder_with_too_long_a_path_is_told_and_the_rest_is_walked(tree: Path) -> None:
    with deep(tree, "d" * 200, 25):
        walk = Walk([str(tree)])
        assert paths(walk, tree) == ["a", "b/one", "b/two"]
        assert [one.error for one in walk.unreadable] == ["File name too long"]


def test_memory_does_not_grow_with_what_is_walked(tmp_path: Path) -> None:
    for folder in range(20):
        (tmp_path / f"{folder:02}").mkdir()
        for number in range(500):
            (tmp_path / f"{folder:02}" / f"{number:03}").touch()
    tracemalloc.start()
    count = sum(1 for _ in Walk([str(tmp_path)]).files())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 500_000


def test_files_under_the_least_size_are_passed_over(tree: Path) -> None:
    (tree / "large").write_bytes(b"x" * 100)
    assert paths(Walk([str(tree)], only=FileFilter(11)), tree) == ["large"]


def test_an_entry_keeps_what_tells_of_a_change(tree: Path) -> None:
    known = (tree / "a").stat()
    (entry,) = Walk([str(tree / "a")]).files()
    assert entry == File(str(tree / "a"), 10, known.st_mtime_ns)
    assert (entry.inode, entry.device, entry.links) == (known.st_ino, known.st_dev, 1)
