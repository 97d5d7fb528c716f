"""samepic compare and diff with --screen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Run
from tests.screens.pages import Page, drawn


@pytest.fixture
def pages(tmp_path: Path) -> tuple[Path, Path]:
    """Return a page and the same with its button 3 pixels lower."""
    files = tmp_path / "page.png", tmp_path / "page-now.png"
    for file, page in zip(files, (Page(), Page(button=(40, 203))), strict=True):
        Image.fromarray(drawn(page)).save(file)
    return files


def test_what_changed_is_told_in_terms_of_layout(run: Run, pages: tuple[Path, Path]) -> None:
    done = run("compare", "--screen", *pages)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "not the same: something of 111x37 pixels at (40, 200) moved 3 px down"
    assert any(line.split()[0] == "pixels" and "of 120000 differ" in line for line in lines)


def test_boxes_and_masks_are_ignored(run: Run, pages: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("compare", "--screen", "--ignore", "30,190,140,60", "--ignore", "0,0,1,1", *pages)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("same: the same screen except for what is ignored\n")
    mask = np.zeros((300, 400), np.uint8)
    mask[190:250, 30:170] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert run("compare", "-q", "--screen", "--mask", tmp_path / "mask.png", *pages).returncode == 0


def test_thresholds_are_taken(run: Run, pages: tuple[Path, Path]) -> None:
    assert run("compare", "-q", "--screen", "--most-pixels", "5000", *pages).returncode == 0
    assert run("compare", "-q", "--screen", "--threshold", "1", *pages).returncode == 0


def test_json_holds_the_counts(run: Run, pages: tuple[Path, Path]) -> None:
    result = json.loads(run("compare", "--json", "--screen", *pages).stdout)
    assert (result["relation"], result["same"]) == ("edited", False)
    assert result["measures"]["different_pixels"] > 100
    assert result["regions"] == [{"x": 40, "y": 200, "w": 111, "h": 40}]


def test_diff_writes_the_picture_of_a_screen(run: Run, pages: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert run("diff", "--screen", *pages, "-o", out).returncode == 1
    with Image.open(out) as image:
        assert image.size == (1216, 300)


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--ignore", "1,2,3,4"], "--ignore: expected together with --screen, found it alone"),
     (["--screen", "--ignore", "1,2,3"], "expected X,Y,W,H in pixels, found '1,2,3'"),
     (["--screen", "--ignore", "1,2,0,3"], "ignore: expected boxes of four whole numbers"),
     (["--screen", "--threshold", "7"], "threshold: expected a number from 0 to 1, found 7.0"),
     (["--screen", "--mask", "none.png"], "none.png: no such file"),
     (["--screen", "--profile", "x.json"], "--profile: expected a comparison of pictures, found --screen"),
     (["--most-pixels", "3"], "--most-pixels: expected together with --screen, found it alone")],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line_and_status_2(
    run: Run, pages: tuple[Path, Path], options: list[str], message: str
) -> None:
    done = run("compare", *options, *pages)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
