"""The fast way to the pixels of a PNG: the pixels of Pillow, and its errors."""

from __future__ import annotations

import io
import struct
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import samepic.picture.png as reader
from samepic import SamepicError
from samepic.native import native
from samepic.picture import Encoded, Picture, load
from samepic.picture.png import fast_pixels, png_header

only_fast = pytest.mark.skipif(
    native is None or find_spec("deflate") is None, reason="the native part or libdeflate is not here"
)


def filtered(pixels: NDArray[np.uint8], filters: list[int]) -> bytes:
    """Return a PNG of (height, width, 3 or 4) of which each line goes through the filter named for it."""
    height, width, bands = pixels.shape
    flat = pixels.reshape(height, width * bands).astype(int)
    lines = []
    for y in range(height):
        above = flat[y - 1] if y else np.zeros(width * bands, int)
        left, corner = (np.r_[np.zeros(bands, int), line[:-bands]] for line in (flat[y], above))
        near = [np.abs(above - corner), np.abs(left - corner), np.abs(above + left - 2 * corner)]
        paeth = np.where(
            (near[0] <= near[1]) & (near[0] <= near[2]), left, np.where(near[1] <= near[2], above, corner)
        )
        guess = [np.zeros_like(left), left, above, (left + above) // 2, paeth][filters[y]]
        lines.append(bytes([filters[y]]) + ((flat[y] - guess) % 256).astype(np.uint8).tobytes())
    return file_of(b"".join(lines), width, height, bands)


def file_of(raw: bytes, width: int, height: int, bands: int, stream: bytes | None = None) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if bands == 3 else 6, 0, 0, 0)
    body = zlib.compress(raw) if stream is None else stream
    parts = [(b"IHDR", header), (b"IDAT", body[:40]), (b"IDAT", body[40:]), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def fast(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None] | None:
    encoded = Encoded("x.png", data)
    found = fast_pixels(encoded, png_header(data, "x.png"))
    return None if found is None else (found.rgb, found.alpha)


@only_fast
@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from([3, 4]))
def test_every_filter_is_undone(data: st.DataObject, bands: int) -> None:
    width, height = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    pixels = np.random.default_rng(data.draw(st.integers(0, 999))).integers(
        0, 256, (height, width, bands), np.uint8
    )
    filters = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    found = fast(filtered(pixels, filters))
    assert found is not None
    assert np.array_equal(found[0], pixels[..., :3])
    assert (found[1] is None) == (bands == 3)
    assert found[1] is None or np.array_equal(found[1], pixels[..., 3])
    with Image.open(io.BytesIO(filtered(pixels, filters))) as image:
        assert np.array_equal(np.asarray(image), pixels)


@only_fast
def test_the_example_photographs_come_out_as_pillow_decodes_them(
    photos: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [path for path in photos.values() if path.suffix == ".png"]
    assert files
    quick = [load(path).rgb for path in files]
    monkeypatch.setattr(reader, "fast_pixels", lambda *_: None)
    assert all(np.array_equal(one, load(path).rgb) for one, path in zip(quick, files, strict=True))


@only_fast
def test_what_is_not_eight_bits_of_rgb_or_is_interlaced_is_left_to_pillow(tmp_path: Path) -> None:
    for mode in ("L", "LA", "P", "1", "I;16"):
        Image.new(mode, (9, 9)).save(tmp_path / "x.png")
        assert fast((tmp_path / "x.png").read_bytes()) is None
    good = filtered(np.zeros((3, 3, 3), np.uint8), [0, 0, 0])
    assert fast(good) is not None


def outcome(data: bytes) -> Picture | tuple[type, str]:
    try:
        return load(data)
    except SamepicError as error:
        return type(error), str(error)


RAW = filtered(np.arange(300, dtype=np.uint16).astype(np.uint8).reshape(10, 10, 3), [0] * 10)
LINES = b"".join(b"\0" + bytes(30) for _ in range(10))
BROKEN = {
    "short": file_of(LINES[:-1], 10, 10, 3),
    "long": file_of(LINES + b"more", 10, 10, 3),
    "filter 7": file_of(b"\7" + LINES[1:], 10, 10, 3),
    "wrong checksum": file_of(LINES, 10, 10, 3, zlib.compress(LINES)[:-1] + b"!"),
    "cut": file_of(LINES, 10, 10, 3, zlib.compress(LINES)[:-6]),
    "no stream": file_of(LINES, 10, 10, 3, b"this is none at all, and longer than forty bytes"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_ends_as_it_does_without_the_fast_way(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = outcome(BROKEN[name])
    monkeypatch.setattr(reader, "fast_pixels", lambda *_: None)
    slow = outcome(BROKEN[name])
    if isinstance(quick, Picture):
        assert isinstance(slow, Picture)
        assert np.array_equal(quick.rgb, slow.rgb)
    else:
        assert quick == slow


@pytest.mark.skipif(native is None, reason="the native part was not built")
def test_the_native_part_refuses_lines_of_another_length() -> None:
    assert native is not None
    for wrong in ((b"", 1, 1, 3), (bytes(4), 1, 1, 4), (bytes(4), 0, 1, 3), (bytes(4), 1, -1, 3), (bytes(3), 1, 1, 2),
                  (bytes(4), 2**62, 2**62, 3)):  # fmt: skip
        with pytest.raises(ValueError, match="png_pixels: wanted the filtered lines"):
            native.png_pixels(*wrong)
    with pytest.raises(ValueError, match="wanted filters 0 to 4"):
        native.png_pixels(b"\5abc", 1, 1, 3)
