"""The parts of the pytest plugin by themselves: names, places, files that are whole or not there, boxes on a page."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

import samepic
from samepic.picture import load
from samepic.screens.pytest.baselines import (
    Names,
    baseline_path,
    file_name_part,
    platform_name,
    read_baseline,
    write_baseline,
)
from samepic.screens.pytest.capture import box_in_pixels
from samepic.screens.pytest.report import Event, summary

WRITER = """
import sys
from pathlib import Path
import numpy as np
from samepic.screens.pytest.baselines import write_baseline
from samepic.picture import load
pictures = [load(np.random.default_rng(seed).integers(0, 256, (900, 900, 3), np.uint8)) for seed in (1, 2)]
print("ready", flush=True)
while True:
    for picture in pictures:
        write_baseline(Path(sys.argv[1]), picture)
"""


def names(test: str = "test_menu", case: str = "") -> Names:
    return Names(test, case)


@pytest.mark.parametrize(
    ("test", "case", "name", "platform", "expected"),
    [
        ("test_menu", "", "open", "", "open"),
        ("test_menu", "", "open.png", "", "open"),
        ("test_menu", "chromium", "open", "", "open-chromium"),
        ("test_menu", "chromium", "open", "linux", "open-chromium-linux"),
        ("test_menu", "", None, "", "test_menu"),
        ("Menu-test_open", "dark", None, "macos", "Menu-test_open-dark-macos"),
    ],
)
def test_a_baseline_is_called_by_its_name_case_and_platform(
    test: str, case: str, name: str | None, platform: str, expected: str
) -> None:
    assert names(test, case).next_name(name, platform) == expected


def test_pictures_without_a_name_are_numbered_and_never_called_as_another_case_is() -> None:
    one, two = names("test_menu", "1"), names("test_menu", "1-2")
    called = [
        one.next_name(None, ""),
        one.next_name(None, ""),
        two.next_name(None, ""),
        two.next_name(None, ""),
    ]
    assert called == ["test_menu-1", "test_menu-1~2", "test_menu-1-2", "test_menu-1-2~2"]


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "../up", "a/b", "a\\b", "/etc/x", ".hidden", "con", "LPT1.x", "a\0b", "a:b", 3, b"a"]
)  # fmt: skip
def test_a_name_that_is_no_plain_file_name_is_refused(name: str) -> None:
    with pytest.raises(samepic.BaselineError, match="expected a plain file name"):
        names().next_name(name, "")
    if isinstance(name, str) and name:
        with pytest.raises(samepic.BaselineError, match="expected a plain file name"):
            names().next_name("menu", name)


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_the_name_a_baseline_lies_in_the_folder_of_its_test(name: str, case: str) -> None:
    try:
        called = names(case=case).next_name(name, "")
    except samepic.BaselineError:
        return
    place = baseline_path(Path("/project/test_a.py"), "__screens__", called)
    assert place.parent == Path("/project/__screens__/test_a")
    assert len(place.name.encode()) < 140
    assert Path(os.path.normpath(place)) == place


@given(st.text(max_size=60), st.text(max_size=60))
def test_cases_that_differ_have_baselines_that_differ(one: str, two: str) -> None:
    assert (file_name_part(one) == file_name_part(two)) == (one == two)
    assert re.fullmatch(r"[\w.=+-]*", file_name_part(one))


def test_a_platform_is_named_when_wanted() -> None:
    own = {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    assert [platform_name(None, "none"), platform_name(None, "system")] == ["", own]
    assert [platform_name(True, "none"), platform_name(False, "system")] == [own, ""]
    assert platform_name("kiosk", "system") == "kiosk"
    with pytest.raises(samepic.BaselineError, match="expected none or system, found 'yes'"):
        platform_name(None, "yes")


@pytest.mark.parametrize("folder", ["", "..", "../screens", "a/../../b", "/tmp/screens"])
def test_baselines_lie_beside_their_tests(folder: str, tmp_path: Path) -> None:
    with pytest.raises(samepic.BaselineError, match="samepic_baselines"):
        baseline_path(tmp_path / "test_a.py", folder, "menu")


@pytest.mark.parametrize("level", ["__screens__", "__screens__/test_a", "__screens__/test_a/menu.png"])
def test_a_baseline_is_never_reached_by_a_link_out_of_the_folder(level: str, tmp_path: Path) -> None:
    outside, tests = tmp_path / "outside", tmp_path / "tests"
    outside.mkdir()
    (outside / "menu.png").write_bytes(b"somebody's")
    link = tests / level
    link.parent.mkdir(parents=True)
    link.symlink_to(outside / "menu.png" if level.endswith("png") else outside)
    with pytest.raises(samepic.BaselineError, match="expected a baseline below"):
        baseline_path(tests / "test_a.py", "__screens__", "menu")
    assert (outside / "menu.png").read_bytes() == b"somebody's"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    pixels=arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from((3, 4)))),
    boxes=st.lists(st.tuples(*[st.integers(0, 99)] * 4), max_size=3),
)
def test_a_baseline_is_read_as_it_was_written(
    pixels: NDArray[np.uint8], boxes: list[tuple[int, int, int, int]], tmp_path: Path
) -> None:
    picture, place = load(pixels), tmp_path / "deep" / "menu.png"
    write_baseline(place, picture, boxes)
    found = read_baseline(place)
    assert found is not None
    assert found.ignored == tuple(boxes)
    assert np.array_equal(found.picture.rgb, picture.rgb)
    assert (found.picture.alpha is None) == (picture.alpha is None)
    if picture.alpha is not None and found.picture.alpha is not None:
        assert np.array_equal(found.picture.alpha, picture.alpha)
    assert [path.name for path in place.parent.iterdir()] == ["menu.png"]


def test_a_baseline_has_the_rights_that_other_new_files_have(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write_baseline(tmp_path / "menu.png", load(np.zeros((4, 4, 3), np.uint8)))
    assert (tmp_path / "menu.png").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"", "nothing"),
        (b"not a picture", "text that begins with"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "PNG|chunk|got"),
        (b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;", "GIF"),
    ],
)
def test_a_broken_baseline_is_named(data: bytes, got: str, tmp_path: Path) -> None:
    place = tmp_path / "menu.png"
    place.write_bytes(data)
    with pytest.raises(
        samepic.BaselineError, match=rf"the baseline {re.escape(str(place))} cannot be read.*({got})"
    ):
        read_baseline(place)


def test_a_baseline_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        samepic.BaselineError, match=r"menu\.png cannot be written: (Not a directory|File exists)"
    ):
        write_baseline(tmp_path / "file" / "menu.png", load(np.zeros((4, 4, 3), np.uint8)))


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [2, pytest.param(20, marks=pytest.mark.stress)])
def test_a_writer_that_is_killed_leaves_the_old_baseline_or_the_new_one(tmp_path: Path, wanted: int) -> None:
    place = tmp_path / "menu.png"
    sound = [np.random.default_rng(seed).integers(0, 256, (900, 900, 3), np.uint8) for seed in (1, 2)]
    halves = 0
    for _ in range(3 * wanted):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        ends = time.monotonic() + 20
        while not (place.exists() and list(tmp_path.glob(".samepic-*"))) and time.monotonic() < ends:
            pass
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        found = read_baseline(place)
        assert found is not None
        assert any(np.array_equal(found.picture.rgb, one) for one in sound)
        left = list(tmp_path.glob(".samepic-*"))
        halves += len(left)
        for path in left:
            os.utime(path, (1, 1))
        write_baseline(place, load(sound[0]))
        assert list(tmp_path.iterdir()) == [place]
        if halves >= wanted:
            break
    assert halves  # else it was never killed while it wrote


@given(
    st.tuples(*[st.floats(0, 500)] * 4),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    st.sampled_from([1.0, 1.25, 2.0, 3.0]),
)
def test_a_box_holds_every_pixel_that_an_area_touches(
    area: tuple[float, float, float, float], origin: tuple[float, float], ratio: float
) -> None:
    box = box_in_pixels(area, origin, ratio)
    for axis in (0, 1):
        start = (area[axis] - origin[axis]) * ratio
        end = (area[axis] + area[axis + 2] - origin[axis]) * ratio
        if box is None:
            continue
        assert 0 <= box[axis] <= max(0.0, start) < box[axis] + 1
        assert end <= box[axis] + box[axis + 2] <= end + 1
    if box is None:
        assert min(area[2:]) * ratio <= 1 or any((area[at] + area[at + 2] - origin[at]) <= 0 for at in (0, 1))


def test_the_errors_of_the_plugin_are_failures_of_tests_and_survive_another_process() -> None:
    for kind in (samepic.PictureChangedError, samepic.NoBaselineError):
        error = pickle.loads(pickle.dumps(kind("menu: text changed")))
        assert isinstance(error, AssertionError)
        assert isinstance(error, samepic.SamepicError)
        assert repr(error) == f"{kind.__name__}('menu: text changed')"


def test_a_summary_counts_what_was_written_what_differs_and_what_is_missing() -> None:
    def event(new: bool, written: bool, failed: bool) -> Event:
        return Event("test", "menu", "menu.png", "text changed", new=new, written=written, failed=failed)

    assert summary([]) == ""
    assert summary([event(True, True, False)]) == "1 baseline written for the first time"
    assert summary([event(False, True, False)] * 2) == "2 baselines written again"
    assert summary([event(True, True, False), event(False, True, True), event(False, False, True)]) == (
        "2 baselines written (1 new, 1 changed), 2 pictures differ"
    )
    assert summary([event(True, False, True)]) == "1 picture without a baseline"
    result = asdict(event(True, True, True))
    assert asdict(Event(**result)) == result
