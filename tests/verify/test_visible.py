"""What a score of visibility means, in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samepic.verify.quality import visibility_of, words_of
from tests.measures.pictures import scene

PAGE = (Path(__file__).parent.parent.parent / "docs" / "visibility.md").read_text()


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (100, "nobody would see it, even when the two take turns in one place"),
        (90, "nobody would see it, even when the two take turns in one place"),
        (89.99, "nobody would see it when one follows the other in one place"),
        (85, "nobody would see it when one follows the other in one place"),
        (84.99, "side by side nobody would see it"),
        (80, "side by side nobody would see it"),
        (79.99, "side by side it is hardly noticeable"),
        (70, "side by side it is hardly noticeable"),
        (69.99, "the difference can be seen"),
        (-30, "the difference can be seen"),
    ],
)
def test_each_anchor_has_its_words(score: float, words: str) -> None:
    assert words_of(score) == words


def test_equal_pictures_have_the_highest_score() -> None:
    a = scene(1, 120, 120)
    found = visibility_of(a, a)
    assert found is not None and found.to_dict() == {"score": 100.0, "words": words_of(100)}


def test_the_words_are_those_of_the_score_that_is_told() -> None:
    a = scene(1, 200, 150)
    for shift in (1, 2, 4, 8, 16, 32):
        found = visibility_of(a, np.clip(a, 0, 255 - shift) + np.uint8(shift))
        assert (
            found is not None
            and found.words == words_of(found.score)
            and found.score == round(found.score, 2)
        )


@pytest.mark.parametrize(("side", "told"), [(112, False), (113, True)])
def test_of_pictures_too_small_for_the_anchors_nothing_is_said(side: int, told: bool) -> None:
    small, large = scene(1, 300, side), scene(1, 600, 2 * side)
    assert (visibility_of(small, large) is not None) is told
    assert (visibility_of(large, small) is not None) is told


def test_the_page_has_the_anchors_and_their_words() -> None:
    for anchor in (90, 85, 80, 70):
        assert f"| from {anchor} | {words_of(anchor)} |" in PAGE
    assert f"| below | {words_of(69)} |" in PAGE
