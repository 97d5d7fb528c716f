"""What is said of two screenshots is what was done to the page."""

from __future__ import annotations

import re

import numpy as np
import pytest

import samepic
from tests.screens.pages import Page, drawn

PAGE = Page()


def result(one: Page, two: Page) -> str:
    verdict = samepic.compare_screenshots(drawn(one), drawn(two))
    assert (verdict.relation, verdict.same) == (samepic.Relation.EDITED, False)
    return verdict.explanation


@pytest.mark.parametrize(
    ("by", "words"),
    [((0, 3), "3 px down"), ((0, -2), "2 px up"), ((1, 0), "1 px right"), ((-25, 0), "25 px left"),
     ((120, 0), "120 px right"), ((150, -60), "150 px right and 60 px up")],
)  # fmt: skip
def test_a_button_that_moved_is_told_with_its_place_its_size_and_how_far(
    by: tuple[int, int], words: str
) -> None:
    moved = PAGE.but(button=(40 + by[0], 200 + by[1]))
    said = re.fullmatch(
        r"something of (\d+)x(\d+) pixels at \((\d+), (\d+)\) moved (.*)", result(PAGE, moved)
    )
    assert said is not None
    width, height, x, y = (int(number) for number in said.groups()[:4])
    assert said[5] == words
    # Of a straight edge that moves along itself only the ends change, so the box may be a little smaller.
    assert x >= 40 and y >= 200 and x + width <= 151 and y + height <= 237
    assert width >= 90 and height >= 15


def test_what_moved_beside_other_changes_is_told_along_with_them() -> None:
    said = result(PAGE, PAGE.but(button=(40, 203), heading="Another page"))
    assert "moved 3 px down" in said
    assert "text changed at (52, 27)" in said  # where "An" ends


def test_text_that_changed_is_told_as_text() -> None:
    assert re.fullmatch(r"text changed at \(\d+, 1\d\d\), \d+x\d+ pixels",
                        result(PAGE, PAGE.but(lines=(PAGE.lines[0], "another one here", PAGE.lines[2]))))  # fmt: skip


def test_text_in_another_colour_is_told_as_that_and_not_as_other_text() -> None:
    said = result(Page(badge=None, button=None), Page(badge=None, button=None, ink="#888888"))
    assert re.search(r"the color of \d+x\d+ pixels at \(\d+, \d+\) changed from #222222 to #888888", said)
    assert "text changed" not in said


def test_a_button_in_another_colour_is_told_with_both_colours() -> None:
    assert re.fullmatch(
        r"the color of 111x37 pixels at \(40, 200\) changed from #2563eb to #16a34a",
        result(PAGE, PAGE.but(colour="#16a34a")),
    )


def test_a_page_on_another_ground_is_one_change_of_colour_not_another_page() -> None:
    assert re.fullmatch(
        r"the color of 400x300 pixels at \(0, 0\) changed from #fafafa to #e0e7ff",
        result(PAGE, PAGE.but(ground="#e0e7ff")),
    )


def test_what_appears_and_what_is_gone_is_told() -> None:
    nothing = PAGE.but(badge=None)
    assert re.fullmatch(r"something of 2\dx2\d pixels appeared at \(34\d, 2\d\)", result(nothing, PAGE))
    assert re.fullmatch(r"something of 2\dx2\d pixels is gone at \(34\d, 2\d\)", result(PAGE, nothing))
    lines = PAGE.but(lines=PAGE.lines[:2])
    assert re.fullmatch(r"text of \d+x\d+ pixels appeared at \(2\d, 1\d\d\)", result(lines, PAGE))


def test_a_page_that_is_taller_says_where_and_that_the_rest_is_equal() -> None:
    verdict = samepic.compare_screenshots(drawn(PAGE.but(badge=None)), drawn(PAGE.but(badge=None, gap=10)))
    said = re.fullmatch(
        r"b is 10 px taller: 10 rows were added at y = (\d+), the rest is equal", verdict.explanation
    )
    assert said is not None
    assert 44 <= int(said[1]) <= 90
    assert verdict.regions == (samepic.Region(0, int(said[1]), 400, 1),)


def test_a_page_of_one_height_in_which_rows_were_added_is_told_as_that() -> None:
    # The button is cut off by the lower end: what is below the insertion has not just moved.
    file_name_part, taller = drawn(PAGE.but(badge=None))[:225], drawn(PAGE.but(badge=None, gap=10))[:225]
    verdict = samepic.compare_screenshots(file_name_part, taller)
    assert re.fullmatch(
        r"10 rows were added at y = \d+ and 10 rows were removed at y = \d+, the rest is equal",
        verdict.explanation,
    )


def test_columns_are_told_as_rows_are() -> None:
    wide = np.hstack([drawn(PAGE)[:, :8], np.full((300, 30, 3), 9, np.uint8), drawn(PAGE)[:, 8:]])
    verdict = samepic.compare_screenshots(drawn(PAGE), wide)
    assert verdict.explanation == "b is 30 px wider: 30 columns were added at x = 8, the rest is equal"


def test_lines_that_were_added_beside_what_stayed_are_told_within_their_place() -> None:
    rng = np.random.default_rng(5)
    beside = rng.integers(0, 255, (300, 200, 3), np.uint8)
    inserted = [drawn(PAGE)[:100], np.full((12, 400, 3), 90, np.uint8), drawn(PAGE)[100:288]]
    one, two = np.hstack([drawn(PAGE), beside]), np.hstack([np.vstack(inserted), beside])
    said = samepic.compare_screenshots(one, two).explanation
    assert re.match(r"within \d+x\d+ pixels at \(\d+, \d+\) 12 rows were added at y = \d+", said)


def test_two_pages_that_have_nothing_in_common_are_different() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (300, 400, 3), np.uint8)
    verdict = samepic.compare_screenshots(drawn(PAGE), noise)
    assert (verdict.relation, verdict.same, verdict.regions) == (samepic.Relation.DIFFERENT, False, ())
    assert verdict.explanation == "two different screens"


def test_the_difference_picture_shows_both_and_marks_what_changed() -> None:
    one, two = drawn(PAGE), drawn(PAGE.but(button=(40, 203)))
    picture = np.asarray(samepic.compare_screenshots(one, two).difference_image())
    assert picture.shape == (300, 3 * 400 + 16, 3)
    red = (picture == (214, 39, 40)).all(axis=2)
    assert red[:, 816:].sum() > 500  # pixels and a box
    assert red[:, 408:808].sum() == 0  # b is shown as it is
    assert np.array_equal(picture[:, 408:808], two)


def test_the_difference_picture_of_a_taller_page_shows_where_rows_were_added() -> None:
    verdict = samepic.compare_screenshots(drawn(PAGE), drawn(PAGE.but(gap=10)))
    picture = np.asarray(verdict.difference_image())
    assert picture.shape[0] == 310
    assert (picture[:, 816:] == (31, 119, 180)).all(axis=2).any()
