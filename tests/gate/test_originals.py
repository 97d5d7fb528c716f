"""What a gate says where originals can be opened, and where they cannot, or cost too much."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from samepic import Evidence, Gate, Outcome
from samepic.sandbox.pool import Workers
from samepic.sandbox.process import WORKERS
from tests.gate.conftest import Opens
from tests.gate.pictures import opened, resaved

SMALL = "as far as small pictures show"


@cache
def large(path: Path, width: int, height: int, *qualities: int) -> list[bytes]:
    """Return a photograph of that many pixels, saved in these qualities."""
    image = opened(path).resize((width, height), Image.Resampling.BILINEAR)
    made = []
    for quality in qualities:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        made.append(stream.getvalue())
    return made


def test_a_match_names_what_it_was_told_from(opens: Opens, coffee: Path, astronaut: Path) -> None:
    files = {"coffee": coffee}
    plain, gate = opens(), opens(originals=files.get)
    gate.admit(coffee, "coffee")
    gate.admit(astronaut, "astronaut")
    asked = {
        Evidence.DIGESTS: gate.check(coffee),
        Evidence.PROXIES: plain.check(resaved(coffee)),
        Evidence.ORIGINALS: gate.check(resaved(coffee)),
    }
    identities = [record.identity for record in map(gate.get, ("coffee", "astronaut")) if record]
    gate._store.settle("", *identities, same=True)
    asked[Evidence.REVIEWER] = gate.check(astronaut, replaces=["astronaut"])
    for evidence, decision in asked.items():
        assert decision.outcome is Outcome.DUPLICATE
        assert decision.match is not None
        assert decision.match.evidence is evidence
        assert decision.match.to_dict()["evidence"] == str(evidence)
        assert SMALL not in decision.detail


@pytest.mark.parametrize(
    ("original", "message"),
    [
        (None, "the kept original is not at hand"),
        ("/nowhere/coffee.png", "the kept original cannot be opened"),
        (b"no picture", "the originals cannot be compared"),
    ],
)
def test_a_duplicate_that_only_proxies_show_is_told_as_such_and_remembered_so(
    opens: Opens, coffee: Path, original: object, message: str
) -> None:
    gate = opens(originals=lambda key: original)
    gate.admit(coffee, "first")
    for decision in (gate.admit(resaved(coffee), "second"), gate.admit(resaved(coffee), "second")):
        assert decision.outcome is Outcome.DUPLICATE
        assert decision.detail.endswith(f"{SMALL} ({message})")
        assert decision.match is not None
        assert decision.match.evidence is Evidence.PROXIES


def test_what_exceeds_the_limits_once_is_not_tried_with_every_other_kept_picture(
    tmp_path: Path, coffee: Path
) -> None:
    asked = []

    def original(key: str) -> Path:
        asked.append(key)
        return coffee  # larger as a file than these workers take

    most = coffee.stat().st_size - 1
    with Workers(1, replace(WORKERS, upload=replace(WORKERS.upload, file_bytes=most))) as workers:
        gate = Gate(tmp_path / "u.db", workers=workers, originals=original, copycode=False)
        for quality in (60, 75, 90):
            gate.admit(resaved(coffee, quality=quality), str(quality), policy={"resaved": "accept"})
        decision = gate.check(resaved(coffee, quality=82), policy={"resaved": "review"})
        gate.close()
    assert [match.evidence for match in decision.matches] == [Evidence.PROXIES] * 3
    assert all("exceeds the limits" in match.explanation for match in decision.matches)
    assert len(asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("memory", "evidence"),
    [(WORKERS.memory_bytes, Evidence.ORIGINALS), (240 * 2**20, Evidence.PROXIES)],
    ids=["usual", "little"],
)
def test_fifty_megapixels_are_compared_whole_or_their_proxies_are_and_that_is_told(
    tmp_path: Path, coffee: Path, memory: int, evidence: Evidence
) -> None:
    kept, upload = large(coffee, 8660, 5774, 85, 75)
    patient = replace(
        WORKERS, memory_bytes=memory, wall_seconds=120
    )  # whatever else the machine does meanwhile
    with (
        Workers(1, patient) as workers,
        Gate(tmp_path / "u.db", workers=workers, originals={"first": kept}.get, copycode=False) as gate,
    ):
        assert gate.admit(kept, "first").outcome is Outcome.ACCEPTED
        decision = gate.admit(upload, "second")
        assert decision.outcome is Outcome.DUPLICATE
        assert decision.match is not None
        assert decision.match.evidence is evidence
        assert ("exceeds the limits" in decision.detail) is (evidence is Evidence.PROXIES)
        assert gate.check(coffee).outcome is Outcome.DUPLICATE


def test_originals_tell_which_copy_holds_more(opens: Opens, coffee: Path, tmp_path: Path) -> None:
    cut = opened(coffee)
    mask = Image.new("L", cut.size, 0)
    ImageDraw.Draw(mask).ellipse((60, 30, 540, 370), 255)
    flat = Image.new("RGB", cut.size, "white")
    flat.paste(cut, mask=mask)
    cut.putalpha(mask)
    for name, image in (("cut", cut), ("flat", flat)):
        image.save(tmp_path / f"{name}.png")
    for kept, upload, better, which in (
        ("flat", "cut", True, "the upload"),
        ("cut", "flat", False, "the kept one"),
    ):
        gate = opens(originals={kept: tmp_path / f"{kept}.png"}.get)
        gate.admit(tmp_path / f"{kept}.png", kept)
        match = gate.check(tmp_path / f"{upload}.png").match
        assert match is not None and match.evidence is Evidence.ORIGINALS
        assert (match.better, match.worse, match.better_reason) == (
            better,
            not better,
            f"{which} is transparent where the other was filled",
        )
        gate.remove(kept)
