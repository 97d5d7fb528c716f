"""What was changed: how surely each cell was, by one small network, and the regions that connected cells make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.evidence import CHANGE, EVIDENCE
from samepic.verdict import Region
from samepic.verify.evidence import MEASURES, Evidence
from samepic.verify.network import Network, load_network
from samepic.verify.ranks import percentile

__all__ = ["Changes", "changes_of_odds", "find_changes", "inputs_of", "odds_of"]

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

_WIDER = tuple(
    MEASURES.index(name) for name in ("difference", "beyond usual", "color", "apart", "correlation", "lost")
)
_AGAINST = tuple(MEASURES.index(name) for name in ("difference", "peak", "color", "apart", "apart coarse"))
_HELD = tuple(MEASURES.index(name) for name in ("held source", "held target"))
_STILL = tuple(MEASURES.index(name) for name in ("difference", "peak", "color"))
_REACH = 3
_LARGEST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """The cells that were changed.

    `odds` is (rows, columns) float32, the logarithm of the odds of a change in each cell; `masses` the sums of it over
    connected changed cells, the largest first, and in the same order `surest` the odds of the surest cell of each and
    `regions` their boxes in pixels of the overlay; `share` is the share of the cells that were changed, `highest` the
    odds of the surest one.
    """

    odds: Floats
    masses: tuple[float, ...]
    surest: tuple[float, ...]
    regions: tuple[Region, ...]
    share: float
    highest: float

    @property
    def marked(self) -> tuple[Region, ...]:
        """The strongest region, and all others that have a cell which is sure by itself."""
        others = zip(self.regions[1:], self.surest[1:], strict=False)
        return (*self.regions[:1], *(region for region, surest in others if surest >= CHANGE.sure))


def inputs_of(cells: Floats, context: Floats, inside: Mask) -> Floats:
    """Return the inputs of all cells, (rows x columns, in), from `cells`, `context` and `inside` of `Evidence`.

    Besides its measures and those around it, a cell has what it exceeds the high percentiles of the frame by: a letter
    that was changed is slight, and yet like nothing else on its page.
    """
    cells = np.asarray(cells, np.float32)
    rows, columns = cells.shape[:2]
    parts: list[Floats] = [cells]
    telling = inside & (cells[..., _HELD].max(axis=2) >= np.log1p(EVIDENCE.telling))
    chosen = (
        telling if int(telling.sum()) >= CHANGE.fewest else inside if inside.any() else np.ones_like(inside)
    )
    for at in _AGAINST:
        plane = cells[..., at]
        values = plane[chosen]
        parts += [(plane - np.float32(percentile(values, share)))[..., None] for share in CHANGE.high]
    for at in _WIDER:
        plane = np.ascontiguousarray(cells[..., at])
        parts.append(np.asarray(cv2.blur(plane, (_REACH, _REACH)), np.float32)[..., None])
        parts.append(
            np.asarray(cv2.dilate(plane, np.ones((_LARGEST, _LARGEST), np.uint8)), np.float32)[..., None]
        )
    parts.append(np.broadcast_to(context.astype(np.float32), (rows, columns, len(context))))
    return np.ascontiguousarray(np.concatenate(parts, axis=2).reshape(rows * columns, -1), np.float32)


def odds_of(cells: Floats, context: Floats, inside: Mask, network: Network) -> Floats:
    """Return the logarithm of the odds of a change, (rows, columns), from what `Evidence` has of the same names.

    Where nothing is left, nothing was changed, whatever the network makes of what a picture holds there.
    """
    odds = network.odds(inputs_of(cells, context, inside)).reshape(cells.shape[:2])
    still = (cells[..., _STILL] <= np.log1p(CHANGE.still)).all(axis=2)
    return np.asarray(np.where(still, np.float32(-CHANGE.most_odds), odds), np.float32)


def find_changes(evidence: Evidence) -> Changes:
    """Return what was changed by the evidence of two pictures that lie on each other."""
    odds = odds_of(evidence.cells, evidence.context, evidence.inside, load_network("change"))
    changes = changes_of_odds(odds, evidence.inside)
    return replace(changes, regions=_boxes(changes.odds, evidence))


def changes_of_odds(odds: Floats, inside: Mask) -> Changes:
    """Return the connected cells that were changed, without their boxes, by the odds of each (rows, columns)."""
    odds = np.where(inside, odds, np.float32(-CHANGE.most_odds))
    hot = (odds > 0).astype(np.uint8)
    count, labels = cv2.connectedComponents(hot, connectivity=8)
    masses = np.bincount(labels.ravel(), np.clip(odds, 0, CHANGE.most_odds).ravel(), minlength=count)[1:]
    surest = np.full(count, -CHANGE.most_odds, np.float32)
    np.maximum.at(surest, np.asarray(labels.ravel(), np.intp), odds.ravel())
    order = np.argsort(-masses, kind="stable")
    share = float(hot[inside].mean()) if inside.any() else 0.0
    highest = float(odds.max(initial=-CHANGE.most_odds))
    return Changes(odds, tuple(masses[order].tolist()), tuple(surest[1:][order].tolist()), (), share, highest)


def _boxes(odds: Floats, evidence: Evidence) -> tuple[Region, ...]:
    """Return the boxes of connected changed cells, the surest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((odds > 0).astype(np.uint8), connectivity=8)
    masses = np.bincount(labels.ravel(), np.clip(odds, 0, CHANGE.most_odds).ravel(), minlength=count)[1:]
    order = np.argsort(-masses, kind="stable")[: CHANGE.most_regions]
    return tuple(_box(labels == k + 1, stats[k + 1], evidence) for k in order.tolist())


def _box(cells: Mask, stats: NDArray[np.int32], evidence: Evidence) -> Region:
    """Return the box of connected cells, drawn in to what differs there by a part of the most."""
    side, scale = evidence.side, evidence.scale
    x, y, w, h = (int(v) for v in stats[:4])
    left, top = max(0, (x - 1) * side), max(0, (y - 1) * side)
    right = min(evidence.shown.shape[1], (x + w) * side)
    low = min(evidence.shown.shape[0], (y + h) * side)
    part = cv2.blur(evidence.shown[top:low, left:right], (3, 3))
    near = cv2.dilate(
        cells[max(0, y - 1) : y + h, max(0, x - 1) : x + w].astype(np.uint8), np.ones((3, 3), np.uint8)
    )
    mask = cv2.resize(near, (right - left, low - top), interpolation=cv2.INTER_NEAREST) > 0
    most = percentile(part[mask], 98) if mask.any() else 0.0
    core = (mask & (part >= CHANGE.core * most)).astype(np.uint8)
    bx, by, bw, bh = cv2.boundingRect(core)
    if not bw or not bh:
        bx, by, bw, bh = 0, 0, right - left, low - top
    x, y = int((left + bx) / scale), int((top + by) / scale)
    return Region(x, y, max(1, round(bw / scale)), max(1, round(bh / scale)))
