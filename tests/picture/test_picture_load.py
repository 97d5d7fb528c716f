"""load: any source, any common format, upright, with its alpha."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from PIL import Image, ImageCms

from samepic.errors import SourceError, UnreadableError
from samepic.picture import Encoded, inspect, load, read
from tests.picture.picture_files import HEIC_TURNED, STORED, oriented, saved, scene

LOSSLESS: dict[str, dict[str, object]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
    "JPEG2000": {},
    "PPM": {},
    "QOI": {},
    "TGA": {},
    "SGI": {},
    "PCX": {},
}
PICTURES = some.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)))


@pytest.mark.parametrize("form", LOSSLESS)
@settings(max_examples=20, deadline=None)
@given(samples=PICTURES)
def test_a_lossless_file_gives_back_the_array_it_was_made_of(form: str, samples: NDArray[np.uint8]) -> None:
    picture = load(saved(samples, form, **LOSSLESS[form]))
    assert_array_equal(picture.rgb, samples)
    assert picture.alpha is None
    assert (picture.info.format, picture.info.width, picture.info.height) == (form, *samples.shape[1::-1])


@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_a_bitmap_without_the_header_of_a_file_is_read(mode: str) -> None:
    image = Image.fromarray(scene()).convert(mode)
    bare = saved(image, "BMP")[14:]
    assert_array_equal(load(bare).rgb, np.asarray(image.convert("RGB")))
    assert load(bare).info.format == "BMP"
    with pytest.raises(UnreadableError):
        load(bare[: len(bare) // 2])


@pytest.mark.parametrize("form", ["JPEG", "AVIF", "GIF"])
def test_a_lossy_file_gives_back_nearly_what_it_was_made_of(form: str) -> None:
    picture = load(saved(scene(), form))
    assert picture.info.format == form
    assert np.abs(picture.rgb.astype(int) - scene()).mean() < 8


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"keep_rgb": True}])
def test_a_jpeg_has_the_pixels_that_pillow_decodes(options: dict[str, Any]) -> None:
    encoded = saved(scene(77, 51), "JPEG", **options)
    assert_array_equal(load(encoded).rgb, np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB")))


def test_every_kind_of_source_gives_the_same_picture(tmp_path: Path) -> None:
    encoded = saved(scene(), "PNG")
    path = tmp_path / "a.jpg"  # the name lies, and does not count
    path.write_bytes(encoded)
    with path.open("rb") as file:
        sources = [
            path,
            str(path),
            encoded,
            bytearray(encoded),
            memoryview(encoded),
            io.BytesIO(encoded),
            file,
        ]
        for source in [*sources, Image.open(path), scene(), read(path)]:
            assert_array_equal(load(source).rgb, scene())


def test_a_stream_that_cannot_seek_is_read_to_its_end() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, saved(scene(), "PNG"))
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        assert_array_equal(load(pipe).rgb, scene())


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_each_orientation_is_applied_once(form: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](scene()))
    picture = load(saved(stored, form, exif=oriented(orientation), **LOSSLESS[form]))
    assert_array_equal(picture.rgb, scene())
    assert picture.info.orientation == orientation
    assert (picture.info.width, picture.info.height) == (48, 32)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", ["JPEG", "AVIF"])
def test_a_lossy_picture_is_upright_too(form: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](scene()))
    encoded = saved(stored, form, quality=95, exif=oriented(orientation))
    picture = load(encoded)
    assert picture.info.orientation == inspect(Encoded("a", encoded)).orientation == orientation
    assert np.abs(picture.rgb.astype(int) - scene()).mean() < 8


def test_a_pillow_image_is_turned_by_its_tag() -> None:
    encoded = saved(np.ascontiguousarray(STORED[6](scene())), "PNG", exif=oriented(6))
    assert_array_equal(load(Image.open(io.BytesIO(encoded))).rgb, scene())


def test_a_heic_is_turned_once_though_container_and_exif_both_ask_for_it() -> None:
    picture = load(HEIC_TURNED)
    assert (picture.info.format, picture.rgb.shape) == ("HEIF", (64, 48, 3))
    assert picture.rgb[5, -5, 2] > 180 > picture.rgb[5, 5, 2]  # blue is at the upper right now


def test_inspect_tells_what_load_tells() -> None:
    for encoded in (saved(scene(), "JPEG", exif=oriented(8)), saved(scene(), "PNG"), HEIC_TURNED):
        assert inspect(Encoded("<bytes>", encoded)) == load(encoded).info


def _gray_ramp() -> NDArray[np.uint8]:
    return np.arange(256, dtype=np.uint8).reshape(16, 16)


def _three(gray: NDArray[Any]) -> NDArray[Any]:
    return np.repeat(gray[..., None], 3, axis=2)


GRAY: dict[str, Callable[[], Image.Image | NDArray[Any]]] = {
    "L": lambda: Image.fromarray(_gray_ramp()),
    "I;16": lambda: Image.fromarray(_gray_ramp().astype(np.uint16) * 257),
    "I": lambda: Image.fromarray(_gray_ramp().astype(np.int32) * 257),
    "I of 8 bits": lambda: Image.fromarray(_gray_ramp()).convert("I"),
    "F of 0 to 1": lambda: Image.fromarray(_gray_ramp().astype(np.float32) / 255),
    "F of 0 to 255": lambda: Image.fromarray(_gray_ramp().astype(np.float32)),
    "F of any range": lambda: Image.fromarray(_gray_ramp().astype(np.float32) * 7 - 300),
    "P": lambda: Image.fromarray(_gray_ramp()).convert("P"),
    "LA": lambda: Image.fromarray(_gray_ramp()).convert("LA"),
    "RGBX": lambda: Image.fromarray(_three(_gray_ramp())).convert("RGBX"),
    "uint16": lambda: _gray_ramp().astype(np.uint16) * 257,
    "float64": lambda: _gray_ramp() / 255,
    "one channel": lambda: _gray_ramp()[..., None],
}


@pytest.mark.parametrize("mode", GRAY)
def test_one_gray_ramp_is_the_same_in_every_mode(mode: str) -> None:
    picture = load(GRAY[mode]())
    assert_array_equal(picture.rgb, _three(_gray_ramp()))
    assert picture.alpha is None


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "HSV", "LAB", "PA", "1"])
def test_every_mode_of_color_is_near_its_source(mode: str) -> None:
    source = Image.fromarray(scene())
    if mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(source, srgb, lab, outputMode="LAB")
        assert image is not None
    else:
        image = source.convert("P").convert("PA") if mode == "PA" else source.convert(mode)
    limit = {"1": 130, "PA": 20}.get(mode, 5)
    assert np.abs(load(image).rgb.astype(int) - scene()).mean() < limit


def test_alpha_is_kept_and_what_nobody_can_see_is_zero() -> None:
    rgba = np.dstack([scene(), np.tile(np.arange(48, dtype=np.uint8) * 5, (32, 1))])
    for source in (
        saved(rgba, "PNG"),
        saved(rgba, "WEBP", lossless=True, exact=True),
        rgba,
        Image.fromarray(rgba),
    ):
        picture = load(source)
        assert picture.alpha is not None
        assert_array_equal(picture.alpha, rgba[..., 3])
        assert not picture.rgb[picture.alpha == 0].any()
        assert_array_equal(picture.rgb[picture.alpha > 0], scene()[rgba[..., 3] > 0])


def test_an_alpha_that_hides_nothing_is_none() -> None:
    assert load(np.dstack([scene(), np.full((32, 48), 255, np.uint8)])).alpha is None


def test_two_invisible_colors_are_one_picture() -> None:
    red, blue = np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    assert_array_equal(load(red).on(255), load(saved(blue, "PNG")).on(255))


def test_on_lays_the_picture_on_a_ground() -> None:
    half = np.full((1, 1, 4), 128, np.uint8)
    picture = load(half)
    assert_array_equal(picture.on(0)[0, 0], [64, 64, 64])
    assert_array_equal(picture.on(255)[0, 0], [191, 191, 191])


def test_a_palette_with_transparency_has_alpha() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    for form in ("PNG", "GIF"):
        picture = load(saved(image, form, transparency=0))
        assert picture.alpha is not None
        assert_array_equal(picture.alpha, [[0, 255]])
        assert_array_equal(picture.rgb[0, 1], [0, 255, 0])


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_of_an_animation_the_first_frame_is_shown_and_the_frames_are_counted(form: str) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ((250, 0, 0), (0, 250, 0), (0, 0, 250))]
    picture = load(saved(frames[0], form, save_all=True, append_images=frames[1:]))
    assert picture.info.frames == 3
    assert picture.rgb[8, 8, 0] > 200 > picture.rgb[8, 8, 1:].max()


@pytest.mark.parametrize(
    "options", [{}, {"lossless": True}, {"quality": 20, "method": 0}, {"save_all": True}]
)
def test_a_still_webp_has_the_pixels_that_pillow_decodes(options: dict[str, Any]) -> None:
    encoded = saved(scene(77, 51), "WEBP", **options)
    assert_array_equal(load(encoded).rgb, np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB")))


@given(st.integers(20, 300), st.integers(0, 255))
def test_a_changed_webp_is_what_pillow_makes_of_it(at: int, value: int) -> None:
    data = bytearray(saved(scene(77, 51), "WEBP", quality=50))
    data[min(at, len(data) - 1)] = value
    try:
        shown = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        with pytest.raises(UnreadableError):
            load(bytes(data))
    else:
        assert_array_equal(load(bytes(data)).rgb, shown)


def test_a_multi_picture_jpeg_is_its_first_picture() -> None:
    first, second = Image.fromarray(scene()), Image.new("RGB", (8, 8))
    picture = load(saved(first, "MPO", save_all=True, append_images=[second]))
    assert (picture.info.format, picture.rgb.shape) == ("JPEG", (32, 48, 3))


def test_a_picture_does_not_change_when_the_array_does() -> None:
    samples = scene()
    picture = load(samples)
    samples[:] = 0
    assert_array_equal(picture.rgb, scene())


@pytest.mark.parametrize(
    "source",
    [
        7,
        None,
        io.StringIO("text"),
        np.zeros((2, 2, 2), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.int64),
        np.zeros((4, 4), np.complex64),
        np.full((4, 4), 1.5),
        np.full((4, 4), np.nan),
        np.zeros(4, np.uint8),
    ],
)
def test_what_is_no_source_is_said_to_be_none(source: object) -> None:
    with pytest.raises(SourceError, match=r"expected .*, found "):
        load(source)


def test_a_missing_file_a_folder_and_nothing_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"none\.jpg: no such file") as missing:
        load(tmp_path / "none.jpg")
    assert missing.value.name == str(tmp_path / "none.jpg")
    with pytest.raises(UnreadableError, match="a folder"):
        load(tmp_path)
    with pytest.raises(UnreadableError, match="empty"):
        load(b"")
    with pytest.raises(UnreadableError, match="device"):
        load("/dev/null")
    with pytest.raises(UnreadableError, match="no path"):
        load("a\0b")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "locked.png"
    path.write_bytes(saved(scene(), "PNG"))
    path.chmod(0)
    with pytest.raises(UnreadableError, match="Permission denied"):
        load(path)
