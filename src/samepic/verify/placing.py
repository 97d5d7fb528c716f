"""The words for how one picture lies on the other: held otherwise, seen at an angle, cropped, framed, put elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.profiles import ALIGN
from samepic.verdict import PictureInfo
from samepic.verify.features import Matrix, Shape, decompose, inverse
from samepic.verify.overlap import Overlap
from samepic.verify.overlay import polygon
from samepic.verify.turns import Turn

__all__ = ["Placing", "placed"]

Edge: TypeAlias = NDArray[np.float64]

_TILTED, _SLIGHTLY = 1.5, 0.7
_DEEP, _SLANTED, _STRETCHED = 1.06, 2.0, 1.04
_PLAIN, _EDGES = 0.998, 0.4
_MARGIN = 0.012
_NEAR = 0.04
_MOST = 0.6
_CORNERS = 0.8
_EVEN = 0.03
_FRACTIONS = {
    1 / 4: "a quarter",
    1 / 3: "a third",
    1 / 2: "half",
    2 / 3: "two thirds",
    3 / 4: "three quarters",
}


@dataclass(frozen=True, slots=True)
class Placing:
    """What is said of how one picture lies on the other.

    `words` are of what became of the source; `copy` is "a" or "b" where it is plain which of the two was made of the
    other, else ""; `apart` tells that neither holds the whole of the other, `taken_out` that a is b with more round it.
    """

    words: tuple[str, ...]
    copy: str = ""
    apart: bool = False
    taken_out: bool = False


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

    def held(self) -> tuple[str, ...]:
        """Return how the source is held otherwise, seen at an angle or stretched in the copy."""
        mirrored = bool(np.linalg.det(self.matrix[:2, :2]) < 0)
        words = [Turn(round(self.shape.angle / 90) * 90 % 360, mirrored).words()]
        if self.shape.depth >= _DEEP:
            words.append("seen at an angle")
        else:
            if self.tilt >= _SLIGHTLY:
                words.append(f"tilted by {self.tilt:.0f}°" if self.tilt >= _TILTED else "tilted a little")
            if self.shape.shear >= _SLANTED:
                words.append("slanted")
            if self.shape.stretch >= _STRETCHED:
                words.append("stretched")
        return tuple(filter(None, words))


def placed(a: PictureInfo, b: PictureInfo, over: Overlap) -> Placing:
    """Return the words for how b lies on a, told of the one that was made of the other where that is plain."""
    found = over.alignment
    sizes, shares, held = (
        ((a.height, a.width), (b.height, b.width)),
        (found.part_a, found.part_b),
        (found.held_a, found.held_b),
    )
    rest = held[0] if shares[0] < shares[1] else held[1]
    forth = _pair(sizes, found.matrix, shares, rest, over.pasted)
    back = _pair(sizes[::-1], inverse(found.matrix), shares[::-1], rest, over.pasted)
    if over.is_snug:
        return Placing(forth.held())
    if max(shares) < ALIGN.snug:
        return _partly(forth, back)
    smaller = back if shares[0] < shares[1] else forth
    added = _added(smaller)
    if added is None:
        crop, copy = (forth, "b") if smaller is back else (back, "a")
        return Placing((*crop.held(), f"cropped to {_percent(min(shares))}"), copy)
    words, undone = added
    if smaller is forth:
        return Placing(tuple(filter(None, (*forth.held(), words))), "b")
    return Placing(tuple(filter(None, (*forth.held(), undone))), taken_out=True)


def _percent(share: float) -> str:
    """Return a share, 0 to 1, as people write it."""
    return f"{max(1, round(100 * share))} %"


def _pair(
    sizes: tuple[tuple[int, int], tuple[int, int]],
    matrix: Matrix,
    shares: tuple[float, float],
    rest: float,
    pasted: bool,
) -> _Pair:
    shape = decompose(matrix, sizes[1][1], sizes[1][0])
    return _Pair(*sizes, matrix, *shares, rest, pasted, shape)


def _partly(forth: _Pair, back: _Pair) -> Placing:
    """Say how two pictures lie on each other of which neither holds the other."""
    low, high = sorted((forth.part_source, forth.part_copy))
    even = high - low <= _EVEN
    if even and low >= _CORNERS and forth.is_aslant and _corners_cut(forth) and _corners_cut(back):
        return Placing((*forth.held(), "with its corners cut off"))
    if forth.pasted:
        pair, copy = (forth, "b") if forth.part_copy <= forth.part_source else (back, "a")
        kept, fills = _percent(pair.part_source), _percent(pair.part_copy)
        return Placing(
            (*pair.held(), f"cut to {kept} and put into another picture, where it fills {fills}"), copy
        )
    shared = (
        f"that share {_fraction((low + high) / 2)} of each"
        if even
        else f"that share {_percent(forth.part_source)} of the one and {_percent(forth.part_copy)} of the other"
    )
    held = forth.held()
    return Placing((shared, *(f"the one {words}" for words in held[:1]), *held[1:]), apart=True)


def _corners_cut(pair: _Pair) -> bool:
    """Tell whether what the source shows of its copy leaves out the corners, all four, and no more."""
    edge = polygon(pair.source, pair.copy, pair.matrix)
    return len(edge) >= 8


def _fraction(share: float) -> str:
    near = min(_FRACTIONS, key=lambda f: abs(f - share))
    return _FRACTIONS[near] if abs(near - share) <= 0.015 else _percent(share)


def _added(pair: _Pair) -> tuple[str, str] | None:
    """Say what the larger picture, the copy, has round the source, and how to undo it; None for more of the scene."""
    edge = polygon(pair.copy, pair.source, inverse(pair.matrix))
    # What lies at the edge of the overlap looks busy, so that a thin border seems to hold a little.
    plain = pair.rest >= ALIGN.framed and 1 - pair.rest <= _EDGES * (1 - pair.part_copy)
    if not pair.pasted and not (plain and (pair.is_aslant or _is_border(edge, pair))):
        return None
    if not pair.is_aslant:
        return _added_straight(pair, _sides(edge, pair.copy), plain=plain)
    if pair.pasted and _touches(edge, pair.copy):
        return "with its corners filled", "with the filled corners left out"
    if not plain:
        return _elsewhere(pair)
    return "", ""  # dark corners of a dark picture: filled or cut off, they look the same


def _added_straight(pair: _Pair, sides: list[str], *, plain: bool) -> tuple[str, str]:
    opposite = sides in (["above", "below"], ["on the left", "on the right"])
    framed = len(sides) != 1 and not opposite
    if plain and framed:
        return "with a border", "taken out of its border"
    if framed or not (plain or pair.part_copy >= _MOST):
        return _elsewhere(pair)
    where = " and ".join(sides).replace("left and on the", "left and")
    noun = "bars" if plain and opposite else "strips" if opposite else "strip"
    article = "" if opposite else "a "
    return f"with {article}{noun} added {where}", f"with the {noun} {where} taken off"


def _elsewhere(pair: _Pair) -> tuple[str, str]:
    other = "another" if pair.part_copy < 0.5 else "a larger"
    words = f"put into {other} picture, where it fills {_percent(pair.part_copy)}"
    return words, "taken out of a larger picture"


def _margins(edge: Edge, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return what is left above, below, on the left and on the right of an outline, as shares of the picture."""
    (left, top), (right, low) = edge.min(axis=0) + 0.5, edge.max(axis=0) + 0.5
    return top / size[0], 1 - low / size[0], left / size[1], 1 - right / size[1]


def _sides(edge: Edge, size: tuple[int, int]) -> list[str]:
    names = ("above", "below", "on the left", "on the right")
    return [name for name, left in zip(names, _margins(edge, size), strict=True) if left >= _MARGIN]


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
