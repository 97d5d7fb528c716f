"""A part of a page or a screenshot, cut out pixel for pixel, is found by equality alone."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import samepic
from samepic.picture import load
from samepic.tuning.verify import PART
from samepic.verdict import Relation
from samepic.verify.shortcuts import compare_exact_part, locate_part

Pixels: TypeAlias = NDArray[np.uint8]


def page(seed: int, width: int = 640, height: int = 360) -> Pixels:
    """Return a white page with lines of small words."""
    image = np.full((height, width, 3), 255, np.uint8)
    random = np.random.default_rng(seed)
    for baseline in range(20, height - 4, 14):
        words = "".join(random.choice(list("abcdefghiklmnoprstu    "), width // 9))
        cv2.putText(image, words, (8, baseline), cv2.FONT_HERSHEY_PLAIN, 0.8, (30, 30, 30), 1, cv2.LINE_AA)
    return image


def sparse_screen() -> Pixels:
    """Return an even screen with four lines of writing."""
    screen, random = np.full((356, 640, 3), 238, np.uint8), np.random.default_rng(1)
    for row in range(4):
        words = "".join(random.choice(list("abcdef gh"), 20))
        cv2.putText(screen, words, (20, 40 + 80 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    return screen


def slow_place_of(part: Pixels, whole: Pixels) -> list[tuple[int, int]]:
    """Return every place at which the part lies in the whole, by trying all of them."""
    down, right = whole.shape[0] - part.shape[0], whole.shape[1] - part.shape[1]
    return [
        (left, top)
        for top in range(down + 1)
        for left in range(right + 1)
        if np.array_equal(whole[top : top + part.shape[0], left : left + part.shape[1]], part)
    ]


@pytest.mark.parametrize("box", [(0, 107, 640, 214), (13, 5, 301, 199), (340, 160, 640, 360)])
def test_rows_and_boxes_of_a_page_are_parts_of_it_in_either_order(box: tuple[int, int, int, int]) -> None:
    whole = page(1)
    left, top, right, bottom = box
    part = whole[top:bottom, left:right].copy()
    one, two = samepic.compare(whole, part), samepic.compare(part, whole)
    assert one.relation is two.relation is Relation.REFRAMED
    first, second = (compare_exact_part(*map(load, pair)) for pair in ((whole, part), (part, whole)))
    assert first is not None and second is not None
    for answer, shift, larger in ((first, (left, top), "a"), (second, (-left, -top), "b")):
        assert answer.finding.relation is Relation.REFRAMED
        assert answer.transform is not None
        assert answer.transform.matrix == (1, 0, shift[0], 0, 1, shift[1], 0, 0, 1)
        assert (answer.transform.larger, answer.facts.larger, answer.facts.original) == (larger,) * 3
        assert answer.transform.kept == pytest.approx(part.size / whole.size, abs=1e-4)
        assert answer.facts.exact_at == (left, top)
    assert first.facts.swapped() == second.facts
    for verdict in (one, two):
        where = f"pixel for pixel, {right - left}x{bottom - top} at ({left}, {top})"
        assert not verdict.facts.exact_at or where in verdict.explanation


def test_one_pixel_of_difference_is_no_proof() -> None:
    whole = page(1)
    part = whole[107:214].copy()
    assert locate_part(part, whole) == (0, 107)
    part[50, 320] ^= 255
    assert locate_part(part, whole) is None


def test_the_fast_way_finds_what_trying_every_place_finds() -> None:
    random = np.random.default_rng(7)
    for colors in (2, 3, 200):
        whole = random.integers(0, colors, (52, 60, 1), np.uint8).repeat(3, axis=2)
        for _ in range(6):
            top, left = random.integers(0, 16), random.integers(0, 20)
            part = whole[top : top + 36, left : left + 40].copy()
            assert locate_part(part, whole) in slow_place_of(part, whole)
            part[35, 39] += 1
            assert (locate_part(part, whole) is None) == (not slow_place_of(part, whole))


@pytest.mark.parametrize("part", ["blank", "line", "icon", "larger"])
def test_what_lies_in_many_pictures_or_is_next_to_nothing_proves_nothing(part: str) -> None:
    whole = page(1)
    whole[180:, :] = 255
    whole[300:302, :] = 0
    pieces = {
        "blank": whole[190:290, 100:500],
        "line": whole[250:350, 100:500],
        "icon": whole[0:60, 0:60],
        "larger": np.vstack((whole, whole)),
    }
    assert locate_part(pieces[part].copy(), whole) is None
    if part == "icon":
        assert pieces[part].size < PART.share * whole.size


def test_parts_of_other_pages_are_not_the_same() -> None:
    for seed in range(2, 8):
        assert samepic.compare(page(1), page(seed)[107:214].copy()).same is not True


def test_a_crop_that_laying_over_finds_is_still_told_as_one(coffee: Path) -> None:
    image = Image.open(coffee).convert("RGB")
    verdict = samepic.compare(image, image.crop((40, 40, 520, 360)))
    assert verdict.relation is Relation.REFRAMED
    assert "cropped to" in verdict.explanation


def test_a_part_of_a_sparse_screen_which_features_do_not_find_is_the_same() -> None:
    screen = sparse_screen()
    for pair in ((screen, screen[30:120].copy()), (screen[30:120].copy(), screen)):
        verdict = samepic.compare(*pair)
        assert (verdict.relation, verdict.same) == (Relation.REFRAMED, True)
        assert "pixel for pixel" in verdict.explanation
