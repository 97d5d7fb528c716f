"""Quality: which of several copies of a picture is the best, and why."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from samepic.duplicates.cache import CachedVerdict
from samepic.duplicates.walk import FileKind
from samepic.tuning.verify import KEEP
from samepic.verdict import PictureInfo, Relation

LOSSLESS = 4

_GRADES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("PNG", "TIFF", "BMP", "PPM", "TGA", "PSD", "QOI", "SGI", "SUN", "PCX"), LOSSLESS),
        "HEIF": 3,
        **dict.fromkeys(("JPEG", "JPEG2000"), 2),
        **dict.fromkeys(("WEBP", "AVIF"), 1),
    }
)
"""2026-11: the rank of a format as the likely original, among pictures of one size; others are 0. Chosen."""

_WEIGHT_STEP = 1.3  # the factor between coded sizes that counts as a difference in quality
_ORIGINAL = "the original: another was made by re-saving it"
_GRAYS = frozenset({"1", "L", "LA", "La", "LA;16", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_ALPHA = frozenset({"RGBA", "RGBa", "RGBA;16", "LA", "La", "LA;16", "PA", "P"})


class Merit(NamedTuple):
    """What makes a copy better, in this order; `weight` is its coded bytes in coarse steps: a blurred copy has fewer.

    `format`, `width` and `height` explain; `alpha` and `camera` count only against another copy, in `why_original`;
    `model` and `taken` are the camera and the time of `PictureInfo`. `video` is whether it is a motion photo, `ended`
    whether a JPEG has its end marker. A raw file comes first.
    """

    pixels: int
    color: int
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
    model: str = ""
    taken: str = ""
    video: int = 0
    ended: int = 1

    @property
    def raw(self) -> int:
        return int(self.format == "RAW")

    def rank(self) -> tuple[int, ...]:
        """Return the sort key of copies, higher being better."""
        first = self.raw, self.pixels, self.color, self.depth, self.video
        return (*first, *self[2:5], self.ended, self.metadata)

    def order(self, index: int) -> tuple[int, ...]:
        """Return the sort key that puts the best picture first; `index` breaks ties."""
        return (*(-value for value in self.rank()), index)

    @property
    def kind(self) -> FileKind:
        return FileKind.RAW if self.raw else FileKind.MOTION if self.video else FileKind.PICTURE

    def to_text(self) -> str:
        return json.dumps(self)

    @classmethod
    def from_text(cls, text: str) -> Merit:
        """Return what `to_text` wrote; raise ValueError or TypeError for anything else."""
        return cls(*json.loads(text))


def merit(info: PictureInfo) -> Merit:
    palette = info.mode in ("P", "1")
    grade = 0 if palette else _GRADES.get(info.format, 0)
    quality = info.jpeg.quality if info.jpeg else 0
    gray = info.mode in _GRAYS or (info.jpeg is not None and info.jpeg.colour == "gray")
    size = info.width, info.height
    weight = weight_of(info.size - info.metadata, grade)
    rest = info.depth, int(info.mode in _ALPHA), int(info.is_photograph)
    ended = int(info.jpeg is None or info.jpeg.ended)
    first = (size[0] * size[1], int(not gray), grade, quality, weight, info.metadata, info.format)
    return Merit(*first, *size, *rest, info.camera, info.taken, int(info.video > 0), ended)


def weight_of(coded: int, grade: int) -> int:
    """Return the weight of `coded` bytes in a format of this grade: a step for every 30 % more, 0 if not lossy."""
    return int(math.log(max(1, coded), _WEIGHT_STEP)) if 0 < grade < LOSSLESS else 0


def why_original(reference: Merit, other: Merit, verdict: CachedVerdict) -> str:
    """Return why `other` is the original though it ranks lower than the reference, or ""; `verdict` is on it."""
    small = other.pixels < KEEP.as_large * reference.pixels
    if (reference.raw, reference.video) > (other.raw, other.video):
        return ""
    if verdict.relation == Relation.SAME_PIXELS:
        # A lossless file with the pixels of a lossy one was made from it.
        return _ORIGINAL if reference.grade == LOSSLESS > other.grade > 0 else ""
    if verdict.relation == Relation.ADJUSTED and other.camera > reference.camera and not small:
        return "from the camera, by its metadata: others were edited"
    if verdict.relation != Relation.RESAVED or verdict.original != "b":
        return ""
    return _why_resaved(reference, other, small)


def _why_resaved(reference: Merit, other: Merit, small: bool) -> str:
    if small:
        return f"the original: another was enlarged from it, to {reference.width}x{reference.height}"
    if other.alpha > reference.alpha:
        return "a cutout: transparent where others are filled"
    deeper = f"higher bit depth: {other.depth} bits per sample, not {reference.depth}"
    return deeper if other.depth > reference.depth else _ORIGINAL


_ADVANTAGES = {
    "raw": "the raw file: others were developed from it",
    "pixels": "the largest: {0.width}x{0.height} against {1.width}x{1.height}",
    "color": "in color, the others are gray",
    "depth": "higher bit depth: {0.depth} bits per sample, not {1.depth}",
    "video": "holds a video: a motion photo",
    "grade": "{better} ({0.format} against {1.format})",
    "quality": "higher JPEG quality: {0.quality} against {1.quality}",
    "weight": "less compressed than the others",
    "ended": "has its end marker",
    "metadata": "has more metadata: {0.metadata} bytes against {1.metadata}",
}
"""What the best file has over the second best, in the order of `Merit.rank`."""


def why_best(best: Merit, others: Sequence[Merit], *, proven: str) -> str:
    """Return why `best` is the reference of `others`, one or more; `proven` is the reason of `why_original`, or ""."""
    reason = proven or advantage(best, max(others, key=Merit.rank), _ADVANTAGES)
    return reason or "equal quality; first by path"


_OVER_ONE = {
    **_ADVANTAGES,
    "pixels": "larger: {0.width}x{0.height} against {1.width}x{1.height}",
    "color": "in color",
}


def why_better(copy: Merit, reference: Merit) -> str:
    """Return what a copy has over a reference by its header, or "" where it ranks no higher."""
    return advantage(copy, reference, _OVER_ONE) if copy.rank() > reference.rank() else ""


def advantage(best: Merit, other: Merit, texts: Mapping[str, str]) -> str:
    """Return the text, by field in the order of `Merit.rank`, of the first in which `best` has more, or ""."""
    better = "stored without loss" if best.grade == LOSSLESS else "closer to the original file"
    ahead = (text for name, text in texts.items() if getattr(best, name) > getattr(other, name))
    return next(ahead, "").format(best, other, better=better)
