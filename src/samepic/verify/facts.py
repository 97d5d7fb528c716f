"""Facts of a pair from its measurements: the position of one picture on the other, and its changes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Matrix, Pixels
from samepic.facts import DetailChange, Doubt, Facts, Placing, Proof, Side, ToneChange
from samepic.tuning.verify import ALIGN, JUDGE
from samepic.verdict import PictureInfo, Relation
from samepic.verify.evidence import MEASURES, CellEvidence, Changes
from samepic.verify.features import Shape, decompose, inverse, local_scale
from samepic.verify.judge import Judgment
from samepic.verify.mapping import MappedPair
from samepic.verify.overlay import polygon
from samepic.verify.photometry import percentile
from samepic.verify.resave import Reenactment

Edge: TypeAlias = NDArray[np.float64]
_COPIES = (Relation.RESAVED, Relation.ADJUSTED, Relation.REFRAMED, Relation.EDITED)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_TILTED, _SLIGHTLY_TILTED = 1.5, 0.7  # degrees
_PERSPECTIVE, _SLANTED, _STRETCHED = 1.06, 2.0, 1.04
_EMPTY, _EDGES = 0.998, 0.4  # shares of what there is to see
_MARGIN, _NEAR_EDGE = 0.012, 0.04  # of a side
_MAIN_PART, _CORNERS, _EVEN = 0.6, 0.8, 0.03  # shares of a picture
_BARS = ((Side.ABOVE, Side.BELOW), (Side.LEFT, Side.RIGHT))


@dataclass(frozen=True, repr=False, eq=False)
class _SourceAndCopy:
    """A source and its copy: sizes (height, width), the map from the copy to the source, and the shares that overlap.

    `rest` is the share of the visible content of the larger picture that the other shows as well.
    """

    source: tuple[int, int]
    copy: tuple[int, int]
    matrix: Matrix
    part_source: float
    part_copy: float
    rest: float
    pasted: bool

    @cached_property
    def shape(self) -> Shape:
        return decompose(self.matrix, self.copy[1], self.copy[0])

    @property
    def tilt(self) -> float:
        return abs(self.shape.angle - round(self.shape.angle / 90) * 90)

    @property
    def is_aslant(self) -> bool:
        return self.tilt >= _TILTED or self.shape.shear >= _SLANTED or self.shape.depth >= _PERSPECTIVE

    def distortion(self) -> Facts:
        """Return the rotation, perspective and distortion of the copy."""
        facts = Facts(
            turned=round(self.shape.angle / 90) * 90 % 360,
            mirrored=bool(np.linalg.det(self.matrix[:2, :2]) < 0),
        )
        if self.shape.depth >= _PERSPECTIVE:
            return replace(facts, perspective=True)
        return replace(
            facts,
            tilt=round(self.tilt, 2) if self.tilt >= _SLIGHTLY_TILTED else 0.0,
            slanted=self.shape.shear >= _SLANTED,
            stretched=self.shape.stretch >= _STRETCHED,
        )


def placed(a: PictureInfo, b: PictureInfo, over: MappedPair) -> Facts:
    """Return the position of b on a: the `Facts` about rotation, shape, shares and scale."""
    sizes, shares, held = ((a.height, a.width), (b.height, b.width)), over.parts, over.held
    rest = held[0] if shares[0] < shares[1] else held[1]
    forth = _SourceAndCopy(*sizes, over.matrix, *shares, rest, over.pasted)
    back = _SourceAndCopy(*sizes[::-1], inverse(over.matrix), *shares[::-1], rest, over.pasted)
    scale = local_scale(over.matrix, b.width / 2, b.height / 2)[0]
    facts = replace(
        forth.distortion(),
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
    copy = larger if placing is not Placing.CROP else "b" if larger == "a" else "a"
    return replace(facts, placing=placing, sides=sides, larger=larger, copy=copy)


def _partly(facts: Facts, forth: _SourceAndCopy, back: _SourceAndCopy) -> Facts:
    """Add the placing of two pictures neither of which contains the other."""
    low, high = sorted((forth.part_source, forth.part_copy))
    even = high - low <= _EVEN
    if even and low >= _CORNERS and forth.is_aslant and _corners_cut(forth) and _corners_cut(back):
        return replace(facts, placing=Placing.CORNERS_CUT)
    if forth.pasted:
        copy = "b" if forth.part_copy <= forth.part_source else "a"
        return replace(facts, placing=Placing.INSET_PART, copy=copy)
    return replace(facts, placing=Placing.PARTS)


def _corners_cut(pair: _SourceAndCopy) -> bool:
    """Return whether the overlap leaves out all four corners of the source, and nothing else."""
    return len(polygon(pair.source, pair.copy, pair.matrix)) >= 8


def _added(pair: _SourceAndCopy) -> tuple[Placing, tuple[Side, ...]]:
    """Return what the larger picture, the copy, adds around the source, and where; a crop if it is more scene."""
    edge = polygon(pair.copy, pair.source, inverse(pair.matrix))
    # The edge of the overlap looks busy, so a thin border seems to have some content.
    plain = pair.rest >= ALIGN.framed and 1 - pair.rest <= _EDGES * (1 - pair.part_copy)
    if not pair.pasted and not (plain and (pair.is_aslant or _is_border(edge, pair))):
        return Placing.CROP, ()
    if not pair.is_aslant:
        margins = zip(Side, _margins(edge, pair.copy), strict=True)
        return _added_straight(pair, tuple(side for side, left in margins if left >= _MARGIN), plain=plain)
    if pair.pasted and _touches(edge, pair.copy):
        return Placing.CORNERS_FILLED, ()
    # Dark corners of a dark picture look the same filled or cut off.
    return (Placing.WITHIN if plain else Placing.INSET), ()


def _added_straight(
    pair: _SourceAndCopy, sides: tuple[Side, ...], *, plain: bool
) -> tuple[Placing, tuple[Side, ...]]:
    opposite = sides in _BARS
    framed = len(sides) != 1 and not opposite
    if plain and framed:
        return Placing.BORDER, ()
    if framed or not (plain or pair.part_copy >= _MAIN_PART):
        return Placing.INSET, ()
    return (Placing.BARS if plain and opposite else Placing.STRIPS), sides


def _margins(edge: Edge, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the margins above, below, left and right of an outline, as shares of the picture."""
    (left, top), (right, low) = edge.min(axis=0) + 0.5, edge.max(axis=0) + 0.5
    return top / size[0], 1 - low / size[0], left / size[1], 1 - right / size[1]


def _is_border(edge: Edge, pair: _SourceAndCopy) -> bool:
    """Return whether margins without a jump at the edge of the picture are a border all the same.

    A border has equal width on opposite sides, and is either too thin to measure a jump or quite empty.
    """
    above, below, left, right = _margins(edge, pair.copy)
    if abs(above - below) > _MARGIN or abs(left - right) > _MARGIN:
        return False
    height, width = pair.copy
    thin = 3 * max(2.0, 0.006 * max(height, width)) + 2
    return pair.rest >= _EMPTY or max(above * height, left * width) <= thin


def _touches(edge: Edge, size: tuple[int, int]) -> bool:
    """Return whether every corner of an outline lies near the edge of the picture."""
    height, width = size
    x, y = edge[:, 0] / width, edge[:, 1] / height
    return bool((np.min([x, y, 1 - x, 1 - y], axis=0) <= _NEAR_EDGE).all())


class WholeChange(NamedTuple):
    """The change of a whole picture from a to b, in tone and color, and in sharpness and grain.

    `levels` is the 90th percentile of the change of tone, in levels; `sharpness` is the fine detail of b over that of
    a.
    """

    tone: ToneChange = ToneChange.NONE
    detail: DetailChange = DetailChange.NONE
    levels: float = 0.0
    sharpness: float = 1.0

    @property
    def adjusted(self) -> bool:
        """Whether anything changed."""
        return self.tone is not ToneChange.NONE or self.detail is not DetailChange.NONE


def proof_of(reenactment: Reenactment, copy: str) -> Proof:
    """Return a successful re-enactment as a fact; `copy` is "a" or "b"."""
    jpeg, resampling = reenactment.jpeg, reenactment.resampling
    if jpeg is None:
        return Proof(copy, lossless=True, resampling=resampling)
    return Proof(
        copy,
        quality=jpeg.quality,
        exact=jpeg.quality_exact,
        subsampling=jpeg.subsampling,
        progressive=jpeg.progressive,
        resampling=resampling,
    )


def whole_change(mapped: MappedPair, evidence: CellEvidence, changes: Changes) -> WholeChange:
    """Return the change of the whole picture, outside the places that were edited."""
    sharpness = (_detail(mapped.two) + 0.5) / (_detail(mapped.one) + 0.5)
    quiet = evidence.inside & (changes.odds <= 0)
    if not quiet.any():
        return WholeChange(ToneChange.NONE, DetailChange.NONE, evidence.tone.change, sharpness)
    differences = np.expm1(evidence.cells[..., MEASURES.index("difference")][quiet])
    grain = percentile(differences, 10)
    detail = DetailChange.NONE
    if grain > JUDGE.grain:
        detail = DetailChange.GRAINIER if sharpness > 1 else DetailChange.LESS_GRAINY
    elif not JUDGE.lost_detail <= sharpness <= 1 / JUDGE.lost_detail:
        detail = DetailChange.SHARPER if sharpness > 1 else DetailChange.LESS_SHARP
    tone, levels = _tone(mapped, evidence)
    return WholeChange(tone, detail, levels, sharpness)


def _detail(rgb: Pixels) -> float:
    """Return the RMS of the Laplacian of luma, in levels."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return float(cv2.norm(cv2.Laplacian(luma, cv2.CV_16S), cv2.NORM_L2) / luma.size**0.5)


def _tone(mapped: MappedPair, evidence: CellEvidence) -> tuple[ToneChange, float]:
    if evidence.colorless[0] != evidence.colorless[1]:
        gray = ToneChange.WITHOUT_COLOR if evidence.colorless[1] else ToneChange.WITH_COLOR
        return gray, evidence.tone.change
    if evidence.shaded:
        return ToneChange.OTHER, evidence.tone.change
    if evidence.tone.change <= JUDGE.same_tone:
        return ToneChange.NONE, evidence.tone.change
    size = (24, 24)
    small_a, small_b = (
        cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        for rgb in (mapped.one, mapped.two)
    )
    change = (small_b - small_a).reshape(-1, 3)
    luma = np.einsum("nc,c->n", change, _LUMA)
    mean, tint = float(luma.mean()), float(np.abs(change - luma[:, None]).max(axis=1).mean())
    against = -percentile(luma, 10) if mean > 0 else percentile(luma, 90)
    if abs(mean) < 2.0 or against > 1.0 or tint > 0.5 * abs(mean):
        return ToneChange.OTHER, evidence.tone.change
    return (ToneChange.BRIGHTER if mean > 0 else ToneChange.DARKER), evidence.tone.change


def facts_of(
    a: PictureInfo, b: PictureInfo, finding: Judgment, mapped: MappedPair, change: WholeChange
) -> Facts:
    """Return the facts of two pictures, with b aligned to a."""
    if finding.relation is Relation.UNDECIDABLE:
        return Facts(doubt=Doubt.CONTENT)
    if finding.relation not in (*_COPIES, Relation.SIMILAR):
        return Facts()
    if mapped.whole:
        turned, mirrored = mapped.turn or (0, False)
        scale = math.sqrt(b.width * b.height / (a.width * a.height))
        facts = Facts(scale=scale, turned=turned, mirrored=mirrored)
    else:
        facts = placed(a, b, mapped)
    if finding.relation is Relation.SIMILAR:
        shares = facts.placing is Placing.PARTS and finding.probability >= JUDGE.most_doubt
        return facts if shares else Facts()
    if finding.relation is Relation.RESAVED:
        return facts
    # Edited places look like a change of grain.
    detail = DetailChange.NONE if finding.relation is Relation.EDITED else change.detail
    return replace(facts, tone=change.tone, detail=detail, places=len(finding.regions))
