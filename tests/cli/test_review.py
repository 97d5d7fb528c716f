"""samepic review and find --review, as far as they need no browser."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from samepic.cli import main
from tests.cleanup.clean_scene import make_scene, write_report
from tests.kits.found import Review


def test_a_report_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "found.jsonl"
    report.write_text("hello\n")
    assert main(["review", str(report), "--no-browser"]) == 2
    assert "found.jsonl: line 1: expected one JSON object" in capsys.readouterr().err
    assert main(["review", str(tmp_path / "none.jsonl"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["kind"] == "FileNotFoundError"


def test_the_address_lets_one_in_and_says_what_there_is(tmp_path: Path, photos: dict[str, Path]) -> None:
    report = write_report(tmp_path / "found.jsonl", make_scene(tmp_path / "pictures", photos))
    with Review(tmp_path, "review", str(report), "--json") as review, httpx.Client() as client:
        assert client.get(review.address).headers["refresh"] == "0; url=/"
        shown = client.get(review.origin)
        assert shown.status_code == 200
        assert "0 of 2 groups decided" in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        thumbnail = client.get(f"{review.origin}/thumb/0/0")
        assert thumbnail.content.startswith(b"\xff\xd8")
        Path(tmp_path / "pictures" / "astronaut.png").write_bytes(b"changed")
        Path(tmp_path / "pictures" / "chelsea.png").unlink()
        gone = [client.get(f"{review.origin}/thumb/{group}/0") for group in (0, 1)]
        # The one that was looked at is in memory still; the other is a drawing.
        kinds = [answer.headers["content-type"].partition(";")[0] for answer in gone]
        assert kinds == ["image/jpeg", "image/svg+xml"]
        for path in ("/thumb/9/0", "/thumb/0/99", "/look/7/7"):
            assert client.get(f"{review.origin}{path}").status_code == 404
        assert client.get(f"{review.origin}/look?group=x&file=1").status_code == 422
