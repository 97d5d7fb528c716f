"""Whether one picture was put into another: the larger of the two jumps at the edge of what they share."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import ALIGN
from samepic.verify.features import Matrix, inverse
from samepic.verify.overlay import polygon
from samepic.verify.ranks import percentile

__all__ = ["is_pasted"]

Pixels: TypeAlias = NDArray[np.uint8]


def is_pasted(a: Pixels, b: Pixels, matrix: Matrix, parts: tuple[float, float]) -> bool:
    """Return whether the larger picture jumps at the edge of the overlap, as no crop does.

    `matrix` maps pixels of b to pixels of a, both (height, width, 3); `parts` are the shares of each that overlap.
    """
    if parts[0] < parts[1]:
        larger, edge = a, polygon(a.shape, b.shape, matrix)
    else:
        larger, edge = b, polygon(b.shape, a.shape, inverse(matrix))
    if len(edge) < 3:
        return False
    reach = max(2.0, 0.006 * max(larger.shape[:2]))
    middle = edge.mean(axis=0)
    luma = cv2.cvtColor(larger, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rings = [_ring(luma, middle, edge, step * reach) for step in (-3, -1, 1, 3)]
    inner = np.logical_and.reduce([ring >= 0 for ring in rings])
    if inner.sum() < 40:
        return False
    within, without = rings[1][inner].astype(np.float64), rings[2][inner].astype(np.float64)
    # Two sides that have nothing to do with each other differ by all that each varies and by their means.
    strange = float(within.var() + without.var()) + float(within.mean() - without.mean()) ** 2
    if np.mean((within - without) ** 2) <= ALIGN.edge * (strange + ALIGN.grain):
        return False
    # Stars and leaves are strange to each other everywhere: the edge must differ more than what lies beside it.
    pairs = [(rings[i] - rings[k])[inner].astype(np.float64) for i, k in ((1, 2), (0, 1), (2, 3))]
    across, *beside = (percentile(np.abs(p), 50) for p in pairs)
    power, *quiet = (float(np.mean(p * p)) for p in pairs)
    return across > ALIGN.jump * (2.0 + max(beside)) or power > ALIGN.power * (10.0 + max(quiet))


def _ring(
    luma: NDArray[np.float32], middle: NDArray[np.float64], edge: NDArray[np.float64], out: float
) -> NDArray[np.float32]:
    """Return the luma along the edge moved out by `out` pixels, -1 outside the picture."""
    ends = np.roll(edge, -1, axis=0)
    along = np.linspace(0.06, 0.94, 60)[:, None, None]
    points = edge * (1 - along) + ends * along
    normal = (ends - edge)[:, ::-1] * (1, -1)
    normal = normal / np.maximum(1e-9, np.linalg.norm(normal, axis=1, keepdims=True))
    outward = np.sign(np.sum(normal * ((edge + ends) / 2 - middle), axis=1, keepdims=True))
    points = (points + normal * outward * out).reshape(-1, 2).astype(np.float32)
    found = cv2.remap(
        luma,
        points[:, None, 0],
        points[:, None, 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-1,
    )
    beyond = (points < 1).any(axis=1) | (points > np.array(luma.shape[::-1]) - 2).any(axis=1)
    return np.where(beyond, -1, found[:, 0]).astype(np.float32)
