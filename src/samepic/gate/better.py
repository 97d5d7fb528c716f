"""Whether an upload is the better copy of a kept picture, and why."""

from __future__ import annotations

import math

from samepic.collection.reference import Merit, merit
from samepic.profiles.collection import COLLECTION, LOSSLESS
from samepic.store.record import Record
from samepic.verdict import PictureInfo, Relation, Verdict

__all__ = ["better_copy", "grade_of"]


def grade_of(info: PictureInfo) -> int:
    """Return how far the format of a picture is trusted to be near its origin, 0 to LOSSLESS."""
    return merit(info).grade


def better_copy(
    upload: Record, kept: Record, relation: Relation, verdict: Verdict | None = None
) -> tuple[bool, str]:
    """Tell whether the upload is the better copy: larger, less coded or with more metadata; and the reason.

    `relation` is what the upload is to the kept one, and `verdict` what it is, as b, to the original of that, where
    both were laid on each other: what it says of the two goes before what is on record. A copy in which something
    was changed is never the better one.
    """
    if relation is Relation.EDITED:
        return False, "neither is the better copy: something was changed in one of them"
    if verdict is not None and verdict.original:
        which = "the upload" if verdict.original == "b" else "the kept one"
        return verdict.original == "b", f"{which} {verdict.original_reason.removeprefix('it ')}"
    one, two = _merit(upload), _merit(kept)
    if one.rank() == two.rank():
        return False, "as good as the one that is kept"
    better, best, other = (
        one.rank() > two.rank(),
        max(one, two, key=Merit.rank),
        min(one, two, key=Merit.rank),
    )
    which = "the upload" if better else "the kept one"
    return better, f"{which} {_why(best, other)}"


def _why(best: Merit, other: Merit) -> str:
    if best.pixels != other.pixels:
        return f"is larger: {best.width}x{best.height} against {other.width}x{other.height}"
    if best.grade != other.grade:
        kept = "is stored without loss" if best.grade == LOSSLESS else "is nearer to what was first stored"
        return f"{kept} ({best.format} against {other.format})"
    if best.quality != other.quality:
        return f"is coded more finely: JPEG quality {best.quality} against {other.quality}"
    if best.weight != other.weight:
        return "has more coded in it"
    return f"has more metadata: {best.metadata} bytes against {other.metadata}"


def _merit(record: Record) -> Merit:
    coded = max(1, record.size - record.metadata)
    weight = int(math.log(coded, COLLECTION.weight_step)) if 0 < record.grade < LOSSLESS else 0
    size = record.width, record.height
    quality = record.jpeg_quality or 0
    return Merit(size[0] * size[1], 0, record.grade, quality, weight, record.metadata, record.format, *size)
