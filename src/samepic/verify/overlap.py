"""What two pictures have in common once b lies on a: the best map, how well they agree, and what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import ALIGN, CONTENT
from samepic.verdict import Region, Transform
from samepic.verify.align import Alignment, align, align_by
from samepic.verify.content import Content, look_for_changes
from samepic.verify.features import Matrix, inverse, scaling
from samepic.verify.odd import odd_places
from samepic.verify.overlay import Overlay, overlaid, polygon, trimmed
from samepic.verify.ranks import percentile

__all__ = ["Overlap", "find_overlap", "odd_regions"]

Pixels: TypeAlias = NDArray[np.uint8]
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """The alignment, what has changed in the overlap, and where in pixels of a.

    `laid` is b on a as it was looked at; `pasted` tells that the larger of the two changes at the edge of the overlap,
    so that it was put together; `off_corner` is how far a corner of b lies from that of a at most, as a share of the
    longer side of a.
    """

    alignment: Alignment
    content: Content
    regions: tuple[Region, ...]
    laid: Overlay
    pasted: bool = False
    off_corner: float = 0.0

    @property
    def is_snug(self) -> bool:
        """Whether one frame lies on the other, edge on edge."""
        return min(self.alignment.part_a, self.alignment.part_b) >= ALIGN.snug

    @property
    def is_part(self) -> bool:
        """Whether one is a true part of the other, or each shows what the other does not: not just a little askew."""
        found = self.alignment
        return min(found.part_a, found.part_b) < ALIGN.askew or (
            not self.is_snug and self.contained < ALIGN.snug
        )

    @property
    def is_upright(self) -> bool:
        """Whether the corners of b lie on those of a, as with a picture that was only scaled."""
        return self.is_snug and self.off_corner <= ALIGN.off_corner

    @property
    def contained(self) -> float:
        """The share, 0 to 1, of what there is to see in the one picture that the other one shows too."""
        found = self.alignment
        return max(found.part_a, found.held_a, found.part_b, found.held_b)

    def transform(self) -> Transform:
        """Return how b lies on a as part of a verdict."""
        found = self.alignment
        matrix = found.matrix
        upright = matrix[:2, :2] @ np.diag([-1.0 if found.mirrored else 1.0, 1.0])
        angle = float(np.degrees(np.arctan2(upright[1, 0], upright[0, 0])))
        turned = round(angle / 90) * 90 % 360
        larger, kept = "", 1.0
        if not self.is_snug:
            larger = "a" if found.part_a < found.part_b else "b"
            kept = min(found.part_a, found.part_b)
        return Transform(
            tuple(float(v) for v in (matrix / matrix[2, 2]).ravel()),
            turned,
            found.mirrored,
            larger if max(found.part_a, found.part_b) >= ALIGN.snug else "",
            round(kept, 4),
        )


def find_overlap(a: Pixels, b: Pixels, guesses: Sequence[Matrix] = ()) -> Overlap | None:
    """Lay b over a, both (height, width, 3), and look; None where nothing of the one is found in the other.

    `guesses` are maps from pixels of b to pixels of a that cost little to try; features are looked for only where
    none of them fits well.
    """
    tried = [found for guess in guesses if (found := align_by(a, b, guess)) is not None]
    best = max(tried, key=lambda found: found.merit, default=None)
    if best is None or not _fits(best):
        found = align(a, b)
        best = max((f for f in (best, found) if f is not None), key=lambda f: f.merit, default=None)
    if best is None:
        return None
    laid = overlaid(a, b, best.matrix, CONTENT.pixels)
    if laid is None:
        return None
    laid = trimmed(laid, a, b)
    content = look_for_changes(laid.one, laid.two, laid.inside, foreign=best.tiled)
    regions = _in_a(content.regions, laid, a.shape)
    return Overlap(best, content, regions, laid, _is_pasted(a, b, best), _off_corner(a, b, best))


def odd_regions(shape: Shape, over: Overlap) -> tuple[Region, ...]:
    """Return small places, in pixels of a of `shape`, where b shows what no tone explains; none in a collage."""
    if over.alignment.tiled:
        return ()
    laid = over.laid
    return _in_a(odd_places(laid.one, laid.two, laid.inside), laid, shape)


def _off_corner(a: Pixels, b: Pixels, found: Alignment) -> float:
    there = scaling(b.shape, a.shape)
    corners = np.array([[[0, 0], [b.shape[1], 0], [b.shape[1], b.shape[0]], [0, b.shape[0]]]], float)
    apart = cv2.perspectiveTransform(corners, found.matrix) - cv2.perspectiveTransform(corners, there)
    return float(np.linalg.norm(apart, axis=2).max()) / float(max(a.shape[:2]))


def _is_pasted(a: Pixels, b: Pixels, found: Alignment) -> bool:
    """Tell whether the larger picture jumps at the edge of the overlap, as no crop does."""
    if found.part_a < found.part_b:
        larger, edge = a, polygon(a.shape, b.shape, found.matrix)
    else:
        larger, edge = b, polygon(b.shape, a.shape, inverse(found.matrix))
    if len(edge) < 3:
        return False
    reach = max(2.0, 0.006 * max(larger.shape[:2]))
    middle = edge.mean(axis=0)
    luma = np.asarray(cv2.cvtColor(larger, cv2.COLOR_RGB2GRAY), np.uint8)
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
    luma: Pixels, middle: NDArray[np.float64], edge: NDArray[np.float64], out: float
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
        luma.astype(np.float32),
        points[:, None, 0],
        points[:, None, 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-1,
    )
    beyond = (points < 1).any(axis=1) | (points > np.array(luma.shape[::-1]) - 2).any(axis=1)
    return np.where(beyond, -1, found[:, 0]).astype(np.float32)


def _fits(found: Alignment) -> bool:
    return (
        found.shift <= ALIGN.fitting_shift
        and found.agreement >= ALIGN.fitting_agreement
        and min(found.part_a, found.part_b) >= ALIGN.snug
    )


def _in_a(regions: tuple[Region, ...], laid: Overlay, shape: Shape) -> tuple[Region, ...]:
    """Return boxes of the overlay as boxes in pixels of a, cut at its frame."""
    boxes = []
    for r in regions:
        corners = (
            np.array([[r.x, r.y], [r.x + r.w, r.y], [r.x + r.w, r.y + r.h], [r.x, r.y + r.h]], float) - 0.5
        )
        there = np.column_stack([corners, np.ones(4)]) @ laid.to_a.T
        there = there[:, :2] / there[:, 2:] + 0.5
        left, top = (max(0, round(float(v))) for v in there.min(axis=0))
        right = min(shape[1], round(float(there[:, 0].max())))
        low = min(shape[0], round(float(there[:, 1].max())))
        if right > left and low > top:
            boxes.append(Region(left, top, right - left, low - top))
    return tuple(boxes)
