"""What the code of a picture alone says before it is uploaded: a hint, which decides nothing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from samepic import CodeHint, FingerprintError, Gate, Likelihood, Outcome, fingerprint
from samepic.store.records import State
from samepic.tuning.search import GATE
from tests.gate.conftest import Opens
from tests.gate.pictures import opened, resaved
from tests.gate.test_flooding import flood
from tests.kits.records import record


def hint(gate: Gate, picture: Path | bytes) -> CodeHint:
    found = fingerprint(picture)
    return gate.check_code(found.pdq, found.quality)


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_the_code_of_a_copy_names_what_it_may_be_and_that_of_another_picture_nothing(
    gate: Gate, coffee: Path, astronaut: Path
) -> None:
    gate.admit(coffee, "photo/1")
    assert hint(gate, resaved(coffee, scale=0.5)) == CodeHint(Likelihood.LIKELY, ("photo/1",))
    for turned in (ImageOps.mirror(opened(coffee)), opened(coffee).rotate(90, expand=True)):
        assert hint(gate, png(turned)).keys == ("photo/1",)
    assert hint(gate, astronaut) == CodeHint(Likelihood.UNLIKELY)


def test_a_code_alone_refuses_nothing(gate: Gate, coffee: Path, astronaut: Path) -> None:
    gate.admit(coffee, "photo/1")
    same_code = record("another", pdq=fingerprint(astronaut).pdq, proxy=gate.proxy("photo/1"))
    pending = gate._store.put_pending(same_code, 60)
    assert hint(gate, astronaut) == CodeHint(Likelihood.UNLIKELY), "an upload in progress is not kept yet"
    assert pending is not None
    assert gate._store.decide(pending.number, State.ACCEPTED)
    assert hint(gate, astronaut) == CodeHint(Likelihood.LIKELY, ("another",))
    assert gate.admit(astronaut, "photo/2").outcome is Outcome.ACCEPTED


def test_a_plain_picture_and_one_that_very_many_uploads_match_have_no_hint(gate: Gate, coffee: Path) -> None:
    assert hint(gate, png(Image.new("RGB", (200, 200), "white"))).known is Likelihood.UNKNOWN
    gate.admit(coffee, "avatar")
    flood(gate, "avatar", GATE.flooding)
    assert hint(gate, resaved(coffee)) == CodeHint(Likelihood.UNKNOWN)


def test_a_code_shows_nothing_of_another_tenant(opens: Opens, coffee: Path) -> None:
    opens(tenant="one").admit(coffee, "photo")
    assert hint(opens(tenant="two"), coffee) == CodeHint(Likelihood.UNLIKELY)


def test_what_is_no_code_is_an_error(gate: Gate) -> None:
    with pytest.raises(FingerprintError, match="pdq: expected 32 bytes, found 31"):
        gate.check_code(bytes(31), 100)
