"""The photometric fit: the change of tone and colour that takes picture a to picture b."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import JUDGE
from samepic.verify.ranks import largest_of, percentile

__all__ = ["Tone", "agreement", "coarse", "fit_tone", "halved", "misfit", "shrunk"]

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]

_GRID = 48
_LEVELS = 17
_LEAST_CELLS = 64
_NOTHING: NDArray[np.float64] = np.empty(0)
_CLASS = 8  # samples from which a class of levels has a median


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """A colour matrix (3, 4) followed by one tone curve a channel (3, 256), or neither: the identity.

    `change` is the 90th percentile over the picture of the change of colour, in levels; `grey` tells that b
    holds no colour where a does, `coloured` that it does where a holds none; `lift` is the mean change of luma in
    levels where b is brighter (or, negative, darker) all over and its colours are much the same, else 0.
    """

    matrix: Floats | None
    curves: Pixels | None
    change: float
    grey: bool
    coloured: bool = False
    lift: float = 0.0

    def apply(self, rgb: Pixels) -> Pixels:
        """Return `rgb` (height, width, 3) with this change of tone."""
        if self.matrix is None or self.curves is None:
            return rgb
        mixed = cv2.transform(rgb, self.matrix)
        return np.asarray(cv2.LUT(mixed, np.ascontiguousarray(self.curves.T[None])), np.uint8)


def coarse(rgb: Pixels) -> Floats:
    """Return (48, 48, 3) float32 block means of `rgb`, whatever its size and aspect."""
    small = halved(rgb, _halvings(rgb, 2 * _GRID))
    return np.asarray(cv2.resize(small, (_GRID, _GRID), interpolation=cv2.INTER_AREA), np.float32)


def halved(picture: Pixels, times: int) -> Pixels:
    """Return area means over squares of 2 ** times pixels, in steps of two: ten times as fast as in one."""
    for _ in range(times):
        height, width = max(1, picture.shape[0] // 2), max(1, picture.shape[1] // 2)
        even = picture[: 2 * height, : 2 * width]
        picture = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return picture


def shrunk(picture: Pixels, times: int) -> Pixels:
    """Return the whole picture at 1 / 2 ** times of its size, to the nearest pixel; no odd row or column is lost."""
    step = 2**times
    if picture.shape[0] % step == 0 and picture.shape[1] % step == 0:
        return halved(picture, times)
    size = (max(1, round(picture.shape[1] / step)), max(1, round(picture.shape[0] / step)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _halvings(picture: Pixels, side: int) -> int:
    """Return how often a picture can be halved and keep `side` pixels a side."""
    return int(np.log2(max(1.0, min(picture.shape[0], picture.shape[1]) / side)))


def agreement(a: Floats, b: Floats) -> float:
    """Return the share of b's variance that a explains without further change, in luma, at most 1.

    `a` and `b` are coarse pictures; the smaller variance of the two is the yardstick, so that a fit onto a
    constant never looks like agreement.
    """
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    one, two = (np.einsum("yxc,c->yx", p, weights) for p in (a, b))
    spread = min(float(one.var()), float(two.var()))
    return 1.0 - float(((one - two) ** 2).mean()) / spread if spread > 0 else 0.0


def misfit(a: Floats, b: Floats) -> float:
    """Return the mean colour difference of two coarse pictures in units of b's spread: 0 is a perfect fit."""
    return float(np.abs(a - b).mean() / (b.std() + 1.0))


def fit_tone(a: Floats, b: Floats, cells: NDArray[np.bool_] | None = None) -> Tone:
    """Return the change of tone from coarse picture a to coarse picture b, robust against local edits.

    `cells` (48, 48) tells which of them count; all do without it.

    The matrix is an iteratively reweighted least-squares fit (Cauchy weights); each curve is the monotone
    regression of what the matrix leaves, on 17 levels (pool adjacent violators: Ayer et al. 1955).
    """
    x, y = a.reshape(-1, 3), b.reshape(-1, 3)
    moved = _larger_cells(a - b)
    if cells is not None and cells.sum() >= _LEAST_CELLS and not cells.all():
        x, y = a[cells], b[cells]
        moved = x - y
    change = percentile(largest_of(np.abs(moved)), 90)
    if change <= JUDGE.same_tone:
        return Tone(None, None, change, grey=False)
    grey, coloured = _loses_colour(x, y), _loses_colour(y, x)
    matrix = _matrix(x, y)
    mixed = np.clip(_times(x, np.ascontiguousarray(matrix[:, :3].T)) + matrix[:, 3], 0, 255)
    curves = np.stack([_curve(mixed[:, c], y[:, c]) for c in range(3)])
    return Tone(matrix, curves, change, grey, coloured, _lift(-moved))


def _loses_colour(x: Floats, y: Floats) -> bool:
    return bool(np.ptp(y, axis=1).max() <= 2 < percentile(np.ptp(x, axis=1), 90))


def _lift(moved: Floats) -> float:
    """Return the mean change of luma where it goes one way all over and takes the colours with it, else 0."""
    luma = np.einsum("nc,c->n", moved, np.array([0.299, 0.587, 0.114], np.float32))
    tint = float(largest_of(np.abs(moved - luma[:, None])).mean())
    mean = float(luma.mean())
    against = -percentile(luma, 10) if mean > 0 else percentile(luma, 90)
    return mean if abs(mean) >= 2.0 and against <= 1.0 and tint <= 0.5 * abs(mean) else 0.0


def _times(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Multiply two matrices of one type without BLAS, whose threads spin for longer than these small products take."""
    return np.asarray(cv2.gemm(a, b, 1.0, _NOTHING, 0.0))


def _larger_cells(small: Floats) -> Floats:
    """Return the means of 4 x 4 cells as (144, 3): large enough that coding noise is no change of tone."""
    side = _GRID // 4
    return np.asarray(small.reshape(side, 4, side, 4, 3).mean(axis=(1, 3)).reshape(-1, 3), np.float32)


def _matrix(x: Floats, y: Floats) -> Floats:
    design = np.hstack([x, np.ones((len(x), 1), np.float32)]).astype(np.float64)
    y = y.astype(np.float64)
    weights = np.ones(len(x))
    prior = np.diag([4.0, 4.0, 4.0, 0.0])  # a little pull towards the identity where colours do not vary
    towards = prior @ np.vstack([np.eye(3), np.zeros((1, 3))])
    solution = np.zeros((4, 3))
    for _ in range(6):
        left = np.ascontiguousarray((design * weights[:, None]).T)
        solution = np.linalg.solve(_times(left, design) + prior, _times(left, y) + towards)
        wrong = _times(design, solution) - y
        error = np.sqrt(np.einsum("ij,ij->i", wrong, wrong))
        scale = max(2.0, 2.0 * percentile(error, 50))
        weights = 1.0 / (1.0 + (error / scale) ** 2)
    return np.ascontiguousarray(solution.T, np.float32)


def _curve(x: Floats, y: Floats) -> Pixels:
    """Return the monotone curve (256,) uint8 through the medians of y over 17 classes of x."""
    cells = np.clip(x * (_LEVELS / 256), 0, _LEVELS - 1).astype(np.uint8)
    sizes = np.bincount(cells, minlength=_LEVELS)
    full = np.flatnonzero(sizes >= _CLASS)
    if len(full) < 2:
        return np.arange(256, dtype=np.uint8)
    at = np.bincount(cells, x, _LEVELS)[full] / sizes[full]
    # Sorted by y and then, stably, by class: every median is found where it must stand.
    order = np.argsort(y)
    values = y[order[np.argsort(cells[order], kind="stable")]].astype(np.float64)
    first = (np.cumsum(sizes) - sizes)[full]
    middles = (values[first + (sizes[full] - 1) // 2] + values[first + sizes[full] // 2]) / 2
    levels = _monotone(middles, sizes[full].astype(np.float64))
    steps = np.arange(256.0)
    curve = np.interp(steps, at, levels)
    curve = np.where(steps < at[0], levels[0] + (steps - at[0]), curve)
    curve = np.where(steps > at[-1], levels[-1] + (steps - at[-1]), curve)
    return np.asarray(np.clip(np.round(curve), 0, 255), np.uint8)


def _monotone(levels: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    blocks: list[list[float]] = []
    for level, weight in zip(levels, weights, strict=True):
        blocks.append([level, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            last, before = blocks.pop(), blocks.pop()
            total = last[1] + before[1]
            blocks.append([(last[0] * last[1] + before[0] * before[1]) / total, total, last[2] + before[2]])
    return np.concatenate([np.full(int(count), level) for level, _, count in blocks])
