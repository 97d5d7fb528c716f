"""Facts: everything that a sentence about two pictures says, as values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

__all__ = [
    "Depth",
    "DetailChange",
    "Doubt",
    "Facts",
    "OriginalReason",
    "Placing",
    "Proof",
    "Series",
    "Side",
    "ToneChange",
]


class Placing(StrEnum):
    """How the frames of two pictures lie on each other: a closed set.

    `whole` frame on frame; `crop`, the smaller is a part cut out of the larger. The larger is the smaller with
    something round it: `border`, `bars` on two opposite sides, `strips` that hold something, `corners-filled` after a
    turn, `within` (what is round it cannot be named), or an `inset` in another picture. Neither holds the other:
    `corners-cut` after a turn, `parts` of one scene, `inset-part` cut out and put into another picture.
    """

    WHOLE = "whole"
    CROP = "crop"
    BORDER = "border"
    BARS = "bars"
    STRIPS = "strips"
    CORNERS_FILLED = "corners-filled"
    WITHIN = "within"
    INSET = "inset"
    CORNERS_CUT = "corners-cut"
    PARTS = "parts"
    INSET_PART = "inset-part"


class Side(StrEnum):
    """A side of the larger picture at which something was added."""

    ABOVE = "above"
    BELOW = "below"
    LEFT = "left"
    RIGHT = "right"


class ToneChange(StrEnum):
    """What b is to a in tone and color, over the whole picture: a closed set; `with-color` where a has none."""

    NONE = "none"
    BRIGHTER = "brighter"
    DARKER = "darker"
    OTHER = "other"
    WITHOUT_COLOR = "without-color"
    WITH_COLOR = "with-color"


class DetailChange(StrEnum):
    """What b is to a in sharpness and grain, over the whole picture: a closed set."""

    NONE = "none"
    SHARPER = "sharper"
    LESS_SHARP = "less-sharp"
    GRAINIER = "grainier"
    LESS_GRAINY = "less-grainy"
    MORE_DETAIL = "more-detail"
    LESS_DETAIL = "less-detail"


class OriginalReason(StrEnum):
    """Why one of two pictures is the original, or the better copy: a closed set, the surest first.

    Saving the one again gives the other (`proof`); so does enlarging it (`enlarged`); it is the `whole` of which the
    other is a part; it is a `cut-out` that the other shows on a filled ground; it holds more bits a sample (`depth`);
    it has the `camera`'s own data, which an edited copy lost. The rest is what the headers say.
    """

    NONE = "none"
    PROOF = "proof"
    ENLARGED = "enlarged"
    WHOLE = "whole"
    CUT_OUT = "cut-out"
    DEPTH = "depth"
    CAMERA = "camera"
    LARGER = "larger"
    JPEG_QUALITY = "jpeg-quality"
    LOSSLESS = "lossless"
    METADATA = "metadata"


class Doubt(StrEnum):
    """Why two pictures are undecidable: a closed set.

    A picture is `tiny`; both are `blank`; what can be seen of both is one color, and samples differ below that
    (`depth`); they hold no more than `stripes` or a gradient; their `content` or the `overlap` agrees, but not closely
    enough.
    """

    NONE = "none"
    TINY = "tiny"
    BLANK = "blank"
    DEPTH = "depth"
    STRIPES = "stripes"
    CONTENT = "content"
    OVERLAP = "overlap"


class Depth(StrEnum):
    """What lies below the 8 bits a sample that are shown: a closed set.

    Nothing that counts (`none`); stored samples that differ though every pixel shows `alike`; or what both hold, in so
    small a part of their range that it was `stretched` before it was compared.
    """

    NONE = "none"
    ALIKE = "alike"
    STRETCHED = "stretched"


class Series(StrEnum):
    """What a file of several pictures holds: the frames of an animation, or the pages of a TIFF."""

    NONE = "none"
    FRAMES = "frames"
    PAGES = "pages"


_OTHER_SIDE = {"a": "b", "b": "a", "": ""}
_TONE = {
    ToneChange.BRIGHTER: ToneChange.DARKER,
    ToneChange.WITHOUT_COLOR: ToneChange.WITH_COLOR,
}
_DETAIL = {
    DetailChange.SHARPER: DetailChange.LESS_SHARP,
    DetailChange.GRAINIER: DetailChange.LESS_GRAINY,
    DetailChange.MORE_DETAIL: DetailChange.LESS_DETAIL,
}
_OPPOSITE_TONE = _TONE | {after: before for before, after in _TONE.items()}
_OPPOSITE_DETAIL = _DETAIL | {after: before for before, after in _DETAIL.items()}


@dataclass(frozen=True, slots=True)
class Proof:
    """A re-enactment that succeeded: saving the other picture again the same way gives `copy` ("a" or "b").

    `quality` (IJG, 1 to 100; the nearest where not `exact`), `subsampling` and `progressive` are of the JPEG coding;
    a `lossless` save has none. `resampling` names the filter of a change of size, or is "".
    """

    copy: str
    lossless: bool = False
    quality: int = 0
    exact: bool = True
    subsampling: str = ""
    progressive: bool = False
    resampling: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found of two pictures, as values; the sentence of a verdict is made of these and of nothing else.

    To become b, a is mirrored left to right if `mirrored`, turned clockwise by `turned` (0, 90, 180, 270), then tilted
    by `tilt` degrees to either side (0 where nobody would see it), `slanted`, `stretched` or seen in `perspective`.
    `placing` says how the frames lie; `share_a` and `share_b` are the shares of each, 0 to 1, that the other shows,
    `larger` ("a", "b", "") the one that holds all of the other, `sides` where something was added to it, `copy` ("a",
    "b", "") the one that was made of the other where that is plain. `exact_at` is the left and top, in pixels of
    `larger`, where a crop lies in it pixel for pixel, () where that was not found. `scale` is how many times as large,
    in pixels, b shows things as a does (0 where it was not measured). `tone` and `detail` are what b is to a all over,
    `places` counts those whose content was changed, `faint` says that these are no stronger than traces of coding,
    `depth` what lies below the 8 bits that are shown, `one_color` that each is of one color and the two differ.

    `original` ("a", "b", "") is the original, or the better copy, and `original_reason` why; `lost_profile` names the
    color profile that one of them lost. Of files of several pictures (`series`), `frame` is the number, from 1, of the
    one that all this is about (0 where all are equal), and `still` ("a", "b", "") the file that holds that one alone.
    `doubt` says why the pair is undecidable, `proxies` that small pictures were compared in place of the files.
    """

    turned: int = 0
    mirrored: bool = False
    tilt: float = 0.0
    slanted: bool = False
    stretched: bool = False
    perspective: bool = False
    placing: Placing = Placing.WHOLE
    larger: str = ""
    copy: str = ""
    share_a: float = 1.0
    share_b: float = 1.0
    sides: tuple[Side, ...] = field(default=())
    exact_at: tuple[int, ...] = field(default=())
    scale: float = 0.0
    tone: ToneChange = ToneChange.NONE
    detail: DetailChange = DetailChange.NONE
    places: int = 0
    faint: bool = False
    depth: Depth = Depth.NONE
    one_color: bool = False
    proof: Proof | None = None
    original: str = ""
    original_reason: OriginalReason = OriginalReason.NONE
    lost_profile: str = ""
    series: Series = Series.NONE
    frame: int = 0
    still: str = ""
    doubt: Doubt = Doubt.NONE
    proxies: bool = False

    @property
    def is_reshaped(self) -> bool:
        """Whether anything but whole frames, upright on each other, was found."""
        shaped = self.slanted or self.stretched or self.perspective or self.tilt > 0
        return self.mirrored or self.turned != 0 or shaped or self.placing is not Placing.WHOLE

    def swapped(self) -> Facts:
        """Return the facts of the same two pictures with a and b exchanged; twice gives what it was."""
        return replace(
            self,
            # A turn that also mirrors undoes itself.
            turned=self.turned if self.mirrored else -self.turned % 360,
            larger=_OTHER_SIDE[self.larger],
            copy=_OTHER_SIDE[self.copy],
            share_a=self.share_b,
            share_b=self.share_a,
            scale=1 / self.scale if self.scale else 0.0,
            tone=_OPPOSITE_TONE.get(self.tone, self.tone),
            detail=_OPPOSITE_DETAIL.get(self.detail, self.detail),
            proof=self.proof and replace(self.proof, copy=_OTHER_SIDE[self.proof.copy]),
            original=_OTHER_SIDE[self.original],
            still=_OTHER_SIDE[self.still],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the facts by name in the contract's JSON shape: texts, numbers and truth values."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        plain = {name: str(value) if isinstance(value, StrEnum) else value for name, value in values.items()}
        proof = self.proof and {one.name: getattr(self.proof, one.name) for one in fields(self.proof)}
        sides, exact_at = [str(side) for side in self.sides], list(self.exact_at)
        return {**plain, "sides": sides, "exact_at": exact_at, "scale": round(self.scale, 4), "proof": proof}
