"""The map by which one picture lies on another: frame on frame, held otherwise, or by what their features agree on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import ALIGN, JUDGE
from samepic.profiles.evidence import EVIDENCE, MAPPING
from samepic.verdict import Region, Transform
from samepic.verify.align import Alignment, Planes, align, align_by
from samepic.verify.features import Matrix, inverse, scaling
from samepic.verify.frame import same_frame
from samepic.verify.overlay import overlaid, trimmed
from samepic.verify.palette import in_one_palette
from samepic.verify.pasted import is_pasted
from samepic.verify.photometric import halved
from samepic.verify.structure import correlation_map
from samepic.verify.turns import Turn, likely_turn

__all__ = ["Mapped", "agreeing_share", "map_onto"]

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """Two pictures of one size, (height, width, 3), that lie on each other within `inside`.

    `to_a` maps their pixels to pixels of a, `matrix` pixels of b to pixels of a. `alignment` says how well features
    and places agree, None where whole frames agree so closely that none was needed; `agreeing` is the share of the
    places with structure that agree closely, edge on edge, 0 where the frames differ in shape. `whole` says that the
    frames lie edge on edge, `turn` how a must be held for that; `pasted` that the larger of the two changes at the edge
    of the overlap, so that it was put together.
    """

    one: Pixels
    two: Pixels
    inside: Mask
    to_a: Matrix
    matrix: Matrix
    alignment: Alignment | None
    agreeing: float
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
        """Whether one is mirrored, or turned by a quarter or more, against the other."""
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
        right, low = (
            min(shape[1], round(float(points[:, 0].max()))),
            min(shape[0], round(float(points[:, 1].max()))),
        )
        return Region(left, top, right - left, low - top) if right > left and low > top else None

    def transform(self, a: tuple[int, ...], b: tuple[int, ...]) -> Transform | None:
        """Return how b lies on a, of shapes (height, width); None for whole frames as they are held."""
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


def map_onto(a: Pixels, b: Pixels) -> Mapped | None:
    """Return b, (height, width, 3), laid on a by the best map that is found; None where nothing fits."""
    a, b = in_one_palette(a, b)
    turn = likely_turn(a, b)
    holds = [held for held in ((None,) if turn is None else (None, turn)) if _is_same_frame(a, b, held)]
    shares = []
    for held in holds:
        shares.append(agreeing_share(_as_held(a, held), b))
        if shares[-1] >= MAPPING.sure:
            return _edge_on_edge(a, b, held, None, shares[-1])
    guesses = [_scaling_of(a, b, held) for held in holds]
    planes = Planes(a, b)
    tried = [found for guess in guesses if (found := align_by(planes, guess)) is not None]
    best = max(tried, key=lambda found: found.merit, default=None)
    if best is None or not _fits(best):
        best = max((f for f in (best, align(planes)) if f is not None), key=lambda f: f.merit, default=None)
    for guess, held, share in zip(guesses, holds, shares, strict=True):
        near = best is not None and _off_corner(a, b, best.matrix, guess) <= ALIGN.off_corner
        if near or share >= MAPPING.in_place:
            return _edge_on_edge(a, b, held, best, share)
    if best is None:
        return None
    over = overlaid(a, b, best.matrix, EVIDENCE.pixels)
    if over is None:
        return None
    over = trimmed(over, a, b)
    pasted = is_pasted(a, b, best.matrix, (best.part_a, best.part_b))
    share = max(shares, default=0.0)
    return Mapped(
        over.one, over.two, over.inside, over.to_a, best.matrix, best, share, whole=False, pasted=pasted
    )


def _as_held(a: Pixels, turn: Turn | None) -> Pixels:
    return a if turn is None else turn.apply(a)


def _is_same_frame(a: Pixels, b: Pixels, turn: Turn | None) -> bool:
    size = (a.shape[1], a.shape[0]) if turn is None or turn.degrees % 180 == 0 else (a.shape[0], a.shape[1])
    return same_frame(size, (b.shape[1], b.shape[0]))


def _scaling_of(a: Pixels, b: Pixels, turn: Turn | None) -> Matrix:
    return scaling(b.shape, a.shape) if turn is None else turn.map_from(b.shape, a.shape)


def _edge_on_edge(a: Pixels, b: Pixels, turn: Turn | None, found: Alignment | None, share: float) -> Mapped:
    """Return whole frames on each other, a held as `turn` says."""
    return Mapped(*_scaled_pair(a, b, turn), _scaling_of(a, b, turn), found, share, whole=True, turn=turn)


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
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def agreeing_share(a: Pixels, b: Pixels) -> float:
    """Return the share, 0 to 1, of the places with structure that agree closely between two frames of one shape."""
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    shrink = min(1.0, math.sqrt(MAPPING.pixels / (height * width)))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    one, two = (cv2.cvtColor(_resized(p, size), cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (a, b))
    found, _, most = correlation_map(one, two, step=2)
    telling = most >= JUDGE.telling**2
    return float((found[telling] >= MAPPING.close).mean()) if telling.any() else 0.0


def _fits(found: Alignment) -> bool:
    return (
        found.shift <= ALIGN.fitting_shift
        and found.agreement >= ALIGN.fitting_agreement
        and min(found.part_a, found.part_b) >= ALIGN.snug
    )


def _off_corner(a: Pixels, b: Pixels, matrix: Matrix, guess: Matrix) -> float:
    corners = np.array([[[0, 0], [b.shape[1], 0], [b.shape[1], b.shape[0]], [0, b.shape[0]]]], float)
    apart = cv2.perspectiveTransform(corners, matrix) - cv2.perspectiveTransform(corners, guess)
    return float(np.linalg.norm(apart, axis=2).max()) / float(max(a.shape[:2]))
