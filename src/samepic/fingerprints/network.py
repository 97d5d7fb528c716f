"""The network of copy codes: run by the native part, and by OpenCV where that has no quick way or was not built.

Its file is ONNX, which OpenCV reads. For the native part only the constants are taken from it (onnx.proto3 of ONNX
1.17); the layers are those of EfficientNet-lite0 (Tan and Le 2019), told by the shapes of the constants.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from samepic.errors import MissingPartError
from samepic.native import native

if TYPE_CHECKING:
    import cv2

Floats = NDArray[np.float32]

_LANES, _SEEN = 16, 27
"""Channels are padded to a multiple of the first, LANES of _network.c; numbers that the first filter sees."""

_HALVING = frozenset({1, 3, 5, 11})
"""Blocks that halve the plane."""

_local = threading.local()


def values_of(square: NDArray[np.uint8], path: Path) -> Floats:
    """Return what the network in a file makes of a square (side, side, 3) uint8 RGB picture: (5, n) float32.

    The first row is that of the whole, the others of its quarters, row by row. Raises MissingPartError where the file
    is missing or not of its kind.
    """
    found = None if native is None else _network(path).values(square)
    return _by_opencv(square, path) if found is None else found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingPartError(f"copy codes: the network {path} is missing: reinstall samepic") from None


def _by_opencv(square: NDArray[np.uint8], path: Path) -> Floats:
    import cv2

    # Each thread has its own: OpenCV's hold state while they run.
    net: cv2.dnn.Net | None = getattr(_local, "net", None)
    if net is None:
        model = np.frombuffer(_read(path), np.uint8)
        try:
            net = _local.net = cv2.dnn.readNetFromONNX(model)
        except cv2.error as error:
            found = f"{cv2.__version__}: {error}"
            raise MissingPartError(
                f"copy codes: expected an OpenCV that reads {path}, found {found}"
            ) from error
    net.setInput(cv2.dnn.blobFromImage(square, 1 / 128, mean=(127, 127, 127)))
    return np.asarray(net.forward(), np.float32)


_BYTES = 2
"""The wire type of strings and messages; only numbers are beside it in these files."""

_GRAPH, _INITIALIZER = 7, 5
_DIMENSIONS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 7: np.dtype("<i8"), 10: np.dtype("<f2")}
"""Fields of ModelProto, GraphProto and TensorProto, and TensorProto.DataType."""


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    """What `native.network` takes, and what follows it: `matrix` (features, n) and `bias` (n,).

    Those are float64, so that no library's order of adding decides a sign.
    """

    blocks: NDArray[np.int32]
    numbers: Floats
    features: int
    least: float
    matrix: NDArray[np.float64]
    bias: NDArray[np.float64]

    def room(self, side: int) -> Floats:
        """Return what a thread works in, for pictures of a side; it is kept, since fresh memory is slow."""
        room: Floats | None = getattr(_local, "room", None)
        if room is not None:
            return room
        size = -(-side // 2)
        largest = size * size * _padded_size(max(_SEEN, int(self.blocks[0, 0])))
        for _, inner, out, _, stride in self.blocks.tolist():
            largest = max(largest, size * size * _padded_size(max(inner, out)))
            size = -(-size // stride)
        room = _local.room = _aligned(4 * largest)
        return room

    def values(self, square: NDArray[np.uint8]) -> Floats | None:
        """Return what `values_of` does, None where the native part has no quick way on this processor."""
        side, pixels = len(square), np.ascontiguousarray(square)
        planes = native.network(pixels, side, self.blocks, self.features, self.numbers, self.room(side))
        if planes is None:
            return None
        found = np.frombuffer(planes, np.float32).astype(np.float64)
        groups = _padded_size(self.features) // _LANES
        half = round((len(found) / (groups * _LANES)) ** 0.5) // 2
        cubes = (found * found * found).reshape(groups, 2, half, 2, half, _LANES)
        quarters = cubes.mean(axis=(2, 4)).transpose(1, 2, 0, 3).reshape(4, -1)[:, : self.features]
        roots = np.cbrt(np.concatenate((quarters.mean(axis=0, keepdims=True), quarters)) + self.least)
        length = np.linalg.norm(roots, axis=1, keepdims=True)
        return np.asarray((roots / length) @ self.matrix + self.bias, np.float32)


@lru_cache(maxsize=1)
def _network(path: Path) -> _Network:
    model = _read(path)
    try:
        return _laid_out(dict(_constants(model)))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise MissingPartError(f"copy codes: expected their ONNX file in {path}, found {error!r}") from error


def _laid_out(held: dict[str, Floats]) -> _Network:
    numbers, blocks = [*_product(held, "_conv_stem", over_pixels=True)], list[tuple[int, ...]]()
    while f"_blocks.{len(blocks)}._project_conv.w" in held:
        name = f"_blocks.{len(blocks)}."
        expand, each, project = (f"{name}_{what}_conv" for what in ("expand", "depthwise", "project"))
        widens, filters, out = f"{expand}.w" in held, held[f"{each}.w"], len(held[f"{project}.w"])
        if widens:
            numbers += _product(held, expand)
        inner, side = len(filters), filters.shape[2]
        taps = _padded(filters.reshape(inner, -1).T)
        groups = np.stack(np.split(taps, taps.shape[1] // _LANES, axis=1))
        numbers += [groups.ravel(), _padded(held[f"{each}.b"]), *_product(held, project)]
        stride = 2 if len(blocks) in _HALVING else 1
        blocks.append((held[f"{expand}.w"].shape[1] if widens else inner, inner, out, side, stride))
    last = f"_blocks.{len(blocks)}._expand_conv"
    numbers += _product(held, last)
    table, laid = np.array(blocks, np.int32), _aligned(sum(map(len, numbers)))
    np.concatenate(numbers, out=laid)
    projection = (held[name].astype(np.float64) for name in ("matrix", "bias"))
    return _Network(table, laid, len(held[f"{last}.w"]), float(held["least"]), *projection)


def _product(held: dict[str, Floats], name: str, *, over_pixels: bool = False) -> tuple[Floats, Floats]:
    """Return weights (groups of outputs, inputs, LANES) and bias; `over_pixels` those of a filter over all channels."""
    weights = np.moveaxis(held[f"{name}.w"], 1, 3) if over_pixels else held[f"{name}.w"]
    matrix = _padded(_padded(weights.reshape(len(weights), -1)).T)
    groups = matrix.reshape(len(matrix), -1, _LANES).transpose(1, 0, 2)
    return groups.ravel(), _padded(held[f"{name}.b"])


def _aligned(count: int) -> Floats:
    """Return so many numbers that begin with a line of the cache: a sixth less time than from anywhere."""
    room = np.empty(count + _LANES, np.float32)
    return room[-room.ctypes.data % 64 // 4 :][:count]


def _padded_size(channels: int) -> int:
    return -(-channels // _LANES) * _LANES


def _padded(array: Floats) -> Floats:
    """Return an array whose last axis is padded with zeros to whole groups."""
    more = _padded_size(array.shape[-1]) - array.shape[-1]
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, more)])


def _constants(model: bytes) -> Iterator[tuple[str, Floats]]:
    """Yield the constants of an ONNX model by name, halves as float32 under the name without ".half"."""
    for field, _, graph in _fields(memoryview(model)):
        if field == _GRAPH:
            yield from (_constant(tensor) for inner, _, tensor in _fields(graph) if inner == _INITIALIZER)


def _constant(tensor: memoryview) -> tuple[str, Floats]:
    shape, name, kind, raw = list[int](), "", 0, memoryview(b"")
    for field, value, body in _fields(tensor):
        if field == _DIMENSIONS:
            shape.append(value)
        elif field == _TYPE:
            kind = value
        elif field == _NAME:
            name = str(body, "utf-8")
        elif field == _RAW:
            raw = body
    array = np.frombuffer(raw, _TYPES[kind]).astype(np.float32).reshape(shape)
    return name.removesuffix(".half"), array


def _fields(message: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield the fields of a protocol buffer: each one's number, its value or its length, and its bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        end = at + value if key & 7 == _BYTES else at
        yield key >> 3, value, message[at:end]
        at = end


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
