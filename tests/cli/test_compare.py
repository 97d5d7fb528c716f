"""samepic compare: exit status, output for people and for programs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run


def test_a_photograph_saved_again_is_the_same_and_exits_0(run: Run, astronaut: Path, resaved: Path) -> None:
    done = run("compare", astronaut, resaved)
    assert (done.returncode, done.stderr) == (0, "")
    first, *facts = done.stdout.splitlines()
    assert first.startswith("same: ")
    assert "  relation     resaved" in facts


def test_a_photograph_that_loses_its_colour_profile_when_saved_again_is_the_same(
    run: Run, rocket: Path, tmp_path: Path
) -> None:
    Image.open(rocket).save(tmp_path / "without-adobe-rgb.jpg")
    assert run("compare", rocket, "without-adobe-rgb.jpg").returncode == 0


def test_two_photographs_are_not_the_same_and_exit_1(run: Run, rocket: Path, coffee: Path) -> None:
    done = run("compare", rocket, coffee)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("not the same: ")


def test_two_flat_greys_cannot_be_told_and_exit_3(run: Run, greys: tuple[Path, Path]) -> None:
    done = run("compare", *greys)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("cannot tell: ")


def test_quiet_says_it_by_the_exit_status_alone(run: Run, rocket: Path, coffee: Path) -> None:
    for picture, status in ((rocket, 0), (coffee, 1)):
        done = run("compare", "-q", rocket, picture)
        assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_same_if_moves_the_end_of_same(run: Run, astronaut: Path, resaved: Path) -> None:
    assert run("compare", astronaut, resaved, "--same-if", "resaved").returncode == 0
    assert run("compare", astronaut, resaved, "--same-if", "same-pixels").returncode == 1


@pytest.mark.parametrize("place", ["a", "b"])
def test_a_dash_is_standard_input(run: Run, astronaut: Path, resaved: Path, place: str) -> None:
    pair = ("-", resaved) if place == "a" else (resaved, "-")
    done = run("compare", "--json", *pair, stdin=astronaut)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[place]["name"] == "<stdin>"


def test_a_file_that_is_called_dash_is_reached_by_its_folder(run: Run, rocket: Path, tmp_path: Path) -> None:
    shutil.copyfile(rocket, tmp_path / "-")
    assert run("compare", "./-", rocket).returncode == 0


def test_json_has_the_shape_of_the_contract(run: Run, astronaut: Path, resaved: Path) -> None:
    done = run("compare", "--json", astronaut, resaved)
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert list(result) == [
        "relation",
        "same",
        "probability",
        "explanation",
        "regions",
        "transform",
        "measures",
        "original",
        "visibility",
        "facts",
        "a",
        "b",
    ]
    assert set(result["visibility"]) == {"score", "words"}
    assert result["relation"] == "resaved"
    assert result["same"] is True
    assert 0.5 < result["probability"] <= 1
    assert {"format": "JPEG", "size": astronaut.stat().st_size, "orientation": 1}.items() <= result[
        "a"
    ].items()
    assert result["b"]["jpeg"]["quality"] == 75


def test_json_of_an_edit_says_where_in_pixels_of_a(run: Run, rocket: Path, tmp_path: Path) -> None:
    edited = Image.open(rocket).convert("RGB")
    edited.paste((200, 30, 30), (300, 60, 360, 110))
    edited.save(tmp_path / "edited.png")
    done = run("compare", "--json", rocket, tmp_path / "edited.png")
    result = json.loads(done.stdout)
    assert (done.returncode, result["same"]) == (1, False)
    region = max(result["regions"], key=lambda box: box["w"] * box["h"])
    assert set(region) == {"x", "y", "w", "h"}
    assert region["x"] <= 310
    assert region["y"] <= 70
    assert region["x"] + region["w"] >= 350
    assert region["y"] + region["h"] >= 100


def test_json_of_what_cannot_be_told_is_null(run: Run, greys: tuple[Path, Path]) -> None:
    done = run("compare", "--json", *greys)
    assert (done.returncode, json.loads(done.stdout)["same"]) == (3, None)


def test_an_odd_file_name_cannot_steer_the_terminal(run: Run, rocket: Path, tmp_path: Path) -> None:
    odd = tmp_path / "\x1b[31mred\n.jpg"
    shutil.copyfile(rocket, odd)
    done = run("compare", rocket, odd)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "\\x1b[31mred\\n.jpg" in done.stdout
