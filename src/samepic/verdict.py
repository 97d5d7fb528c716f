"""Verdicts: frozen values with their reason and what they are about."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from samepic.display import fact_rows, fragment
from samepic.errors import ProfileError
from samepic.facts import Facts
from samepic.values import FrozenDict, by_fields, values_of

if TYPE_CHECKING:
    from PIL.Image import Image


class Relation(StrEnum):
    """The relation of two pictures: a closed set, from closest to most distant."""

    SAME_FILE = "same-file"
    SAME_PIXELS = "same-pixels"
    RESAVED = "resaved"
    ADJUSTED = "adjusted"
    REFRAMED = "reframed"
    EDITED = "edited"
    SIMILAR = "similar"
    DIFFERENT = "different"
    UNDECIDABLE = "undecidable"

    @classmethod
    def named(cls, name: str) -> Relation:
        """Return the relation called `name`; raise ProfileError with the list of names otherwise."""
        try:
            return cls(name)
        except ValueError:
            raise ProfileError(f"relation: expected one of {', '.join(cls)}, found {name!r}") from None

    def is_same(self, same_if: Relation) -> bool | None:
        """Return whether this relation counts as the same picture, up to the loosest relation `same_if`.

        Returns None for `undecidable`, which is neither. Raises ProfileError unless `same_if` is one of `same-file` to
        `edited`.
        """
        ladder = tuple(Relation)[:6]
        if same_if not in ladder:
            raise ProfileError(f"same_if: expected one of {', '.join(ladder)}, found {str(same_if)!r}")
        if self is Relation.UNDECIDABLE:
            return None
        return self in ladder and ladder.index(self) <= ladder.index(same_if)


@by_fields
@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A box in pixels of the upright picture a: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int

    def to_dict(self) -> dict[str, int]:
        """Return the box as a JSON object."""
        return values_of(self)


@by_fields
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Transform:
    """The position of b on a: a 3x3 homography from pixels of b to pixels of a, both upright.

    `matrix` is row-major; pixel centers have whole coordinates. To match a, b is mirrored left to right if `mirrored`,
    then turned clockwise by `turned` degrees (0, 90, 180, 270; the nearest where it is tilted). `larger` is "a", "b" or
    "" (neither contains more of the scene). `kept` is the share of the larger picture's area that the other shows, 0 to
    1.
    """

    matrix: tuple[float, ...]
    turned: int = 0
    mirrored: bool = False
    larger: str = ""
    kept: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return the transform as a JSON object."""
        return values_of(self) | {"matrix": list(self.matrix)}


@by_fields
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class JpegInfo:
    """The encoding of a JPEG, from its header.

    `tables` are the quantization tables by component (64 numbers each, natural row-major order, shared tables
    repeated), `sampling` the (horizontal, vertical) sampling factors by component, `quality` the IJG quality 1 to 100
    with these tables (exactly when `quality_exact`, else the nearest), `colour` the stored color model: "gray",
    "ycbcr", "rgb", "cmyk" or "ycck". `ended` is False where the file lacks its end marker; its pixels are all there.
    """

    tables: tuple[tuple[int, ...], ...]
    sampling: tuple[tuple[int, int], ...]
    progressive: bool
    quality: int
    quality_exact: bool
    colour: str
    ended: bool = True

    @property
    def subsampling(self) -> str:
        """The chroma subsampling as people write it: "4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1", "gray"."""
        if len(self.sampling) < 3:
            return "gray"
        (h, v), (ch, cv) = self.sampling[0], self.sampling[1]
        names = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}
        return names.get((h // max(ch, 1), v // max(cv, 1)), f"{h}x{v}:{ch}x{cv}")


@by_fields
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PictureInfo:
    """Everything known about a picture besides its pixels.

    `width` and `height` are of the upright picture; `orientation` is the EXIF tag 1 to 8 that was applied;
    `mode` is how samples were stored ("RGB", "CMYK", "I;16", ...); `frames` counts an animation's; `size` is
    in bytes (0 for arrays and PIL images); `metadata` counts bytes of EXIF, XMP, IPTC, comments and ICC;
    `profile` is the name of the embedded color profile or ""; `camera` is the camera's name and `taken` when
    the photograph was taken, in ISO 8601 by the camera's clock, both by EXIF and "" where it does not say; `video`
    counts the bytes of the video inside a motion photo.
    """

    name: str
    format: str
    width: int
    height: int
    size: int = 0
    orientation: int = 1
    mode: str = "RGB"
    frames: int = 1
    metadata: int = 0
    profile: str = ""
    jpeg: JpegInfo | None = None
    camera: str = ""
    taken: str = ""
    video: int = 0

    @property
    def is_photograph(self) -> bool:
        """Whether EXIF names the camera or when it was taken."""
        return bool(self.camera or self.taken)

    @property
    def depth(self) -> int:
        """Bits per stored sample: 8, 16 or 32."""
        if self.mode in ("I", "F"):
            return 32
        return 16 if self.mode.startswith("I;16") or self.mode.endswith(";16") else 8

    @property
    def is_paged(self) -> bool:
        """Whether its frames are pages, as in a TIFF, rather than an animation."""
        return self.format == "TIFF"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: name, format, size, orientation, JPEG quality and the other fields."""
        names = "quality", "quality_exact", "subsampling", "progressive", "ended"
        jpeg = self.jpeg and {name: getattr(self.jpeg, name) for name in names}
        return values_of(self) | {"jpeg": jpeg}


@by_fields
@dataclass(frozen=True, slots=True, eq=False)
class Visibility:
    """How visible the difference between a picture and its copy is.

    `score` is that of SSIMULACRA 2.1 (Sneyers, Cloudinary, 2023): 100 for equal pictures, with anchors
    at 90, 85, 80 and 70, below 0 for very bad copies. `words` describe it, as the end of a sentence.
    """

    score: float
    words: str

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return values_of(self)


NO_PICTURES = "this verdict no longer has its pictures: call compare(a, b) again"
_SHEET = (1200, 600)  # pixels of the difference picture in a notebook


class Drawing(partial["Image"]):
    """How a verdict draws its pictures. It is no value: pickled, and in `dataclasses.asdict`, it is None."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()

    def __deepcopy__(self, memo: object) -> None:
        return None


@by_fields
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Verdict:
    """Whether a and b are the same picture, and why.

    `same` is None where it is undecidable. `probability` is the chance, 0 to 1, that a person who looks at both would
    call them the same picture. `explanation` is one plain sentence. `regions` are where content differs, in pixels of
    the upright a. `measures` are the numbers behind the verdict. `original` is "a", "b" or "", and `original_reason`
    says why. `visibility` is how visible the changes are in a whole frame that was re-saved or adjusted; it is None for
    other relations, animations and tiny pictures, and where not requested. `facts` are the values behind the sentence.
    A verdict has no truth value: use `.same`.

    `draw` makes the picture of `difference_image`. For that a verdict keeps the encoded bytes of both pictures, or the
    pixels of arrays and PIL images. Pickled, it keeps the names and digests of their files alone.
    """

    relation: Relation
    same: bool | None
    probability: float
    explanation: str
    a: PictureInfo
    b: PictureInfo
    regions: tuple[Region, ...] = ()
    transform: Transform | None = None
    measures: Mapping[str, float] = FrozenDict()
    original: str = ""
    original_reason: str = ""
    visibility: Visibility | None = None
    facts: Facts = Facts()  # noqa: RUF009  (frozen)
    draw: Callable[[], Image] | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a Verdict has no truth value: use verdict.same (True, False, or None for undecidable)"
        )

    def difference_image(self) -> Image:
        """Return an RGB picture of a, b and their amplified difference, with a box around each region.

        An unpickled verdict of `compare` reads the files again. Raises ValueError where the pictures are no longer
        known: they were no files, or these are gone or have changed, or the verdict comes from a service or a gate.
        """
        if self.draw is None:
            raise ValueError(NO_PICTURES)
        return self.draw()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of `samepic compare --json`."""
        return {
            "relation": str(self.relation),
            "same": self.same,
            "probability": self.probability,
            "explanation": self.explanation,
            "regions": [region.to_dict() for region in self.regions],
            "transform": self.transform and self.transform.to_dict(),
            "measures": dict(self.measures),
            "original": {"which": self.original, "reason": self.original_reason} if self.original else None,
            "visibility": self.visibility and self.visibility.to_dict(),
            "facts": self.facts.to_dict(),
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
        }

    def without_pictures(self) -> Verdict:
        """Return the verdict as it is once pickled, which holds no pictures but draws them from their files."""
        copy: Verdict = pickle.loads(pickle.dumps(self))
        return copy

    def __deepcopy__(self, memo: object) -> Verdict:
        return self  # frozen, with all that is in it

    def _repr_html_(self) -> str:
        """Return what Jupyter shows: the sentence, the difference picture where it can be drawn, and the facts."""
        answer = {True: "same", False: "not the same", None: "cannot tell"}[self.same]
        figures: list[tuple[Image, str]] = []
        with suppress(ValueError):
            sheet = self.difference_image()
            sheet.thumbnail(_SHEET)
            figures = [(sheet, "a, b, and their difference")]
        return fragment(f"{answer}: {self.explanation}", fact_rows(self), figures)
