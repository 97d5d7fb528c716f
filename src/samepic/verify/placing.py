"""How one picture lies on the other, as facts: held otherwise, seen at an angle, cropped, framed, put elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.facts import Facts, Placing, Side
from samepic.profiles import ALIGN
from samepic.verdict import PictureInfo
from samepic.verify.features import Matrix, Shape, decompose, inverse, local_scale
from samepic.verify.mapping import Mapped
from samepic.verify.overlay import polygon

__all__ = ["placed"]

Edge: TypeAlias = NDArray[np.float64]

_TILTED, _SLIGHTLY = 1.5, 0.7
_DEEP, _SLANTED, _STRETCHED = 1.06, 2.0, 1.04
_PLAIN, _EDGES = 0.998, 0.4
_MARGIN = 0.012
_NEAR = 0.04
_MOST = 0.6
_CORNERS = 0.8
_EVEN = 0.03
_BARS = ((Side.ABOVE, Side.BELOW), (Side.LEFT, Side.RIGHT))


@dataclass(frozen=True, slots=True)
class _Pair:
    """A source and its copy: sizes (height, width), the map from the copy to the source, and the shares that overlap.

    `rest` is the share of what there is to see in the larger of the two that the other shows as well.
    """

    source: tuple[int, int]
    copy: tuple[int, int]
    matrix: Matrix
    part_source: float
    part_copy: float
    rest: float
    pasted: bool
    shape: Shape

    @property
    def tilt(self) -> float:
        return abs(self.shape.angle - round(self.shape.angle / 90) * 90)

    @property
    def is_aslant(self) -> bool:
        return self.tilt >= _TILTED or self.shape.shear >= _SLANTED or self.shape.depth >= _DEEP

    def held(self) -> Facts:
        """Return how the source is held otherwise, seen at an angle or stretched in the copy."""
        facts = Facts(
            turned=round(self.shape.angle / 90) * 90 % 360,
            mirrored=bool(np.linalg.det(self.matrix[:2, :2]) < 0),
        )
        if self.shape.depth >= _DEEP:
            return replace(facts, perspective=True)
        return replace(
            facts,
            tilt=round(self.tilt, 2) if self.tilt >= _SLIGHTLY else 0.0,
            slanted=self.shape.shear >= _SLANTED,
            stretched=self.shape.stretch >= _STRETCHED,
        )


def placed(a: PictureInfo, b: PictureInfo, over: Mapped) -> Facts:
    """Return how b lies on a: what of `Facts` is about turning, shape, shares and scale."""
    sizes, shares, held = ((a.height, a.width), (b.height, b.width)), over.parts, over.held
    rest = held[0] if shares[0] < shares[1] else held[1]
    forth = _pair(sizes, over.matrix, shares, rest, over.pasted)
    back = _pair(sizes[::-1], inverse(over.matrix), shares[::-1], rest, over.pasted)
    scale = local_scale(over.matrix, b.width / 2, b.height / 2)[0]
    facts = replace(
        forth.held(),
        share_a=round(shares[0], 4),
        share_b=round(shares[1], 4),
        scale=1 / scale if scale > 0 else 0.0,
    )
    if over.is_snug:
        return replace(facts, share_a=1.0, share_b=1.0)
    if max(shares) < ALIGN.snug:
        return _partly(facts, forth, back)
    smaller, larger = (back, "a") if shares[0] < shares[1] else (forth, "b")
    placing, sides = _added(smaller)
    copy = larger
    if placing is Placing.CROP:
        copy = "b" if larger == "a" else "a"
    return replace(facts, placing=placing, sides=sides, larger=larger, copy=copy)


def _pair(
    sizes: tuple[tuple[int, int], tuple[int, int]],
    matrix: Matrix,
    shares: tuple[float, float],
    rest: float,
    pasted: bool,
) -> _Pair:
    shape = decompose(matrix, sizes[1][1], sizes[1][0])
    return _Pair(*sizes, matrix, *shares, rest, pasted, shape)


def _partly(facts: Facts, forth: _Pair, back: _Pair) -> Facts:
    """Add how two pictures lie on each other of which neither holds the other."""
    low, high = sorted((forth.part_source, forth.part_copy))
    even = high - low <= _EVEN
    if even and low >= _CORNERS and forth.is_aslant and _corners_cut(forth) and _corners_cut(back):
        return replace(facts, placing=Placing.CORNERS_CUT)
    if forth.pasted:
        copy = "b" if forth.part_copy <= forth.part_source else "a"
        return replace(facts, placing=Placing.INSET_PART, copy=copy)
    return replace(facts, placing=Placing.PARTS)


def _corners_cut(pair: _Pair) -> bool:
    """Tell whether what the source shows of its copy leaves out the corners, all four, and no more."""
    edge = polygon(pair.source, pair.copy, pair.matrix)
    return len(edge) >= 8


def _added(pair: _Pair) -> tuple[Placing, tuple[Side, ...]]:
    """Return what the larger picture, the copy, has round the source, and where; a crop if it is more of the scene."""
    edge = polygon(pair.copy, pair.source, inverse(pair.matrix))
    # What lies at the edge of the overlap looks busy, so that a thin border seems to hold a little.
    plain = pair.rest >= ALIGN.framed and 1 - pair.rest <= _EDGES * (1 - pair.part_copy)
    if not pair.pasted and not (plain and (pair.is_aslant or _is_border(edge, pair))):
        return Placing.CROP, ()
    if not pair.is_aslant:
        return _added_straight(pair, _sides(edge, pair.copy), plain=plain)
    if pair.pasted and _touches(edge, pair.copy):
        return Placing.CORNERS_FILLED, ()
    # Dark corners of a dark picture: filled or cut off, they look the same.
    return (Placing.WITHIN if plain else Placing.INSET), ()


def _added_straight(pair: _Pair, sides: tuple[Side, ...], *, plain: bool) -> tuple[Placing, tuple[Side, ...]]:
    opposite = sides in _BARS
    framed = len(sides) != 1 and not opposite
    if plain and framed:
        return Placing.BORDER, ()
    if framed or not (plain or pair.part_copy >= _MOST):
        return Placing.INSET, ()
    return (Placing.BARS if plain and opposite else Placing.STRIPS), sides


def _margins(edge: Edge, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return what is left above, below, on the left and on the right of an outline, as shares of the picture."""
    (left, top), (right, low) = edge.min(axis=0) + 0.5, edge.max(axis=0) + 0.5
    return top / size[0], 1 - low / size[0], left / size[1], 1 - right / size[1]


def _sides(edge: Edge, size: tuple[int, int]) -> tuple[Side, ...]:
    return tuple(side for side, left in zip(Side, _margins(edge, size), strict=True) if left >= _MARGIN)


def _is_border(edge: Edge, pair: _Pair) -> bool:
    """Tell whether what shows no jump at the edge of a picture is a border all the same.

    It is as wide on one side as on the other, and either too thin for a jump to be measured or quite empty.
    """
    above, below, left, right = _margins(edge, pair.copy)
    if abs(above - below) > _MARGIN or abs(left - right) > _MARGIN:
        return False
    height, width = pair.copy
    thin = 3 * max(2.0, 0.006 * max(height, width)) + 2
    return pair.rest >= _PLAIN or max(above * height, left * width) <= thin


def _touches(edge: Edge, size: tuple[int, int]) -> bool:
    """Tell whether every corner of an outline lies at the edge of the picture."""
    height, width = size
    away = np.min(
        [edge[:, 0] / width, edge[:, 1] / height, 1 - edge[:, 0] / width, 1 - edge[:, 1] / height], axis=0
    )
    return bool((away <= _NEAR).all())
