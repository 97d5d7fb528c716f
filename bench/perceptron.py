"""Fit small perceptrons for `samepic.verify.evidence`: two-class cross entropy, Adam (Kingma and Ba 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

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


def fit(
    inputs: Floats, wanted: Floats, weights: Floats, recipe: Recipe, *, initial: Network | None = None
) -> Network:
    """Return a network whose odds tell rows of `inputs` (n, in) with `wanted` 1 from those with 0.

    `weights` (n,) say how much each row counts. A warm start is from `initial`.
    """
    rng = np.random.default_rng(recipe.seed)
    mean, spread = _standard(inputs) if initial is None else (initial.mean, initial.spread)
    rows, held = np.asarray((inputs - mean) / spread, np.float32), list[Floats]()
    for a, b in pairwise((inputs.shape[1], *recipe.hidden, 1)):
        held += [rng.normal(0, (2 / a) ** 0.5, (a, b)).astype(np.float32), np.zeros(b, np.float32)]
    if initial is not None:
        held = [array.copy() for layer in initial.layers for array in layer]
    first, second = ([np.zeros_like(one) for one in held] for _ in range(2))
    step = 0
    for number in range(recipe.passes):
        rate = recipe.rate * 0.5 * (1 + np.cos(np.pi * number / recipe.passes)) + 1e-5
        order = rng.permutation(len(rows))
        for start in range(0, len(rows), recipe.batch):
            some = order[start : start + recipe.batch]
            step += 1
            for k, slope in enumerate(_slopes(held, rows[some], wanted[some], weights[some])):
                pulled = slope if k % 2 else slope + recipe.pull * held[k]
                first[k] = 0.9 * first[k] + 0.1 * pulled
                second[k] = 0.999 * second[k] + 0.001 * pulled * pulled
                move = (first[k] / (1 - 0.9**step)) / (np.sqrt(second[k] / (1 - 0.999**step)) + 1e-8)
                held[k] -= np.float32(rate) * move.astype(np.float32)
        # What a dead unit leaves: arithmetic with subnormal numbers takes a hundred times as long.
        for array in (*held, *first, *second):
            array[np.abs(array) < _SUBNORMAL] = 0
    layers = tuple(zip(held[::2], held[1::2], strict=True))
    return Network(mean.astype(np.float32), spread.astype(np.float32), layers)


def bagged(
    inputs: Floats,
    wanted: Floats,
    weights: Floats,
    recipe: Recipe,
    views: Sequence[NDArray[np.intp]],
    *,
    initial: Network | None = None,
) -> Network:
    """Return the mean of networks of one hidden layer, as one that is as many times as wide.

    Each member sees the columns of its view (random subspaces, Ho 1998), has its own seed and draws its own rows
    (bagging, Breiman 1996): what one learns by chance counts little. A warm start is from `initial`.
    """
    members: list[list[tuple[Floats, Floats]]] = []
    for seed, view in enumerate(views):
        drawn = np.random.default_rng([recipe.seed, seed]).poisson(1.0, len(wanted)).astype(np.float32)
        seen, own = np.ascontiguousarray(inputs[:, view]), replace(recipe, seed=seed)
        member = None if initial is None else _member(initial, seed, view, len(views))
        (into, bias), last = fit(seen, wanted, weights * drawn, own, initial=member).layers
        first = np.zeros((inputs.shape[1], into.shape[1]), np.float32)
        first[view] = into
        members.append([(first, bias), last])
    hidden, out = (list(zip(*(member[k] for member in members), strict=True)) for k in (0, 1))
    first = np.concatenate(hidden[0], axis=1)
    last = (
        np.asarray(np.concatenate(out[0]) / len(views), np.float32),
        np.asarray(np.mean(out[1], axis=0), np.float32),
    )
    standard = _standard(inputs) if initial is None else (initial.mean, initial.spread)
    return Network(*standard, ((first, np.concatenate(hidden[1])), last))


def _member(mean: Network, number: int, view: NDArray[np.intp], count: int) -> Network:
    """Return one of `count` networks of which `mean` is the mean."""
    (first, bias), (last, out) = mean.layers
    wide = len(bias) // count
    own = slice(number * wide, (number + 1) * wide)
    layers = (first[view, own], bias[own]), (last[own] * np.float32(count), out)
    return Network(mean.mean[view], mean.spread[view], layers)


def _standard(inputs: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the spread of every column, by which inputs are brought to 0 and 1."""
    return inputs.mean(axis=0), inputs.std(axis=0) + np.float32(1e-3)


def _slopes(held: list[Floats], rows: Floats, wanted: Floats, weights: Floats) -> list[Floats]:
    """Return the slope of the loss by the weights and the bias of each layer, as they are in `held`."""
    outs, last = [rows], len(held) - 2
    for k in range(0, len(held), 2):
        out = outs[-1] @ held[k] + held[k + 1]
        outs.append(np.maximum(out, 0) if k < last else out)
    found = 1 / (1 + np.exp(-np.clip(outs[-1][:, 0], -20, 20)))
    slope = ((found - wanted) * weights / len(rows))[:, None].astype(np.float32)
    slopes: list[Floats] = []
    for k in range(last, -1, -2):
        slopes = [outs[k // 2].T @ slope, slope.sum(axis=0), *slopes]
        if k:
            slope = (slope @ held[k].T) * (outs[k // 2] > 0)
    return slopes


def save(network: Network, path: Path) -> None:
    """Write a network to the file that `samepic.verify.evidence` reads: arrays alone, no pickles."""
    layers = {f"weights{k}": w for k, (w, _) in enumerate(network.layers)}
    layers |= {f"bias{k}": b for k, (_, b) in enumerate(network.layers)}
    arrays: dict[str, Any] = {"mean": network.mean, "spread": network.spread, **layers}
    np.savez(path, **arrays)
