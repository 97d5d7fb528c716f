"""Pictures to look at: b lies on a where the verdict says, and a worker makes the same as this process."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samepic.errors import UnreadableError
from samepic.picture import Encoded
from samepic.profile import Policy
from samepic.sandbox.decode import VIEW_SIDE, Views, views
from samepic.sandbox.pool import VIEW_BYTES, Workers
from samepic.verdict import Relation


def changed(source: Path) -> bytes:
    """Return the middle of a photograph, turned by 90°, with a white box in it."""
    image = Image.open(source).convert("RGB")
    image.paste((255, 255, 255), (300, 200, 360, 240))
    out = io.BytesIO()
    image.crop((60, 40, 540, 360)).rotate(90, expand=True).save(out, "JPEG", quality=92)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.fixture(scope="module")
def made(coffee: Path) -> Views:
    """Return the views of a photograph and a changed copy."""
    return views(Encoded("a", coffee.read_bytes()), Encoded("b", changed(coffee)), Policy())


def test_b_is_shown_as_it_is_and_as_it_lies_on_a(made: Views, coffee: Path) -> None:
    assert made.verdict.relation is Relation.EDITED
    assert opened(made.a).size == opened(made.aligned).size == opened(made.difference).size == (600, 400)
    assert opened(made.b).size == (320, 480)
    aligned = np.asarray(opened(made.aligned).convert("RGBA")).astype(int)
    shown = aligned[..., 3] == 255
    assert 0.55 < shown.mean() < 0.7, "the crop covers 64 % of the photograph"
    assert not shown[:30].any()
    apart = np.abs(aligned[..., :3] - np.asarray(Image.open(coffee).convert("RGB"))).max(axis=2)
    assert np.median(apart[shown]) < 8
    assert apart[215:225, 320:340].min() > 30, "the white box"


def test_the_difference_is_dark_where_the_two_differ_alone(made: Views) -> None:
    ink = np.asarray(opened(made.difference).convert("L"))
    assert ink[215:225, 320:340].max() < 60
    assert np.median(ink[100:180, 100:500]) > 225


def test_a_worker_makes_the_same(made: Views, coffee: Path) -> None:
    with Workers(1) as workers:
        result = workers.views(coffee.read_bytes(), changed(coffee), names=("a", "b"))
        assert result == made
        with pytest.raises(UnreadableError, match="b"):
            workers.views(coffee.read_bytes(), b"no picture", names=("a", "b"))


def test_large_pictures_are_shown_smaller_and_transparent_ones_on_white() -> None:
    noise = np.random.default_rng(5).integers(0, 255, (900, 2400, 4), np.uint8)
    noise[..., 3] = 0
    noise[300:600, 300:600, 3] = 255
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    result = views(Encoded("a", out.getvalue()), Encoded("b", out.getvalue()), Policy())
    assert result.verdict.relation is Relation.SAME_FILE
    assert opened(result.a).size == (VIEW_SIDE, VIEW_SIDE * 900 // 2400)
    assert opened(result.a).convert("RGB").getpixel((5, 5)) == (255, 255, 255)
    assert sum(map(len, result[1:])) < VIEW_BYTES
