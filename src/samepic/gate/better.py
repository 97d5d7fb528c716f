"""Whether an upload is the better copy of a kept picture, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from samepic.collection.reference import Merit, merit
from samepic.profiles.collection import COLLECTION, LOSSLESS
from samepic.store.record import Record
from samepic.verdict import Match, PictureInfo, Relation, Verdict
from samepic.verify.explain import explain_better

__all__ = ["Better", "Comparison", "better_copy", "grade_of", "said_of"]


class Better(StrEnum):
    """Which of an upload and a kept picture is the better copy."""

    UPLOAD = "upload"
    KEPT = "kept"
    NEITHER = ""


_NAMES = {Better.UPLOAD: "the upload ", Better.KEPT: "the kept one ", Better.NEITHER: ""}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The better of two copies; `why` goes on from its name ("is larger: ..."), `reason` has all of it."""

    better: Better
    why: str

    @property
    def reason(self) -> str:
        """Which is the better copy and why, or that neither is."""
        return f"{_NAMES[self.better]}{self.why}"


def grade_of(info: PictureInfo) -> int:
    """Return how far the format of a picture is trusted to be near its origin, 0 to LOSSLESS."""
    return merit(info).grade


def said_of(match: Match) -> Comparison:
    """Return which copy a match calls the better one, and why."""
    better = Better.UPLOAD if match.better else Better.KEPT if match.worse else Better.NEITHER
    return Comparison(better, match.better_reason.removeprefix(_NAMES[better]))


def better_copy(
    upload: Record, kept: Record, relation: Relation, verdict: Verdict | None = None
) -> Comparison:
    """Return which of the two is the better copy: larger, less coded or with more metadata; and the reason.

    `relation` is what the upload is to the kept one, and `verdict` what it is, as b, to the original of that, where
    both were laid on each other: what it says of the two goes before what is on record. A copy in which something
    was changed is never the better one.
    """
    if relation is Relation.EDITED:
        return Comparison(Better.NEITHER, "neither is the better copy: something was changed in one of them")
    if verdict is not None and verdict.original:
        better = Better.UPLOAD if verdict.original == "b" else Better.KEPT
        return Comparison(better, explain_better(verdict.facts, verdict.a, verdict.b))
    one, two = _merit(upload), _merit(kept)
    if one.rank() == two.rank():
        return Comparison(Better.NEITHER, "as good as the one that is kept")
    if one.rank() > two.rank():
        return Comparison(Better.UPLOAD, _why(one, two))
    return Comparison(Better.KEPT, _why(two, one))


def _why(best: Merit, other: Merit) -> str:
    if best.pixels != other.pixels:
        return f"is larger: {best.width}x{best.height} against {other.width}x{other.height}"
    if best.grade != other.grade:
        kept = "is stored without loss" if best.grade == LOSSLESS else "is closer to the original file"
        return f"{kept} ({best.format} against {other.format})"
    if best.quality != other.quality:
        return f"has the higher JPEG quality: {best.quality} against {other.quality}"
    if best.weight != other.weight:
        return "has more coded in it"
    return f"has more metadata: {best.metadata} bytes against {other.metadata}"


def _merit(record: Record) -> Merit:
    coded = max(1, record.size - record.metadata)
    weight = int(math.log(coded, COLLECTION.weight_step)) if 0 < record.grade < LOSSLESS else 0
    size = record.width, record.height
    quality = record.jpeg_quality or 0
    return Merit(size[0] * size[1], 0, record.grade, quality, weight, record.metadata, record.format, *size)
