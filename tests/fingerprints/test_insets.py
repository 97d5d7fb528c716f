"""Insets: what was pasted into a picture is found by its straight sides, and photographs have none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import samepic
from samepic.fingerprints.copycode import COPYCODE_BYTES, PARTS, copycode, copycodes
from samepic.fingerprints.insets import Inset, insets
from samepic.tuning.search import INSETS

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pixels(photos: dict[str, Path]) -> dict[str, Pixels]:
    """Return the example photographs, 480 pixels wide."""
    found = {}
    for name, path in photos.items():
        image = Image.open(path).convert("RGB")
        size = 480, round(480 * image.height / image.width)
        found[name] = np.asarray(image.resize(size, Image.Resampling.LANCZOS))
    return found


def shrunk(rgb: Pixels, width: int) -> Pixels:
    height = round(width * rgb.shape[0] / rgb.shape[1])
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def pasted(ground: Pixels, rgb: Pixels, x: int, y: int) -> tuple[Pixels, Inset]:
    """Return the ground with a picture pasted at (x, y), and where it is."""
    height, width = rgb.shape[:2]
    out = ground.copy()
    out[y : y + height, x : x + width] = rgb
    return out, Inset(x, y, width, height)


def best(found: list[Inset], wanted: Inset) -> float:
    return max((one.overlap(wanted) for one in found), default=0.0)


def bits(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def test_the_example_photographs_have_none(pixels: dict[str, Pixels]) -> None:
    assert {name: insets(rgb) for name, rgb in pixels.items()} == {name: [] for name in pixels}


@pytest.mark.parametrize(
    ("ground", "name"), [("coffee", "astronaut"), ("chelsea", "coffee"), ("astronaut", "rocket")]
)
def test_a_photograph_pasted_on_another_is_found(pixels: dict[str, Pixels], ground: str, name: str) -> None:
    page, where = pasted(pixels[ground], shrunk(pixels[name], 150), 200, 90)
    assert best(insets(page), where) > 0.9


def test_it_is_found_after_saving_at_a_lower_size_and_quality(pixels: dict[str, Pixels]) -> None:
    page, where = pasted(pixels["coffee"], shrunk(pixels["chelsea"], 200), 120, 60)
    small = shrunk(page, 400)
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 70])
    assert done
    again = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    scale = 400 / 480
    wanted = Inset(*(round(value * scale) for value in where))
    assert best(insets(again), wanted) > 0.9


def test_a_photograph_on_a_page_of_text_is_found(pixels: dict[str, Pixels]) -> None:
    page = np.full((700, 560, 3), 250, np.uint8)
    for line in range(28):
        cv2.putText(
            page,
            "some words of no weight",
            (30, 30 + 24 * line),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.7,
            (40, 40, 40),
            1,
        )
    page, where = pasted(page, shrunk(pixels["chelsea"], 300), 110, 200)
    assert best(insets(page), where) > 0.9


def test_every_tile_of_a_wall_is_found(pixels: dict[str, Pixels]) -> None:
    names = ("astronaut", "coffee", "chelsea", "rocket")
    wall = np.full((2 * 250, 2 * 340, 3), 255, np.uint8)
    places = []
    for index, name in enumerate(names):
        tile = np.asarray(cv2.resize(pixels[name], (320, 230), interpolation=cv2.INTER_AREA), np.uint8)
        wall, where = pasted(wall, tile, 10 + index % 2 * 340, 10 + index // 2 * 250)
        places.append(where)
    found = insets(wall)
    assert [best(found, where) > 0.9 for where in places] == [True] * 4


def test_one_half_of_two_photographs_side_by_side_is_an_inset(pixels: dict[str, Pixels]) -> None:
    sides = [np.asarray(cv2.resize(pixels[name], (300, 300)), np.uint8) for name in ("astronaut", "coffee")]
    assert best(insets(np.concatenate(sides, axis=1)), Inset(0, 0, 300, 300)) > 0.95


def test_blank_panels_are_no_insets() -> None:
    window = np.full((300, 400, 3), 240, np.uint8)
    window[40:200, 60:300] = (90, 120, 200)
    assert insets(window) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 40), (47, 500), (48, 48), (50, 2000), (60, 61)])
def test_every_shape_is_taken(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    for found in (insets(noise), insets(noise[:, ::-1]), insets(np.zeros((*shape, 3), np.uint8))):
        assert len(found) <= INSETS.most
        for one in found:
            assert one.of(noise).shape == (one.height, one.width, 3)


def test_the_code_of_a_pasted_photograph_is_among_the_parts_and_near_its_original(
    pixels: dict[str, Pixels], tmp_path: Path
) -> None:
    page, where = pasted(pixels["coffee"], shrunk(pixels["astronaut"], 160), 40, 100)
    Image.fromarray(page).save(tmp_path / "page.png")
    made = samepic.fingerprint(tmp_path / "page.png", copycode=True)
    assert b"".join((*made.quarter_codes, *made.inset_codes)) == made.copycode_parts
    assert len(made.quarter_codes) == PARTS
    own = copycode(pixels["astronaut"])
    near = min(bits(code, own) for code in made.inset_codes)
    assert near <= 60 < min(bits(made.copycode, own), *(bits(code, own) for code in made.quarter_codes))
    assert samepic.Fingerprint.parse(str(made)) == made
    assert best(insets(page), where) > 0.9


_PROGRAM = """
import sys, cv2
cv2.setNumThreads(int(sys.argv[1]))
import samepic
print(samepic.fingerprint(sys.argv[2], copycode=True).copycode_parts.hex())
"""


@pytest.mark.slow
def test_insets_and_their_codes_are_the_same_in_other_processes_and_on_other_numbers_of_threads(
    pixels: dict[str, Pixels], tmp_path: Path
) -> None:
    page, _ = pasted(pixels["chelsea"], shrunk(pixels["rocket"], 170), 30, 20)
    page, _ = pasted(page, shrunk(pixels["astronaut"], 120), 300, 120)
    Image.fromarray(page).save(tmp_path / "page.png")
    here = copycodes(page)[COPYCODE_BYTES:].hex()
    assert len(here) >= 2 * COPYCODE_BYTES * (PARTS + 2)
    for threads in ("1", "3"):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, threads, str(tmp_path / "page.png")],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": threads},
        )
        assert done.stdout.strip() == here, threads
