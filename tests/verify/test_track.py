"""Tracking: a part of a pixel is found, tone moves nothing, and two layers do not move as one."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from samepic.verify.align import banded, levelled, same_tone, track
from tests.verify.alterations import Matrix

Plane = NDArray[np.uint8]


@pytest.fixture(scope="module")
def plane(cat: Image.Image) -> Plane:
    """Return the cat's luma, 451x300."""
    return np.asarray(cat.convert("L"))


def shifted(plane: Plane, x: float, y: float) -> Plane:
    """Return a plane of which (x, y) lies where (0, 0) was: resampled on a grid eight times as fine."""
    fine = cv2.resize(plane, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    there = np.array([[1, 0, 8 * x], [0, 1, 8 * y]], np.float64)
    gone = cv2.warpAffine(
        fine, there, fine.shape[::-1], borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_LINEAR
    )
    return np.asarray(cv2.resize(gone, plane.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def everywhere(plane: Plane) -> NDArray[np.bool_]:
    """Return a mask that holds every pixel."""
    return np.ones(plane.shape, np.bool_)


def stepped(step: Matrix, x: float, y: float) -> Matrix:
    """Return where a step takes a point."""
    u, v, w = step @ (x, y, 1.0)
    return np.array([u / w, v / w])


@pytest.mark.parametrize(("x", "y"), [(0.3, 0.0), (0.0, -0.3), (0.3, 0.3), (-1.7, 0.6)])
def test_a_shift_by_a_part_of_a_pixel_is_found_to_a_twentieth(plane: Plane, x: float, y: float) -> None:
    found = track(levelled(plane), levelled(shifted(plane, x, y)), everywhere(plane))
    assert found is not None
    for place in ((225, 150), (60, 60), (390, 240)):
        gone = stepped(found.step, place[0] + x, place[1] + y)
        assert np.abs(gone - place).max() < 0.05
    assert np.median(found.strays) < 0.05


@pytest.mark.parametrize("degrees", [0.4, -1.0])
def test_a_small_turn_is_found_to_a_third_of_a_pixel_at_the_corners(plane: Plane, degrees: float) -> None:
    there = cv2.getRotationMatrix2D((225.0, 149.5), degrees, 1.0)
    turned = cv2.warpAffine(
        plane, there, plane.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    found = track(levelled(plane), levelled(np.asarray(turned, np.uint8)), everywhere(plane))
    assert found is not None
    together = found.step @ np.vstack([there, [0, 0, 1]])
    for corner in ((0, 0), (450, 0), (450, 299), (0, 299)):
        assert np.abs(stepped(together, *corner) - corner).max() < 0.33


TONES: dict[str, Callable[[Plane], Plane]] = {
    "gamma 0.5": lambda p: np.rint(255 * (p / 255) ** 0.5).astype(np.uint8),
    "gamma 2": lambda p: np.rint(255 * (p / 255) ** 2).astype(np.uint8),
    "darker": lambda p: (p * 0.6).astype(np.uint8),
    "flatter": lambda p: (p * 0.5 + 60).astype(np.uint8),
    "noise": lambda p: np.clip(p + np.random.default_rng(2).normal(0, 6, p.shape), 0, 255).astype(np.uint8),
    "blur": lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 1), np.uint8),
}


@pytest.mark.parametrize("name", TONES)
def test_a_change_of_tone_grain_or_sharpness_moves_nothing(plane: Plane, name: str) -> None:
    found = track(levelled(plane), levelled(TONES[name](plane)), everywhere(plane))
    assert found is not None
    for corner in ((0, 0), (450, 0), (450, 299), (0, 299), (225, 150)):
        assert np.abs(stepped(found.step, *corner) - corner).max() < 0.25
    assert np.median(found.strays) < 0.15


@settings(deadline=None, max_examples=15)
@given(st.floats(0.7, 1.0), st.integers(0, 60))
def test_levelling_undoes_most_of_gain_and_offset(gain: float, offset: int) -> None:
    rng = np.random.default_rng(3)
    plane = np.asarray(cv2.GaussianBlur(rng.integers(0, 256, (80, 90)).astype(np.uint8), (0, 0), 2), np.uint8)
    strong = np.clip((plane.astype(float) - 128) * 4 + 128, 0, 255)
    other = np.rint(strong * gain * 0.75 + offset).astype(np.uint8)
    one, two = (levelled(p).astype(float) for p in (np.rint(strong).astype(np.uint8), other))
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.98
    assert np.abs(one - two).mean() < 6


def test_two_layers_that_move_apart_stray_far_from_any_one_map(plane: Plane) -> None:
    near = shifted(plane, 5, 0)
    scene = plane.copy()
    scene[:, 40:] = np.where((np.arange(plane.shape[1])[40:] // 60) % 2, near[:, 40:], plane[:, 40:])
    as_one = track(levelled(plane), levelled(shifted(plane, 2.5, 0)), everywhere(plane))
    apart = track(levelled(plane), levelled(scene), everywhere(plane))
    assert as_one is not None and apart is not None
    assert np.percentile(as_one.strays, 80) < 0.2
    assert np.percentile(apart.strays, 80) > 2.0


def test_only_points_inside_are_tracked(plane: Plane) -> None:
    inside = np.zeros(plane.shape, np.bool_)
    inside[100:280, 50:250] = True
    found = track(levelled(plane), levelled(plane), inside)
    assert found is not None and len(found.points) == len(found.strays) > 20
    x, y = found.points.T
    assert x.min() >= 50 and x.max() < 250 and y.min() >= 100 and y.max() < 280


def test_a_plane_without_corners_cannot_be_tracked(plane: Plane) -> None:
    flat = np.full((90, 90), 128, np.uint8)
    assert track(flat, flat, everywhere(flat)) is None
    assert track(levelled(plane), levelled(plane), ~everywhere(plane)) is None


def test_the_same_planes_are_always_tracked_alike(plane: Plane) -> None:
    one, two = levelled(plane), levelled(shifted(plane, 1.3, -0.4))
    found = []
    for seed in (5, 77):
        cv2.setRNGSeed(seed)
        found.append(track(one, two, everywhere(plane)))
    assert found[0] is not None and found[1] is not None
    assert np.array_equal(found[0].step, found[1].step) and np.array_equal(found[0].strays, found[1].strays)


def test_stripes_of_light_do_not_move_fine_detail(plane: Plane) -> None:
    x = np.arange(plane.shape[1])
    lit = np.clip(plane * (1 + 0.3 * np.sin(x / 4.0)), 0, 255).astype(np.uint8)
    fine, coarse = (track(how(plane), how(lit), everywhere(plane), 1) for how in (banded, levelled))
    assert fine is not None and coarse is not None
    assert np.median(fine.strays) < 0.5 * np.median(coarse.strays)


def test_a_tone_is_undone_but_not_made_up_where_only_a_part_agrees(plane: Plane) -> None:
    darker = np.rint(255 * (plane / 255.0) ** 1.8).astype(np.uint8)
    one, two = same_tone(plane, darker, everywhere(plane))
    assert np.median(cv2.absdiff(one, two)) <= 2
    half = plane.copy()
    half[:, 225:] = plane[::-1, ::-1][:, 225:]
    one, two = same_tone(plane, half, everywhere(plane))
    assert one is plane and two is half
