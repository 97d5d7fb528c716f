"""A picture may take the place of another one under a new key, whatever it is to that one."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

from samepic import Gate, Outcome
from samepic.sandbox.pool import InProcess


def saved_again(path: Path, quality: int = 60) -> bytes:
    out = BytesIO()
    Image.open(path).save(out, "JPEG", quality=quality)
    return out.getvalue()


def test_an_upload_is_not_refused_because_of_the_picture_that_it_replaces(
    tmp_path: Path, rocket: Path
) -> None:
    copy = saved_again(rocket)
    with Gate(tmp_path / "store.db", workers=InProcess()) as gate:
        gate.admit(rocket, "old")
        assert gate.check(copy).outcome is Outcome.DUPLICATE
        assert gate.check(copy, replaces=["old"]).outcome is Outcome.ACCEPTED
        assert gate.admit(copy, "new", replaces=["old"]).outcome is Outcome.ACCEPTED
        assert gate.get("old") is not None
        gate.remove("old")
        assert gate.admit(rocket, "other").match is not None


def test_a_third_picture_refuses_an_upload_that_replaces_another(
    tmp_path: Path, rocket: Path, chelsea: Path
) -> None:
    with Gate(tmp_path / "store.db", workers=InProcess()) as gate:
        gate.admit(rocket, "rocket")
        gate.admit(chelsea, "cat")
        decision = gate.admit(saved_again(rocket), "new", replaces=["cat"])
        assert decision.match is not None
        assert decision.match.key == "rocket"


def test_an_earlier_refusal_is_forgotten_once_the_upload_replaces_what_refused_it(
    tmp_path: Path, rocket: Path
) -> None:
    copy = saved_again(rocket)
    with Gate(tmp_path / "store.db", workers=InProcess()) as gate:
        gate.admit(rocket, "old")
        assert gate.admit(copy, "new").outcome is Outcome.DUPLICATE
        assert gate.admit(copy, "new", replaces={"old"}).outcome is Outcome.ACCEPTED
