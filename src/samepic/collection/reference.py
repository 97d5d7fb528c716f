"""Reference: which of several copies of a picture is the best, and why."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import NamedTuple

from samepic.profiles.collection import COLLECTION, GRADES, LOSSLESS
from samepic.verdict import PictureInfo

__all__ = ["Merit", "merit", "why_best"]


_GRAYS = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


class Merit(NamedTuple):
    """What is held for a copy, in this order: `pixels`, `colour` (1, or 0 for gray), `grade` of its format,
    JPEG `quality`, `weight` (coded bytes of a lossy format in coarse steps: a blurred copy has fewer), bytes of
    `metadata`.

    `format`, `width` and `height` are there to tell of it.
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

    def rank(self) -> tuple[int, ...]:
        """Return what copies are ordered by, more being better."""
        return self[:6]

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
    return Merit(size[0] * size[1], int(not gray), grade, quality, weight, info.metadata, info.format, *size)


def why_best(best: Merit, others: Sequence[Merit], *, proven: bool) -> str:
    """Say why `best` is the reference of `others`, one or more; `proven` where one of them was made from it."""
    nearest = max(others, key=Merit.rank)
    kept = "stored without loss" if best.grade == LOSSLESS else "closer to the original file"
    reasons = (
        (
            best.pixels > nearest.pixels,
            f"the largest: {best.width}x{best.height} against {nearest.width}x{nearest.height}",
        ),
        (proven, "the original: another was made by re-saving it"),
        (best.colour > nearest.colour, "in colour, the others in gray"),
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
