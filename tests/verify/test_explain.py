"""The sentence: what a person would say of how one picture lies on the other."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from samepic.profiles import JUDGE
from samepic.verdict import JpegInfo, PictureInfo, Region, Relation
from samepic.verify.explain import explain_overlap, explain_same_pixels, explain_turned, named
from samepic.verify.judge import Finding
from samepic.verify.overlap import Overlap, find_overlap
from tests.verify.alterations import Matrix
from tests.verify.conftest import Pixels

A = PictureInfo("<array>", "array", 400, 300)
B = PictureInfo("<array>", "array", 400, 300)
JPEG = JpegInfo((), (), progressive=False, quality=60, quality_exact=True, colour="ycbcr")


@pytest.fixture(scope="module")
def whole(pixels: dict[str, Pixels]) -> Overlap:
    """Return a frame laid on itself, of which each test changes what it is about."""
    found = find_overlap(pixels["chelsea"], pixels["chelsea"])
    assert found is not None
    content = replace(found.content, tone=0.0, grey=False)
    alignment = replace(found.alignment, matrix=np.eye(3), part_a=1.0, part_b=1.0, held_a=1.0, held_b=1.0)
    return replace(found, alignment=alignment, content=content, regions=(), pasted=False)


def lying(
    over: Overlap,
    matrix: Matrix,
    *,
    part_a: float = 1.0,
    part_b: float = 1.0,
    held_a: float = 1.0,
    held_b: float = 1.0,
) -> Overlap:
    """Return the overlap with another map and other shares."""
    found = replace(over.alignment, matrix=matrix, part_a=part_a, part_b=part_b, held_a=held_a, held_b=held_b)
    return replace(over, alignment=found)


def told(over: Overlap, relation: Relation = Relation.REFRAMED, b: PictureInfo = B) -> str:
    """Return the sentence for an overlap."""
    regions = over.regions
    return explain_overlap(A, b, Finding(relation, 0.99, regions), over)


def turn(degrees: float) -> Matrix:
    """Return the map that turns a frame of 400 x 300 about its middle, clockwise on a screen."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    there = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    middle = np.array([[1, 0, 200.0], [0, 1, 150.0], [0, 0, 1]])
    return np.asarray(middle @ there @ np.linalg.inv(middle))


FLIP = np.array([[-1, 0, 399], [0, 1, 0], [0, 0, 1.0]])


def test_a_frame_on_a_frame_has_changed_a_little_all_over(whole: Overlap) -> None:
    assert told(whole, Relation.ADJUSTED) == "the same picture, changed a little all over"


@pytest.mark.parametrize(
    ("degrees", "words"),
    [
        (-90, "turned 90° to the right"),
        (90, "turned 90° to the left"),
        (180, "turned upside down"),
        (7, "tilted by 7°"),
        (-7, "tilted by 7°"),
        (-97, "turned 90° to the right, tilted by 7°"),
        (1, "tilted a little"),
    ],
)
def test_a_turn_is_told_as_what_became_of_a(whole: Overlap, degrees: float, words: str) -> None:
    # The map takes b to a: where it turns to the left, b is a turned to the right.
    assert told(lying(whole, turn(degrees))) == f"the same picture, {words}"


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (FLIP, "mirrored"),
        (FLIP @ turn(180), "mirrored top to bottom"),
        (np.diag([1.0, 1.2, 1.0]), "stretched"),
        (np.array([[1, 0.1, 0], [0, 1, 0], [0, 0, 1.0]]), "slanted"),
        (np.array([[1, 0, 0], [0, 1, 0], [0.0004, 0, 1.0]]), "seen at an angle"),
    ],
)
def test_other_shapes_have_their_words(whole: Overlap, matrix: Matrix, words: str) -> None:
    assert words in told(lying(whole, matrix))


@pytest.mark.parametrize("matrix", [np.eye(3), np.diag([0.5, 0.5, 1.0]), turn(0.2)])
def test_what_no_one_would_see_is_not_told(whole: Overlap, matrix: Matrix) -> None:
    assert told(lying(whole, matrix)) == "the same picture, changed a little all over"


def test_a_crop_tells_how_much_is_kept_of_which(whole: Overlap) -> None:
    crop = lying(whole, np.eye(3), part_a=0.621, held_a=0.7)
    assert told(crop) == "the same picture, cropped to 62%"
    back = lying(whole, np.eye(3), part_b=0.621, held_b=0.7)
    assert told(back) == "the same picture, of which a is a crop, 62% of it"


def test_a_border_and_a_larger_picture_are_told_apart(whole: Overlap) -> None:
    border = lying(whole, np.eye(3), part_b=0.6, held_b=0.99)
    assert told(border) == "the same picture, with a border or bars added"
    larger = replace(lying(whole, np.eye(3), part_b=0.16, held_b=0.2), pasted=True)
    assert told(larger) == "the same picture, shown in 16% of a larger picture"
    out = replace(lying(whole, np.eye(3), part_a=0.16, held_a=0.2), pasted=True)
    assert told(out) == "the same picture, taken out of a larger picture"
    bare = replace(lying(whole, np.eye(3), part_a=0.6, held_a=0.99), pasted=True)
    assert told(bare) == "the same picture, taken out of its border"


def test_two_parts_of_one_picture_are_told_with_both_shares(whole: Overlap) -> None:
    assert told(lying(whole, np.eye(3), part_a=0.7, part_b=0.85)) == (
        "the same picture, 70% of the one on 85% of the other"
    )


def test_tone_colour_and_quality_follow_the_shape(whole: Overlap) -> None:
    crop = lying(whole, np.eye(3), part_a=0.5, held_a=0.5)
    bright = replace(crop, content=replace(crop.content, tone=JUDGE.same_tone + 1))
    grey = replace(crop, content=replace(crop.content, tone=30.0, grey=True))
    saved = replace(B, jpeg=JPEG)
    assert told(bright) == "the same picture, cropped to 50%, with other tone or colour"
    assert told(grey) == "the same picture, cropped to 50%, without its colours"
    assert told(crop, b=saved) == "the same picture, cropped to 50%, saved at JPEG quality 60"


def test_an_edit_is_told_with_its_number_of_places(whole: Overlap) -> None:
    one = replace(whole, regions=(Region(1, 2, 30, 40),))
    two = replace(whole, regions=(Region(1, 2, 30, 40), Region(100, 2, 30, 40)))
    assert told(one, Relation.EDITED) == "the same picture, but something in it was changed in one place"
    assert told(two, Relation.EDITED) == "the same picture, but it was changed in 2 places"


def test_what_is_not_the_same_is_not_said_to_be(whole: Overlap) -> None:
    for relation in (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE):
        sentence = told(whole, relation)
        assert not sentence.startswith("the same picture") and sentence


def test_a_file_is_called_by_its_name_and_an_array_by_its_letter() -> None:
    assert named(replace(A, name="/photos/2024/cat.jpg"), "a") == "cat.jpg" and named(A, "b") == "b"


def test_equal_pixels_tell_what_else_differs() -> None:
    b = replace(B, format="PNG", orientation=6, metadata=120)
    sentence = explain_same_pixels(replace(A, format="TIFF"), b)
    assert sentence == (
        "every pixel of a and b is equal, stored as TIFF and as PNG, one of them turned by its orientation tag, "
        "with other metadata"
    )
    assert explain_same_pixels(A, B).endswith("in files that differ")


def test_a_turn_is_put_into_the_sentence_of_the_upright_pair() -> None:
    assert explain_turned("the same picture saved again", "mirrored") == (
        "the same picture, mirrored and saved again"
    )
    assert explain_turned("the same picture, blurred", "mirrored") == "the same picture, mirrored, blurred"
    assert (
        explain_turned("two different pictures", "mirrored") == "two different pictures, once a is mirrored"
    )
