"""Fit small perceptrons for `samepic.verify.evidence`: two-class cross entropy, Adam (Kingma and Ba 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from samepic.verify.evidence import Network

Floats = NDArray[np.float32]
_SUBNORMAL = 1e-15


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fitted: widths of the hidden layers, passes over the data, rows a step, learning rate (which
    falls to nothing by half a cosine), how strongly weights are pulled to 0, and the seed."""

    hidden: tuple[int, ...]
    passes: int
    batch: int
    rate: float
    pull: float
    seed: int = 1


class _Step(NamedTuple):
    number: int
    rate: float
    pull: float


def fit(inputs: Floats, wanted: Floats, weights: Floats, recipe: Recipe) -> Network:
    """Return a network whose odds tell rows of `inputs` (n, in) with `wanted` 1 from those with 0.

    `weights` (n,) say how much each row counts.
    """
    rng = np.random.default_rng(recipe.seed)
    mean, spread = _standard(inputs)
    rows = np.asarray((inputs - mean) / spread, np.float32)
    widths = (inputs.shape[1], *recipe.hidden, 1)
    layers = [
        [rng.normal(0, (2 / a) ** 0.5, (a, b)).astype(np.float32), np.zeros(b, np.float32)]
        for a, b in pairwise(widths)
    ]
    moments = [[(np.zeros_like(p), np.zeros_like(p)) for p in layer] for layer in layers]
    step = 0
    for number in range(recipe.passes):
        rate = recipe.rate * 0.5 * (1 + np.cos(np.pi * number / recipe.passes)) + 1e-5
        order = rng.permutation(len(rows))
        for start in range(0, len(rows), recipe.batch):
            some = order[start : start + recipe.batch]
            step += 1
            slopes = _slopes(layers, rows[some], wanted[some], weights[some])
            _descend(layers, moments, slopes, _Step(step, rate, recipe.pull))
        _flush_subnormals([*chain.from_iterable(layers), *chain.from_iterable(chain.from_iterable(moments))])
    return Network(mean.astype(np.float32), spread.astype(np.float32), tuple((w, b) for w, b in layers))


def bagged(
    inputs: Floats, wanted: Floats, weights: Floats, recipe: Recipe, views: Sequence[NDArray[np.intp]]
) -> Network:
    """Return the mean of networks of one hidden layer, as one that is as many times as wide.

    Each member sees the columns of its view (random subspaces, Ho 1998), has its own seed and draws its own rows
    (bagging, Breiman 1996): what one learns by chance counts little.
    """
    members: list[list[tuple[Floats, Floats]]] = []
    for seed, view in enumerate(views):
        drawn = np.random.default_rng([recipe.seed, seed]).poisson(1.0, len(wanted)).astype(np.float32)
        seen = np.ascontiguousarray(inputs[:, view])
        (into, bias), last = fit(seen, wanted, weights * drawn, replace(recipe, seed=seed)).layers
        first = np.zeros((inputs.shape[1], into.shape[1]), np.float32)
        first[view] = into
        members.append([(first, bias), last])
    hidden, out = (list(zip(*(member[k] for member in members), strict=True)) for k in (0, 1))
    first = np.concatenate(hidden[0], axis=1)
    last = (
        np.asarray(np.concatenate(out[0]) / len(views), np.float32),
        np.asarray(np.mean(out[1], axis=0), np.float32),
    )
    return Network(*_standard(inputs), ((first, np.concatenate(hidden[1])), last))


def _standard(inputs: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the spread of every column, by which inputs are brought to 0 and 1."""
    return inputs.mean(axis=0), inputs.std(axis=0) + np.float32(1e-3)


def _flush_subnormals(arrays: list[Floats]) -> None:
    """Set to 0 what a dead unit leaves: arithmetic with subnormal numbers takes a hundred times as long."""
    for array in arrays:
        array[np.abs(array) < _SUBNORMAL] = 0


def _slopes(
    layers: list[list[Floats]], rows: Floats, wanted: Floats, weights: Floats
) -> list[tuple[Floats, Floats]]:
    """Return the slope of the loss by every parameter, layer by layer."""
    held = [rows]
    for number, (w, b) in enumerate(layers):
        out = held[-1] @ w + b
        held.append(np.maximum(out, 0) if number < len(layers) - 1 else out)
    found = 1 / (1 + np.exp(-np.clip(held[-1][:, 0], -20, 20)))
    slope = ((found - wanted) * weights / len(rows))[:, None].astype(np.float32)
    slopes: list[tuple[Floats, Floats]] = []
    for number in range(len(layers) - 1, -1, -1):
        slopes.append((held[number].T @ slope, slope.sum(axis=0)))
        if number:
            slope = (slope @ layers[number][0].T) * (held[number] > 0)
    return slopes[::-1]


def _descend(
    layers: list[list[Floats]],
    moments: list[list[tuple[Floats, Floats]]],
    slopes: list[tuple[Floats, Floats]],
    at: _Step,
) -> None:
    for number, (of_weights, of_bias) in enumerate(slopes):
        for which, slope in ((0, of_weights + at.pull * layers[number][0]), (1, of_bias)):
            first, second = moments[number][which]
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope * slope
            moments[number][which] = (first, second)
            move = (first / (1 - 0.9**at.number)) / (np.sqrt(second / (1 - 0.999**at.number)) + 1e-8)
            layers[number][which] -= np.float32(at.rate) * move.astype(np.float32)


def save(network: Network, path: Path) -> None:
    """Write a network to the file that `samepic.verify.evidence` reads: arrays alone, no pickles."""
    layers = {f"weights{k}": w for k, (w, _) in enumerate(network.layers)}
    layers |= {f"bias{k}": b for k, (_, b) in enumerate(network.layers)}
    arrays: dict[str, Any] = {"mean": network.mean, "spread": network.spread, **layers}
    np.savez(path, **arrays)
