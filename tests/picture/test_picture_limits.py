"""Hostile input: limits hold before memory is taken, broken files are errors, and nothing prints."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from samepic.errors import LimitError, SamepicError, TruncatedError, UnreadableError, UnsupportedError
from samepic.limits import Limits
from samepic.picture import load
from samepic.sandbox.pool import Workers
from tests.picture.picture_files import HEIC_TURNED, chunk, png, saved, scene

FORMS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "PPM", "QOI", "SGI")
ALL = (*FORMS, "HEIF")


@cache
def whole(form: str) -> bytes:
    """Return a file of this form with nothing amiss."""
    return HEIC_TURNED if form == "HEIF" else saved(scene(120, 90), form)


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize("part", [0.05, 0.5, 0.9])
def test_a_file_that_ends_early_is_an_error(form: str, part: float) -> None:
    with pytest.raises(UnreadableError):
        load(whole(form)[: int(len(whole(form)) * part)])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "PPM"])
def test_pixels_that_are_missing_are_called_truncation(form: str) -> None:
    with pytest.raises(TruncatedError):
        load(whole(form)[: len(whole(form)) // 2])


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_file_with_changed_bytes_is_a_picture_or_an_error(
    form: str, changes: list[tuple[float, int]]
) -> None:
    data = bytearray(whole(form))
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        picture = load(bytes(data))
    except SamepicError:
        return
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.shape == (picture.info.height, picture.info.width, 3)


def test_a_heif_file_with_changed_bytes_ends_at_most_its_decoder() -> None:
    """Its decoder dies of one in some thousands, which is why uploads are decoded in processes of their own."""
    chance = Random(11)
    with Workers(1) as pool:
        for _ in range(60):
            data = bytearray(HEIC_TURNED)
            for _ in range(chance.randrange(1, 7)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            with suppress(SamepicError):
                pool.prepare(bytes(data))
        assert pool.prepare(HEIC_TURNED).info.format == "HEIF"


@pytest.mark.parametrize("form", ALL)
def test_limits_are_on_what_the_header_declares(form: str) -> None:
    with pytest.raises(LimitError, match="at most 1000 pixels"):
        load(whole(form), limits=Limits(pixels=1000))
    with pytest.raises(LimitError, match="sides of at most 40"):
        load(whole(form), limits=Limits(side=40))
    with pytest.raises(LimitError, match="at most 100 bytes"):
        load(whole(form), limits=Limits(file_bytes=100))
    with pytest.raises(LimitError, match="at most 100 bytes"):
        load(io.BytesIO(whole(form)), limits=Limits(file_bytes=100))


def test_a_bomb_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    with pytest.raises(LimitError, match="60000x60000"):
        load(b"\x89PNG\r\n\x1a\n" + body)


def test_a_header_that_promises_more_than_comes_is_an_error() -> None:
    with pytest.raises(UnreadableError):
        load(png(scene(), size=(4000, 4000)))
    with pytest.raises(TruncatedError):
        load(png(scene().astype(np.uint16), size=(4000, 4000)))


def test_a_gif_of_very_many_frames_is_answered_at_once() -> None:
    frame = b"!\xf9\x04\0\1\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    data = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + frame * 100_000 + b";"
    started = time.process_time()
    with pytest.raises(LimitError, match="frames"):
        load(data)
    assert time.process_time() - started < 2


def test_a_limit_of_pillow_does_not_warn_and_where_it_holds_it_is_a_limit_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    for form in ("JPEG", "PNG", "BMP", "AVIF"):
        assert load(whole(form)).rgb.shape == (90, 120, 3)
    with pytest.raises(LimitError, match="Pillow's own limit"):
        load(whole("WEBP"))


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b'<?xml version="1.0"?><svg/>', "SVG"),
        (b"\xff\x0a" + bytes(30), "JPEG XL"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video"),
    ],
)
def test_what_is_known_and_not_decoded_is_named(data: bytes, got: str) -> None:
    with pytest.raises(UnsupportedError, match=got):
        load(data)


def test_text_and_noise_are_no_pictures() -> None:
    with pytest.raises(UnreadableError, match="text that begins with 'Dear sir"):
        load(b"Dear sir or madam, this is a letter.")
    with pytest.raises(UnreadableError, match="bytes that begin with 00 01 02"):
        load(bytes(range(100)))


def test_an_error_survives_a_trip_to_another_process() -> None:
    with pytest.raises(TruncatedError) as caught:
        load(whole("JPEG")[:200])
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.name, again.wanted, again.got) == (caught.value.name, caught.value.wanted, caught.value.got)


def test_nothing_is_printed_whatever_is_wrong(tmp_path: Path) -> None:
    for form in ALL:
        data = whole(form)
        for number, place in enumerate((0.1, 0.3, 0.5, 0.7, 0.9)):
            at = int(len(data) * place)
            (tmp_path / f"{form}{number}").write_bytes(data[:at] + bytes(8) + data[at + 8 :])
            (tmp_path / f"{form}{number}cut").write_bytes(data[:at])
    lzw = saved(scene(), "TIFF", compression="tiff_lzw")
    (tmp_path / "lzw").write_bytes(lzw[:30] + b"\xff" * 40 + lzw[70:])
    program = (
        "import sys, pathlib\nfrom samepic.errors import SamepicError\nfrom samepic.picture import load\n"
        "for path in pathlib.Path(sys.argv[1]).iterdir():\n"
        "    try:\n        load(path)\n    except SamepicError:\n        pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program, tmp_path], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_threads_decode_at_once_and_leave_the_warning_filters_alone() -> None:
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        pictures = list(pool.map(load, [whole("PNG"), whole("BMP"), whole("JPEG"), whole("TIFF")] * 10))
    assert all(picture.rgb.shape == (90, 120, 3) for picture in pictures)
    assert list(warnings.filters) == before
