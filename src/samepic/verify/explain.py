"""One plain sentence for a verdict, as a person would say it."""

from __future__ import annotations

from pathlib import PurePath

from samepic.profiles import ALIGN, JUDGE
from samepic.verdict import PictureInfo, Relation
from samepic.verify.features import decompose
from samepic.verify.frame import Laid
from samepic.verify.judge import Finding
from samepic.verify.overlap import Overlap
from samepic.verify.resave import Reenactment
from samepic.verify.turns import Turn

__all__ = ["explain_frames", "explain_overlap", "explain_same_pixels", "explain_turned", "named"]

_ALIKE = "they look alike, but their content does not agree well enough to call them the same picture"


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
    return _ALIKE


def explain_overlap(a: PictureInfo, b: PictureInfo, finding: Finding, over: Overlap) -> str:
    """Say what b is to a where one was laid over the other."""
    if finding.relation is Relation.SIMILAR:
        return "two pictures that show the same things, not the same picture"
    if finding.relation in (Relation.DIFFERENT, Relation.UNDECIDABLE):
        return explain_frames(a, b, finding, None, None) if finding.relation is Relation.DIFFERENT else _ALIKE
    parts = [part for part in (*_geometry(a, b, over), *_tone(over)) if part]
    if b.jpeg is not None and (a.jpeg is None or a.jpeg.quality != b.jpeg.quality):
        parts.append(f"saved at JPEG quality {b.jpeg.quality}")
    how = f", {', '.join(parts)}" if parts else ""
    if finding.relation is Relation.EDITED:
        return f"the same picture{how}, but {_places(len(finding.regions))}"
    return f"the same picture{how or ', changed a little all over'}"


def _geometry(a: PictureInfo, b: PictureInfo, over: Overlap) -> list[str]:
    """Say how b lies on a: held otherwise, at an angle, stretched, and which of the two shows more."""
    matrix, parts = over.alignment.matrix, []
    shape = decompose(matrix, b.width, b.height)
    mirrored = over.alignment.mirrored
    quarter = round(shape.angle / 90) * 90 % 360
    words = Turn(quarter, mirrored).words()
    if words:
        parts.append(words)
    tilt = shape.angle - round(shape.angle / 90) * 90
    if abs(tilt) >= 0.7:
        parts.append(f"tilted by {abs(tilt):.0f}°" if abs(tilt) >= 1.5 else "tilted a little")
    if shape.depth >= 1.06:
        parts.append("seen at an angle")
    elif shape.shear >= 2:
        parts.append("slanted")
    if shape.stretch >= 1.04:
        parts.append("stretched")
    parts.append(_larger(over))
    return parts


def _larger(over: Overlap) -> str:
    """Say which of the two shows more, and what that is."""
    found = over.alignment
    if over.is_snug:
        return ""
    if max(found.part_a, found.part_b) < ALIGN.snug:
        return f"{found.part_a:.0%} of the one on {found.part_b:.0%} of the other"
    if found.part_a < found.part_b:
        source = "its border" if found.held_a >= ALIGN.framed else "a larger picture"
        return f"taken out of {source}" if over.pasted else f"cropped to {found.part_a:.0%}"
    if found.held_b >= ALIGN.framed:
        return "with a border or bars added"
    return (f"shown in {found.part_b:.0%} of a larger picture" if over.pasted
            else f"of which a is a crop, {found.part_b:.0%} of it")  # fmt: skip


def _tone(over: Overlap) -> list[str]:
    if over.content.grey:
        return ["without its colours"]
    return ["with other tone or colour"] if over.content.tone > JUDGE.same_tone else []
