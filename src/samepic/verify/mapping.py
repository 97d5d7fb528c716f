"""Map one picture onto the other: frame on frame, turned, by features, or as one that was pasted into the other."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Mask, Matrix, Pixels
from samepic.tuning.evidence import EVIDENCE, MAPPING
from samepic.tuning.verify import ALIGN, JUDGE
from samepic.verdict import Region, Transform
from samepic.verify.align import Alignment, Planes, align, align_by, best_of
from samepic.verify.features import Turn, correlation_map, inverse, likely_turn, scaling
from samepic.verify.overlay import overlaid, polygon, trimmed
from samepic.verify.photometry import area_means, halved, in_one_palette, percentile

Size: TypeAlias = tuple[int, int]


def same_frame(a: Size, b: Size) -> bool:
    """Return whether sizes (width, height) a and b are one frame scaled, give or take the rounding of a pixel."""
    small, large = sorted((a, b), key=math.prod)
    scales = [
        ((small[0] + slack) / large[0], (small[1] - slack) / large[1])
        for slack in (JUDGE.aspect_slack, -JUDGE.aspect_slack)
    ]
    return scales[1][0] <= scales[1][1] and scales[0][0] >= scales[0][1]


_PART = 16  # of the rows, by which a picture is looked at first


def texture(rgb: Pixels, enough: float = math.inf) -> float:
    """Return the RMS, in levels, of what a quadratic surface leaves of the luma: how much there is to see.

    Measured on at most 256 x 256 area means, so that a scanner's or sensor's noise on a blank page is no texture. Where
    rows through the middle show that it is `enough`, that is returned: the whole leaves no less than a part of it.
    """
    times = max(0, math.ceil(math.log2(max(rgb.shape[:2]) / 256)))
    rows = (rgb.shape[0] >> times) // _PART << times
    if times and rows:
        top = rgb.shape[0] // 2
        least = _texture(rgb[top : top + rows], times) * math.sqrt(rows / rgb.shape[0])
        if least >= enough:
            return least
    return _texture(rgb, times)


def _texture(rgb: Pixels, times: int) -> float:
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    small = halved(luma, times).astype(np.float64)
    across, down = _polynomials(small.shape[1]), _polynomials(small.shape[0])
    weights = np.einsum("ir,rj->ij", down, np.einsum("rc,jc->rj", small, across))
    smooth = sum(float(weights[i, j]) ** 2 for i in range(3) for j in range(3 - i))
    # Parseval: what the orthonormal surface does not hold is left.
    return float(max(0.0, (float(np.sum(small * small)) - smooth) / small.size) ** 0.5)


@cache
def _polynomials(count: int) -> NDArray[np.float64]:
    """Return the constant, line and parabola (3, count) that are orthonormal on `count` points."""
    x = np.linspace(-1, 1, count)
    rows = [np.ones(count), x, x * x - np.mean(x * x)]
    return np.stack([row / max(1e-12, float(np.sqrt(np.sum(row * row)))) for row in rows])


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


class MappedPair(NamedTuple):
    """Two pictures of one size, (height, width, 3), that lie on each other within `inside`.

    `to_a` maps their pixels to pixels of a, `matrix` pixels of b to pixels of a. `alignment` says how well features
    and places agree, None where whole frames agree so closely that none was needed. `whole` says that the frames lie
    edge on edge, `turn` how a must be held for that; `pasted` that the larger of the two changes at the edge
    of the overlap, so that it was put together.
    """

    one: Pixels
    two: Pixels
    inside: Mask
    to_a: Matrix
    matrix: Matrix
    alignment: Alignment | None
    whole: bool
    turn: Turn | None = None
    pasted: bool = False

    @property
    def parts(self) -> tuple[float, float]:
        """The shares of a and of b, 0 to 1, that overlap."""
        found = self.alignment
        return (1.0, 1.0) if self.whole or found is None else (found.part_a, found.part_b)

    @property
    def held(self) -> tuple[float, float]:
        """The shares of what there is to see in a and in b that lies in the overlap."""
        found = self.alignment
        return (1.0, 1.0) if self.whole or found is None else (found.held_a, found.held_b)

    @property
    def is_snug(self) -> bool:
        """Whether one frame lies on the other, edge on edge."""
        return min(self.parts) >= ALIGN.snug

    @property
    def is_upright(self) -> bool:
        """Whether whole frames lie on each other as they are held."""
        return self.whole and self.turn is None

    @property
    def is_turned(self) -> bool:
        """Whether one is mirrored, or turned by more than a tilt, against the other."""
        angle = abs(float(np.degrees(np.arctan2(self.matrix[1, 0], self.matrix[0, 0]))))
        return bool(np.linalg.det(self.matrix[:2, :2]) < 0) or angle >= MAPPING.turned

    @property
    def contained(self) -> float:
        """The share, 0 to 1, of what there is to see in the one picture that the other one shows too."""
        return max(*self.parts, *self.held)

    def box_in_a(self, box: Region, shape: tuple[int, ...]) -> Region | None:
        """Return a box of the overlay in pixels of a, of `shape` (height, width); None where it lies outside."""
        across, down = (box.x - 0.5, box.x + box.w - 0.5), (box.y - 0.5, box.y + box.h - 0.5)
        corners = np.array([[x, y, 1.0] for x in across for y in down]) @ self.to_a.T
        points = corners[:, :2] / corners[:, 2:] + 0.5
        left, top = (max(0, round(float(v))) for v in points.min(axis=0))
        right, low = (min(shape[1 - k], round(float(points[:, k].max()))) for k in (0, 1))
        return Region(left, top, right - left, low - top) if right > left and low > top else None

    def transform(self) -> Transform | None:
        """Return how b lies on a; None for whole frames as they are held."""
        matrix = tuple(float(v) for v in (self.matrix / self.matrix[2, 2]).ravel())
        if self.whole:
            return None if self.turn is None else Transform(matrix, self.turn.degrees, self.turn.mirrored)
        mirrored = bool(np.linalg.det(self.matrix[:2, :2]) < 0)
        upright = self.matrix[:2, :2] @ np.diag([-1.0 if mirrored else 1.0, 1.0])
        turned = round(float(np.degrees(np.arctan2(upright[1, 0], upright[0, 0]))) / 90) * 90 % 360
        larger, kept, parts = "", 1.0, self.parts
        if not self.is_snug:
            larger, kept = "a" if parts[0] < parts[1] else "b", min(parts)
        return Transform(matrix, turned, mirrored, larger if max(parts) >= ALIGN.snug else "", round(kept, 4))


def map_onto(a: Pixels, b: Pixels) -> MappedPair | None:
    """Return b, (height, width, 3), laid on a by the best map that is found; None where nothing fits."""
    a, b = in_one_palette(a, b)
    seen = _stretched(a), _stretched(b)
    turn = likely_turn(a, b)
    holds = [held for held in ((None,) if turn is None else (None, turn)) if are_one_frame(a, b, held)]
    shares = []
    for held in holds:
        shares.append(agreeing_share(_as_held(seen[0], held), seen[1]))
        if shares[-1] >= MAPPING.sure:
            return edge_on_edge(a, b, held)
    guesses = [_scaling_of(a, b, held) for held in holds]
    best = _aligned(Planes(*seen), guesses, apart=max(shares, default=0.0) < MAPPING.in_place)
    for guess, held, share in zip(guesses, holds, shares, strict=True):
        off = math.inf if best is None else _off_corner(a, b, best.matrix, guess)
        tilted = share < MAPPING.upright and _is_tilt(best, off)
        if not tilted and (off <= ALIGN.off_corner or share >= MAPPING.in_place):
            return edge_on_edge(a, b, held, best)
    if best is None or best.is_chance:
        return None
    over = overlaid(a, b, best.matrix, EVIDENCE.pixels)
    if over is None:
        return None
    over = trimmed(over, a, b)
    pasted = is_pasted(a, b, best.matrix, (best.part_a, best.part_b))
    laid = over.one, over.two, over.inside, over.to_a
    return MappedPair(*laid, best.matrix, best, whole=False, pasted=pasted)


def _stretched(rgb: Pixels) -> Pixels:
    """Return a picture of a few levels only over the whole range: structure says how to map, however faint it is."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    small = halved(np.asarray(luma, np.uint8), max(0, math.ceil(math.log2(max(luma.shape) / 256))))
    low, high = float(small.min()), float(small.max())
    if high - low >= MAPPING.faint:
        return rgb
    gain = min(MAPPING.gain, 192 / max(1.0, high - low))
    curve = np.clip(128 + gain * (np.arange(256) - (low + high) / 2), 0, 255)
    return np.asarray(cv2.LUT(rgb, np.rint(curve).astype(np.uint8)), np.uint8)


def _aligned(planes: Planes, guesses: list[Matrix], *, apart: bool) -> Alignment | None:
    """Return the best map of all that are found; `apart` says that the frames do not agree in place."""
    # What is tried first is what is likely, since it often suffices.
    best = align(planes) if apart else None
    if best is None or best.matched < ALIGN.sure:
        tried = [best, *(align_by(planes, guess) for guess in guesses)]
        best = best_of(tried)
    fits = best is not None and (
        best.shift <= ALIGN.fitting_shift
        and best.agreement >= ALIGN.fitting_agreement
        and min(best.part_a, best.part_b) >= ALIGN.snug
    )
    return best if apart or fits else best_of((best, align(planes)))


def _as_held(a: Pixels, turn: Turn | None) -> Pixels:
    return a if turn is None else turn.apply(a)


def are_one_frame(a: Pixels, b: Pixels, turn: Turn | None = None) -> bool:
    """Return whether pictures (height, width, 3) have one shape, a held as `turn` says."""
    size = (a.shape[1], a.shape[0]) if turn is None or turn.degrees % 180 == 0 else (a.shape[0], a.shape[1])
    return same_frame(size, (b.shape[1], b.shape[0]))


def _scaling_of(a: Pixels, b: Pixels, turn: Turn | None) -> Matrix:
    return scaling(b.shape, a.shape) if turn is None else turn.map_from(b.shape, a.shape)


def edge_on_edge(
    a: Pixels, b: Pixels, turn: Turn | None = None, found: Alignment | None = None
) -> MappedPair:
    """Return whole frames on each other, a held as `turn` says."""
    return MappedPair(*_scaled_pair(a, b, turn), _scaling_of(a, b, turn), found, whole=True, turn=turn)


def _scaled_pair(a: Pixels, b: Pixels, turn: Turn | None) -> tuple[Pixels, Pixels, Mask, Matrix]:
    """Return both frames at one size, the smaller's, at most the work size, with a mask of all and the map to a."""
    shown = _as_held(a, turn)
    height, width = min(shown.shape[0], b.shape[0]), min(shown.shape[1], b.shape[1])
    shrink = min(1.0, math.sqrt(EVIDENCE.pixels / (height * width)))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    one, two = (_resized(p, size) for p in (shown, b))
    to_shown = scaling(one.shape, shown.shape)
    back = np.eye(3) if turn is None else inverse(np.array(turn.matrix(a.shape[1], a.shape[0])).reshape(3, 3))
    return one, two, np.ones(one.shape[:2], np.bool_), back @ to_shown


def _resized(rgb: Pixels, size: tuple[int, int]) -> Pixels:
    if (rgb.shape[1], rgb.shape[0]) == size:
        return np.ascontiguousarray(rgb)
    rgb = halved(rgb, int(math.log2(max(1.0, min(rgb.shape[1] / size[0], rgb.shape[0] / size[1])))))
    return area_means(rgb, size)


def agreeing_share(a: Pixels, b: Pixels) -> float:
    """Return the share, 0 to 1, of the places with structure that agree closely between two frames of one shape."""
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    shrink = min(1.0, math.sqrt(MAPPING.pixels / (height * width)))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    one, two = (cv2.cvtColor(_resized(p, size), cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (a, b))
    found, _, most = correlation_map(one, two, step=2)
    telling = most >= JUDGE.telling**2
    return float((found[telling] >= MAPPING.close).mean()) if telling.any() else 0.0


def _is_tilt(found: Alignment | None, off: float) -> bool:
    """Return whether a map whose corners are `off` is a small tilt: it fits so well that no waves or curls are left."""
    return (
        found is not None
        and not found.tiled
        and found.shift <= ALIGN.exact_shift
        and ALIGN.off_place < off <= ALIGN.off_tilt
    )


def _off_corner(a: Pixels, b: Pixels, matrix: Matrix, guess: Matrix) -> float:
    corners = np.array([[[0, 0], [b.shape[1], 0], [b.shape[1], b.shape[0]], [0, b.shape[0]]]], float)
    apart = cv2.perspectiveTransform(corners, matrix) - cv2.perspectiveTransform(corners, guess)
    return float(np.linalg.norm(apart, axis=2).max()) / float(max(a.shape[:2]))
