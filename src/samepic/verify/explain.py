"""Explanations: the one-sentence reason of a verdict, written from its facts."""

from __future__ import annotations

import os

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

_FEW = 4
_LOSSY = ("WEBP", "AVIF", "HEIF", "JPEG2000")
_SLIGHTLY_CHANGED = "slightly changed overall"
_NAMED_TILT = 1.5  # degrees
_OTHER_PICTURE = 0.5  # share
_EQUAL_SHARES, _FRACTION_SLACK = 0.03, 0.015
_PARTS_OF_COPY = (Placing.CROP, Placing.INSET_PART)
_SIDES = {Side.ABOVE: "above", Side.BELOW: "below", Side.LEFT: "on the left", Side.RIGHT: "on the right"}
_FRACTIONS = {
    1 / 4: "a quarter",
    1 / 3: "a third",
    1 / 2: "half",
    2 / 3: "two thirds",
    3 / 4: "three quarters",
}
_ADDED = {
    Placing.BORDER: ("with a border", "without its border"),
    Placing.CORNERS_FILLED: ("with its corners filled", "without the filled corners"),
    Placing.CORNERS_CUT: ("", "with its corners cut off"),
    Placing.INSET: ("", "cut out of a larger picture"),
}
"""The words where b has something added around a, and where b has it removed."""

_TONES = {
    ToneChange.BRIGHTER: "brighter",
    ToneChange.DARKER: "darker",
    ToneChange.OTHER: "with different tone or color",
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
    Doubt.TINY: "cannot tell: one of the pictures is too small",
    Doubt.BLANK: "cannot tell: both pictures are blank",
    Doubt.DEPTH: "cannot tell: both show a single color, and their stored samples differ",
    Doubt.STRIPES: "cannot tell: both show only stripes or a gradient, and the tone differs",
    Doubt.CONTENT: "they look alike, but their content does not match well enough to call them the same picture",
    Doubt.OVERLAP: "they look alike, but too little of them matches closely enough to call them the same picture",
}
_BETTER = {
    OriginalReason.PROOF: "is the file that the other was saved from",
    OriginalReason.ENLARGED: "is the picture that the other was enlarged from",
    OriginalReason.WHOLE: "contains all of the other and more",
    OriginalReason.CUT_OUT: "is transparent where the other was filled",
    OriginalReason.DEPTH: "has more bits per sample than the other",
    OriginalReason.CAMERA: "has its camera data, which the other lost",
}


def explain(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    """Return one sentence that says how b relates to a."""
    if relation is Relation.SAME_FILE:
        return "the same file, byte for byte"
    if facts.series is Series.NONE:
        return _explain_stills(facts, relation, a, b)
    if a.frames != b.frames:
        return _explain_unequal_series(facts, a, b)
    return _explain_equal_series(facts, relation, a, b)


def explain_original(facts: Facts, a: PictureInfo, b: PictureInfo) -> str:
    """Return why one picture is the original, "" where that is unknown."""
    match facts.original_reason:
        case OriginalReason.PROOF:
            copy = "b" if facts.original == "a" else "a"
            return f"re-encoding it the way {copy} was saved gives {copy}"
        case OriginalReason.ENLARGED:
            return "enlarging it gives the other, which has no more detail"
        case _:
            reason = explain_better(facts, a, b)
            return f"it {reason}" if reason else ""


def explain_better(facts: Facts, a: PictureInfo, b: PictureInfo) -> str:
    """Return what makes the original better, as a phrase that follows its name; "" where nothing does."""
    best, other = (a, b) if facts.original == "a" else (b, a)
    match facts.original_reason:
        case OriginalReason.LARGER:
            return f"is larger ({best.width}x{best.height} against {other.width}x{other.height})"
        case OriginalReason.JPEG_QUALITY if best.jpeg and other.jpeg:
            return f"has the higher JPEG quality ({best.jpeg.quality} against {other.jpeg.quality})"
        case OriginalReason.LOSSLESS:
            return f"is lossless ({best.format}), the other is not ({other.format})"
        case OriginalReason.METADATA:
            return f"has more metadata ({best.metadata} bytes against {other.metadata})"
        case reason:
            return _BETTER.get(reason, "")


def display_name(info: PictureInfo, letter: str) -> str:
    """Return the name of the file without its folder, or `letter` where the source has no name."""
    return letter if info.name.startswith("<") else os.path.basename(info.name)  # noqa: PTH119  (pathlib is slow to import)


def turn_words(turned: int, mirrored: bool, *, directed: bool = True) -> str:
    """Return a rotation in words, mirroring first; the direction of a quarter turn only if `directed`."""
    if mirrored and turned == 180:
        return "mirrored top to bottom"
    right, left = (" to the right", " to the left") if directed else ("", "")
    words = {0: "", 90: f"turned 90°{right}", 180: "turned upside down", 270: f"turned 90°{left}"}[turned]
    return " and ".join(filter(None, ("mirrored" if mirrored else "", words)))


def _explain_stills(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    sentence = _explain_pair(facts, relation, a, b)
    stretched = facts.depth is Depth.STRETCHED
    return f"{sentence}, compared after stretching their narrow range of samples" if stretched else sentence


def _explain_pair(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    match relation:
        case Relation.SAME_PIXELS:
            return _explain_same_pixels(a, b)
        case Relation.SIMILAR:
            if facts.placing is Placing.PARTS:
                return f"two pictures {_shared(facts)}, too little to call them the same"
            return "similar pictures that show the same things, but not the same picture"
        case Relation.DIFFERENT:
            one_color = "different pictures: each is a single color, and the colors differ"
            return one_color if facts.one_color else "different pictures"
        case Relation.UNDECIDABLE:
            return _DOUBTS.get(facts.doubt, "cannot tell: there is too little to see")
    sentence = _explain_same(facts, relation, a, b)
    lost = facts.lost_profile
    return f"{sentence}; its color profile ({lost}) was lost" if lost else sentence


def _explain_equal_series(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    """Describe two files with as many frames each, by the pair of frames that differs most."""
    unit, total = "page" if facts.series is Series.PAGES else "frame", a.frames
    if relation is Relation.SAME_PIXELS:
        return f"all {total} {unit}s are equal"
    if relation is Relation.SIMILAR and not facts.frame:
        return f"{unit} 1 of {total} is the same picture in both, not all others are"
    sentence = _explain_stills(facts, relation, a, b)
    if relation.is_same(Relation.REFRAMED):
        return f"all {total} {unit}s are the same picture; {unit} {facts.frame}: {sentence}"
    return f"{unit} {facts.frame} of {total} differs: {sentence}"


def _explain_unequal_series(facts: Facts, a: PictureInfo, b: PictureInfo) -> str:
    """Describe two files, one of which has more frames than the other."""
    paged = facts.series is Series.PAGES
    kind, unit, article = ("document", "page", "a") if paged else ("animation", "frame", "an")
    if min(a.frames, b.frames) > 1:
        begin = " that begin with the same one" if facts.frame else ""
        return f"two {kind}s with different numbers of {unit}s ({a.frames} and {b.frames}){begin}"
    if not facts.still:
        return f"{article} {kind} and a picture that is not one of its {unit}s"
    total = max(a.frames, b.frames)
    still = "one" if facts.proxies else facts.still
    return f"{still} is {unit} {facts.frame} of the other, {article} {kind} of {total} {unit}s"


def _explain_same_pixels(a: PictureInfo, b: PictureInfo) -> str:
    """Describe how two files with equal upright pixels differ."""
    parts = []
    if a.format != b.format:
        parts.append(f"stored as {a.format} and as {b.format}")
    if a.orientation != b.orientation:
        parts.append("one of them turned by its orientation tag")
    if a.metadata != b.metadata:
        parts.append("with different metadata")
    how = ", ".join(parts) or "but the files differ"
    return f"every pixel of {display_name(a, 'a')} and {display_name(b, 'b')} is equal, {how}"


def _explain_same(facts: Facts, relation: Relation, a: PictureInfo, b: PictureInfo) -> str:
    """Describe how the copy was made, naming the copy where it is clear which of the two it is."""
    if facts.faint:
        return "the same picture, re-saved; what differs is no stronger than compression noise"
    names = display_name(a, "a"), display_name(b, "b")
    if facts.depth is Depth.ALIKE:
        return _explain_depth(a, b, *names)
    edited = relation is Relation.EDITED
    subject = "an edited version of the same picture" if edited else "the same picture"
    start = f"{subject}, "
    if facts.copy == "a" and (facts.proof is not None or facts.placing in _PARTS_OF_COPY):
        start = f"{subject}: {names[0]} is {names[1]} "
        facts, a, b, names = facts.swapped(), b, a, names[::-1]
    if facts.exact_at:
        where = f"{b.width}x{b.height} at ({facts.exact_at[0]}, {facts.exact_at[1]})"
        return f"the same picture: {names[1]} is cut out of {names[0]}, pixel for pixel, {where}"
    if facts.proof is not None:
        return f"{names[1]} is {names[0]} {_proven(facts, facts.proof, b)}"
    changed = _changed_places(facts) if edited else ""
    tone = _adjustment(facts, names[0])
    if not facts.is_reshaped:
        how = "re-saved" if relation is Relation.RESAVED else tone or ("" if edited else _SLIGHTLY_CHANGED)
        return f"{start}{how}".rstrip(", ") + ("" if edited else _differences(facts, a, b)) + changed
    shape = [*_distortion(facts), _placing(facts)]
    if facts.placing is Placing.PARTS:
        first, *rest = [*_distortion(facts), ""]
        shape = [_shared(facts), f"one {first}" if first else "", *rest]
    shape = list(filter(None, shape))
    quality, aside = _quality(facts, a, b)
    how = ", ".join(filter(None, (*shape, tone or ("" if shape or edited else _SLIGHTLY_CHANGED), quality)))
    if facts.placing is Placing.PARTS:
        start = "two pictures " if edited else "two parts of one picture "
    return f"{start}{how}".rstrip(", ") + aside + changed


def _explain_depth(a: PictureInfo, b: PictureInfo, name_a: str, name_b: str) -> str:
    start = "the same picture, identical as displayed"
    if a.depth == b.depth:
        return f"{start}, but the stored {a.depth}-bit samples differ"
    return f"{start}: {name_a} has {a.depth} bits per sample, {name_b} has {b.depth}"


def _proven(facts: Facts, proof: Proof, copy: PictureInfo) -> str:
    # Only a JPEG shows which of the two is the copy; otherwise the turn may have been either way.
    turned = turn_words(facts.turned, facts.mirrored, directed=not proof.lossless)
    size = f"resized to {copy.width}x{copy.height} and " if proof.resampling else ""
    if proof.lossless:
        coded = "re-saved losslessly except for rounding"
    else:
        about = "" if proof.exact else "about "
        kind = ", progressive" if proof.progressive else ""
        coded = f"re-saved as JPEG quality {about}{proof.quality} ({proof.subsampling}{kind})"
    return f"{f'{turned}, then ' if turned else ''}{size}{coded}, confirmed by re-encoding"


def _distortion(facts: Facts) -> list[str]:
    words = [turn_words(facts.turned, facts.mirrored)]
    if facts.perspective:
        words.append("seen at an angle")
    if facts.tilt:
        words.append(f"tilted by {facts.tilt:.0f}°" if facts.tilt >= _NAMED_TILT else "slightly tilted")
    if facts.slanted:
        words.append("skewed")
    if facts.stretched:
        words.append("stretched")
    return list(filter(None, words))


def _placing(facts: Facts) -> str:
    added, share = facts.larger == "b", min(facts.share_a, facts.share_b)
    match facts.placing:
        case Placing.CROP:
            return f"cropped to {_percent(share)}"
        case Placing.BARS | Placing.STRIPS:
            return _strips(facts, added=added)
        case Placing.INSET if added:
            other = "another" if share < _OTHER_PICTURE else "a larger"
            return f"placed in {other} picture, filling {_percent(share)} of it"
        case Placing.INSET_PART:
            kept, fills = _percent(facts.share_a), _percent(facts.share_b)
            return f"cropped to {kept} and placed in another picture, filling {fills} of it"
        case _:
            return _ADDED.get(facts.placing, ("", ""))[0 if added else 1]


def _strips(facts: Facts, *, added: bool) -> str:
    where = " and ".join(_SIDES[side] for side in facts.sides)
    if facts.sides == (Side.LEFT, Side.RIGHT):
        where = "on the left and right"
    noun = "bars" if facts.placing is Placing.BARS else "strips" if len(facts.sides) > 1 else "strip"
    article = "" if len(facts.sides) > 1 else "a "
    return f"with {article}{noun} added {where}" if added else f"with the {noun} {where} removed"


def _shared(facts: Facts) -> str:
    a, b = facts.share_a, facts.share_b
    if abs(a - b) <= _EQUAL_SHARES:
        return f"that share {_fraction((a + b) / 2)} of each"
    return f"that share {_percent(a)} of one and {_percent(b)} of the other"


def _fraction(share: float) -> str:
    near = min(_FRACTIONS, key=lambda f: abs(f - share))
    return _FRACTIONS[near] if abs(near - share) <= _FRACTION_SLACK else _percent(share)


def _percent(share: float) -> str:
    """Return a share, 0 to 1, as people write it."""
    return f"{max(1, round(100 * share))} %"


def _adjustment(facts: Facts, source: str) -> str:
    """Describe how the copy differs in tone, grain and sharpness; "" where too little to mention."""
    tone = _TONES.get(facts.tone, "")
    if facts.tone is ToneChange.WITH_COLOR:
        tone = f"with colors that {source} lacks"
    return " and ".join(filter(None, (tone, _DETAILS.get(facts.detail, ""))))


def _differences(facts: Facts, a: PictureInfo, b: PictureInfo, *, sizes: bool = True) -> str:
    """Describe in parentheses how the files differ; proxies have sizes and encodings of their own."""
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
    """Return the JPEG quality of the copy b as a part of the sentence, or both encodings as an aside."""
    known = facts.copy == "b"
    if b.jpeg is None or facts.proxies or (a.jpeg is not None and a.jpeg.quality == b.jpeg.quality):
        return "", "" if known else _differences(facts, a, b, sizes=False)
    worse = a.format not in _LOSSY if a.jpeg is None else b.jpeg.quality < a.jpeg.quality
    taken_out = facts.larger == "a" and facts.copy == "a"
    if known or (worse and facts.placing is not Placing.PARTS and not taken_out):
        return f"saved at JPEG quality {b.jpeg.quality}", ""
    return "", _differences(facts, a, b, sizes=False)


def _changed_places(facts: Facts) -> str:
    count = facts.places
    where = "one place" if count == 1 else f"{count if 0 < count <= _FEW else 'several'} places"
    shared = "; the shared part was" if facts.placing is Placing.PARTS else ","
    return f"{shared} changed in {where}"
