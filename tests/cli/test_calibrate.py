"""samepic calibrate, as a user runs it on real photographs, and what --profile then does."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

import samepic
from samepic.profile import Profile
from tests.cli.conftest import Run

SAME, DIFFERENT = 9, 6


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMEPIC_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Path:
    """Return a folder with nine copies labeled same, three edited ones and three other pictures labeled different."""
    folder = tmp_path_factory.mktemp("labelled") / "my"
    folder.mkdir()
    names = ("astronaut", "chelsea", "coffee")
    rows = []
    for name in names:
        image = Image.open(photos[name]).convert("RGB")
        image = image.resize(
            (image.width * 2 // 3, image.height * 2 // 3)
        )  # enough to tell, and sooner compared
        image.save(folder / f"{name}.png")
        image.save(folder / f"{name}-75.jpg", quality=75)
        image.resize((image.width // 2, image.height // 2)).save(folder / f"{name}-half.jpg", quality=80)
        image.save(folder / f"{name}.bmp")
        ImageDraw.Draw(image).rectangle((40, 40, 120, 100), fill="red")
        image.save(folder / f"{name}-edited.jpg", quality=90)
        rows += [(f"{name}.png", f"{name}{end}", "same") for end in ("-75.jpg", "-half.jpg", ".bmp")]
        rows.append((f"{name}.png", f"{name}-edited.jpg", "different"))
    rows += [(f"{a}.png", f"{b}-75.jpg", "no") for a, b in zip(names, names[1:] + names[:1], strict=True)]
    write(folder / "pairs.csv", rows)
    return folder


@pytest.fixture
def labelled(tmp_path: Path, pictures: Path) -> Path:
    """Return the list of a copy of that folder."""
    shutil.copytree(pictures, tmp_path / "my")
    return tmp_path / "my" / "pairs.csv"


@pytest.fixture
def few(labelled: Path) -> Path:
    """Return the list with the five pairs of one picture alone, for where the figures do not count."""
    write(labelled, [row for row in read(labelled) if row[0] == "chelsea.png"])
    return labelled


def write(path: Path, rows: list[tuple[str, str, str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("a", "b", "same"), *rows])


def read(path: Path) -> list[tuple[str, str, str]]:
    with path.open(newline="") as file:
        return [(a, b, same) for a, b, same in csv.reader(file)][1:]


def found(run: Run, *arguments: str | Path) -> dict[str, Any]:
    done = run("calibrate", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def test_the_report_tells_counts_trust_rungs_cutoffs_and_the_choice(run: Run, labelled: Path) -> None:
    done = run("calibrate", labelled)
    assert (done.returncode, done.stderr) == (0, "")
    first = done.stdout.splitlines()[0]
    assert first == f"{labelled}: 15 pairs compared: {SAME} labeled same, {DIFFERENT} different"
    for said in (
        "How reliable are the stated probabilities?",
        "Brier score 0.0",
        f"wrong of {DIFFERENT}",
        "0 wrong of 6 does not mean never: at most 46 % of such pairs, with 95 % confidence",
        "Recommended profile",
        "The relation reframed accepts 9 of the 9 pairs labeled same and none of the 6 labeled different.",
        "The relation edited would wrongly accept 3.",
        "No disagreements: every label is the answer of samepic compare.",
    ):
        assert said in done.stdout
    assert len(re.findall(r"^\d+ to \d+ %.*\|$", done.stdout, re.MULTILINE)) == 10


def test_json_is_one_object_with_everything(run: Run, labelled: Path) -> None:
    value = found(run, labelled)
    assert set(value) == {
        *("pairs", "stated", "rescaled", "same_if", "probability", "choice", "disagreements", "unreadable"),
        "profile",
    }
    assert value["pairs"] == {
        "csv": str(labelled),
        "sha256": hashlib.sha256(labelled.read_bytes()).hexdigest(),
        "compared": 15,
        "same": SAME,
        "different": DIFFERENT,
        "repeated": 0,
    }
    rungs = {rung["same_if"]: rung for rung in value["same_if"]}
    assert [(rungs[name]["wrong_same"], rungs[name]["refused"]) for name in rungs] == [
        *((0, 9), (0, 6)),
        *((0, 0), (0, 0), (0, 0)),
        (3, 0),
    ]
    assert rungs["reframed"]["wrong_same_interval"] == pytest.approx([0, 1 - 0.025 ** (1 / 6)])
    assert sum(one["pairs"] for one in value["stated"]["bins"]) == 15
    assert value["choice"]["same_if"] == "reframed"
    assert (value["disagreements"], value["unreadable"], value["profile"]) == ([], [], None)


def test_the_verdicts_are_those_of_compare(run: Run, labelled: Path) -> None:
    """Every label is turned round, so that every pair is told."""
    rows = read(labelled)
    write(labelled, [(a, b, "0" if same == "same" else "1") for a, b, same in rows])
    printed = found(run, labelled)["disagreements"]
    assert len(printed) == 15
    distances = [abs(one["labelled"] - one["probability"]) for one in printed]
    assert distances == sorted(distances, reverse=True)
    for one in printed:
        verdict = samepic.compare(one["a"], one["b"])
        assert (one["relation"], one["probability"], one["same"]) == (
            verdict.relation,
            verdict.probability,
            verdict.same,
        )


def test_ten_disagreements_are_told_unless_all_are_asked_for(run: Run, labelled: Path) -> None:
    rows = read(labelled)
    write(labelled, [(a, b, "0" if same == "same" else "1") for a, b, same in rows])
    short, whole = run("calibrate", labelled).stdout, run("calibrate", "--all", labelled).stdout
    assert "Disagreements of label and verdict (15 of 15), worst first" in short
    assert (short.count("    labeled  "), whole.count("    labeled  ")) == (10, 15)
    assert "and 5 more (--all lists them)" in short
    assert "more (--all" not in whole


def test_unreadable_pictures_are_told_and_left_out_of_the_figures(run: Run, few: Path) -> None:
    before = found(run, few)
    (few.parent / "notes.jpg").write_text("no picture")
    with few.open("a") as file:
        file.write("chelsea.png,nowhere.png,1\nnotes.jpg,chelsea.png,0\n")
    after = found(run, few)
    assert [one["line"] for one in after["unreadable"]] == [7, 8]
    assert [Path(one["error"].split(": ")[0]).name for one in after["unreadable"]] == [
        "nowhere.png",
        "notes.jpg",
    ]
    for key in ("stated", "rescaled", "same_if", "probability", "choice"):
        assert after[key] == before[key]
    printed = run("calibrate", few).stdout
    assert "2 skipped: one of the two cannot be read" in printed
    assert re.search(r"^  unreadable  line 7: .*nowhere\.png: no such file$", printed, re.MULTILINE)


def test_the_figures_do_not_depend_on_the_number_of_threads(run: Run, few: Path) -> None:
    assert found(run, few, "--jobs", "1") == found(run, few, "--jobs", "5")


def test_pairs_may_come_from_standard_input(run: Run, few: Path, tmp_path: Path) -> None:
    rows = read(few)
    write(tmp_path / "here.csv", [(f"my/{a}", f"my/{b}", same) for a, b, same in rows])
    done = run("calibrate", "-", stdin=tmp_path / "here.csv")
    assert done.stdout.startswith("-: 5 pairs compared: 3 labeled same, 2 different\n")


def test_the_profile_that_is_written_is_the_choice_with_its_origin(
    run: Run, few: Path, tmp_path: Path
) -> None:
    done = run("calibrate", few, "--write", "mine.json")
    assert done.stdout.endswith("\nwrote mine.json\n")
    profile = Profile.read(tmp_path / "mine.json")
    value = found(run, few, "--write", "mine.json", "--force")
    assert value["profile"] == "mine.json"
    assert (str(profile.same_if), profile.probability) == (
        value["choice"]["same_if"],
        value["choice"]["probability"],
    )
    assert (profile.slope, profile.intercept) == (value["rescaled"]["slope"], value["rescaled"]["intercept"])
    origin = profile.origin
    assert origin
    assert (origin.csv, origin.sha256) == (str(few), value["pairs"]["sha256"])
    assert (origin.pairs, origin.samepic) == (5, samepic.__version__)
    assert origin.command == f"samepic calibrate {few} --write mine.json"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", origin.date)


def test_the_profile_works_in_compare_and_find(run: Run, few: Path, tmp_path: Path) -> None:
    run("calibrate", few, "--write", "mine.json")
    profile = Profile.read(tmp_path / "mine.json")
    pair = ("my/chelsea.png", "my/chelsea-75.jpg")
    plain, ruled = (
        json.loads(run("compare", "--json", *pair, *more).stdout) for more in ((), ("--profile", "mine.json"))
    )
    assert ruled["probability"] == profile.rescaled(plain["probability"])
    assert ruled["same"] is True
    groups = [
        json.loads(line) for line in run("find", "--json", "--profile", "mine.json", "my").stdout.splitlines()
    ]
    members = {Path(one["path"]).name: one["probability"] for group in groups for one in group["members"]}
    unproven = samepic.compare(*(tmp_path / one for one in pair), prove=False)
    assert members["chelsea-75.jpg"] == profile.rescaled(unproven.probability)


def test_a_profile_may_refuse_what_compare_takes(run: Run, labelled: Path, tmp_path: Path) -> None:
    Profile("reframed", 0.99, 1.0, -12.0).write(tmp_path / "harsh.json")
    pair = ("my/chelsea.png", "my/chelsea-75.jpg")
    assert run("compare", *pair).returncode == 0
    done = run("compare", *pair, "--profile", "harsh.json")
    assert done.returncode == 1
    assert "and the profile requires at least 0.99" in done.stdout
    assert "0 groups" in run("find", "--profile", "harsh.json", *pair).stdout
    assert "1 group" in run("find", *pair).stdout


def test_same_if_on_the_command_line_goes_before_that_of_the_profile(
    run: Run, labelled: Path, tmp_path: Path
) -> None:
    Profile("same-pixels").write(tmp_path / "near.json")
    pair = ("my/chelsea.png", "my/chelsea-75.jpg")
    assert run("compare", *pair, "--profile", "near.json").returncode == 1
    assert run("compare", *pair, "--profile", "near.json", "--same-if", "resaved").returncode == 0


@pytest.mark.parametrize("verb", [("compare", "my/chelsea.png", "my/coffee.png"), ("find", "my")])
def test_a_profile_that_is_none_is_trouble_that_names_it(
    run: Run, labelled: Path, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    (tmp_path / "bad.json").write_text('{"kind": "samepic profile", "version": 9}')
    for name, got in (
        ("bad.json", "version: expected 1, found 9"),
        ("nowhere.json", "no such file"),
    ):
        done = run(*verb, "--profile", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"samepic: {name}: {got}")
        assert done.stderr.count("\n") == 1


def test_a_profile_that_exists_is_not_overwritten_unless_forced(run: Run, few: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("precious")
    done = run("calibrate", few, "--write", "mine.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "samepic: mine.json: the file exists (--force overwrites it)\n"
    assert (tmp_path / "mine.json").read_text() == "precious"
    assert run("calibrate", few, "--write", "mine.json", "--force").returncode == 0
    assert Profile.read(tmp_path / "mine.json").origin


def test_no_profile_is_written_where_no_rule_keeps_the_different_apart(
    run: Run, few: Path, tmp_path: Path
) -> None:
    with few.open("a") as file:
        file.write("coffee.png,coffee.png,different\n")
    done = run("calibrate", few, "--write", "mine.json")
    assert done.returncode == 2
    assert "Disagreements of label and verdict (1 of 6), worst first\nline 7: " in done.stdout
    assert re.search(r"expected pairs labeled different that some rule can separate, found 1 that are the same file",
                     done.stderr)  # fmt: skip
    assert not (tmp_path / "mine.json").exists()
    assert run("calibrate", few).returncode == 0


def test_pairs_of_one_label_alone_make_no_profile(run: Run, labelled: Path, tmp_path: Path) -> None:
    write(tmp_path / "one.csv", [("my/coffee.png", "my/coffee-75.jpg", "1")])
    done = run("calibrate", "one.csv", "--write", "mine.json")
    assert (done.returncode, done.stderr) == (
        2,
        "samepic: one.csv: expected pairs of both kinds to choose a cutoff, found none labeled different\n",
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,b,same\nx,y,maybe\n", "list.csv: line 2: column same: expected 1, yes, true or same, or 0, no, "),
        ("a,b\nx,y\n", "list.csv: line 1: expected a header with the columns a, b and same, found 'a,b'"),
        (
            "a,b,same\nx.png,y.png,1\n",
            "list.csv: expected at least one pair that can be read, found x.png: no such file",
        ),
    ],
)
def test_a_list_that_makes_no_sense_is_trouble_in_one_line(
    run: Run, tmp_path: Path, rows: str, message: str
) -> None:
    (tmp_path / "list.csv").write_text(rows)
    done = run("calibrate", "list.csv")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"samepic: {message}")
    printed = json.loads(run("calibrate", "--json", "list.csv").stdout)
    assert printed["kind"] == "ReportError"
    assert printed["error"].startswith(message)


@pytest.mark.parametrize(
    "arguments", [(), ("nowhere.csv",), (".",), ("my/pairs.csv", "--write", "no/p.json")]
)
def test_what_cannot_be_opened_is_trouble(run: Run, labelled: Path, arguments: tuple[str, ...]) -> None:
    done = run("calibrate", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.usefixtures("interruptible")
def test_progress_is_shown_on_a_terminal_and_ctrl_c_leaves_quietly(labelled: Path) -> None:
    """Two hundred names of one picture make 19 900 pairs: more than are compared before the interrupt comes."""
    folder = labelled.parent
    names = [f"name-{number}.png" for number in range(200)]
    for name in names:
        (folder / name).symlink_to("chelsea.png")
    broken = [(a, b, "1") for number, a in enumerate(names) for b in names[number + 1 :]]
    write(labelled, broken)
    main, side = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "samepic", "calibrate", str(labelled)],
        stdout=subprocess.PIPE,
        stderr=side,
        env={**os.environ, "TERM": "xterm"},
    ) as process:
        os.close(side)
        shown = os.read(main, 1000).decode()
        process.send_signal(signal.SIGINT)
        assert process.stdout
        assert (process.stdout.read(), process.wait(60)) == (b"", 130)
    assert re.match(r"\r\x1b\[Kcomparing \d+ of 19900 pairs", shown)
    os.close(main)
