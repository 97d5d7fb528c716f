"""samepic measure: every classical measure with its cutoff and its trust."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_every_measure_is_one_line_with_cutoff_and_trust(run: Run, astronaut: Path, resaved: Path) -> None:
    done = run("measure", astronaut, resaved)
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head.split()[:6] == ["measure", "value", "cutoff", "passes", "finds", "trust"]
    named = {line.split()[0] for line in lines if line}
    assert {"same_bytes", "rms_distance", "histogram_rms", "kullback_leibler", "ssim", "psnr"} <= named


def test_measuring_different_pictures_is_no_trouble(run: Run, rocket: Path, coffee: Path) -> None:
    assert run("measure", rocket, coffee).returncode == 0


def test_json_names_each_measure_with_what_is_known_of_it(run: Run, astronaut: Path, resaved: Path) -> None:
    done = run("measure", "--json", astronaut, resaved)
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    wanted = {
        "name",
        "value",
        "unit",
        "better",
        "cutoff",
        "passes",
        "found",
        "interval",
        "reliability",
        "note",
    }
    assert all(wanted <= set(row) for row in result.values())
    assert result["same_bytes"]["value"] in (False, 0)
    assert result["psnr"]["value"] > 30


def test_json_of_equal_pictures_is_still_json(run: Run, rocket: Path) -> None:
    done = run("measure", "--json", rocket, rocket)

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    assert json.loads(done.stdout, parse_constant=refuse)["psnr"]["value"] == "Infinity"


def test_a_dash_is_standard_input(run: Run, astronaut: Path, resaved: Path) -> None:
    assert run("measure", "-", resaved, stdin=astronaut).returncode == 0
