"""The native part: used where it was built, missed by nothing where it was not."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from samepic.fingerprints.pdq import Pdq, Reduction, coded, pdq, pdq_reference, samples
from samepic.hamming import Codes
from samepic.measures import ssimulacra2 as visibility
from samepic.native import native
from samepic.picture import jpeg
from samepic.verify.align import one_contrast_plain
from samepic.verify.evidence import ExplainedPair, Network, cell_means, cell_means_plain, sharpness_of
from samepic.verify.features import (
    corners_of,
    corners_plain,
    correlation_map,
    correlation_map_plain,
    describe,
    describe_plain,
    two_nearest,
    two_nearest_plain,
)
from samepic.verify.photometry import area_means, mix_of, mix_plain
from samepic.verify.tone import fit_tone_map, planes_of, planes_plain
from tests.fingerprints.pictures import GOLDEN, golden_pictures, textured
from tests.measures.pictures import flat, scene

BUILT = find_spec("samepic._native") is not None
only_built = pytest.mark.skipif(not BUILT, reason="the native part was not built")


def test_the_native_part_is_loaded_wherever_it_was_built() -> None:
    assert (native is not None) == BUILT


def test_one_build_serves_every_python() -> None:
    """A "#" in a format of arguments means another thing where the headers of a build were those of 3.13."""
    sources = sorted((Path(__file__).parent.parent / "src" / "samepic").glob("_*.[ch]"))
    assert len(sources) > 5
    for path in sources:
        assert not re.search(r'(?:PyArg_\w+|Py_BuildValue)\([^;]*?"[^"]*#', path.read_text("utf-8")), path


@only_built
def test_the_search_goes_through_the_native_part(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Spy:
        def search(self, codes: object, ids: object, query: object, most: int, bound: int) -> bytearray:
            asked.append(most)
            return bytearray(np.array([[7, 0]], np.int64).tobytes())

    monkeypatch.setattr("samepic.hamming.native", Spy())
    codes = Codes()
    codes.add([7], bytes(32))
    assert codes.nearest(bytes(32), 3).ids.tolist() == codes.within(bytes(32), 0).ids.tolist() == [7]
    assert asked == [3, -1]


def result(seen: Pdq) -> tuple[list[str], int, int]:
    return [code.tobytes().hex() for code in seen.codes], seen.quality, seen.detail


@contextmanager
def without_native() -> Iterator[None]:
    """Make codes as where the native part was not built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("samepic.fingerprints.pdq.native", None)
        patch.setattr("samepic.fingerprints.pdq.native", None)
        yield


@only_built
@settings(deadline=None)
@given(
    arrays(np.float32, (64, 64), elements=st.floats(-300, 300, width=32), fill=st.floats(0, 255, width=32))
)
def test_codes_of_any_samples_are_the_same_with_the_native_part_and_without(
    taken: NDArray[np.float32],
) -> None:
    fast = result(coded(taken))
    with without_native():
        assert result(coded(taken)) == fast


@only_built
@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from((1, 2, 4, 8)),
    st.integers(1, 8),
    st.integers(0, 9),
)
def test_samples_are_the_same_with_the_native_part_and_without(
    height: int, width: int, eighths: int, orientation: int, seed: int
) -> None:
    luma = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    scale = eighths / 8
    reduction = Reduction(height * 8 // eighths, width * 8 // eighths, scale, scale, orientation)
    fast = samples(luma, reduction)
    with without_native():
        np.testing.assert_array_equal(samples(luma, reduction), fast)


@only_built
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_pictures_have_the_same_codes_with_the_native_part_and_without(
    name: str,
) -> None:
    rgb = golden_pictures()[name]
    fast = result(pdq_reference(rgb)), result(pdq(rgb[..., 1]))
    with without_native():
        assert (result(pdq_reference(rgb)), result(pdq(rgb[..., 1]))) == fast


@only_built
@given(
    st.lists(st.sampled_from((0, 1, 0xC0, 0xD0, 0xD7, 0xD8, 0xFE, 0xFF, 0xFF)), max_size=12),
    st.integers(0, 12),
)
def test_a_scan_ends_at_the_same_place_with_the_native_part_and_without(
    values: list[int], start: int
) -> None:
    data = bytes(values)
    fast = jpeg._scan_end(data, min(start, len(data)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg, "native", None)
        assert jpeg._scan_end(data, min(start, len(data))) == fast


@only_built
def test_a_code_goes_through_the_native_part(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    class Spy:
        def samples(self, *given: object) -> bytearray:
            called.append("samples")
            return bytearray(64 * 64 * 4)

        def code(self, *given: object) -> tuple[bytes, int, int]:
            called.append("code")
            return bytes(256), 1, 2

    monkeypatch.setattr("samepic.fingerprints.pdq.native", Spy())
    monkeypatch.setattr("samepic.fingerprints.pdq.native", Spy())
    assert pdq(textured(70, 90)[..., 1]).detail == 2
    assert called == ["samples", "code"]


def taken(found: tuple[NDArray[np.int32], ...]) -> list[list[int]]:
    return [column.tolist() for column in found]


@only_built
@settings(deadline=None)
@given(
    st.integers(1, 40),
    st.integers(2, 40),
    st.sampled_from(([0], [0, 1], [0, 255], [1, 2, 4, 0x7F, 0xFE])),
    st.integers(0, 2**32 - 1),
)
def test_features_are_matched_alike_with_the_native_part_and_without(
    count: int, others: int, values: list[int], seed: int
) -> None:
    draw = np.random.default_rng(seed)
    one, two = (draw.choice(np.array(values, np.uint8), (n, 32)) for n in (count, others))
    assert taken(two_nearest(one, two)) == taken(two_nearest_plain(one, two))


@only_built
def test_features_are_matched_by_the_native_part(monkeypatch: pytest.MonkeyPatch) -> None:
    class Spy:
        def match(self, codes: object, others: object) -> bytearray:
            return bytearray(np.array([[5, 6, 7]], np.int32).tobytes())

    monkeypatch.setattr("samepic.verify.features.native", Spy())
    assert taken(two_nearest(np.zeros((1, 32), np.uint8), np.zeros((2, 32), np.uint8))) == [[5], [6], [7]]


@st.composite
def planes_with_corners(draw: st.DrawFn) -> NDArray[np.uint8]:
    """Draw a plane of more than 30 pixels each way: noise of few or many levels, in blocks of one to nine pixels."""
    height, width, block = draw(st.integers(31, 120)), draw(st.integers(31, 120)), draw(st.integers(1, 9))
    levels = draw(st.sampled_from(([0, 255], [100, 101, 140], [7], list(range(256)))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    coarse = rng.choice(np.array(levels, np.uint8), (-(-height // block), -(-width // block)))
    return np.kron(coarse, np.ones((block, block), np.uint8))[:height, :width].astype(np.uint8)


@only_built
@settings(deadline=None)
@given(planes_with_corners(), st.integers(0, 300))
def test_corners_are_the_same_with_the_native_part_and_without(plane: NDArray[np.uint8], count: int) -> None:
    found = corners_of(plane, count)
    assert np.array_equal(found, corners_plain(plane, count))
    assert len(found) <= count and len(np.unique(found[:, :2], axis=0)) == len(found)


@only_built
@settings(deadline=None)
@given(planes_with_corners(), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_places_are_described_alike_with_the_native_part_and_without(
    plane: NDArray[np.uint8], count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    height, width = plane.shape
    places = rng.integers((15, 15, 0), (width - 15, height - 15, 8), (count, 3)).astype(np.int32)
    tests = rng.integers(-15, 16, (8, 256, 4)).astype(np.int8)
    assert np.array_equal(describe(plane, places, tests), describe_plain(plane, places, tests))


@only_built
def test_corners_and_places_that_do_not_fit_are_refused() -> None:
    assert native is not None
    plane, tests = np.zeros((40, 40), np.uint8), np.zeros((2, 256, 4), np.int8)
    for width, most, cell, least in (
        (30, 5, 32, 0),
        (0, 5, 32, 0),
        (-1, 5, 32, 0),
        (7, 5, 32, 0),
        (1600, 5, 32, 0),
        (40, -1, 32, 0),
        (40, 5, 0, 0),
        (40, 5, 32, -1),
        (40, 5, 32, np.nan),
    ):
        with pytest.raises(ValueError, match="plane of whole lines"):
            native.corners(plane, width, most, cell, least, 0.04)
    for place in ((14, 20, 0), (25, 20, 0), (20, 25, 0), (20, 20, 2), (20, 20, -1)):
        with pytest.raises(ValueError, match="within a plane"):
            native.describe(plane, 40, np.array([place], np.int32), tests)
    for far in (-16, 16):
        with pytest.raises(ValueError, match="within a plane"):
            native.describe(plane, 40, np.array([[20, 20, 0]], np.int32), np.full_like(tests, far))
    with pytest.raises(ValueError, match="within a plane"):
        native.describe(plane, 40, bytes(13), tests)


@only_built
@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_correlation_is_the_same_with_the_native_part_and_without(
    height: int, width: int, step: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    a = draw.uniform(0, 255, (height, width)).astype(np.float32)
    b = (a + draw.normal(0, 20, a.shape)).astype(np.float32)
    for here, plain in zip(correlation_map(a, b, step), correlation_map_plain(a, b, step), strict=True):
        assert here.shape == plain.shape and np.allclose(here, plain, rtol=1e-5, atol=1e-5)


@only_built
@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from((1, 40, 256)), st.integers(0, 2**32 - 1))
def test_a_plane_gets_one_contrast_alike_with_the_native_part_and_without(
    height: int, width: int, values: int, seed: int
) -> None:
    assert native is not None
    plane = np.random.default_rng(seed).integers(0, values, (height, width)).astype(np.uint8)
    found = np.frombuffer(native.level(plane, width), np.uint8).reshape(plane.shape)
    assert np.array_equal(found, one_contrast_plain(plane))


@only_built
@settings(deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_a_network_answers_alike_with_the_native_part_and_without(
    widths: list[int], count: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)

    def numbers(*shape: int) -> NDArray[np.float32]:
        return draw.normal(size=shape).astype(np.float32)

    layers = tuple((numbers(a, b), numbers(b)) for a, b in zip(widths, [*widths[1:], 1], strict=True))
    network = Network(numbers(widths[0]), draw.uniform(0.5, 2, widths[0]).astype(np.float32), layers)
    rows = numbers(count, widths[0])
    assert native is not None and network.odds(rows).shape == (count,)
    if count:
        assert np.allclose(network.odds(rows), network.odds_plain(rows), rtol=1e-4, atol=1e-4)


@only_built
@settings(deadline=None)
@given(st.integers(8, 60), st.integers(8, 60), st.sampled_from((4, 8)), st.integers(0, 2**32 - 1))
def test_cells_are_measured_alike_with_the_native_part_and_without(
    height: int, width: int, side: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    planes = draw.uniform(-128, 255, (10, height, width)).astype(np.float32)
    samples = draw.uniform(0, 255, (9, 3)).astype(np.float32)
    pair = ExplainedPair(
        raw=tuple(planes[:3]),
        sharp=planes[3],
        shown=(planes[4], planes[5], planes[6]),
        target=(planes[7], planes[8], planes[9]),
        inside=np.ones((height, width), np.bool_),
        side=side,
        tone=fit_tone_map(samples, samples, np.ones(9, np.float32)),
        whole=True,
        displacement=0.0,
        shaded=0.0,
    )
    shape = -(-height // side), -(-width // side)
    for means in zip(cell_means(pair, shape), cell_means_plain(pair, shape), strict=True):
        here, plain = (np.asarray(part, np.float32) for part in means)
        assert here.shape[-2:] == shape
        assert np.allclose(here, plain, rtol=1e-4, atol=1e-2)


@only_built
def test_the_native_part_refuses_planes_of_cells_that_do_not_fit() -> None:
    assert native is not None
    planes = [np.zeros((4, 6), np.float32) for _ in range(10)]
    assert len(native.cells(planes, 6, 4)) == 14 * 2 * 4
    for wrong, width, side in (
        (planes[1:], 6, 4),
        ([*planes[1:], planes[0][:3]], 6, 4),
        (planes, 0, 4),
        (planes, -1, 4),
        (planes, 5, 4),
        (planes, 2**62, 4),
        (planes, 6, 0),
        (planes, 6, 65),
        ([plane[:0] for plane in planes], 6, 4),
    ):
        with pytest.raises(ValueError, match="planes"):
            native.cells(wrong, width, side)
    for unfit in ([*planes[1:], None], tuple(planes)):
        with pytest.raises(TypeError):
            native.cells(unfit, 6, 4)  # type: ignore[arg-type]  # what a caller in another language may do


@only_built
@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.sampled_from((1, 3, 4)),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_pictures_get_smaller_as_by_opencv(
    shape: tuple[int, int], to: tuple[int, int], bands: int, floats: bool, seed: int
) -> None:
    height, width = max(shape[0], to[0]), max(shape[1], to[1])
    kind = (height, width) if bands == 1 else (height, width, bands)
    drawn = np.random.default_rng(seed).integers(0, 256, kind)
    picture: Any = drawn.astype(np.float32) if floats else drawn.astype(np.uint8)
    here: NDArray[Any] = area_means(picture, (to[1], to[0]))
    plain = np.asarray(cv2.resize(picture, (to[1], to[0]), interpolation=cv2.INTER_AREA)).reshape(here.shape)
    assert here.dtype == picture.dtype
    apart = np.abs(here.astype(np.float64) - plain)
    assert apart.max() <= (1e-3 if floats else 1) and (
        floats or (apart > 0).mean() <= max(0.02, 1 / apart.size)
    )


@only_built
@settings(deadline=None)
@given(st.integers(1, 50), st.integers(1, 150), st.integers(0, 2**32 - 1))
def test_planes_and_their_sharpness_are_those_of_opencv(height: int, width: int, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    for here, plain in zip(planes_of(rgb), planes_plain(rgb), strict=True):
        assert np.array_equal(here, plain)
        rms = cv2.norm(cv2.Laplacian(plain, cv2.CV_32F)) / plain.size**0.5
        assert np.isclose(sharpness_of(here), rms, rtol=1e-9)


@only_built
def test_every_color_is_divided_as_by_opencv() -> None:
    levels = np.arange(256, dtype=np.uint8)
    for green in range(0, 256, 15):
        red, blue = np.meshgrid(levels, levels)
        rgb = np.dstack([red, np.full_like(red, green), blue])
        assert all(np.array_equal(*both) for both in zip(planes_of(rgb), planes_plain(rgb), strict=True))


@only_built
def test_the_native_part_refuses_pictures_that_do_not_fit() -> None:
    assert native is not None
    for size in (
        (4, 6, 0, 3),
        (4, 6, 2, -1),
        (4, 6, 5, 3),
        (4, 6, 2, 7),
        (2, 6, 2, 3),
        (2**62, 6, 2, 3),
        (0, 0, 1, 1),
    ):
        with pytest.raises(ValueError, match="wanted a picture"):
            native.shrunk(bytes(4 * 6 * 5), *size, False)
    with pytest.raises(ValueError, match="wanted a picture"):
        native.shrunk(bytes(4 * 6 * 3), 4, 6, 2, 3, True)
    with pytest.raises(ValueError, match="three bytes"):
        native.planes(bytes(4))
    for plane, width in ((bytes(24), 0), (bytes(24), 5), (bytes(0), 3), (bytes(24), 2**62), (bytes(24), -1)):
        with pytest.raises(ValueError, match="plane"):
            native.sharpness(plane, width)


@only_built
@settings(deadline=None)
@given(
    st.integers(1, 30),
    st.integers(1, 30),
    st.sampled_from((0.0, 1e-3, 30.0, 1e6)),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_a_filter_is_fitted_alike_with_the_native_part_and_without(
    height: int, width: int, noise: float, rounded: bool, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    parts = draw.normal(0, 9, (5, height, width)).astype(np.float32)
    source = draw.uniform(0, 255, (height, width)).astype(np.float32)
    target = source + 0.4 * parts[0] - 0.2 * parts[3] + draw.normal(0, noise, source.shape)
    target = (np.rint(target) if rounded else target).astype(np.float32)
    where = np.flatnonzero(draw.random(source.shape) < 0.7)
    if len(where) > 1:
        here, plain = (
            np.tensordot(mix(parts, source, target, where), parts, 1) for mix in (mix_of, mix_plain)
        )
        assert np.allclose(here, plain, rtol=1e-3, atol=1e-3 * (1 + noise))


@only_built
def test_a_filter_is_fitted_whatever_the_planes_hold() -> None:
    for odd in (np.nan, np.inf, -np.inf, 1e38):
        parts, plane = np.ones((5, 3, 3), np.float32), np.zeros((3, 3), np.float32)
        parts[2, 1, 1] = plane[0, 0] = odd
        assert mix_of(parts, plane, plane.T, np.arange(9)).shape == (5,)


@only_built
def test_the_native_part_refuses_planes_and_layers_that_do_not_fit() -> None:
    assert native is not None
    for size, width in ((10, 0), (10, -1), (10, 4), (10, 2**62), (0, 5)):
        with pytest.raises(ValueError, match="plane of whole lines"):
            native.level(bytes(size), width)
    inputs, layers = np.zeros((2, 3), np.float32), np.zeros(6 + 4, np.float32)
    for inner, numbers, widths in (
        (inputs, layers, [3]),
        (inputs, layers, [3, 2]),
        (inputs, layers, [3, 0]),
        (inputs, layers, [0, 1]),
        (inputs, layers[:0], []),
        (inputs, layers[:-1], [3, 1]),
        (inputs.ravel()[:4], layers, [3, 1]),
    ):
        with pytest.raises(ValueError, match="fit the widths"):
            native.odds(np.ascontiguousarray(inner), numbers, np.array(widths, np.int32))
    parts, plane, where = np.zeros((5, 2, 2), np.float32), np.zeros((2, 2), np.float32), np.arange(4)
    for some, one, two, places, share in (
        (parts[1:], plane, plane, where, 80.0),
        (parts, plane[1:], plane, where, 80.0),
        (parts, plane, plane[1:], where, 80.0),
        (parts, plane, plane, where + 1, 80.0),
        (parts, plane, plane, where - 1, 80.0),
        (parts, plane, plane, where[:0], 80.0),
        (parts, plane, plane, where, 101.0),
        (parts, plane, plane, where, np.nan),
    ):
        with pytest.raises(ValueError, match="five of them parts"):
            native.mix(some, one, two, np.ascontiguousarray(places), share)


@only_built
def test_every_bit_of_a_code_counts_as_one() -> None:
    bits = np.packbits(np.eye(256, dtype=np.uint8), axis=1)
    zero, full = np.zeros((1, 32), np.uint8), np.full((1, 32), 255, np.uint8)
    nearest, best, second = two_nearest(bits, np.vstack([full, zero]))
    assert set(nearest.tolist()) == {1} and set(best.tolist()) == {1} and set(second.tolist()) == {255}
    nearest, best, _ = two_nearest(bits, bits[::-1])
    assert nearest.tolist() == list(range(255, -1, -1)) and not best.any()


@only_built
def test_codes_are_matched_to_none_or_one_without_trouble() -> None:
    assert native is not None
    one = np.arange(32, dtype=np.uint8)[None]
    assert native.match(one[:0], one) == bytearray()
    assert np.frombuffer(native.match(one, one[:0]), np.int32).tolist() == [-1, 257, 257]
    assert np.frombuffer(native.match(one, one), np.int32).tolist() == [0, 0, 257]


@only_built
def test_the_native_part_refuses_what_does_not_fit() -> None:
    assert native is not None
    lines, weights = np.zeros((16, 1), np.int64), np.zeros((16, 4, 1))
    for wrong in (np.full((16, 1), 3), np.full((16, 1), -1), np.zeros((15, 1), np.int64)):
        with pytest.raises(ValueError, match="bands of lines within it"):
            native.samples(bytes(9), 3, wrong, weights, lines, weights, False)
        with pytest.raises(ValueError, match="bands of lines within it"):
            native.samples(bytes(9), 3, lines, weights, wrong, weights, False)
    for luma, width in ((bytes(9), 0), (bytes(9), 2), (b"", 3)):
        with pytest.raises(ValueError, match="luma of whole lines"):
            native.samples(luma, width, lines, weights, lines, weights, False)
    for start in (-1, 4):
        with pytest.raises(ValueError, match="within the data"):
            native.scan_end(bytes(3), start)
    cosines = np.zeros((16, 64), np.float32)
    for bad in (np.nan, np.inf, 1e7):
        with pytest.raises(ValueError, match="at most 1e6 each"):
            native.code(np.full((64, 64), bad, np.float32), cosines, 2)
    with pytest.raises(ValueError, match="64 x 64 samples"):
        native.code(bytes(64), cosines, 2)
    codes = np.zeros(104, np.uint8)
    for one, two in ((codes[:33], codes[:32]), (codes[:32], codes[:31]), (codes[1:33], codes[:32])):
        with pytest.raises(ValueError, match="aligned arrays of codes of 32 bytes"):
            native.match(one, two)
    with pytest.raises((ValueError, BufferError)):
        native.match(np.zeros((4, 64), np.uint8)[:, :32], codes[:32])


@only_built
def test_the_native_part_refuses_planes_that_do_not_fit() -> None:
    assert native is not None
    plane = np.zeros((4, 5), np.float32)
    for one, two, width in (
        (plane, plane[:3], 5),
        (plane, plane, 3),
        (plane, plane, 0),
        (plane[:0], plane[:0], 5),
    ):
        with pytest.raises(ValueError, match="planes of float32 of one size"):
            native.correlation(one, two, width, 17, 1, 1.0)
    for window, step, floor in (
        (16, 1, 1.0),
        (-1, 1, 1.0),
        (257, 1, 1.0),
        (17, 0, 1.0),
        (17, 1, 0.0),
        (17, 1, np.nan),
    ):
        with pytest.raises(ValueError, match="odd window"):
            native.correlation(plane, plane, 5, window, step, floor)


def copies_of(a: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """Return copies of a picture that differ from it in ways that the maps of SSIMULACRA 2.1 tell apart."""
    noise = np.random.default_rng(3).integers(-6, 7, a.shape)
    return {
        "noise": np.clip(a + noise, 0, 255).astype(np.uint8),
        "blur": cv2.GaussianBlur(a, (0, 0), 1.2).astype(np.uint8),
        "fewer levels": a // 16 * 16,
        "one off": np.minimum(a, 254) + np.uint8(1),
        "one pixel": np.where(np.arange(a.size).reshape(a.shape) == a.size - 1, 255 - a, a),
        "another": scene(99, a.shape[1], a.shape[0]),
    }


@only_built
@pytest.mark.parametrize("darker", [1, 12])
@pytest.mark.parametrize(
    ("width", "height"),
    [(8, 8), (113, 257), (248, 40), (249, 131), (252, 33), (496, 128), (497, 129), (500, 65), (750, 115)],
)
def test_scores_are_the_same_with_the_native_part_and_without(
    width: int, height: int, darker: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within half a step of what is shown; the sizes are those at which strips and bands end, and one more."""
    for a in (scene(2, width, height) // np.uint8(darker), flat(200 // darker, width, height)):
        fast = {name: visibility.ssimulacra2(a, b) for name, b in copies_of(a).items()}
        with monkeypatch.context() as patch:
            patch.setattr(visibility, "native", None)
            plain = {name: visibility.ssimulacra2(a, b) for name, b in copies_of(a).items()}
        assert fast == pytest.approx(plain, rel=1e-5, abs=5e-3)


@only_built
@settings(deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 5), st.integers(0, 10_000), st.data())
def test_any_maps_of_any_size_are_the_same_with_the_native_part_and_without(
    width: int, height: int, scales: int, seed: int, data: st.DataObject
) -> None:
    a = scene(seed, width, height)
    b = data.draw(st.sampled_from(list(copies_of(a).values())))
    counts = data.draw(arrays(bool, (scales, 3, 3)))
    found = visibility.sums_of(a[:, ::-1], b[:, ::-1], counts)
    expected = visibility.sums_plain(a[:, ::-1], b[:, ::-1], counts)
    assert np.allclose(found, expected, rtol=2e-3, atol=1e-3)


@only_built
def test_pictures_and_maps_that_do_not_fit_are_refused() -> None:
    assert native is not None
    a, numbers, maps = np.zeros((4, 5, 3), np.uint8), visibility._NUMBERS, bytes([7] * 9)
    for one, two, width in (
        (a, a[:3], 5),
        (a, a, 0),
        (a, a, -5),
        (a, a, 3),
        (a[:0], a[:0], 5),
        (a, a, 2**62),
    ):
        with pytest.raises(ValueError, match="two pictures of one size"):
            native.ssimulacra(one, two, width, numbers, maps)
    for wrong in (numbers[1:], numbers.astype(np.float64), np.frombuffer(b"0" + numbers.tobytes(), "u1")[1:]):
        with pytest.raises(ValueError, match="28 aligned numbers"):
            native.ssimulacra(a, a, 5, wrong, maps)
    for wrong_maps in (b"", bytes(8), bytes(18)):
        with pytest.raises(ValueError, match="maps that count"):
            native.ssimulacra(a, a, 5, numbers, wrong_maps)
    with pytest.raises((ValueError, BufferError)):
        native.ssimulacra(a[:, ::2], a[:, ::2], 3, numbers, maps)


def test_all_works_where_the_native_part_cannot_be_loaded() -> None:
    program = (
        "import sys; sys.modules['samepic._native'] = None; "
        "from samepic.native import native; from samepic.hamming import Codes; "
        "codes = Codes(); codes.add([7], bytes(32)); "
        "print(native, codes.nearest(bytes(32), 1).ids.tolist())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "None [7]\n"
