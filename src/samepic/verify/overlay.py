"""Overlay: one picture drawn on the other by a map, views of the pair, and the picture of their difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Mask, Matrix, Pixels
from samepic.tuning.verify import ALIGN
from samepic.verdict import Region, Verdict
from samepic.verify.features import inverse, local_scale, reduced, scaling
from samepic.verify.photometry import area_means, shrunk

if TYPE_CHECKING:
    from PIL import Image

Shape: TypeAlias = tuple[int, ...]
_FRINGE = 2  # rows beside a border that scaling and coding have mixed with it


class Overlay(NamedTuple):
    """Two pictures of one size, cut to where they overlap: `one` is of a, `two` of b, `inside` where both are.

    `matrix` is the map from pixels of b to pixels of a; `to_a` that from pixels of these to pixels of a; `on_a`
    says that a is the ground. `part_a`, `part_b` are the shares of a and of b that overlap, 0 to 1.
    """

    one: Pixels
    two: Pixels
    inside: Mask
    matrix: Matrix
    to_a: Matrix
    on_a: bool
    part_a: float
    part_b: float

    def corrected(self, step: Matrix) -> Matrix:
        """Return the map from b to a once the moved picture is moved by `step`, in pixels of the overlay."""
        step = step if self.on_a else inverse(step)
        found = self.to_a @ step @ inverse(self.to_a) @ self.matrix
        return np.asarray(found / found[2, 2], np.float64)


def polygon(a: Shape, b: Shape, matrix: Matrix) -> NDArray[np.float64]:
    """Return the corners (n, 2), in pixels of a, of the part of a of shape (height, width) that b covers."""
    corners = cv2.perspectiveTransform(_frame(b)[None], matrix)[0].astype(np.float32)
    _, found = cv2.intersectConvexConvex(corners, _frame(a).astype(np.float32))
    # Frames that only touch come with corners far off.
    none = found is None or not np.all(np.abs(found) < 1e6)
    return np.zeros((0, 2)) if none else np.asarray(found, np.float64).reshape(-1, 2)


def _frame(shape: Shape) -> NDArray[np.float64]:
    right, low = shape[1] - 0.5, shape[0] - 0.5
    return np.array([[-0.5, -0.5], [right, -0.5], [right, low], [-0.5, low]])


def overlaid(a: Pixels, b: Pixels, matrix: Matrix, pixels: int) -> Overlay | None:
    """Lay b on a, both (height, width[, 3]), at no more than `pixels` pixels; None where almost nothing overlaps."""
    found = polygon(a.shape, b.shape, matrix)
    if len(found) < 3:
        return None
    back = inverse(matrix)
    there = cv2.perspectiveTransform(found[None], back)[0]
    part_a, part_b = (_area(p) / (q.shape[0] * q.shape[1]) for p, q in ((found, a), (there, b)))
    on_a = local_scale(matrix, *there.mean(axis=0))[0] < 1
    ground, moving, corners = (a, b, found) if on_a else (b, a, there)
    left, top = (max(0, int(v)) for v in np.floor(corners.min(axis=0) + 0.5))
    right, low = np.ceil(corners.max(axis=0) + 0.5).astype(int)
    cut = ground[top : max(top + 1, low), left : max(left + 1, right)]
    if min(cut.shape[:2]) < 8:
        return None
    scale = min(1.0, math.sqrt(pixels / (cut.shape[0] * cut.shape[1])))
    shape = (max(8, round(cut.shape[0] * scale)), max(8, round(cut.shape[1] * scale)))
    out = np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]]) @ scaling(shape, cut.shape)
    shown, inside = moved(moving, inverse(out) @ (matrix if on_a else back), shape)
    still = _resized(cut, shape)
    if not inside.all():
        # What lies beside the overlap must not weigh on what lies at its edge.
        still = np.asarray(cv2.copyTo(still, inside.astype(np.uint8), shown.copy()), np.uint8)
    one, two = (still, shown) if on_a else (shown, still)
    to_a = out if on_a else matrix @ out
    return Overlay(one, two, inside, matrix, to_a / to_a[2, 2], on_a, min(1.0, part_a), min(1.0, part_b))


def _area(corners: NDArray[np.float64]) -> float:
    # Plain numbers: a NumPy call costs more than all of this.
    points = corners.tolist()
    both = zip(points, points[1:] + points[:1], strict=True)
    return 0.5 * abs(float(sum(x * v - y * u for (x, y), (u, v) in both)))


def _resized(picture: Pixels, shape: Shape) -> Pixels:
    if picture.shape[:2] == tuple(shape):
        return np.ascontiguousarray(picture)
    picture = shrunk(picture, int(math.log2(max(1.0, picture.shape[0] / shape[0]))))
    return area_means(picture, (shape[1], shape[0]))


def moved(picture: Pixels, matrix: Matrix, shape: Shape) -> tuple[Pixels, Mask]:
    """Return `picture` under a map on a plane of `shape`, smoothed as far as it shrinks, and where it is."""
    inside = np.ones(picture.shape[:2], np.uint8)
    size = (shape[1], shape[0])
    there = cv2.warpPerspective(inside, matrix, size, flags=cv2.INTER_NEAREST)
    middle = cv2.perspectiveTransform(np.array([[[shape[1] / 2, shape[0] / 2]]]), inverse(matrix))[0, 0]
    scale = max(1 / ALIGN.scale / 4, local_scale(matrix, *middle)[0])
    times = max(0, int(math.log2(1 / scale)))
    smaller = shrunk(picture, times)
    matrix = matrix @ scaling(smaller.shape, picture.shape)
    left_over = scale * 2**times
    if left_over < 0.9:
        sigma = 0.45 * math.sqrt(1 / left_over**2 - 1)
        smaller = np.asarray(cv2.GaussianBlur(smaller, (0, 0), sigma), np.uint8)
    shown = cv2.warpPerspective(smaller, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    inner = cv2.erode(there, np.ones((5, 5), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(shown, np.uint8), np.asarray(inner > 0, np.bool_)


def trimmed(overlay: Overlay, a: Pixels, b: Pixels) -> Overlay:
    """Return the overlay without the plain borders of a and b, (height, width[, 3]), which show nothing of the other.

    Where one frame lies on the other there is nothing to trim: what is plain there may be what was changed. So it is
    where much is plain.
    """
    if min(overlay.part_a, overlay.part_b) >= ALIGN.snug:
        return overlay
    inside = overlay.inside
    for picture, there in ((a, inverse(overlay.to_a)), (b, inverse(overlay.to_a) @ overlay.matrix)):
        box = _busy_box(picture)
        if box is not None:
            corners = cv2.perspectiveTransform(box[None], there)[0]
            mask = np.zeros(inside.shape, np.uint8)
            cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 1)
            inside = inside & (mask > 0)
    kept = float(inside.sum()) / max(1, int(overlay.inside.sum()))
    whole = inside is overlay.inside or kept < 1 - ALIGN.most_border
    return overlay if whole else overlay._replace(inside=inside)


def _busy_box(picture: Pixels) -> NDArray[np.float64] | None:
    """Return the corners (4, 2) of a picture within its plain border; None where it has none."""
    luma = picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    small = reduced(luma, ALIGN.side).astype(np.float32)
    top, low = _plain_ends(small)
    left, right = _plain_ends(small[top : small.shape[0] - low].T)
    height, width = small.shape
    if top + low + left + right == 0 or (height - top - low) * (width - left - right) < height * width / 8:
        return None
    edge = [0 if n == 0 else n + _FRINGE for n in (top, low, left, right)]
    x, y = (edge[2] - 0.5, width - edge[3] - 0.5), (edge[0] - 0.5, height - edge[1] - 0.5)
    corners = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]])
    whole = cv2.perspectiveTransform(corners[None], scaling(small.shape, luma.shape))
    return np.asarray(whole[0], np.float64)


def _plain_ends(plane: NDArray[np.float32]) -> tuple[int, int]:
    """Return how many rows at the start and at the end are plain and alike; none where all are."""
    plane = np.ascontiguousarray(plane)
    if plane[[0, -1]].std(axis=1).min() > 2 * ALIGN.plain:
        return 0, 0
    both = (cv2.reduce(p, 1, cv2.REDUCE_AVG, dtype=cv2.CV_64F) for p in (plane, plane * plane))
    mean, square = (means.ravel() for means in both)
    spread = np.sqrt(np.maximum(0.0, square - mean * mean))
    found = []
    for order in (slice(None), slice(None, None, -1)):
        level = mean[order]
        plain = (spread[order] <= ALIGN.plain) & (np.abs(level - level[0]) <= ALIGN.plain)
        found.append(int(plain.argmin()) if not plain.all() else 0)
    return found[0], found[1]


_NOTHING = 225


class OverlayViews(NamedTuple):
    """Two pictures reduced to be shown, and b laid on a.

    `one` and `two` are (height, width, 3) uint8, of a and b; `there` is the map from pixels of `two` to pixels of
    `one`; `moved` has the shape of `one` and shows b; `inside`, (height, width), is where b shows something of a.
    """

    one: Pixels
    two: Pixels
    there: Matrix
    moved: Pixels
    inside: NDArray[np.bool_]

    def difference(self, gain: float = 4.0) -> Pixels:
        """Return (height, width) uint8: the difference dark on light, `gain` times as strong, grey where b shows
        nothing of a."""
        change = cv2.absdiff(self.one, self.moved).max(axis=2).astype(np.float32)
        return np.where(self.inside, 255 - np.clip(change * gain, 0, 255), _NOTHING).astype(np.uint8)


def lay(a: Pixels, b: Pixels, matrix: Sequence[float] | None, side: int) -> OverlayViews:
    """Lay b on a, both (height, width, 3) uint8, with a long side of at most `side` pixels.

    `matrix` is the 3x3 map from pixels of b to pixels of a, row by row; without it b is brought to a's size.
    """
    there = scaling(b.shape, a.shape) if matrix is None else np.array(matrix, float).reshape(3, 3)
    one, two = fitted(a, side), fitted(b, side)
    small = scaling(a.shape, one.shape) @ there @ inverse(scaling(b.shape, two.shape))
    return OverlayViews(one, two, small, *moved(two, small, one.shape))


def marks_on_b(verdict: Verdict) -> list[list[list[float]]]:
    """Return the four corners (x, y) of each region of a verdict in pixels of b, left out where they are far off."""
    sizes = (verdict.b.height, verdict.b.width), (verdict.a.height, verdict.a.width)
    there = np.array(verdict.transform.matrix).reshape(3, 3) if verdict.transform else scaling(*sizes)
    back, marks = inverse(there), []
    for region in verdict.regions:
        corners = _moved_corners(region, back)
        if np.abs(corners).max() < 4 * max(sizes[0]):
            marks.append(np.round(corners, 1).tolist())
    return marks


def fitted(rgb: Pixels, side: int) -> Pixels:
    """Return a picture with a long side of at most `side` pixels."""
    scale = min(1.0, side / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    if size == (rgb.shape[1], rgb.shape[0]):
        return np.ascontiguousarray(rgb)
    return area_means(rgb, size)


_LONG_SIDE = 640
_GAP = 8
_BOX = (214, 39, 40)
_OUTLINE = (31, 119, 180)
_OWN_FRAME = 0.015
_PAPER = 245


def draw_difference(
    a: Pixels,
    b: Pixels,
    regions: tuple[Region, ...],
    matrix: Sequence[float] | None = None,
    gain: float = 4.0,
) -> Image.Image:
    """Return a, b and their difference side by side as an RGB image, each with a long side of at most 640.

    `a` and `b` are (height, width, 3) uint8; `matrix` is the 3x3 map from pixels of b to pixels of a, row by row;
    without it b is brought to a's size. The difference is drawn dark on light, amplified `gain` times, and grey where
    b shows nothing of a. `regions` in pixels of a are framed in red; where only parts of the two overlap, the
    outline of each is drawn in the other in blue.
    """
    from PIL import Image

    overlay = lay(a, b, matrix, _LONG_SIDE)
    one, two, small = overlay.one, overlay.two, overlay.there
    ink = overlay.difference(gain)
    panels = [one.copy(), two.copy(), np.dstack([ink] * 3)]
    if matrix is not None:
        edge, back = polygon(one.shape, two.shape, small), polygon(two.shape, one.shape, inverse(small))
        for sheet, outline in zip(panels, (edge, back, edge), strict=True):
            _outlined(sheet, outline)
    to_small = scaling(a.shape, one.shape)
    for region in regions:
        corners = _moved_corners(region, to_small)
        for panel in (0, 2):
            _framed(panels[panel], corners)
        _framed(panels[1], cv2.perspectiveTransform(corners[None], inverse(small))[0])
    return Image.fromarray(beside(panels))


def beside(panels: list[Pixels]) -> Pixels:
    """Return panels of (height, width, 3) uint8 side by side on light ground, the tops in line."""
    height = max(panel.shape[0] for panel in panels)
    width = sum(panel.shape[1] for panel in panels) + _GAP * (len(panels) - 1)
    sheet = np.full((height, width, 3), _PAPER, np.uint8)
    left = 0
    for panel in panels:
        sheet[: panel.shape[0], left : left + panel.shape[1]] = panel
        left += panel.shape[1] + _GAP
    return sheet


def _moved_corners(region: Region, matrix: Matrix) -> NDArray[np.float64]:
    left, top = region.x - 0.5, region.y - 0.5
    right, low = left + region.w, top + region.h
    corners = np.array([[left, top], [right, top], [right, low], [left, low]])
    return np.asarray(cv2.perspectiveTransform(corners[None], matrix)[0], np.float64)


def _framed(panel: Pixels, corners: NDArray[np.float64]) -> None:
    """Draw a box just outside of the corners."""
    middle = corners.mean(axis=0)
    wide = corners + np.sign(corners - middle) * 1.5
    cv2.polylines(panel, [np.rint(wide).astype(np.int32)], isClosed=True, color=_BOX, thickness=2)


def _outlined(panel: Pixels, edge: NDArray[np.float64]) -> None:
    """Draw the outline of the other picture, unless it is this one's own frame."""
    height, width = panel.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    away = (float(np.linalg.norm(edge - corner, axis=1).min()) for corner in corners if len(edge) >= 3)
    if max(away, default=0.0) > _OWN_FRAME * max(width, height):
        points = [np.rint(edge).astype(np.int32)]
        cv2.polylines(panel, points, isClosed=True, color=_OUTLINE, thickness=2, lineType=cv2.LINE_AA)
