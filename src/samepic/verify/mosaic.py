"""A picture coarsened to squares of one colour, and what another looks like on the same squares.

Such squares are no blur: they put edges where the source has none, so that neither structure nor tracked points of the
two agree. Laid on the same squares, the source must give the same colours.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.profiles import ALIGN
from samepic.verify.ranks import percentile

__all__ = ["Grid", "on_grid", "squares_of"]

Pixels: TypeAlias = NDArray[np.uint8]
Steps: TypeAlias = NDArray[np.float64]
Ends: TypeAlias = NDArray[np.int64]
Grid: TypeAlias = tuple[Ends, Ends]

_LINES = 256


def squares_of(rgb: Pixels) -> Grid | None:
    """Return where the squares of a picture (height, width, 3) begin, (rows,) and (columns,); None for none."""
    found = []
    for held in (rgb, rgb.transpose(1, 0, 2)):
        starts = _starts(_steps(held))
        if starts is None:
            return None
        found.append(starts)
    return found[0], found[1]


def on_grid(rgb: Pixels, grid: Grid, shape: tuple[int, ...]) -> Pixels:
    """Return a picture with each square of `grid`, that of a picture of `shape` (height, width), in its mean colour."""
    rows, columns = (
        np.unique(np.minimum(np.rint(starts * (size / whole)).astype(np.int64), size - 1))
        for starts, size, whole in zip(grid, rgb.shape, shape, strict=False)
    )
    tall, wide = np.diff(np.append(rows, rgb.shape[0])), np.diff(np.append(columns, rgb.shape[1]))
    total = np.add.reduceat(np.add.reduceat(rgb, rows, axis=0, dtype=np.float32), columns, axis=1)
    mean = np.rint(total / (tall[:, None] * wide)[..., None]).astype(np.uint8)
    return np.ascontiguousarray(mean.repeat(tall, axis=0).repeat(wide, axis=1))


def _steps(rgb: Pixels) -> Steps:
    """Return the mean difference between each row and the next, (height - 1,), from some of the columns."""
    some = rgb[:, :: max(1, rgb.shape[1] // _LINES)].astype(np.int16)
    return np.asarray(np.abs(some[1:] - some[:-1]).mean(axis=(1, 2)), np.float64)


def _starts(steps: Steps) -> Ends | None:
    """Return where squares begin: at as many even places as leave the least change from row to row between them."""
    if float(np.median(steps)) > ALIGN.typical_step * float(steps.mean()):
        return None
    best, chosen, lines, whole = ALIGN.within_squares, None, len(steps), float(steps.sum())
    # Rounding puts an edge a row before or after its even place; places are more than three rows apart.
    highest = steps.copy()
    for back in (1, 2):
        highest[back:] = np.maximum(highest[back:], steps[:-back])
    for count in range(ALIGN.fewest_squares, lines // 3 + 1):
        places = np.rint(np.arange(1, count) * ((lines + 1) / count)).astype(np.int64)
        edge = float(highest[places].sum())
        ratio = (whole - edge) / (lines - count + 1) / max(1e-9, edge / (count - 1))
        if ratio < best:
            best, chosen = ratio, places
    if chosen is None:
        return None
    near = chosen[:, None] + np.array([-2, -1, 0])
    edges = near[np.arange(len(near)), steps[near].argmax(axis=1)]
    # On plain ground a few lines of writing hold all the change there is; squares have edges nearly everywhere.
    within = (whole - float(steps[edges].sum())) / (lines - len(edges))
    if percentile(steps[edges], ALIGN.plainest_edges) <= within:
        return None
    return np.concatenate([[0], edges + 1])
