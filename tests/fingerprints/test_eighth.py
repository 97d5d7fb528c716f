"""The luma of a JPEG at an eighth of its size: what libjpeg makes of it, or left to libjpeg."""

from __future__ import annotations

import io
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from samepic.fingerprints import decode, fingerprint
from samepic.native import native
from samepic.picture.jpeg import jpeg_parts
from tests.fingerprints.pictures import Rgb, encoded, textured

pytestmark = pytest.mark.skipif(native is None, reason="the native part was not built")

CODINGS = (
    {"subsampling": 0},
    {"subsampling": 1},
    {"subsampling": 2},
    {"subsampling": 2, "restart_marker_blocks": 3},
    {"subsampling": 1, "restart_marker_rows": 1},
    {"optimize": True},
)


def both(data: bytes) -> tuple[Rgb | None, Rgb | None]:
    """Return the luma at an eighth of the size by the native part and by libjpeg."""
    header, _ = jpeg_parts(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "native", None)
        theirs = decode._decode(data, "GRAY", header, 1)
    assert native is not None and native.eighth(data, header.width, header.height) is not None
    return decode._decode(data, "GRAY", header, 1), theirs


def noisy(height: int, width: int, seed: int) -> Rgb:
    dice = np.random.default_rng(seed)
    rgb = textured(height, width, 1 + seed % 4)
    rgb[: height // 2] = dice.integers(0, 256, (height // 2, width, 3))
    return rgb


@settings(deadline=None, max_examples=80)
@given(
    st.tuples(st.integers(9, 90), st.integers(9, 90), st.integers(0, 9)),
    st.sampled_from((1, 20, 75, 100)),
    st.sampled_from(CODINGS),
    st.booleans(),
)
def test_baseline_has_the_levels_of_libjpeg(
    drawn: tuple[int, int, int], quality: int, coding: dict[str, object], gray: bool
) -> None:
    """Below 9 pixels libjpeg's caller would choose another size, of as many pixels."""
    image = Image.fromarray(noisy(*drawn)).convert("L" if gray else "RGB")
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, **coding)
    own, theirs = both(stream.getvalue())
    assert own is not None and theirs is not None and np.array_equal(own, theirs)


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_the_first_scan_of_a_progressive_picture_has_all_but_the_last_bit(quality: int) -> None:
    """libjpeg smooths what it shows of a first scan, so the same picture in one scan is the measure."""
    rgb = textured(700, 500)
    plain, progressive = (encoded(rgb, quality=quality, progressive=more) for more in (False, True))
    own, (_, whole) = both(progressive)[0], both(plain)
    assert own is not None and whole is not None
    steps = jpeg_parts(plain)[0].coding.tables[0][0] / 8
    assert np.abs(own.astype(int) - whole).max() <= steps + 1


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_code_is_near_that_of_libjpeg(options: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(textured(1100, 1400, 3), quality=85, **options)
    own = fingerprint(data)
    monkeypatch.setattr(decode, "native", None)
    assert own.distance(fingerprint(data)) <= (6 if options else 0)


def test_other_codings_are_left_to_libjpeg() -> None:
    stream = io.BytesIO()
    Image.fromarray(textured(64, 64)).convert("CMYK").save(stream, "JPEG")
    sound = encoded(textured(64, 64))
    frame = sound.index(b"\xff\xc0")
    arithmetic = sound[: frame + 1] + b"\xc9" + sound[frame + 2 :]
    deep = sound[: frame + 4] + b"\x0c" + sound[frame + 5 :]
    tableless = sound.replace(b"\xff\xc4", b"\xff\xfe")
    assert native is not None
    for data in (stream.getvalue(), arithmetic, deep, tableless, b"", b"\xff\xd8\xff\xd9", sound[:frame]):
        assert native.eighth(data, 64, 64) is None
    assert native.eighth(sound, 64, 64) is not None
    assert native.eighth(sound, 64, 65) is None


@pytest.mark.parametrize("coding", CODINGS)
def test_a_scan_that_ends_early_or_lacks_a_restart_is_left_to_libjpeg(coding: dict[str, object]) -> None:
    data = encoded(noisy(70, 90, 2), quality=90, **coding)
    begin = data.index(b"\xff\xda") + 14
    assert native is not None
    for end in range(begin, len(data) - 12, 7):
        assert native.eighth(data[:end] + b"\xff\xd9", 90, 70) is None
    if b"\xff\xdd" in data:
        assert native.eighth(data.replace(b"\xff\xd0", b"\xff\xd5", 1), 90, 70) is None


def test_changed_bytes_give_a_plane_of_that_size_or_none() -> None:
    """The same was done to 777 000 files with sanitizers, measured once on 2026-11-30."""
    chance = Random(5)
    sound = [encoded(noisy(60, 80, 1), quality=80, **coding) for coding in CODINGS]
    assert native is not None
    for number in range(3000):
        data = bytearray(sound[number % len(sound)])
        for _ in range(chance.randrange(1, 5)):
            data[chance.randrange(len(data))] = chance.choice((0, 0xFF, chance.randrange(256)))
        found = native.eighth(bytes(data), 80, 60)
        assert found is None or len(found) == 10 * 8


def test_a_picture_that_claims_to_be_large_costs_no_more_than_its_bytes() -> None:
    """Bits that are missing are seen after one row of blocks."""
    data = bytearray(encoded(textured(64, 64)))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = bytes((0xFF, 0xFF, 0xFF, 0xFF))
    assert native is not None and native.eighth(bytes(data), 65535, 65535) is None
