"""samepic doctor: what is installed, and does it work?"""

from __future__ import annotations

import json

import pytest

import samepic
from samepic.cli import doctor
from tests.cli.conftest import Run


def test_doctor_finds_every_codec_working(run: Run) -> None:
    done = run("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    titles = ["versions", "codecs", "optional", "limits", "workers", "system"]
    assert [line for line in lines if line and line[0] != " "] == titles
    assert f"  samepic        {samepic.__version__}" in lines


def test_json_names_versions_codecs_and_limits(run: Run) -> None:
    result = json.loads(run("doctor", "--json").stdout)
    assert result["healthy"] is True
    assert {"samepic", "Python", "NumPy", "OpenCV", "Pillow", "libjpeg-turbo"} <= set(result["versions"])
    formats = {"JPEG", "PNG", "WebP", "AVIF", "GIF", "TIFF", "BMP", "JPEG 2000", "HEIC"}
    assert set(result["codecs"]) == formats
    assert result["limits"]["pixels"] == samepic.LIMITS.pixels
    assert result["workers"]["no network"] in (True, False)
    confined = result["workers"]["no network"] and result["workers"]["no files"]
    assert result["system"]["uploads"].startswith("not confined") is not confined
    assert result["system"]["clean"] == "acts, and can be undone"


def test_a_codec_whose_pixels_come_back_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = (("JPEG", "JPEG", {"quality": 5}, 0.5),)  # quality 5 cannot keep within half a level
    monkeypatch.setattr(doctor, "_CODECS", strict)
    report = doctor.examine()
    assert report["healthy"] is False
    assert report["codecs"]["JPEG"].startswith("fails: pixels are off by ")


def test_doctor_tells_whether_the_native_part_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samepic.native.native", object())
    assert doctor.examine()["optional"]["native part"] == "built"
    monkeypatch.setattr("samepic.native.native", None)
    report = doctor.examine()
    assert report["optional"]["native part"].startswith("not built: everything works")
    assert report["healthy"] is True
