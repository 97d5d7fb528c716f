"""Facts: everything that the sentence of a verdict says, as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from samepic.values import by_fields, values_of


class Placing(StrEnum):
    """How the frames of two pictures overlap: a closed set.

    `whole`: the frames coincide. `crop`: the smaller picture is cut out of the larger. The larger picture may add
    something around the smaller: a `border`, `bars` on two opposite sides, `strips` with content, `corners-filled`
    after a rotation, something unnamed (`within`), or another picture that it is an `inset` of. Neither may contain the
    other: `corners-cut` after a rotation, `parts` of one scene, an `inset-part` cropped and placed in another picture.
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
    """A side of the larger picture where something was added."""

    ABOVE = "above"
    BELOW = "below"
    LEFT = "left"
    RIGHT = "right"


class ToneChange(StrEnum):
    """The change of tone or color from a to b, over the whole picture: a closed set; `with-color` if a has none."""

    NONE = "none"
    BRIGHTER = "brighter"
    DARKER = "darker"
    OTHER = "other"
    WITHOUT_COLOR = "without-color"
    WITH_COLOR = "with-color"


class DetailChange(StrEnum):
    """The change of sharpness or grain from a to b, over the whole picture: a closed set."""

    NONE = "none"
    SHARPER = "sharper"
    LESS_SHARP = "less-sharp"
    GRAINIER = "grainier"
    LESS_GRAINY = "less-grainy"
    MORE_DETAIL = "more-detail"
    LESS_DETAIL = "less-detail"


class OriginalReason(StrEnum):
    """Why one of two pictures is the original or the better copy: a closed set, the surest first.

    `proof`: re-encoding it gives the other; `enlarged`: enlarging it does. `whole`: the other is a part of it.
    `cut-out`: the other shows it on a filled background. `depth`: it has more bits per sample. `camera`: it has the
    camera data that an edited copy lost. The others come from the headers.
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

    `tiny`: a picture is too small. `blank`: both are. `depth`: both display one color, and their samples differ below
    that. `stripes`: they contain only stripes or a gradient. `content`, `overlap`: these agree, but not closely enough.
    """

    NONE = "none"
    TINY = "tiny"
    BLANK = "blank"
    DEPTH = "depth"
    STRIPES = "stripes"
    CONTENT = "content"
    OVERLAP = "overlap"


class Depth(StrEnum):
    """What lies below the 8 bits per sample that are displayed: a closed set.

    `none`: nothing relevant. `alike`: the stored samples differ although every pixel looks identical. `stretched`: both
    use so small a part of their range that it was stretched before the comparison.
    """

    NONE = "none"
    ALIKE = "alike"
    STRETCHED = "stretched"


class Series(StrEnum):
    """The pictures of a file with several: the frames of an animation, or the pages of a TIFF."""

    NONE = "none"
    FRAMES = "frames"
    PAGES = "pages"


OTHER_SIDE = {"a": "b", "b": "a", "": ""}
_OPPOSITE_TONES = {ToneChange.BRIGHTER: ToneChange.DARKER, ToneChange.WITHOUT_COLOR: ToneChange.WITH_COLOR}
_OPPOSITE_DETAILS = {
    DetailChange.SHARPER: DetailChange.LESS_SHARP,
    DetailChange.GRAINIER: DetailChange.LESS_GRAINY,
    DetailChange.MORE_DETAIL: DetailChange.LESS_DETAIL,
}
_OPPOSITE_TONES |= {after: before for before, after in _OPPOSITE_TONES.items()}
_OPPOSITE_DETAILS |= {after: before for before, after in _OPPOSITE_DETAILS.items()}


@by_fields
@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """A successful re-enactment: re-encoding the other picture the same way gives `copy` ("a" or "b").

    `quality` (IJG, 1 to 100; the nearest where not `exact`), `subsampling` and `progressive` describe the JPEG
    encoding; a `lossless` save has none. `resampling` names the filter of a change of size, or is "".
    """

    copy: str
    lossless: bool = False
    quality: int = 0
    exact: bool = True
    subsampling: str = ""
    progressive: bool = False
    resampling: str = ""


@by_fields
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Facts:
    """What was found about two pictures; the sentence of a verdict is written from these values alone.

    To become b, a is mirrored left to right if `mirrored`, turned clockwise by `turned` (0, 90, 180, 270), then tilted
    by `tilt` degrees to either side (0 where invisible), `slanted`, `stretched` or seen in `perspective`. `placing` is
    how the frames overlap; `share_a` and `share_b` are the shares of each, 0 to 1, that the other shows. `larger` ("a",
    "b", "") contains all of the other, `sides` are where it adds something, `copy` ("a", "b", "") is the copy where
    that is clear. `exact_at` is the left and top, in pixels of `larger`, of a crop found pixel for pixel, else ().
    `scale` is the magnification of b relative to a in pixels (0 where it was not measured). `tone` and `detail` are the
    changes over the whole picture. `places` counts the places that were edited, `faint` says that these are no stronger
    than compression noise. `depth` is what lies below the 8 bits displayed, `one_color` says that each is of one color
    and the two differ.

    `original` ("a", "b", "") is the original or the better copy, `original_reason` why; `lost_profile` names the color
    profile that one of them lost. For files of several pictures (`series`), `frame` is the number, from 1, of the frame
    that all this describes (0 where all are equal), `still` ("a", "b", "") the file that contains it alone. `doubt`
    says why the pair is undecidable, `proxies` that proxies were compared instead of the files.
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
        """Whether the frames differ in anything but their pixels."""
        shaped = self.slanted or self.stretched or self.perspective or self.tilt > 0
        return self.mirrored or self.turned != 0 or shaped or self.placing is not Placing.WHOLE

    def swapped(self) -> Facts:
        """Return the facts with a and b exchanged; swapping twice gives the same facts."""
        return replace(
            self,
            # A rotation that also mirrors is its own inverse.
            turned=self.turned if self.mirrored else -self.turned % 360,
            larger=OTHER_SIDE[self.larger],
            copy=OTHER_SIDE[self.copy],
            share_a=self.share_b,
            share_b=self.share_a,
            scale=1 / self.scale if self.scale else 0.0,
            tone=_OPPOSITE_TONES.get(self.tone, self.tone),
            detail=_OPPOSITE_DETAILS.get(self.detail, self.detail),
            proof=self.proof and replace(self.proof, copy=OTHER_SIDE[self.proof.copy]),
            original=OTHER_SIDE[self.original],
            still=OTHER_SIDE[self.still],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the facts: strings, numbers and booleans by name."""
        plain, proof = values_of(self), self.proof and values_of(self.proof)
        sides, exact_at = [str(side) for side in self.sides], list(self.exact_at)
        return {**plain, "sides": sides, "exact_at": exact_at, "scale": round(self.scale, 4), "proof": proof}
