"""The sentence of a verdict, made of its facts at the very end."""

from __future__ import annotations

from pathlib import PurePath

from samepic.facts import (
    Depth,
    DetailChange,
    Doubt,
    Facts,
    OriginalReason,
    Placing,
    Proof,
    Series,
    Side,
    ToneChange,
)
from samepic.verdict import PictureInfo, Relation

__all__ = ["explain", "explain_better", "explain_original", "named", "turn_words"]

_FEW = 4
_LOSSY = ("WEBP", "AVIF", "HEIF", "JPEG2000")
_LITTLE = "changed a little all over"
_PLAINLY_TILTED, _ANOTHER = 1.5, 0.5
_EVEN, _NEAR_FRACTION = 0.03, 0.015
_CUT_OUT = (Placing.CROP, Placing.INSET_PART)
_SIDES = {
    Side.ABOVE: "above",
    Side.BELOW: "below",
    Side.LEFT: "on the left",
    Side.RIGHT: "on the right",
}
_FRACTIONS = {
    1 / 4: "a quarter",
    1 / 3: "a third",
    1 / 2: "half",
    2 / 3: "two thirds",
    3 / 4: "three quarters",
}
_ADDED = {
    Placing.BORDER: ("with a border", "taken out of its border"),
    Placing.CORNERS_FILLED: ("with its corners filled", "with the filled corners left out"),
    Placing.CORNERS_CUT: ("", "with its corners cut off"),
    Placing.INSET: ("", "taken out of a larger picture"),
}
"""What is said where b has something round a, and where it has that no more."""

_TONES = {
    ToneChange.BRIGHTER: "brighter",
    ToneChange.DARKER: "darker",
    ToneChange.OTHER: "with other tone or color",
    ToneChange.WITHOUT_COLOR: "without its colors",
}
_DETAILS = {
    DetailChange.SHARPER: "sharper",
    DetailChange.LESS_SHARP: "less sharp",
    DetailChange.GRAINIER: "grainier",
    DetailChange.LESS_GRAINY: "less grainy",
    DetailChange.MORE_DETAIL: "with more fine detail",
    DetailChange.LESS_DETAIL: "with less fine detail",
}
_DOUBTS = {
    Doubt.TINY: "too little in them to tell: a picture is tiny",
    Doubt.BLANK: "too little in them to tell: both pictures are blank",
    Doubt.DEPTH: (
        "too little in them to tell: what can be seen of them is one color, and their stored samples differ"
    ),
    Doubt.STRIPES: "too little in them to tell: they hold no more than stripes or a gradient, and its tone differs",
    Doubt.CONTENT: "they look alike, but their content does not agree well enough to call them the same picture",
    Doubt.OVERLAP: "they look alike, but too little in them agrees closely enough to call them the same picture",
}


_BETTER = {
    OriginalReason.PROOF: "is what the other was saved from",
    OriginalReason.ENLARGED: "is what the other was enlarged from",
    OriginalReason.WHOLE: "holds all of the other and more",
    OriginalReason.CUT_OUT: "is transparent where the other was filled",
    OriginalReason.DEPTH: "holds more bits a sample than the other",
    OriginalReason.CAMERA: "has the camera's own data, which an edited copy lost",
}
_STRETCHED = ", once the few samples in use are stretched to what can be seen"


def explain(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    """Return the one sentence that says what b is to a."""
    if relation is Relation.SAME_FILE:
        return "the same file, byte for byte"
    if facts.series is Series.NONE:
        return _stills(facts, relation, a, b)
    if a.frames != b.frames:
        return _unlike_series(facts, a, b)
    return _alike_series(facts, relation, a, b)


def explain_original(facts: Facts, a: PictureInfo, b: PictureInfo) -> str:
    """Return why the original is the original, "" where it is not known."""
    match facts.original_reason:
        case OriginalReason.PROOF:
            copy = "b" if facts.original == "a" else "a"
            return f"re-encoding it the way {copy} was saved gives {copy}"
        case OriginalReason.ENLARGED:
            return "enlarging it gives the other, which holds no more detail"
        case _:
            words = explain_better(facts, a, b)
            return f"it {words}" if words else ""


def explain_better(facts: Facts, a: PictureInfo, b: PictureInfo) -> str:
    """Return what the original is or has that the other copy is not or has not, to go on from its name; or ""."""
    best, other = (a, b) if facts.original == "a" else (b, a)
    match facts.original_reason:
        case OriginalReason.LARGER:
            return f"is larger ({best.width}x{best.height} against {other.width}x{other.height})"
        case OriginalReason.JPEG_QUALITY if best.jpeg and other.jpeg:
            return f"has the higher JPEG quality ({best.jpeg.quality} against {other.jpeg.quality})"
        case OriginalReason.LOSSLESS:
            return f"is stored without loss ({best.format}), the other is not ({other.format})"
        case OriginalReason.METADATA:
            return f"carries metadata ({best.metadata} bytes against {other.metadata})"
        case reason:
            return _BETTER.get(reason, "")


def named(info: PictureInfo, letter: str) -> str:
    """Return the file's own name, or its letter where the source has none."""
    return letter if info.name.startswith("<") else PurePath(info.name).name


def turn_words(turned: int, mirrored: bool, *, directed: bool = True) -> str:
    """Return what a person calls a turn, mirrored first; which way it was turned only if `directed`."""
    if mirrored and turned == 180:
        return "mirrored top to bottom"
    right, left = (" to the right", " to the left") if directed else ("", "")
    words = {0: "", 90: f"turned 90°{right}", 180: "turned upside down", 270: f"turned 90°{left}"}[turned]
    return " and ".join(filter(None, ("mirrored" if mirrored else "", words)))


def _stills(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    sentence = _looked(facts, relation, a, b)
    return f"{sentence}{_STRETCHED}" if facts.depth is Depth.STRETCHED else sentence


def _looked(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    match relation:
        case Relation.SAME_PIXELS:
            return _same_pixels(a, b)
        case Relation.SIMILAR:
            if facts.placing is Placing.PARTS:
                return f"two pictures {_shared(facts)}, too little to call them the same"
            return "two pictures that show the same things, not the same picture"
        case Relation.DIFFERENT:
            return (
                "two pictures of one color each, and the colors differ"
                if facts.one_color
                else "different pictures"
            )
        case Relation.UNDECIDABLE:
            return _DOUBTS.get(facts.doubt, "too little in them to tell")
    sentence = _same(facts, relation, a, b)
    lost = facts.lost_profile
    return f"{sentence}; its color profile ({lost}) was lost on the way" if lost else sentence


def _alike_series(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    """Say what two files of as many pictures are, by the pair of them that is farthest apart."""
    paged, total = facts.series is Series.PAGES, a.frames
    one = "page" if paged else "frame"
    if relation is Relation.SAME_PIXELS:
        return f"all {total} {one}s are equal"
    sentence = _stills(facts, relation, a, b)
    if relation.is_same(Relation.REFRAMED):
        return f"all {total} {one}s are the same picture; {one} {facts.frame}: {sentence}"
    return (
        f"page {facts.frame} differs: {sentence}"
        if paged
        else f"in frame {facts.frame} of {total}: {sentence}"
    )


def _unlike_series(facts: Facts, a: PictureInfo, b: PictureInfo) -> str:
    """Say what two files are of which one holds more pictures than the other."""
    paged = facts.series is Series.PAGES
    many, unit = ("document", "page") if paged else ("animation", "frame")
    if min(a.frames, b.frames) > 1:
        return f"two {many}s with other numbers of {unit}s ({a.frames} and {b.frames})"
    if not facts.still:
        article = "a" if paged else "an"
        return f"{article} {many} and a still that is none of its {unit}s"
    total = max(a.frames, b.frames)
    if paged:
        return f"{facts.still} is page {facts.frame} of the other, a document of {total} pages"
    return f"{facts.still} is a still of the other, an animation of {total} frames (frame {facts.frame})"


def _same_pixels(a: PictureInfo, b: PictureInfo) -> str:
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


def _same(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    """Say what was done to a picture; of the one that was made of the other, where that is plain."""
    if facts.faint:
        return "the same picture, re-saved, but for traces no stronger than those of coding"
    names = named(a, "a"), named(b, "b")
    if facts.depth is Depth.ALIKE:
        return _shown_alike(a, b, *names)
    if facts.copy == "a" and (facts.proof is not None or facts.placing in _CUT_OUT):
        start = f"the same picture: {names[0]} is {names[1]} "
        facts, a, b, names = facts.swapped(), b, a, names[::-1]
    else:
        start = "the same picture, "
    if facts.exact_at:
        where = f"{b.width}x{b.height} at ({facts.exact_at[0]}, {facts.exact_at[1]})"
        return f"the same picture: {names[1]} is cut out of {names[0]}, pixel for pixel, {where}"
    if facts.proof is not None:
        return f"{names[1]} is {names[0]} {_proven(facts, facts.proof, b)}"
    edited = relation is Relation.EDITED
    changed = f", but {_places(facts)}" if edited else ""
    tone = _adjustment(facts, names[0])
    if not facts.is_reshaped:
        how = "re-saved" if relation is Relation.RESAVED else tone or ("" if edited else _LITTLE)
        return f"{start}{how}".rstrip(", ") + ("" if edited else _differences(facts, a, b)) + changed
    quality, aside = _quality(facts, a, b)
    how = ", ".join(
        filter(None, (*_shape(facts), tone or ("" if _shape(facts) or edited else _LITTLE), quality))
    )
    if facts.placing is Placing.PARTS:
        start = "two pictures " if edited else "two parts of one picture "
    return f"{start}{how}".rstrip(", ") + aside + changed


def _shown_alike(a: PictureInfo, b: PictureInfo, one: str, two: str) -> str:
    start = "the same picture, shown alike in every pixel"
    if a.depth == b.depth:
        return f"{start}, but stored with samples of {a.depth} bits that differ"
    return f"{start}: {one} is stored with {a.depth} bits a sample, {two} with {b.depth}"


def _proven(facts: Facts, proof: Proof, copy: PictureInfo) -> str:
    # Only a JPEG shows which of the two was made of the other; without, a turn could be either way.
    turned = turn_words(facts.turned, facts.mirrored, directed=not proof.lossless)
    size = f"resized to {copy.width}x{copy.height} and " if proof.resampling else ""
    if proof.lossless:
        coded = "re-saved without loss but for rounding"
    else:
        about = "" if proof.exact else "about "
        kind = ", progressive" if proof.progressive else ""
        coded = f"re-saved as JPEG quality {about}{proof.quality} ({proof.subsampling}{kind})"
    return f"{f'{turned}, then ' if turned else ''}{size}{coded}, confirmed by re-encoding"


def _shape(facts: Facts) -> list[str]:
    """Say how the source is held and shaped otherwise in the copy, and how the frames lie."""
    if facts.placing is Placing.PARTS:
        held, *more = [*_held(facts), ""]
        return list(filter(None, (_shared(facts), f"the one {held}" if held else "", *more)))
    return list(filter(None, (*_held(facts), _placing(facts))))


def _held(facts: Facts) -> list[str]:
    words = [turn_words(facts.turned, facts.mirrored)]
    if facts.perspective:
        words.append("seen at an angle")
    if facts.tilt:
        words.append(f"tilted by {facts.tilt:.0f}°" if facts.tilt >= _PLAINLY_TILTED else "tilted a little")
    if facts.slanted:
        words.append("slanted")
    if facts.stretched:
        words.append("stretched")
    return list(filter(None, words))


def _placing(facts: Facts) -> str:
    added, small = facts.larger == "b", min(facts.share_a, facts.share_b)
    match facts.placing:
        case Placing.CROP:
            return f"cropped to {_percent(small)}"
        case Placing.BARS | Placing.STRIPS:
            return _strips(facts, added=added)
        case Placing.INSET if added:
            other = "another" if small < _ANOTHER else "a larger"
            return f"put into {other} picture, where it fills {_percent(small)}"
        case Placing.INSET_PART:
            kept, fills = _percent(facts.share_a), _percent(facts.share_b)
            return f"cut to {kept} and put into another picture, where it fills {fills}"
        case _:
            return _ADDED.get(facts.placing, ("", ""))[0 if added else 1]


def _strips(facts: Facts, *, added: bool) -> str:
    where = " and ".join(_SIDES[side] for side in facts.sides)
    if facts.sides == (Side.LEFT, Side.RIGHT):
        where = "on the left and right"
    noun = "bars" if facts.placing is Placing.BARS else "strips" if len(facts.sides) > 1 else "strip"
    article = "" if len(facts.sides) > 1 else "a "
    return f"with {article}{noun} added {where}" if added else f"with the {noun} {where} taken off"


def _shared(facts: Facts) -> str:
    one, other = facts.share_a, facts.share_b
    if abs(one - other) <= _EVEN:
        return f"that share {_fraction((one + other) / 2)} of each"
    return f"that share {_percent(one)} of the one and {_percent(other)} of the other"


def _fraction(share: float) -> str:
    near = min(_FRACTIONS, key=lambda f: abs(f - share))
    return _FRACTIONS[near] if abs(near - share) <= _NEAR_FRACTION else _percent(share)


def _percent(share: float) -> str:
    """Return a share, 0 to 1, as people write it."""
    return f"{max(1, round(100 * share))} %"


def _adjustment(facts: Facts, source: str) -> str:
    """Say how the copy differs in tone, grain and sharpness; nothing where that is too little to name."""
    tone = _TONES.get(facts.tone, "")
    if facts.tone is ToneChange.WITH_COLOR:
        tone = f"with the colors that {source} lacks"
    return " and ".join(filter(None, (tone, _DETAILS.get(facts.detail, ""))))


def _differences(facts: Facts, a: PictureInfo, b: PictureInfo, *, sizes: bool = True) -> str:
    """Say in brackets how the files differ; small pictures have sizes and codings that nobody asked for."""
    if facts.proxies:
        return ""
    parts = []
    if sizes and (a.width, a.height) != (b.width, b.height):
        parts.append(f"{a.width}x{a.height} against {b.width}x{b.height}")
    if a.format != b.format:
        parts.append(f"{a.format} against {b.format}")
    elif a.jpeg and b.jpeg and a.jpeg.quality != b.jpeg.quality:
        parts.append(f"JPEG quality {a.jpeg.quality} against {b.jpeg.quality}")
    return f" ({', '.join(parts)})" if parts else ""


def _quality(facts: Facts, a: PictureInfo, b: PictureInfo) -> tuple[str, str]:
    """Return the JPEG quality of the copy b as a part of the sentence, or what both are as an aside."""
    known = facts.copy == "b"
    if b.jpeg is None or facts.proxies or (a.jpeg is not None and a.jpeg.quality == b.jpeg.quality):
        return "", "" if known else _differences(facts, a, b, sizes=False)
    worse = a.format not in _LOSSY if a.jpeg is None else b.jpeg.quality < a.jpeg.quality
    taken_out = facts.larger == "a" and facts.copy == "a"
    if known or (worse and facts.placing is not Placing.PARTS and not taken_out):
        return f"saved at JPEG quality {b.jpeg.quality}", ""
    return "", _differences(facts, a, b, sizes=False)


def _places(facts: Facts) -> str:
    what = "what they share" if facts.placing is Placing.PARTS else "it"
    if facts.places == 1:
        return f"something in {what} was changed in one place"
    return f"{what} was changed in {facts.places if 0 < facts.places <= _FEW else 'a few'} places"
