"""Files with several frames: what is said of pages and of animations."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

import samepic
from samepic.tuning.verify import JUDGE
from samepic.verdict import Relation


def page(number: int) -> Image.Image:
    """Return a page of text-like lines, other ones for each number."""
    image, random = Image.new("L", (240, 320), 255), np.random.default_rng(number)
    draw = ImageDraw.Draw(image)
    for top in range(20, 300, 16):
        left = 20
        while left < 200:
            width = int(random.integers(6, 40))
            draw.rectangle((left, top, left + width, top + 7), 0)
            left += width + 6
    return image


def file_of(pages: list[Image.Image], form: str = "TIFF", **options: object) -> bytes:
    stream = io.BytesIO()
    pages[0].save(stream, form, save_all=True, append_images=pages[1:], **options)
    return stream.getvalue()


PAGES = [page(1), page(2), page(3)]


def test_all_pages_are_equal() -> None:
    verdict = samepic.compare(file_of(PAGES), file_of(PAGES, compression="tiff_lzw"))
    assert verdict.relation is Relation.SAME_PIXELS
    assert verdict.explanation == "all 3 pages are equal"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_page_that_differs_is_named(number: int) -> None:
    other = [page(9) if place == number - 1 else one for place, one in enumerate(PAGES)]
    verdict = samepic.compare(file_of(PAGES), file_of(other))
    assert verdict.same is False
    assert verdict.explanation.startswith(f"page {number} of 3 differs: ")


def test_a_page_alone_is_a_page_of_the_other() -> None:
    stream = io.BytesIO()
    PAGES[1].copy().save(stream, "PNG")
    verdict = samepic.compare(file_of(PAGES), stream.getvalue())
    assert verdict.explanation == "b is page 2 of the other, a document of 3 pages"
    assert verdict.same is False
    other = samepic.compare(file_of(PAGES), file_of(PAGES[:2])).explanation
    assert "pages (3 and 2)" in other


def test_equal_frames_are_not_told_of_one_frame() -> None:
    verdict = samepic.compare(file_of(PAGES, "GIF", duration=80), file_of(PAGES, "GIF", duration=90))
    assert verdict.relation is Relation.SAME_PIXELS
    assert verdict.explanation == "all 3 frames are equal"
    other = samepic.compare(file_of(PAGES, "GIF"), file_of([*PAGES[:2], page(9)], "GIF"))
    assert other.explanation.startswith("frame 3 of 3 differs: ")


def test_pages_that_were_saved_again_are_told_together() -> None:
    pages = [one.convert("RGB") for one in PAGES]
    verdict = samepic.compare(file_of(pages), file_of(pages, compression="jpeg", quality=90))
    assert verdict.same is True
    assert verdict.explanation.startswith("all 3 pages are the same picture; page ")


def test_frames_beyond_those_that_are_looked_at_are_equal_too_or_it_is_not_said() -> None:
    total = 2 * JUDGE.frames_looked_at
    frames = [page(number).resize((48, 64)) for number in range(total)]
    one = file_of(frames, "GIF", duration=40)
    assert (
        samepic.compare(one, file_of(frames, "GIF", duration=50)).explanation
        == f"all {total} frames are equal"
    )
    frames[2] = page(999).resize((48, 64))
    verdict = samepic.compare(one, file_of(frames, "GIF", duration=40))
    assert verdict.relation is not Relation.SAME_PIXELS
    assert f"frame 3 of {total}" in verdict.explanation


@pytest.mark.parametrize("channels", [(), (3,)])
def test_pages_of_16_bits_are_compared_in_all_their_bits(channels: tuple[int, ...]) -> None:
    import cv2

    random = np.random.default_rng(4)
    pages = [random.integers(0, 65000, (64, 80, *channels), np.uint16) // 257 * 257 + 9 for _ in range(3)]
    other = [one.copy() for one in pages]
    other[2][5, 5] ^= 2
    one, two = (cv2.imencodemulti(".tif", stack)[1].tobytes() for stack in (pages, other))
    assert samepic.compare(one, one + b"\0").explanation == "all 3 pages are equal"
    verdict = samepic.compare(one, two)
    assert verdict.relation is Relation.RESAVED
    assert "page 3" in verdict.explanation
