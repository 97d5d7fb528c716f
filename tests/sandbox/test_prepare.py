"""What is kept of an upload: a proxy that stands for it, and a fingerprint from the same decode."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import samepic
from samepic.api import compare_pictures
from samepic.errors import TruncatedError
from samepic.fingerprints.proxy import proxy
from samepic.picture import load
from samepic.sandbox.decode import prepare
from tests.fingerprints.pictures import Rgb, encoded, exif, textured
from tests.gate.pictures import resaved


def soft(height: int, width: int) -> Rgb:
    """Return a textured picture; a large one is enlarged, since it takes seconds to make each of its pixels."""
    if height * width < 500_000:
        return textured(height, width)
    return np.asarray(Image.fromarray(textured(height // 3, width // 3)).resize((width, height)))


def test_a_proxy_is_a_small_jpeg_of_the_picture(astronaut: Path) -> None:
    made = load(proxy(load(astronaut)))
    assert (made.info.format, made.rgb.shape, made.info.metadata) == ("JPEG", (320, 320, 3), 0)
    assert compare_pictures(made, load(astronaut)).same


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (40, 60), (1200, 900)])
def test_a_proxy_never_exceeds_320_pixels_and_keeps_the_shape(shape: tuple[int, int]) -> None:
    height, width = load(proxy(load(soft(*shape)))).rgb.shape[:2]
    assert max(height, width) == min(320, max(shape))
    assert abs(height / width - shape[0] / shape[1]) <= 0.01 or min(height, width) < 3


def test_a_proxy_of_mere_noise_fits_into_16_kb_too() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (700, 700, 4), np.uint8)
    assert len(proxy(load(noise[..., :3]))) <= 16384
    assert len(proxy(load(noise))) <= 16384


def test_a_proxy_keeps_transparency_and_shows_no_colour_that_nobody_sees() -> None:
    rgba = np.zeros((400, 400, 4), np.uint8)
    rgba[100:300, 100:300] = (200, 40, 40, 255)
    rgba[..., 1] |= np.uint8(255) * (rgba[..., 3] == 0)
    made = load(proxy(load(rgba)))
    assert made.alpha is not None
    assert (made.info.format, int(made.alpha[0, 0]), int(made.alpha[160, 160])) == ("WEBP", 0, 255)
    assert compare_pictures(made, load(rgba)).same


def test_a_proxy_of_an_animation_shows_several_frames() -> None:
    frames = [Image.fromarray(textured(90, 120, seed)) for seed in range(1, 13)]
    stream = io.BytesIO()
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    made = load(proxy(load(stream.getvalue())))
    assert made.rgb.shape == (180, 240, 3)
    tiles = [made.rgb[y : y + 90, x : x + 120] for y in (0, 90) for x in (0, 120)]
    for tile, frame in zip(tiles, (0, 4, 7, 11), strict=True):
        assert samepic.compare(tile, frames[frame]).same


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"exif": exif(6)},
        {"exif": exif(7), "progressive": True},
        {"subsampling": 0},
    ],
)
@pytest.mark.parametrize("size", [(300, 200), (900, 1400), (2100, 2900)])
def test_one_decode_gives_the_codes_of_fingerprint_and_the_proxy_of_the_whole(
    size: tuple[int, int], options: dict[str, object]
) -> None:
    data = encoded(soft(*size), quality=90, **options)
    made, whole = prepare(data), samepic.fingerprint(data)
    assert made.fingerprint.distance(whole) <= 8
    assert (made.fingerprint.sha256, made.fingerprint.coded_digest) == (whole.sha256, whole.coded_digest)
    assert (made.info.width, made.info.height) == (whole.width, whole.height)
    assert samepic.compare(made.proxy, proxy(load(data)), same_if="resaved").same


def test_a_gray_picture_and_a_png_are_prepared_alike(chelsea: Path) -> None:
    gray = encoded(textured(600, 800)[..., 0])
    for data in (gray, chelsea.read_bytes()):
        made, whole = prepare(data), samepic.fingerprint(data)
        assert made.fingerprint.distance(whole) <= 8
        assert samepic.compare(made.proxy, data).same


def test_a_copy_code_comes_from_the_same_decode(coffee: Path) -> None:
    data = resaved(coffee, scale=3)
    made, whole = prepare(data, copycode=True).fingerprint, samepic.fingerprint(data, copycode=True)
    bits = int.from_bytes(made.copycode) ^ int.from_bytes(whole.copycode)
    assert len(made.copycode) == 32
    assert bits.bit_count() <= 16


def test_a_broken_jpeg_is_not_prepared(coffee: Path) -> None:
    data = resaved(coffee, scale=3)
    with pytest.raises(TruncatedError, match=r"upload\.jpg"):
        prepare(data[: len(data) // 2] + b"\xff\xd9", "upload.jpg")
