"""Which of two copies is the original, where it can be told, and why."""

from __future__ import annotations

from samepic.profiles import JUDGE
from samepic.verdict import PictureInfo
from samepic.verify.resave import Reenactment

__all__ = ["original_of"]

_LOSSLESS = frozenset({"PNG", "BMP", "TIFF", "PPM", "TGA"})


def original_of(
    a: PictureInfo, b: PictureInfo, forward: Reenactment | None, backward: Reenactment | None
) -> tuple[str, str]:
    """Return ("a" | "b" | "", reason): proof by re-enactment first, then size, coding history and metadata.

    `forward` is the re-enactment of b from a, `backward` that of a from b. Each sign alone decides only where
    it is clear; where signs are absent or balanced the answer is "".
    """
    proven = (forward is not None and forward.proof, backward is not None and backward.proof)
    if proven == (True, False):
        return "a", "saving it again the way b was saved gives b"
    if proven == (False, True):
        return "b", "saving it again the way a was saved gives a"
    if (signs := _by_size(a, b))[0]:
        return signs
    if (signs := _by_coding(a, b))[0]:
        return signs
    return _by_metadata(a, b)


def _by_size(a: PictureInfo, b: PictureInfo) -> tuple[str, str]:
    one, two = a.width * a.height, b.width * b.height
    if one == two:
        return "", ""
    which, large, small = ("a", a, b) if one > two else ("b", b, a)
    return which, f"it is larger ({large.width}x{large.height} against {small.width}x{small.height})"


def _by_coding(a: PictureInfo, b: PictureInfo) -> tuple[str, str]:
    if a.jpeg and b.jpeg and abs(a.jpeg.quality - b.jpeg.quality) >= JUDGE.quality_gap:
        which, fine, rough = (
            ("a", a.jpeg, b.jpeg) if a.jpeg.quality > b.jpeg.quality else ("b", b.jpeg, a.jpeg)
        )
        return which, f"it is coded more finely (quality {fine.quality} against {rough.quality})"
    plain = (a.format in _LOSSLESS and a.mode != "P", b.format in _LOSSLESS and b.mode != "P")
    if plain == (True, False):
        return "a", f"it is stored without loss ({a.format}), the other is not ({b.format})"
    if plain == (False, True):
        return "b", f"it is stored without loss ({b.format}), the other is not ({a.format})"
    return "", ""


def _by_metadata(a: PictureInfo, b: PictureInfo) -> tuple[str, str]:
    if a.metadata > b.metadata + JUDGE.metadata_gap:
        return "a", f"it carries metadata ({a.metadata} bytes against {b.metadata})"
    if b.metadata > a.metadata + JUDGE.metadata_gap:
        return "b", f"it carries metadata ({b.metadata} bytes against {a.metadata})"
    return "", ""
