"""One plain sentence for a verdict, as a person would say it."""

from __future__ import annotations

from pathlib import PurePath

from samepic.profiles import JUDGE
from samepic.verdict import PictureInfo, Relation
from samepic.verify.frame import Laid
from samepic.verify.judge import Finding
from samepic.verify.resave import Reenactment

__all__ = ["explain_frames", "explain_same_pixels", "explain_turned", "named"]


def named(info: PictureInfo, letter: str) -> str:
    """Return the file's own name, or its letter where the source has none."""
    return letter if info.name.startswith("<") else PurePath(info.name).name


def explain_same_pixels(a: PictureInfo, b: PictureInfo) -> str:
    """Say what differs between two files whose upright pixels are equal."""
    parts = []
    if a.format != b.format:
        parts.append(f"stored as {a.format} and as {b.format}")
    if a.orientation != b.orientation:
        parts.append("one of them turned by its orientation tag")
    if a.metadata != b.metadata:
        parts.append("with other metadata")
    how = ", ".join(parts) or "in files that differ"
    return f"every pixel of {named(a, 'a')} and {named(b, 'b')} is equal, {how}"


def explain_turned(sentence: str, words: str) -> str:
    """Say what `sentence` says of a pair of which one is held otherwise: `words` is "mirrored", say."""
    start = "the same picture"
    if not sentence.startswith(start):
        return f"{sentence}, once a is {words}"
    rest = sentence[len(start) :]
    return f"{start}, {words}{rest if rest.startswith(',') else ' and' + rest}"


def explain_frames(
    a: PictureInfo,
    b: PictureInfo,
    finding: Finding,
    laid: Laid | None,
    proof: tuple[Reenactment, bool] | None,
) -> str:
    """Say what b is to a; `proof` is a successful re-enactment and whether it leads from a to b."""
    one, two = named(a, "a"), named(b, "b")
    if finding.relation is Relation.RESAVED and proof is not None:
        source, target, info = (one, two, b) if proof[1] else (two, one, a)
        return f"{target} is {source} {_saved(proof[0], info)}: doing the same again gives the same pixels"
    match finding.relation:
        case Relation.RESAVED:
            return f"the same picture saved again{_differences(a, b)}"
        case Relation.ADJUSTED:
            return f"the same picture, {_adjustment(laid)}{_differences(a, b)}"
        case Relation.EDITED:
            return f"the same picture, but {_places(len(finding.regions))}"
        case Relation.DIFFERENT:
            return "two different pictures"
        case _:
            return _undecided(laid)


def _saved(proof: Reenactment, info: PictureInfo) -> str:
    jpeg = proof.jpeg
    if jpeg is None:
        return "saved again without loss but for rounding"
    about = "" if jpeg.quality_exact else "about "
    size = f"resized to {info.width}x{info.height} ({proof.resampling}) and " if proof.resampling else ""
    kind = "progressive JPEG" if jpeg.progressive else "JPEG"
    return f"{size}saved again as {kind} quality {about}{jpeg.quality}, {jpeg.subsampling}"


def _differences(a: PictureInfo, b: PictureInfo) -> str:
    parts = []
    if (a.width, a.height) != (b.width, b.height):
        parts.append(f"{a.width}x{a.height} against {b.width}x{b.height}")
    if a.format != b.format:
        parts.append(f"{a.format} against {b.format}")
    elif a.jpeg and b.jpeg and a.jpeg.quality != b.jpeg.quality:
        parts.append(f"JPEG quality {a.jpeg.quality} against {b.jpeg.quality}")
    return f" ({', '.join(parts)})" if parts else ""


def _adjustment(laid: Laid | None) -> str:
    if laid is None:
        return "changed"
    parts = []
    if laid.tone.grey:
        parts.append("without its colours")
    elif laid.tone.change > JUDGE.same_tone:
        parts.append("with other tone or colour")
    if laid.residual is not None and laid.residual.grain > JUDGE.grain:
        parts.append("grainier" if laid.detail > 1 else "with its grain smoothed")
    elif laid.residual is not None and laid.residual.softness < JUDGE.lost_detail:
        parts.append("blurred" if laid.detail < 1 else "sharpened")
    return " and ".join(parts) or "changed a little all over"


def _places(count: int) -> str:
    return "something in it was changed in one place" if count == 1 else f"it was changed in {count} places"


def _undecided(laid: Laid | None) -> str:
    if laid is None:
        return "too little in them to tell: a picture is tiny"
    if laid.blank_a and laid.blank_b:
        return "too little in them to tell: both pictures are blank"
    return "they look alike, but their content does not agree well enough to call them the same picture"
