"""From what was measured to facts: how one picture differs from another that lies on it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.facts import DetailChange, Doubt, Facts, Placing, Proof, ToneChange
from samepic.profiles import JUDGE
from samepic.verdict import PictureInfo, Relation
from samepic.verify.change import Changes
from samepic.verify.evidence import MEASURES, Evidence
from samepic.verify.judge import Finding
from samepic.verify.mapping import Mapped
from samepic.verify.placing import placed
from samepic.verify.ranks import percentile
from samepic.verify.resave import Reenactment

__all__ = ["WholeChange", "facts_of", "proof_of", "whole_change"]

Pixels: TypeAlias = NDArray[np.uint8]

_COPIES = (Relation.RESAVED, Relation.ADJUSTED, Relation.REFRAMED, Relation.EDITED)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class WholeChange:
    """What was done to a whole picture, from a to b: its tone and color, and its sharpness and grain.

    `levels` is how far nine tenths of the picture change in tone at most, in levels; `sharpness` the fine detail of b
    over that of a.
    """

    tone: ToneChange = ToneChange.NONE
    detail: DetailChange = DetailChange.NONE
    levels: float = 0.0
    sharpness: float = 1.0

    @property
    def adjusted(self) -> bool:
        """Whether anything was."""
        return self.tone is not ToneChange.NONE or self.detail is not DetailChange.NONE


def proof_of(made: Reenactment, copy: str) -> Proof:
    """Return a successful re-enactment as a fact; `copy`, "a" or "b", is what came out of the other one."""
    jpeg = made.jpeg
    if jpeg is None:
        return Proof(copy, lossless=True, resampling=made.resampling)
    return Proof(
        copy,
        quality=jpeg.quality,
        exact=jpeg.quality_exact,
        subsampling=jpeg.subsampling,
        progressive=jpeg.progressive,
        resampling=made.resampling,
    )


def whole_change(mapped: Mapped, evidence: Evidence, changes: Changes) -> WholeChange:
    """Return what was done to the whole picture, outside of what was changed in places."""
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


def _tone(mapped: Mapped, evidence: Evidence) -> tuple[ToneChange, float]:
    if evidence.colorless[0] != evidence.colorless[1]:
        gray = ToneChange.WITHOUT_COLOR if evidence.colorless[1] else ToneChange.WITH_COLOR
        return gray, evidence.tone.change
    if evidence.shaded:
        return ToneChange.OTHER, evidence.tone.change
    if evidence.tone.change <= JUDGE.same_tone:
        return ToneChange.NONE, evidence.tone.change
    size = (24, 24)
    one, two = (
        cv2.resize(p, size, interpolation=cv2.INTER_AREA).astype(np.float32) for p in (mapped.one, mapped.two)
    )
    moved = (two - one).reshape(-1, 3)
    luma = np.einsum("nc,c->n", moved, _LUMA)
    mean, tint = float(luma.mean()), float(np.abs(moved - luma[:, None]).max(axis=1).mean())
    against = -percentile(luma, 10) if mean > 0 else percentile(luma, 90)
    if abs(mean) < 2.0 or against > 1.0 or tint > 0.5 * abs(mean):
        return ToneChange.OTHER, evidence.tone.change
    return (ToneChange.BRIGHTER if mean > 0 else ToneChange.DARKER), evidence.tone.change


def facts_of(a: PictureInfo, b: PictureInfo, finding: Finding, mapped: Mapped, change: WholeChange) -> Facts:
    """Return what is known of two pictures, b laid on a."""
    if finding.relation is Relation.UNDECIDABLE:
        return Facts(doubt=Doubt.CONTENT)
    if finding.relation not in (*_COPIES, Relation.SIMILAR):
        return Facts()
    facts = _placed_whole(a, b, mapped) if mapped.whole else placed(a, b, mapped)
    if finding.relation is Relation.SIMILAR:
        shares = facts.placing is Placing.PARTS and finding.probability >= JUDGE.most_doubt
        return facts if shares else Facts()
    if finding.relation is Relation.RESAVED:
        return facts
    # What was changed in places looks like a change of grain.
    detail = DetailChange.NONE if finding.relation is Relation.EDITED else change.detail
    return replace(facts, tone=change.tone, detail=detail, places=len(finding.regions))


def _placed_whole(a: PictureInfo, b: PictureInfo, mapped: Mapped) -> Facts:
    scale = math.sqrt(b.width * b.height / (a.width * a.height))
    if mapped.turn is None:
        return Facts(scale=scale)
    return Facts(scale=scale, turned=mapped.turn.degrees, mirrored=mapped.turn.mirrored)
