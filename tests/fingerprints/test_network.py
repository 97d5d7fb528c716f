"""The native network of copy codes: what NumPy makes of the same layers, and the values of OpenCV."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from samepic.errors import MissingPartError
from samepic.fingerprints import network as module
from samepic.fingerprints.copycode import MODEL, squared
from samepic.native import native
from samepic.picture import load

Floats = NDArray[np.float64]
only_built = pytest.mark.skipif(native is None, reason="the native part is not built")
LANES, SEEN = 16, 27


def filled(channels: int) -> int:
    return -(-channels // LANES) * LANES


def windows(plane: Floats, side: int, stride: int) -> Floats:
    """Return what a filter sees of a plane (h, w, c) at each of its places, (out, out, side, side, c), 0 beyond it."""
    size = len(plane)
    out = -(-size // stride)
    beyond = max((out - 1) * stride + side - size, 0)
    wide = np.pad(plane, [(beyond // 2, beyond - beyond // 2)] * 2 + [(0, 0)])
    seen = np.lib.stride_tricks.sliding_window_view(wide, (side, side), axis=(0, 1))
    return np.moveaxis(seen[::stride, ::stride], 2, 4)


def clipped(plane: Floats) -> Floats:
    return np.clip(plane, 0, 6)


class Layers:
    """The same random layers as arrays for NumPy and laid out for the native part, channels filled up with zeros."""

    def __init__(self, seed: int, stem: int, blocks: list[tuple[int, int, int, int]], last: int) -> None:
        self.rng, self.laid = np.random.default_rng(seed), list[NDArray[np.float32]]()
        self.stem = self.product(SEEN, stem)
        self.table, self.blocks = [], []
        ins = [stem, *(out for _, out, _, _ in blocks)]
        for (given_in, _), (inner, out, side, stride) in zip(pairwise([*ins, last]), blocks, strict=False):
            widen = self.product(given_in, inner) if inner != given_in else None
            self.blocks.append((widen, self.each(inner, side), self.product(inner, out), stride))
            self.table.append((given_in, inner, out, side, stride))
        self.last = self.product(ins[-1], last)

    def product(self, into: int, out: int) -> tuple[Floats, Floats]:
        matrix, bias = self.rng.normal(0, into**-0.5, (into, out)), self.rng.normal(0, 1, out)
        wide = np.zeros((filled(into), filled(out)), np.float32)
        wide[:into, :out] = matrix
        self.laid.append(wide.reshape(filled(into), -1, LANES).transpose(1, 0, 2).ravel())
        self.laid.append(np.pad(bias, (0, filled(out) - out)).astype(np.float32))
        return matrix, bias

    def each(self, channels: int, side: int) -> tuple[Floats, Floats]:
        taps, bias = self.rng.normal(0, 1 / side, (side, side, channels)), self.rng.normal(0, 1, channels)
        wide = np.zeros((side * side, filled(channels)), np.float32)
        wide[:, :channels] = taps.reshape(-1, channels)
        self.laid.append(np.stack(np.split(wide, filled(channels) // LANES, axis=1)).ravel())
        self.laid.append(np.pad(bias, (0, filled(channels) - channels)).astype(np.float32))
        return taps, bias

    def by_numpy(self, pixels: NDArray[np.uint8]) -> Floats:
        seen = windows((pixels.astype(np.float64) - 127) / 128, 3, 2)
        plane = clipped(seen.reshape(*seen.shape[:2], SEEN) @ self.stem[0] + self.stem[1])
        for widen, (taps, bias), (matrix, out_bias), stride in self.blocks:
            wide = plane if widen is None else clipped(plane @ widen[0] + widen[1])
            thin = (
                clipped((windows(wide, len(taps), stride) * taps).sum(axis=(2, 3)) + bias) @ matrix + out_bias
            )
            plane = thin + plane if thin.shape == plane.shape and stride == 1 else thin
        return clipped(plane @ self.last[0] + self.last[1])

    def by_native(self, pixels: NDArray[np.uint8], last: int) -> NDArray[np.float32] | None:
        assert native is not None
        size = -(-len(pixels) // 2)
        largest = size * size * filled(max(SEEN, self.table[0][0]))
        for _, inner, out, _, stride in self.table:
            largest, size = max(largest, size * size * filled(max(inner, out))), -(-size // stride)
        room, table = np.empty(4 * largest, np.float32), np.array(self.table, np.int32)
        found = native.network(pixels, len(pixels), table, last, np.concatenate(self.laid), room)
        if found is None:
            return None
        groups = np.frombuffer(found, np.float32).reshape(-1, size, size, LANES)
        return groups.transpose(1, 2, 0, 3).reshape(size, size, -1)


CHANNELS = st.integers(1, 40)
BLOCKS = st.lists(
    st.tuples(CHANNELS, CHANNELS, st.sampled_from((3, 5)), st.sampled_from((1, 2))), min_size=1, max_size=4
)


@only_built
@given(st.integers(0, 2**32), st.integers(1, 40), CHANNELS, BLOCKS, CHANNELS)
def test_every_layer_is_what_numpy_makes_of_it(
    seed: int, side: int, stem: int, blocks: list[tuple[int, int, int, int]], last: int
) -> None:
    layers = Layers(seed, stem, blocks, last)
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    found, wanted = layers.by_native(pixels, last), layers.by_numpy(pixels)
    if found is None:
        pytest.skip("the native part has no quick way on this processor")
    assert np.abs(found[..., :last] - wanted).max() < 1e-4
    assert not found[..., last:].any()


@only_built
def test_a_block_that_keeps_its_channels_adds_what_it_was_given() -> None:
    layers = Layers(1, 20, [(48, 20, 5, 1), (20, 20, 3, 1), (20, 20, 3, 2)], 33)
    pixels = np.random.default_rng(2).integers(0, 256, (38, 38, 3), np.uint8)
    found = layers.by_native(pixels, 33)
    assert found is None or np.abs(found[..., :33] - layers.by_numpy(pixels)).max() < 1e-4


@only_built
def test_the_values_are_those_of_opencv(photos: dict[str, Path]) -> None:
    assert len(photos) > 4
    for path in photos.values():
        square = squared(load(path).on(255))
        here, there = module.values_of(square, MODEL), module._by_opencv(square, MODEL)
        assert here.shape == there.shape == (5, 256)
        assert np.abs(here - there).max() < 1e-4


def test_without_the_native_part_opencv_runs_it(monkeypatch: pytest.MonkeyPatch, astronaut: Path) -> None:
    square = squared(load(astronaut).on(255))
    here = module.values_of(square, MODEL)
    monkeypatch.setattr(module, "native", None)
    assert np.abs(module.values_of(square, MODEL) - here).max() < 1e-4


@only_built
@pytest.mark.parametrize("change", ["side", "blocks", "last", "numbers", "room", "filter", "chain", "none"])
def test_what_does_not_fit_is_refused(change: str) -> None:
    assert native is not None
    layers = Layers(1, 16, [(32, 16, 3, 1), (16, 24, 5, 2)], 40)
    pixels, table = np.zeros((20, 20, 3), np.uint8), np.array(layers.table, np.int32)
    numbers, room = np.concatenate(layers.laid), np.empty(4 * 10 * 10 * 32, np.float32)
    side, last = 20, 40
    if change == "side":
        side = 21
    elif change == "blocks":
        table = table[:1]
    elif change == "last":
        last = 64
    elif change == "numbers":
        numbers = numbers[:-1]
    elif change == "room":
        room = room[:-1]
    elif change == "filter":
        table[0, 3] = 4
    elif change == "chain":
        table[1, 0] = 24
    elif change == "none":
        table = table[:0]
    with pytest.raises(ValueError, match="wanted a square of RGB"):
        native.network(pixels, side, np.ascontiguousarray(table), last, numbers, room)


@pytest.mark.parametrize("data", [b"", b"no network", MODEL.read_bytes()[:100_000]])
@pytest.mark.parametrize("built", [True, False])
def test_a_file_of_another_kind_is_named(
    data: bytes, built: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not built:
        monkeypatch.setattr(module, "native", None)
    monkeypatch.setattr(module, "_local", threading.local())
    (tmp_path / "copycode.onnx").write_bytes(data)
    with pytest.raises(MissingPartError, match=r"copy codes: expected .*copycode\.onnx"):
        module.values_of(np.zeros((176, 176, 3), np.uint8), tmp_path / "copycode.onnx")
