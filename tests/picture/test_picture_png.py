"""PNG: every bit of 16, gamma, keys, and what decides the pixels."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from samepic.errors import LimitError, TruncatedError, UnreadableError
from samepic.limits import Limits
from samepic.picture import load
from samepic.picture.png import coded_chunks, color_chunks, png_header
from tests.picture.picture_files import chunk, oriented, png, scene

DEEP = some.arrays(np.uint16, st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4)))


@settings(max_examples=60, deadline=None)
@given(samples=DEEP)
def test_16_bits_are_divided_by_257_and_rounded(samples: NDArray[np.uint16]) -> None:
    picture = load(png(samples))
    wanted = np.rint(samples / 257).astype(np.uint8)
    alpha = wanted[..., -1] if samples.shape[2] in (2, 4) else np.full(samples.shape[:2], 255)
    got = picture.alpha if picture.alpha is not None else np.full(samples.shape[:2], 255)
    assert_array_equal(got, alpha)
    colors = wanted[..., :3] if samples.shape[2] >= 3 else np.repeat(wanted[..., :1], 3, axis=2)
    assert_array_equal(picture.rgb, colors * (alpha > 0)[..., None])


def test_gamma_is_corrected_where_nothing_better_is_said() -> None:
    half = np.full((2, 2, 3), 128, np.uint8)
    linear = chunk(b"gAMA", struct.pack(">I", 100_000))
    assert load(png(half, linear)).rgb[0, 0, 0] == round(255 * (128 / 255) ** (1 / 2.2))
    assert load(png(half.astype(np.uint16) * 257, linear)).rgb[0, 0, 0] == 186
    assert load(png(half, chunk(b"gAMA", struct.pack(">I", 45_455)))).rgb[0, 0, 0] == 128
    assert load(png(half, linear, chunk(b"sRGB", b"\0"))).rgb[0, 0, 0] == 128


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_one_color_may_be_declared_transparent(channels: int, dtype: type[np.unsignedinteger]) -> None:
    samples = np.arange(4 * channels, dtype=dtype).reshape(2, 2, channels) + 50
    key = b"".join(struct.pack(">H", int(v)) for v in samples[0, 1])
    picture = load(png(samples, chunk(b"tRNS", key)))
    assert picture.alpha is not None
    assert_array_equal(picture.alpha, [[255, 0], [255, 255]])


def test_text_profile_and_time_do_not_count_among_what_decides_the_samples() -> None:
    plain = png(scene())
    dressed = png(scene(), chunk(b"tEXt", b"a\0b"), chunk(b"eXIf", oriented(6)[6:]), chunk(b"tIME", bytes(7)))
    assert b"".join(coded_chunks(plain)) == b"".join(coded_chunks(dressed))
    assert png_header(dressed).orientation == 6
    assert (png_header(plain).metadata, png_header(dressed).metadata > 20) == (0, True)


def test_how_the_stream_is_cut_into_chunks_does_not_count() -> None:
    plain = png(scene())
    at = plain.index(b"IDAT")
    (length,) = struct.unpack(">I", plain[at - 4 : at])
    body = plain[at + 4 : at + 4 + length]
    cut = plain[: at - 4] + chunk(b"IDAT", body[:9]) + chunk(b"IDAT", body[9:]) + chunk(b"IEND", b"")
    assert b"".join(coded_chunks(plain)) == b"".join(coded_chunks(cut))
    assert_array_equal(load(cut).rgb, scene())


def test_color_chunks_are_told_apart_from_samples() -> None:
    gamma = chunk(b"gAMA", struct.pack(">I", 100_000))
    assert list(map(bytes, color_chunks(png(scene(), gamma)))) == [gamma[4:-4]]
    assert list(color_chunks(png(scene()))) == []


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_metadata_that_grows_beyond_the_limit_is_refused(kind: bytes) -> None:
    prefix = b"k\0\1\0\0\0" if kind == b"iTXt" else b"k\0\0"
    grown = png(scene(), chunk(kind, prefix + zlib.compress(bytes(1 << 20))))
    assert load(grown).info.metadata < 3000
    with pytest.raises(LimitError, match="metadata"):
        load(grown, limits=Limits(metadata_bytes=1 << 19))


def test_a_png_of_very_many_chunks_is_refused_and_one_of_many_is_read() -> None:
    assert_array_equal(load(png(scene(), chunk(b"teXt", b"") * 9_000)).rgb, scene())
    with pytest.raises(LimitError, match="chunks"):
        load(png(scene(), chunk(b"teXt", b"") * 20_000))


def test_a_wrong_checksum_breaks_pixels_but_not_text() -> None:
    data = png(scene(), chunk(b"tEXt", b"a\0b"))
    text, pixels = bytearray(data), bytearray(data)
    text[data.index(b"tEXt") + 4] ^= 1
    pixels[data.index(b"IDAT") + 20] ^= 1
    assert_array_equal(load(bytes(text)).rgb, scene())
    with pytest.raises(TruncatedError, match="IDAT chunk with a wrong checksum"):
        load(bytes(pixels))


def test_impossible_headers_are_refused() -> None:
    good = png(scene())
    for place, value in ((24, 3), (25, 1), (26, 1), (27, 1), (28, 2)):
        header = bytearray(good[16:29])
        header[place - 16] = value
        with pytest.raises(UnreadableError):
            load(good[:8] + chunk(b"IHDR", bytes(header)) + good[33:])
    with pytest.raises(UnreadableError):
        load(good[:8] + good[33:])


def test_frames_of_an_animation_that_are_not_there_do_not_count() -> None:
    assert load(png(scene(), chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)))).info.frames == 1
