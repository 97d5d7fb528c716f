"""What is said of files with several frames: pages, as those of a TIFF, are called pages."""

from __future__ import annotations

from samepic.verdict import PictureInfo

__all__ = ["all_alike", "all_equal", "no_frame", "one_differs", "other_counts", "still_of"]


def all_equal(a: PictureInfo, b: PictureInfo) -> str:
    """Say that every frame of two files is equal, pixel by pixel."""
    return f"all {a.frames} {_word(a, b)}s are equal"


def all_alike(number: int, sentence: str, a: PictureInfo, b: PictureInfo) -> str:
    """Say that all frames are the same picture; `sentence` is about the pair that is farthest apart."""
    return f"all {a.frames} {_word(a, b)}s are the same picture; {_word(a, b)} {number}: {sentence}"


def one_differs(number: int, sentence: str, a: PictureInfo, b: PictureInfo) -> str:
    """Say which frame is not the same, and what `sentence` says of it."""
    if _word(a, b) == "page":
        return f"page {number} differs: {sentence}"
    return f"in frame {number} of {a.frames}: {sentence}"


def other_counts(a: PictureInfo, b: PictureInfo) -> str:
    """Say that two files have other numbers of frames."""
    files = "files with pages" if _word(a, b) == "page" else "animations"
    return f"two {files}, {a.frames} and {b.frames} {_word(a, b)}s"


def still_of(number: int, letter: str, many: PictureInfo) -> str:
    """Say that a single picture is frame `number` of the other."""
    if many.is_paged:
        return f"{letter} is page {number} of the other, a file of {many.frames} pages"
    return f"{letter} is a still of the other, an animation of {many.frames} frames (frame {number})"


def no_frame(many: PictureInfo) -> str:
    """Say that a single picture is none of the other's frames."""
    if many.is_paged:
        return f"a file of {many.frames} pages and a picture that is none of them"
    return "an animation and a still that is none of its frames"


def _word(a: PictureInfo, b: PictureInfo) -> str:
    return "page" if a.is_paged or b.is_paged else "frame"
