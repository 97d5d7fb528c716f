"""One plain sentence for a verdict, as a person would say it."""

from __future__ import annotations

from pathlib import PurePath

from samepic.profiles import JUDGE
from samepic.verdict import PictureInfo, Relation
from samepic.verify.frame import Laid
from samepic.verify.judge import Finding
from samepic.verify.overlap import Overlap
from samepic.verify.placing import Placing, placed
from samepic.verify.resave import Reenactment

__all__ = ["explain_frames", "explain_overlap", "explain_same_pixels", "explain_turned", "named"]

_PROVEN = ": doing the same again gives the same pixels"
_FEW = 4
_SAME_DETAIL = 0.9
_LOSSY = ("WEBP", "AVIF", "HEIF", "JPEG2000")
_LITTLE = "changed a little all over"
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
    told, proven, rest = sentence.partition(_PROVEN)
    if proven:
        # Only a JPEG tells which of the two was made of the other; without, a turn could be either way.
        at = told.rfind(" saved again ")
        at = told.rfind(" resized to ", 0, at) if told[:at].endswith(" and") else at
        done = (
            words if "JPEG" in told[at:] else words.replace(" to the right", "").replace(" to the left", "")
        )
        return f"{told[:at]} {done}, then{told[at:]}{proven}{rest}"
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
        return f"{target} is {source} {_saved(proof[0], info)}{_PROVEN}"
    match finding.relation:
        case Relation.RESAVED:
            return f"the same picture saved again{_differences(a, b)}"
        case Relation.ADJUSTED:
            return f"the same picture, {_adjustment(laid, one) or _LITTLE}{_differences(a, b)}"
        case Relation.EDITED:
            return f"the same picture, but {_places(len(finding.regions))}"
        case Relation.DIFFERENT:
            return "two different pictures"
        case _:
            return _undecided(laid)


def explain_overlap(
    a: PictureInfo, b: PictureInfo, finding: Finding, over: Overlap, laid: Laid | None = None
) -> str:
    """Say what b is to a where one was laid over the other; `laid` is what their whole frames say, if known."""
    if finding.relation is Relation.SIMILAR:
        return _similar(a, b, finding, over)
    if finding.relation is Relation.DIFFERENT:
        return "two different pictures"
    if finding.relation is Relation.UNDECIDABLE:
        return _ALIKE
    place, edited = placed(a, b, over), finding.relation is Relation.EDITED
    parts = [*place.words, *_tone(a, b, over, place, laid)]
    if not parts and not edited:
        parts.append(_LITTLE)
    quality, aside = _quality(a, b, place)
    start = (
        "the same picture" if not place.apart else "two pictures" if edited else "two parts of one picture"
    )
    if place.copy == "a":
        start = f"{start}: {named(a, 'a')} is {named(b, 'b')}"
    joint = " " if place.copy == "a" or place.apart else ", "
    how = ", ".join(part for part in (*parts, quality) if part)
    said = f"{start}{joint}{how}{aside}" if how else f"{start}{aside}"
    return f"{said}, but {_places(len(finding.regions), apart=place.apart)}" if edited else said


def _similar(a: PictureInfo, b: PictureInfo, finding: Finding, over: Overlap) -> str:
    place = placed(a, b, over)
    if place.apart and finding.probability >= 0.5:
        return f"two pictures {place.words[0]}, too little to call them the same"
    return "two pictures that show the same things, not the same picture"


def _saved(proof: Reenactment, info: PictureInfo) -> str:
    jpeg = proof.jpeg
    if jpeg is None:
        return "saved again without loss but for rounding"
    about = "" if jpeg.quality_exact else "about "
    size = f"resized to {info.width}x{info.height} and " if proof.resampling else ""
    kind = ", progressive" if jpeg.progressive else ""
    return f"{size}saved again at JPEG quality {about}{jpeg.quality}, {jpeg.subsampling}{kind}"


def _differences(a: PictureInfo, b: PictureInfo, *, sizes: bool = True) -> str:
    parts = []
    if sizes and (a.width, a.height) != (b.width, b.height):
        parts.append(f"{a.width}x{a.height} against {b.width}x{b.height}")
    if a.format != b.format:
        parts.append(f"{a.format} against {b.format}")
    elif a.jpeg and b.jpeg and a.jpeg.quality != b.jpeg.quality:
        parts.append(f"JPEG quality {a.jpeg.quality} against {b.jpeg.quality}")
    return f" ({', '.join(parts)})" if parts else ""


def _quality(a: PictureInfo, b: PictureInfo, place: Placing) -> tuple[str, str]:
    """Return the JPEG quality of the copy as a part of the sentence, or what both are as an aside."""
    source, copy = (b, a) if place.copy == "a" else (a, b)
    if copy.jpeg is None or (source.jpeg is not None and source.jpeg.quality == copy.jpeg.quality):
        return "", "" if place.copy else _differences(a, b, sizes=False)
    worse = source.format not in _LOSSY if source.jpeg is None else copy.jpeg.quality < source.jpeg.quality
    if place.copy or (worse and not place.apart and not place.taken_out):
        return f"saved at JPEG quality {copy.jpeg.quality}", ""
    return "", _differences(a, b, sizes=False)


def _tone(a: PictureInfo, b: PictureInfo, over: Overlap, place: Placing, laid: Laid | None) -> list[str]:
    """Say what was done to the whole picture besides: to its colours, grain and sharpness."""
    content, forth = over.content, place.copy != "a"
    parts = []
    if content.grey or content.coloured:
        lost = content.grey == forth
        parts.append(
            "without its colours"
            if lost
            else f"with the colours that {named(b, 'b') if content.grey else named(a, 'a')} lacks"
        )
    elif content.tone > JUDGE.same_tone:
        parts.append(_lifted(content.lift if forth else -content.lift))
    if laid is not None and not place.words:
        parts.append(_detail(laid, over.alignment.fine))
    return [" and ".join(filter(None, parts))] if any(parts) else []


def _adjustment(laid: Laid | None, one: str) -> str:
    """Say how b differs from a in tone, grain and sharpness; nothing where that is too little to name."""
    if laid is None:
        return ""
    tone = ""
    if laid.tone.grey or laid.tone.coloured:
        tone = "without its colours" if laid.tone.grey else f"with the colours that {one} lacks"
    elif laid.tone.change > JUDGE.same_tone:
        tone = _lifted(laid.tone.lift)
    return " and ".join(filter(None, (tone, _detail(laid))))


def _lifted(lift: float) -> str:
    return "brighter" if lift > 0 else "darker" if lift < 0 else "with other tone or colour"


def _detail(laid: Laid, fine: float = 1.0) -> str:
    """Say how b differs in grain and sharpness; `fine` is the local correlation of the finest detail."""
    if laid.residual is None:
        return ""
    more = laid.detail > 1
    if laid.residual.grain > JUDGE.grain:
        return "grainier" if more else "less grainy"
    if laid.residual.softness < JUDGE.lost_detail:
        if fine < _SAME_DETAIL:  # blurred, coarsened or speckled
            return f"with {'more' if more else 'less'} fine detail"
        return "sharper" if more else "less sharp"
    return ""


def _places(count: int, *, apart: bool = False) -> str:
    what = "what they share" if apart else "it"
    if count == 1:
        return f"something in {what} was changed in one place"
    return f"{what} was changed in {count if count <= _FEW else 'a few'} places"


def _undecided(laid: Laid | None) -> str:
    if laid is None:
        return "too little in them to tell: a picture is tiny"
    if laid.blank_a and laid.blank_b:
        return "too little in them to tell: both pictures are blank"
    if laid.corners < JUDGE.corners:
        return (
            "too little in them to tell: they hold no more than stripes or a gradient, and its tone differs"
        )
    return _ALIKE
