"""check, admit and remove as a user types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run


@pytest.mark.slow
def test_a_folder_is_taken_in_and_a_second_run_changes_nothing(
    run: Run, photos: dict[str, Path], resaved: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "incoming" / "new"
    folder.mkdir(parents=True)
    for name in ("astronaut", "coffee"):
        shutil.copy(photos[name], folder)
    (folder / "notes.txt").write_text("no picture")
    shutil.copy(resaved, folder / "zz.jpg")
    for _ in range(2):
        done = run("admit", "--store", "x.db", "--in-order", "--prefix", "p/", tmp_path / "incoming")
        lines = done.stdout.splitlines()
        assert (done.returncode, done.stderr) == (1, "")
        assert [line.split(":")[0] for line in lines[:3]] == ["accepted", "accepted", "duplicate"]
        assert "[p/new/astronaut.jpg]: this picture was uploaded already" in lines[2]
        assert lines[3] == "2 accepted, 1 duplicate, 1 not a picture"


@pytest.mark.slow
@pytest.mark.parametrize("order", [(), ("--in-order",)])
def test_the_best_copy_is_kept_and_not_the_one_whose_name_comes_first(
    run: Run, coffee: Path, tmp_path: Path, order: tuple[str, ...]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "0.jpg").write_bytes(b"\xff\xd8\xff damaged")
    for number in (1, 2, 3):
        with Image.open(coffee) as image:
            image.convert("RGB").resize((160 * number, 106 * number)).save(folder / f"{number}.jpg")
    # By three threads, of which the one with the smallest copy is done first.
    done = run("admit", "--store", "x.db", "--jobs", "3", "--json", *order, folder)
    result = [json.loads(line) for line in done.stdout.splitlines()]
    kept = "1.jpg" if order else "3.jpg"
    assert [one["key"] for one in result if one["outcome"] == "accepted"] == [kept]
    assert {one["match"]["key"] for one in result if one["outcome"] == "duplicate"} == {kept}
    names = [Path(one["path"]).name for one in result]
    assert names == sorted(["0.jpg", "1.jpg", "2.jpg", "3.jpg"], reverse=not order)
    assert done.returncode == 2


@pytest.mark.slow
def test_one_file_is_admitted_checked_and_removed(run: Run, coffee: Path, astronaut: Path) -> None:
    done = run("admit", "--store", "x.db", "--key", "a", "--json", coffee)
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "accepted")
    checked = run("check", "--store", "x.db", "--json", coffee, astronaut, "-", stdin=coffee)
    result = [json.loads(line) for line in checked.stdout.splitlines()]
    assert checked.returncode == 1
    assert [one["outcome"] for one in result] == ["duplicate", "accepted", "duplicate"]
    assert result[0]["match"]["key"] == "a"
    assert [one["within"] and one["within"]["match"]["key"] for one in result] == [None, None, str(coffee)]
    removed = run("remove", "--store", "x.db", "a", "b")
    assert removed.returncode == 2
    assert removed.stdout.splitlines()[0] == "removed: a"
    assert "'b'" in removed.stdout
    assert run("check", "--store", "x.db", coffee).returncode == 0


@pytest.mark.slow
def test_pictures_that_lie_in_a_folder_under_their_keys_are_compared_themselves(
    run: Run, coffee: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photos" / "shop"
    folder.mkdir(parents=True)
    shutil.copy(coffee, folder / "a.png")
    shop = ("--store", "x.db", "--tenant", "shop", "--originals", str(tmp_path / "photos"), "--json")
    assert run("admit", *shop, folder).returncode == 0
    upload = tmp_path / "again.jpg"
    with Image.open(coffee) as image:
        image.save(upload)
    result = [
        json.loads(run(verb, *shop, *more, upload).stdout)
        for verb, more in (("check", ()), ("admit", ("--key", "b")))
    ]
    assert [one["match"]["evidence"] for one in result] == ["originals", "originals"]
    (folder / "a.png").unlink()
    result = [json.loads(run("check", *shop, upload).stdout)]
    assert result[0]["match"]["evidence"] == "proxies"
    assert "the kept original is not at hand" in result[0]["detail"]


@pytest.mark.slow
def test_what_is_no_picture_or_wants_a_taken_key_is_trouble(run: Run, coffee: Path, astronaut: Path) -> None:
    run("admit", "--store", "x.db", "--key", "a", coffee)
    taken = run("admit", "--store", "x.db", "--key", "a", astronaut)
    assert (taken.returncode, "holds another picture" in taken.stdout) == (2, True)
    missing = run("check", "--store", "x.db", "nowhere.jpg")
    assert (missing.returncode, "nowhere.jpg" in missing.stdout) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (("check", "x.jpg"), "--store"),
        (("check", "--store", "nowhere/x.db", "x.jpg"), "folder that is there"),
        (("check", "--store", "x.db", "--policy", "resaved", "x.jpg"), "RELATION=ACTION"),
        (("admit", "--store", "x.db", "-"), "--key"),
        (("admit", "--store", "x.db", "--key", "k", "."), "--key: expected one file"),
        (("check", "--store", "x.db", "-", "-"), "only once"),
    ],
)
def test_a_command_line_that_makes_no_sense_says_what_was_wanted(
    run: Run, arguments: tuple[str, ...], result: str
) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert result in done.stderr
