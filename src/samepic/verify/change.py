"""How surely each cell was changed: one small network over what was measured in it, round it and in the whole frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.verify.evidence import MEASURES, Evidence

__all__ = ["Network", "changed_odds", "inputs_of", "network"]

Floats: TypeAlias = NDArray[np.float32]

_WIDER = tuple(
    MEASURES.index(name) for name in ("difference", "beyond usual", "color", "apart", "correlation", "lost")
)
_REACH = 3
_LARGEST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A perceptron of two hidden layers: `layers` are (weights (in, out), bias (out,)), `mean` and `spread` (in,)."""

    mean: Floats
    spread: Floats
    layers: tuple[tuple[Floats, Floats], ...]

    def odds(self, inputs: Floats) -> Floats:
        """Return the logarithm of the odds of a change, (n,), of inputs (n, in)."""
        held = np.asarray((inputs - self.mean) / self.spread, np.float32)
        for number, (weights, bias) in enumerate(self.layers):
            held = np.asarray(cv2.gemm(held, weights, 1.0, np.empty(0), 0.0), np.float32) + bias
            if number < len(self.layers) - 1:
                held = np.maximum(held, 0)
        return held[:, 0]


@cache
def network() -> Network:
    """Return the network that ships with the package (`make calibrate` makes it again)."""
    with (
        (files("samepic.verify") / "change.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as held,
    ):
        count = sum(name.startswith("weights") for name in held.files)
        layers = tuple((held[f"weights{k}"], held[f"bias{k}"]) for k in range(count))
        return Network(held["mean"], held["spread"], layers)


def inputs_of(cells: Floats, context: Floats) -> Floats:
    """Return the inputs of all cells, (rows x columns, in), from `Evidence.cells` and `Evidence.context`."""
    cells = np.asarray(cells, np.float32)
    rows, columns = cells.shape[:2]
    parts = [cells]
    for at in _WIDER:
        plane = np.ascontiguousarray(cells[..., at])
        parts.append(cv2.blur(plane, (_REACH, _REACH))[..., None])
        parts.append(cv2.dilate(plane, np.ones((_LARGEST, _LARGEST), np.uint8))[..., None])
    parts.append(np.broadcast_to(context.astype(np.float32), (rows, columns, len(context))))
    return np.ascontiguousarray(np.concatenate(parts, axis=2).reshape(rows * columns, -1), np.float32)


def changed_odds(evidence: Evidence) -> Floats:
    """Return the logarithm of the odds that a cell was changed, (rows, columns); -20 where none counts."""
    shape = evidence.inside.shape
    odds = network().odds(inputs_of(evidence.cells, evidence.context)).reshape(shape)
    return np.where(evidence.inside, odds, np.float32(-20))
