"""Which of two copies is the original, where it can be told, and why."""

from __future__ import annotations

from samepic.facts import OriginalReason
from samepic.profiles import JUDGE
from samepic.verdict import PictureInfo
from samepic.verify.resave import Reenactment

__all__ = ["original_of"]

_UNKNOWN = "", OriginalReason.NONE
_LOSSLESS = frozenset({"PNG", "BMP", "TIFF", "PPM", "TGA"})


def original_of(
    a: PictureInfo, b: PictureInfo, forward: Reenactment | None, backward: Reenactment | None
) -> tuple[str, OriginalReason]:
    """Return ("a" | "b" | "", reason): proof by re-enactment first, then size, coding history and metadata.

    `forward` is the re-enactment of b from a, `backward` that of a from b. Each sign alone decides only where
    it is clear; where signs are absent or balanced the answer is "".
    """
    proven = (forward is not None and forward.proof, backward is not None and backward.proof)
    if proven[0] != proven[1]:
        return "a" if proven[0] else "b", OriginalReason.PROOF
    if (signs := _by_size(a, b))[0]:
        return signs
    if (signs := _by_coding(a, b))[0]:
        return signs
    return _by_metadata(a, b)


def _by_size(a: PictureInfo, b: PictureInfo) -> tuple[str, OriginalReason]:
    one, two = a.width * a.height, b.width * b.height
    if one == two:
        return _UNKNOWN
    return "a" if one > two else "b", OriginalReason.LARGER


def _by_coding(a: PictureInfo, b: PictureInfo) -> tuple[str, OriginalReason]:
    if a.jpeg and b.jpeg and abs(a.jpeg.quality - b.jpeg.quality) >= JUDGE.quality_gap:
        return "a" if a.jpeg.quality > b.jpeg.quality else "b", OriginalReason.JPEG_QUALITY
    plain = (a.format in _LOSSLESS and a.mode != "P", b.format in _LOSSLESS and b.mode != "P")
    return ("a" if plain[0] else "b", OriginalReason.LOSSLESS) if plain[0] != plain[1] else _UNKNOWN


def _by_metadata(a: PictureInfo, b: PictureInfo) -> tuple[str, OriginalReason]:
    if abs(a.metadata - b.metadata) <= JUDGE.metadata_gap:
        return _UNKNOWN
    return "a" if a.metadata > b.metadata else "b", OriginalReason.METADATA
