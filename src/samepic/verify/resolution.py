"""What a picture holds that a smaller copy of it no longer shows."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.resolution import RESOLUTION, Resolution

__all__ = ["unresolved"]

Samples = NDArray[np.uint8]
Cells = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def unresolved(samples: Samples, side: int, rules: Resolution = RESOLUTION) -> float:
    """Measure how much writing a picture holds that is lost when its longer side becomes `side` pixels.

    `samples` is an upright or turned picture, (h, w, 3) RGB or (h, w) gray, uint8. It is cut into cells. A cell has
    lost its strokes when it has strong contrast of which less than half survives the reduction; it is writing when
    the strokes lie on even paper, and so do those of its neighbors. Leaves, sand and fur lose as much, but have no
    paper.

    Returns the share, 0 to 1, of the cells with strong contrast that are lost writing; 0 where nothing is reduced.
    `rules.unresolved` is the least of a picture that is not fully shown.
    """
    gray = _working(samples, rules.pixels)
    height, width = gray.shape
    rows, columns = height // rules.cell, width // rules.cell
    scale = side / max(height, width)
    if scale >= 1 or not rows or not columns:
        return 0.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    shown = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    cells = _cells(gray, rows, columns, rules.cell)
    where = np.flatnonzero(np.ptp(cells, axis=1) >= rules.contrast)
    before, after = cells[where], _cells(np.asarray(shown, np.uint8), rows, columns, rules.cell)[where]
    strong, lost = where.size, after.var(axis=1) < rules.kept * before.var(axis=1)
    where, before = where[lost], before[lost]
    if not where.size:
        return 0.0
    paper, written = _written(before, rules)
    levels = np.full(rows * columns, -1, np.int16)
    levels[where[written]] = paper[written]
    levels = levels.reshape(rows, columns)
    writing = int((_runs(levels, rules) | _runs(levels.T, rules).T).sum())
    return writing / strong


def _working(samples: Samples, pixels: int) -> Samples:
    """Return the picture in gray, of so many pixels at most."""
    gray = samples if samples.ndim == 2 else cv2.cvtColor(samples, cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    scale = math.sqrt(pixels / (height * width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(gray, np.uint8)


def _cells(gray: Samples, rows: int, columns: int, side: int) -> Cells:
    """Return the whole cells of a picture, (rows * columns, pixels of a cell)."""
    whole = gray[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return whole.swapaxes(1, 2).reshape(rows * columns, side * side)


def _written(cells: Cells, rules: Resolution) -> tuple[NDArray[np.int16], Mask]:
    """Return the level of the paper in each cell, and whether there are strokes on it."""
    half = cells.shape[1] // 2
    paper = np.partition(cells, half, axis=1)[:, half].astype(np.int16)
    apart = cells.astype(np.int16) - paper[:, None]
    least = np.ptp(cells, axis=1).astype(np.int16)[:, None] // 2
    darker, lighter = apart < -least, apart > least
    shares = darker.mean(axis=1), lighter.mean(axis=1)
    strokes = np.where((shares[0] >= shares[1])[:, None], darker, lighter)
    even = np.partition(np.abs(apart), half, axis=1)[:, half] <= rules.flat
    one_sided = np.minimum(*shares) <= rules.other
    return paper, even & one_sided & (np.maximum(*shares) >= rules.ink) & _stroked(strokes, rules)


def _stroked(ink: Mask, rules: Resolution) -> Mask:
    """Tell of each cell whether paper and ink change often along rows or columns, and do in both directions."""
    side = rules.cell
    ink = ink.reshape(-1, side, side)
    across = (ink[:, :, 1:] != ink[:, :, :-1]).sum(axis=(1, 2)) / np.maximum(1, ink.any(axis=2).sum(axis=1))
    down = (ink[:, 1:] != ink[:, :-1]).sum(axis=(1, 2)) / np.maximum(1, ink.any(axis=1).sum(axis=1))
    mask: Mask = (np.maximum(across, down) >= rules.strokes) & (np.minimum(across, down) >= 1)
    return mask


def _runs(levels: NDArray[np.int16], rules: Resolution) -> Mask:
    """Tell which written cells stand in a row of them on one paper; -1 is no writing."""
    run, columns = rules.run, levels.shape[1]
    written = levels >= 0
    linked = written[:, 1:] & written[:, :-1] & (np.abs(np.diff(levels, axis=1)) <= rules.level)
    kept = np.zeros_like(written)
    starts = columns - run + 1
    if starts < 1:
        return kept
    whole = np.logical_and.reduce([linked[:, at : at + starts] for at in range(run - 1)])
    for at in range(run):
        kept[:, at : at + starts] |= whole
    return kept
