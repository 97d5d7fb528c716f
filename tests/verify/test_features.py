"""Local features: matching, sizes, and the map that two pictures agree on."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from samepic.tuning.verify import ALIGN
from samepic.verify import features
from samepic.verify.features import (
    decompose,
    find_features,
    fit_map,
    inverse,
    is_sane,
    local_scale,
    reduced,
    scaling,
    two_nearest,
    two_nearest_plain,
)
from tests.verify.alterations import Altered, Matrix, corner_error, mirrored, seen_from_the_side, turned
from tests.verify.conftest import Pixels

Codes = NDArray[np.uint8]


def slow_two_nearest(codes: Codes, others: Codes) -> list[tuple[int, int, int]]:
    """The oracle: every distance counted bit by bit, sorted, the first of equals first."""
    rows = []
    for code in codes:
        bits = np.unpackbits(code ^ others, axis=1).sum(axis=1)
        first, second = np.argsort(bits, kind="stable")[:2]
        rows.append((int(first), int(bits[first]), int(bits[second])))
    return rows


@st.composite
def code_sets(draw: st.DrawFn) -> tuple[Codes, Codes]:
    """Draw codes of few distinct bytes, so that equal distances are common, and a count of others from 2."""
    seed = draw(st.integers(0, 2**32 - 1))
    kinds = draw(st.sampled_from(([0, 1], [0, 255], list(range(256)))))
    rng = np.random.default_rng(seed)
    sizes = draw(st.tuples(st.integers(1, 12), st.integers(2, 12)))
    codes, others = (rng.choice(np.array(kinds, np.uint8), (n, 32)) for n in sizes)
    if draw(st.booleans()):
        others[:, 1:] = 0
        codes[:, 1:] = 0
    return codes, others


@settings(deadline=None)
@given(code_sets())
def test_the_two_nearest_are_the_same_with_the_native_part_without_it_and_counted_bit_by_bit(
    sets: tuple[Codes, Codes],
) -> None:
    wanted = slow_two_nearest(*sets)
    for found in (two_nearest(*sets), two_nearest_plain(*sets)):
        assert list(zip(*(column.tolist() for column in found), strict=True)) == wanted


def test_the_two_nearest_of_codes_with_gaps_between_them_are_those_of_the_codes() -> None:
    rng = np.random.default_rng(4)
    wide = rng.integers(0, 256, (20, 64)).astype(np.uint8)
    found = two_nearest(wide[::2, :32], wide[1::2, 32:])
    assert list(zip(*(c.tolist() for c in found), strict=True)) == slow_two_nearest(
        wide[::2, :32], wide[1::2, 32:]
    )


def test_the_same_map_is_found_without_the_native_part(
    cat: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = np.asarray(cat.convert("L")), np.asarray(cat.rotate(12).convert("L"))
    fast = fit_map(find_features(one), find_features(two))
    monkeypatch.setattr(features, "native", None)
    slow = fit_map(find_features(one), find_features(two))
    assert fast is not None and slow is not None and fast[1] == slow[1]
    assert np.array_equal(fast[0], slow[0])


@pytest.mark.parametrize("points", [300, 2500])
@pytest.mark.parametrize("width", [400, 331, 97])
def test_a_mirrored_plane_has_its_features_where_it_was_mirrored_from(
    cat: Image.Image, width: int, points: int
) -> None:
    one = np.asarray(cat.convert("L").resize((width, width * 2 // 3)))
    searched = find_features(np.ascontiguousarray(one[:, ::-1]), points)
    derived = find_features(one, points).mirrored()
    assert derived.size == searched.size and len(derived.at) == len(find_features(one, points).at) > 0
    places = {
        tuple(at): code
        for at, code in zip(np.rint(searched.at * 8).tolist(), searched.descriptors, strict=True)
    }
    found = [
        (places.get(tuple(at)), code)
        for at, code in zip(np.rint(derived.at * 8).tolist(), derived.descriptors, strict=True)
    ]
    # The cells over which corners are spread, and the rounding of the smaller sizes, begin at the other side.
    common = [(other, code) for other, code in found if other is not None]
    assert len(common) >= 0.5 * len(found)
    near = [int(np.unpackbits(other ^ code).sum()) <= 32 for other, code in common]
    assert np.mean(near) >= 0.95


@pytest.mark.parametrize(("points", "lines"), [(200, 2), (700, 2), (700, 4)])
def test_corners_are_spread_over_a_picture_under_large_letters(
    cat: Image.Image, points: int, lines: int
) -> None:
    """Letters have the strongest corners of all; what lies beside them must have some too."""
    one = np.array(cat.convert("L").resize((400, 300)))
    lettered = one.copy()
    for row in range(60, 60 * lines + 1, 60):
        cv2.putText(lettered, "NOTHING TO SEE", (10, row), cv2.FONT_HERSHEY_DUPLEX, 1.4, 255, 3)
    found = fit_map(find_features(one, points), find_features(lettered, points))
    assert found is not None and found[1] >= ALIGN.credible
    assert np.allclose(found[0] / found[0][2, 2], np.eye(3), atol=2)


def test_a_code_turns_with_its_corner(cat: Image.Image) -> None:
    one = np.asarray(cat.convert("L").resize((400, 400)))
    for quarters in (1, 2, 3):
        found = fit_map(find_features(one), find_features(np.rot90(one, quarters).copy()))
        assert found is not None and found[1] >= 10 * ALIGN.sure


def test_features_are_those_of_what_a_plane_holds_now(cat: Image.Image) -> None:
    one = np.array(cat.convert("L"))
    before = find_features(one)
    one[:] = one[::-1].copy()
    after = find_features(one)
    assert not np.array_equal(before.at, after.at)
    assert np.array_equal(find_features(one[::-1].copy()).at, before.at)


@pytest.mark.parametrize("side", [400, 200, 97])
def test_a_reduced_plane_has_the_long_side_that_was_asked_for(side: int) -> None:
    assert max(reduced(np.zeros((1203, 1600), np.uint8), side).shape) == side
    assert max(reduced(np.zeros((1600, 1203), np.uint8), side).shape) == side


def test_a_small_plane_is_enlarged_to_the_least_side_only_when_asked() -> None:
    small = np.zeros((60, 90), np.uint8)
    assert reduced(small, 400).shape == (60, 90)
    assert reduced(small, 400, 240).shape == (160, 240)
    assert reduced(np.zeros((10, 400), np.uint8), 400, 240).shape == (10, 400)


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 4000), st.integers(1, 4000)), st.tuples(st.integers(1, 900), st.integers(1, 900))
)
def test_scaling_takes_edges_to_edges_and_back(size: tuple[int, int], target: tuple[int, int]) -> None:
    there = scaling(size, target)
    edges = np.array([[-0.5, -0.5, 1], [size[1] - 0.5, size[0] - 0.5, 1]]).T
    wanted = np.array([[-0.5, target[1] - 0.5], [-0.5, target[0] - 0.5]])
    assert np.allclose((there @ edges)[:2], wanted, atol=1e-6)
    assert np.allclose(there @ scaling(target, size), np.eye(3), atol=1e-6)


@pytest.mark.parametrize("side", [320, 128, 60])
def test_a_spot_lies_where_scaling_says_once_a_plane_is_reduced(side: int) -> None:
    y, x = np.mgrid[:704, :1024]
    plane = (255 * np.exp(-((x - 612.0) ** 2 + (y - 233.0) ** 2) / (2 * 30.0**2))).astype(np.uint8)
    small = reduced(plane, side).astype(float)
    row, column = np.mgrid[: small.shape[0], : small.shape[1]]
    middle = np.array([(small * column).sum(), (small * row).sum()]) / small.sum()
    wanted = scaling(plane.shape, small.shape) @ (612.0, 233.0, 1.0)
    assert np.abs(middle - wanted[:2]).max() < 0.12


def rotation(degrees: float, scale: float = 1.0) -> Matrix:
    """Return the map that turns clockwise on a screen, where y points down."""
    turn = math.radians(degrees)
    c, s = scale * math.cos(turn), scale * math.sin(turn)
    return np.array([[c, -s, 30.0], [s, c, -7.0], [0, 0, 1]])


@settings(deadline=None)
@given(st.floats(0, 359), st.floats(0.1, 10), st.floats(0, 500), st.floats(0, 500))
def test_a_similarity_has_its_scale_everywhere_and_round_axes(
    degrees: float, scale: float, x: float, y: float
) -> None:
    found, axes, upright = local_scale(rotation(degrees, scale), x, y)
    assert found == pytest.approx(scale, rel=1e-6) and axes == pytest.approx(1, abs=1e-3) and upright


def test_a_mirrored_map_does_not_keep_the_sense_of_turning() -> None:
    assert local_scale(np.diag([-2.0, 2.0, 1.0]), 3, 4)[::2] == (2.0, False)


def test_a_stretched_map_has_the_ratio_of_its_axes() -> None:
    scale, axes, upright = local_scale(rotation(20) @ np.diag([3.0, 1.0, 1.0]), 5, 9)
    assert (scale, axes) == pytest.approx((math.sqrt(3), 3.0)) and upright


def test_beyond_the_horizon_there_is_no_scale() -> None:
    tilted = np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]])
    assert local_scale(tilted, 50, 0)[0] == pytest.approx(2**1.5)
    assert local_scale(tilted, 150, 0) == (0.0, math.inf, False)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180, 300])
@pytest.mark.parametrize("scale", [0.2, 1.0, 6.0])
def test_a_turned_and_scaled_map_is_sane(degrees: float, scale: float) -> None:
    assert is_sane(rotation(degrees, scale), (400, 300))


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([-1.0, 1.0, 1.0]),
        np.diag([1e-3, 1e-3, 1.0]),
        np.diag([50.0, 50.0, 1.0]),
        np.diag([4.0, 1.0, 1.0]),
        np.array([[1, 2.5, 0], [0, 1, 0], [0, 0, 1.0]]),
        np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]]),
        np.array([[1, 0, 0], [0, 1, 0], [0.02, 0, 1.0]]),
        np.full((3, 3), np.nan),
        np.zeros((3, 3)),
    ],
    ids=[
        "mirrored",
        "crushed",
        "blown up",
        "stretched",
        "slanted",
        "horizon",
        "deep",
        "no number",
        "nothing",
    ],
)
def test_a_map_that_no_one_would_make_is_not_sane(matrix: Matrix) -> None:
    assert not is_sane(matrix, (400, 300))


@settings(deadline=None)
@given(st.floats(0.5, 359.5), st.floats(0.2, 5), st.booleans())
def test_a_turn_is_decomposed_into_its_angle_alone(degrees: float, scale: float, flip: bool) -> None:
    there = rotation(degrees, scale) @ np.diag([-1.0 if flip else 1.0, 1, 1])
    shape = decompose(there, 400, 300)
    if not flip:
        # The map takes b to a, so a must be turned the other way to be held as b is.
        assert abs((shape.angle + degrees + 180) % 360 - 180) < 1e-6
    assert (shape.stretch, shape.shear, shape.depth) == pytest.approx((1.0, 0.0, 1.0), abs=1e-4)


def test_stretch_shear_and_depth_are_told_apart() -> None:
    stretched = decompose(np.diag([1.3, 1.0, 1.0]), 400, 300)
    assert (stretched.stretch, stretched.shear, stretched.depth) == pytest.approx((1.3, 0.0, 1.0))
    slant = math.tan(math.radians(10))
    slanted = decompose(np.array([[1, slant, 0], [0, 1, 0], [0, 0, 1.0]]), 400, 300)
    assert slanted.shear == pytest.approx(10) and slanted.stretch < 1.05
    deep = decompose(np.array([[1, 0, 0], [0, 1, 0], [0.001, 0, 1.0]]), 400, 300)
    assert deep.depth == pytest.approx(1.4**1.5)


def copies(picture: Pixels) -> dict[str, Altered]:
    """Return copies of which each is a turn, a scale or a perspective away."""
    height, width = picture.shape[:2]
    half = np.asarray(cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)
    return {
        "turned by 15": turned(picture, 15),
        "turned by 90": turned(picture, 90),
        "half the size": Altered(half, scaling(half.shape, picture.shape)),
        "perspective": seen_from_the_side(picture),
    }


@pytest.mark.parametrize("name", ["turned by 15", "turned by 90", "half the size", "perspective"])
def test_a_known_map_of_a_photograph_is_found_within_the_reach_of_a_feature_at_the_corners(
    cat: Image.Image, name: str
) -> None:
    copy = copies(np.asarray(cat))[name]
    one, two = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (np.asarray(cat), copy.pixels))
    found = fit_map(find_features(np.asarray(one, np.uint8)), find_features(np.asarray(two, np.uint8)))
    assert found is not None and found[1] >= ALIGN.sure
    assert corner_error(inverse(found[0]), inverse(copy.to_source), one.shape) < ALIGN.reach


def test_the_same_two_planes_always_get_the_same_map(cat: Image.Image) -> None:
    one = np.asarray(cat.convert("L"))
    two = np.asarray(cat.rotate(20).convert("L"))
    maps = []
    for seed in (1, 99, 12345):
        cv2.setRNGSeed(seed)
        maps.append(fit_map(find_features(one), find_features(two)))
    first = maps[0]
    assert first is not None
    for other in maps[1:]:
        assert other is not None and other[1] == first[1] and np.array_equal(other[0], first[0])


def test_the_map_of_a_mirrored_picture_is_no_sane_map(cat: Image.Image) -> None:
    flipped = mirrored(np.asarray(cat)).pixels
    one, two = (np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), np.uint8) for p in (np.asarray(cat), flipped))
    found = fit_map(find_features(one), find_features(two))
    assert found is None or found[1] < ALIGN.sure


def test_another_photograph_has_no_map_that_can_be_trusted(photos: dict[str, Path]) -> None:
    planes = {}
    for stem, path in sorted(photos.items()):
        with Image.open(path) as image:
            planes[stem] = find_features(reduced(np.asarray(image.convert("L")), ALIGN.side))
    for (one, seen), (two, other) in product(planes.items(), planes.items()):
        found = fit_map(seen, other)
        if one == two:
            assert found is not None and np.allclose(found[0], np.eye(3), atol=0.01)
        else:
            assert found is None or found[1] < ALIGN.credible, (one, two)


@pytest.mark.parametrize("shape", [(40, 40), (16, 300), (12, 12)])
def test_a_plane_without_corners_has_no_features_and_no_map(shape: tuple[int, int]) -> None:
    seen = find_features(np.full(shape, 128, np.uint8))
    assert seen.at.shape == (0, 2) and seen.descriptors.shape == (0, 32) and seen.size == shape[::-1]
    assert fit_map(seen, seen) is None
