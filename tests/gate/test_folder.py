"""Which files a key names, and which it never reaches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from samepic import LimitError, UnreadableError
from samepic.gate.options import originals_below
from samepic.limits import UPLOAD
from samepic.picture import Encoded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of files with their own paths in them, and one beside it."""
    for name in ("in/a.jpg", "in/one/b c.jpg", "in/two/é?.jpg", "out/secret.jpg", "in2/secret.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "in"


def at(folder: Path, key: str, tenant: str = "") -> str | None:
    found = originals_below(folder, tenant)(key)
    assert found is None or isinstance(found, Encoded)
    return None if found is None else found.data.decode()


def test_a_key_is_the_path_below_the_folder_or_below_that_of_its_tenant(folder: Path) -> None:
    assert at(folder, "a.jpg") == "in/a.jpg"
    assert at(folder, "one/b c.jpg") == "in/one/b c.jpg"
    assert at(folder, "b c.jpg", tenant="one") == "in/one/b c.jpg"
    assert at(folder, "é?.jpg", tenant="two") == "in/two/é?.jpg"


@pytest.mark.parametrize(
    "key",
    [
        *("", ".", "..", "./a.jpg", "/a.jpg", "a.jpg/", "a.jpg/b", "nothing.jpg", "one//b c.jpg", "a\0.jpg"),
        *("../out/secret.jpg", "one/../../out/secret.jpg", "one/../a.jpg", "../in2/secret.jpg", "{absolute}"),
    ],
)
def test_a_key_that_is_no_plain_path_to_a_file_names_none(folder: Path, key: str) -> None:
    assert at(folder, key.format(absolute=folder / "a.jpg")) is None


@pytest.mark.parametrize("tenant", ["..", ".", "one/..", "/", "One", "three", "../out", "a.jpg"])
@pytest.mark.parametrize("key", ["secret.jpg", "b c.jpg", "../two/é?.jpg", "../a.jpg", "a.jpg"])
def test_a_tenant_reaches_nothing_but_its_own(folder: Path, tenant: str, key: str) -> None:
    assert at(folder, key, tenant) is None
    assert at(folder, "../two/é?.jpg", "one") is None


def test_a_link_that_leads_out_is_not_followed_and_one_that_stays_within_is(folder: Path) -> None:
    (folder / "way").symlink_to(folder.parent / "out")
    (folder / "file.jpg").symlink_to("../out/secret.jpg")
    (folder / "near.jpg").symlink_to("a.jpg")
    (folder / "one" / "other.jpg").symlink_to("../two/é?.jpg")
    (folder / "loop").symlink_to("loop")
    (folder / "four").symlink_to("two")
    assert at(folder, "near.jpg") == "in/a.jpg"
    for key, tenant in (
        ("way/secret.jpg", ""),
        ("file.jpg", ""),
        ("other.jpg", "one"),
        ("é?.jpg", "four"),
        ("secret.jpg", "way"),
    ):
        with pytest.raises(PermissionError, match="leads out"):
            at(folder, key, tenant)
    with pytest.raises(OSError):
        at(folder, "loop")


def test_a_folder_that_is_a_link_itself_serves(folder: Path) -> None:
    (folder.parent / "current").symlink_to("in")
    assert at(folder.parent / "current", "a.jpg") == "in/a.jpg"


def test_what_is_no_file_or_too_large_is_an_error_and_waits_for_nobody(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for key in ("pipe", "one"):
        with pytest.raises(UnreadableError):
            at(folder, key)
    with (folder / "large").open("wb") as file:
        file.truncate(UPLOAD.file_bytes + 1)
    with pytest.raises(LimitError):
        at(folder, "large")
