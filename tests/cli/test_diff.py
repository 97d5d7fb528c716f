"""samepic diff: writes the difference picture, and never over something that matters."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from PIL import Image

from tests.cli.conftest import Run


def test_the_difference_is_written_as_a_png_and_the_status_is_that_of_compare(
    run: Run, astronaut: Path, resaved: Path, coffee: Path, tmp_path: Path
) -> None:
    for other, status in ((resaved, 0), (coffee, 1)):
        out = tmp_path / f"{other.stem}-difference.png"
        done = run("diff", astronaut, other, "-o", out)
        assert (done.returncode, done.stderr) == (status, "")
        with Image.open(out) as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
            size = f"{image.width}x{image.height}"
        assert done.stdout.splitlines()[-1] == f"wrote {out} ({size})"


def test_the_default_name_is_told_in_the_help_and_used(
    run: Run, greys: tuple[Path, Path], tmp_path: Path
) -> None:
    assert "difference.png" in run("diff", "--help").stdout
    assert run("diff", *greys).returncode == 3
    assert (tmp_path / "difference.png").exists()


def test_a_file_that_exists_is_overwritten_only_by_force(
    run: Run, astronaut: Path, resaved: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.png"
    out.write_bytes(b"precious")
    done = run("diff", astronaut, resaved, "-o", out)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert out.read_bytes() == b"precious"
    assert run("diff", astronaut, resaved, "-o", out, "--force").returncode == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_not_even_force_writes_over_one_of_the_two(
    run: Run, chelsea: Path, coffee: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.png"
    shutil.copyfile(chelsea, mine)
    done = run("diff", mine, coffee, "-o", mine, "--force")
    assert done.returncode == 2
    assert mine.read_bytes() == chelsea.read_bytes()


def test_a_name_without_png_and_a_missing_folder_are_trouble(run: Run, rocket: Path, coffee: Path) -> None:
    for name in ("out.jpg", "out", "nowhere/out.png"):
        done = run("diff", rocket, coffee, "-o", name)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith(f"samepic: {name}: ")


def test_json_adds_the_name_of_the_file(run: Run, astronaut: Path, resaved: Path, tmp_path: Path) -> None:
    done = run("diff", astronaut, resaved, "--json", "-o", tmp_path / "d.png")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result["output"] == str(tmp_path / "d.png")
    assert result["relation"] == "resaved"
