"""Pictures of squares: their squares are found, the source looks the same on them, other photographs have none."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

import samepic
from samepic.picture import load
from samepic.verdict import Relation
from samepic.verify.mosaic import on_grid, squares_of
from tests.verify.conftest import Pixels, saved

STEMS = ("astronaut", "chelsea", "coffee", "rocket")


def coarsened(rgb: Pixels, cells: int) -> Pixels:
    """Return a picture in at most so many squares along its longer side, at the same size."""
    height, width = rgb.shape[:2]
    scale = cells / max(height, width)
    small = cv2.resize(rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def jpeg(rgb: Pixels, quality: int) -> Pixels:
    """Return a picture through JPEG."""
    return load(saved(Image.fromarray(rgb), quality=quality)).rgb


@pytest.mark.parametrize("quality", [70, 95])
@pytest.mark.parametrize("cells", [64, 100])
@pytest.mark.parametrize("stem", STEMS)
def test_on_the_squares_of_its_coarse_copy_a_picture_looks_like_the_copy(
    pixels: dict[str, Pixels], stem: str, cells: int, quality: int
) -> None:
    a = pixels[stem]
    b = jpeg(coarsened(a, cells), quality)
    grid = squares_of(b)
    assert grid is not None
    assert max(len(starts) for starts in grid) == cells
    before, after = (float(np.abs(p.astype(int) - b).mean()) for p in (a, on_grid(a, grid, b.shape)))
    assert after < before / 2


@pytest.mark.parametrize("quality", [20, 90])
@pytest.mark.parametrize("stem", STEMS)
def test_a_photograph_has_no_squares_however_it_was_saved(
    pixels: dict[str, Pixels], stem: str, quality: int
) -> None:
    assert squares_of(jpeg(pixels[stem], quality)) is None


def test_on_its_grid_a_picture_of_another_size_keeps_its_size(pixels: dict[str, Pixels]) -> None:
    a = pixels["coffee"]
    grid = squares_of(coarsened(a, 60))
    assert grid is not None
    half = np.asarray(cv2.resize(a, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    shown = on_grid(half, grid, a.shape)
    assert shown.shape == half.shape
    assert len(np.unique(shown[:, 0], axis=0)) <= len(grid[0])


@pytest.mark.parametrize("size", [(16, 12), (12, 20), (1, 1)])
def test_a_picture_with_fewer_pixels_than_squares_can_be_laid_on_them_too(
    pixels: dict[str, Pixels], size: tuple[int, int]
) -> None:
    grid = squares_of(coarsened(pixels["coffee"], 100))
    assert grid is not None
    tiny = np.asarray(cv2.resize(pixels["coffee"], size, interpolation=cv2.INTER_AREA), np.uint8)
    assert on_grid(tiny, grid, pixels["coffee"].shape).shape == tiny.shape


@pytest.mark.parametrize("stem", STEMS)
def test_a_coarse_copy_is_the_same_picture_either_way_round(pixels: dict[str, Pixels], stem: str) -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file, rgb in zip(files, (pixels[stem], coarsened(pixels[stem], 64)), strict=True):
        Image.fromarray(rgb).save(file, "JPEG", quality=85)
    one, two = (file.getvalue() for file in files)
    for verdict in (samepic.compare(one, two), samepic.compare(two, one)):
        assert verdict.relation is Relation.ADJUSTED


def test_a_coarse_copy_of_another_photograph_is_not_the_same(pixels: dict[str, Pixels]) -> None:
    a = pixels["chelsea"]
    other = np.asarray(cv2.resize(pixels["coffee"], a.shape[1::-1]), np.uint8)
    verdict = samepic.compare(a, coarsened(other, 64))
    assert verdict.relation is Relation.DIFFERENT
