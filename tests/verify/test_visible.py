"""What a score of visibility means, in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samepic.verdict import Relation
from samepic.verify.quality import visibility_of, visibility_words
from tests.measures.pictures import scene

PAGE = (Path(__file__).parent.parent.parent / "docs" / "visibility.md").read_text()


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (100, "no visible difference, even when flickering between the two"),
        (90, "no visible difference, even when flickering between the two"),
        (89.99, "no visible difference when one replaces the other in place"),
        (85, "no visible difference when one replaces the other in place"),
        (84.99, "no visible difference side by side"),
        (80, "no visible difference side by side"),
        (79.99, "barely visible difference side by side"),
        (70, "barely visible difference side by side"),
        (69.99, "visible quality loss"),
        (-30, "visible quality loss"),
    ],
)
def test_each_anchor_has_its_words(score: float, words: str) -> None:
    assert visibility_words(score) == words


def test_an_adjusted_picture_lost_no_quality() -> None:
    assert visibility_words(69, Relation.ADJUSTED) == "visible difference"


def test_equal_pictures_have_the_highest_score() -> None:
    a = scene(1, 120, 120)
    found = visibility_of(a, a)
    assert found is not None and found.to_dict() == {"score": 100.0, "words": visibility_words(100)}


def test_the_words_are_those_of_the_score_that_is_told() -> None:
    a = scene(1, 200, 150)
    for shift in (1, 2, 4, 8, 16, 32):
        found = visibility_of(a, np.clip(a, 0, 255 - shift) + np.uint8(shift))
        assert (
            found is not None
            and found.words == visibility_words(found.score)
            and found.score == round(found.score, 2)
        )


@pytest.mark.parametrize(("side", "rated"), [(112, False), (113, True)])
def test_of_pictures_too_small_for_the_anchors_nothing_is_said(side: int, rated: bool) -> None:
    small, large = scene(1, 300, side), scene(1, 600, 2 * side)
    assert (visibility_of(small, large) is not None) is rated
    assert (visibility_of(large, small) is not None) is rated


def test_the_page_has_the_anchors_and_their_words() -> None:
    for anchor in (90, 85, 80, 70):
        assert f"| from {anchor} | {visibility_words(anchor)} |" in PAGE
    assert f"| below | {visibility_words(69)} |" in PAGE
