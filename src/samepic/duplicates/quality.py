"""Reference: which of several copies of a picture is the best, and why."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import NamedTuple

from samepic.duplicates.cache import CachedVerdict
from samepic.limits import COLLECTION, GRADES, LOSSLESS
from samepic.tuning.verify import KEEP
from samepic.verdict import PictureInfo, Relation

__all__ = ["Merit", "merit", "why_best", "why_original"]


_SAVED = "the original: another was made by re-saving it"

_GRAYS = frozenset({"1", "L", "LA", "La", "LA;16", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_ALPHA = frozenset({"RGBA", "RGBa", "RGBA;16", "LA", "La", "LA;16", "PA", "P"})


class Merit(NamedTuple):
    """What is held for a copy, in this order: `pixels`, `colour` (1, or 0 for gray), `depth` (bits a sample), `grade`
    of its format, JPEG `quality`, `weight` (coded bytes of a lossy format in coarse steps: a blurred copy has fewer),
    bytes of `metadata`.

    `format`, `width` and `height` are there to tell of it; `alpha` tells that it may be transparent, `camera` that it
    has the camera's own data: what these are worth shows only beside another copy.
    """

    pixels: int
    colour: int
    grade: int
    quality: int
    weight: int
    metadata: int
    format: str
    width: int
    height: int
    depth: int = 8
    alpha: int = 0
    camera: int = 0

    def rank(self) -> tuple[int, ...]:
        """Return what copies are ordered by, more being better."""
        return (self.pixels, self.colour, self.depth, *self[2:6])

    def order(self, index: int) -> tuple[int, ...]:
        """Return what pictures are taken up by, the least and so the best first; `index` is the last of it."""
        return (*(-value for value in self.rank()), index)

    def to_text(self) -> str:
        """Return the text that `from_text` reads."""
        return json.dumps(self)

    @classmethod
    def from_text(cls, text: str) -> Merit:
        """Return what `to_text` wrote; raise ValueError or TypeError for anything else."""
        return cls(*json.loads(text))


def merit(info: PictureInfo) -> Merit:
    """Return the merit of a picture by what its header says."""
    palette = info.mode in ("P", "1")
    grade = 0 if palette else GRADES.get(info.format, 0)
    quality = info.jpeg.quality if info.jpeg else 0
    gray = info.mode in _GRAYS or (info.jpeg is not None and info.jpeg.colour == "gray")
    size = info.width, info.height
    coded = max(1, info.size - info.metadata)
    weight = int(math.log(coded, COLLECTION.weight_step)) if 0 < grade < LOSSLESS else 0
    more = info.depth, int(info.mode in _ALPHA), int(info.camera)
    first = (size[0] * size[1], int(not gray), grade, quality, weight, info.metadata, info.format)
    return Merit(*first, *size, *more)


def why_original(reference: Merit, other: Merit, said: CachedVerdict) -> str:
    """Return why `other` is the better copy though it seemed the lesser, "" where it is not.

    `said` is what it is to the reference, as samepic.verify.quality and samepic.verify.resave judge the two pictures.
    """
    small = other.pixels < KEEP.as_large * reference.pixels
    if said.relation == Relation.SAME_PIXELS:
        # A lossless file whose pixels are those of a lossy one was made from it.
        return _SAVED if reference.grade == LOSSLESS > other.grade > 0 else ""
    if said.relation == Relation.ADJUSTED and other.camera > reference.camera and not small:
        return "from the camera, by its metadata: others were edited"
    if said.relation != Relation.RESAVED or said.original != "b":
        return ""
    reasons = (
        (small, f"the original: another was enlarged from it, to {reference.width}x{reference.height}"),
        (other.alpha > reference.alpha, "a cut-out: it is transparent where others were filled"),
        (other.depth > reference.depth, f"more exact: {other.depth} bits a sample against {reference.depth}"),
    )
    return next((reason for holds, reason in reasons if holds), _SAVED)


def why_best(best: Merit, others: Sequence[Merit], *, proven: str) -> str:
    """Say why `best` is the reference of `others`, one or more: `proven` where `why_original` said so of one."""
    nearest = max(others, key=Merit.rank)
    kept = "stored without loss" if best.grade == LOSSLESS else "closer to the original file"
    reasons = (
        (bool(proven), proven),
        (
            best.pixels > nearest.pixels,
            f"the largest: {best.width}x{best.height} against {nearest.width}x{nearest.height}",
        ),
        (best.colour > nearest.colour, "in colour, the others in gray"),
        (best.depth > nearest.depth, f"more exact: {best.depth} bits a sample against {nearest.depth}"),
        (best.grade > nearest.grade, f"{kept} ({best.format} against {nearest.format})"),
        (
            best.quality > nearest.quality,
            f"higher JPEG quality: {best.quality} against {nearest.quality}",
        ),
        (best.weight > nearest.weight, "more is coded in it than in the others"),
        (
            best.metadata > nearest.metadata,
            f"has more metadata: {best.metadata} bytes against {nearest.metadata}",
        ),
    )
    return next((reason for holds, reason in reasons if holds), "equal quality; first by path")
