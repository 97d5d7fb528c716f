"""Small perceptrons that ship with the package, run in OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["NETWORKS", "Network", "load_network"]

Floats: TypeAlias = NDArray[np.float32]

NETWORKS = ("change", "same", "origin")
"""The networks that ship with the package, by name; `make calibrate` fits them."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A perceptron: `layers` are (weights (in, out), bias (out,)), inputs are brought to `mean` 0 and `spread` 1."""

    mean: Floats
    spread: Floats
    layers: tuple[tuple[Floats, Floats], ...]

    def odds(self, inputs: Floats) -> Floats:
        """Return the logarithm of the odds, (n,), of inputs (n, in)."""
        held = np.asarray((inputs - self.mean) / self.spread, np.float32)
        for number, (weights, bias) in enumerate(self.layers):
            held = np.asarray(cv2.gemm(held, weights, 1.0, np.empty(0), 0.0), np.float32) + bias
            if number < len(self.layers) - 1:
                held = np.maximum(held, 0)
        return held[:, 0]


@cache
def load_network(name: str) -> Network:
    """Return one of `NETWORKS`, read once."""
    path = files("samepic.verify") / f"{name}.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
        count = sum(entry.startswith("weights") for entry in held.files)
        layers = tuple((held[f"weights{k}"], held[f"bias{k}"]) for k in range(count))
        return Network(held["mean"], held["spread"], layers)
