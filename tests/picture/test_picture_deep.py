"""Samples of more than 8 bits: pixels are equal where all stored bits are."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from samepic.picture import Encoded, equal_pixels, load
from samepic.picture.formats import exif_facts
from samepic.picture.picture import deep_of, equal_displayed

HEIGHT, WIDTH = 24, 40


def coded(samples: NDArray[Any], form: str) -> Encoded:
    """Return (h, w[, 3 or 4]) samples as a file, in RGB order whatever the encoder wants."""
    if samples.dtype == np.float32:
        stream = io.BytesIO()
        Image.fromarray(samples).save(stream, "TIFF")
        return Encoded("float.tif", stream.getvalue())
    if samples.ndim == 3:
        samples = samples[..., [2, 1, 0, *range(3, samples.shape[2])]]
    done, data = cv2.imencode(form, np.ascontiguousarray(samples))
    assert done
    return Encoded(f"picture{form}", data.tobytes())


def random_16(channels: tuple[int, ...] = ()) -> NDArray[np.uint16]:
    """Return samples whose low byte can go up and down by some steps without a change of what is shown."""
    high = np.random.default_rng(5).integers(1, 255, (HEIGHT, WIDTH, *channels), np.uint16)
    return high * np.uint16(257)


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
@pytest.mark.parametrize("form", [".png", ".tif"])
def test_one_low_bit_of_16_makes_pixels_unequal(channels: tuple[int, ...], form: str) -> None:
    samples = random_16(channels) + np.uint16(9)
    other = samples.copy()
    other[3, 5] ^= 2
    one, two, again = load(coded(samples, form)), load(coded(other, form)), load(coded(samples, ".png"))
    assert equal_displayed(one, two)
    assert not equal_pixels(one, two)
    assert equal_pixels(one, again)


def test_a_float_that_differs_by_less_than_a_step_is_unequal() -> None:
    values = np.linspace(0, 1, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    other = values.copy()
    other[3, 5] += np.float32(1e-5)
    one, two, again = (load(coded(v, ".tif")) for v in (values, other, values))
    assert equal_displayed(one, two)
    assert not equal_pixels(one, two)
    assert equal_pixels(one, again)


def test_what_is_no_number_in_both_is_equal() -> None:
    values = np.linspace(0, 1, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    values[2, 2] = np.nan
    assert equal_pixels(load(coded(values, ".tif")), load(coded(values, ".tif")))


def test_16_bits_that_hold_no_more_than_8_are_equal_to_them() -> None:
    samples = random_16((3,))
    deep, shallow = load(coded(samples, ".png")), load((samples // 257).astype(np.uint8))
    assert deep_of(deep) is None
    assert equal_pixels(deep, shallow)
    samples[0, 0, 0] += 1
    assert not equal_pixels(load(coded(samples, ".png")), shallow)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_samples_are_turned_with_the_picture(orientation: int) -> None:
    samples = random_16() + np.uint16(9)
    image, exif = Image.fromarray(samples), Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    image.save(stream, "PNG", exif=exif)
    picture = load(Encoded("turned.png", stream.getvalue()))
    deep = deep_of(picture)
    assert deep is not None and deep.samples is not None
    assert np.array_equal(np.rint(deep.samples[..., 0] / 257).astype(np.uint8), picture.rgb[..., 0])


def test_color_under_full_transparency_does_not_count() -> None:
    samples = random_16((4,)) + np.uint16(9)
    samples[..., 3], samples[4, 4, 3] = 65535, 0
    other = samples.copy()
    other[4, 4, :3] = 7
    assert equal_pixels(load(coded(samples, ".png")), load(coded(other, ".png")))
    other[4, 5, 0] ^= 2
    assert not equal_pixels(load(coded(samples, ".png")), load(coded(other, ".png")))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_arrays_are_compared_at_their_own_depth_and_do_not_change_with_the_callers(dtype: type) -> None:
    scale = 1 if dtype is np.uint16 else 1 / 65535
    samples: NDArray[Any] = ((random_16((3,)) + np.uint16(9)) * scale).astype(dtype)
    one, other = load(samples), samples.copy()
    other[0, 0, 0] += 2 * scale
    assert not equal_pixels(one, load(other))
    kept = samples.copy()
    samples[:] = 0
    assert equal_pixels(one, load(kept))


def test_the_mode_tells_the_depth() -> None:
    for form, channels, mode in ((".png", (3,), "RGB;16"), (".tif", (3,), "RGB;16"), (".tif", (), "I;16")):
        info = load(coded(random_16(channels), form)).info
        assert (info.mode, info.depth) == (mode, 16)
    assert load(np.zeros((4, 4), np.uint8)).info.depth == 8


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_camera_is_known_by_its_make_model_or_time_and_not_by_an_editor(form: str) -> None:
    image = Image.new("RGB", (16, 16), "teal")
    for tags, camera in (
        ({0x010F: "NIKON CORPORATION", 0x0110: "NIKON D800"}, "NIKON D800"),
        ({0x010F: "Apple", 0x0110: "iPhone 13"}, "Apple iPhone 13"),
        ({0x0110: "X100"}, "X100"),
        ({0x010F: "Nikon"}, "Nikon"),
        ({0x0131: "GIMP"}, ""),
        ({}, ""),
    ):
        exif, stream = Image.Exif(), io.BytesIO()
        exif.update(tags)
        image.save(stream, form, exif=exif)
        assert load(Encoded("photo", stream.getvalue())).info.camera == camera


def test_when_it_was_taken_tells_of_a_camera_and_broken_exif_of_none() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: "2026:11:28 12:00:00", 0x9291: "25"})
    block = exif.tobytes()
    assert exif_facts(block) == (1, "", "2026-11-28T12:00:00.25")
    assert not any(exif_facts(block[:length]).taken for length in range(0, 26))
    assert exif_facts(b"Exif\0\0II*\0" + b"\xff" * 40) == (1, "", "")
    exif.get_ifd(0x8769)[0x9003] = "2026:1:8  2:00:00"
    assert exif_facts(exif.tobytes()).taken == "2026-01-08T02:00:00.25"
    for none in ("0000:00:00 00:00:00", "2000:00:00 00:00:00", "2026:13:40 12:00:00", "    :  :     :  :  "):
        exif.get_ifd(0x8769)[0x9003] = none
        assert exif_facts(exif.tobytes()).taken == ""
