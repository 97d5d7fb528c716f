"""samepic find, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from samepic.duplicates.finder import Finder, Progress
from samepic.duplicates.groups import Group, Member, csv_lines
from samepic.duplicates.walk import File, Unreadable
from samepic.verdict import Relation
from tests.cli.conftest import Run
from tests.duplicates.find_scene import album
from tests.duplicates.test_series import shot


@pytest.fixture
def folder(tmp_path: Path, photos: dict[str, Path]) -> Path:
    album(tmp_path / "album", photos, ["chelsea"])
    (tmp_path / "album" / "notes.txt").write_text("no picture")
    (tmp_path / "album" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return tmp_path / "album"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMEPIC_CACHE", str(tmp_path / "cache"))


def test_the_report_names_the_best_the_copies_and_what_can_be_won(run: Run, folder: Path) -> None:
    done = run("find", folder)
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest = done.stdout.splitlines()
    assert re.fullmatch(rf"1\. {folder}/chelsea\.png  \d+ KB, 451x300: stored without loss .*", first)
    assert [line.split()[1] for line in rest[:4]] == [
        f"{folder}/chelsea{end}" for end in ("-75.jpg", "-half.jpg", "-progressive.jpg", ".webp")
    ]
    assert any(line.startswith(f"unreadable  {folder}/broken.png: expected ") for line in rest)
    assert re.fullmatch(
        r"5 pictures: 4 duplicates in 1 group, \d+ KB reclaimable; 1 unreadable; 1 file is not an image",
        rest[-1],
    )


def test_json_prints_one_object_a_line_in_the_shape_of_the_contract(run: Run, folder: Path) -> None:
    group, unreadable = map(json.loads, run("find", "--json", folder).stdout.splitlines())
    assert group["group"] == 1
    assert group["reference"] == group["reference_file"]["path"] == f"{folder}/chelsea.png"
    assert set(group) == {"group", "reference", "reason", "reference_file", "wasted", "members"}
    for facts in (group["reference_file"], *group["members"]):
        known = Path(facts["path"]).stat()
        assert (facts["size"], facts["mtime_ns"]) == (known.st_size, known.st_mtime_ns)
        assert re.fullmatch("[0-9a-f]{64}", facts["sha256"])
    for member in group["members"]:
        assert set(member) == {
            *("path", "size", "mtime_ns", "sha256", "width", "height"),
            *("relation", "probability", "explanation", "hard_link_to"),
        }
        assert 0 <= member["probability"] <= 1
    assert group["wasted"] == sum(member["size"] for member in group["members"])
    assert set(unreadable) == {"unreadable", "error"}


def test_json_keeps_names_that_are_no_text(run: Run, tmp_path: Path, astronaut: Path) -> None:
    (tmp_path / "odd").mkdir()
    wanted = {os.fsencode(tmp_path / "odd") + b"/" + name for name in (b"\xff\n.jpg", "é.jpg".encode())}
    for name in wanted:
        shutil.copy(astronaut, os.fsdecode(name))
    (group,) = map(json.loads, run("find", "--json", tmp_path / "odd").stdout.splitlines())
    facts = (group["reference_file"], *group["members"])
    assert {os.fsencode(one["path"]) for one in facts} == wanted
    assert [("path_base64" in one) for one in facts].count(True) == 1


def test_csv_holds_names_with_line_ends_and_starts_no_formula() -> None:
    names = [
        "a\nb",
        "c\r\nd",
        'e",f',
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1",
        "'quoted",
        "=\ud800",
    ]
    members = tuple(
        Member(File(name, 1, -1, "0" * 64), Relation.SAME_FILE, 1.0, "=said", name) for name in names
    )
    group = Group(1, File("first", 1, -1, "0" * 64), "+why", members)
    lines = list(csv_lines([group], [Unreadable("@gone", "-error")]))
    rows = list(csv.DictReader(io.StringIO("\n".join(lines), newline="")))
    assert len(rows) == len(names) + 2
    texts = {row[key] for row in rows for key in ("path", "hard_link_to", "text")}
    assert not [text for text in texts if text.startswith(tuple("=+-@\t\r\n\uff1d"))]
    assert [row["path"].removeprefix("'") for row in rows] == ["first", *names, "@gone"]
    assert {row["mtime_ns"] for row in rows} == {"-1", ""}


def test_csv_prints_one_row_a_file(run: Run, folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("find", "--csv", folder).stdout)))
    assert [row["role"] for row in rows] == ["reference", *["member"] * 4, "unreadable"]
    assert rows[0]["path"] == f"{folder}/chelsea.png"


class Page(HTMLParser):
    """Collects what a page would load, run and show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.opened: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        opened = self.opened if tag == "a" else self.sources
        opened += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_one_file_that_loads_nothing_and_escapes_every_name(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (folder / "chelsea-75.jpg").rename(folder / "<script>alert(1)<b onload='x'>&.jpg")
    assert run("find", "--html", "out.html", folder).returncode == 0
    page = Page((tmp_path / "out.html").read_text())
    assert len(page.sources) == 5
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)
    assert sorted(page.opened) == sorted(path.as_uri() for path in folder.iterdir() if path.name[0] in "c<")
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "<script>alert(1)<b onload='x'>&.jpg" in page.text
    assert "broken.png" in page.text
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_the_page_shows_what_wins_most_first(run: Run, tmp_path: Path, photos: dict[str, Path]) -> None:
    for name, copies in (("chelsea", 1), ("astronaut", 3)):
        for number in range(copies + 1):
            (tmp_path / "two").mkdir(exist_ok=True)
            shutil.copy(photos[name], tmp_path / "two" / f"{name}-{number}{photos[name].suffix}")
    run("find", "--html", "out.html", "two")
    text = (tmp_path / "out.html").read_text()
    result = re.findall(r'cop(?:y|ies), <abbr title="([\d,]+) bytes">[^<]*</abbr> reclaimable', text)
    wasted = [int(number.replace(",", "")) for number in result]
    assert wasted == sorted(wasted, reverse=True)
    assert len(wasted) == 2


@pytest.mark.parametrize("ends", ["\0", "\n"])
def test_paths_may_come_from_a_list(run: Run, folder: Path, tmp_path: Path, ends: str) -> None:
    names = tmp_path / "list"
    names.write_text(ends.join([f"{folder}/chelsea.png", f"{folder}/chelsea.webp", ""]))
    expected = run("find", folder / "chelsea.png", folder / "chelsea.webp").stdout
    assert "1 duplicate in 1 group" in expected
    assert run("find", "--files-from", names).stdout == expected
    assert run("find", "--files-from", "-", stdin=names).stdout == expected
    assert run("find", "-", stdin=names).stdout == expected


def test_a_path_that_does_not_exist_is_trouble_but_the_rest_is_searched(run: Run, folder: Path) -> None:
    done = run("find", "nowhere", folder)
    assert done.returncode == 2
    assert "unreadable  nowhere: no such file" in done.stdout
    assert "4 duplicates in 1 group" in done.stdout


def test_nothing_the_same_is_no_trouble(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("find", "empty")
    assert (done.returncode, done.stdout) == (
        0,
        "0 pictures: 0 duplicates in 0 groups, 0 bytes reclaimable\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--jobs", "0", "."),
        ("--min-size", "large", "."),
        ("--min-size", "2k", "--max-size", "1k", "."),
        ("--ext", "*.jpg", "."),
        ("--against", "nowhere", "."),
        ("--same-if", "similar", "."),
        ("--json", "--csv", "."),
        ("-", "--files-from", "-"),
        ("--files-from", "nowhere"),
        ("--html", "no/such/folder.html", "."),
    ],
)
def test_a_command_line_that_makes_no_sense_is_trouble(run: Run, arguments: tuple[str, ...]) -> None:
    done = run("find", *arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 or "--json" in arguments


def test_min_size_and_hidden_choose_what_is_looked_at(run: Run, tmp_path: Path, astronaut: Path) -> None:
    (tmp_path / "d").mkdir()
    shutil.copy(astronaut, tmp_path / "d" / ".a.jpg")
    shutil.copy(astronaut, tmp_path / "d" / "b.jpg")
    assert "1 picture: 0 duplicates in 0 groups" in run("find", "d").stdout
    assert "2 pictures: 1 duplicate in 1 group" in run("find", "--hidden", "d").stdout
    assert "0 pictures" in run("find", "--min-size", "10M", "d").stdout


def test_an_empty_file_that_is_called_a_picture_is_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("broken.jpg", "notes.txt"):
        (tmp_path / "d" / name).touch()
    done = run("find", "d")
    assert (
        "unreadable  d/broken.jpg: expected a picture, as its name says, found an empty file" in done.stdout
    )
    assert done.stdout.endswith("; 1 unreadable; 1 file is not an image\n")
    assert run("find", "d/broken.jpg").returncode == 2
    assert "unreadable" not in run("find", "--min-size", "1", "d").stdout


def test_verbose_tells_the_count_of_every_stage(run: Run, folder: Path) -> None:
    result = run("find", "-v", folder).stderr
    for stage in (
        "walked: ",
        "by content: ",
        "bytes: ",
        "coded digest: ",
        "codes within ",
        "verified: ",
        "groups: ",
    ):
        assert f"samepic: {stage}" in result


def test_a_name_cannot_steer_the_terminal(run: Run, tmp_path: Path, astronaut: Path) -> None:
    for name in ("a\x1b[2J.jpg", "b\n1. fake.jpg"):
        shutil.copy(astronaut, tmp_path / name)
    out = run("find", ".").stdout
    assert "\x1b" not in out
    assert "\n1. fake" not in out


def test_progress_is_shown_on_a_terminal_alone_and_gone_at_the_end(folder: Path) -> None:
    main, side = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "samepic", "find", "--no-cache", str(folder)],
        stdout=subprocess.PIPE,
        stderr=side,
        env={**os.environ, "TERM": "xterm"},
        check=False,
    )
    os.close(side)
    shown = os.read(main, 100_000).decode()
    os.close(main)
    assert done.returncode == 0
    assert re.search(r"reading \d+ of 7 files", shown)
    assert shown.endswith("\r\x1b[K")


def test_the_work_of_all_stages_only_grows_and_ends_where_it_is_all_done(folder: Path) -> None:
    seen: list[Progress] = []
    Finder([str(folder)], cache=None, progress=seen.append).groups()
    done = [progress.work[0] for progress in seen]
    assert done == sorted(done)
    assert seen[-1].work[0] == pytest.approx(seen[-1].work[1])
    read = next(progress.work[0] for progress in seen if progress.stage == "searching")
    assert seen[0].work[1] > read, "what comes after reading counts from the beginning"


def test_a_large_file_is_more_work_than_a_small_one(tmp_path: Path) -> None:
    seen: list[Progress] = []
    for name, side in (("1-large.png", 1500), ("2-small.png", 100), ("3-small.png", 90)):
        Image.effect_noise((side, side), 60).save(tmp_path / name)
    Finder([str(tmp_path)], cache=None, progress=seen.append).groups()
    first, *_, last = (progress.work[0] for progress in seen if progress.stage == "reading")
    assert first > 0.7 * last


def test_the_last_line_says_what_is_not_listed_and_what_to_do_with_a_report(run: Run, folder: Path) -> None:
    with Image.open(folder / "chelsea.png") as image:
        image.paste((200, 30, 30), (100, 60, 160, 110))
        image.save(folder / "edited.png")
    hint = "1 edited pair not listed: --same-if edited"
    assert run("find", folder).stdout.splitlines()[-1] == hint
    assert hint not in run("find", folder, "--same-if", "edited").stdout
    assert run("find", folder, "--json").stderr == ""
    for name, more in (("found.jsonl", ["review with: samepic review found.jsonl"]), ("/dev/null", [])):
        main, side = pty.openpty()
        with (folder.parent / name).open("w") as report:
            command = [sys.executable, "-m", "samepic", "find", "--json", str(folder)]
            subprocess.run(command, stdout=report, stderr=side, cwd=folder.parent, check=True)
        os.close(side)
        shown = os.read(main, 100_000).decode()
        os.close(main)
        assert shown.rpartition("\x1b[K")[2].splitlines() == [hint, *more]
    assert hint not in (folder.parent / "found.jsonl").read_text()


def test_what_lies_in_another_folder_is_found_and_said_to_be_compared_against(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "archive").mkdir()
    (folder / "chelsea.png").rename(tmp_path / "archive" / "chelsea.png")
    (folder / "chelsea.webp").unlink()
    done = run("find", "album", "--against", "archive", "--exclude", "*half*", "--ext", "png,jpg", "--json")
    (tmp_path / "found.jsonl").write_text(done.stdout)
    group, _ = map(json.loads, done.stdout.splitlines())
    assert (group["reference"], group["reference_file"]["protected"]) == ("archive/chelsea.png", True)
    assert [member["path"] for member in group["members"]] == [
        "album/chelsea-75.jpg",
        "album/chelsea-progressive.jpg",
    ]
    text = run("find", "album", "--against", "archive", "--max-size", "1M").stdout
    assert "\n3 pictures against 1: 3 duplicates in 1 group" in text
    kept = run("clean", "found.jsonl", "--keep", "smallest", "--trash").stdout.splitlines()
    assert kept[0] == "keep archive/chelsea.png"


def test_the_report_is_the_same_with_a_cold_a_warm_and_no_cache(run: Run, folder: Path) -> None:
    said = [run("find", "--json", folder).stdout, run("find", "--json", folder).stdout]
    said.append(run("find", "--json", "--no-cache", "--jobs", "3", folder).stdout)
    assert said[0] == said[1] == said[2] != ""


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (("--jobs", "2", "album"), "--jobs: not for --engine spark"),
        (("--html", "page.html", "hdfs://host/album"), "--html: expected local files"),
        (("--exclude", "raw", "hdfs://host/album"), "--exclude: expected local files"),
        (("--against", ".", "album"), "--against: not for --engine spark"),
    ],
)
def test_what_spark_cannot_do_is_told_before_it_starts(
    run: Run, arguments: tuple[str, ...], result: str
) -> None:
    done = run("find", "--engine", "spark", *arguments)
    assert done.returncode == 2
    assert result in done.stderr


@pytest.mark.parametrize("form", ["json", "csv", "html", "text"])
def test_every_report_lists_series_and_clean_leaves_them(run: Run, tmp_path: Path, form: str) -> None:
    burst, page = tmp_path / "burst", tmp_path / "page.html"
    for number in (0, 1):
        shot(burst / f"{number}.jpg", 170 * number, taken=f"2026:11:30 12:00:0{number}")
    reports: dict[str, list[str | Path]] = {"json": ["--json"], "csv": ["--csv"], "html": ["--html", page]}
    done = run("find", "--series", burst, *reports.get(form, []))
    assert done.returncode == 0
    text = page.read_text() if form == "html" else done.stdout
    assert str(burst / "0.jpg") in text
    assert "2026-11-30" in text
    if form == "json":
        (line,) = map(json.loads, done.stdout.splitlines())
        assert [one["camera"] for one in line["shots"]] == ["EOS R5", "EOS R5"]
        (tmp_path / "report.jsonl").write_text(done.stdout)
        assert run("clean", "report.jsonl", "--trash", "--yes").returncode == 0
        assert sorted(path.name for path in burst.iterdir()) == ["0.jpg", "1.jpg"]
